//! One side of a TLS connection, without a stream: records in, plaintext and records out.
//!
//! It drives the library's unbuffered interface, so that a connection that is idle holds no buffer: records
//! are decrypted where they were read to, and encrypted where they are sent from.

use std::io;
use std::ops::ControlFlow;

use rustls::CommonState;
use rustls::client::UnbufferedClientConnection;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};
use tokio::io::ReadBuf;

use super::buffers::Outgoing;
use super::certificates;

/// A connection of the library's, of either side.
pub(super) enum Side {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

/// One side of a connection.
pub(super) struct Machine {
    side: Box<Side>,
    server_name: Option<Box<str>>,
    /// Plaintext that had no room where it was to go, from `taken` on.
    plaintext: Vec<u8>,
    taken: usize,
    /// The peer has said that no more comes.
    peer_closed: bool,
    /// What broke the connection; nothing is read any more.
    failed: Option<rustls::Error>,
}

/// Something to be put into records.
#[derive(Clone, Copy)]
enum ToSend<'bytes> {
    Nothing,
    Data(&'bytes [u8]),
    /// That no more comes.
    CloseNotify,
}

impl Machine {
    /// The client's side knows the server's name, the server's learns it.
    pub(super) fn new(side: Side, server_name: Option<Box<str>>) -> Self {
        Self { side: Box::new(side), server_name, plaintext: Vec::new(), taken: 0, peer_closed: false, failed: None }
    }

    pub(super) fn common(&self) -> &CommonState {
        match &*self.side {
            Side::Client(connection) => connection,
            Side::Server(connection) => connection,
        }
    }

    pub(super) fn is_server(&self) -> bool {
        matches!(&*self.side, Side::Server(_))
    }

    pub(super) fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// Whether the peer has said that no more comes.
    pub(super) fn peer_closed(&self) -> bool {
        self.peer_closed
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Moves plaintext that waits into `window`; whether there was any.
    pub(super) fn take_plaintext(&mut self, window: &mut ReadBuf<'_>) -> bool {
        let waiting = &self.plaintext[self.taken..];
        if waiting.is_empty() {
            return false;
        }
        let count = waiting.len().min(window.remaining());
        window.put_slice(&waiting[..count]);
        self.taken += count;
        if self.taken == self.plaintext.len() {
            (self.plaintext, self.taken) = (Vec::new(), 0);
        }
        true
    }

    /// Takes records from the front of `incoming`, as many as are whole and as `window` has room for. Gives how
    /// many bytes of it are done with; what the library has to say to the peer is appended to `outgoing`.
    ///
    /// Without a window what comes is kept.
    pub(super) fn receive(
        &mut self,
        incoming: &mut [u8],
        window: Option<&mut ReadBuf<'_>>,
        outgoing: &mut Outgoing,
    ) -> io::Result<usize> {
        self.drive(incoming, window, ToSend::Nothing, outgoing)
    }

    /// Appends records of `data` to `outgoing`. `incoming` is what has been read and is not done with: records in
    /// it may come before.
    pub(super) fn send(&mut self, data: &[u8], incoming: &mut [u8], outgoing: &mut Outgoing) -> io::Result<usize> {
        self.drive(incoming, None, ToSend::Data(data), outgoing)
    }

    /// Appends the record to `outgoing` that says that no more comes.
    pub(super) fn send_close_notify(&mut self, incoming: &mut [u8], outgoing: &mut Outgoing) -> io::Result<usize> {
        self.drive(incoming, None, ToSend::CloseNotify, outgoing)
    }

    /// Steps until there is no more to do without more bytes.
    fn drive(
        &mut self,
        incoming: &mut [u8],
        mut window: Option<&mut ReadBuf<'_>>,
        mut to_send: ToSend<'_>,
        outgoing: &mut Outgoing,
    ) -> io::Result<usize> {
        if let Some(error) = &self.failed {
            return Err(io::Error::new(io::ErrorKind::InvalidData, error.clone()));
        }
        let mut done = 0;
        loop {
            if window.as_ref().is_some_and(|window| window.remaining() == 0) {
                return Ok(done);
            }
            let rest = &mut incoming[done..];
            let mut step = Step {
                plaintext: &mut self.plaintext,
                window: window.as_deref_mut(),
                to_send: &mut to_send,
                outgoing,
                peer_closed: &mut self.peer_closed,
            };
            let (discard, result) = match &mut *self.side {
                Side::Client(connection) => step.take(connection.process_tls_records(rest)),
                Side::Server(connection) => step.take(connection.process_tls_records(rest)),
            };
            done += discard;
            if self.server_name.is_none() {
                self.server_name = certificates::take_name_asked_for();
            }
            match result {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) if matches!(to_send, ToSend::Nothing) => return Ok(done),
                // The handshake is not over, or the connection is.
                Ok(ControlFlow::Break(())) => return Err(io::ErrorKind::NotConnected.into()),
                Err(error) => {
                    self.failed = Some(error.clone());
                    self.last_words(&mut incoming[done..], outgoing);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
            }
        }
    }

    /// The alert that tells the peer what is wrong, where the library has one ready. What was read is not looked
    /// at again: the library has given up on it.
    fn last_words(&mut self, incoming: &mut [u8], outgoing: &mut Outgoing) {
        while self.common().wants_write() {
            let mut step = Step {
                plaintext: &mut Vec::new(),
                window: None,
                to_send: &mut ToSend::Nothing,
                outgoing,
                peer_closed: &mut self.peer_closed,
            };
            let (_, result) = match &mut *self.side {
                Side::Client(connection) => step.take(connection.process_tls_records(incoming)),
                Side::Server(connection) => step.take(connection.process_tls_records(incoming)),
            };
            if result.is_err() {
                return;
            }
        }
    }
}

/// Where one step of the library's finds and leaves things.
struct Step<'machine, 'bytes, 'window> {
    plaintext: &'machine mut Vec<u8>,
    window: Option<&'machine mut ReadBuf<'window>>,
    to_send: &'machine mut ToSend<'bytes>,
    outgoing: &'machine mut Outgoing,
    peer_closed: &'machine mut bool,
}

impl Step<'_, '_, '_> {
    /// Does what the library asks for. Gives how many bytes are done with, and whether to go on.
    fn take<Data>(
        &mut self,
        status: UnbufferedStatus<'_, '_, Data>,
    ) -> (usize, Result<ControlFlow<()>, rustls::Error>) {
        let UnbufferedStatus { mut discard, state } = status;
        let flow = match state {
            Ok(state) => self.obey(state, &mut discard),
            Err(error) => Err(error),
        };
        (discard, flow)
    }

    fn obey<Data>(
        &mut self,
        state: ConnectionState<'_, '_, Data>,
        discard: &mut usize,
    ) -> Result<ControlFlow<()>, rustls::Error> {
        match state {
            ConnectionState::ReadTraffic(mut traffic) => {
                while let Some(record) = traffic.next_record() {
                    let record = record?;
                    *discard += record.discard;
                    self.deliver(record.payload);
                }
            }
            ConnectionState::EncodeTlsData(mut encoding) => {
                self.outgoing.append(|space| match encoding.encode(space) {
                    Ok(count) => Ok(Ok(count)),
                    Err(EncodeError::InsufficientSize(error)) => Err(error),
                    Err(EncodeError::AlreadyEncoded) => Ok(Err(rustls::Error::EncryptError)),
                })?;
            }
            // It counts as sent once it is among what is sent in order.
            ConnectionState::TransmitTlsData(transmitting) => transmitting.done(),
            ConnectionState::WriteTraffic(mut traffic) => {
                let to_send = std::mem::replace(self.to_send, ToSend::Nothing);
                if matches!(to_send, ToSend::Nothing) {
                    return Ok(ControlFlow::Break(()));
                }
                self.outgoing.append(|space| {
                    let encrypted = match to_send {
                        ToSend::Data(data) => traffic.encrypt(data, space),
                        _ => traffic.queue_close_notify(space),
                    };
                    match encrypted {
                        Ok(count) => Ok(Ok(count)),
                        Err(EncryptError::InsufficientSize(error)) => Err(error),
                        Err(EncryptError::EncryptExhausted) => Ok(Err(rustls::Error::EncryptError)),
                    }
                })?;
            }
            ConnectionState::PeerClosed => *self.peer_closed = true,
            // Nothing early is accepted (replays), so there is none; and a closed connection is at its end.
            _ => return Ok(ControlFlow::Break(())),
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Puts plaintext where it is wanted, and keeps what has no room there.
    fn deliver(&mut self, payload: &[u8]) {
        let room = self.window.as_ref().map_or(0, |window| window.remaining());
        let (fitting, rest) = payload.split_at(payload.len().min(room));
        if let Some(window) = &mut self.window {
            window.put_slice(fitting);
        }
        self.plaintext.extend_from_slice(rest);
    }
}
