//! One copy of the program, from its start to its end.

use std::ffi::OsString;
use std::io::{self, IsTerminal, stdin};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use firewhirl_event::IoLoop;
use firewhirl_process::development::{RUNNER_VARIABLE, Stamp};
use firewhirl_process::{Service, ServiceOptions, SocketStore};
use rustix::process::{Pid, Signal, kill_process_group};

use super::events::{Event, Events};
use super::output::Output;

/// Sockets that are kept for a program, at most.
const STORED_SOCKETS: usize = 256;

/// How long a copy may take to end after it was asked to: longer than the program itself lets requests go on.
const END_LIMIT: Duration = Duration::from_secs(15);

/// A copy of the program.
pub(super) struct Copy {
    service: Rc<Service>,
    pub(super) output: Output,
    /// What the executable was when it was started.
    pub(super) stamp: Option<Stamp>,
    pub(super) started: Instant,
    /// Whether it has said that it serves.
    pub(super) is_ready: bool,
    /// Whether its end was asked for.
    pub(super) is_ending: bool,
}

impl Copy {
    /// Starts the program, in a process group of its own, so that Ctrl-C is the runner's to hand on.
    ///
    /// # Errors
    ///
    /// What the system says if it cannot be started.
    pub(super) fn start(
        executable: &Path,
        arguments: &[OsString],
        sockets: &SocketStore,
        hub: &Path,
        events: Events,
    ) -> io::Result<Self> {
        let (stderr, output) = Output::new()?;
        let mut command = Command::new(executable);
        command.args(arguments).env(RUNNER_VARIABLE, hub).stderr(stderr).process_group(0);
        if stdin().is_terminal() {
            // It is for the runner's keys, and a group in the background would be stopped for reading it.
            command.stdin(Stdio::null());
        }
        let options = ServiceOptions::default().sockets(sockets.sockets()?).stored_sockets(STORED_SOCKETS);
        let stamp = Stamp::of(executable).ok();
        let service = Rc::new(Service::spawn(command, options)?);
        IoLoop::current().spawn_callback(hand_on(service.clone(), events));
        Ok(Self { service, output, stamp, started: Instant::now(), is_ready: false, is_ending: false })
    }

    /// The number of its process.
    pub(super) fn id(&self) -> u32 {
        self.service.id()
    }

    /// Asks it to end; tells if that takes too long.
    pub(super) fn end(&mut self, events: &Events) {
        if std::mem::replace(&mut self.is_ending, true) {
            return;
        }
        self.service.terminate();
        let (id, events) = (self.id(), events.clone());
        IoLoop::current().call_later(END_LIMIT, move || drop(events.send(Event::Overdue(id))));
    }

    /// Ends it and all that it has started, at once.
    pub(super) fn kill(&self) {
        let number = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        if let (None, Some(group)) = (self.service.status(), number) {
            // It may have ended by itself just now.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn hand_on(service: Rc<Service>, events: Events) {
    while let Some(event) = service.event().await {
        if events.send(Event::Copy(service.id(), event)).is_err() {
            return;
        }
    }
}
