//! The lower face of a stream, for codecs: its buffer, and one read into it at a time.
//!
//! The reads of `read.rs` stand on it. A codec looks at `buffer`, consumes what it has understood, and
//! fills when it needs more; nothing is copied and nothing is allocated a message.

use std::future::poll_fn;
use std::task::{Context, Poll};

use super::error::StreamError;
use super::stream::IoStream;
use crate::log_targets;

impl IoStream {
    /// Bytes that have been read and not yet taken.
    ///
    /// # Examples
    ///
    /// A codec's loop: a length, then as many bytes.
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream, StreamError};
    ///
    /// async fn message(stream: &mut IoStream) -> Result<Option<Vec<u8>>, StreamError> {
    ///     loop {
    ///         if let [length, rest @ ..] = stream.buffer()
    ///             && let Some(text) = rest.get(..usize::from(*length))
    ///         {
    ///             let text = text.to_vec();
    ///             stream.consume(1 + text.len());
    ///             return Ok(Some(text));
    ///         }
    ///         if stream.fill().await? == 0 {
    ///             return Ok(None);
    ///         }
    ///     }
    /// }
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (mut near, mut far) = IoStream::pair()?;
    /// far.write(b"\x05hello");
    /// far.close();
    /// assert_eq!(message(&mut near).await?.as_deref(), Some(&b"hello"[..]));
    /// assert_eq!(message(&mut near).await?, None);
    /// # Ok(()) }).unwrap();
    /// ```
    #[inline]
    pub fn buffer(&self) -> &[u8] {
        self.input.as_slice()
    }

    /// Drops the first `count` bytes of the [`buffer`](Self::buffer).
    ///
    /// # Panics
    ///
    /// If it holds fewer.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        self.input.advance(count);
    }

    /// Reads once into the [`buffer`](Self::buffer) and returns how many bytes came; 0 is the peer's end.
    ///
    /// Nothing is sent meanwhile: [`flush`](Self::flush) first where the peer waits for an answer. At
    /// the peer's end the stream stays open for writing.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] if the stream is closed or breaks, and [`StreamError::ReadBufferFull`]
    /// if the buffer held `max_buffer_size` bytes already. The stream is closed after either.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn fill(&mut self) -> Result<usize, StreamError> {
        poll_fn(|cx| self.poll_fill(cx)).await
    }

    /// The poll of [`fill`](Self::fill): at most one system call.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        let Some(transport) = &mut self.transport else { return Poll::Ready(Err(self.closed_error())) };
        if self.eof {
            return Poll::Ready(Ok(0));
        }
        match self.input.poll_fill(transport, cx, self.limits.room(self.input.len())) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(0)) => {
                self.eof = true;
                Poll::Ready(Ok(0))
            }
            Poll::Ready(Ok(_)) if self.input.len() > self.limits.max_buffer_size => Poll::Ready(Err(self.overflow())),
            Poll::Ready(Ok(count)) => Poll::Ready(Ok(count)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.break_off(error))),
        }
    }

    #[cold]
    fn overflow(&mut self) -> StreamError {
        let error = StreamError::ReadBufferFull { limit: self.limits.max_buffer_size };
        tracing::error!(target: log_targets::GEN, "closing a connection: {error}");
        self.close_with(error.clone().into());
        error
    }
}
