//! Several futures at once, all awaited.

use std::fmt::Display;
use std::future::Future;
use std::iter;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::children::{Children, Order};
use crate::log_targets;

/// Waits for all of `futures`, which run at the same time, and gives their results in their order.
///
/// It waits for all even when one fails, so that nothing runs on unseen: then the first error *in
/// order* is the result, and the others are logged to the application's log unless
/// [`quiet`](Multi::quiet) says otherwise. No futures are done at once. Futures of different types
/// go through `Box::pin`, or through `tokio::try_join!`. Tornado's `gen.multi`.
///
/// # Errors
///
/// The error of the first future in order that failed.
///
/// # Cancel safety
///
/// Dropping the future drops its children; spawned ones ([`IoLoop::spawn`](crate::IoLoop::spawn))
/// go on.
///
/// # Examples
///
/// ```
/// use firewhirl_event::IoLoop;
/// use firewhirl_event::coroutine::{multi, yield_now};
///
/// async fn double(number: u32) -> firewhirl_event::Result<u32> {
///     yield_now().await;
///     Ok(2 * number)
/// }
///
/// let doubles = IoLoop::current().run_sync(async { multi((1..=3).map(double)).await })?;
/// assert_eq!(doubles, [2, 4, 6]);
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub fn multi<Futures, Child, T, Failure>(futures: Futures) -> Multi<Child, T, Failure>
where
    Futures: IntoIterator<Item = Child>,
    Child: Future<Output = Result<T, Failure>>,
    Failure: Display,
{
    let children = Children::new(futures, Order::Given);
    let results = iter::repeat_with(|| None).take(children.unfinished()).collect();
    Multi { children, results, quiet: None }
}

/// Waits for all futures of a map, which run at the same time, and gives a map of their results.
///
/// Takes any map, or pairs of a key and a future, and makes any map. Otherwise as [`multi`].
/// Tornado's `gen.multi` of a dict.
///
/// # Errors
///
/// The error of the first future in order that failed.
///
/// # Cancel safety
///
/// Dropping the future drops its children.
///
/// # Examples
///
/// ```
/// use std::collections::HashMap;
/// use firewhirl_event::{IoLoop, coroutine::multi_map};
///
/// async fn length(text: &str) -> firewhirl_event::Result<usize> {
///     Ok(text.len())
/// }
///
/// let lengths: HashMap<_, _> = IoLoop::current().run_sync(async {
///     multi_map([("title", length("Firewhirl")), ("body", length("..."))]).await
/// })?;
/// assert_eq!(lengths["title"], 9);
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub async fn multi_map<Key, Child, T, Failure, Map>(
    futures: impl IntoIterator<Item = (Key, Child)>,
) -> Result<Map, Failure>
where
    Child: Future<Output = Result<T, Failure>>,
    Failure: Display,
    Map: FromIterator<(Key, T)>,
{
    let (keys, futures): (Vec<_>, Vec<_>) = futures.into_iter().unzip();
    Ok(keys.into_iter().zip(multi(futures).await?).collect())
}

/// The future that [`multi`] gives.
#[must_use = "futures do nothing unless awaited"]
pub struct Multi<Child, T, Failure> {
    children: Children<Child>,
    results: Vec<Option<Result<T, Failure>>>,
    quiet: Option<fn(&Failure) -> bool>,
}

impl<Child, T, Failure> Multi<Child, T, Failure> {
    /// Does not log further errors of which `quiet` says `true`.
    ///
    /// Tornado's `quiet_exceptions`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{Error, IoLoop, coroutine::multi};
    ///
    /// async fn fail(text: &str) -> firewhirl_event::Result {
    ///     Err(Error::message(text))
    /// }
    ///
    /// let both = async { multi([fail("first"), fail("second")]).quiet(|_| true).await };
    /// assert_eq!(IoLoop::current().run_sync(both).unwrap_err().to_string(), "first");
    /// ```
    pub fn quiet(mut self, quiet: fn(&Failure) -> bool) -> Self {
        self.quiet = Some(quiet);
        self
    }
}

// The children are boxed and nothing else is ever pinned.
impl<Child, T, Failure> Unpin for Multi<Child, T, Failure> {}

impl<Child, T, Failure> Future for Multi<Child, T, Failure>
where
    Child: Future<Output = Result<T, Failure>>,
    Failure: Display,
{
    type Output = Result<Vec<T>, Failure>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let multi = self.get_mut();
        while let Some((index, result)) = ready!(multi.children.poll_next(cx)) {
            multi.results[index] = Some(result);
        }
        let mut values = Vec::with_capacity(multi.results.len());
        let mut first_error = None;
        for result in multi.results.drain(..).flatten() {
            match result {
                Ok(value) => values.push(value),
                Err(error) if first_error.is_none() => first_error = Some(error),
                Err(error) if multi.quiet.is_some_and(|quiet| quiet(&error)) => {}
                Err(error) => {
                    tracing::error!(target: log_targets::APP, "multiple exceptions in multi: {error}");
                }
            }
        }
        Poll::Ready(first_error.map_or(Ok(values), Err))
    }
}
