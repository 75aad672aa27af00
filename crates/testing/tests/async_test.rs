//! Tests on a loop of their own: when they fail, and what is left of them. With the behaviour that
//! Tornado's own tests ask of `AsyncTestCase` and `gen_test`.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::{sleep, yield_now};
use firewhirl_event::{Error, IoLoop, PeriodicCallback, Result, log_targets};
use firewhirl_testing::{AsyncTest, Reason, TestFailure, advance, async_test_timeout, expect_log, run_test};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(60);

async fn wait(duration: Duration) -> Result {
    sleep(duration).await;
    Ok(())
}

/// How a test with a short time fails; on a paused clock, for a loaded machine is slower than that.
fn failure_of<T: std::fmt::Debug>(test: impl Future<Output = Result<T>>) -> TestFailure {
    AsyncTest::new().paused_clock().timeout(SHORT).try_run(test).unwrap_err()
}

#[test]
fn the_value_of_a_test_is_given_back() {
    let value = run_test(async {
        yield_now().await;
        Ok(42)
    });
    assert_eq!(value, 42);
}

#[test]
fn each_test_has_a_loop_of_its_own_which_is_closed_at_its_end() {
    let first = run_test(async { Ok(IoLoop::current()) });
    let second = run_test(async { Ok(IoLoop::current()) });
    assert!(first != second && first.is_closed() && second.is_closed());
    assert_eq!(IoLoop::try_current(), None);
}

#[test]
fn a_test_that_exceeds_its_time_fails_and_says_its_name() {
    let begun = Instant::now();
    let failure = failure_of(wait(LONG));
    assert!(begun.elapsed() < LONG);
    assert!(failure.to_string().contains(" failed: operation timed out after 0.02 seconds\n"), "{failure}");
    assert!(matches!(failure.reasons(), [Reason::Timeout { limit: SHORT, .. }]));
    // With one thread for all tests the harness gives it no name.
    if failure.test().starts_with('`') {
        assert_eq!(failure.test(), "`a_test_that_exceeds_its_time_fails_and_says_its_name`");
    } else {
        assert!(failure.test().contains("async_test.rs:"), "{failure}");
    }
}

#[test]
fn a_test_that_exceeds_its_time_says_at_which_line_it_waits() {
    let line = line!();
    let failure = failure_of(async {
        yield_now().await;
        wait(LONG).await
    });
    let [Reason::Timeout { waiting, .. }] = failure.reasons() else { panic!("{failure}") };
    let [innermost, outer] = waiting.place.lines() else { panic!("{failure}") };
    assert!(innermost.ends_with("tests/async_test.rs:17:21"), "{innermost}");
    assert!(outer.contains(&format!("tests/async_test.rs:{}:", line + 3)), "{outer}");
    assert!(failure.to_string().ends_with(&format!("\n  it was waiting at {innermost}, from {outer}")), "{failure}");
    // It was only looked at: a future that registers nothing waits nowhere.
    let failure = failure_of(pending::<Result>());
    let [Reason::Timeout { waiting, .. }] = failure.reasons() else { panic!("{failure}") };
    assert!(waiting.place.lines().is_empty());
}

#[test]
fn tasks_that_are_left_behind_are_told_and_cancelled() {
    async fn leaves_two() -> Result {
        for _ in 0..2 {
            IoLoop::current().spawn_callback(pending::<()>());
        }
        let ended = IoLoop::current().spawn(wait(SHORT / 4));
        ended.await?
    }
    let failure = AsyncTest::new().leave_nothing().try_run(leaves_two()).unwrap_err();
    let [Reason::Forgotten(tasks)] = failure.reasons() else { panic!("{failure}") };
    assert_eq!(tasks.len(), 1, "{failure}");
    assert!(tasks[0].starts_with("2 tasks that ") && tasks[0].contains("async_test.rs:"), "{failure}");

    // Unasked they are no failure, but told beside one.
    run_test(leaves_two());
    let failure = AsyncTest::new().try_run(async {
        leaves_two().await?;
        Err::<(), _>(Error::message("something else"))
    });
    let failure = failure.unwrap_err();
    assert!(failure.to_string().contains("failed: something else\n  it left behind 2 tasks that "), "{failure}");
}

#[test]
fn a_callback_that_fails_in_another_thread_fails_the_test() {
    let failure = AsyncTest::new().try_run(async {
        let failing = IoLoop::current().run_in_executor(|| {
            let io_loop = IoLoop::new().unwrap();
            io_loop.spawn_callback(async { Err::<(), _>(Error::message("lost elsewhere")) });
            io_loop
                .run_sync(async {
                    yield_now().await;
                    Ok(())
                })
                .unwrap();
        });
        Ok(failing.await?)
    });
    let failure = failure.unwrap_err();
    assert!(failure.to_string().contains("exception in callback: lost elsewhere"), "{failure}");
}

#[test]
fn a_test_within_its_time_succeeds() {
    AsyncTest::new().timeout(LONG).run(wait(SHORT));
}

#[test]
fn a_time_of_zero_is_without_end() {
    AsyncTest::new().timeout(Duration::ZERO).run(wait(SHORT));
}

#[test]
fn the_time_is_five_seconds_unless_the_environment_says_otherwise() {
    const CASES: &[(Option<&str>, Duration)] = &[
        (Some("0.5"), Duration::from_millis(500)),
        (Some("20"), Duration::from_secs(20)),
        (Some("0"), Duration::ZERO),
        (Some("soon"), Duration::from_secs(5)),
        (Some("-1"), Duration::from_secs(5)),
        (Some("nan"), Duration::from_secs(5)),
        (None, Duration::from_secs(5)),
    ];
    if let Ok(case) = std::env::var("FIREWHIRL_TEST_CASE") {
        let (_, expected) = CASES[case.parse::<usize>().unwrap()];
        assert_eq!(async_test_timeout(), expected);
        return;
    }
    // The environment of a process is no place for tests to meddle with: each case has its own.
    for (number, &(value, _)) in CASES.iter().enumerate() {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "the_time_is_five_seconds_unless_the_environment_says_otherwise"])
            .env("FIREWHIRL_TEST_CASE", number.to_string())
            .env_remove("ASYNC_TEST_TIMEOUT")
            .envs(value.map(|value| ("ASYNC_TEST_TIMEOUT", value)));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{value:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn an_error_fails_the_test_with_its_text() {
    let failure = failure_of(async { Err::<(), _>(Error::message("no story")) });
    assert!(failure.to_string().ends_with(" failed: no story"), "{failure}");
}

#[test]
#[should_panic(expected = "failed: no story")]
fn run_panics_where_try_run_gives_an_error() {
    run_test(async { Err::<(), _>(Error::message("no story")) });
}

#[test]
#[should_panic(expected = "on purpose")]
fn a_panic_of_the_test_goes_on_to_the_caller() {
    run_test(async {
        yield_now().await;
        if true {
            panic!("on purpose");
        }
        Ok(())
    });
}

#[test]
fn a_failed_callback_fails_the_test() {
    type Case = (&'static str, fn(), &'static str);
    let cases: &[Case] = &[
        (
            "spawned work ends with an error",
            || drop(IoLoop::current().spawn_callback(async { Err::<(), _>(Error::message("lost")) })),
            "exception in callback: lost",
        ),
        (
            "spawned work panics",
            || drop(IoLoop::current().spawn_callback(async { assert_eq!(1, 2, "sums") })),
            "exception in callback: panicked: ",
        ),
        (
            "a callback panics",
            || IoLoop::current().add_callback(|| panic!("oh")),
            "exception in callback: panicked: oh",
        ),
        (
            "a timer panics",
            || drop(IoLoop::current().call_later(Duration::ZERO, || panic!("oh"))),
            "exception in callback: panicked: oh",
        ),
    ];
    for (what, fail, expected) in cases {
        let failure = failure_of(async {
            fail();
            wait(SHORT / 4).await
        });
        let [Reason::Background(entry)] = failure.reasons() else { panic!("{what}: {failure}") };
        assert!(entry.message().starts_with(expected), "{what}: {failure}");
        assert_eq!(entry.target(), log_targets::APP);
    }
}

#[test]
fn a_callback_that_fails_in_the_last_turn_is_still_heard_of() {
    let failure = failure_of(async {
        IoLoop::current().spawn_callback(async { Err::<(), _>(Error::message("late")) });
        Ok(())
    });
    assert!(failure.to_string().contains("exception in callback: late"), "{failure}");
}

#[test]
fn an_expected_failure_of_a_callback_does_not_fail_the_test() {
    run_test(async {
        let _log = expect_log(log_targets::APP, "exception in callback: expected");
        IoLoop::current().spawn_callback(async { Err::<(), _>(Error::message("expected")) });
        yield_now().await;
        Ok(())
    });
}

#[test]
fn the_tests_own_error_comes_before_those_in_the_background() {
    let failure = failure_of(async {
        IoLoop::current().add_callback(|| panic!("behind its back"));
        sleep(SHORT / 4).await;
        Err::<(), _>(Error::message("its own"))
    });
    assert!(matches!(failure.reasons(), [Reason::Error(_), Reason::Background(_)]));
    let text = failure.to_string();
    assert!(text.ends_with("failed: its own\n  and: exception in callback: panicked: behind its back"), "{text}");
}

#[test]
fn work_that_waits_for_ever_is_dropped_at_the_end() {
    struct NotesDrop(Rc<Cell<bool>>);
    impl Drop for NotesDrop {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let dropped = Rc::new(Cell::new(false));
    let notes_drop = NotesDrop(dropped.clone());
    run_test(async move {
        IoLoop::current().spawn_callback(async move {
            let (_loop_of_its_own, _notes_drop) = (IoLoop::current(), notes_drop);
            pending::<()>().await
        });
        yield_now().await;
        Ok(())
    });
    assert!(dropped.get());
}

#[test]
fn the_loop_is_closed_after_a_panic_too() {
    let kept = RefCell::new(None);
    let run = std::panic::AssertUnwindSafe(|| {
        run_test(async {
            kept.replace(Some(IoLoop::current()));
            if true {
                std::panic::resume_unwind(Box::new("quietly"));
            }
            Ok(())
        })
    });
    assert!(std::panic::catch_unwind(run).is_err());
    assert!(kept.take().unwrap().is_closed());
}

#[test]
fn a_test_ends_with_the_error_that_stopped_its_loop() {
    let failure = failure_of(async {
        IoLoop::current().stop_with(Error::message("no database"));
        pending::<Result>().await
    });
    assert!(failure.to_string().ends_with("failed: no database"), "{failure}");
}

#[test]
fn a_paused_clock_fires_timers_in_their_order_without_waiting() {
    let begun = Instant::now();
    AsyncTest::new().paused_clock().run(async {
        let order = Rc::new(RefCell::new(Vec::new()));
        for hours in [3, 1, 2] {
            let order = order.clone();
            IoLoop::current().spawn_callback(async move {
                sleep(hours * Duration::from_secs(3600)).await;
                order.borrow_mut().push(hours);
            });
        }
        let before = IoLoop::current().time();
        sleep(Duration::from_secs(4 * 3600)).await;
        assert_eq!(*order.borrow(), [1, 2, 3]);
        assert_eq!((IoLoop::current().time() - before).as_secs(), 4 * 3600);
        Ok(())
    });
    assert!(begun.elapsed() < LONG);
}

#[test]
fn a_periodic_callback_goes_by_the_paused_clock() {
    AsyncTest::new().paused_clock().run(async {
        let runs = Rc::new(Cell::new(0));
        let count = runs.clone();
        let periodic = PeriodicCallback::new(Duration::from_secs(60), async move || count.set(count.get() + 1))?;
        periodic.start();
        sleep(Duration::from_secs(3600 + 1)).await;
        assert_eq!(runs.get(), 60);
        Ok(())
    });
}

#[test]
fn a_paused_clock_can_be_moved_by_hand() {
    AsyncTest::new().paused_clock().run(async {
        let before = IoLoop::current().time();
        let sleeping = IoLoop::current().spawn(sleep(LONG));
        advance(LONG - SHORT).await;
        assert!(!sleeping.is_finished());
        advance(SHORT + Duration::from_millis(1)).await;
        assert!(sleeping.is_finished());
        assert_eq!((IoLoop::current().time() - before).as_secs(), LONG.as_secs());
        Ok(())
    });
}

#[test]
fn on_a_paused_clock_a_test_that_waits_for_nothing_is_found_out_at_once() {
    let begun = Instant::now();
    let failure = AsyncTest::new().paused_clock().try_run(pending::<Result>()).unwrap_err();
    assert!(failure.to_string().contains("timed out after 86400 seconds"), "{failure}");
    assert!(begun.elapsed() < LONG);
}

#[test]
fn a_test_on_a_paused_clock_leaves_the_next_ones_running() {
    AsyncTest::new().paused_clock().run(wait(LONG));
    let begun = Instant::now();
    run_test(wait(SHORT));
    assert!(begun.elapsed() >= SHORT);
}
