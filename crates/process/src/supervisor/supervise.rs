//! The parent's loop: what happens to its processes, and what is done about it.
//!
//! Everything that happens (an event of a process, a signal, a time that is over) comes through one queue
//! and is dealt with to its end before the next, so no two decisions ever cross.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use firewhirl_event::{IoLoop, Result, Signal, SignalHandler, log_targets};
use firewhirl_tcp::handover;
use tokio::sync::mpsc;

use super::children::{Child, Task, ending};
use super::membership::Membership;
use super::{Executable, Role, Supervisor, SupervisorError};
use crate::upgrade::Upgrade;
use crate::{Service, ServiceEvent, ServiceOptions, notify};

/// How long a process that hangs may take to leave a core dump.
const ABORT_LIMIT: Duration = Duration::from_secs(5);

/// The signals that the parent handles.
const SIGNALS: [Signal; 4] = [Signal::Terminate, Signal::Interrupt, Signal::Hangup, Signal::User2];

/// What happens. Processes are known by a key that no other will have.
pub(crate) enum Happening {
    Event(u64, ServiceEvent),
    Signal(Signal),
    /// The wait before a task's process is started again is over.
    Restart(usize),
    /// A process has had its time to end.
    DrainLimit(u64),
    /// A process of a newer version has had its time to be ready.
    ReadyLimit(u64),
    /// It is time to see whether a process has given a sign of life.
    Watch(u64),
}

/// A supervisor at work.
pub(crate) struct Supervision {
    pub(crate) settings: Supervisor,
    pub(crate) tasks: Vec<Task>,
    pub(crate) children: BTreeMap<u64, Child>,
    pub(crate) upgrade: Option<Upgrade>,
    /// Set once all processes are to end, with what is to be said of it then.
    stopping: Option<Result<(), SupervisorError>>,
    next_key: u64,
    inbox: mpsc::UnboundedReceiver<Happening>,
    sender: mpsc::UnboundedSender<Happening>,
    signals: Vec<SignalHandler>,
}

impl Supervision {
    pub(super) fn begin(settings: Supervisor) -> Result<Self> {
        let executable = match &settings.program {
            Some(program) => program.clone(),
            None => Executable::own()?,
        };
        let (sender, inbox) = mpsc::unbounded_channel();
        let mut signals = Vec::new();
        for signal in SIGNALS {
            let sender = sender.clone();
            signals.push(IoLoop::current().on_signal(signal, move || {
                // The receiver is there for as long as the handler is.
                let _ = sender.send(Happening::Signal(signal));
            })?);
        }
        Ok(Self {
            tasks: (0..settings.count).map(|_| Task::new(executable.clone())).collect(),
            settings,
            children: BTreeMap::new(),
            upgrade: None,
            stopping: None,
            next_key: 0,
            inbox,
            sender,
            signals,
        })
    }

    pub(super) async fn run(mut self) -> Result<()> {
        tracing::info!(target: log_targets::GEN, "starting {} processes", self.tasks.len());
        for (_, socket) in &self.settings.sockets {
            handover::store(socket);
        }
        notify::watchdog();
        for task in 0..self.tasks.len() {
            let executable = self.tasks[task].executable.clone();
            if let Err(error) = self.spawn(task, &executable, Role::Serving) {
                self.stop(Err(SupervisorError::NotStarted { task, error }));
                break;
            }
        }
        while !self.is_over() {
            // The queue never closes: this holds a sender too.
            let Some(happening) = self.inbox.recv().await else { break };
            self.on(happening);
        }
        for handler in self.signals.drain(..) {
            handler.remove();
        }
        Ok(self.stopping.unwrap_or(Ok(()))?)
    }

    fn is_over(&self) -> bool {
        self.children.is_empty() && (self.stopping.is_some() || self.tasks.iter().all(|task| !task.is_awaited))
    }

    fn on(&mut self, happening: Happening) {
        match happening {
            Happening::Event(key, event) => self.on_event(key, event),
            Happening::Signal(signal) => self.on_signal(signal),
            Happening::Restart(task) => self.restart(task),
            Happening::DrainLimit(key) => self.end_overdue(key),
            Happening::ReadyLimit(key) => self.on_ready_limit(key),
            Happening::Watch(key) => self.watch(key),
        }
    }

    fn on_event(&mut self, key: u64, event: ServiceEvent) {
        if let ServiceEvent::Exited(status) = event {
            // It is there until this event, its last.
            if let Some(child) = self.children.remove(&key) {
                self.on_exit(child, status);
            }
            return;
        }
        let Some(child) = self.children.get_mut(&key) else { return };
        match event {
            ServiceEvent::Ready if !child.is_ready => {
                child.is_ready = true;
                child.last_sign = Some(Instant::now());
                tracing::debug!(target: log_targets::GEN, "{child} is ready");
                if std::mem::take(&mut child.hangup_is_due) {
                    child.service.signal(Signal::Hangup);
                }
                if let Some(interval) = self.settings.watchdog {
                    self.later(interval / 2, Happening::Watch(key));
                }
                if self.children[&key].role == Role::Successor {
                    self.succeed(key);
                }
                self.tell_readiness();
            }
            ServiceEvent::Watchdog => child.last_sign = child.last_sign.map(|_| Instant::now()),
            ServiceEvent::Status(text) => tracing::debug!(target: log_targets::GEN, "{child}: {text}"),
            _ => {}
        }
    }

    fn on_exit(&mut self, child: Child, status: std::process::ExitStatus) {
        let ending = ending(status);
        match child.role {
            Role::Leaving => tracing::info!(target: log_targets::GEN, "{child} {ending}"),
            Role::Successor => {
                tracing::error!(target: log_targets::GEN, "{child} {ending} before it was ready");
                self.give_up_upgrade();
            }
            Role::Serving if status.success() => {
                tracing::info!(target: log_targets::GEN, "{child} {ending}");
                self.tasks[child.task].is_done = true;
            }
            Role::Serving => {
                tracing::warn!(target: log_targets::GEN, "{child} {ending}, restarting");
                self.restart_later(child.task, child.started.elapsed());
            }
        }
    }

    fn on_signal(&mut self, signal: Signal) {
        match signal {
            Signal::Interrupt if self.stopping.is_some() => {
                tracing::warn!(target: log_targets::GEN, "{}", SupervisorError::Interrupted);
                self.stopping = Some(Err(SupervisorError::Interrupted));
                self.children.values().for_each(|child| child.service.kill());
            }
            Signal::Terminate | Signal::Interrupt => self.stop(Ok(())),
            Signal::Hangup => {
                if let Some(callback) = self.settings.on_hangup {
                    callback();
                }
                for child in self.children.values_mut() {
                    match child.is_ready {
                        true => child.service.signal(signal),
                        false => child.hangup_is_due = true,
                    }
                }
            }
            Signal::User2 => self.begin_upgrade(),
            _ => {}
        }
    }

    /// Has a process started again, when it is time.
    fn restart_later(&mut self, task: usize, lived: Duration) {
        if self.stopping.is_some() {
            return;
        }
        let policy = self.settings.restarts;
        match self.tasks[task].restarts.next(policy, Instant::now(), lived) {
            Some(wait) => {
                self.tasks[task].is_awaited = true;
                self.later(wait, Happening::Restart(task));
            }
            None => {
                let (restarts, within) = (policy.most, policy.within);
                self.stop(Err(SupervisorError::TooManyRestarts { task, restarts, within }));
            }
        }
    }

    fn restart(&mut self, task: usize) {
        self.tasks[task].is_awaited = false;
        // A process of a newer version may have taken over meanwhile.
        if self.stopping.is_some() || self.serving(task).is_some() {
            return;
        }
        let executable = self.tasks[task].executable.clone();
        if let Err(error) = self.spawn(task, &executable, Role::Serving) {
            tracing::error!(target: log_targets::GEN, "child {task} cannot be started: {error}");
            self.restart_later(task, Duration::ZERO);
        }
    }

    /// Starts a process for a task.
    pub(crate) fn spawn(&mut self, task: usize, executable: &Executable, role: Role) -> std::io::Result<u64> {
        let mut command = executable.command();
        Membership::hand_to(&mut command, task);
        let mut options = ServiceOptions::default();
        for (name, socket) in &self.settings.sockets {
            options = options.sockets([(name.clone(), socket.try_clone()?)]);
        }
        if let Some(interval) = self.settings.watchdog {
            options = options.watchdog(interval);
        }
        let service = Rc::new(Service::spawn(command, options)?);
        let key = self.next_key;
        self.next_key += 1;
        self.children.insert(key, Child::new(task, role, service.clone()));
        let sender = self.sender.clone();
        IoLoop::current().spawn_callback(async move {
            while let Some(event) = service.event().await {
                // The supervision may be over.
                let _ = sender.send(Happening::Event(key, event));
            }
        });
        Ok(key)
    }

    /// The process that does a task now.
    pub(crate) fn serving(&self, task: usize) -> Option<u64> {
        let mut children = self.children.iter();
        children.find(|(_, child)| child.task == task && child.role == Role::Serving).map(|(key, _)| *key)
    }

    /// Ends all processes, and then the supervision.
    fn stop(&mut self, outcome: Result<(), SupervisorError>) {
        if self.stopping.is_some() {
            return;
        }
        if let Err(error) = &outcome {
            tracing::error!(target: log_targets::GEN, "{error}");
        }
        notify::stopping();
        self.stopping = Some(outcome);
        self.upgrade = None;
        // The children take in what has connected; who comes later is better refused than kept waiting.
        self.settings.sockets.clear();
        let keys: Vec<u64> = self.children.keys().copied().collect();
        keys.into_iter().for_each(|key| self.dismiss(key));
    }

    /// Asks a process to end.
    pub(crate) fn dismiss(&mut self, key: u64) {
        if let Some(child) = self.children.get_mut(&key)
            && child.role != Role::Leaving
        {
            child.role = Role::Leaving;
            child.service.terminate();
            self.later(self.settings.drain_limit, Happening::DrainLimit(key));
        }
    }

    fn end_overdue(&self, key: u64) {
        if let Some(child) = self.children.get(&key) {
            let limit = self.settings.drain_limit.as_secs_f64();
            tracing::warn!(target: log_targets::GEN, "{child} has not ended within {limit} seconds and is killed");
            child.service.kill();
        }
    }

    /// Ends a process that hangs; its end has it restarted.
    fn watch(&self, key: u64) {
        let (Some(interval), Some(child)) = (self.settings.watchdog, self.children.get(&key)) else { return };
        let silence = child.last_sign.map_or(Duration::ZERO, |sign| sign.elapsed());
        if silence <= interval {
            return self.later(interval / 2, Happening::Watch(key));
        }
        let seconds = silence.as_secs_f64();
        tracing::error!(target: log_targets::GEN, "{child} has given no sign of life for {seconds:.1} seconds");
        child.service.abort();
        let service = child.service.clone();
        IoLoop::current().call_later(ABORT_LIMIT, move || service.kill());
    }

    /// Tells our own service manager how many processes are ready, and that we are once all are.
    fn tell_readiness(&self) {
        let expected = self.tasks.iter().filter(|task| !task.is_done).count();
        let serving = self.children.values().filter(|child| child.role == Role::Serving);
        let ready = serving.filter(|child| child.is_ready).count();
        notify::status(&format!("{ready} of {expected} processes ready"));
        if ready == expected {
            notify::ready();
        }
    }

    pub(crate) fn later(&self, wait: Duration, happening: Happening) {
        let sender = self.sender.clone();
        IoLoop::current().call_later(wait, move || {
            // The supervision may be over.
            let _ = sender.send(happening);
        });
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }
}
