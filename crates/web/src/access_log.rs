//! The access log: a line a request, `200 GET /x (1.2.3.4) 0.49ms`.
//!
//! At the level of its status: information below 400, a warning below 500, else an error. Nothing is
//! formatted for a level that nobody listens to. Tornado's `log_request`.

use firewhirl_event::log_targets::ACCESS;
use tracing::{Level, error, info, warn};

use crate::context::Context;

/// Logs a request whose response is complete, in the application's own way if it has one.
#[inline]
pub(crate) fn log(cx: &Context) {
    match &cx.settings().log_function {
        Some(log) => log(cx),
        None => log_line(cx),
    }
}

fn log_line(cx: &Context) {
    let status = cx.status().as_u16();
    if status < 400 {
        if tracing::enabled!(target: ACCESS, Level::INFO) {
            info!(target: ACCESS, "{status} {} {:.2}ms", cx.request_summary(), milliseconds(cx));
        }
    } else if status < 500 {
        if tracing::enabled!(target: ACCESS, Level::WARN) {
            warn!(target: ACCESS, "{status} {} {:.2}ms", cx.request_summary(), milliseconds(cx));
        }
    } else if tracing::enabled!(target: ACCESS, Level::ERROR) {
        error!(target: ACCESS, "{status} {} {:.2}ms", cx.request_summary(), milliseconds(cx));
    }
}

fn milliseconds(cx: &Context) -> f64 {
    cx.request.request_time().as_secs_f64() * 1000.0
}
