//! Switching the log on for a program, and changing it while it runs.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use firewhirl_event::log_targets::GEN;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record as NewValues};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Metadata, callsite};
use tracing_log::{AsLog, LogTracer};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::layer::{keep_span, keep_values, spans};
use super::options::Settings;
use super::{Levels, LogError, LogLayer};
use crate::options::OptionParser;

/// Switches the log on as the options say; see [`define_logging_options`](super::define_logging_options) for
/// these. Called by itself when the program's options are parsed.
///
/// Called again, it changes the log to what the options say then. With `--logging=none` it does nothing. In a
/// program that has set a subscriber of `tracing` of its own it leaves that alone, as Tornado does where there
/// is a handler already; such a program adds [`layer`] to it. Tornado's `enable_pretty_logging`.
///
/// # Errors
///
/// What of the options makes no sense, [`LogError::Open`], and [`LogError::SubscriberSet`] if a log file or
/// `log_to_stderr` was asked for in a program that has set a subscriber of its own.
///
/// # Examples
///
/// ```
/// use firewhirl_run::log::{define_logging_options, enable_pretty_logging};
/// use firewhirl_run::options::OptionParser;
///
/// let options = OptionParser::new();
/// define_logging_options(&options);
/// options.set("logging", Some("debug".to_owned()))?;
/// enable_pretty_logging(&options)?;
/// tracing::debug!("this is shown");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn enable_pretty_logging(options: &OptionParser) -> Result<(), LogError> {
    let settings = Settings::read(options)?;
    let Some(levels) = settings.levels.clone() else { return Ok(()) };
    // Opened first: what cannot be opened changes nothing.
    let layer = settings.layer()?;
    if !install() {
        return if settings.is_asked_for { Err(LogError::SubscriberSet) } else { Ok(()) };
    }
    put(Log { levels, layer: Arc::new(layer) });
    if let Some(complaint) = settings.complaint {
        tracing::warn!(target: GEN, "RUST_LOG in the environment is left alone: {complaint}");
    }
    Ok(())
}

/// The log that the options describe as a layer, for a program that puts its subscriber together itself.
///
/// With `--logging=none` it logs nothing.
///
/// # Errors
///
/// As of [`enable_pretty_logging`].
///
/// # Examples
///
/// ```
/// use firewhirl_run::log;
/// use firewhirl_run::options::OptionParser;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let options = OptionParser::new();
/// log::define_logging_options(&options);
/// let subscriber = tracing_subscriber::registry().with(log::layer(&options)?); // .with(your own layers)
/// tracing::subscriber::with_default(subscriber, || tracing::info!("on standard error"));
/// # Ok::<(), firewhirl_run::log::LogError>(())
/// ```
pub fn layer<Subscriber>(options: &OptionParser) -> Result<Filtered<LogLayer, Levels, Subscriber>, LogError>
where
    Subscriber: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    let settings = Settings::read(options)?;
    Ok(match &settings.levels {
        Some(levels) => settings.layer()?.with_filter(levels.clone()),
        None => LogLayer::default().with_filter(Levels::none()),
    })
}

/// Changes the levels of the log that [`enable_pretty_logging`] has switched on, while the program runs;
/// whether there is one.
///
/// # Examples
///
/// ```no_run
/// use firewhirl_event::{IoLoop, Signal};
/// use firewhirl_run::log::{Levels, set_levels};
/// use tracing::Level;
///
/// IoLoop::current().on_signal(Signal::User1, || {
///     set_levels(Levels::all(Level::DEBUG));
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub fn set_levels(levels: Levels) -> bool {
    let Some(log) = current() else { return false };
    put(Log { levels, layer: Arc::clone(&log.layer) });
    true
}

/// What is logged, and how.
struct Log {
    levels: Levels,
    layer: Arc<LogLayer>,
}

/// The program's log, once there is one.
static LOG: RwLock<Option<Arc<Log>>> = RwLock::new(None);

fn current() -> Option<Arc<Log>> {
    LOG.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn put(log: Log) {
    let most = log.levels.most();
    *LOG.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(log));
    // Each line of code remembers whether it is logged.
    callsite::rebuild_interest_cache();
    tracing_log::log::set_max_level(most.as_log());
}

/// Makes the program's log its subscriber; whether that is ours now, or was before.
fn install() -> bool {
    static IS_OURS: OnceLock<bool> = OnceLock::new();
    *IS_OURS.get_or_init(|| {
        let is_ours = set_global_default(Registry::default().with(Current.with_filter(Current))).is_ok();
        if is_ours {
            // What libraries log by the `log` crate comes here too, unless the program has it go elsewhere.
            let _ = LogTracer::init();
        }
        is_ours
    })
}

/// The program's log, whatever it is at the time: its levels as a filter, its outputs as a layer.
#[derive(Clone, Copy)]
struct Current;

impl Filter<Registry> for Current {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, Registry>) -> bool {
        current().is_some_and(|log| log.levels.is_enabled(metadata.target(), *metadata.level()))
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        let is_enabled = current().is_some_and(|log| log.levels.is_enabled(metadata.target(), *metadata.level()));
        if is_enabled { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(current().map_or(LevelFilter::OFF, |log| log.levels.most()))
    }
}

impl Layer<Registry> for Current {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, Registry>) {
        keep_span(attributes, id, &context);
    }

    fn on_record(&self, id: &Id, values: &NewValues<'_>, context: Context<'_, Registry>) {
        keep_values(id, values, &context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, Registry>) {
        if let Some(log) = current() {
            log.layer.log(event, &spans(event, &context));
        }
    }
}
