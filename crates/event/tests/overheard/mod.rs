//! What all threads of a test program log, the watchdog's above all, by what it says.

#[path = "../logs/lines.rs"]
mod each_line;

use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

/// Longer than anything takes, on the busiest machine.
pub(crate) const LONG: Duration = Duration::from_secs(60);

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Begins to listen, for the rest of the process.
pub(crate) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| each_line::subscribe(|line| lines().push(line)));
}

/// All that was logged and contains `part`, each as `LEVEL target: message`.
pub(crate) fn heard(part: &str) -> Vec<String> {
    lines().iter().filter(|line| line.contains(part)).cloned().collect()
}

/// Waits until as many messages have been logged that contain `part`.
pub(crate) fn wait_for(part: &str, count: usize) -> Vec<String> {
    let started = Instant::now();
    loop {
        let heard = heard(part);
        if heard.len() >= count {
            return heard;
        }
        assert!(started.elapsed() < LONG, "waited for {count} of {part:?} in {:#?}", lines());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn lines() -> MutexGuard<'static, Vec<String>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}
