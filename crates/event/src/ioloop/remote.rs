//! What other threads may do with a loop: queue callbacks, stop it, and reach values that stay on it.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::IoLoop;
use crate::watchdog;

/// What another thread wants to be run. It is given the loop on which it has arrived.
type RemoteCallback = Box<dyn FnOnce(&IoLoop) + Send>;

/// A handle to a loop for other threads.
///
/// It does not keep the loop alive. Tornado's rule that `add_callback` is the only method for
/// other threads is a type here.
///
/// # Examples
///
/// ```
/// use firewhirl_event::IoLoop;
///
/// let io_loop = IoLoop::current();
/// let remote = io_loop.remote();
/// let thread = std::thread::spawn(move || remote.add_callback(|| IoLoop::current().stop()));
/// io_loop.start()?;
/// assert!(thread.join().unwrap(), "the loop was there");
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone)]
pub struct RemoteIoLoop {
    inbox: Arc<Mutex<Inbox>>,
}

#[derive(Default)]
struct Inbox {
    waiting: Vec<RemoteCallback>,
    dispatcher: Option<Waker>,
    closed: bool,
}

impl IoLoop {
    /// A handle that other threads may have.
    pub fn remote(&self) -> RemoteIoLoop {
        self.state.remote.clone()
    }

    /// Keeps `value` on this loop and gives a handle to it that may go to other threads.
    ///
    /// Values of a loop are usually not `Send` (`Rc`, streams, responses), so a thread that has
    /// worked out an answer cannot deliver it itself. It can send a function to where the value
    /// is: [`LoopBound::with`].
    ///
    /// # Examples
    ///
    /// A thread finishes something that lives on the loop:
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use firewhirl_event::IoLoop;
    ///
    /// let io_loop = IoLoop::current();
    /// let answer = Rc::new(Cell::new(0));        // an `Rc`: it cannot leave the thread
    /// let bound = io_loop.keep(answer.clone());  // this can
    /// std::thread::spawn(move || {
    ///     let result = 6 * 7;
    ///     bound.with(move |answer| {
    ///         answer.set(result);
    ///         IoLoop::current().stop();
    ///     });
    /// });
    /// io_loop.start()?;
    /// assert_eq!(answer.get(), 42);
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn keep<T: 'static>(&self, value: T) -> LoopBound<T> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let key = NEXT.fetch_add(1, Ordering::Relaxed);
        if !self.is_closed() {
            self.state.kept.values.borrow_mut().insert(key, Rc::new(value));
        }
        LoopBound { place: Arc::new(Place { key, remote: self.remote() }), value: PhantomData }
    }
}

impl RemoteIoLoop {
    pub(super) fn new() -> Self {
        Self { inbox: Arc::default() }
    }

    /// Runs `callback` on a later turn of the loop, and wakes the loop if it sleeps.
    ///
    /// Callbacks of one thread run in the order in which it added them. Inside one,
    /// [`IoLoop::current`] is the loop. Returns whether the loop was there to take it; on a closed
    /// loop the callback is dropped. Tornado's `IOLoop.add_callback`, from another thread.
    pub fn add_callback(&self, callback: impl FnOnce() + Send + 'static) -> bool {
        let label = watchdog::callback_label(&callback);
        self.add(Box::new(move |_| watchdog::labelled(label, callback)))
    }

    /// Stops the loop, as [`IoLoop::stop`] does. Returns whether it was there.
    pub fn stop(&self) -> bool {
        self.add(Box::new(IoLoop::stop))
    }

    fn add(&self, callback: RemoteCallback) -> bool {
        let mut inbox = self.lock();
        if inbox.closed {
            // The callback is dropped after the lock, for its drop may be anything.
            drop(inbox);
            return false;
        }
        inbox.waiting.push(callback);
        let dispatcher = inbox.dispatcher.clone();
        drop(inbox);
        if let Some(dispatcher) = dispatcher {
            dispatcher.wake();
        }
        true
    }

    /// Has the loop look into its inbox, empty or not.
    pub(crate) fn wake(&self) {
        // Not while it holds the lock itself, and then it looks anyway.
        let dispatcher = self.inbox.try_lock().ok().and_then(|inbox| inbox.dispatcher.clone());
        if let Some(dispatcher) = dispatcher {
            dispatcher.wake();
        }
    }

    /// Takes what has come, and leaves word whom to wake for more.
    pub(super) fn take_waiting(&self, dispatcher: &Waker) -> Vec<RemoteCallback> {
        let mut inbox = self.lock();
        if !inbox.dispatcher.as_ref().is_some_and(|waker| waker.will_wake(dispatcher)) {
            inbox.dispatcher = Some(dispatcher.clone());
        }
        std::mem::take(&mut inbox.waiting)
    }

    /// Takes nothing more. What waited is given back, to be dropped once the loop is gone.
    pub(super) fn close(&self) -> impl Sized + use<> {
        let mut inbox = self.lock();
        inbox.closed = true;
        (std::mem::take(&mut inbox.waiting), inbox.dispatcher.take())
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        // Nothing panics under the lock; if it did, the queue would still be a queue.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RemoteIoLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inbox = self.lock();
        f.debug_struct("RemoteIoLoop").field("waiting", &inbox.waiting.len()).field("closed", &inbox.closed).finish()
    }
}

/// The values that a loop keeps for [`LoopBound`] handles.
#[derive(Default)]
pub(super) struct KeptValues {
    values: RefCell<HashMap<u64, Rc<dyn Any>>>,
}

impl KeptValues {
    pub(super) fn clear(&self) {
        drop(self.values.take());
    }
}

/// A handle, for any thread, to a value that stays on its loop.
///
/// The value is used, and in the end dropped, on the loop's own thread only: once the last handle
/// is gone, or when the loop is closed. Made by [`IoLoop::keep`].
pub struct LoopBound<T> {
    place: Arc<Place>,
    /// The handle has no `T`; it only says which type lies at the place.
    value: PhantomData<fn(&T)>,
}

struct Place {
    key: u64,
    remote: RemoteIoLoop,
}

impl<T: 'static> LoopBound<T> {
    /// Runs `function` on the loop, on a later turn, with the value.
    ///
    /// Returns whether the loop was there to take it; a closed loop has dropped the value, and
    /// `function` is dropped too.
    pub fn with(&self, function: impl FnOnce(&T) + Send + 'static) -> bool {
        let place = self.place.clone();
        let label = watchdog::callback_label(&function);
        self.place.remote.add(Box::new(move |io_loop| {
            let value = io_loop.state.kept.values.borrow().get(&place.key).cloned();
            if let Some(value) = value.and_then(|value| value.downcast::<T>().ok()) {
                watchdog::labelled(label, || function(&value));
            }
        }))
    }

    /// The loop on which the value is.
    pub fn remote(&self) -> &RemoteIoLoop {
        &self.place.remote
    }
}

impl<T> Clone for LoopBound<T> {
    fn clone(&self) -> Self {
        Self { place: self.place.clone(), value: PhantomData }
    }
}

impl<T> fmt::Debug for LoopBound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopBound").field("value", &std::any::type_name::<T>()).finish()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let key = self.key;
        self.remote.add(Box::new(move |io_loop| {
            // Out of the table first: the value's drop may use the table.
            let value = io_loop.state.kept.values.borrow_mut().remove(&key);
            drop(value);
        }));
    }
}
