//! A connection in memory, and the same with the faults of a real network.
//!
//! By a seed it cuts reads and writes at random places, delays them by turns of the loop or by time, ends
//! early or resets at a random byte, and does so in the same way each time: a protocol test that fails with a
//! seed fails with it again. Each end draws its own random numbers, so that what one end does changes
//! nothing for the other.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::faults::Faults;
use super::stream::IoStream;
use crate::random::Random;

/// Two connected ends in memory, and what goes wrong between them.
///
/// # Examples
///
/// A protocol has to read the same however the network cuts it:
///
/// ```
/// use firewhirl_event::{IoLoop, StreamError};
/// use firewhirl_event::iostream::MemoryPair;
///
/// # IoLoop::current().run_sync(async {
/// for seed in 0..100 {
///     let (mut near, mut far) = MemoryPair::new().seed(seed).split().delay(3).streams();
///     IoLoop::current().spawn_callback(async move {
///         far.write("first line\nsecond line\n");
///         Ok(far.flush().await?)
///     });
///     assert_eq!(near.read_until(b"\n").await?, "first line\n", "seed {seed}");
///     assert_eq!(near.read_until(b"\n").await?, "second line\n", "seed {seed}");
/// }
///
/// let (mut near, mut far) = MemoryPair::new().reset_after(5).streams();
/// far.write("first line\n");
/// assert!(far.flush().await.is_err());
/// assert!(matches!(near.read_until(b"\n").await, Err(StreamError::Closed { cause: Some(_) })));
/// # Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct MemoryPair {
    capacity: usize,
    seed: u64,
    split: bool,
    turns: u32,
    latency: Duration,
    truncate_after: [Option<u64>; 2],
    reset_after: [Option<u64>; 2],
}

impl MemoryPair {
    /// A pair without faults.
    pub fn new() -> Self {
        Self {
            capacity: 64 * 1024,
            seed: 0,
            split: false,
            turns: 0,
            latency: Duration::ZERO,
            truncate_after: [None; 2],
            reset_after: [None; 2],
        }
    }

    /// A pair that splits and delays, but loses nothing.
    pub fn slow(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let capacity = 1 << random.below(17);
        Self::new().seed(seed).split().delay(3).capacity(capacity)
    }

    /// A pair with every fault: it splits and delays, and of four seeds one ends a direction early and
    /// one resets the connection, somewhere in the first 64 KiB and mostly early.
    pub fn faulty(seed: u64) -> Self {
        let mut pair = Self::slow(seed);
        let mut random = Random::new(!seed);
        let size = 1 << random.below(17);
        let (direction, at) = (random.below(2), Some(random.below(size) as u64));
        match random.below(4) {
            0 => pair.truncate_after[direction] = at,
            1 => pair.reset_after[direction] = at,
            _ => {}
        }
        pair
    }

    /// What the random numbers come from. Default: 0.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Bytes that each direction holds before its writer has to wait, at least 1. Default: 64 KiB.
    pub fn capacity(self, bytes: usize) -> Self {
        Self { capacity: bytes.max(1), ..self }
    }

    /// Cuts reads and writes at random places.
    pub fn split(self) -> Self {
        Self { split: true, ..self }
    }

    /// Lets every other read and write wait, up to so many turns of the loop.
    pub fn delay(self, turns: u32) -> Self {
        Self { turns, ..self }
    }

    /// Lets every other read and write wait, up to so many milliseconds on the loop's clock. On one that is paused, as tests
    /// do it, that takes no time but changes what comes first. Default: none.
    pub fn latency(self, most: Duration) -> Self {
        Self { latency: most, ..self }
    }

    /// Ends each direction after so many bytes: the reader sees the end, the writer a broken pipe.
    pub fn truncate_after(self, bytes: u64) -> Self {
        Self { truncate_after: [Some(bytes); 2], ..self }
    }

    /// Resets the connection once either direction has carried so many bytes: both ends get
    /// `ECONNRESET`, and what was on its way is lost.
    pub fn reset_after(self, bytes: u64) -> Self {
        Self { reset_after: [Some(bytes); 2], ..self }
    }

    /// The two ends as streams.
    pub fn streams(self) -> (IoStream, IoStream) {
        let (near, far) = self.transports();
        (near.into(), far.into())
    }

    /// The two ends as they are, for what is laid over an `AsyncRead + AsyncWrite`.
    pub fn transports(self) -> (MemoryTransport, MemoryTransport) {
        let [out, back] = [0, 1].map(|direction| {
            Rc::new(RefCell::new(Channel {
                capacity: self.capacity,
                truncate_after: self.truncate_after[direction],
                reset_after: self.reset_after[direction],
                ..Channel::default()
            }))
        });
        let faults = |end: u64| {
            let is_faulty = self.split || self.turns > 0 || !self.latency.is_zero();
            let seed = self.seed.wrapping_mul(2).wrapping_add(end);
            is_faulty.then(|| Box::new(Faults::new(seed, self.split, self.turns, self.latency)))
        };
        let near = MemoryTransport { incoming: back.clone(), outgoing: out.clone(), faults: faults(0) };
        let far = MemoryTransport { incoming: out, outgoing: back, faults: faults(1) };
        near.carry();
        far.carry();
        (near, far)
    }
}

impl Default for MemoryPair {
    fn default() -> Self {
        Self::new()
    }
}

/// One end of a connection in memory.
pub struct MemoryTransport {
    incoming: Rc<RefCell<Channel>>,
    outgoing: Rc<RefCell<Channel>>,
    faults: Option<Box<Faults>>,
}

/// One direction.
#[derive(Debug, Default)]
struct Channel {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// Bytes that have entered so far.
    carried: u64,
    truncate_after: Option<u64>,
    reset_after: Option<u64>,
    /// No more comes: the writer has shut its side or is gone.
    ended: bool,
    /// Nobody reads any more.
    abandoned: bool,
    reset: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    watcher: Option<Waker>,
}

impl Channel {
    /// Bytes that may enter before something happens.
    fn room(&self) -> usize {
        let cut = [self.truncate_after, self.reset_after].into_iter().flatten().min().unwrap_or(u64::MAX);
        let until_cut = usize::try_from(cut.saturating_sub(self.carried)).unwrap_or(usize::MAX);
        (self.capacity - self.bytes.len()).min(until_cut)
    }

    fn end(&mut self) {
        self.ended = true;
        self.wake();
    }

    fn reset(&mut self) {
        self.reset = true;
        self.bytes.clear();
        self.wake();
    }

    fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take(), self.watcher.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}

impl MemoryTransport {
    /// What tells that the other end has closed.
    pub(super) fn watch(&self) -> MemoryWatch {
        MemoryWatch { incoming: self.incoming.clone() }
    }

    /// Brings about what is due after the bytes that the outgoing direction has carried.
    fn carry(&self) {
        let mut outgoing = self.outgoing.borrow_mut();
        if outgoing.reset_after.is_some_and(|bytes| outgoing.carried >= bytes) {
            outgoing.reset();
            self.incoming.borrow_mut().reset();
        } else if outgoing.truncate_after.is_some_and(|bytes| outgoing.carried >= bytes) {
            outgoing.end();
        }
    }

    fn read(&mut self, cx: &mut Context<'_>, window: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut incoming = self.incoming.borrow_mut();
        if incoming.reset {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        if incoming.bytes.is_empty() && !incoming.ended {
            incoming.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut count = window.remaining().min(incoming.bytes.len());
        if let Some(faults) = &mut self.faults {
            count = faults.cut(count);
        }
        let (front, back) = incoming.bytes.as_slices();
        let in_front = count.min(front.len());
        window.put_slice(&front[..in_front]);
        window.put_slice(&back[..count - in_front]);
        incoming.bytes.drain(..count);
        if let Some(writer) = incoming.writer.take() {
            writer.wake();
        }
        Poll::Ready(Ok(()))
    }

    fn write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = {
            let mut outgoing = self.outgoing.borrow_mut();
            if outgoing.reset {
                return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
            }
            if outgoing.ended || outgoing.abandoned {
                return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
            }
            let mut count = bytes.len().min(outgoing.room());
            if count == 0 && !bytes.is_empty() {
                outgoing.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
            if let Some(faults) = &mut self.faults {
                count = faults.cut(count);
            }
            outgoing.bytes.extend(&bytes[..count]);
            outgoing.carried += count as u64;
            if let Some(reader) = outgoing.reader.take() {
                reader.wake();
            }
            count
        };
        self.carry();
        Poll::Ready(Ok(count))
    }
}

impl AsyncRead for MemoryTransport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, window: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(faults) = &mut this.faults {
            ready!(faults.reads.poll(cx));
        }
        let read = this.read(cx, window);
        if let (Some(faults), Poll::Ready(_)) = (&mut this.faults, &read) {
            faults.delay_read();
        }
        read
    }
}

impl AsyncWrite for MemoryTransport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(faults) = &mut this.faults {
            ready!(faults.writes.poll(cx));
        }
        let written = this.write(cx, bytes);
        if let (Some(faults), Poll::Ready(_)) = (&mut this.faults, &written) {
            faults.delay_write();
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.borrow_mut().end();
        Poll::Ready(Ok(()))
    }
}

impl Drop for MemoryTransport {
    fn drop(&mut self) {
        self.outgoing.borrow_mut().end();
        let mut incoming = self.incoming.borrow_mut();
        incoming.abandoned = true;
        incoming.wake();
    }
}

impl fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTransport").finish_non_exhaustive()
    }
}

/// Tells that the other end of a connection in memory has closed.
pub(super) struct MemoryWatch {
    incoming: Rc<RefCell<Channel>>,
}

impl MemoryWatch {
    pub(super) fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut incoming = self.incoming.borrow_mut();
        if incoming.ended || incoming.reset {
            return Poll::Ready(());
        }
        incoming.watcher = Some(cx.waker().clone());
        Poll::Pending
    }
}
