//! Several futures polled by one: each is polled only when it was woken itself, so that a thousand
//! of them cost a thousand polls and not a million.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Futures of one kind that run together.
pub(super) struct Children<Child> {
    running: Vec<Option<Running<Child>>>,
    unfinished: usize,
    woken: Arc<WokenList>,
    /// Those whose turn it is in this poll.
    turn: std::vec::IntoIter<usize>,
    order: Order,
}

/// In which order those are polled that were woken for the same turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As they were given, so that they take fair turns.
    Given,
    /// As they were woken, so that the first to be ready is the first to finish.
    Woken,
}

struct Running<Child> {
    future: Pin<Box<Child>>,
    waker: Waker,
}

impl<Child: Future> Children<Child> {
    pub(super) fn new(futures: impl IntoIterator<Item = Child>, order: Order) -> Self {
        let woken = Arc::new(WokenList::default());
        let running: Vec<_> = futures
            .into_iter()
            .enumerate()
            .map(|(index, future)| {
                let waker = Arc::new(ChildWaker { index, list: woken.clone() }).into();
                Some(Running { future: Box::pin(future), waker })
            })
            .collect();
        let turn = (0..running.len()).collect::<Vec<_>>().into_iter();
        Self { unfinished: running.len(), running, woken, turn, order }
    }

    /// How many have not finished.
    pub(super) fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// The next that finishes, with its index; `None` once all have.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, Child::Output)>> {
        if self.unfinished == 0 {
            return Poll::Ready(None);
        }
        self.woken.call(cx.waker());
        if self.turn.as_slice().is_empty() {
            let mut turn = self.woken.take();
            if self.order == Order::Given {
                turn.sort_unstable();
            }
            self.turn = turn.into_iter();
        }
        for index in self.turn.by_ref() {
            // A child may be woken after its end, or twice.
            let Some(child) = &mut self.running[index] else { continue };
            let waker = child.waker.clone();
            if let Poll::Ready(output) = child.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                self.running[index] = None;
                self.unfinished -= 1;
                return Poll::Ready(Some((index, output)));
            }
        }
        // Whoever was woken during this turn has its next one after the loop has turned. If another
        // task polled before us, the wake went there.
        if self.woken.any() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// The children that were woken, in order, and whom that is to wake.
#[derive(Default)]
struct WokenList {
    state: Mutex<Woken>,
}

#[derive(Default)]
struct Woken {
    indices: Vec<usize>,
    parent: Option<Waker>,
}

impl WokenList {
    fn call(&self, parent: &Waker) {
        let mut state = self.lock();
        if !state.parent.as_ref().is_some_and(|known| known.will_wake(parent)) {
            state.parent = Some(parent.clone());
        }
    }

    fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.lock().indices)
    }

    fn any(&self) -> bool {
        !self.lock().indices.is_empty()
    }

    fn push(&self, index: usize) {
        let mut state = self.lock();
        state.indices.push(index);
        let parent = state.parent.clone();
        drop(state);
        if let Some(parent) = parent {
            parent.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Woken> {
        // Nothing panics under the lock; if it did, the list would still be a list.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct ChildWaker {
    index: usize,
    list: Arc<WokenList>,
}

impl Wake for ChildWaker {
    fn wake(self: Arc<Self>) {
        self.list.push(self.index);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.list.push(self.index);
    }
}
