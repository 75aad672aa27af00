//! Writing: queue now, send later.
//!
//! `write` never waits and never fails; what could not be queued is told by the next flush or read.
//! Sending gathers all that is queued into one system call where the transport takes it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::AsyncWrite;

use super::error::{StreamError, is_reset};
use super::stream::{IoStream, Refused, WriteSide};
use crate::log_targets;

impl IoStream {
    /// Queues `data`, without waiting.
    ///
    /// It leaves with the next read that has to wait for the peer, or with [`flush`](Self::flush). On a
    /// stream that is closed, or where more than `max_write_buffer_size` bytes (64 MiB unless set) would
    /// wait, nothing is queued and the next flush or read says so. Tornado's `IOStream.write`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream};
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (mut near, mut far) = IoStream::pair()?;
    /// near.write("text, ");
    /// near.write(b"bytes");
    /// near.write(vec![b'!']);
    /// near.flush().await?;
    /// assert_eq!(far.read_bytes(12).await?, "text, bytes!");
    /// # Ok(()) }).unwrap();
    /// ```
    #[inline]
    pub fn write(&mut self, data: impl AsRef<[u8]>) {
        let data = data.as_ref();
        match self.admit(data.len()) {
            Refused::Nothing => self.output.append(data),
            refused => self.refused = refused,
        }
    }

    /// Queues `data` as it is, without a copy where it is 32 KiB or longer. Otherwise as
    /// [`write`](Self::write).
    pub fn write_bytes(&mut self, data: Bytes) {
        match self.admit(data.len()) {
            Refused::Nothing => self.output.append_shared(data),
            refused => self.refused = refused,
        }
    }

    /// Queues `data` as [`write`](Self::write) does, and says at once where it cannot.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`], or [`StreamError::WriteBufferFull`] if too much waits already; nothing of
    /// `data` is queued then.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream, StreamError};
    /// use firewhirl_event::iostream::StreamLimits;
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (near, _far) = IoStream::pair()?;
    /// let mut near = near.with_limits(StreamLimits::default().max_write_buffer_size(8));
    /// near.try_write("12345678")?;
    /// assert!(matches!(near.try_write("9"), Err(StreamError::WriteBufferFull { limit: 8 })));
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn try_write(&mut self, data: impl AsRef<[u8]>) -> Result<(), StreamError> {
        let data = data.as_ref();
        match self.admit(data.len()) {
            Refused::Nothing => {
                self.output.append(data);
                Ok(())
            }
            refused => Err(self.refusal(refused)),
        }
    }

    /// The queue itself, to append to.
    ///
    /// What is in it already belongs to the stream and partly may have left: append only. No limit
    /// holds here; [`pending_write`](Self::pending_write) says how much waits.
    #[inline]
    pub fn output(&mut self) -> &mut Vec<u8> {
        self.output.tail()
    }

    /// Bytes that wait to be sent. What a layer such as TLS has taken and could not hand on counts as one.
    #[inline]
    pub fn pending_write(&self) -> usize {
        self.output.len() + usize::from(self.kept_beneath)
    }

    /// Whether anything waits to be sent. Tornado's `IOStream.writing`.
    #[inline]
    pub fn writing(&self) -> bool {
        !self.output.is_empty() || self.kept_beneath
    }

    /// Waits until all that is queued has been handed to the system.
    ///
    /// This is where a slow peer slows its sender down: a loop that writes much flushes between.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] if the stream is closed or the peer no longer takes anything, and
    /// [`StreamError::WriteBufferFull`] if a write since the last flush was refused; the stream then stays
    /// open, and what was queued before it is sent by the next flush.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: what has not left stays queued.
    pub async fn flush(&mut self) -> Result<(), StreamError> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// The poll of [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        if self.refused != Refused::Nothing {
            return Poll::Ready(Err(self.take_refusal()));
        }
        self.poll_send(cx)
    }

    /// Sends what is queued, then tells the peer that no more comes. Reads go on.
    ///
    /// A peer that waits for the end of what it reads can so be told while its answer is still awaited,
    /// and a server can send its last word without a reset cutting it off.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing; calling it again goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream};
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (mut near, mut far) = IoStream::pair()?;
    /// near.write("the question");
    /// near.close_write().await?;
    /// assert_eq!(far.read_until_close().await?, "the question");
    /// far.write("the answer");
    /// far.close();
    /// assert_eq!(near.read_until_close().await?, "the answer");
    /// # Ok(()) }).unwrap();
    /// ```
    pub async fn close_write(&mut self) -> Result<(), StreamError> {
        poll_fn(|cx| self.poll_close_write(cx)).await
    }

    /// The poll of [`close_write`](Self::close_write).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll_close_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        ready!(self.poll_flush(cx))?;
        let Some(transport) = &mut self.transport else { return Poll::Ready(Err(self.closed_error())) };
        if self.write_side == WriteSide::Open {
            let shut = ready!(Pin::new(transport).poll_shutdown(cx));
            self.write_side = WriteSide::Shut;
            if let Err(error) = shut {
                return Poll::Ready(Err(self.write_failed(error)));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Sends what is queued, whether or not a write has been refused.
    #[inline]
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let Some(transport) = &mut self.transport else {
            self.output.clear();
            return Poll::Ready(Err(self.closed_error()));
        };
        if self.write_side != WriteSide::Open {
            return self.poll_send_nothing();
        }
        if let Err(error) = ready!(self.output.poll_send(transport, cx)) {
            return Poll::Ready(Err(self.write_failed(error)));
        }
        if !transport.is_unbuffered() {
            let flushed = Pin::new(transport).poll_flush(cx);
            self.kept_beneath = flushed.is_pending();
            if let Err(error) = ready!(flushed) {
                return Poll::Ready(Err(self.write_failed(error)));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Whether `size` bytes more may be queued.
    #[inline]
    fn admit(&self, size: usize) -> Refused {
        if self.transport.is_none() || self.write_side != WriteSide::Open {
            Refused::Closed
        } else if self.output.len().saturating_add(size) > self.limits.max_write_buffer_size {
            Refused::Full
        } else {
            Refused::Nothing
        }
    }

    /// What a write that was dropped is answered with, once.
    #[cold]
    pub(super) fn take_refusal(&mut self) -> StreamError {
        let refused = std::mem::replace(&mut self.refused, Refused::Nothing);
        self.refusal(refused)
    }

    fn refusal(&self, refused: Refused) -> StreamError {
        match refused {
            Refused::Full => StreamError::WriteBufferFull { limit: self.limits.max_write_buffer_size },
            Refused::Closed | Refused::Nothing => self.closed_error(),
        }
    }

    #[cold]
    fn poll_send_nothing(&mut self) -> Poll<Result<(), StreamError>> {
        let lost = !self.output.is_empty();
        self.output.clear();
        match self.write_side {
            WriteSide::Shut if !lost => Poll::Ready(Ok(())),
            _ => Poll::Ready(Err(self.closed_error())),
        }
    }

    /// Notes that the peer takes no more.
    ///
    /// What it sent before it left is still worth reading (a server may answer 413 and close while the
    /// body is on its way), so only an error that is no ordinary end closes the stream here.
    #[cold]
    pub(super) fn write_failed(&mut self, error: io::Error) -> StreamError {
        if is_reset(&error) && !self.eof {
            self.write_side = WriteSide::Broken;
            self.output.clear();
            self.kept_beneath = false;
            self.error.get_or_insert_with(|| error.into());
            return self.closed_error();
        }
        if !is_reset(&error) {
            tracing::warn!(target: log_targets::GEN, "write error: {error}");
        }
        self.break_off(error)
    }
}
