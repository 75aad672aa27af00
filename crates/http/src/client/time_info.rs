//! Where the time of a request went, phase by phase.

use std::time::{Duration, Instant};

/// Where the time of a request went: Tornado's `HTTPResponse.time_info`, with curl's names.
///
/// But for [`queue`](Self::queue) each phase is the time from the request's leaving the queue to the
/// phase's end, so that they grow in the order in which they stand here. A phase that did not happen
/// (the look-up of a connection that was used again) is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeInfo {
    /// Waiting for a place among the requests that may be under way.
    pub queue: Duration,
    /// Until the addresses of the host were known.
    pub namelookup: Duration,
    /// Until the host, or the proxy, was connected to.
    pub connect: Duration,
    /// Until TLS was agreed upon.
    pub appconnect: Duration,
    /// Until there was a connection and the request was about to be sent.
    pub pretransfer: Duration,
    /// Until the response's first byte.
    pub starttransfer: Duration,
    /// Until the response's end; so far, while it is still being read.
    pub total: Duration,
    /// In requests that were redirected, all of them together.
    pub redirect: Duration,
}

/// The points in time that a [`TimeInfo`] is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch {
    /// The request was handed over.
    pub(super) asked: Instant,
    /// It got its place.
    pub(super) started: Instant,
    pub(super) connection: ConnectionTimes,
    /// It was about to be sent.
    pub(super) sent: Option<Instant>,
    /// The response's first bytes had come.
    pub(super) answered: Option<Instant>,
    pub(super) ended: Option<Instant>,
}

/// When a connection was made, step by step; nothing of it where one was used again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConnectionTimes {
    pub(crate) resolved: Option<Instant>,
    pub(crate) connected: Option<Instant>,
    pub(crate) secured: Option<Instant>,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        let now = now();
        Self {
            asked: now,
            started: now,
            connection: ConnectionTimes::default(),
            sent: None,
            answered: None,
            ended: None,
        }
    }

    pub(super) fn time_info(&self) -> TimeInfo {
        let until = |point: Option<Instant>| point.map_or(Duration::ZERO, |point| point - self.started);
        TimeInfo {
            queue: self.started - self.asked,
            namelookup: until(self.connection.resolved),
            connect: until(self.connection.connected),
            appconnect: until(self.connection.secured),
            pretransfer: until(self.sent),
            starttransfer: until(self.answered),
            total: until(Some(self.ended.unwrap_or_else(now))),
            redirect: Duration::ZERO,
        }
    }
}

/// The loop's time, which a test may have paused.
#[inline]
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
