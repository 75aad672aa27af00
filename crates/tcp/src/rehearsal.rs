//! A start for show: the program is to say what it would serve, and takes neither ports nor clients.
//!
//! `firewhirl routes` starts a program so, beside the one that may be serving on the same ports.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixListener;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Whether this process was started for show: `FIREWHIRL_REHEARSAL` is set in its environment.
///
/// Then whatever is to be bound is bound to a free port of the loopback interface, or is a Unix socket
/// that has no name any more, so that nobody finds it; and the process ends, with status 0, when every
/// HTTP server in it is ready to serve. What starts a program asks this before it takes something that
/// only one process can have: a pid file, another user's rights, processes of its own.
pub fn is_rehearsal() -> bool {
    static SET: LazyLock<bool> = LazyLock::new(|| std::env::var_os("FIREWHIRL_REHEARSAL").is_some());
    *SET
}

/// Where a TCP socket is bound in place of its addresses.
pub(crate) fn address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// A listening Unix socket that nobody finds.
pub(crate) fn unix_socket() -> io::Result<UnixListener> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("firewhirl-rehearsal-{}-{number}", std::process::id()));
    let socket = UnixListener::bind(&path)?;
    std::fs::remove_file(&path)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unix_socket_of_a_rehearsal_leaves_no_file() {
        let socket = unix_socket().unwrap();
        let address = socket.local_addr().unwrap();
        assert!(!address.as_pathname().unwrap().exists());
        // It is a socket like any other all the same.
        assert_eq!(socket.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
