//! A callback-style call as a future.
//!
//! Tornado's `gen.Task` and `gen.Arguments`, for the many interfaces that take a function to be
//! called when they are done.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// Makes a callback-style call and gives a future for what it calls back with.
///
/// `start` is run at once. It gets a [`Done`], and makes of it the callback that it passes on:
/// [`none`](Done::none), [`one`](Done::one), [`two`](Done::two) or [`three`](Done::three) by the
/// number of arguments, or any closure with [`send`](Done::send) in it. The callback may be called
/// at once, later, or from another thread, if its arguments may go there.
///
/// # Errors
///
/// The future gives [`CallbackDropped`] if the callback is dropped without having been called:
/// never a hang.
///
/// # Cancel safety
///
/// If the future is dropped, the callback can still be called; it does nothing then.
///
/// # Examples
///
/// ```
/// use firewhirl_event::IoLoop;
/// use firewhirl_event::coroutine::callback;
///
/// fn divide(number: u32, by: u32, done: impl FnOnce(u32, u32) + 'static) {
///     IoLoop::current().add_callback(move || done(number / by, number % by));
/// }
///
/// # IoLoop::current().run_sync(async {
/// let (quotient, rest) = callback(|done| divide(17, 5, done.two())).await?;
/// assert_eq!((quotient, rest), (3, 2));
/// # Ok(()) }).unwrap();
/// ```
///
/// From another thread, and with a shape of its own:
///
/// ```
/// # use firewhirl_event::{IoLoop, coroutine::callback};
/// fn in_thread(done: Box<dyn FnOnce(&str) + Send>) {
///     std::thread::spawn(move || done("from the thread"));
/// }
///
/// # IoLoop::current().run_sync(async {
/// let text = callback(|done| in_thread(Box::new(move |text| done.send(text.to_owned())))).await?;
/// assert_eq!(text, "from the thread");
/// # Ok(()) }).unwrap();
/// ```
pub fn callback<T>(start: impl FnOnce(Done<T>)) -> Callback<T> {
    let (answer, result) = oneshot::channel();
    start(Done(answer));
    Callback(result)
}

/// What a callback is made of: the end that says "done".
///
/// It is `Send` if the arguments are.
#[must_use = "a callback that is dropped is an error for whoever waits"]
pub struct Done<T>(oneshot::Sender<T>);

impl<T> Done<T> {
    /// Ends the wait with `value`.
    pub fn send(self, value: T) {
        // If nobody waits any more, nobody misses it.
        let _ = self.0.send(value);
    }

    /// A callback with one argument, which is the result.
    pub fn one(self) -> impl FnOnce(T) + use<T> {
        move |value| self.send(value)
    }
}

impl Done<()> {
    /// A callback without arguments.
    pub fn none(self) -> impl FnOnce() + use<> {
        move || self.send(())
    }
}

impl<First, Second> Done<(First, Second)> {
    /// A callback with two arguments, which come as a pair.
    pub fn two(self) -> impl FnOnce(First, Second) + use<First, Second> {
        move |first, second| self.send((first, second))
    }
}

impl<First, Second, Third> Done<(First, Second, Third)> {
    /// A callback with three arguments, which come as a tuple.
    pub fn three(self) -> impl FnOnce(First, Second, Third) + use<First, Second, Third> {
        move |first, second, third| self.send((first, second, third))
    }
}

/// The future that [`callback`] gives: what the callback was called with.
#[must_use = "futures do nothing unless awaited"]
pub struct Callback<T>(oneshot::Receiver<T>);

impl<T> Future for Callback<T> {
    type Output = Result<T, CallbackDropped>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.get_mut().0).poll(cx).map_err(|_| CallbackDropped)
    }
}

/// The callback was dropped without having been called, so its result will never come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackDropped;

impl fmt::Display for CallbackDropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the callback was dropped without having been called")
    }
}

impl std::error::Error for CallbackDropped {}
