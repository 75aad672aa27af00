//! The stream beneath a connection, as `h2` reads and writes it.
//!
//! The connection keeps the stream, so that it can close it in its own way; and it notes what passes,
//! for a peer that takes nothing and for one that says nothing.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use firewhirl_event::IoStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is told of the bytes that pass.
pub(super) trait Traffic {
    /// Gives the stream to `use_it`.
    fn with_stream<T>(&self, use_it: impl FnOnce(&mut IoStream) -> T) -> T;
    /// Whether anything is to be read.
    fn may_read(&self) -> bool;
    /// The peer has sent this.
    fn received(&self, bytes: &[u8]);
    /// The peer has taken so many bytes; `None` if it takes none just now.
    fn sent(&self, bytes: Option<usize>);
    /// All that was written is on its way.
    fn flushed(&self);
}

/// The transport that is given to `h2`.
pub(super) struct Carrier<Owner>(pub(super) Rc<Owner>);

impl<Owner: Traffic> AsyncRead for Carrier<Owner> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, window: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.0.may_read() {
            return Poll::Pending;
        }
        let before = window.filled().len();
        let read = self.0.with_stream(|stream| Pin::new(stream).poll_read(context, window));
        let bytes = &window.filled()[before..];
        if !bytes.is_empty() {
            self.0.received(bytes);
        }
        read
    }
}

impl<Owner: Traffic> AsyncWrite for Carrier<Owner> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.0.with_stream(|stream| Pin::new(stream).poll_write_vectored(context, slices));
        match &written {
            Poll::Ready(Ok(bytes)) => self.0.sent(Some(*bytes)),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.0.sent(None),
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.0.with_stream(|stream| stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.0.with_stream(|stream| AsyncWrite::poll_flush(Pin::new(stream), context));
        match &flushed {
            Poll::Ready(Ok(())) => self.0.flushed(),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.0.sent(None),
        }
        flushed
    }

    /// The connection closes its stream itself, after `h2` has said the last word.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
