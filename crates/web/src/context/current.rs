//! The request that is being handled right now, for what is called from a handler and not handed its
//! context: a log line, above all.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;

use firewhirl_event::watchdog::labelled;

use super::Context;

thread_local! {
    static CURRENT: Cell<Option<Rc<Context>>> = const { Cell::new(None) };
}

impl Context {
    /// Calls `look` with the request whose handler runs in this thread at this moment; `None` if none does.
    ///
    /// Within a verb, a site's hooks and all that they call and await, this is their request, however many
    /// others take turns with it. What they spawn runs by itself, and has none. It is what puts the ids of a
    /// request into the lines that are logged while it is handled.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::Context;
    ///
    /// /// Knows for whom it counts, without having been told.
    /// fn count(what: &str) -> String {
    ///     Context::with_current(|cx| format!("{what} for {}", cx.request_id())).unwrap_or_else(|| what.to_owned())
    /// }
    /// assert_eq!(count("a page"), "a page");
    /// ```
    pub fn with_current<R>(look: impl FnOnce(&Context) -> R) -> Option<R> {
        let current = CURRENT.try_with(|current| {
            let context = current.take();
            current.set(context.clone());
            context
        });
        current.ok().flatten().map(|context| look(&context))
    }

    /// Runs a future as this request's.
    #[inline]
    pub(crate) async fn as_current<F: Future>(self: &Rc<Self>, mut future: Pin<&mut F>) -> F::Output {
        std::future::poll_fn(|task| {
            let _turn = self.turn();
            labelled(&self.label(), || future.as_mut().poll(task))
        })
        .await
    }

    /// Makes this the current request for as long as the returned value lives.
    #[inline]
    pub(crate) fn turn(self: &Rc<Self>) -> Turn {
        // Gone only in a thread that is ending.
        Turn(CURRENT.try_with(|current| current.replace(Some(Rc::clone(self)))).ok().flatten())
    }
}

/// A time in which a request is the current one; holds the one around it, if there is one.
#[must_use = "it ends when it is dropped"]
pub(crate) struct Turn(Option<Rc<Context>>);

impl Drop for Turn {
    fn drop(&mut self) {
        let outer = self.0.take();
        let _ = CURRENT.try_with(|current| current.set(outer));
    }
}
