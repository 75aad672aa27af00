//! What a service tells its service manager: systemd, or whoever started it (sd_notify(3)).
//!
//! Where there is no manager (`NOTIFY_SOCKET` is not set) nothing is said, and where it does not listen
//! that is logged and the service goes on. That a server is ready is said by whatever accepts its
//! connections, see [`handover`]; so is handing it the listening sockets to keep.

use std::cell::RefCell;
use std::env;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use firewhirl_event::{IoLoop, log_targets};
use firewhirl_tcp::handover;
use rustix::time::{ClockId, clock_gettime};

/// Says that the service is ready: for one that accepts no connections. Said once, and said by itself by
/// what does accept some.
pub fn ready() {
    handover::ready();
}

/// Says that the service has begun to end: the manager then waits for that as long as it allows it.
pub fn stopping() {
    tell("STOPPING=1");
}

/// Says that the service reads its configuration again; to be followed by [`reloaded`]. What
/// `Type=notify-reload` of systemd waits for.
pub fn reloading() {
    let now = clock_gettime(ClockId::Monotonic);
    tell(&format!("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1_000_000 + now.tv_nsec / 1_000));
}

/// Says that reloading is over.
pub fn reloaded() {
    tell("READY=1");
}

/// Says in words what the service does; `systemctl status` shows it. Of several lines only the first is
/// said.
///
/// # Examples
///
/// ```
/// firewhirl_process::notify::status("512 connections, 3 in the queue");
/// ```
pub fn status(text: &str) {
    tell(&format!("STATUS={}", text.lines().next().unwrap_or_default()));
}

/// Asks for more time to start, to reload or to stop, from now on.
pub fn extend_timeout(by: Duration) {
    tell(&format!("EXTEND_TIMEOUT_USEC={}", by.as_micros()));
}

/// Gives signs of life from this thread's loop, if the manager asks for some (`WatchdogSec=` of systemd);
/// gives whether it does.
///
/// They come from the loop, so that a loop that hangs is noticed. Called on several loops, by each worker
/// that is, a sign is given only once all of them have turned since the last: a single worker that hangs
/// is enough for the service to be restarted. Each loop turns three times in the time that the manager
/// allows. A second call on the same loop does nothing. A loop that is closed counts no more.
///
/// # Examples
///
/// ```no_run
/// use firewhirl_event::IoLoop;
///
/// firewhirl_process::notify::watchdog();
/// IoLoop::current().start()?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub fn watchdog() -> bool {
    let Some(allowed) = watchdog_interval() else { return false };
    let io_loop = IoLoop::current();
    let id = io_loop.handle().id();
    let is_new = LOOPS.with_borrow_mut(|loops| {
        let is_new = !loops.contains(&id);
        if is_new {
            loops.push(id);
        }
        is_new
    });
    if is_new {
        let place = Place::new(&ROUND);
        io_loop.spawn_callback(async move {
            loop {
                if place.has_turned() {
                    tell("WATCHDOG=1");
                }
                tokio::time::sleep(allowed / 3).await;
            }
        });
    }
    true
}

thread_local! {
    /// The loops of this thread that give signs of life.
    static LOOPS: RefCell<Vec<tokio::runtime::Id>> = const { RefCell::new(Vec::new()) };
}

static ROUND: Round = Round::new();

/// How often the manager wants a sign of life of this process (`WATCHDOG_USEC`); `None` if it wants none.
///
/// A parent that gives signs of its own can hand the wish on to its children, by
/// [`Supervisor::watchdog`](crate::Supervisor::watchdog).
pub fn watchdog_interval() -> Option<Duration> {
    let microseconds: u64 = env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    let is_ours = env::var("WATCHDOG_PID").map_or(true, |pid| pid.parse() == Ok(std::process::id()));
    (microseconds > 0 && is_ours).then(|| Duration::from_micros(microseconds))
}

fn tell(state: &str) {
    if let Err(error) = handover::notify(state) {
        tracing::warn!(target: log_targets::GEN, "cannot tell the service manager at NOTIFY_SOCKET: {error}");
    }
}

/// Which loops have turned since the last sign of life.
struct Round(Mutex<Turns>);

struct Turns {
    next: u64,
    /// The loops by number, and whether each has turned.
    loops: Vec<(u64, bool)>,
}

impl Round {
    const fn new() -> Self {
        Self(Mutex::new(Turns { next: 0, loops: Vec::new() }))
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        // Nothing panics under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One loop's place in the round, until its task is dropped.
struct Place {
    round: &'static Round,
    number: u64,
}

impl Place {
    fn new(round: &'static Round) -> Self {
        let mut turns = round.turns();
        let number = turns.next;
        turns.next += 1;
        turns.loops.push((number, false));
        Self { round, number }
    }

    /// Notes that this loop turns; gives whether that completes the round.
    fn has_turned(&self) -> bool {
        let mut turns = self.round.turns();
        for (number, turned) in &mut turns.loops {
            *turned |= *number == self.number;
        }
        let is_complete = turns.loops.iter().all(|(_, turned)| *turned);
        if is_complete {
            turns.loops.iter_mut().for_each(|(_, turned)| *turned = false);
        }
        is_complete
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.round.turns().loops.retain(|(number, _)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_of_life_takes_a_turn_of_every_loop() {
        static ROUND: Round = Round::new();
        let first = Place::new(&ROUND);
        assert!(first.has_turned() && first.has_turned(), "alone, each turn is a round");
        let second = Place::new(&ROUND);
        assert!(!first.has_turned() && !first.has_turned());
        assert!(second.has_turned());
        assert!(!second.has_turned());
        assert!(first.has_turned());
        assert!(!first.has_turned(), "the second hangs");
        drop(second);
        assert!(first.has_turned(), "a loop that is closed counts no more");
    }
}
