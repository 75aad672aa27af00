//! The bytes that a stream holds: what was read and not yet taken, what was written and not yet sent.
//!
//! A stream holds memory only while it holds bytes. Both buffers come from a pool of the thread when
//! bytes arrive or are written, and go back when they are empty, so that ten thousand idle connections
//! cost their structs and no more.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::buffer_memory::BufferMemory;
use super::transport::AnyTransport;

/// Bytes that a stream makes room for at first; a read that fills its room doubles the next.
pub(super) const FIRST_CHUNK: usize = 8 * 1024;

/// A chunk of at least so many bytes is queued as it is instead of being copied.
const SHARED_FROM: usize = 32 * 1024;

/// Buffers of each kind that a thread keeps, and the bytes that one may have to be kept.
const POOLED_BUFFERS: usize = 64;
const POOLED_CAPACITY: usize = 32 * 1024;

/// Slices that one `writev` takes.
const SLICES: usize = 16;

/// What has been read and not yet taken.
#[derive(Debug, Default)]
pub(super) struct Input {
    bytes: BytesMut,
    /// Bytes that the next read makes room for, 0 standing for [`FIRST_CHUNK`].
    chunk: usize,
}

impl Input {
    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes of memory that it has.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Drops the first `count` bytes.
    #[inline]
    pub(super) fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    /// Takes the first `count` bytes out, without a copy.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Bytes {
        self.bytes.split_to(count).freeze()
    }

    /// Does one read of at most `most` bytes. `Ok(0)` is the end.
    #[inline]
    pub(super) fn poll_fill(
        &mut self,
        transport: &mut AnyTransport,
        cx: &mut Context<'_>,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let chunk = self.chunk.max(FIRST_CHUNK).min(most);
        if self.bytes.capacity() - self.bytes.len() < chunk.div_ceil(2) {
            self.make_room(chunk);
        }
        let spare = self.bytes.spare_capacity_mut();
        let room = spare.len().min(most);
        let mut window = ReadBuf::uninit(&mut spare[..room]);
        let start = window.filled().as_ptr();
        match Pin::new(transport).poll_read(cx, &mut window) {
            Poll::Ready(Ok(())) => {
                let count = window.filled().len();
                if window.filled().as_ptr() != start {
                    return Poll::Ready(Err(io::Error::other("the transport replaced the buffer it was given")));
                }
                // SAFETY: the window is the spare capacity after the first `len` bytes, which is what the
                // pointer comparison makes sure of, and `ReadBuf` counts only initialised bytes as filled.
                unsafe { self.bytes.set_len(self.bytes.len() + count) };
                if count == 0 {
                    self.release();
                } else if count == room {
                    self.chunk = room.saturating_mul(2);
                }
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.release();
                Poll::Pending
            }
        }
    }

    /// Gives the memory back where no byte is held.
    #[inline]
    pub(super) fn release(&mut self) {
        if self.bytes.is_empty() {
            self.chunk = 0;
            keep_input(std::mem::take(&mut self.bytes));
        }
    }

    fn make_room(&mut self, chunk: usize) {
        // Reclaims what lines handed out and since dropped have left of the block, else takes another.
        if self.bytes.is_empty() && !self.bytes.try_reclaim(chunk) {
            self.bytes = pooled_input();
        }
        self.bytes.reserve(chunk);
    }
}

/// What has been written and not yet sent: chunks that are sent as they are, then bytes appended.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// Where writes append to; its first `sent` bytes have left.
    tail: Vec<u8>,
    sent: usize,
    /// What goes before `tail`, once a large chunk has been queued.
    queue: Option<Box<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<Bytes>,
    bytes: usize,
}

impl Output {
    /// Bytes that wait to be sent.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.tail.len() - self.sent + self.queue.as_ref().map_or(0, |queue| queue.bytes)
    }

    /// Bytes of memory that it has.
    pub(super) fn capacity(&self) -> usize {
        self.tail.capacity() + self.queue.as_ref().map_or(0, |queue| queue.bytes)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.tail.len() == self.sent && self.queue.is_none()
    }

    /// The vector to append to.
    #[inline]
    pub(super) fn tail(&mut self) -> &mut Vec<u8> {
        if self.tail.capacity() == 0 {
            self.tail = pooled_output();
        }
        &mut self.tail
    }

    #[inline]
    pub(super) fn append(&mut self, data: &[u8]) {
        self.tail().extend_from_slice(data);
    }

    /// Queues `data` as it is where it is long enough for that to pay.
    pub(super) fn append_shared(&mut self, data: Bytes) {
        if data.len() < SHARED_FROM {
            return self.append(&data);
        }
        let mut before = Bytes::from(std::mem::take(&mut self.tail));
        before.advance(std::mem::take(&mut self.sent));
        let queue = self.queue.get_or_insert_default();
        for chunk in [before, data] {
            if !chunk.is_empty() {
                queue.bytes += chunk.len();
                queue.chunks.push_back(chunk);
            }
        }
    }

    /// Drops what has not been sent.
    pub(super) fn clear(&mut self) {
        self.queue = None;
        self.release();
    }

    /// Hands everything to `transport`.
    #[inline]
    pub(super) fn poll_send(&mut self, transport: &mut AnyTransport, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.queue.is_some() {
            ready!(self.poll_send_queue(transport, cx))?;
        }
        while self.sent < self.tail.len() {
            match Pin::new(&mut *transport).poll_write(cx, &self.tail[self.sent..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => self.sent += count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.compact();
                    return Poll::Pending;
                }
            }
        }
        self.release();
        Poll::Ready(Ok(()))
    }

    #[cold]
    fn poll_send_queue(&mut self, transport: &mut AnyTransport, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(queue) = &mut self.queue {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let waiting = queue.chunks.iter().map(|chunk| &chunk[..]).chain([&self.tail[..]]);
            let used = slices.iter_mut().zip(waiting).map(|(slot, bytes)| *slot = IoSlice::new(bytes)).count();
            let mut count = ready!(Pin::new(&mut *transport).poll_write_vectored(cx, &slices[..used]))?;
            if count == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            while let Some(front) = queue.chunks.front_mut() {
                let taken = count.min(front.len());
                front.advance(taken);
                queue.bytes -= taken;
                count -= taken;
                if !front.is_empty() {
                    break;
                }
                queue.chunks.pop_front();
            }
            if queue.chunks.is_empty() {
                self.queue = None;
                self.sent = count;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn release(&mut self) {
        self.sent = 0;
        keep_output(std::mem::take(&mut self.tail));
    }

    /// Keeps a slow reader's buffer from growing by what has long been sent.
    fn compact(&mut self) {
        if self.sent > self.tail.len() / 2 {
            self.tail.drain(..self.sent);
            self.sent = 0;
        }
    }
}

thread_local! {
    static INPUTS: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
    static OUTPUTS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

// A stream may be dropped while its thread's pools are already gone: `try_with` then keeps nothing.

#[inline]
fn pooled_input() -> BytesMut {
    INPUTS.try_with(|pool| pool.borrow_mut().pop()).ok().flatten().unwrap_or_default()
}

fn keep_input(mut buffer: BytesMut) {
    // A block that lines handed out still hold on to is theirs to free.
    if buffer.try_reclaim(FIRST_CHUNK) && buffer.capacity() <= POOLED_CAPACITY {
        let _ = INPUTS.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < POOLED_BUFFERS {
                pool.push(buffer);
            }
        });
    }
}

#[inline]
fn pooled_output() -> Vec<u8> {
    let pooled = OUTPUTS.try_with(|pool| pool.borrow_mut().pop()).ok().flatten();
    pooled.unwrap_or_else(|| Vec::with_capacity(FIRST_CHUNK / 2))
}

fn keep_output(mut buffer: Vec<u8>) {
    if (1..=POOLED_CAPACITY).contains(&buffer.capacity()) {
        buffer.clear();
        let _ = OUTPUTS.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < POOLED_BUFFERS {
                pool.push(buffer);
            }
        });
    }
}

/// The memory that waits in the pools of this thread.
pub(super) fn pooled() -> BufferMemory {
    let read = INPUTS.try_with(|pool| pool.borrow().iter().map(BytesMut::capacity).sum());
    let write = OUTPUTS.try_with(|pool| pool.borrow().iter().map(Vec::capacity).sum());
    BufferMemory::new(read.unwrap_or(0), write.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iostream::memory::MemoryPair;
    use crate::random::Random;
    use std::task::Waker;

    /// A transport that takes a few bytes at a time, and the end where they come out.
    fn transports(seed: u64) -> (AnyTransport, AnyTransport) {
        let (near, far) = MemoryPair::new().seed(seed).split().capacity(100_000).transports();
        (AnyTransport::Memory(near), AnyTransport::Memory(far))
    }

    #[test]
    fn whatever_is_appended_leaves_once_and_in_order() {
        for seed in 0..200 {
            let cx = &mut Context::from_waker(Waker::noop());
            let (mut near, mut far) = transports(seed);
            let (mut random, mut output, mut input) = (Random::new(seed), Output::default(), Input::default());
            let (mut expected, mut received) = (Vec::new(), Vec::new());
            for step in 0..60 {
                let sizes = [1, 10, 1000, SHARED_FROM - 1, SHARED_FROM, 2 * SHARED_FROM];
                let most = sizes[random.below(sizes.len())];
                let data = vec![step as u8; random.below(most)];
                expected.extend_from_slice(&data);
                match random.below(3) {
                    0 => output.append(&data),
                    1 => output.append_shared(data.into()),
                    _ => output.tail().extend_from_slice(&data),
                }
                if random.below(2) == 0 {
                    let sent = output.poll_send(&mut near, cx);
                    assert_eq!(sent.is_ready(), output.is_empty());
                }
                // What has left is what is no longer here.
                while let Poll::Ready(read) = input.poll_fill(&mut far, cx, 10_000) {
                    let count = input.len();
                    assert_eq!(read.unwrap(), count);
                    received.extend_from_slice(&input.take(count));
                }
                assert_eq!(received.len() + output.len(), expected.len(), "seed {seed}");
            }
            while output.poll_send(&mut near, cx).is_pending() {
                while input.poll_fill(&mut far, cx, 10_000).is_ready() {}
                received.extend_from_slice(&input.take(input.len()));
            }
            while input.poll_fill(&mut far, cx, 10_000).is_ready() {}
            received.extend_from_slice(input.as_slice());
            assert!(received == expected, "seed {seed}");
        }
    }

    #[test]
    fn what_is_cleared_is_gone_and_the_queue_goes_on() {
        let (mut near, _far) = transports(0);
        let mut output = Output::default();
        output.append(b"12345");
        output.append_shared(vec![b'x'; SHARED_FROM].into());
        output.append(b"67");
        assert_eq!(output.len(), 7 + SHARED_FROM);
        output.clear();
        assert!(output.is_empty());
        output.append(b"abc");
        assert_eq!(output.len(), 3);
        let cx = &mut Context::from_waker(Waker::noop());
        while output.poll_send(&mut near, cx).is_pending() {}
        assert!(output.is_empty());
    }

    #[test]
    fn idle_buffers_hold_no_memory_and_the_next_use_takes_it_up_again() {
        let cx = &mut Context::from_waker(Waker::noop());
        let (mut near, mut far) = transports(0);
        let (mut output, mut input) = (Output::default(), Input::default());
        output.append(b"message");
        let block = output.tail().as_ptr();
        while output.poll_send(&mut near, cx).is_pending() {}
        assert_eq!(output.tail.capacity(), 0);
        assert_eq!(output.tail().as_ptr(), block, "the pool gave the block back");

        while input.poll_fill(&mut far, cx, 10_000).is_ready() {}
        assert_eq!(input.take(7), "message");
        assert!(input.poll_fill(&mut far, cx, 10_000).is_pending());
        assert_eq!(input.bytes.capacity(), 0);
    }

    #[test]
    fn lines_that_are_dropped_in_time_cost_no_further_block() {
        let cx = &mut Context::from_waker(Waker::noop());
        let (mut near, mut far) = transports(0);
        let (mut output, mut input) = (Output::default(), Input::default());
        let mut blocks = Vec::new();
        for _ in 0..1000 {
            output.append(&[b'x'; 100]);
            while output.poll_send(&mut near, cx).is_pending() {}
            while input.len() < 100 {
                let _ = input.poll_fill(&mut far, cx, 10_000);
            }
            blocks.push(input.as_slice().as_ptr() as usize / (64 * 1024));
            drop(input.take(100));
        }
        blocks.sort_unstable();
        blocks.dedup();
        assert!(blocks.len() <= 2, "{} blocks for lines that fit into one", blocks.len());
    }
}
