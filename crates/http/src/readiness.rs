//! Whether a server is ready for requests: what a balancer in front of it asks, before connections fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

/// How far a server is in its life, for any thread to ask. Cheap to clone: the clones are one.
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_http::{Exchange, HttpServer, Stage};
///
/// async fn nothing(_: &mut Exchange) -> Result { Ok(()) }
///
/// let server = HttpServer::new(async || Ok(nothing));
/// let readiness = server.handle().readiness();
/// assert_eq!(readiness.stage(), Stage::Starting);
/// server.handle().announce_end();
/// assert_eq!(readiness.stage(), Stage::Ending);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// Workers whose service is not built yet.
    missing: AtomicUsize,
    ending: AtomicBool,
}

/// How far a server is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Its service is not built yet, at least not on every worker.
    Starting,
    /// It serves.
    Serving,
    /// Its end was announced: it serves what comes, but nothing new should be sent to it.
    Ending,
}

impl Readiness {
    /// That of a server which nobody has told to listen.
    pub(crate) fn of_new_server() -> Self {
        let readiness = Self::default();
        readiness.expect(1);
        readiness
    }

    /// That of a server that is gone.
    pub(crate) fn ended() -> Self {
        let readiness = Self::default();
        readiness.announce_end();
        readiness
    }

    /// Notes how many workers are going to build their service.
    pub(crate) fn expect(&self, workers: usize) {
        self.0.missing.store(workers, SeqCst);
    }

    /// Notes that one of them has. A service may be built once more than was expected, for further sockets.
    pub(crate) fn one_is_built(&self) {
        let _ = self.0.missing.fetch_update(SeqCst, SeqCst, |missing| missing.checked_sub(1));
    }

    /// Announces the end; whether it was news.
    pub(crate) fn announce_end(&self) -> bool {
        !self.0.ending.swap(true, SeqCst)
    }

    /// How far the server is.
    pub fn stage(&self) -> Stage {
        if self.0.ending.load(SeqCst) {
            Stage::Ending
        } else if self.0.missing.load(SeqCst) > 0 {
            Stage::Starting
        } else {
            Stage::Serving
        }
    }
}
