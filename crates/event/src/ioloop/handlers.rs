//! Handlers: functions that the loop runs whenever a file descriptor is ready.
//!
//! For what has no type of its own in tokio: a descriptor of a C library, a device, an eventfd.
//! Readiness is by level, as in Tornado: a handler that leaves something unread is called again.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};

use super::panics::run_logged;
use super::{IoLoop, Spawned};
use crate::log_targets;

impl IoLoop {
    /// Runs `handler` whenever `source` is ready for `interest`.
    ///
    /// The handler gets the source back, with what it is ready for. The loop keeps the source until
    /// [`remove_handler`](IoLoop::remove_handler) or [`close`](IoLoop::close): an `OwnedFd` or a
    /// socket is closed by that, a `BorrowedFd` (or an `Rc` of a socket that is held elsewhere too)
    /// stays open. Errors and hang-ups of the descriptor are reported as readiness, so that the
    /// handler meets them when it reads or writes. A handler that panics is logged as "exception in
    /// callback" and stays.
    ///
    /// What is watched is a duplicate of the descriptor, so that nothing can close it unseen.
    /// Each call costs two system calls beyond the handler's own: for streams use
    /// `IoStream`. Tornado's `IOLoop.add_handler`.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if the descriptor has a handler on this loop, "fd N added twice"; the
    /// system's error for what cannot be waited for, such as a regular file.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    /// use firewhirl_event::{Interest, IoLoop};
    ///
    /// let (near, mut far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let io_loop = IoLoop::current();
    /// io_loop.add_handler(near, Interest::READABLE, |mut near, _ready| {
    ///     let mut text = [0; 4];
    ///     assert_eq!(near.read(&mut text).unwrap(), 4);
    ///     IoLoop::current().stop();
    /// })?;
    /// far.write_all(b"ping")?;
    /// io_loop.start()?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn add_handler<Source>(
        &self,
        source: Source,
        interest: Interest,
        handler: impl FnMut(&Source, Ready) + 'static,
    ) -> io::Result<()>
    where
        Source: AsFd + 'static,
    {
        let fd = source.as_fd().as_raw_fd();
        if self.is_closed() {
            return Ok(());
        }
        if self.state.handlers.entries.borrow().contains_key(&fd) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("fd {fd} added twice")));
        }
        let mut handler = handler;
        let watch = Rc::new(Watch {
            fd,
            interest: Cell::new(interest),
            registration: RefCell::new(Some({
                let _entered = self.enter();
                register(source.as_fd().try_clone_to_owned()?, interest)?
            })),
            handler: RefCell::new(Some(Box::new(move |ready| handler(&source, ready)))),
            task: RefCell::default(),
        });
        let task = self.spawn(watch.clone().serve());
        self.state.handlers.entries.borrow_mut().insert(fd, Entry { watch, task });
        Ok(())
    }

    /// Changes what the handler of a descriptor waits for.
    ///
    /// Tornado's `IOLoop.update_handler`.
    ///
    /// # Errors
    ///
    /// `NotFound` if the descriptor has no handler; the system's error otherwise.
    pub fn update_handler(&self, source: &impl AsRawFd, interest: Interest) -> io::Result<()> {
        let fd = source.as_raw_fd();
        let entries = self.state.handlers.entries.borrow();
        let Some(entry) = entries.get(&fd) else {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("fd {fd} has no handler")));
        };
        let _entered = self.enter();
        entry.watch.interest.set(interest);
        entry.watch.rearm()?;
        entry.watch.wake();
        Ok(())
    }

    /// Removes the handler of a descriptor; if it has none, nothing happens.
    ///
    /// The handler is not called any more, even if its descriptor was ready already. Tornado's
    /// `IOLoop.remove_handler`.
    pub fn remove_handler(&self, source: &impl AsRawFd) {
        let entry = self.state.handlers.entries.borrow_mut().remove(&source.as_raw_fd());
        drop(entry);
    }
}

/// The handlers of a loop, by their descriptors.
#[derive(Default)]
pub(super) struct HandlerTable {
    entries: RefCell<HashMap<RawFd, Entry>>,
}

impl HandlerTable {
    /// Removes all.
    pub(super) fn clear(&self) {
        let entries = self.entries.take();
        drop(entries);
    }
}

/// A handler in the table; dropping it removes it.
struct Entry {
    watch: Rc<Watch>,
    task: Spawned<()>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        // At once, so that the same descriptor can be added again, and not when the task is dropped.
        drop(self.watch.registration.take());
        // With the handler goes its source, unless the handler itself is what removes it.
        let handler = self.watch.handler.try_borrow_mut().map(|mut handler| handler.take());
        drop(handler);
        self.task.abort();
    }
}

type Handler = Box<dyn FnMut(Ready)>;

/// A descriptor, what is waited for, and who is to be called.
struct Watch {
    fd: RawFd,
    interest: Cell<Interest>,
    /// `None` once the handler was removed.
    registration: RefCell<Option<AsyncFd<OwnedFd>>>,
    handler: RefCell<Option<Handler>>,
    task: RefCell<Option<Waker>>,
}

impl Watch {
    async fn serve(self: Rc<Self>) {
        while let Some(ready) = poll_fn(|cx| self.poll_ready(cx)).await {
            run_logged(|| {
                if let Some(handler) = &mut *self.handler.borrow_mut() {
                    handler(ready);
                }
            });
            if let Err(error) = self.rearm() {
                let fd = self.fd;
                tracing::error!(target: log_targets::APP, "the handler of fd {fd} is not called any more: {error}");
                return;
            }
        }
    }

    /// What the descriptor is ready for; `None` once the handler was removed.
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Option<Ready>> {
        self.task.replace(Some(cx.waker().clone()));
        let registration = self.registration.borrow();
        let Some(registration) = &*registration else { return Poll::Ready(None) };
        let mut ready = Ready::EMPTY;
        if self.interest.get().is_readable() {
            match registration.poll_read_ready(cx) {
                Poll::Ready(Ok(readable)) => ready |= readable.ready(),
                Poll::Ready(Err(_)) => return Poll::Ready(None),
                Poll::Pending => {}
            }
        }
        if self.interest.get().is_writable() {
            match registration.poll_write_ready(cx) {
                Poll::Ready(Ok(writable)) => ready |= writable.ready(),
                Poll::Ready(Err(_)) => return Poll::Ready(None),
                Poll::Pending => {}
            }
        }
        if ready.is_empty() { Poll::Pending } else { Poll::Ready(Some(ready)) }
    }

    /// Registers anew: tokio hears of changes only, but a new registration hears how it is now.
    fn rearm(&self) -> io::Result<()> {
        let mut registration = self.registration.borrow_mut();
        if let Some(earlier) = registration.take() {
            *registration = Some(register(earlier.into_inner(), self.interest.get())?);
        }
        Ok(())
    }

    fn wake(&self) {
        if let Some(task) = &*self.task.borrow() {
            task.wake_by_ref();
        }
    }
}

fn register(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is a duplicate of our own. The `AsyncFd` owns it and gives it to
    // nobody, so it stays open, and the same, for as long as that lives.
    Ok(unsafe { AsyncFd::register_with_interest(fd, interest) }?)
}
