//! Replacing the processes of a supervisor by those of a newer version, one by one.
//!
//! The parent is told by SIGUSR2, when the new executable lies where the old one did. For each task it
//! starts a process of that, with the same sockets, and only when this says that it is ready does it ask
//! the old one to end, which finishes what it has begun. So connections are accepted all the time. A new
//! process that ends, or is not ready within the limit, is the end of the upgrade: the old one stays.
//!
//! The parent itself is not replaced, nor are its arguments and environment.
//!
//! A process is ready once it accepts connections, which it says by itself; one that has none to accept
//! says it by [`notify::ready`].

use std::collections::VecDeque;

use firewhirl_event::log_targets;

use crate::notify;
use crate::supervisor::{Happening, Role, Supervision};

/// An upgrade under way.
#[derive(Debug)]
pub(crate) struct Upgrade {
    /// The tasks whose turn is still to come.
    to_come: VecDeque<usize>,
    /// The process that is being waited for.
    successor: Option<u64>,
}

impl Supervision {
    /// Begins to replace the processes by those of the version that is on disk.
    pub(crate) fn begin_upgrade(&mut self) {
        if self.is_stopping() {
            return;
        }
        if self.upgrade.is_some() {
            tracing::warn!(target: log_targets::GEN, "an upgrade is under way already");
            return;
        }
        let to_come: VecDeque<usize> = (0..self.tasks.len()).filter(|task| !self.tasks[*task].is_done).collect();
        if let Some(first) = to_come.front() {
            let path = self.tasks[*first].executable.path().display();
            tracing::info!(target: log_targets::GEN, "replacing {} processes by those of {path}", to_come.len());
        }
        notify::reloading();
        self.upgrade = Some(Upgrade { to_come, successor: None });
        self.replace_next();
    }

    fn replace_next(&mut self) {
        let Some(upgrade) = &mut self.upgrade else { return };
        let Some(task) = upgrade.to_come.pop_front() else {
            tracing::info!(target: log_targets::GEN, "all processes have been replaced");
            self.upgrade = None;
            notify::reloaded();
            return;
        };
        let executable = self.tasks[task].executable.on_disk();
        match self.spawn(task, &executable, Role::Successor) {
            Ok(key) => {
                if let Some(upgrade) = &mut self.upgrade {
                    upgrade.successor = Some(key);
                }
                self.later(self.settings.ready_limit, Happening::ReadyLimit(key));
            }
            Err(error) => {
                tracing::error!(target: log_targets::GEN, "{} cannot be started: {error}", executable.path().display());
                self.give_up_upgrade();
            }
        }
    }

    /// A new process is ready: the old one may go.
    pub(crate) fn succeed(&mut self, key: u64) {
        let Some(child) = self.children.get_mut(&key) else { return };
        let task = child.task;
        if let Some(old) = self.serving(task) {
            self.dismiss(old);
        }
        if let Some(child) = self.children.get_mut(&key) {
            tracing::info!(target: log_targets::GEN, "{child} has taken over");
            child.role = Role::Serving;
        }
        let task = &mut self.tasks[task];
        task.executable = task.executable.on_disk();
        task.is_done = false;
        self.replace_next();
    }

    pub(crate) fn on_ready_limit(&mut self, key: u64) {
        let Some(child) = self.children.get(&key) else { return };
        if child.role == Role::Successor {
            let limit = self.settings.ready_limit.as_secs_f64();
            tracing::error!(target: log_targets::GEN, "{child} is not ready after {limit} seconds");
            self.dismiss(key);
            self.give_up_upgrade();
        }
    }

    /// Leaves the processes that have not been replaced as they are.
    pub(crate) fn give_up_upgrade(&mut self) {
        let Some(upgrade) = self.upgrade.take() else { return };
        let kept = upgrade.to_come.len() + 1;
        tracing::error!(target: log_targets::GEN, "the upgrade is given up; {kept} processes of the old version go on");
        if let Some(successor) = upgrade.successor {
            self.dismiss(successor);
        }
        notify::reloaded();
    }
}
