//! What says that a loop is blocked, while it is: by which line, on whose behalf, and what to do.
//!
//! Everything on a loop takes turns, so one task that computes, or sleeps in a system call, keeps all
//! others waiting. [`IoLoop::set_blocking_log_threshold`](crate::IoLoop::set_blocking_log_threshold)
//! has a thread of its own look at the loop a few times a threshold. A loop that still does the same as
//! before is asked for a sign of life; if none comes, its thread is interrupted by a signal and writes down
//! its own stack, and the log shows that with the line to look at.
//!
//! Being watched costs a loop a few plain stores a task, and no look at the clock: all measuring is the
//! watchdog's. It counts the loop's own step alone. A process that was stopped, a debugger, a machine that
//! was suspended or that is too busy to run the thread raise no alarm; of the last it is counted how often
//! it happens ([`BlockedSteps::not_scheduled`]).
//!
//! # The signal
//!
//! The stack is captured by SIGURG, which goes to the blocked thread alone, once for each report. A system
//! call that can be restarted is; `poll`, `select`, `epoll_wait` and `nanosleep` return `EINTR`, which
//! the standard library, tokio and every careful library handle. A handler for SIGURG that the program
//! has installed before is called for signals that are not the watchdog's; one that it installs later takes
//! the place of the watchdog's, and reports then come without stacks. A thread that does not answer within
//! a tenth of a second is reported without its stack and with what the system says of it.

mod bell;
#[cfg_attr(not(target_os = "linux"), path = "capture_elsewhere.rs")]
mod capture;
mod clock;
mod kernel;
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "stacks and labels are captured on Linux only"))]
mod label;
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "stacks and labels are captured on Linux only"))]
mod mark;
mod report;
mod reporter;
mod spots;
mod stack;
mod step;
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "stacks and labels are captured on Linux only"))]
mod system_call;
mod thread;
mod threshold;
mod watch;

pub use label::{Label, LabelCopy};
pub use mark::{labelled, step};
pub use report::{BlockKind, BlockedLoop, log_stack};
pub use stack::Frame;
pub use system_call::SystemCall;
pub use threshold::set_blocking_log_threshold_for_all_loops;
pub use watch::BlockedSteps;

pub(crate) use label::{callback_label, task_label, timeout_label};
pub(crate) use mark::{Steps, rest, work};
pub(crate) use watch::{Seated, Watch};
