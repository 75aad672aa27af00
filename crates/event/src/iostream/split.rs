//! One stream in two hands: a task that reads, and tasks that write.
//!
//! Both halves hold the same stream, which each borrows only while it is polled. A transport remembers
//! one waker a direction, so the halves remember the others: everyone who waits for the queue to leave
//! is woken together, and a close by one half wakes the other.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use regex::bytes::Regex;

use super::error::StreamError;
use super::read::{ReadBytes, ReadUntil, ReadUntilClose, ReadUntilRegex};
use super::read_into::ReadInto;
use super::stream::IoStream;

impl IoStream {
    /// Splits the stream, so that one task can read while others write.
    ///
    /// The stream closes when a half closes it or when all halves are dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream};
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (near, mut far) = IoStream::pair()?;
    /// let (mut reader, writer) = near.split();
    /// IoLoop::current().spawn_callback(async move {
    ///     writer.write("question\n");
    ///     Ok(writer.flush().await?)
    /// });
    /// IoLoop::current().spawn_callback(async move {
    ///     far.read_until(b"\n").await?;
    ///     far.write("answer\n");
    ///     Ok(far.flush().await?)
    /// });
    /// assert_eq!(reader.read_until(b"\n").await?, "answer\n");
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn split(self) -> (StreamReader, StreamWriter) {
        let shared =
            Rc::new(Shared { stream: RefCell::new(self), reading: RefCell::default(), writing: Arc::default() });
        (StreamReader { shared: shared.clone() }, StreamWriter { shared })
    }
}

/// The half of a stream that reads; its methods are the stream's.
#[derive(Debug)]
pub struct StreamReader {
    shared: Rc<Shared>,
}

impl StreamReader {
    /// See [`IoStream::read_until`].
    pub fn read_until<'stream>(&'stream mut self, delimiter: &'stream [u8]) -> ReadUntil<'stream> {
        ReadUntil::new(Access::Shared(&self.shared), delimiter)
    }

    /// See [`IoStream::read_until_regex`].
    pub fn read_until_regex<'stream>(&'stream mut self, regex: &'stream Regex) -> ReadUntilRegex<'stream> {
        ReadUntilRegex::new(Access::Shared(&self.shared), regex)
    }

    /// See [`IoStream::read_bytes`].
    pub fn read_bytes(&mut self, count: usize) -> ReadBytes<'_> {
        ReadBytes::new(Access::Shared(&self.shared), count)
    }

    /// See [`IoStream::read_into`].
    pub fn read_into<'stream>(&'stream mut self, target: &'stream mut [u8]) -> ReadInto<'stream> {
        ReadInto::new(Access::Shared(&self.shared), target)
    }

    /// See [`IoStream::read_until_close`].
    pub fn read_until_close(&mut self) -> ReadUntilClose<'_> {
        ReadUntilClose::new(Access::Shared(&self.shared))
    }

    /// See [`IoStream::closed`].
    pub fn closed(&self) -> bool {
        self.shared.stream.borrow().closed()
    }

    /// Closes both halves, see [`IoStream::close`].
    pub fn close(&mut self) {
        self.shared.close(IoStream::close);
    }

    /// Puts the stream together again.
    ///
    /// # Errors
    ///
    /// The halves themselves, where they are of two streams or `writer` has clones.
    pub fn unsplit(self, writer: StreamWriter) -> Result<IoStream, (Self, StreamWriter)> {
        if !Rc::ptr_eq(&self.shared, &writer.shared) || Rc::strong_count(&self.shared) != 2 {
            return Err((self, writer));
        }
        drop(writer);
        Rc::try_unwrap(self.shared)
            .map(|shared| shared.stream.into_inner())
            .map_err(|shared| (Self { shared: shared.clone() }, StreamWriter { shared }))
    }
}

/// The half of a stream that writes; its methods are the stream's. Clones write to the same stream.
#[derive(Clone, Debug)]
pub struct StreamWriter {
    shared: Rc<Shared>,
}

impl StreamWriter {
    /// See [`IoStream::write`].
    pub fn write(&self, data: impl AsRef<[u8]>) {
        self.shared.stream.borrow_mut().write(data);
    }

    /// See [`IoStream::write_bytes`].
    pub fn write_bytes(&self, data: Bytes) {
        self.shared.stream.borrow_mut().write_bytes(data);
    }

    /// See [`IoStream::try_write`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn try_write(&self, data: impl AsRef<[u8]>) -> Result<(), StreamError> {
        self.shared.stream.borrow_mut().try_write(data)
    }

    /// See [`IoStream::flush`]. Several may wait at once; each waits for all that is queued.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn flush(&self) -> Result<(), StreamError> {
        poll_fn(|cx| self.shared.poll(cx, false, |stream, _, write_cx| stream.poll_flush(write_cx))).await
    }

    /// See [`IoStream::close_write`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn close_write(&self) -> Result<(), StreamError> {
        poll_fn(|cx| self.shared.poll(cx, false, |stream, _, write_cx| stream.poll_close_write(write_cx))).await
    }

    /// See [`IoStream::pending_write`].
    pub fn pending_write(&self) -> usize {
        self.shared.stream.borrow().pending_write()
    }

    /// See [`IoStream::closed`].
    pub fn closed(&self) -> bool {
        self.shared.stream.borrow().closed()
    }

    /// Closes both halves, see [`IoStream::close`]. A read that waits ends with
    /// [`StreamError::Closed`].
    pub fn close(&self) {
        self.shared.close(IoStream::close);
    }

    /// Closes both halves and keeps why, see [`IoStream::close_with`].
    pub fn close_with(&self, error: io::Error) {
        self.shared.close(|stream| stream.close_with(error));
    }
}

/// What the halves hold together.
#[derive(Debug)]
pub(super) struct Shared {
    stream: RefCell<IoStream>,
    /// Who waits for bytes to read.
    reading: RefCell<Option<Waker>>,
    /// Who wait for the queue to leave.
    writing: Arc<WakeAll>,
}

impl Shared {
    /// Polls with one context for each direction. A read waits for room to send only while there is
    /// something to send, a flush (`is_read` being false) in any case.
    fn poll<Output>(
        &self,
        cx: &mut Context<'_>,
        is_read: bool,
        poll: impl FnOnce(&mut IoStream, &mut Context<'_>, &mut Context<'_>) -> Poll<Output>,
    ) -> Poll<Output> {
        let wakes = self.writing.wakes();
        let write_waker = Waker::from(self.writing.clone());
        let mut stream = self.stream.borrow_mut();
        let polled = poll(&mut stream, cx, &mut Context::from_waker(&write_waker));
        if polled.is_pending() && (stream.writing() || !is_read) {
            self.writing.add(cx.waker());
            if self.writing.wakes() != wakes {
                // The transport has woken us while it was polled, when we were not yet in the list.
                self.writing.wake_by_ref();
            }
        } else if !stream.writing() {
            // Whoever else waited for the queue to leave has got what it waited for.
            self.writing.wake_by_ref();
        }
        polled
    }

    fn close(&self, close: impl FnOnce(&mut IoStream)) {
        close(&mut self.stream.borrow_mut());
        if let Some(reader) = self.reading.take() {
            reader.wake();
        }
        self.writing.wake_by_ref();
    }
}

/// A stream that a read has for itself, or shares with the other half.
#[derive(Debug)]
pub(super) enum Access<'stream> {
    Own(&'stream mut IoStream),
    Shared(&'stream Shared),
}

impl Access<'_> {
    /// Polls a read, which wants to be woken for bytes to read (the first context) and for room to send
    /// (the second).
    #[inline]
    pub(super) fn poll<Output>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut IoStream, &mut Context<'_>, &mut Context<'_>) -> Poll<Output>,
    ) -> Poll<Output> {
        match self {
            Self::Own(stream) => {
                let mut write_cx = Context::from_waker(cx.waker());
                let mut read_cx = Context::from_waker(cx.waker());
                poll(stream, &mut read_cx, &mut write_cx)
            }
            Self::Shared(shared) => {
                let polled = shared.poll(cx, true, poll);
                *shared.reading.borrow_mut() = polled.is_pending().then(|| cx.waker().clone());
                polled
            }
        }
    }
}

/// One waker for all that wait for the same.
#[derive(Debug, Default)]
struct WakeAll {
    // A waker has to be `Send`, so this is a mutex; all that lock it are on the loop's thread.
    state: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    wakers: Vec<Waker>,
    wakes: u64,
}

impl WakeAll {
    fn add(&self, waker: &Waker) {
        let wakers = &mut self.state().wakers;
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }

    /// How often all have been woken.
    fn wakes(&self) -> u64 {
        self.state().wakes
    }

    fn state(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for WakeAll {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let wakers = {
            let mut state = self.state();
            state.wakes += 1;
            std::mem::take(&mut state.wakers)
        };
        for waker in wakers {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IoLoop;

    #[test]
    fn nobody_is_remembered_who_no_longer_waits() {
        let test = async {
            let (near, mut far) = IoStream::pair()?;
            let (mut reader, writer) = near.split();
            let read = IoLoop::current().spawn(async move { reader.read_bytes(1).await });
            for _ in 0..100 {
                let writer = writer.clone();
                let written = IoLoop::current().spawn(async move {
                    writer.write("x");
                    writer.flush().await
                });
                written.await??;
            }
            assert_eq!(writer.shared.writing.state().wakers.len(), 0);
            assert!(writer.shared.reading.borrow().is_some());
            far.write("y");
            far.flush().await?;
            assert_eq!(read.await??, "y");
            assert!(writer.shared.reading.borrow().is_none());
            Ok(())
        };
        IoLoop::current().run_sync(test).unwrap();
    }
}
