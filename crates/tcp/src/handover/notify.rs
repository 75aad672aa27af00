//! Messages to the service manager that started this process, at `NOTIFY_SOCKET` (sd_notify(3)).
//!
//! Only the sending is here, and the one message that says we are ready; what else there is to say is the
//! process layer's. A manager that is not there, or does not listen, never breaks the service.

use std::env;
use std::ffi::OsStr;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use firewhirl_event::log_targets;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// How long a manager whose queue is full may keep us.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends a message to the service manager; gives whether there is one.
///
/// The text is a line an assignment, such as `STATUS=warming up`. sd_notify(3) lists them.
///
/// # Errors
///
/// What the system says if `NOTIFY_SOCKET` names no socket at which somebody listens.
/// [`Unsupported`](io::ErrorKind::Unsupported) if it is of a kind that is not known here.
pub fn notify(state: &str) -> io::Result<bool> {
    send(state, None)
}

/// Sends a message to the service manager and a descriptor with it, of which it gets a duplicate; gives
/// whether there is a manager.
///
/// # Errors
///
/// Those of [`notify`].
pub fn notify_with_socket(state: &str, socket: impl AsFd) -> io::Result<bool> {
    send(state, Some(socket.as_fd()))
}

/// Tells the service manager that this process is ready. Once: what is said later is not said again.
///
/// An [`Acceptor`](crate::Acceptor) says so by itself when it begins to accept connections, so this is
/// for programs that have none. An error is logged.
pub fn ready() {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !SAID.swap(true, Ordering::Relaxed) {
        tell("READY=1");
    }
}

/// Sends a message, and only logs what goes wrong.
pub(super) fn tell(state: &str) {
    log_failure(notify(state));
}

pub(super) fn log_failure(sent: io::Result<bool>) {
    if let Err(error) = sent {
        tracing::warn!(target: log_targets::GEN, "cannot tell the service manager at NOTIFY_SOCKET: {error}");
    }
}

/// Whether the service manager keeps descriptors for us.
pub(super) fn keeps_descriptors() -> bool {
    let most = env::var("FDSTORE").ok().and_then(|most| most.parse::<u64>().ok());
    most.is_some_and(|most| most > 0) && env::var_os("NOTIFY_SOCKET").is_some()
}

fn send(state: &str, descriptor: Option<BorrowedFd<'_>>) -> io::Result<bool> {
    let Some(address) = env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty()) else { return Ok(false) };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    connect(&socket, &address)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor];
    if let [Some(descriptor)] = &descriptors {
        control.push(SendAncillaryMessage::ScmRights(std::slice::from_ref(descriptor)));
    }
    loop {
        match sendmsg(&socket, &[IoSlice::new(state.as_bytes())], &mut control, SendFlags::empty()) {
            Ok(_) => return Ok(true),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Connects to a path, or to one of Linux's abstract names, which is written with an `@`.
fn connect(socket: &UnixDatagram, address: &OsStr) -> io::Result<()> {
    match address.as_bytes() {
        [b'/', ..] => socket.connect(address),
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt;
            socket.connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?)
        }
        _ => {
            let message = format!("{} is neither a path nor a name with an @", address.display());
            Err(io::Error::new(io::ErrorKind::Unsupported, message))
        }
    }
}
