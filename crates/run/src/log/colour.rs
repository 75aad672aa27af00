//! When a log is coloured, and with what: Tornado's colours, on a terminal that has any.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{IsTerminal, stderr};
use std::os::fd::AsFd;

use tracing::Level;

/// Whether a [`LogFormatter`](super::LogFormatter) colours its lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// Where the output is a terminal with colours. Default.
    #[default]
    Auto,
    /// Wherever the output is no file: also into a pipe that ends at a terminal, such as one to
    /// `less -R`.
    Always,
    /// Nowhere.
    Never,
}

impl From<bool> for Color {
    /// As Tornado's argument `color`: `true` is colours where there may be some.
    fn from(on: bool) -> Self {
        if on { Self::Auto } else { Self::Never }
    }
}

/// What an output does with colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorSupport {
    /// It shows them.
    Yes,
    /// It may not show them: a pipe, or a terminal whose user wants none.
    Unlikely,
    /// It keeps what is written to it, colours and all: a file.
    No,
}

impl Color {
    /// Whether lines for an output of this kind are coloured.
    pub(super) fn applies_to(self, support: ColorSupport) -> bool {
        match self {
            Self::Auto => support == ColorSupport::Yes,
            Self::Always => support != ColorSupport::No,
            Self::Never => false,
        }
    }
}

/// What standard error does with colours: nothing where `NO_COLOR` says so or the terminal has none.
pub(super) fn of_stderr() -> ColorSupport {
    let copy = stderr().as_fd().try_clone_to_owned().map(File::from);
    if copy.and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.is_file()) {
        return ColorSupport::No;
    }
    let is_wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let may = stderr().is_terminal() && is_wanted && has_colors(env::var_os("TERM").as_deref());
    if may { ColorSupport::Yes } else { ColorSupport::Unlikely }
}

/// Whether a terminal of this name has colours. Those of today have; a name that promises none is old,
/// or says so.
fn has_colors(term: Option<&OsStr>) -> bool {
    let Some(term) = term.and_then(OsStr::to_str) else { return false };
    let without = ["", "dumb", "unknown", "vt52", "vt100", "vt102", "vt220", "vt320", "vt420"];
    !without.contains(&term) && !term.ends_with("-m") && !term.ends_with("-mono")
}

/// Where a level's colour stands in [`LogFormatter::DEFAULT_COLORS`](super::LogFormatter).
pub(super) fn index(level: Level) -> usize {
    match level {
        Level::ERROR => 0,
        Level::WARN => 1,
        Level::INFO => 2,
        Level::DEBUG => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_known_by_its_name() {
        const CASES: &[(Option<&str>, bool)] = &[
            (Some("xterm-256color"), true),
            (Some("screen"), true),
            (Some("linux"), true),
            (Some("alacritty"), true),
            (Some("dumb"), false),
            (Some("vt100"), false),
            (Some("xterm-mono"), false),
            (Some(""), false),
            (None, false),
        ];
        for &(term, expected) in CASES {
            assert_eq!(has_colors(term.map(OsStr::new)), expected, "{term:?}");
        }
    }

    #[test]
    fn nothing_puts_colours_into_a_file() {
        #[rustfmt::skip]
        const CASES: &[(Color, ColorSupport, bool)] = &[
            (Color::Auto,   ColorSupport::Yes,      true),
            (Color::Auto,   ColorSupport::Unlikely, false),
            (Color::Auto,   ColorSupport::No,       false),
            (Color::Always, ColorSupport::Unlikely, true),
            (Color::Always, ColorSupport::No,       false),
            (Color::Never,  ColorSupport::Yes,      false),
        ];
        for &(color, support, expected) in CASES {
            assert_eq!(color.applies_to(support), expected, "{color:?} {support:?}");
        }
    }
}
