//! Several futures at once, taken in the order in which they finish.

use std::future::{Future, poll_fn};
use std::task::{Context, Poll, ready};

use super::children::{Children, Order};

/// Gives the results of several futures in the order in which they finish.
///
/// All of them run while one waits in [`next`](WaitIterator::next). Which of them a result is of,
/// [`current_index`](WaitIterator::current_index) tells: a position, or a key. A future that fails
/// only fails its own `next`. Tornado's `gen.WaitIterator`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::IoLoop;
/// use firewhirl_event::coroutine::{WaitIterator, sleep};
///
/// async fn answer_after(milliseconds: u64) -> u64 {
///     sleep(Duration::from_millis(milliseconds)).await;
///     milliseconds
/// }
///
/// # IoLoop::current().run_sync(async {
/// let mut answers = WaitIterator::keyed([("slow", answer_after(30)), ("fast", answer_after(1))]);
/// let mut order = Vec::new();
/// while let Some(milliseconds) = answers.next().await {
///     order.push((*answers.current_index().unwrap(), milliseconds));
/// }
/// assert_eq!(order, [("fast", 1), ("slow", 30)]);
/// # Ok(()) }).unwrap();
/// ```
pub struct WaitIterator<Key, Child> {
    children: Children<Child>,
    keys: Vec<Option<Key>>,
    current: Option<Key>,
}

impl<Child: Future> WaitIterator<usize, Child> {
    /// Over futures that are known by their position.
    pub fn new(futures: impl IntoIterator<Item = Child>) -> Self {
        Self::keyed(futures.into_iter().enumerate())
    }
}

impl<Key, Child: Future> WaitIterator<Key, Child> {
    /// Over futures that are known by a key.
    pub fn keyed(futures: impl IntoIterator<Item = (Key, Child)>) -> Self {
        let (keys, futures): (_, Vec<_>) = futures.into_iter().map(|(key, future)| (Some(key), future)).unzip();
        Self { children: Children::new(futures, Order::Woken), keys, current: None }
    }

    /// The result of the next future that finishes; `None` after the last.
    ///
    /// Several that are ready at once come in the order in which they became so.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no result.
    pub async fn next(&mut self) -> Option<Child::Output> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`next`](WaitIterator::next), for hand-written futures.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Child::Output>> {
        self.current = None;
        let Some((index, output)) = ready!(self.children.poll_next(cx)) else { return Poll::Ready(None) };
        self.current = self.keys[index].take();
        Poll::Ready(Some(output))
    }

    /// Whether every result was taken.
    pub fn done(&self) -> bool {
        self.children.unfinished() == 0
    }

    /// Which future the last result was of; `None` before the first and after the last.
    pub fn current_index(&self) -> Option<&Key> {
        self.current.as_ref()
    }
}
