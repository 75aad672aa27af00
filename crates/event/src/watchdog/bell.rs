//! What wakes the watchdog: a loop that begins to work while it sleeps, and every change of what it is to
//! watch.
//!
//! The watchdog sleeps without a limit once all loops wait, so an idle process is truly idle. A loop pays
//! one load for it when it is woken, and the bell itself only if the watchdog sleeps.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Whether a loop that begins to work has to ring.
static ASLEEP: AtomicBool = AtomicBool::new(false);

static RUNG: Mutex<bool> = Mutex::new(false);
static RINGS: Condvar = Condvar::new();

/// Rings if the watchdog has said that it sleeps.
#[inline]
pub(super) fn wake_if_it_sleeps() {
    if ASLEEP.load(Relaxed) {
        ring();
    }
}

/// Wakes the watchdog.
#[cold]
pub(super) fn ring() {
    ASLEEP.store(false, Relaxed);
    *rung() = true;
    RINGS.notify_one();
}

/// Asks every loop that begins to work to ring, from some time soon on.
///
/// A loop that begins to work in this very moment may not see it. So who asks waits a while, looks again,
/// and only then sleeps for good: by then whatever a core had written is seen.
pub(super) fn ask_to_be_woken() {
    ASLEEP.store(true, Relaxed);
}

/// Whether that has been asked and nobody has rung since.
pub(super) fn is_asked() -> bool {
    ASLEEP.load(Relaxed)
}

/// Sleeps until somebody rings, or for `limit` at most. Says whether the whole time was slept.
pub(super) fn sleep(limit: Option<Duration>) -> bool {
    let mut rung = rung();
    let slept = match limit {
        Some(limit) => {
            let waited = RINGS.wait_timeout_while(rung, limit, |rung| !*rung);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            rung = guard;
            timeout.timed_out()
        }
        None => {
            rung = RINGS.wait_while(rung, |rung| !*rung).unwrap_or_else(PoisonError::into_inner);
            false
        }
    };
    *rung = false;
    slept
}

fn rung() -> MutexGuard<'static, bool> {
    // A flag is whole whoever panics.
    RUNG.lock().unwrap_or_else(PoisonError::into_inner)
}
