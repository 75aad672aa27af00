//! What the system tells of a thread: how long it ran, how long it was ready and did not run, whether it
//! is stopped, and the system call in which it sleeps. Linux's `/proc`; elsewhere nothing is known.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use super::system_call::SystemCall;

/// The time that a thread has spent, since it began, in either way that is not sleeping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ThreadTimes {
    /// On a CPU.
    pub(super) running: Duration,
    /// Ready, and waiting for one.
    pub(super) waiting: Duration,
}

impl ThreadTimes {
    /// What has been added since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            running: self.running.saturating_sub(earlier.running),
            waiting: self.waiting.saturating_sub(earlier.waiting),
        }
    }
}

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    /// It runs, or waits for a CPU.
    Ready,
    /// It sleeps in the kernel.
    Asleep,
    /// A signal or a debugger has stopped it.
    Stopped,
}

/// A thread of this process, as the system knows it.
#[derive(Debug)]
pub(super) struct Thread {
    id: i32,
    /// Kept open, since it is read every few milliseconds while the loop works.
    times: Option<File>,
}

impl Thread {
    /// The thread of this number.
    pub(super) fn new(id: i32) -> Self {
        Self { id, times: File::open(path(id, "schedstat")).ok() }
    }

    /// Where its time went. `None` where the system does not tell.
    pub(super) fn times(&self) -> Option<ThreadTimes> {
        let mut text = [0; 96];
        let length = self.times.as_ref()?.read_at(&mut text, 0).ok()?;
        parse_times(std::str::from_utf8(&text[..length]).ok()?)
    }

    /// What it does at this moment. `None` where the system does not tell.
    pub(super) fn activity(&self) -> Option<Activity> {
        let status = fs::read_to_string(path(self.id, "stat")).ok()?;
        Some(match parse_state(&status)? {
            'R' => Activity::Ready,
            'T' | 't' => Activity::Stopped,
            _ => Activity::Asleep,
        })
    }

    /// The system call in which it sleeps. `None` if it runs, or the system does not tell.
    pub(super) fn system_call(&self) -> Option<SystemCall> {
        let text = fs::read_to_string(path(self.id, "syscall")).ok()?;
        let mut call = SystemCall::parse(&text)?;
        call.file = call.descriptor().and_then(|fd| fs::read_link(format!("/proc/self/fd/{fd}")).ok());
        Some(call)
    }

    /// The function of the kernel in which it sleeps, if the system tells.
    pub(super) fn wait_channel(&self) -> Option<String> {
        let text = fs::read_to_string(path(self.id, "wchan")).ok()?;
        Some(text).filter(|name| !name.is_empty() && name != "0")
    }
}

fn path(thread: i32, file: &str) -> String {
    format!("/proc/self/task/{thread}/{file}")
}

/// Of `schedstat`: nanoseconds on a CPU, nanoseconds waiting for one, and how often it got one.
fn parse_times(text: &str) -> Option<ThreadTimes> {
    let mut numbers = text.split_ascii_whitespace().map(|number| number.parse().map(Duration::from_nanos));
    Some(ThreadTimes { running: numbers.next()?.ok()?, waiting: numbers.next()?.ok()? })
}

/// Of `stat`: the letter after the name, which is in brackets and may itself have any.
fn parse_state(text: &str) -> Option<char> {
    text.rsplit_once(')')?.1.trim_start().chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_first_two_numbers() {
        let times = parse_times("65328 42153 2\n").unwrap();
        assert_eq!(times.running, Duration::from_nanos(65_328));
        assert_eq!(times.waiting, Duration::from_nanos(42_153));
        assert_eq!(parse_times(""), None);
        assert_eq!(parse_times("1 x"), None);
    }

    #[test]
    fn the_state_stands_after_a_name_that_may_be_anything() {
        for (what, text, state) in [
            ("plain", "31864 (cat) R 31858 31858", Some('R')),
            ("a name with brackets", "7 (a) S (b) T 1 2", Some('T')),
            ("cut off", "7 (a", None),
            ("empty", "", None),
        ] {
            assert_eq!(parse_state(text), state, "{what}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_that_computes_is_seen_to_run() {
        let this = Thread::new(super::super::capture::thread_id());
        let before = this.times().expect("/proc/self/task/*/schedstat tells the times");
        let mut sum = 0_u64;
        while this.times().unwrap().since(before).running < Duration::from_millis(5) {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(1));
        }
        assert_eq!(this.activity(), Some(Activity::Ready));
    }
}
