//! Signals of the operating system, as callbacks on the loop.

use std::io;

use tokio::signal::unix::{self, SignalKind};

use super::panics::run_logged;
use super::{IoLoop, Spawned};
use crate::watchdog;

/// A signal that a program may handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// SIGALRM: a timer of the process has run out.
    Alarm,
    /// SIGCHLD: a child process has ended or stopped.
    Child,
    /// SIGHUP: the terminal has gone; by custom, read the configuration again.
    Hangup,
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGQUIT: Ctrl-\.
    Quit,
    /// SIGTERM: end, please.
    Terminate,
    /// SIGUSR1: whatever the program takes it for.
    User1,
    /// SIGUSR2: whatever the program takes it for.
    User2,
    /// SIGWINCH: the terminal has another size.
    WindowChange,
}

impl Signal {
    /// The number that the system gives it.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(firewhirl_event::Signal::Terminate.number(), 15);
    /// ```
    pub fn number(self) -> i32 {
        self.kind().as_raw_value()
    }

    fn kind(self) -> SignalKind {
        match self {
            Self::Alarm => SignalKind::alarm(),
            Self::Child => SignalKind::child(),
            Self::Hangup => SignalKind::hangup(),
            Self::Interrupt => SignalKind::interrupt(),
            Self::Quit => SignalKind::quit(),
            Self::Terminate => SignalKind::terminate(),
            Self::User1 => SignalKind::user_defined1(),
            Self::User2 => SignalKind::user_defined2(),
            Self::WindowChange => SignalKind::window_change(),
        }
    }
}

/// A handle to a callback for a signal, by which it can be removed.
///
/// Dropping it changes nothing: the callback stays.
#[derive(Debug)]
pub struct SignalHandler(Spawned<()>);

impl SignalHandler {
    /// Calls the callback no more. The signal's default action does not come back by that.
    pub fn remove(self) {
        self.0.abort();
    }
}

impl IoLoop {
    /// Runs `callback` on the loop whenever the process gets `signal`.
    ///
    /// It is an ordinary callback and may do anything. From the first call on, and for the rest of
    /// the process's life, the signal's default action is off, so SIGTERM no longer ends the
    /// process by itself. Each loop that asks is told. Signals that come faster than the loop turns
    /// are told once. Tornado's `add_callback_from_signal`.
    ///
    /// # Errors
    ///
    /// The system's error if the signal cannot be handled.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, Signal};
    ///
    /// let io_loop = IoLoop::current();
    /// io_loop.on_signal(Signal::Terminate, || IoLoop::current().stop())?;
    /// # std::process::Command::new("kill").arg(std::process::id().to_string()).status()?;
    /// io_loop.start()?;    // until `kill PID`
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn on_signal(&self, signal: Signal, callback: impl FnMut() + 'static) -> io::Result<SignalHandler> {
        let mut arrivals = {
            let _entered = self.enter();
            unix::signal(signal.kind())?
        };
        let mut callback = callback;
        let label = watchdog::callback_label(&callback);
        let waiting = async move {
            while arrivals.recv().await.is_some() {
                run_logged(&mut callback);
            }
        };
        Ok(SignalHandler(Spawned(self.spawn_unguarded(waiting, label))))
    }
}
