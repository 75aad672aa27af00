//! The accept loop of one listening socket.
//!
//! It is fair to the loop (no more than so many connections a turn), keeps to the caps of a [`Gate`], and
//! goes on through an exhausted system: then connections wait in the kernel, and none is lost.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use firewhirl_event::{IoStream, log_targets};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::connections::Connections;
use crate::gate::Place;
use crate::handover::Offer;
use crate::listener::RegisteredListener;
use crate::{ConnectionHandler, Gate, Peer};

/// Connections that one socket gives its loop before the loop's other work has its turn.
///
/// Tornado takes 128. With fewer, workers that share a socket share a burst more evenly, and a turn
/// costs one look at the selector, which is little beside sixteen calls of `accept`.
const ACCEPTS_A_TURN: usize = 16;

/// How long accepting rests when the system has no file descriptor or memory, unless one of our own
/// connections ends sooner.
const REST: Duration = Duration::from_millis(100);

/// How long accepting has to go well before the next failure is news. At the limit each connection
/// that ends lets one more in, so that failure and success take turns.
const SPELL_IS_OVER_AFTER: Duration = Duration::from_secs(10);

/// Connections that are taken in at a stop: more than any backlog has, so that it ends in a flood too.
const SWEPT_AT_MOST: usize = 65_536;

/// A socket with its handler, whose type only it knows.
pub(crate) trait Accepting {
    /// Closes the socket, once every connection that the kernel has made for it is taken in.
    fn stop(&self);
}

/// A listening socket, and what its connections are for.
pub(crate) struct AcceptingSocket<Handler> {
    /// `None` once stopped.
    socket: RefCell<Option<RegisteredListener>>,
    /// Goes before the socket, or that would stay open.
    offer: RefCell<Option<Offer>>,
    handler: Rc<Handler>,
    gate: Gate,
    connections: Rc<Connections>,
}

impl<Handler: ConnectionHandler> AcceptingSocket<Handler> {
    pub(crate) fn new(
        socket: RegisteredListener,
        offer: Option<Offer>,
        handler: Rc<Handler>,
        gate: Gate,
        connections: Rc<Connections>,
    ) -> Self {
        Self { socket: RefCell::new(Some(socket)), offer: RefCell::new(offer), handler, gate, connections }
    }

    /// Accepts connections until it is aborted.
    pub(crate) async fn run(self: Rc<Self>) {
        let _closing = CloseOnDrop { socket: &self.socket, offer: &self.offer };
        let mut spell = Spell::default();
        loop {
            for _ in 0..ACCEPTS_A_TURN {
                match self.attempt().await {
                    Attempt::Accepted(stream, peer, place) => {
                        spell.accepted();
                        self.take_in(stream, peer, place);
                    }
                    Attempt::Full => {
                        self.gate.count_full();
                        self.gate.place_freed().await;
                    }
                    Attempt::Failed(error) if is_of_one_connection(&error) => {}
                    Attempt::Failed(error) => {
                        if spell.failed() {
                            self.gate.count_exhausted();
                            let message = "cannot accept connections, which wait meanwhile";
                            tracing::error!(target: log_targets::GEN, "{message}: {error}");
                        }
                        let _ = timeout(REST, self.connections.one_ended()).await;
                    }
                }
            }
            yield_now().await;
        }
    }

    /// Waits for a connection, if there is a place for one.
    fn attempt(&self) -> impl Future<Output = Attempt> {
        poll_fn(|cx| {
            let socket = self.socket.borrow();
            // Stopped: the task of this is being aborted.
            let Some(socket) = &*socket else { return Poll::Pending };
            // The place first: with it in hand nothing that is accepted can be one too many. It is
            // given back while there is none to accept, so that it is not kept from other sockets.
            let Some(place) = self.gate.try_place() else { return Poll::Ready(Attempt::Full) };
            socket.poll_accept(cx).map(|accepted| match accepted {
                Ok((stream, peer)) => Attempt::Accepted(stream, peer, place),
                Err(error) => Attempt::Failed(error),
            })
        })
    }

    /// Runs the handler, unless the peer's address has too many connections: then the stream closes.
    fn take_in(&self, stream: IoStream, peer: Peer, place: Place) {
        if let Some(admission) = self.gate.admit(place, peer) {
            self.connections.spawn(self.handler.clone(), stream, peer, admission);
        }
    }
}

impl<Handler: ConnectionHandler> Accepting for AcceptingSocket<Handler> {
    fn stop(&self) {
        let Some(socket) = self.socket.take() else { return };
        drop(self.offer.take());
        // Off the loop, for what the loop knows of the socket may be older than what is in it.
        let swept = socket.deregister().and_then(|socket| {
            for _ in 0..SWEPT_AT_MOST {
                match socket.accept() {
                    Ok((stream, peer)) => self.take_in(stream, peer, self.gate.place_beyond_the_cap()),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    Err(error) if is_of_one_connection(&error) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        });
        if let Err(error) = swept {
            tracing::error!(target: log_targets::GEN, "connections may be lost in closing a listening socket: {error}");
        }
    }
}

/// What trying to accept came to.
enum Attempt {
    Accepted(IoStream, Peer, Place),
    Failed(io::Error),
    Full,
}

/// A time in which the system is too exhausted to accept connections. It is logged once: it may go on
/// for hours, and the log needs descriptors too.
#[derive(Default)]
struct Spell {
    last_failure: Option<Instant>,
}

impl Spell {
    /// Notes a failure, and says whether a spell began with it.
    fn failed(&mut self) -> bool {
        let last = self.last_failure.replace(Instant::now());
        last.is_none_or(|last| last.elapsed() > SPELL_IS_OVER_AFTER)
    }

    fn accepted(&mut self) {
        if self.last_failure.is_some_and(|last| last.elapsed() > SPELL_IS_OVER_AFTER) {
            self.last_failure = None;
            tracing::info!(target: log_targets::GEN, "accepting connections again");
        }
    }
}

/// Closes the socket with the task that accepts from it, when the loop is closed. At a stop it has
/// been taken by then.
struct CloseOnDrop<'socket> {
    socket: &'socket RefCell<Option<RegisteredListener>>,
    offer: &'socket RefCell<Option<Offer>>,
}

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        drop(self.offer.take());
        drop(self.socket.take());
    }
}

/// Whether an error of `accept` is about the connection that it would have been, which is gone, and
/// not about the socket or the system. Linux hands on a new connection's network errors (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted | HostUnreachable | NetworkUnreachable | NetworkDown
    ) || matches!(error.raw_os_error(), Some(libc::EPROTO | libc::ENOPROTOOPT | libc::EHOSTDOWN | libc::EOPNOTSUPP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_one_connection_are_passed_over() {
        for (code, passed_over) in [
            (libc::ECONNABORTED, true),
            (libc::EINTR, true),
            (libc::EPROTO, true),
            (libc::ENETDOWN, true),
            (libc::EHOSTUNREACH, true),
            (libc::EMFILE, false),
            (libc::ENFILE, false),
            (libc::ENOBUFS, false),
            (libc::ENOMEM, false),
            (libc::EBADF, false),
        ] {
            let error = io::Error::from_raw_os_error(code);
            assert_eq!(is_of_one_connection(&error), passed_over, "{error}");
        }
    }
}
