//! The child's side: which task it has, and that it ends when the parent is gone.

use std::env;
use std::io;
use std::os::unix::process::parent_id;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use firewhirl_event::log_targets;
use rustix::process::{Pid, Signal, test_kill_process};

use crate::signals;

const TASK: &str = "FIREWHIRL_TASK_ID";
const SUPERVISOR: &str = "FIREWHIRL_SUPERVISOR";

/// How soon the end of the parent is noticed where the system does not tell.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The number of the task of this process, counted from 0; `None` where it has no supervisor.
///
/// A process that is started in place of one that died has the same. Tornado's `task_id`; here it is known
/// from the beginning of `main`.
///
/// # Examples
///
/// A log file a process:
///
/// ```
/// let file = match firewhirl_process::task_id() {
///     Some(task) => format!("site-{task}.log"),
///     None => "site.log".to_owned(),
/// };
/// # assert_eq!(file, "site.log");
/// ```
pub fn task_id() -> Option<usize> {
    Some(Membership::of_this_process()?.task)
}

/// What the environment says of the supervisor of this process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Membership {
    pub(super) task: usize,
    supervisor: u32,
}

impl Membership {
    /// Has a command start a process with this task.
    pub(super) fn hand_to(command: &mut Command, task: usize) {
        command.env(TASK, task.to_string()).env(SUPERVISOR, std::process::id().to_string());
    }

    /// `None` if this process has no supervisor. One that a supervised process has started has none,
    /// though it inherits the environment.
    pub(super) fn of_this_process() -> Option<Self> {
        static FOUND: OnceLock<Option<Membership>> = OnceLock::new();
        *FOUND.get_or_init(|| {
            let number = |name| env::var(name).ok()?.parse::<u32>().ok();
            let (task, supervisor) = (number(TASK)?, number(SUPERVISOR)?);
            let is_ours = parent_id() == supervisor || !is_alive(supervisor);
            is_ours.then_some(Self { task: task as usize, supervisor })
        })
    }

    /// Ends this process when its supervisor is gone, which can no longer do that: asks it to end as the
    /// supervisor would, and kills it if it has not by the limit.
    ///
    /// A thread of its own sees to it, so that a loop that hangs ends too.
    pub(super) fn end_with_supervisor(self, drain_limit: Duration) -> io::Result<()> {
        name_process();
        if parent_id() != self.supervisor {
            return Err(io::Error::other("the supervisor of this process is gone"));
        }
        thread::Builder::new().name("lifeline".to_owned()).stack_size(256 * 1024).spawn(move || {
            self.wait_for_end();
            tracing::error!(target: log_targets::GEN, "the supervisor is gone, so this process ends");
            signals::send(std::process::id(), Signal::TERM);
            thread::sleep(drain_limit);
            signals::send(std::process::id(), Signal::KILL);
        })?;
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn wait_for_end(self) {
        use rustix::event::{PollFd, PollFlags, poll};
        use rustix::process::{PidfdFlags, pidfd_open};

        let handle = pid(self.supervisor).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        while parent_id() == self.supervisor {
            let polled = match &handle {
                Some(handle) => poll(&mut [PollFd::new(handle, PollFlags::IN)], None).is_ok(),
                None => false,
            };
            if !polled {
                thread::sleep(LOOK_AGAIN);
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn wait_for_end(self) {
        while parent_id() == self.supervisor {
            thread::sleep(LOOK_AGAIN);
        }
    }
}

fn pid(process: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(process).ok()?)
}

fn is_alive(process: u32) -> bool {
    pid(process).is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Gives the process the name by which `ps` and `top` know its parent; it was started from a path that
/// says nothing.
fn name_process() {
    let name = env::args_os().next().unwrap_or_default();
    if let Some(name) = std::path::Path::new(&name).file_name() {
        // Where there is no such file, there was no such path either.
        let _ = std::fs::write("/proc/self/comm", name.as_encoded_bytes());
    }
}
