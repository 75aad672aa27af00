//! A program that we have started and that tells us how it is, by systemd's protocols.
//!
//! This is what systemd is to a service, for those who start services from a program: the supervisor, the
//! development runner. The program is given listening sockets as systemd gives them, and its messages at
//! `NOTIFY_SOCKET` come back as events on the loop, the last of which is its end. Nothing here decides
//! anything: who restarts it, and when, is its owner's affair.

mod notifications;
mod options;
mod running;

pub use notifications::ServiceEvent;
pub use options::ServiceOptions;
pub use running::Service;
