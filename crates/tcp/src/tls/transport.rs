//! TLS as a layer over a transport: the machine joined to what carries its records.
//!
//! Buffers are the thread's while bytes pass through. What a connection itself keeps is the part of a record
//! whose rest has not come, and records that the transport had no room for; mostly it keeps nothing.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use firewhirl_event::iostream::{AnyTransport, Layer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::unconstrained;

use super::buffers::{Lent, Outgoing};
use super::machine::Machine;

/// Bytes that are put into records at once: what four records hold.
const WRITE_SIZE: usize = 64 * 1024;

/// Bytes that an unfinished message of the peer's may have. A message of a handshake has 64 KiB at most, and
/// its records are more by what they need themselves.
const MAX_INCOMING: usize = 128 * 1024;

/// TLS over another transport.
pub(super) struct TlsTransport {
    beneath: AnyTransport,
    machine: Machine,
    /// Read and not done with: an unfinished record, mostly none.
    incoming: Vec<u8>,
    /// Whether there may be whole records in `incoming`.
    unseen: bool,
    outgoing: Outgoing,
    /// Somebody waits for room in the transport to write more.
    writer_waits: bool,
    /// We have said that no more comes, or must not say it.
    ended: bool,
}

impl TlsTransport {
    /// `unread` is what has been read from the transport already.
    pub(super) fn new(beneath: AnyTransport, machine: Machine, unread: &[u8]) -> Self {
        Self {
            beneath,
            machine,
            incoming: unread.to_vec(),
            unseen: true,
            outgoing: Outgoing::default(),
            writer_waits: false,
            ended: false,
        }
    }

    pub(super) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Waits until both sides have agreed, and a client's part of it has left. What a server says last (tickets)
    /// its client need not read, so that may leave later.
    pub(super) async fn handshake(&mut self) -> io::Result<()> {
        let shaken = poll_fn(|cx| self.poll_handshake(cx)).await;
        if shaken.is_err() {
            // The peer is told what is wrong, as far as that goes without waiting.
            self.send_at_once();
        }
        shaken
    }

    /// Sends and reads at a time: with both sides waiting for the other to read, neither would.
    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.receive_kept(None)?;
        loop {
            let sent = self.poll_send(cx)?;
            if !self.machine.common().is_handshaking() {
                let is_over = sent.is_ready() || self.machine.is_server();
                return if is_over { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            if !ready!(self.poll_receive(cx, None))? {
                return Poll::Ready(Err(truncated("during the handshake")));
            }
        }
    }

    /// Looks at what was read before.
    fn receive_kept(&mut self, mut window: Option<&mut ReadBuf<'_>>) -> io::Result<()> {
        if std::mem::take(&mut self.unseen) {
            let mut records = std::mem::take(&mut self.incoming);
            let done = self.machine.receive(&mut records, window.as_deref_mut(), &mut self.outgoing)?;
            self.keep(&records[done..], window);
        }
        Ok(())
    }

    /// Reads once from the transport and looks at it; `false` at the transport's end.
    fn poll_receive(&mut self, cx: &mut Context<'_>, mut window: Option<&mut ReadBuf<'_>>) -> Poll<io::Result<bool>> {
        let kept = self.incoming.len();
        if kept >= MAX_INCOMING {
            let error = rustls::Error::InvalidMessage(rustls::InvalidMessage::HandshakePayloadTooLarge);
            return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, error)));
        }
        let mut buffer = Lent::for_reading();
        buffer.reserve(kept + MAX_INCOMING / 4);
        let mut space = ReadBuf::new(&mut buffer[kept..]);
        ready!(Pin::new(&mut self.beneath).poll_read(cx, &mut space))?;
        let count = space.filled().len();
        if count == 0 {
            return Poll::Ready(Ok(false));
        }
        buffer[..kept].copy_from_slice(&self.incoming);
        let records = &mut buffer[..kept + count];
        let done = self.machine.receive(records, window.as_deref_mut(), &mut self.outgoing)?;
        self.keep(&records[done..], window);
        Poll::Ready(Ok(true))
    }

    /// Keeps what has not been looked at, or lacks its end. A window that is full may have left whole records.
    fn keep(&mut self, rest: &[u8], window: Option<&mut ReadBuf<'_>>) {
        self.incoming = rest.to_vec();
        self.unseen = !rest.is_empty() && window.is_some_and(|window| window.remaining() == 0);
    }

    /// Has the machine send something, which first takes what was read.
    fn send(
        &mut self,
        send: impl FnOnce(&mut Machine, &mut [u8], &mut Outgoing) -> io::Result<usize>,
    ) -> io::Result<()> {
        let done = send(&mut self.machine, &mut self.incoming, &mut self.outgoing)?;
        if done > 0 {
            self.incoming = self.incoming.split_off(done);
        }
        Ok(())
    }

    /// Hands the transport what waits.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            match ready!(Pin::new(&mut self.beneath).poll_write(cx, self.outgoing.unsent()))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                count => self.outgoing.advance(count),
            }
        }
        Pin::new(&mut self.beneath).poll_flush(cx)
    }

    fn poll_send_for_writer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = self.poll_send(cx);
        self.writer_waits = sent.is_pending();
        sent
    }

    /// Hands the transport what it takes without waiting.
    fn send_at_once(&mut self) {
        let mut last = pin!(unconstrained(poll_fn(|cx| self.poll_send(cx))));
        // Whether it succeeds makes no difference any more.
        let _ = last.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }

    /// Queues the record that ends our direction, once.
    fn end(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(());
        }
        self.send(|machine, incoming, outgoing| machine.send_close_notify(incoming, outgoing))
    }
}

impl AsyncRead for TlsTransport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, window: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let transport = self.get_mut();
        let read = transport.poll_plaintext(cx, window);
        // What the machine says by itself (tickets, a new key, an alert) leaves with a reader, unless a writer waits:
        // then it is his waker that the transport has.
        if !transport.outgoing.is_empty() && !transport.writer_waits {
            let _ = transport.poll_send(cx);
        }
        read
    }
}

impl TlsTransport {
    fn poll_plaintext(&mut self, cx: &mut Context<'_>, window: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if window.remaining() == 0 || self.machine.take_plaintext(window) {
            return Poll::Ready(Ok(()));
        }
        let before = window.filled().len();
        self.receive_kept(Some(window))?;
        while window.filled().len() == before && !self.machine.peer_closed() {
            if !ready!(self.poll_receive(cx, Some(window)))? {
                return Poll::Ready(Err(truncated("without saying so; what it sent may lack its end")));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TlsTransport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let transport = self.get_mut();
        if transport.ended {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        if !transport.outgoing.is_empty() {
            ready!(transport.poll_send_for_writer(cx))?;
        }
        let bytes = &bytes[..bytes.len().min(WRITE_SIZE)];
        if !bytes.is_empty() {
            transport.send(|machine, incoming, outgoing| machine.send(bytes, incoming, outgoing))?;
            // In records they count as written; what the transport has no room for leaves with the next call.
            if let Poll::Ready(sent) = transport.poll_send_for_writer(cx) {
                sent?;
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send_for_writer(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let transport = self.get_mut();
        transport.end()?;
        ready!(transport.poll_send_for_writer(cx))?;
        Pin::new(&mut transport.beneath).poll_shutdown(cx)
    }
}

impl Layer for TlsTransport {
    fn beneath(&self) -> &AnyTransport {
        &self.beneath
    }

    fn abandon(&mut self) {
        self.ended = true;
    }
}

/// Says that no more comes, where that is so: an end that is not announced may be an attacker's
/// (RFC 8446, section 6.1).
impl Drop for TlsTransport {
    fn drop(&mut self) {
        let established = !self.machine.common().is_handshaking() && !self.machine.has_failed();
        if established && !self.ended && self.end().is_ok() {
            self.send_at_once();
        }
    }
}

#[cold]
fn truncated(how: &str) -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, format!("the TLS peer left {how}"))
}
