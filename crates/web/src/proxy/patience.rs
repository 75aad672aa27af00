//! How long the service behind is waited for: one timer an exchange, armed when there is first something to
//! wait for, and hardly ever moved.
//!
//! Time counts only while it is the service that is waited for. While the client sends or takes its part, the
//! server's own timeouts count.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long the service behind is waited for; nothing while it is not.
#[derive(Debug, Default)]
pub(super) struct Patience {
    limit: Cell<Option<Duration>>,
    /// Known only once there was something to wait for: most that is begun is there at once, and costs no
    /// look at the clock.
    until: Cell<Option<Instant>>,
}

impl Patience {
    /// The service is waited for from now on.
    pub(super) fn begin(&self, limit: Duration) {
        self.limit.set(Some(limit));
        self.until.set(None);
    }

    /// Somebody else is.
    pub(super) fn pause(&self) {
        self.limit.set(None);
        self.until.set(None);
    }

    /// Until when the service is waited for, reckoned from the first time that it is.
    fn until(&self) -> Option<Instant> {
        let until = self.until.get().or_else(|| Instant::now().checked_add(self.limit.get()?));
        self.until.set(until);
        until
    }

    /// The outcome of `work`; `None` once patience with the service is over.
    pub(super) async fn watch<T>(&self, mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        let mut timer = pin!(None);
        poll_fn(|context| {
            if let Poll::Ready(output) = work.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            loop {
                let Some(until) = self.until() else { return Poll::Pending };
                if timer.is_none() {
                    timer.set(Some(sleep_until(until)));
                }
                let Some(mut armed) = timer.as_mut().as_pin_mut() else { return Poll::Pending };
                // A later end is seen to when the timer goes off.
                if until < armed.deadline() {
                    armed.as_mut().reset(until);
                }
                if armed.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                if until <= Instant::now() {
                    return Poll::Ready(None);
                }
                armed.reset(until);
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use firewhirl_event::coroutine::sleep;
    use firewhirl_testing::AsyncTest;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    /// What comes of `work` on a clock that jumps, and after how many seconds.
    fn watched<T>(patience: &Patience, work: impl Future<Output = T>) -> (Option<T>, u64) {
        AsyncTest::new().paused_clock().run(async {
            let began = Instant::now();
            let watched = patience.watch(pin!(work)).await;
            Ok((watched, began.elapsed().as_secs()))
        })
    }

    #[test]
    fn patience_ends_while_the_service_is_waited_for() {
        let patience = Patience::default();
        let work = async {
            patience.begin(LIMIT);
            sleep(2 * LIMIT).await;
        };
        assert_eq!(watched(&patience, work), (None, 60));
    }

    #[test]
    fn who_goes_on_in_time_has_all_of_it_again() {
        let patience = Patience::default();
        let work = async {
            for _ in 0..5 {
                patience.begin(LIMIT);
                sleep(LIMIT - Duration::from_secs(1)).await;
            }
            // A shorter limit counts at once.
            patience.begin(LIMIT / 2);
            sleep(LIMIT).await;
        };
        assert_eq!(watched(&patience, work), (None, 5 * 59 + 30));
    }

    #[test]
    fn what_others_take_does_not_count() {
        let patience = Patience::default();
        let work = async {
            patience.begin(LIMIT);
            sleep(LIMIT / 2).await;
            patience.pause();
            sleep(10 * LIMIT).await;
            patience.begin(LIMIT);
            sleep(LIMIT / 2).await;
            7
        };
        assert_eq!(watched(&patience, work), (Some(7), 660));
    }
}
