//! Signals to other processes.

use firewhirl_event::log_targets;
use rustix::process::{Pid, Signal, kill_process};

/// A signal of the loop's, as the system call takes it.
pub(crate) fn of(signal: firewhirl_event::Signal) -> Option<Signal> {
    Signal::from_named_raw(signal.number())
}

/// Sends a signal to a process. One that has just ended is no error; what else can be wrong is logged.
pub(crate) fn send(process: u32, signal: Signal) {
    let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return };
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => {
            tracing::warn!(target: log_targets::GEN, "cannot send {signal:?} to process {process}: {error}");
        }
    }
}
