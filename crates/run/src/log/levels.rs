//! Which lines are logged: a level for all targets, and others for some.

use std::fmt;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use super::LogError;

/// The least level that is logged, in all and by target: `info,firewhirl::access=warning`.
///
/// A level is `debug`, `info`, `warning`, `error` or `none`, in any case; beside these, which are
/// Tornado's, `trace`, `warn`, `off` and `critical` (which nothing here reaches, so that it is `error`) are
/// understood. A target is a stream or the path of a module, with what is below it; the longest that fits
/// counts. Without a level for all it is `info`.
///
/// It is a `Filter` of `tracing_subscriber`: `layer.with_filter(levels)`.
///
/// # Examples
///
/// ```
/// use firewhirl_run::log::Levels;
/// use tracing::Level;
///
/// let levels: Levels = "warning,my_service=debug,my_service::cache=none".parse()?;
/// assert!(levels.is_enabled("my_service::pages", Level::DEBUG));
/// assert!(!levels.is_enabled("my_service::cache", Level::ERROR));
/// assert!(!levels.is_enabled("firewhirl::access", Level::INFO));
/// # Ok::<(), firewhirl_run::log::LogError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    all: LevelFilter,
    /// The longest target first.
    targets: Vec<(String, LevelFilter)>,
}

impl Levels {
    /// One level for all targets.
    pub fn all(level: Level) -> Self {
        Self { all: LevelFilter::from_level(level), targets: Vec::new() }
    }

    /// Nothing of any target.
    pub fn none() -> Self {
        Self { all: LevelFilter::OFF, targets: Vec::new() }
    }

    /// Another level for one target and those below it; `None` logs nothing of it.
    pub fn target(mut self, target: impl Into<String>, level: Option<Level>) -> Self {
        let level = level.map_or(LevelFilter::OFF, LevelFilter::from_level);
        let target = target.into();
        self.targets.retain(|(own, _)| *own != target);
        self.targets.push((target, level));
        self.targets.sort_by_key(|(target, _)| std::cmp::Reverse(target.len()));
        self
    }

    /// Whether a line of this target and level is logged.
    pub fn is_enabled(&self, target: &str, level: Level) -> bool {
        level <= self.of(target)
    }

    fn of(&self, target: &str) -> LevelFilter {
        let found = self.targets.iter().find(|(own, _)| is_within(target, own));
        found.map_or(self.all, |(_, level)| *level)
    }

    /// The most detailed level of them.
    pub(super) fn most(&self) -> LevelFilter {
        self.targets.iter().map(|(_, level)| *level).chain([self.all]).max().unwrap_or(LevelFilter::OFF)
    }
}

/// Whether `target` is `parent` or below it, as `a::b` is below `a`.
fn is_within(target: &str, parent: &str) -> bool {
    target.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl Default for Levels {
    /// Tornado's: `info`.
    fn default() -> Self {
        Self::all(Level::INFO)
    }
}

impl FromStr for Levels {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        let mut levels = Self::default();
        for part in text.split(',').map(str::trim) {
            let error = || LogError::Levels { part: part.to_owned() };
            match part.split_once('=') {
                None => levels.all = level(part).ok_or_else(error)?,
                Some((target, text)) if !target.trim().is_empty() => {
                    let level = level(text.trim()).ok_or_else(error)?;
                    levels = levels.target(target.trim(), level.into_level());
                }
                Some(_) => return Err(error()),
            }
        }
        Ok(levels)
    }
}

fn level(name: &str) -> Option<LevelFilter> {
    Some(match name.to_ascii_lowercase().as_str() {
        "trace" => LevelFilter::TRACE,
        "debug" => LevelFilter::DEBUG,
        "info" => LevelFilter::INFO,
        "warning" | "warn" => LevelFilter::WARN,
        "error" | "critical" => LevelFilter::ERROR,
        "none" | "off" => LevelFilter::OFF,
        _ => return None,
    })
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(self.all))?;
        for (target, level) in &self.targets {
            write!(f, ",{target}={}", name(*level))?;
        }
        Ok(())
    }
}

fn name(level: LevelFilter) -> &'static str {
    match level.into_level() {
        None => "none",
        Some(Level::ERROR) => "error",
        Some(Level::WARN) => "warning",
        Some(Level::INFO) => "info",
        Some(Level::DEBUG) => "debug",
        Some(_) => "trace",
    }
}

impl<Subscriber> Filter<Subscriber> for Levels {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, Subscriber>) -> bool {
        self.is_enabled(metadata.target(), *metadata.level())
    }

    /// Once and for all for each line of code: one that is not logged costs a comparison.
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.is_enabled(metadata.target(), *metadata.level()) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_target_that_fits_counts() {
        let levels: Levels = "Warning, firewhirl=debug,firewhirl::access=NONE".parse().unwrap();
        #[rustfmt::skip]
        const CASES: &[(&str, Level, bool)] = &[
            ("hyper",               Level::WARN,  true),
            ("hyper",               Level::INFO,  false),
            ("firewhirl::gen",      Level::DEBUG, true),
            ("firewhirl::gen",      Level::TRACE, false),
            ("firewhirl::access",   Level::ERROR, false),
            ("firewhirl::access::x", Level::ERROR, false),
            ("firewhirl::accessory", Level::DEBUG, true),
            ("firewhirlpool",       Level::INFO,  false),
        ];
        for &(target, level, expected) in CASES {
            assert_eq!(levels.is_enabled(target, level), expected, "{target} {level}");
        }
        assert_eq!(levels.to_string(), "warning,firewhirl::access=none,firewhirl=debug");
        assert_eq!(levels.to_string().parse::<Levels>().unwrap(), levels);
        assert_eq!(levels.most(), LevelFilter::DEBUG);
    }

    #[test]
    fn what_is_no_level_is_named() {
        for (text, part) in [("loud", "loud"), ("info,a=loud", "a=loud"), ("info,", ""), ("=info", "=info")] {
            match text.parse::<Levels>() {
                Err(LogError::Levels { part: named }) => assert_eq!(named, part, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
