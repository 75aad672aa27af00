//! Responses that are finished after their verb has returned: Tornado's `@asynchronous`.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::rc::Rc;
use std::task::{Poll, Waker};

use firewhirl_event::Result;

use super::Context;

impl Context {
    /// Lets the response be finished after the verb has returned, from any callback on the loop.
    ///
    /// The handle is the context itself, owned: it writes, sets headers and ends the exchange with
    /// [`finish`](Self::finish). Dropped unfinished it answers 500 and the route is logged: a client never
    /// waits in vain. From another thread it is reached through
    /// [`IoLoop::keep`](firewhirl_event::IoLoop::keep). Long polling is simpler: it is an `await`.
    ///
    /// # Panics
    ///
    /// On the `&Context` of a [`Later`] whose exchange is over; in a handler never, and
    /// [`Later::finish_later`] never.
    ///
    /// # Examples
    ///
    /// A callback finishes what the handler began:
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::{IoLoop, Result};
    /// use firewhirl_web::Context;
    ///
    /// async fn soon(cx: &Context) -> Result {
    ///     let later = cx.finish_later();
    ///     IoLoop::current().call_later(Duration::from_millis(10), move || {
    ///         if let Err(error) = later.finish("here it is") {
    ///             eprintln!("{error}");
    ///         }
    ///     });
    ///     Ok(())
    /// }
    /// ```
    pub fn finish_later(&self) -> Later {
        // The server puts it there before the handler runs, and takes it out once the handler is gone; a
        // `Later`, which may outlive both, has a method of its own.
        Later::of(self.this.borrow().clone().expect("the exchange goes on"))
    }
}

/// A response that is finished later; made by [`Context::finish_later`].
///
/// It is the context: all its methods are here. A second one keeps the response open as well. Kept past
/// the end it reads the request as before, and nothing else: what would wait on the connection or take
/// it answers "closed", for the connection may serve another request by then.
#[must_use = "dropped unfinished, it answers 500"]
pub struct Later {
    context: Rc<Context>,
}

impl Later {
    fn of(context: Rc<Context>) -> Self {
        context.deferral.asked_for.set(true);
        context.deferral.handles.set(context.deferral.handles.get() + 1);
        Self { context }
    }

    /// A second handle to the same response.
    pub fn finish_later(&self) -> Self {
        Self::of(Rc::clone(&self.context))
    }
}

impl Deref for Later {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        let deferral = &self.context.deferral;
        deferral.handles.set(deferral.handles.get() - 1);
        deferral.wake();
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Later").field(&*self.context).finish()
    }
}

/// Whether a response is finished later, and who waits for that.
#[derive(Default)]
pub(super) struct Deferral {
    asked_for: Cell<bool>,
    handles: Cell<usize>,
    waiting: RefCell<Option<Waker>>,
}

impl Deferral {
    pub(super) fn is_asked_for(&self) -> bool {
        self.asked_for.get()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Tells whoever waits that something has changed.
    pub(super) fn wake(&self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    /// Waits until the response is finished.
    ///
    /// # Errors
    ///
    /// [`Unfinished`] if the last handle was dropped before.
    pub(super) async fn settled(&self, cx: &Context) -> Result {
        poll_fn(|task| {
            if cx.is_finished() {
                return Poll::Ready(Ok(()));
            }
            if self.handles.get() == 0 {
                return Poll::Ready(Err(Unfinished.into()));
            }
            *self.waiting.borrow_mut() = Some(task.waker().clone());
            Poll::Pending
        })
        .await
    }
}

/// A response was to be finished later, and whoever was to do it gave up; answered 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished;

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("finish_later() was dropped unfinished")
    }
}

impl std::error::Error for Unfinished {}
