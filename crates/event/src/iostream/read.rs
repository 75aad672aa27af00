//! Reading: up to a delimiter, a match, a number of bytes, or the end.
//!
//! A read is a future with options. What it takes is a slice of the stream's own buffer, and what it
//! leaves stays there for the next read. A read that has to wait for the peer sends what is queued
//! first, and goes on sending while it waits, so that two peers that both write much before they read
//! do not wait for each other.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use regex::bytes::Regex;

use super::error::StreamError;
use super::search::{Regexp, Search};
use super::split::Access;
use super::stream::{IoStream, Refused};

/// Queued bytes from which on even a read that need not wait sends.
const SEND_FROM: usize = 64 * 1024;

/// How far the peer has come with what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// More may come.
    Open,
    /// More may come, but none is there now.
    Paused,
    /// No more comes: the peer, or we, have closed.
    Ended,
    /// No more comes, and what came may be cut off.
    Failed,
}

impl IoStream {
    /// Reads up to and including `delimiter`.
    ///
    /// What arrives after the delimiter stays buffered for the next read. The bytes are a slice of the
    /// stream's own buffer, not a copy: keeping them keeps the block they arrived in, so copy what is
    /// short and lives long. Tornado's `IOStream.read_until`.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] if the peer closes first, [`StreamError::TooLong`] if `max_bytes` or
    /// `max_buffer_size` bytes (100 MiB unless set) hold no delimiter. The stream is closed after either.
    /// [`StreamError::WriteBufferFull`] if a write before was refused.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: what has arrived stays in the buffer.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream};
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (mut near, mut far) = IoStream::pair()?;
    /// far.write("PING\r\nPO");
    /// far.flush().await?;
    /// assert_eq!(near.read_until(b"\r\n").max_bytes(512).await?, "PING\r\n");
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn read_until<'stream>(&'stream mut self, delimiter: &'stream [u8]) -> ReadUntil<'stream> {
        ReadUntil::new(Access::Own(self), delimiter)
    }

    /// Reads up to and including the end of the first match of `regex`.
    ///
    /// The search is not anchored, and sees what has arrived so far: an expression that could match more
    /// of what is yet to come (`a+`) matches what is there. Tornado's `IOStream.read_until_regex`.
    ///
    /// # Errors
    ///
    /// As [`read_until`](Self::read_until).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: what has arrived stays in the buffer.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream};
    /// use regex::bytes::Regex;
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (mut near, mut far) = IoStream::pair()?;
    /// far.write("Name: value\n\nbody");
    /// far.flush().await?;
    /// let empty_line = Regex::new(r"\r?\n\r?\n")?;
    /// assert_eq!(near.read_until_regex(&empty_line).await?, "Name: value\n\n");
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn read_until_regex<'stream>(&'stream mut self, regex: &'stream Regex) -> ReadUntilRegex<'stream> {
        ReadUntilRegex::new(Access::Own(self), regex)
    }

    /// Reads exactly `count` bytes; with [`partial`](ReadBytes::partial), as many as there are.
    ///
    /// The bytes are a slice of the stream's own buffer, not a copy. Tornado's `IOStream.read_bytes`.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] if the peer closes first; what it sent stays in the buffer. And
    /// [`StreamError::ReadBufferFull`] if `count` is over `max_buffer_size`. The stream is closed after
    /// either. [`StreamError::WriteBufferFull`] if a write before was refused.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: what has arrived stays in the buffer.
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
    /// assert_eq!(near.read_bytes(3).await?, "abc");
    /// assert_eq!(near.read_bytes(100).partial().await?, "defgh");
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn read_bytes(&mut self, count: usize) -> ReadBytes<'_> {
        ReadBytes::new(Access::Own(self), count)
    }

    /// Reads all until the peer closes.
    ///
    /// A connection that the network breaks off counts as closed; any other error fails the read, so
    /// that what was cut off is not taken for the whole. The stream stays open for writing. For a long
    /// or endless body read in parts, with `read_bytes(n).partial()`. Tornado's
    /// `IOStream.read_until_close`.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] if the stream breaks, [`StreamError::ReadBufferFull`] if more than
    /// `max_buffer_size` bytes come (100 MiB unless set). The stream is closed after either.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: what has arrived stays in the buffer.
    pub fn read_until_close(&mut self) -> ReadUntilClose<'_> {
        ReadUntilClose::new(Access::Own(self))
    }

    /// Reads until `find` says how many bytes are the answer.
    #[inline]
    pub(super) fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        write_cx: &mut Context<'_>,
        mut find: impl FnMut(&[u8], Sending) -> Result<Option<usize>, StreamError>,
    ) -> Poll<Result<Bytes, StreamError>> {
        if self.refused == Refused::Full {
            return Poll::Ready(Err(self.take_refusal()));
        }
        loop {
            match find(self.input.as_slice(), Sending::Open) {
                Ok(Some(count)) => return Poll::Ready(Ok(self.deliver(count, write_cx))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(self.give_up(error))),
            }
            let Poll::Ready(more) = self.poll_more(cx, write_cx) else {
                // What was not worth a search on the way is searched before waiting: the peer may wait too.
                return match find(self.input.as_slice(), Sending::Paused) {
                    Ok(Some(count)) => Poll::Ready(Ok(self.deliver(count, write_cx))),
                    Ok(None) => Poll::Pending,
                    Err(error) => Poll::Ready(Err(self.give_up(error))),
                };
            };
            if !matches!(more, Ok(1..)) {
                let sending = if self.ended_quietly() { Sending::Ended } else { Sending::Failed };
                let found = find(self.input.as_slice(), sending);
                return Poll::Ready(self.conclude(found, more));
            }
        }
    }

    /// Reads once, and sends what is queued at the same time. `Ok(0)` is the peer's end, with all sent.
    #[inline]
    pub(super) fn poll_more(
        &mut self,
        cx: &mut Context<'_>,
        write_cx: &mut Context<'_>,
    ) -> Poll<Result<usize, StreamError>> {
        let mut sent = Poll::Ready(Ok(()));
        if self.writing() {
            sent = self.poll_send(write_cx);
        }
        match ready!(self.poll_fill(cx))? {
            // A last answer to a peer that has stopped sending is still owed. If it cannot be sent, the
            // stream has kept why.
            0 if sent.is_pending() => Poll::Pending,
            count => Poll::Ready(Ok(count)),
        }
    }

    /// Hands out `count` bytes, and lets a queue that has become long leave by the way.
    #[inline]
    fn deliver(&mut self, count: usize, write_cx: &mut Context<'_>) -> Bytes {
        if self.pending_write() >= SEND_FROM {
            // An error is kept in the stream, and told by the next operation.
            let _ = self.poll_send(write_cx);
        }
        self.input.take(count)
    }

    /// The outcome of a read beyond which nothing more comes.
    #[cold]
    fn conclude(
        &mut self,
        found: Result<Option<usize>, StreamError>,
        last: Result<usize, StreamError>,
    ) -> Result<Bytes, StreamError> {
        match (found, last) {
            (Ok(Some(count)), _) => Ok(self.input.take(count)),
            (Ok(None), Err(error)) => Err(error),
            (Ok(None), Ok(_)) => {
                self.close();
                Err(self.closed_error())
            }
            (Err(error), _) => Err(self.give_up(error)),
        }
    }
}

/// The future of [`IoStream::read_until`].
#[derive(Debug)]
#[must_use = "a read does nothing until it is awaited"]
pub struct ReadUntil<'stream> {
    stream: Access<'stream>,
    search: Search<'stream>,
    max_bytes: usize,
}

impl<'stream> ReadUntil<'stream> {
    pub(super) fn new(stream: Access<'stream>, delimiter: &'stream [u8]) -> Self {
        Self { stream, search: Search::new(delimiter), max_bytes: usize::MAX }
    }

    /// Bytes within which the delimiter has to end; a longer message closes the stream. Default: the
    /// stream's `max_buffer_size`.
    pub fn max_bytes(self, bytes: usize) -> Self {
        Self { max_bytes: bytes, ..self }
    }
}

impl Future for ReadUntil<'_> {
    type Output = Result<Bytes, StreamError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { stream, search, max_bytes } = self.get_mut();
        stream.poll(cx, |stream, cx, write_cx| {
            let limit = stream.limits.max_buffer_size.min(*max_bytes);
            let taken = stream.poll_take(cx, write_cx, |bytes, _| within(search.find(bytes), bytes.len(), limit));
            taken.map_err(no_delimiter)
        })
    }
}

/// The future of [`IoStream::read_until_regex`].
#[derive(Debug)]
#[must_use = "a read does nothing until it is awaited"]
pub struct ReadUntilRegex<'stream> {
    stream: Access<'stream>,
    search: Regexp<'stream>,
    max_bytes: usize,
}

impl<'stream> ReadUntilRegex<'stream> {
    pub(super) fn new(stream: Access<'stream>, regex: &'stream Regex) -> Self {
        Self { stream, search: Regexp::new(regex), max_bytes: usize::MAX }
    }

    /// Bytes within which the match has to end; a longer message closes the stream. Default: the
    /// stream's `max_buffer_size`.
    pub fn max_bytes(self, bytes: usize) -> Self {
        Self { max_bytes: bytes, ..self }
    }
}

impl Future for ReadUntilRegex<'_> {
    type Output = Result<Bytes, StreamError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { stream, search, max_bytes } = self.get_mut();
        stream.poll(cx, |stream, cx, write_cx| {
            let limit = stream.limits.max_buffer_size.min(*max_bytes);
            let taken = stream.poll_take(cx, write_cx, |bytes, sending| {
                let is_last = sending != Sending::Open || bytes.len() > limit;
                within(search.find(bytes, is_last), bytes.len(), limit)
            });
            taken.map_err(no_delimiter)
        })
    }
}

/// The future of [`IoStream::read_bytes`].
#[derive(Debug)]
#[must_use = "a read does nothing until it is awaited"]
pub struct ReadBytes<'stream> {
    stream: Access<'stream>,
    count: usize,
    partial: bool,
}

impl<'stream> ReadBytes<'stream> {
    pub(super) fn new(stream: Access<'stream>, count: usize) -> Self {
        Self { stream, count, partial: false }
    }

    /// Takes what there is as soon as there is any, at most as many bytes as asked for.
    pub fn partial(self) -> Self {
        Self { partial: true, ..self }
    }
}

impl Future for ReadBytes<'_> {
    type Output = Result<Bytes, StreamError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { stream, count, partial } = self.get_mut();
        let (count, partial) = (*count, *partial);
        stream.poll(cx, |stream, cx, write_cx| {
            let limit = stream.limits.max_buffer_size;
            stream.poll_take(cx, write_cx, |bytes, _| {
                if bytes.len() >= count || (partial && !bytes.is_empty()) {
                    Ok(Some(count.min(bytes.len())))
                } else if count > limit && !partial {
                    Err(StreamError::ReadBufferFull { limit })
                } else {
                    Ok(None)
                }
            })
        })
    }
}

/// The future of [`IoStream::read_until_close`].
#[derive(Debug)]
#[must_use = "a read does nothing until it is awaited"]
pub struct ReadUntilClose<'stream> {
    stream: Access<'stream>,
}

impl<'stream> ReadUntilClose<'stream> {
    pub(super) fn new(stream: Access<'stream>) -> Self {
        Self { stream }
    }
}

impl Future for ReadUntilClose<'_> {
    type Output = Result<Bytes, StreamError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().stream.poll(cx, |stream, cx, write_cx| {
            stream.poll_take(cx, write_cx, |bytes, sending| Ok((sending == Sending::Ended).then_some(bytes.len())))
        })
    }
}

/// `found`, unless it ends beyond `limit` or can only end there.
#[inline]
fn within(found: Option<usize>, held: usize, limit: usize) -> Result<Option<usize>, StreamError> {
    if found.unwrap_or(held) > limit { Err(StreamError::TooLong { limit }) } else { Ok(found) }
}

/// A buffer that is full of a message without its delimiter is a message too long.
fn no_delimiter(error: StreamError) -> StreamError {
    match error {
        StreamError::ReadBufferFull { limit } => StreamError::TooLong { limit },
        error => error,
    }
}
