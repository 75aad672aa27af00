//! The running program: its events, and the signals that it can be sent.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::{Command, ExitStatus};
use std::rc::Rc;
use std::task::Poll;

use firewhirl_event::{IoLoop, Signal, log_targets};
use tokio::process::Child;
use tokio::sync::mpsc;

use super::notifications::NotifySocket;
use super::{ServiceEvent, ServiceOptions};
use crate::signals;

/// Events that may wait for [`Service::event`]; a program that sends more is kept waiting.
const WAITING_EVENTS: usize = 64;

/// A program that this loop has started, until its end.
///
/// Dropping it changes nothing for the program, which goes on and is waited for by the loop.
///
/// # Examples
///
/// ```
/// use std::process::Command;
/// use firewhirl_event::IoLoop;
/// use firewhirl_process::{Service, ServiceEvent, ServiceOptions};
///
/// # IoLoop::current().run_sync(async {
/// let mut command = Command::new("sh");
/// command.args(["-c", "exit 3"]);
/// let service = Service::spawn(command, ServiceOptions::default())?;
/// match service.event().await {
///     Some(ServiceEvent::Exited(status)) => assert_eq!(status.code(), Some(3)),
///     other => panic!("{other:?}"),
/// }
/// assert!(service.event().await.is_none());
/// # Ok(()) }).unwrap();
/// ```
pub struct Service {
    id: u32,
    status: Rc<Cell<Option<ExitStatus>>>,
    events: RefCell<mpsc::Receiver<ServiceEvent>>,
}

impl Service {
    /// Starts a program, with what the options give it.
    ///
    /// The command's environment gains what sd_listen_fds(3) and sd_notify(3) say, and loses what of it
    /// was meant for this process. Everything else about the command is the caller's: arguments,
    /// directory, process group, where its output goes.
    ///
    /// # Errors
    ///
    /// What the system says if the program cannot be started.
    pub fn spawn(command: Command, options: ServiceOptions) -> io::Result<Self> {
        let io_loop = IoLoop::current();
        let mut command = command;
        let (child, notifications) = {
            let _entered = io_loop.enter();
            let notifications = NotifySocket::open()?;
            let _reserved = options.apply(&mut command, notifications.address())?;
            (tokio::process::Command::from(command).spawn()?, notifications)
        };
        let (sender, events) = mpsc::channel(WAITING_EVENTS);
        let status = Rc::<Cell<Option<ExitStatus>>>::default();
        // It has not been waited for, so it has a number.
        let id = child.id().unwrap_or_default();
        io_loop.spawn_callback(attend(child, id, notifications, sender, status.clone()));
        Ok(Self { id, status, events: RefCell::new(events) })
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// How it ended, once it has.
    pub fn status(&self) -> Option<ExitStatus> {
        self.status.get()
    }

    /// Waits for what the program says or what happens to it; `None` after
    /// [`Exited`](ServiceEvent::Exited).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no event.
    pub async fn event(&self) -> Option<ServiceEvent> {
        poll_fn(|cx| self.events.borrow_mut().poll_recv(cx)).await
    }

    /// Asks the program to end (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::Terminate);
    }

    /// Sends the program a signal. Nothing happens if it has ended.
    pub fn signal(&self, signal: Signal) {
        self.send(signals::of(signal));
    }

    /// Ends the program at once (SIGKILL). Nothing happens if it has ended.
    pub fn kill(&self) {
        self.send(Some(rustix::process::Signal::KILL));
    }

    /// Ends the program at once, with a core dump if the system makes some (SIGABRT): for one that
    /// hangs. Nothing happens if it has ended.
    pub fn abort(&self) {
        self.send(Some(rustix::process::Signal::ABORT));
    }

    fn send(&self, signal: Option<rustix::process::Signal>) {
        // Until it has been waited for, its number is no other's.
        if self.status.get().is_none()
            && let Some(signal) = signal
        {
            signals::send(self.id, signal);
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("id", &self.id).field("status", &self.status()).finish_non_exhaustive()
    }
}

/// Hands on what the program says, until it has ended.
async fn attend(
    mut child: Child,
    id: u32,
    notifications: NotifySocket,
    events: mpsc::Sender<ServiceEvent>,
    status: Rc<Cell<Option<ExitStatus>>>,
) {
    let ended = {
        let mut ended = pin!(child.wait());
        loop {
            let next = poll_fn(|cx| {
                if let Poll::Ready(message) = notifications.poll(id, cx) {
                    return Poll::Ready(Next::Message(message));
                }
                ended.as_mut().poll(cx).map(Next::Ended)
            });
            match next.await {
                Next::Message(Ok(said)) => hand_on(said, &events).await,
                Next::Message(Err(error)) => {
                    tracing::warn!(target: log_targets::GEN, "cannot receive what process {id} says: {error}");
                    break ended.await;
                }
                Next::Ended(ended) => break ended,
            }
        }
    };
    let ended = ended.unwrap_or_else(|error| {
        tracing::error!(target: log_targets::GEN, "cannot learn how process {id} ended: {error}");
        // As if it had said that it failed.
        ExitStatus::from_raw(255 << 8)
    });
    status.set(Some(ended));
    // What it said last.
    while let Ok(said) = notifications.take(id) {
        hand_on(said, &events).await;
    }
    hand_on(vec![ServiceEvent::Exited(ended)], &events).await;
}

enum Next {
    Message(io::Result<Vec<ServiceEvent>>),
    Ended(io::Result<ExitStatus>),
}

async fn hand_on(said: Vec<ServiceEvent>, events: &mpsc::Sender<ServiceEvent>) {
    for event in said {
        // Nobody may want to know.
        let _ = events.send(event).await;
    }
}
