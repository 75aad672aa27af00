//! A host's connections of HTTP/2, of which each carries many requests at once.
//!
//! Until it is known which version a host speaks, one connection is made at a time, so that a crowd of
//! requests does not open as many: whoever else comes waits for it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Instant;

use super::connection::Connection;
use super::destination::{Destination, Scheme, Versions};
use super::host::Host;
use crate::http2::{self, ClientConnection};

/// The connections of HTTP/2 to one host, and what is known of it.
pub(super) struct Multiplexed {
    connections: RefCell<Vec<ClientConnection>>,
    /// Whether it may speak HTTP/2, as far as is known.
    possible: Cell<bool>,
    /// Connections that are being made.
    connecting: Cell<usize>,
}

impl Multiplexed {
    pub(super) fn new(destination: &Destination) -> Self {
        let possible = match destination.allowed_versions() {
            Versions::Any => destination.scheme() == Scheme::Https,
            Versions::Http1 => false,
            Versions::Http2 => true,
        };
        Self {
            connections: RefCell::default(),
            possible: Cell::new(possible && http2::AVAILABLE),
            connecting: Cell::new(0),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.connections.borrow().is_empty() && self.connecting.get() == 0
    }

    /// A stream on one of the connections, if one has room.
    pub(super) fn stream(&self, context: &mut Context<'_>) -> Option<Connection> {
        if self.connections.borrow().is_empty() {
            return None;
        }
        let stream = self.connections.borrow().iter().find_map(|connection| connection.reserve(context));
        self.drop_ended();
        stream.map(Connection::Http2)
    }

    /// Forgets those on which no stream can be opened any more; their streams go on.
    fn drop_ended(&self) {
        let ended: Vec<_> = self.connections.borrow_mut().extract_if(.., |connection| connection.has_ended()).collect();
        drop(ended);
    }

    /// Forgets the connections that have been idle since before `than`, or all that are idle.
    pub(super) fn drop_idle(&self, than: Option<Instant>) {
        let is_over = |connection: &mut ClientConnection| {
            connection.has_ended() || connection.idle_since().is_some_and(|since| than.is_none_or(|than| since <= than))
        };
        let over: Vec<_> = self.connections.borrow_mut().extract_if(.., is_over).collect();
        drop(over);
    }

    /// Whether a connection may be made now: not where one is being made that may carry all who wait.
    pub(super) fn may_connect(&self) -> bool {
        !self.possible.get() || self.connecting.get() == 0
    }
}

impl Host {
    /// Takes a new connection of HTTP/2, whose first stream is the caller's; the others are for those
    /// [who wait](Self::serve_takers) and those who come.
    pub(super) fn adopt(self: &Rc<Self>, connection: ClientConnection) -> Option<Connection> {
        let own = connection.reserve(&mut Context::from_waker(Waker::noop())).map(Connection::Http2);
        let host = Rc::downgrade(self);
        connection.on_room(Box::new(move || {
            if let Some(host) = host.upgrade() {
                host.serve_takers();
            }
        }));
        self.multiplexed.connections.borrow_mut().push(connection);
        own
    }

    /// Notes that the host has chosen HTTP/1.1: whoever waits makes a connection of its own.
    pub(super) fn note_http1(&self) {
        if self.multiplexed.possible.replace(false) {
            self.wake_takers();
        }
    }

    /// Gives streams to those who wait for a connection, as far as there is room for them.
    pub(super) fn serve_takers(&self) {
        if !self.multiplexed.possible.get() {
            return;
        }
        while self.is_waited_for() {
            let Some(stream) = self.multiplexed.stream(&mut Context::from_waker(Waker::noop())) else { break };
            drop(self.give(stream));
        }
        if self.multiplexed.connections.borrow().is_empty() {
            self.wake_takers();
        }
    }

    /// Notes that a connection is being made, for as long as the guard lives.
    pub(super) fn note_connecting(self: &Rc<Self>) -> ConnectingNote {
        let connecting = &self.multiplexed.connecting;
        connecting.set(connecting.get() + 1);
        ConnectingNote { host: Rc::clone(self) }
    }
}

/// A connection is being made; whoever waits for what comes of it looks again when it is over.
pub(super) struct ConnectingNote {
    host: Rc<Host>,
}

impl Drop for ConnectingNote {
    fn drop(&mut self) {
        let connecting = &self.host.multiplexed.connecting;
        connecting.set(connecting.get() - 1);
        if self.host.multiplexed.possible.get() {
            self.host.wake_takers();
        }
    }
}
