//! What tells of blocked loops: a thread beside the watchdog's, for putting a stack into words, logging
//! and custom actions may all take their time, and may block.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use super::capture::{self, Captured};
use super::report::{BlockKind, BlockedLoop, Milliseconds, log_stack};
use super::spots::Spots;
use super::stack::Stack;
use super::step::EndedStep;
use super::system_call::SystemCall;
use super::watch::{Seat, Watch, locked};
use crate::ioloop::panic_message;
use crate::log_targets;

/// News that wait to be told. If somebody's log blocks for longer than it takes to fill this, the rest is
/// counted and not told.
const MAX_NEWS: usize = 1000;

/// Where the watchdog hands on what it finds.
pub(super) struct Reporter(SyncSender<News>);

/// What there is to tell of a loop.
pub(super) enum News {
    /// It is blocked, to be logged or to be told to the custom action.
    Blocked { watch: Arc<Watch>, examined: Box<Examined>, log: bool, act: bool },
    /// A step that took as long as a threshold is over.
    Ended(Arc<Watch>, EndedStep),
}

impl Reporter {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let (sender, news) = sync_channel(MAX_NEWS);
        let thread = std::thread::Builder::new().name("watchdog-report".to_owned());
        thread.spawn(move || Telling::default().run(&news))?;
        Ok(Self(sender))
    }

    pub(super) fn hand_on(&self, news: News) {
        // Full, or the thread is gone with the process.
        let _ = self.0.try_send(news);
    }
}

/// What is remembered of what was told.
#[derive(Default)]
struct Telling {
    spots: Spots,
    /// What each loop that is blocked was last said to be blocked by.
    told: HashMap<*const Watch, Told>,
}

struct Told {
    thread: String,
    spot: u64,
    summary: String,
}

impl Telling {
    fn run(mut self, news: &Receiver<News>) {
        Stack::warm_up();
        while let Ok(news) = news.recv() {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.tell(news))) {
                let message = panic_message(&*payload);
                tracing::error!(target: log_targets::APP, "panic in a report on a blocked loop: {message}");
            }
        }
    }

    fn tell(&mut self, news: News) {
        match news {
            News::Blocked { watch, examined, log, act } => self.tell_blocked(&watch, examined.in_words(), log, act),
            News::Ended(watch, step) => self.tell_end(&watch, step),
        }
    }

    fn tell_blocked(&mut self, watch: &Arc<Watch>, blocked: BlockedLoop, log: bool, act: bool) {
        if log {
            let (thread, spot, summary) = (blocked.thread.clone(), blocked.spot(), blocked.summary());
            if self.spots.begin(spot) {
                log_stack(&blocked);
            }
            self.told.insert(Arc::as_ptr(watch), Told { thread, spot, summary });
        }
        if act && let Some(action) = watch.action() {
            locked(&action)(&blocked);
        }
    }

    fn tell_end(&mut self, watch: &Arc<Watch>, step: EndedStep) {
        let Some(told) = self.told.remove(&Arc::as_ptr(watch)) else { return };
        let Some(spot) = self.spots.end(told.spot, step.lasted) else { return };
        let (thread, lasted, summary) = (told.thread, Milliseconds(step.lasted), told.summary);
        if spot.times == 1 {
            tracing::warn!(
                target: log_targets::GEN,
                "the loop of thread `{thread}` turns again, it was blocked for {lasted}: {summary}"
            );
        } else {
            let (times, total) = (spot.times, Milliseconds(spot.total));
            tracing::warn!(
                target: log_targets::GEN,
                "the loop of thread `{thread}` turns again, it was blocked for {lasted}: {summary} ({times} times by now, {total} in all)"
            );
        }
    }
}

/// What can be learned of a thread that blocks its loop, as it is learned.
pub(super) struct Examined {
    kind: BlockKind,
    elapsed: Duration,
    thread: String,
    system_call: Option<SystemCall>,
    wait_channel: Option<String>,
    captured: Option<Captured>,
}

impl Examined {
    /// Asks the system first, for the signal interrupts what the thread is doing.
    pub(super) fn of(seat: &mut Seat) -> Self {
        let (kind, elapsed, thread) = (seat.step.kind(), seat.step.lasted(), seat.thread_name());
        let is_asleep = kind != BlockKind::Burning;
        let system_call = seat.kernel().system_call().filter(|_| is_asleep);
        let wait_channel = seat.kernel().wait_channel().filter(|_| is_asleep);
        let (id, kernel) = (seat.id, seat.kernel());
        let withheld = || kernel.times().map_or(Duration::ZERO, |times| times.waiting);
        let captured = capture::capture(id, withheld);
        Self { kind, elapsed, thread, system_call, wait_channel, captured }
    }

    /// With names in place of addresses, which may take a while.
    fn in_words(self) -> BlockedLoop {
        let Self { kind, elapsed, thread, system_call, wait_channel, captured } = self;
        let (stack, label) = match captured {
            Some(Captured { frames, label }) => (Stack::of(&frames), label),
            None => (Stack::default(), None),
        };
        let label = label.map(|(describe, copy)| describe(&copy));
        BlockedLoop { kind, elapsed, thread, system_call, wait_channel, label, stack }
    }
}
