//! The futures of a connection's streams, polled by the connection's own task.
//!
//! A request then costs no task: its future is put in a place that an earlier one has left, whose memory
//! and waker it uses again. Each is polled only when it was woken itself. What is woken while the
//! connection's task runs is seen to in the same turn; so answers that become ready together leave together.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// As many places keep their memory while no stream is open. A client that asks for a page's parts has a
/// dozen or two open, over and over, and ours come to an end together.
const IDLE_PLACES: usize = 32;

/// The futures, each in its place.
pub(super) struct Work<Future> {
    places: Vec<Place<Future>>,
    /// Those without a future.
    free: Vec<usize>,
    woken: Arc<Woken>,
}

struct Place<Future> {
    future: Pin<Box<Option<Future>>>,
    waker: Waker,
}

impl<Serving: Future<Output = ()>> Work<Serving> {
    pub(super) fn new(woken: Arc<Woken>) -> Self {
        Self { places: Vec::new(), free: Vec::new(), woken }
    }

    /// How many futures there are.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Puts the future that `begin` makes in a place, whose number it gives. The first poll is the caller's.
    #[inline]
    pub(super) fn add(&mut self, begin: impl FnOnce() -> Serving) -> usize {
        if let Some(index) = self.free.pop() {
            self.places[index].future.set(Some(begin()));
            return index;
        }
        let index = self.places.len();
        let waker = Arc::new(StreamWaker { index, woken: Arc::clone(&self.woken) }).into();
        self.places.push(Place { future: Box::pin(Some(begin())), waker });
        index
    }

    /// Polls the future in a place, if there is one: it may have been woken after its end, or twice.
    pub(super) fn poll(&mut self, index: usize) {
        let Some(Place { future, waker }) = self.places.get_mut(index) else { return };
        let Some(serving) = future.as_mut().as_pin_mut() else { return };
        if serving.poll(&mut Context::from_waker(waker)).is_ready() {
            future.set(None);
            self.free.push(index);
            if self.free.len() == self.places.len() && self.places.len() > IDLE_PLACES {
                self.places.truncate(IDLE_PLACES);
                self.free = (0..IDLE_PLACES).collect();
            }
        }
    }

    /// Has every future look again.
    pub(super) fn wake_all(&self) {
        self.woken.lock().streams.extend(0..self.places.len());
    }
}

/// Who was woken since the connection's task looked last.
#[derive(Default)]
pub(super) struct Woken {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    streams: Vec<usize>,
    connection: bool,
    /// The connection's task, while it sleeps; while it runs, it looks here before it rests.
    task: Option<Waker>,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Some of the streams', and perhaps the connection's.
    Now {
        /// Whether the connection is among those that were woken.
        connection: bool,
    },
    /// Nobody's: the task may sleep.
    Rest,
}

impl Woken {
    /// The waker of the connection itself.
    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Notes that the task runs.
    pub(super) fn begin(&self) {
        self.lock().task = None;
    }

    /// Moves the streams that were woken into `streams`, which is empty. When there is nobody, whoever is
    /// woken from now on wakes `task`.
    pub(super) fn take(&self, streams: &mut Vec<usize>, task: &Waker) -> Turn {
        let mut state = self.lock();
        let connection = std::mem::take(&mut state.connection);
        std::mem::swap(&mut state.streams, streams);
        if connection || !streams.is_empty() {
            return Turn::Now { connection };
        }
        state.task = Some(task.clone());
        Turn::Rest
    }

    /// Has the task look again at the connection.
    pub(super) fn wake_connection(&self) {
        self.note(|state| state.connection = true);
    }

    fn note(&self, note: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        note(&mut state);
        let task = state.task.take();
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics under the lock; if it did, the list would still be a list.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_connection();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_connection();
    }
}

struct StreamWaker {
    index: usize,
    woken: Arc<Woken>,
}

impl Wake for StreamWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.note(|state| state.streams.push(self.index));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::future::poll_fn;
    use std::rc::Rc;
    use std::task::Poll;

    use super::*;

    #[test]
    fn each_future_is_polled_only_when_it_was_woken() {
        let woken = Arc::new(Woken::default());
        let mut work: Work<Box<dyn Future<Output = ()> + Unpin>> = Work::new(woken.clone());
        let polls = Rc::new(Cell::new(0));
        let wakers: Rc<RefCell<Vec<Waker>>> = Rc::default();
        for _ in 0..3 {
            let (polls, wakers) = (polls.clone(), wakers.clone());
            let index = work.add(|| {
                Box::new(poll_fn(move |context| {
                    polls.set(polls.get() + 1);
                    wakers.borrow_mut().push(context.waker().clone());
                    if wakers.borrow().len() > 3 { Poll::Ready(()) } else { Poll::Pending }
                }))
            });
            work.poll(index);
        }
        let mut turn = Vec::new();
        assert_eq!(woken.take(&mut turn, Waker::noop()), Turn::Rest);
        let second = wakers.borrow()[1].clone();
        second.wake();
        assert_eq!(woken.take(&mut turn, Waker::noop()), Turn::Now { connection: false });
        assert_eq!(turn, [1]);
        work.poll(turn[0]);
        assert_eq!((polls.get(), work.len()), (4, 2));
        // Its place is free: a late wake finds nobody, and the next future takes it.
        work.poll(1);
        assert_eq!(polls.get(), 4);
        assert_eq!(work.add(|| Box::new(poll_fn(|_| unreachable!("nobody polls it")))), 1);
    }

    #[test]
    fn whoever_is_woken_while_the_task_sleeps_wakes_it_once() {
        struct Count(std::sync::atomic::AtomicUsize);
        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        }
        let count = Arc::new(Count(0.into()));
        let woken = Arc::new(Woken::default());
        woken.wake_connection();
        let mut turn = Vec::new();
        let task = Waker::from(count.clone());
        assert_eq!(woken.take(&mut turn, &task), Turn::Now { connection: true });
        assert_eq!(woken.take(&mut turn, &task), Turn::Rest);
        woken.wake_connection();
        woken.wake_connection();
        assert_eq!(count.0.load(std::sync::atomic::Ordering::SeqCst), 1);
    }
}
