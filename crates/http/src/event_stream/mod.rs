//! Server-sent events: a response that goes on and on, in lines of text (the HTML standard, section 9.2).
//!
//! Sans-IO, both ways: [`ServerSentEvent`] is written into an event stream, [`EventStreamParser`] reads one
//! however its bytes arrive. What sends them to browsers is the web layer's `Context::event_stream`, what
//! reads them from servers the client's [`EventSource`](crate::client::EventSource).

mod event;
mod parser;

pub use event::ServerSentEvent;
pub use parser::{EventStreamParser, EventTooLong};

/// The media type of an event stream.
pub const CONTENT_TYPE: &str = "text/event-stream";
