//! Panics of callbacks and tasks: caught at the loop, so that one failure never takes the others along.

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::log_targets;

/// The words of a panic, as far as it has any.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

/// Runs a callback; if it panics, that is logged and the loop goes on.
///
/// What the callback shares with others may be left half changed by the panic, as in any thread
/// whose panic is caught; it is the callback's own.
pub(super) fn run_logged(callback: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(callback)) {
        log_exception(&format_args!("panicked: {}", panic_message(&*payload)));
    }
}

/// Logs what nobody else will hear of.
pub(super) fn log_exception(what: &dyn Display) {
    tracing::error!(target: log_targets::APP, "exception in callback: {what}");
}
