//! A future that has begun: it is in its line, and polled again only once it has been woken.
//!
//! What Tornado's tests ask of a future that nobody awaits yet (`future.done()`), these tests ask
//! of a [`Begun`]. One that is ready but was not woken is not done, so a lost wake-up is seen.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

pub(crate) struct Begun<Wait: Future> {
    wait: Pin<Box<Wait>>,
    woken: Arc<Woken>,
    output: Option<Wait::Output>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) fn begin<Wait: Future>(wait: Wait) -> Begun<Wait> {
    let mut begun = Begun { wait: Box::pin(wait), woken: Arc::new(Woken(AtomicBool::new(true))), output: None };
    begun.is_done();
    begun
}

impl<Wait: Future> Begun<Wait> {
    pub(crate) fn is_done(&mut self) -> bool {
        if self.output.is_none() && self.woken.0.swap(false, Ordering::Relaxed) {
            let waker = Waker::from(self.woken.clone());
            if let Poll::Ready(output) = self.wait.as_mut().poll(&mut Context::from_waker(&waker)) {
                self.output = Some(output);
            }
        }
        self.output.is_some()
    }

    /// What the future gave; fails the test if it has not been woken with something.
    pub(crate) fn done(mut self) -> Wait::Output {
        assert!(self.is_done(), "the future still waits");
        self.output.take().expect("done")
    }

    /// Awaits the rest of it on a loop.
    pub(crate) async fn finish(mut self) -> Wait::Output {
        match self.output.take() {
            Some(output) => output,
            None => poll_fn(|cx| self.wait.as_mut().poll(cx)).await,
        }
    }
}
