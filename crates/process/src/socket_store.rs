//! Listening sockets that are kept for a program while it is not there, or until its next version is.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;

/// Sockets by name, each once: systemd's file descriptor store for those who start services themselves.
///
/// # Examples
///
/// ```
/// use firewhirl_process::SocketStore;
///
/// let socket = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let mut store = SocketStore::default();
/// assert!(store.keep("web", socket.try_clone()?.into())?);
/// assert!(!store.keep("web", socket.into())?, "it is there already");
/// assert_eq!(store.sockets()?.len(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct SocketStore {
    kept: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    name: String,
    socket: OwnedFd,
    /// By which the kernel tells sockets apart, however many descriptors there are of one.
    inode: u64,
}

impl SocketStore {
    /// Keeps a socket; gives whether it was not there yet. Of one name there may be several sockets.
    ///
    /// # Errors
    ///
    /// What the system says if the descriptor cannot be looked at.
    pub fn keep(&mut self, name: &str, socket: OwnedFd) -> io::Result<bool> {
        let file = File::from(socket);
        let inode = file.metadata()?.ino();
        let is_new = self.kept.iter().all(|kept| kept.inode != inode);
        if is_new {
            self.kept.push(Kept { name: name.to_owned(), socket: file.into(), inode });
        }
        Ok(is_new)
    }

    /// Closes the sockets of a name.
    pub fn remove(&mut self, name: &str) {
        self.kept.retain(|kept| kept.name != name);
    }

    /// A duplicate of each socket, to be given to a program; see
    /// [`ServiceOptions::sockets`](crate::ServiceOptions::sockets).
    ///
    /// # Errors
    ///
    /// What the system says when there can be no more descriptors.
    pub fn sockets(&self) -> io::Result<Vec<(String, OwnedFd)>> {
        self.kept.iter().map(|kept| Ok((kept.name.clone(), kept.socket.try_clone()?))).collect()
    }

    /// How many sockets there are.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether there is no socket.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}
