//! The page of an error where no site writes one.

use std::fmt::Write;

use firewhirl_escape::xhtml_escape;
use firewhirl_event::{Error, Result};

use crate::context::Context;
use crate::form::FormError;

/// Writes Tornado's page: the status and its reason, and of a form what its sender can mend; or, with
/// `serve_traceback`, the error that was thrown and its causes as plain text.
pub(crate) fn write(cx: &Context, error: &Error, thrown: Option<&Error>) -> Result {
    match thrown.filter(|_| cx.settings().serve_traceback()) {
        Some(error) => {
            cx.set_header("Content-Type", "text/plain; charset=UTF-8")?;
            cx.write(traceback(cx, error))
        }
        None => {
            let (status, reason) = (cx.status().as_u16(), cx.reason());
            let reason = xhtml_escape(&reason);
            let hint = error.downcast_ref::<FormError>().map(|error| format!(" ({error})")).unwrap_or_default();
            let hint = xhtml_escape(&hint);
            cx.write(format!("<html><title>{status}: {reason}</title><body>{status}: {reason}{hint}</body></html>"))
        }
    }
}

/// The error with its causes, and where in the program it came from.
fn traceback(cx: &Context, error: &Error) -> String {
    let mut text = format!("{error:?}\n\n");
    // Writing into a `String` does not fail.
    let _ = writeln!(text, "request: {}", cx.request_summary());
    let route = cx.route();
    let _ = writeln!(text, "route: {} -> {}", route.url, route.entry.name());
    text
}
