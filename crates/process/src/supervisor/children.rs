//! The processes that a supervisor has.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Instant;

use super::Executable;
use super::restarts::Restarts;
use crate::Service;

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It does its task.
    Serving,
    /// It is of a newer version, and will do the task when it is ready.
    Successor,
    /// It has been asked to end.
    Leaving,
}

/// A process that runs.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) task: usize,
    pub(crate) role: Role,
    pub(crate) service: Rc<Service>,
    pub(super) started: Instant,
    pub(crate) is_ready: bool,
    /// It is to be told of a SIGHUP as soon as it is ready. Before, it might not handle that, and die of it.
    pub(super) hangup_is_due: bool,
    /// When it was last heard of, once it is ready.
    pub(super) last_sign: Option<Instant>,
}

impl Child {
    pub(super) fn new(task: usize, role: Role, service: Rc<Service>) -> Self {
        Self { task, role, service, started: Instant::now(), is_ready: false, hangup_is_due: false, last_sign: None }
    }
}

/// As Tornado's log names it: `child 2 (pid 4711)`.
impl fmt::Display for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "child {} (pid {})", self.task, self.service.id())
    }
}

/// One task: what it is started from, and how that went so far.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) executable: Executable,
    pub(super) restarts: Restarts,
    /// Its process has ended with status 0, which is for good.
    pub(crate) is_done: bool,
    /// Its process will be started when a wait is over.
    pub(super) is_awaited: bool,
}

impl Task {
    pub(super) fn new(executable: Executable) -> Self {
        Self { executable, restarts: Restarts::default(), is_done: false, is_awaited: false }
    }
}

/// How a process ended, in the words of Tornado's log.
pub(super) fn ending(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("killed by signal {signal}"),
        (None, Some(0)) => "exited normally".to_owned(),
        (None, code) => format!("exited with status {}", code.unwrap_or_default()),
    }
}
