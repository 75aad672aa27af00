//! What is logged while a test runs on its thread, with the level that Tornado logs it at.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The lines that `run` logs, each as `LEVEL target: message`.
pub(crate) fn logged(run: impl FnOnce()) -> Vec<String> {
    // One subscriber for all threads: tracing caches for the whole process whether somebody
    // listens, and with a subscriber a thread the answer depends on which thread asks first.
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| tracing::subscriber::set_global_default(ThreadLines).unwrap());
    LINES.take();
    run();
    LINES.take()
}

struct ThreadLines;

impl Subscriber for ThreadLines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("firewhirl")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}: ", event.metadata().level(), event.metadata().target()));
        event.record(&mut line);
        LINES.with_borrow_mut(|lines| lines.push(line.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            write!(self.0, "{value:?}").unwrap();
        }
    }
}
