//! Listening sockets that outlive a process: how one is handed to us, and how we hand ours on.
//!
//! A program that is replaced by a newer one loses no connection if the listening sockets stay open
//! meanwhile. Both halves of that are systemd's protocols, which any other parent can speak as well: a
//! supervisor, a development runner, a test.
//!
//! - **Inherited**: descriptors from number 3 on, counted in `LISTEN_FDS` and named in
//!   `LISTEN_FDNAMES` (sd_listen_fds(3)). [`bind_sockets`](crate::bind_sockets),
//!   [`bind_unix_socket`](crate::bind_unix_socket) and all that is built on them look there first: where a
//!   socket with the address that is asked for was inherited, it is taken, once, in place of a new one.
//!   [`inherited`], [`take`] and [`close_unclaimed`] are for those who want more say.
//! - **Offered**: [`listening`] gives the sockets on which this process accepts connections now. When a
//!   service manager listens at `NOTIFY_SOCKET`, it is told `READY=1` once the first of them is served,
//!   and if it keeps descriptors for us (it says so by `FDSTORE`, as systemd does since version 254) it
//!   is given each of them to keep. So a plain program works with `Type=notify` and
//!   `FileDescriptorStoreMax=`, and no line of it says so.
//!
//! The environment is read when first needed, `LISTEN_FDS` and `LISTEN_PID` are taken out of it by that,
//! so that no child of ours believes them to be its own. `LISTEN_PID` need not be there, for a parent of
//! this kind does not know the number that its child will get; where it is, it has to be ours.

mod inherited;
mod notify;
mod offered;

pub use inherited::{Inherited, close_unclaimed, inherited, take};
pub use notify::{notify, notify_with_socket, ready};
pub use offered::{listening, name_of, store};

pub(crate) use inherited::{Claim, claim, claim_beside, claim_unix, warn_of_unclaimed};
pub(crate) use offered::{Offer, announce, remember_any_port};
