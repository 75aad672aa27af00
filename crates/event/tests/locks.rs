//! Condition, Event, Semaphore, BoundedSemaphore and Lock through their public faces.
//!
//! The cases of Tornado's `locks_test`, and what Rust adds to them: futures that are dropped.

mod begun;
mod turns;

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::{Duration, Instant};

use begun::begin;
use firewhirl_event::locks::{BoundedSemaphore, Condition, Event, Lock, ReleaseError, Semaphore};
use firewhirl_event::{Error, Result};
use tokio::task::spawn_local;
use tokio::time::sleep;
use turns::{LONG, SHORT, later, loop_briefly, run};

/// What happened, in order.
#[derive(Clone, Default)]
struct History(Rc<RefCell<Vec<String>>>);

impl History {
    fn record(&self, what: impl ToString) {
        self.0.borrow_mut().push(what.to_string());
    }

    #[track_caller]
    fn check(&self, expected: &str) {
        assert_eq!(self.0.borrow().join(" "), expected);
    }

    /// Waits for the condition in a task of its own and records how that ended.
    fn record_wait(&self, condition: &Condition, key: u32, timeout: Option<Duration>) {
        let (history, wait) = (self.clone(), condition.wait());
        spawn_local(async move {
            let notified = match timeout {
                Some(timeout) => wait.timeout(timeout).await,
                None => {
                    wait.await;
                    true
                }
            };
            history.record(if notified { key.to_string() } else { "timeout".into() });
        });
    }
}

mod condition {
    use super::*;

    #[test]
    fn debug_shows_the_number_of_waiters() {
        let condition = Condition::new();
        assert_eq!(format!("{condition:?}"), "Condition { waiters: 0 }");
        let _wait = begin(condition.wait());
        assert_eq!(format!("{condition:?}"), "Condition { waiters: 1 }");
    }

    #[test]
    fn a_notification_from_a_timer_ends_the_wait() {
        run(async || {
            let condition = Condition::new();
            let notifier = condition.clone();
            later(SHORT, move || notifier.notify(1));
            condition.wait().await;
            Ok(())
        });
    }

    #[test]
    fn a_notification_without_waiters_is_not_kept() {
        let condition = Condition::new();
        condition.notify(1);
        condition.notify_all();
        assert!(!begin(condition.wait()).is_done());
    }

    #[test]
    fn each_notification_wakes_one() {
        run(async || {
            let (condition, history) = (Condition::new(), History::default());
            history.record_wait(&condition, 1, None);
            history.record_wait(&condition, 2, None);
            loop_briefly().await;
            condition.notify(1);
            history.record("not-inline");
            loop_briefly().await;
            history.record("first");
            condition.notify(1);
            loop_briefly().await;
            history.record("second");
            history.check("not-inline 1 first 2 second");
            Ok(())
        });
    }

    #[test]
    fn a_number_of_waiters_is_woken_oldest_first() {
        run(async || {
            let (condition, history) = (Condition::new(), History::default());
            (0..6).for_each(|key| history.record_wait(&condition, key, None));
            loop_briefly().await;
            for (count, expected) in [(3, "0 1 2"), (1, "0 1 2 3"), (2, "0 1 2 3 4 5")] {
                condition.notify(count);
                loop_briefly().await;
                history.check(expected);
            }
            Ok(())
        });
    }

    #[test]
    fn notify_all_wakes_all_in_order() {
        run(async || {
            let (condition, history) = (Condition::new(), History::default());
            (0..4).for_each(|key| history.record_wait(&condition, key, None));
            loop_briefly().await;
            condition.notify_all();
            loop_briefly().await;
            history.check("0 1 2 3");
            Ok(())
        });
    }

    #[test]
    fn a_wait_that_times_out_is_false() {
        run(async || {
            let condition = Condition::new();
            let wait = spawn_local(condition.wait().timeout(SHORT));
            sleep(SHORT * 3).await;
            condition.notify(1); // too late
            assert!(!wait.await?);
            Ok(())
        });
    }

    #[test]
    fn a_wait_with_a_deadline_in_the_past_gives_up_at_once() {
        run(async || {
            let condition = Condition::new();
            assert!(begin(condition.wait().timeout(Duration::ZERO)).is_done());
            assert!(!condition.wait().timeout(Instant::now()).await);
            assert_eq!(format!("{condition:?}"), "Condition { waiters: 0 }");
            Ok(())
        });
    }

    #[test]
    fn a_notification_before_the_deadline_counts_however_late_it_is_seen() {
        run(async || {
            let condition = Condition::new();
            let wait = begin(condition.wait().timeout(SHORT * 2));
            condition.notify(1);
            sleep(SHORT * 4).await;
            assert!(wait.finish().await);
            Ok(())
        });
    }

    #[test]
    fn waits_that_timed_out_do_not_count_in_a_notification() {
        run(async || {
            let (condition, history) = (Condition::new(), History::default());
            for (key, timeout) in [(0, None), (1, Some(SHORT)), (2, None), (3, None)] {
                history.record_wait(&condition, key, timeout);
            }
            sleep(SHORT * 3).await;
            history.check("timeout");
            condition.notify(2);
            loop_briefly().await;
            history.check("timeout 0 2");
            condition.notify(1);
            loop_briefly().await;
            history.check("timeout 0 2 3");
            Ok(())
        });
    }

    #[test]
    fn notify_all_passes_over_waits_that_timed_out() {
        run(async || {
            let (condition, history) = (Condition::new(), History::default());
            for (key, timeout) in [(0, None), (1, Some(SHORT)), (2, None)] {
                history.record_wait(&condition, key, timeout);
            }
            sleep(SHORT * 3).await;
            condition.notify_all();
            loop_briefly().await;
            history.check("timeout 0 2");
            Ok(())
        });
    }

    #[test]
    fn a_waiter_that_notifies_in_turn_loses_nothing() {
        run(async || {
            let (condition, history) = (Condition::new(), History::default());
            history.record_wait(&condition, 0, None);
            let nested = condition.clone();
            spawn_local(async move {
                nested.wait().await;
                nested.notify(1);
            });
            loop_briefly().await;
            history.record_wait(&condition, 2, None);
            loop_briefly().await;
            condition.notify(2);
            loop_briefly().await;
            history.check("0 2");
            Ok(())
        });
    }

    #[test]
    fn waits_that_timed_out_leave_nothing_behind() {
        run(async || {
            let condition = Condition::new();
            let waits: Vec<_> = (0..101).map(|_| spawn_local(condition.wait().timeout(SHORT))).collect();
            let mut last = begin(condition.wait());
            loop_briefly().await;
            assert_eq!(format!("{condition:?}"), "Condition { waiters: 102 }");
            for wait in waits {
                assert!(!wait.await?);
            }
            assert_eq!(format!("{condition:?}"), "Condition { waiters: 1 }");
            assert!(!last.is_done());
            condition.notify(1);
            assert!(last.is_done());
            Ok(())
        });
    }

    #[test]
    fn a_notification_to_a_dropped_wait_goes_to_the_next() {
        let condition = Condition::new();
        let (first, mut second) = (begin(condition.wait()), begin(condition.wait()));
        condition.notify(1);
        drop(first);
        assert!(second.is_done());
    }

    #[test]
    fn a_wait_dropped_after_notify_all_wakes_nobody_who_came_later() {
        let condition = Condition::new();
        let first = begin(condition.wait());
        condition.notify_all();
        let mut late = begin(condition.wait());
        drop(first);
        assert!(!late.is_done());
    }
}

mod event {
    use super::*;

    #[test]
    fn debug_shows_the_flag_and_the_number_of_waiters() {
        let event = Event::new();
        let wait = begin(event.wait());
        assert_eq!(format!("{event:?}"), "Event { is_set: false, waiters: 1 }");
        drop(wait);
        event.set();
        assert_eq!(format!("{event:?}"), "Event { is_set: true, waiters: 0 }");
    }

    #[test]
    fn a_wait_that_set_has_ended_stays_ended_after_clear() {
        let event = Event::new();
        let mut before = begin(event.wait());
        event.set();
        let mut between = begin(event.wait());
        event.clear();
        let mut after = begin(event.wait());
        assert!(before.is_done());
        assert!(between.is_done());
        assert!(!after.is_done());
    }

    #[test]
    fn after_a_wait_timed_out_the_event_works_as_before() {
        run(async || {
            let event = Event::new();
            let error = event.wait().timeout(SHORT).await.unwrap_err();
            assert_eq!(error.to_string(), "the event was not set in time");
            let setter = event.clone();
            later(SHORT, move || setter.set());
            event.wait().timeout(LONG).await?;
            Ok(())
        });
    }

    #[test]
    fn a_deadline_in_the_past_asks_once() {
        run(async || {
            let event = Event::new();
            assert!(event.wait().timeout(Duration::ZERO).await.is_err());
            event.set();
            assert!(event.wait().timeout(Duration::ZERO).await.is_ok());
            Ok(())
        });
    }

    #[test]
    fn set_twice_is_set() {
        let event = Event::new();
        event.set();
        event.set();
        assert!(event.is_set());
    }

    #[test]
    fn waits_from_before_and_after_a_clear_end_together() {
        let event = Event::new();
        let mut first = begin(event.wait());
        event.clear();
        let mut second = begin(event.wait());
        event.set();
        assert!(first.is_done());
        assert!(second.is_done());
    }
}

mod semaphore {
    use super::*;

    #[test]
    fn debug_shows_the_value_and_the_number_of_waiters() {
        let semaphore = Semaphore::default();
        assert_eq!(format!("{semaphore:?}"), "Semaphore { value: 1, waiters: 0 }");
        let _guard = begin(semaphore.acquire()).done();
        assert_eq!(format!("{semaphore:?}"), "Semaphore { value: 0, waiters: 0 }");
        let _wait = begin(semaphore.acquire());
        assert_eq!(format!("{semaphore:?}"), "Semaphore { value: 0, waiters: 1 }");
    }

    #[test]
    fn a_release_serves_whoever_has_waited_longest() {
        let semaphore = Semaphore::new(1);
        begin(semaphore.acquire()).done().forget();
        let (mut first, mut second) = (begin(semaphore.acquire()), begin(semaphore.acquire()));
        assert!(!first.is_done());
        semaphore.release();
        assert!(first.is_done());
        assert!(!second.is_done());
        semaphore.release();
        assert!(second.is_done());
        semaphore.release();
        assert!(begin(semaphore.acquire()).is_done());
        assert_eq!(format!("{semaphore:?}"), "Semaphore { value: 1, waiters: 0 }");
    }

    #[test]
    fn a_permit_handed_over_cannot_be_taken_by_a_newcomer() {
        let semaphore = Semaphore::new(0);
        let mut waiting = begin(semaphore.acquire());
        semaphore.release();
        assert!(!begin(semaphore.acquire()).is_done());
        assert!(waiting.is_done());
    }

    #[test]
    fn an_acquire_that_times_out_takes_no_permit() {
        run(async || {
            let semaphore = Semaphore::new(2);
            semaphore.acquire().await.forget();
            semaphore.acquire().await.forget();
            let error = semaphore.acquire().timeout(SHORT).await.unwrap_err();
            assert_eq!(error.to_string(), "nothing was released in time");
            semaphore.release();
            let _guard = begin(semaphore.acquire()).done();
            let mut waiting = begin(semaphore.acquire());
            assert!(!waiting.is_done());
            semaphore.release();
            assert!(waiting.is_done());
            Ok(())
        });
    }

    #[test]
    fn a_release_before_the_deadline_counts_however_late_it_is_seen() {
        run(async || {
            let semaphore = Semaphore::new(0);
            let waiting = begin(semaphore.acquire().timeout(SHORT * 2));
            semaphore.release();
            sleep(SHORT * 4).await;
            let _guard = waiting.finish().await?;
            Ok(())
        });
    }

    #[test]
    fn a_deadline_in_the_past_asks_once() {
        run(async || {
            let semaphore = Semaphore::new(1);
            let _guard = semaphore.acquire().timeout(Duration::ZERO).await?;
            assert!(semaphore.acquire().timeout(Duration::ZERO).await.is_err());
            Ok(())
        });
    }

    #[test]
    fn releases_without_an_acquire_add_permits() {
        let semaphore = Semaphore::new(1);
        semaphore.release();
        semaphore.release();
        let mut acquires: Vec<_> = (0..4).map(|_| begin(semaphore.acquire())).collect();
        let done: Vec<_> = acquires.iter_mut().map(|acquire| acquire.is_done()).collect();
        assert_eq!(done, [true, true, true, false]);
    }

    #[test]
    fn acquires_that_timed_out_leave_nothing_behind() {
        run(async || {
            let semaphore = Semaphore::new(0);
            let acquires: Vec<_> = (0..101).map(|_| spawn_local(semaphore.acquire().timeout(SHORT))).collect();
            let mut last = begin(semaphore.acquire());
            loop_briefly().await;
            assert_eq!(format!("{semaphore:?}"), "Semaphore { value: 0, waiters: 102 }");
            for acquire in acquires {
                assert!(acquire.await?.is_err());
            }
            assert_eq!(format!("{semaphore:?}"), "Semaphore { value: 0, waiters: 1 }");
            semaphore.release();
            assert!(last.is_done());
            Ok(())
        });
    }

    #[test]
    fn the_guard_releases_at_the_end_of_its_scope() {
        run(async || {
            let semaphore = Semaphore::new(1);
            {
                let _guard = semaphore.acquire().await;
                assert!(!begin(semaphore.acquire()).is_done());
            }
            {
                let _guard = semaphore.acquire().timeout(LONG).await?;
            }
            assert!(begin(semaphore.acquire()).is_done());
            Ok(())
        });
    }

    #[test]
    fn the_guard_releases_when_an_error_or_a_panic_leaves_its_scope() {
        run(async || {
            let semaphore = Semaphore::new(1);
            let work = async || -> Result {
                let _guard = semaphore.acquire().await;
                Err(Error::message("failed"))
            };
            assert!(work().await.is_err());
            let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| {
                let _guard = begin(semaphore.acquire()).done();
                panic!("on purpose");
            }));
            assert!(panicked.is_err());
            assert!(begin(semaphore.acquire()).is_done());
            Ok(())
        });
    }

    #[test]
    fn a_failed_acquire_leaves_the_counter_as_it_was() {
        run(async || {
            let semaphore = Semaphore::new(0);
            assert!(semaphore.acquire().timeout(SHORT).await.is_err());
            assert!(!begin(semaphore.acquire()).is_done());
            assert_eq!(format!("{semaphore:?}"), "Semaphore { value: 0, waiters: 0 }");
            Ok(())
        });
    }

    #[test]
    fn contended_scopes_follow_one_another() {
        run(async || {
            let (semaphore, history) = (Semaphore::new(1), History::default());
            let tasks = [0, 1].map(|index| {
                let (semaphore, history) = (semaphore.clone(), history.clone());
                spawn_local(async move {
                    let _guard = semaphore.acquire().await;
                    history.record(format!("acquired-{index}"));
                    sleep(SHORT).await;
                    history.record(format!("release-{index}"));
                })
            });
            for task in tasks {
                task.await?;
            }
            history.check("acquired-0 release-0 acquired-1 release-1");
            Ok(())
        });
    }

    #[test]
    fn a_dropped_acquire_hands_its_permit_on() {
        let semaphore = Semaphore::new(0);
        let (first, mut second) = (begin(semaphore.acquire()), begin(semaphore.acquire()));
        semaphore.release();
        drop(first);
        assert!(second.is_done());
        drop(second);
        assert_eq!(format!("{semaphore:?}"), "Semaphore { value: 1, waiters: 0 }");
    }
}

mod bounded_semaphore {
    use super::*;

    #[test]
    fn a_release_above_the_bound_is_refused() {
        let semaphore = BoundedSemaphore::default();
        assert_eq!(semaphore.release(), Err(ReleaseError::TooManyTimes));
        begin(semaphore.acquire()).done().forget();
        let mut waiting = begin(semaphore.acquire());
        assert!(!waiting.is_done());
        semaphore.release().unwrap();
        waiting.done().forget();
        semaphore.release().unwrap();
        let error = semaphore.release().unwrap_err();
        assert_eq!(error.to_string(), "semaphore released too many times");
        assert_eq!(format!("{semaphore:?}"), "BoundedSemaphore { value: 1, waiters: 0 }");
    }

    #[test]
    fn a_guard_whose_permit_was_released_by_hand_adds_none() {
        let semaphore = BoundedSemaphore::new(1);
        let guard = begin(semaphore.acquire()).done();
        semaphore.release().unwrap();
        drop(guard);
        assert_eq!(format!("{semaphore:?}"), "BoundedSemaphore { value: 1, waiters: 0 }");
    }
}

mod lock {
    use super::*;

    #[test]
    fn debug_shows_whether_it_is_locked_and_the_number_of_waiters() {
        let lock = Lock::new();
        assert_eq!(format!("{lock:?}"), "Lock { is_locked: false, waiters: 0 }");
        let _guard = begin(lock.acquire()).done();
        let _wait = begin(lock.acquire());
        assert_eq!(format!("{lock:?}"), "Lock { is_locked: true, waiters: 1 }");
    }

    #[test]
    fn a_release_hands_the_lock_over() {
        let lock = Lock::new();
        begin(lock.acquire()).done().forget();
        let mut waiting = begin(lock.acquire());
        assert!(!waiting.is_done());
        lock.release().unwrap();
        assert!(lock.is_locked());
        assert!(waiting.is_done());
    }

    #[test]
    fn it_is_not_reentrant() {
        let lock = Lock::new();
        let _guard = begin(lock.acquire()).done();
        assert!(!begin(lock.acquire()).is_done());
    }

    #[test]
    fn waiters_get_it_in_the_order_in_which_they_came() {
        run(async || {
            let (lock, history) = (Lock::new(), History::default());
            let guard = lock.acquire().await;
            let tasks: Vec<_> = (0..5)
                .map(|index| {
                    let (lock, history) = (lock.clone(), history.clone());
                    spawn_local(async move {
                        let _guard = lock.acquire().await;
                        history.record(index);
                    })
                })
                .collect();
            loop_briefly().await;
            history.check("");
            drop(guard);
            for task in tasks {
                task.await?;
            }
            history.check("0 1 2 3 4");
            Ok(())
        });
    }

    #[test]
    fn a_lock_that_is_held_times_out_and_stays_locked() {
        run(async || {
            let lock = Lock::new();
            let _guard = lock.acquire().await;
            assert!(lock.acquire().timeout(SHORT).await.is_err());
            assert!(!begin(lock.acquire()).is_done());
            Ok(())
        });
    }

    #[test]
    fn a_release_of_an_unlocked_lock_is_refused() {
        let lock = Lock::new();
        assert_eq!(lock.release(), Err(ReleaseError::Unlocked));
        begin(lock.acquire()).done().forget();
        lock.release().unwrap();
        assert_eq!(lock.release().unwrap_err().to_string(), "release of an unlocked lock");
    }

    #[test]
    fn a_lock_whose_next_owner_has_been_dropped_goes_to_the_one_after() {
        let lock = Lock::new();
        let guard = begin(lock.acquire()).done();
        let (first, second) = (begin(lock.acquire()), begin(lock.acquire()));
        drop(guard);
        drop(first);
        drop(second.done());
        assert!(!lock.is_locked());
    }
}
