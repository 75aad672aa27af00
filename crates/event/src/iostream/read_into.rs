//! Reading into a buffer of the caller's.
//!
//! Long reads go from the transport straight into it; short ones pass through the stream's buffer, which
//! takes what the peer has sent beyond them in the same system call.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::buffers::FIRST_CHUNK;
use super::error::StreamError;
use super::split::Access;
use super::stream::{IoStream, Refused};

impl IoStream {
    /// Fills `target` and returns its length; with [`partial`](ReadInto::partial), puts in what there is.
    ///
    /// What is buffered is used first. Tornado's `IOStream.read_into`.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] if the peer closes first; the stream is closed then, and what came before
    /// is in `target`. [`StreamError::WriteBufferFull`] if a write before was refused.
    ///
    /// # Cancel safety
    ///
    /// With `partial`, dropping the future loses nothing. Without, what it has put into `target` is no
    /// longer in the stream, and nobody says how much it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream};
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (mut near, mut far) = IoStream::pair()?;
    /// far.write("abcdefgh");
    /// far.flush().await?;
    /// let mut target = [0; 6];
    /// assert_eq!(near.read_into(&mut target).await?, 6);
    /// assert_eq!(&target, b"abcdef");
    /// assert_eq!(near.read_into(&mut target).partial().await?, 2);
    /// assert_eq!(&target[..2], b"gh");
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn read_into<'stream>(&'stream mut self, target: &'stream mut [u8]) -> ReadInto<'stream> {
        ReadInto::new(Access::Own(self), target)
    }

    /// Puts what there is into `target`, which is not empty, after at most one read. `Ok(0)` is the end.
    fn poll_copy(
        &mut self,
        cx: &mut Context<'_>,
        write_cx: &mut Context<'_>,
        target: &mut [u8],
    ) -> Poll<Result<usize, StreamError>> {
        if self.input.is_empty() {
            if target.len() >= FIRST_CHUNK {
                return self.poll_read_past_buffer(cx, write_cx, target);
            }
            if ready!(self.poll_more(cx, write_cx))? == 0 {
                return Poll::Ready(Ok(0));
            }
        }
        let count = self.input.len().min(target.len());
        target[..count].copy_from_slice(&self.input.as_slice()[..count]);
        self.input.advance(count);
        Poll::Ready(Ok(count))
    }

    fn poll_read_past_buffer(
        &mut self,
        cx: &mut Context<'_>,
        write_cx: &mut Context<'_>,
        target: &mut [u8],
    ) -> Poll<Result<usize, StreamError>> {
        let mut sent = Poll::Ready(Ok(()));
        if self.writing() {
            sent = self.poll_send(write_cx);
        }
        let Some(transport) = &mut self.transport else { return Poll::Ready(Err(self.closed_error())) };
        let mut window = ReadBuf::new(target);
        if !self.eof {
            self.input.release();
            if let Err(error) = ready!(Pin::new(transport).poll_read(cx, &mut window)) {
                return Poll::Ready(Err(self.break_off(error)));
            }
        }
        let count = window.filled().len();
        self.eof = count == 0;
        if self.eof && sent.is_pending() { Poll::Pending } else { Poll::Ready(Ok(count)) }
    }
}

/// The future of [`IoStream::read_into`].
#[derive(Debug)]
#[must_use = "a read does nothing until it is awaited"]
pub struct ReadInto<'stream> {
    stream: Access<'stream>,
    target: &'stream mut [u8],
    filled: usize,
    partial: bool,
}

impl<'stream> ReadInto<'stream> {
    pub(super) fn new(stream: Access<'stream>, target: &'stream mut [u8]) -> Self {
        Self { stream, target, filled: 0, partial: false }
    }

    /// Puts in what there is as soon as there is any.
    pub fn partial(self) -> Self {
        Self { partial: true, ..self }
    }
}

impl Future for ReadInto<'_> {
    type Output = Result<usize, StreamError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { stream, target, filled, partial } = self.get_mut();
        stream.poll(cx, |stream, cx, write_cx| {
            if stream.refused == Refused::Full {
                return Poll::Ready(Err(stream.take_refusal()));
            }
            while *filled < target.len() && !(*partial && *filled > 0) {
                let count = ready!(stream.poll_copy(cx, write_cx, &mut target[*filled..]))?;
                if count == 0 {
                    stream.close();
                    return Poll::Ready(Err(stream.closed_error()));
                }
                *filled += count;
            }
            Poll::Ready(Ok(*filled))
        })
    }
}
