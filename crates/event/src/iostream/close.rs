//! Noticing that the peer has gone: `poll_closed` for a stream's owner, a callback for everyone else.
//!
//! The callback has to run even while nobody polls the stream. A task of its own waits for that, on a
//! second descriptor of the same socket, which tells "the peer has closed" without reading a byte.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};
use tokio::sync::Notify;

use super::memory::MemoryWatch;
use super::stream::IoStream;
use super::transport::AnyTransport;
use crate::IoLoop;

/// Bytes that are read ahead to find the peer's end behind them.
const READ_AHEAD: usize = 16 * 1024;

impl IoStream {
    /// Waits until the peer has closed, or the stream is closed otherwise.
    ///
    /// What is queued is sent meanwhile. What the peer sends is kept for the next read, up to 16 KiB; a
    /// peer that has sent more and then closes is noticed when that has been read. Of the writing end of
    /// a pipe nothing is noticed but by writing.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream};
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (mut near, mut far) = IoStream::pair()?;
    /// far.write("last words");
    /// far.close();
    /// near.wait_closed().await;
    /// assert_eq!(near.read_bytes(10).await?, "last words");
    /// # Ok(()) }).unwrap();
    /// ```
    pub async fn wait_closed(&mut self) {
        poll_fn(|cx| {
            if self.writing() {
                // An error is found again by the read below, or leaves the peer's last bytes to it.
                let _ = self.poll_send(cx);
            }
            self.poll_closed(cx)
        })
        .await;
    }

    /// Whether the peer has closed, read-ahead as in [`wait_closed`](Self::wait_closed) but without
    /// sending anything.
    ///
    /// A server polls this beside a handler that may take long.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(self.transport, Some(AnyTransport::PipeWriter(_))) {
            return Poll::Pending;
        }
        loop {
            if self.closed() || self.eof {
                return Poll::Ready(());
            }
            if self.input.len() >= READ_AHEAD.min(self.limits.max_buffer_size) {
                return Poll::Pending;
            }
            if ready!(self.poll_fill(cx)).is_err() {
                return Poll::Ready(());
            }
        }
    }

    /// Runs `callback` on the loop once the stream is closed, or its peer has closed.
    ///
    /// It runs once, on a later turn of the loop and never inside a call of the stream, also while nobody
    /// reads, and also when the stream is dropped. Bytes that the peer sent before it closed may still be
    /// unread then. A stream over a transport of another kind ([`IoStream::over`]) has no descriptor to
    /// watch: there a peer's close is noticed by the next read, flush or poll. Another callback replaces
    /// this one. A panic in it is logged, as any callback's is. Tornado's
    /// `IOStream.set_close_callback`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use firewhirl_event::{IoLoop, IoStream};
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (mut near, far) = IoStream::pair()?;
    /// let gone = Rc::new(Cell::new(false));
    /// near.set_close_callback({
    ///     let gone = gone.clone();
    ///     move || gone.set(true)
    /// });
    /// drop(far);
    /// near.wait_closed().await;
    /// tokio::task::yield_now().await;
    /// assert!(gone.get());
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn set_close_callback(&mut self, callback: impl FnOnce() + 'static) {
        if let Some(watch) = self.close_watch.as_ref().filter(|watch| !watch.is_over.get()) {
            watch.callback.set(Some(Box::new(callback)));
            return;
        }
        let io_loop = IoLoop::current();
        let _entered = io_loop.enter();
        let watch = Rc::new(CloseWatch {
            callback: Cell::new(Some(Box::new(callback))),
            ended: Notify::new(),
            is_over: Cell::new(false),
            peer: RefCell::new(self.transport.as_ref().and_then(PeerWatch::new)),
        });
        if self.closed() {
            watch.closed();
        } else {
            self.close_watch = Some(watch.clone());
        }
        io_loop.spawn_callback(watch.run());
    }

    /// Drops the close callback without running it.
    pub fn clear_close_callback(&mut self) {
        if let Some(watch) = self.close_watch.take() {
            watch.callback.set(None);
            watch.closed();
        }
    }
}

/// What a stream and the task that watches it share.
pub(super) struct CloseWatch {
    callback: Cell<Option<Box<dyn FnOnce()>>>,
    ended: Notify,
    /// The task has seen the end; another callback needs another task.
    is_over: Cell<bool>,
    peer: RefCell<Option<PeerWatch>>,
}

impl CloseWatch {
    /// Tells the task that the stream is closed.
    pub(super) fn closed(&self) {
        // At once, not when the task runs: as long as this descriptor lives, the peer sees no end.
        self.peer.take();
        self.ended.notify_one();
    }

    async fn run(self: Rc<Self>) {
        {
            let mut ended = pin!(self.ended.notified());
            poll_fn(|cx| match ended.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => match &*self.peer.borrow() {
                    Some(peer) => peer.poll_closed(cx),
                    None => Poll::Pending,
                },
            })
            .await;
        }
        self.is_over.set(true);
        self.peer.take();
        if let Some(callback) = self.callback.take() {
            callback();
        }
    }
}

/// What tells that the other side has closed, without reading.
enum PeerWatch {
    Readable(AsyncFd<OwnedFd>),
    Writable(AsyncFd<OwnedFd>),
    Memory(MemoryWatch),
}

impl PeerWatch {
    /// `None` where the transport has nothing to watch, or the process no descriptor to spare.
    fn new(transport: &AnyTransport) -> Option<Self> {
        let transport = transport.bottom();
        if let AnyTransport::Memory(memory) = transport {
            return Some(Self::Memory(memory.watch()));
        }
        let second = transport.descriptor()?.try_clone_to_owned().ok()?;
        let writes = matches!(transport, AnyTransport::PipeWriter(_));
        let interest = if writes { Interest::WRITABLE } else { Interest::READABLE };
        // SAFETY: an `OwnedFd` is open for as long as it lives, and always names the same descriptor.
        let watched = unsafe { AsyncFd::register_with_interest(second, interest) }.ok()?;
        Some(if writes { Self::Writable(watched) } else { Self::Readable(watched) })
    }

    fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let (guard, is_closed): (_, fn(Ready) -> bool) = match self {
                Self::Memory(memory) => return memory.poll_closed(cx),
                Self::Readable(descriptor) => (descriptor.poll_read_ready(cx), Ready::is_read_closed),
                Self::Writable(descriptor) => (descriptor.poll_write_ready(cx), Ready::is_write_closed),
            };
            // The reactor goes away only with the loop, and then there is nothing left to tell.
            let Ok(mut guard) = ready!(guard) else { return Poll::Pending };
            if is_closed(guard.ready()) {
                return Poll::Ready(());
            }
            // Bytes have arrived; the next edge tells what came after them.
            guard.clear_ready();
        }
    }
}
