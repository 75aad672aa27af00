//! Waiting for something until a time, and what becomes of it when that has passed.

use std::fmt::Display;
use std::future::Future;

use crate::{Deadline, Error, IoLoop, Result, Spawned, TimeoutError, log_targets};

/// Waits for `future`, until `deadline` at the latest.
///
/// Then the future is dropped, which in Rust ends it. What shall go on is spawned and lent: with
/// `with_timeout(deadline, &mut spawned)` it goes on, stays usable and can be awaited again; with
/// [`with_timeout_detach`] it goes on alone. A future that is ready at once is in time whatever the
/// deadline. Tornado's `gen.with_timeout`, whose `message` is a `map_err` here.
///
/// # Errors
///
/// [`TimeoutError`] if time runs out. The future's own result is inside, hence `.await??`.
///
/// # Cancel safety
///
/// That of `future`, which is dropped with this one.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::{IoLoop, TimeoutError};
/// use firewhirl_event::coroutine::{sleep, with_timeout};
///
/// let late = IoLoop::current().run_sync(async {
///     with_timeout(Duration::from_millis(5), sleep(Duration::from_secs(60)))
///         .await
///         .map_err(|_| TimeoutError::new("the clock did not strike"))?;
///     Ok(())
/// });
/// assert_eq!(late.unwrap_err().to_string(), "the clock did not strike");
/// ```
///
/// What is lent goes on:
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::IoLoop;
/// use firewhirl_event::coroutine::{sleep, with_timeout};
///
/// # IoLoop::current().run_sync(async {
/// let mut work = IoLoop::current().spawn(async {
///     sleep(Duration::from_millis(20)).await;
///     42
/// });
/// assert!(with_timeout(Duration::from_millis(1), &mut work).await.is_err());
/// assert_eq!(work.await?, 42);
/// # Ok(()) }).unwrap();
/// ```
pub async fn with_timeout<Waited: Future>(
    deadline: impl Into<Deadline>,
    future: Waited,
) -> Result<Waited::Output, TimeoutError> {
    let deadline = deadline.into().instant();
    tokio::time::timeout_at(deadline.into(), future).await.map_err(|_| TimeoutError::default())
}

/// Waits for spawned work until `deadline` at the latest, and lets it go on alone after that.
///
/// If it fails then, the application's log has "exception in future after timeout"; its result is
/// dropped. Tornado's `gen.with_timeout` in every respect.
///
/// # Errors
///
/// The work's own error; [`TimeoutError`] if time runs out;
/// [`SpawnError`](crate::SpawnError) if the work panicked or was aborted.
///
/// # Cancel safety
///
/// If this future is dropped the work goes on, as with a dropped [`Spawned`]; a later failure is
/// not logged then.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::{IoLoop, TimeoutError};
/// use firewhirl_event::coroutine::{sleep, with_timeout_detach};
///
/// # let io_loop = IoLoop::current();
/// let late = io_loop.run_sync(async {
///     let booking = IoLoop::current().spawn(async {
///         sleep(Duration::from_millis(20)).await;    // must not be broken off in the middle
///         firewhirl_event::Result::<_>::Ok("booked")
///     });
///     with_timeout_detach(Duration::from_millis(1), booking).await
/// });
/// assert!(late.unwrap_err().is::<TimeoutError>());
/// ```
pub async fn with_timeout_detach<T, Failure>(
    deadline: impl Into<Deadline>,
    work: Spawned<Result<T, Failure>>,
) -> Result<T>
where
    T: 'static,
    Failure: Into<Error> + Display + 'static,
{
    let mut work = work;
    match with_timeout(deadline, &mut work).await {
        Ok(result) => result?.map_err(Into::into),
        Err(timeout) => {
            IoLoop::current().spawn_callback(async move {
                match work.await {
                    // Nobody waits for the result; whoever aborted the work knows of that.
                    Ok(Ok(_)) | Err(crate::SpawnError::Aborted) => {}
                    Ok(Err(error)) => log_late(&error),
                    Err(error) => log_late(&error),
                }
            });
            Err(timeout.into())
        }
    }
}

fn log_late(error: &dyn Display) {
    tracing::error!(target: log_targets::APP, "exception in future after timeout: {error}");
}
