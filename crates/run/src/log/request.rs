//! The request during which a line is logged.

use firewhirl_web::Context;

/// The ids of the request whose handler logged a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    id: String,
    trace: Option<(String, String)>,
}

impl Request {
    /// That of the handler that runs in this thread now, if one does.
    pub(super) fn current() -> Option<Self> {
        Context::with_current(|cx| Self {
            id: cx.request_id().to_string(),
            trace: cx
                .known_trace_context()
                .map(|trace| (format!("{:032x}", trace.trace_id()), format!("{:016x}", trace.span_id()))),
        })
    }

    /// What [`Context::request_id`] says.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id of the trace, 32 hexadecimal digits, if the request brought one or the handler asked for one;
    /// see [`Context::trace_context`].
    pub fn trace_id(&self) -> Option<&str> {
        self.trace.as_ref().map(|(trace_id, _)| trace_id.as_str())
    }

    /// The id of the request's own span, 16 hexadecimal digits, if there is a trace.
    pub fn span_id(&self) -> Option<&str> {
        self.trace.as_ref().map(|(_, span_id)| span_id.as_str())
    }
}
