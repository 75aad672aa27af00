//! The access log: a line a request, `200 GET /x (1.2.3.4) 0.49ms`.
//!
//! At the level of its status: information below 400, a warning below 500, else an error. Nothing is
//! formatted for a level that nobody listens to. Tornado's `log_request`.

use std::fmt;

use firewhirl_event::log_targets::ACCESS;
use tracing::{Level, event};

use crate::context::Context;

/// Logs a request whose response is complete, in the application's own way if it has one.
#[inline]
pub(crate) fn log(cx: &Context) {
    match &cx.settings().log_function {
        Some(log) => log(cx),
        None => log_line(cx),
    }
}

/// Logs the line if somebody listens to its level. What it says is in its fields too, for who looks for that;
/// they are made only when they are looked at.
macro_rules! line {
    ($cx:ident, $status:ident, $level:expr) => {
        if tracing::enabled!(target: ACCESS, $level) {
            let milliseconds = $cx.request.request_time().as_micros() as f64 / 1000.0;
            event!(
                target: ACCESS,
                $level,
                status = $status,
                method = $cx.request.method().as_str(),
                uri = $cx.request.uri(),
                remote_ip = $cx.request.remote_ip().map(tracing::field::display),
                duration_ms = milliseconds,
                route = $cx.route_url(),
                upstream = $cx.upstream().as_deref(),
                request_id = %RequestIdOf($cx),
                "{} {} {milliseconds:.2}ms",
                $status,
                $cx.request_summary(),
            );
        }
    };
}

fn log_line(cx: &Context) {
    let status = cx.status().as_u16();
    if status < 400 {
        line!(cx, status, Level::INFO);
    } else if status < 500 {
        line!(cx, status, Level::WARN);
    } else {
        line!(cx, status, Level::ERROR);
    }
}

/// Looks for the request's id when it is shown.
struct RequestIdOf<'request>(&'request Context);

impl fmt::Display for RequestIdOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.request_id().fmt(f)
    }
}
