//! Where in the source a future waits.
//!
//! A future that waits keeps the waker that it was last polled with. Polled with another one it lets go of
//! the first, at the very place where it waits; so a waker that notes the stack when it is dropped finds
//! that place, through all the `async fn`s between. It costs nothing until it is asked.

use std::backtrace::Backtrace;
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use crate::gathering::is_of_the_framework;
use crate::hearing::unpoisoned;

/// The lines that wait, the innermost first; each waits for the one before it.
///
/// Only the program's own lines are among them, not those of the framework, of other packages, or of the
/// standard library; and none where the program is built without line tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingPlace {
    lines: Vec<String>,
}

impl WaitingPlace {
    /// Finds out where `future` waits, which it must be doing.
    pub(crate) fn of<Work: Future>(mut future: Pin<&mut Work>) -> Self {
        let probe = Arc::new(Shared::default());
        let waker = Waker::from(Arc::new(Probe(probe.clone())));
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            return Self::default();
        }
        drop(waker);
        probe.is_armed.store(true, Relaxed);
        let _ = future.poll(&mut Context::from_waker(Waker::noop()));
        let found = unpoisoned(&probe.found).take();
        let directory = std::env::current_dir().unwrap_or_default();
        found.map(|stack| Self::from_stack(&stack.to_string(), &directory)).unwrap_or_default()
    }

    /// The lines as `file:line:column`.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Picks the program's own lines out of a backtrace as the standard library writes it.
    ///
    /// By their files, not by the names of functions, which have no paths where there are line tables alone.
    fn from_stack(stack: &str, directory: &Path) -> Self {
        let sources: Vec<&str> = stack.lines().filter_map(|line| line.trim().strip_prefix("at ")).collect();
        // It lies between the probe, which noted it, and what polled the future: both of this file.
        let mut ours = (0..sources.len()).rev().filter(|&number| is_this_file(sources[number]));
        let Some(polled) = ours.next() else { return Self::default() };
        let noted = ours.next().map_or(0, |probe| probe + 1);
        let of_the_program = sources[noted..polled].iter().filter(|source| is_of_the_program(source, directory));
        let mut lines: Vec<String> = of_the_program.map(|source| source.trim_start_matches("./").to_owned()).collect();
        lines.dedup();
        Self { lines }
    }
}

fn is_this_file(source: &str) -> bool {
    source.contains("testing/src/waiting_place.rs:") || source.contains("./src/waiting_place.rs:")
}

/// Whether a line is neither of the framework, nor of another package, nor of the standard library.
fn is_of_the_program(source: &str, directory: &Path) -> bool {
    let is_foreign = source.starts_with("/rustc/") || source.contains("/registry/src/") || source.contains("/library/");
    !is_foreign && !is_of_the_framework(&directory.join(source.trim_start_matches("./")).to_string_lossy())
}

impl fmt::Display for WaitingPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join(", from "))
    }
}

#[derive(Default)]
struct Shared {
    is_armed: AtomicBool,
    found: Mutex<Option<Backtrace>>,
}

/// Notes the stack when its last waker is let go.
struct Probe(Arc<Shared>);

impl Wake for Probe {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Probe {
    fn drop(&mut self) {
        if self.0.is_armed.load(Relaxed) {
            unpoisoned(&self.0.found).get_or_insert_with(Backtrace::force_capture);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_own_lines_are_picked_out() {
        let stack = "   0: force_capture
             at /rustc/abc/library/std/src/backtrace.rs:300:9
   1: drop
             at /home/a/firewhirl/crates/testing/src/waiting_place.rs:90:9
   2: poll_elapsed
             at /home/a/.cargo/registry/src/index/tokio-1.0.0/src/time/sleep.rs:400:9
   3: {async_fn#0}
             at /home/a/firewhirl/crates/event/src/coroutine/sleep.rs:26:34
   4: {async_fn#0}
             at ./src/lib.rs:7:30
   5: poll
             at ./src/lib.rs:7:30
   6: {async_block#0}
             at ./tests/chat.rs:20:15
   7: of
             at /home/a/firewhirl/crates/testing/src/waiting_place.rs:40:9
   8: it_answers
             at ./tests/chat.rs:19:9";
        let place = WaitingPlace::from_stack(stack, Path::new("/home/a/service"));
        assert_eq!(place.lines(), ["src/lib.rs:7:30", "tests/chat.rs:20:15"]);
    }
}
