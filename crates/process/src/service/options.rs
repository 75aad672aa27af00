//! What a program is given when it is started: sockets, and what is expected of it in return.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Command;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};

/// The number of the first inherited descriptor, by sd_listen_fds(3).
const FIRST: i32 = 3;

/// What a [`Service`](crate::Service) is given when it is started.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_process::ServiceOptions;
///
/// let socket = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let options = ServiceOptions::default()
///     .sockets([("web".to_owned(), socket.into())])
///     .watchdog(Duration::from_secs(10));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct ServiceOptions {
    sockets: Vec<(String, OwnedFd)>,
    stored_sockets: usize,
    watchdog: Option<Duration>,
}

impl ServiceOptions {
    /// Listening sockets that the program inherits, each with a name (`LISTEN_FDS`, `LISTEN_FDNAMES`).
    /// Given several times, all of them. Default: none.
    pub fn sockets(mut self, sockets: impl IntoIterator<Item = (String, OwnedFd)>) -> Self {
        self.sockets.extend(sockets);
        self
    }

    /// How many sockets we keep for the program if it gives them to us (`FDSTORE`): each comes as a
    /// [`Stored`](crate::ServiceEvent::Stored) event. Default: 0, and then it does not try.
    pub fn stored_sockets(mut self, most: usize) -> Self {
        self.stored_sockets = most;
        self
    }

    /// Asks the program for a sign of life at least that often (`WATCHDOG_USEC`): each comes as a
    /// [`Watchdog`](crate::ServiceEvent::Watchdog) event. Default: none is asked for.
    pub fn watchdog(mut self, interval: Duration) -> Self {
        self.watchdog = Some(interval);
        self
    }

    /// Sets the command up to start the program with all that.
    pub(super) fn apply(self, command: &mut Command, notify_socket: &str) -> io::Result<Reserved> {
        let set = |command: &mut Command, name: &str, value: Option<String>| match value {
            Some(value) => drop(command.env(name, value)),
            None => drop(command.env_remove(name)),
        };
        let count = self.sockets.len();
        let names: Vec<_> = self.sockets.iter().map(|(name, _)| name.replace(':', "-")).collect();
        set(command, "NOTIFY_SOCKET", Some(notify_socket.to_owned()));
        set(command, "LISTEN_FDS", (count > 0).then(|| count.to_string()));
        set(command, "LISTEN_FDNAMES", (count > 0).then(|| names.join(":")));
        // The number that the program will have is not known.
        set(command, "LISTEN_PID", None);
        set(command, "FDSTORE", (self.stored_sockets > 0).then(|| self.stored_sockets.to_string()));
        set(command, "WATCHDOG_USEC", self.watchdog.map(|interval| interval.as_micros().to_string()));
        set(command, "WATCHDOG_PID", None);

        let reserved = Reserved::up_to(FIRST + count as i32, self.sockets.first().map(|(_, socket)| socket))?;
        let sockets = self.sockets.into_iter().zip(FIRST..);
        let mappings = sockets.map(|((_, socket), number)| FdMapping { parent_fd: socket, child_fd: number });
        // The numbers are counted up, so no two are the same.
        command.fd_mappings(mappings.collect()).map_err(io::Error::other)?;
        Ok(reserved)
    }
}

/// Descriptors that only occupy the numbers that the program's sockets will have.
///
/// The standard library opens a pipe to learn of a failed start from the child. Were its number among
/// these, it would be overwritten there, and the failure lost.
pub(super) struct Reserved {
    _descriptors: Vec<OwnedFd>,
}

impl Reserved {
    fn up_to(end: i32, any: Option<&OwnedFd>) -> io::Result<Self> {
        let mut descriptors = Vec::new();
        if let Some(any) = any {
            loop {
                // A duplicate gets the lowest free number from 3 on.
                let duplicate = any.try_clone()?;
                if duplicate.as_raw_fd() >= end {
                    break;
                }
                descriptors.push(duplicate);
            }
        }
        Ok(Self { _descriptors: descriptors })
    }
}
