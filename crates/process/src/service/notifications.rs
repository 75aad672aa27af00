//! The messages of a program to whoever started it (sd_notify(3)), from the side that receives them.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::io::Interest;
use tokio::net::UnixDatagram;

/// What a program that we have started tells us, or what happens to it.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServiceEvent {
    /// It serves, or has finished to reload (`READY=1`).
    Ready,
    /// It reads its configuration again (`RELOADING=1`); [`Ready`](Self::Ready) follows.
    Reloading,
    /// It is about to end (`STOPPING=1`).
    Stopping,
    /// What it does, in words for people (`STATUS=`).
    Status(String),
    /// A sign of life (`WATCHDOG=1`).
    Watchdog,
    /// A socket for us to keep (`FDSTORE=1`).
    Stored {
        /// What it is called (`FDNAME=`), "stored" if nothing was said.
        name: String,
        /// A duplicate of the program's socket.
        socket: OwnedFd,
    },
    /// The sockets of this name need not be kept any more (`FDSTOREREMOVE=1`).
    Removed {
        /// What they were called.
        name: String,
    },
    /// It has ended. Nothing comes after it.
    Exited(ExitStatus),
}

#[cfg(target_os = "linux")]
const FLAGS: RecvFlags = RecvFlags::DONTWAIT.union(RecvFlags::CMSG_CLOEXEC);
#[cfg(not(target_os = "linux"))]
const FLAGS: RecvFlags = RecvFlags::DONTWAIT;

/// Bytes for the descriptors that come with a message, and for who sends it.
#[cfg(target_os = "linux")]
const CONTROL: usize = rustix::cmsg_space!(ScmRights(16), ScmCredentials(1));
#[cfg(not(target_os = "linux"))]
const CONTROL: usize = rustix::cmsg_space!(ScmRights(16));

/// Where one program's messages arrive.
#[derive(Debug)]
pub(super) struct NotifySocket {
    socket: UnixDatagram,
    address: Address,
}

impl NotifySocket {
    /// Opens a socket of its own, on the loop whose context this runs in.
    pub(super) fn open() -> io::Result<Self> {
        let (socket, address) = open()?;
        socket.set_nonblocking(true)?;
        #[cfg(target_os = "linux")]
        rustix::net::sockopt::set_socket_passcred(&socket, true)?;
        Ok(Self { socket: UnixDatagram::from_std(socket)?, address })
    }

    /// What `NOTIFY_SOCKET` is to say.
    pub(super) fn address(&self) -> &str {
        &self.address.0
    }

    /// Waits for a message of the process `sender`, and gives what it says.
    pub(super) fn poll(&self, sender: u32, cx: &mut Context<'_>) -> Poll<io::Result<Vec<ServiceEvent>>> {
        loop {
            ready!(self.socket.poll_recv_ready(cx))?;
            match self.socket.try_io(Interest::READABLE, || self.take(sender)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                taken => return Poll::Ready(taken),
            }
        }
    }

    /// A message that has arrived already.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none.
    pub(super) fn take(&self, sender: u32) -> io::Result<Vec<ServiceEvent>> {
        let mut bytes = [0; 4096];
        let mut space = [MaybeUninit::uninit(); CONTROL];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(&self.socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, FLAGS)?;
        let mut sockets = Vec::new();
        for message in control.drain() {
            match message {
                RecvAncillaryMessage::ScmRights(descriptors) => sockets.extend(descriptors),
                // A process that the program has started has no say, though it knows the address.
                #[cfg(target_os = "linux")]
                RecvAncillaryMessage::ScmCredentials(from)
                    if from.pid.as_raw_nonzero().get().cast_unsigned() != sender =>
                {
                    return Ok(Vec::new());
                }
                _ => {}
            }
        }
        #[cfg(not(target_os = "linux"))]
        {
            // Nothing tells who has sent it, and it comes open for our children.
            let _ = sender;
            for socket in &sockets {
                rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)?;
            }
        }
        Ok(events(&String::from_utf8_lossy(&bytes[..received.bytes]), sockets))
    }
}

/// What a message says, in the order in which it says it.
fn events(message: &str, sockets: Vec<OwnedFd>) -> Vec<ServiceEvent> {
    let assignments = || message.lines().filter_map(|line| line.split_once('='));
    let name = || assignments().find(|(key, _)| *key == "FDNAME").map_or("stored", |(_, name)| name).to_owned();
    let mut sockets = sockets.into_iter();
    let mut events = Vec::new();
    for (key, value) in assignments() {
        match (key, value) {
            ("READY", "1") => events.push(ServiceEvent::Ready),
            ("RELOADING", "1") => events.push(ServiceEvent::Reloading),
            ("STOPPING", "1") => events.push(ServiceEvent::Stopping),
            ("WATCHDOG", "1") => events.push(ServiceEvent::Watchdog),
            ("STATUS", text) => events.push(ServiceEvent::Status(text.to_owned())),
            ("FDSTORE", "1") => {
                events.extend(sockets.by_ref().map(|socket| ServiceEvent::Stored { name: name(), socket }));
            }
            ("FDSTOREREMOVE", "1") => events.push(ServiceEvent::Removed { name: name() }),
            _ => {}
        }
    }
    events
}

/// The address, as `NOTIFY_SOCKET` writes it. A file goes with it.
#[derive(Debug)]
struct Address(String);

impl Drop for Address {
    fn drop(&mut self) {
        if self.0.starts_with('/') {
            // It may be gone already.
            let _ = std::fs::remove_file(&self.0);
        }
    }
}

/// A number that nobody guesses.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// On Linux a name without a file, so that none is left behind, and that the program finds whatever user
/// it becomes. Who sends is checked for each message.
#[cfg(target_os = "linux")]
fn open() -> io::Result<(std::os::unix::net::UnixDatagram, Address)> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    let name = format!("firewhirl-{}-{:016x}", std::process::id(), random());
    let socket = std::os::unix::net::UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    Ok((socket, Address(format!("@{name}"))))
}

#[cfg(not(target_os = "linux"))]
fn open() -> io::Result<(std::os::unix::net::UnixDatagram, Address)> {
    let path = std::env::temp_dir().join(format!("firewhirl-{}-{:016x}", std::process::id(), random()));
    let socket = std::os::unix::net::UnixDatagram::bind(&path)?;
    let path = path.into_os_string().into_string().map_err(|_| io::Error::other("TMPDIR is not UTF-8"))?;
    Ok((socket, Address(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages, and what they say, written short.
    const CASES: &[(&str, &[&str])] = &[
        ("READY=1", &["Ready"]),
        ("RELOADING=1\nMONOTONIC_USEC=12", &["Reloading"]),
        ("STATUS=warm\nREADY=1\n", &["Status(\"warm\")", "Ready"]),
        ("STATUS=a=b", &["Status(\"a=b\")"]),
        ("WATCHDOG=1", &["Watchdog"]),
        ("WATCHDOG=trigger", &[]),
        ("STOPPING=1\nSTATUS=", &["Stopping", "Status(\"\")"]),
        ("FDSTOREREMOVE=1\nFDNAME=web", &["Removed { name: \"web\" }"]),
        ("FDSTORE=1\nFDNAME=web", &[]),
        ("READY=0\nREADY\n=1\n\u{fffd}", &[]),
    ];

    #[test]
    fn messages_say_what_the_manual_says() {
        for (message, expected) in CASES {
            let said: Vec<_> = events(message, Vec::new()).iter().map(|event| format!("{event:?}")).collect();
            assert_eq!(said, *expected, "{message:?}");
        }
    }

    #[test]
    fn a_stored_socket_has_its_message_s_name() {
        let socket = || OwnedFd::from(std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let names = |message, sockets| -> Vec<String> {
            let name = |event| match event {
                ServiceEvent::Stored { name, .. } => name,
                other => panic!("{other:?}"),
            };
            events(message, sockets).into_iter().map(name).collect()
        };
        assert_eq!(names("FDSTORE=1\nFDNAME=web", vec![socket(), socket()]), ["web", "web"]);
        assert_eq!(names("FDSTORE=1", vec![socket()]), ["stored"]);
    }
}
