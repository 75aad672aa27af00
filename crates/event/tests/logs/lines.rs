//! A subscriber for a whole test program, which makes a line of each event of ours.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Has `take` called with each event from now on, on its own thread, as `LEVEL target: message`. To be
/// called once: a process has one subscriber for good.
pub(crate) fn subscribe(take: fn(String)) {
    tracing::subscriber::set_global_default(Lines { take }).unwrap();
}

struct Lines {
    take: fn(String),
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("firewhirl")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}: ", event.metadata().level(), event.metadata().target()));
        event.record(&mut line);
        (self.take)(line.0);
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
