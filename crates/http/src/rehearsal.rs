//! The servers of a program that was started for show: it ends when the last of them is ready.
//!
//! What a program would serve is known once its services are built, and each may take a while, with a
//! connection to a database perhaps. So the servers are counted from the moment they are told to
//! listen, which is before the loop runs, until their service is built on this thread's loop.

use std::sync::atomic::{AtomicUsize, Ordering};

use firewhirl_tcp::is_rehearsal;

/// Servers of this process whose service is not built yet.
static NOT_READY: AtomicUsize = AtomicUsize::new(0);

/// One more server is going to build its service.
pub(crate) fn expect() {
    NOT_READY.fetch_add(1, Ordering::AcqRel);
}

/// One of them has; in a rehearsal the last one ends the process.
pub(crate) fn ready() {
    if NOT_READY.fetch_sub(1, Ordering::AcqRel) == 1 && is_rehearsal() {
        std::process::exit(0);
    }
}
