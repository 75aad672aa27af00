//! The log as a layer of `tracing`: takes events, makes lines, writes them.
//!
//! Nothing that a program logs may break it: a value whose `Display` fails or panics becomes a "Bad
//! message" line, and an output that cannot be written is said so once it can be again.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tracing::span::{Attributes, Id, Record as NewValues};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::record::{Span, push_message};
use super::request::Request;
use super::{Formatter, Output, Record};

/// A scratch buffer that grew beyond this many bytes is not kept.
const KEPT_CAPACITY: usize = 64 << 10;

/// A layer of `tracing` that writes what is logged as lines to one or several outputs.
///
/// For programs that put their subscriber together themselves, with other layers beside it; all others
/// call [`enable_pretty_logging`](super::enable_pretty_logging).
///
/// # Examples
///
/// ```
/// use firewhirl_run::log::{Levels, LogFormatter, LogLayer, Stderr};
/// use tracing_subscriber::Layer;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let levels: Levels = "info,firewhirl::access=warning".parse()?;
/// let log = LogLayer::new(LogFormatter::new(), Stderr::new()).with_filter(levels);
/// let subscriber = tracing_subscriber::registry().with(log); // .with(your own layers)
/// tracing::subscriber::with_default(subscriber, || tracing::info!("on standard error"));
/// # Ok::<(), firewhirl_run::log::LogError>(())
/// ```
#[derive(Default)]
pub struct LogLayer {
    sinks: Vec<Sink>,
    shows_request: bool,
}

impl LogLayer {
    /// Writes what is logged to an output.
    pub fn new(formatter: impl Formatter + 'static, output: impl Output + 'static) -> Self {
        Self::default().and(formatter, output)
    }

    /// Writes it to another output as well.
    pub fn and(mut self, formatter: impl Formatter + 'static, output: impl Output + 'static) -> Self {
        self.shows_request |= formatter.shows_request();
        self.sinks.push(Sink { formatter: Box::new(formatter), output: Box::new(output), lost: AtomicU64::new(0) });
        self
    }

    pub(super) fn log(&self, event: &Event<'_>, spans: &[Arc<Span>]) {
        let mut scratch = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let request = if self.shows_request { Request::current() } else { None };
        let message = &mut scratch.message;
        message.clear();
        let mut written = Ok(());
        let guarded = guarded(|| written = push_message(event, message));
        if let Err(problem) = guarded.and(written.map_err(|_| bad_message("failed"))) {
            // What there was of it stays before it.
            message.push_str(&problem);
        }
        // Of what came by the `log` crate the metadata is not where it was logged.
        let of_log = event.normalized_metadata();
        let mut record = Record::new(of_log.as_ref().unwrap_or(event.metadata()), message);
        record.event = Some(event);
        record.spans = spans;
        record.request = request.as_ref();
        for sink in &self.sinks {
            sink.log(&mut record, &mut scratch.line);
        }
        if scratch.message.capacity() + scratch.line.capacity() <= KEPT_CAPACITY {
            let _ = SCRATCH.try_with(|kept| kept.set(Some(scratch)));
        }
    }
}

impl fmt::Debug for LogLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogLayer").field("outputs", &self.sinks.len()).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        keep_span(attributes, id, &context);
    }

    fn on_record(&self, id: &Id, values: &NewValues<'_>, context: Context<'_, S>) {
        keep_values(id, values, &context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        self.log(event, &spans(event, &context));
    }
}

/// Keeps what a span is called and its fields.
pub(super) fn keep_span<S>(attributes: &Attributes<'_>, id: &Id, context: &Context<'_, S>)
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let mut kept = Span::new(attributes.metadata().name());
    // A value that panics is left out.
    let _ = guarded(|| kept.record(|visitor| attributes.record(visitor)));
    if let Some(span) = context.span(id) {
        // Another log of the same subscriber may have kept the same.
        span.extensions_mut().replace(Arc::new(kept));
    }
}

/// Keeps the fields that a span is given later.
pub(super) fn keep_values<S>(id: &Id, values: &NewValues<'_>, context: &Context<'_, S>)
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let Some(span) = context.span(id) else { return };
    // Not within the borrow of the extensions: a value may log while it is shown.
    let Some(mut kept) = span.extensions().get::<Arc<Span>>().cloned() else { return };
    let _ = guarded(|| Arc::make_mut(&mut kept).record(|visitor| values.record(visitor)));
    span.extensions_mut().replace(kept);
}

/// The spans around an event, the outermost first.
pub(super) fn spans<S>(event: &Event<'_>, context: &Context<'_, S>) -> Vec<Arc<Span>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let Some(scope) = context.event_scope(event) else { return Vec::new() };
    scope.from_root().filter_map(|span| span.extensions().get::<Arc<Span>>().cloned()).collect()
}

/// What lines are put together in; one a thread, so that a line allocates nothing.
#[derive(Default)]
struct Scratch {
    message: String,
    line: String,
}

thread_local! {
    /// Taken while it is in use: what logs while it is being logged gets another.
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// A way to write lines and where they go.
struct Sink {
    formatter: Box<dyn Formatter>,
    output: Box<dyn Output>,
    /// Lines that could not be written since the last one that could.
    lost: AtomicU64,
}

impl Sink {
    fn log(&self, record: &mut Record<'_>, line: &mut String) {
        record.color_support = self.output.color_support();
        self.format(record, line);
        match self.output.write_line(line.as_bytes()) {
            Ok(()) if self.lost.load(Relaxed) > 0 => self.confess(record, line),
            Ok(()) => {}
            Err(error) => self.lose(&error),
        }
    }

    fn format(&self, record: &Record<'_>, line: &mut String) {
        line.clear();
        if let Err(problem) = guarded(|| self.formatter.format(record, line)) {
            line.clear();
            let plain = Record { message: &problem, event: None, spans: &[], ..*record };
            // A formatter that fails without the fields as well is no formatter: the bare words then.
            if guarded(|| self.formatter.format(&plain, line)).is_err() {
                line.clone_from(&problem);
            }
        }
        line.push('\n');
    }

    /// Counts a line that could not be written; of the first in a row standard error hears.
    fn lose(&self, error: &io::Error) {
        if self.lost.fetch_add(1, Relaxed) == 0 {
            // If that fails too there is nobody left to tell.
            let _ = writeln!(io::stderr(), "a line could not be logged, and until that is over none will be: {error}");
        }
    }

    /// Says how many lines are missing.
    #[cold]
    fn confess(&self, record: &Record<'_>, line: &mut String) {
        let lost = self.lost.swap(0, Relaxed);
        if lost == 0 {
            return;
        }
        let message = format!("{lost} lines before the last could not be logged");
        let note = Record { color_support: record.color_support, ..Record::remark(&message) };
        self.format(&note, line);
        if self.output.write_line(line.as_bytes()).is_err() {
            self.lost.fetch_add(lost, Relaxed);
        }
    }
}

/// Runs what shows a value of a user's; says what went wrong, as Tornado does: "Bad message (..)".
fn guarded(run: impl FnOnce()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| bad_message(&format!("panicked: {}", words(&*panic))))
}

fn bad_message(how: &str) -> String {
    format!("Bad message (a value's Display or Debug {how})")
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref().map(String::as_str)).unwrap_or("no text")
}
