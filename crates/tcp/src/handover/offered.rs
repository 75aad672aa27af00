//! The sockets on which this process accepts connections now, for whoever is to have them after it.
//!
//! A duplicate of each is kept for as long as it is accepted from, whichever worker does that. A
//! duplicate holds the socket open, so it goes first when accepting stops.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use firewhirl_event::log_targets;
use socket2::SockRef;

use super::notify;
use crate::Listener;

/// The listening sockets of this process, each with a name: what [`name_of`] makes of its address.
///
/// They are duplicates, so that closing one closes nothing. Sockets of which workers have one each (see
/// [`reuse_port`](crate::BindOptions::reuse_port)) come one by one, with the same name.
///
/// # Examples
///
/// ```
/// use firewhirl_event::IoStream;
/// use firewhirl_tcp::{TcpServer, handover};
///
/// let server = TcpServer::new(async |_stream: IoStream, _peer| Ok(())).listen(0)?;
/// assert_eq!(handover::listening().len(), server.addresses().len());
/// server.stop();
/// assert!(handover::listening().is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn listening() -> Vec<(String, OwnedFd)> {
    let duplicate = |offered: &Offered| Some((offered.name.clone(), offered.socket.try_clone().ok()?));
    all_offered().iter().filter_map(duplicate).collect()
}

/// The name under which a listening socket is handed on: its address, with `-` for each character that
/// a name may not have (sd_pid_notify_with_fds(3)), such as `127.0.0.1-8888`, `[--1]-8888` or
/// `/run/chat.sock`.
///
/// A socket that is inherited is recognised by its address, whatever it is called, but for one: where this
/// process asked for port 0, `-any` follows, so that the next one, which will ask for that too, gets the
/// same port.
///
/// # Examples
///
/// ```
/// let socket = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let port = socket.local_addr()?.port();
/// assert_eq!(firewhirl_tcp::handover::name_of(&socket), format!("127.0.0.1-{port}"));
///
/// let sockets = firewhirl_tcp::bind_sockets(0, &Default::default())?;
/// let port = sockets[0].local_addr()?.port();
/// assert_eq!(firewhirl_tcp::handover::name_of(&sockets[0]), format!("0.0.0.0-{port}-any"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn name_of(socket: impl AsFd) -> String {
    const LONGEST: usize = 255;

    let socket = socket.as_fd();
    let address = SockRef::from(&socket).local_addr().ok();
    let text = address.and_then(|address| match (address.as_socket(), address.as_pathname()) {
        (Some(address), _) if any_port().contains(&address) => Some(format!("{address}{ANY_PORT}")),
        (Some(address), _) => Some(address.to_string()),
        (None, Some(path)) => Some(path.display().to_string()),
        (None, None) => None,
    });
    let allowed = |character: char| match character {
        ':' => '-',
        ' '..='~' => character,
        _ => '-',
    };
    text.as_deref().unwrap_or("unix").chars().map(allowed).take(LONGEST).collect()
}

/// What a name ends with that stands for port 0.
const ANY_PORT: &str = "-any";

pub(super) fn is_for_any_port(name: &str) -> bool {
    name.ends_with(ANY_PORT)
}

/// Notes that the socket was asked for with port 0.
pub(crate) fn remember_any_port(socket: &TcpListener) -> io::Result<()> {
    any_port().insert(socket.local_addr()?);
    Ok(())
}

/// The addresses that this process got for port 0.
fn any_port() -> MutexGuard<'static, BTreeSet<SocketAddr>> {
    static ANY_PORT: Mutex<BTreeSet<SocketAddr>> = Mutex::new(BTreeSet::new());
    // A panic under the lock leaves a set that is still one.
    ANY_PORT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A socket in the list of those that are offered. Dropping this takes it out.
#[derive(Debug)]
pub(crate) struct Offer(u64);

struct Offered {
    key: u64,
    name: String,
    socket: OwnedFd,
}

impl Offer {
    /// Offers a socket. Where the system has no descriptor left for the duplicate, it is not offered,
    /// which is less bad than not to be served.
    pub(crate) fn of(listener: &Listener) -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let socket = match listener.as_fd().try_clone_to_owned() {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(target: log_targets::GEN, "cannot offer a listening socket to be handed on: {error}");
                return None;
            }
        };
        let key = NEXT.fetch_add(1, Ordering::Relaxed);
        all_offered().push(Offered { key, name: name_of(&socket), socket });
        Some(Self(key))
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        all_offered().retain(|offered| offered.key != self.0);
    }
}

/// Tells the service manager that these sockets are served: it is given each of them if it keeps
/// descriptors, and then told that we are ready.
pub(crate) fn announce<'offers>(offers: impl IntoIterator<Item = &'offers Offer>) {
    if notify::keeps_descriptors() {
        for offer in offers {
            let duplicate = all_offered()
                .iter()
                .find(|offered| offered.key == offer.0)
                .and_then(|offered| Some((offered.name.clone(), offered.socket.try_clone().ok()?)));
            if let Some((name, socket)) = duplicate {
                store_as(&name, socket.as_fd());
            }
        }
    }
    notify::ready();
}

/// Gives the service manager a listening socket to keep, if it keeps some. An error is logged.
///
/// What accepts connections does this by itself; this is for a parent that listens for its children.
pub fn store(socket: impl AsFd) {
    if notify::keeps_descriptors() {
        store_as(&name_of(&socket), socket.as_fd());
    }
}

fn store_as(name: &str, socket: BorrowedFd<'_>) {
    notify::log_failure(notify::notify_with_socket(&format!("FDSTORE=1\nFDNAME={name}"), socket));
}

fn all_offered() -> MutexGuard<'static, Vec<Offered>> {
    static OFFERED: Mutex<Vec<Offered>> = Mutex::new(Vec::new());
    // A panic under the lock leaves a list that is still one.
    OFFERED.lock().unwrap_or_else(PoisonError::into_inner)
}
