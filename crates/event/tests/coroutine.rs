//! The tools for coroutines.

mod logs;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::future::Future as StdFuture;
use std::num::ParseIntError;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use firewhirl_event::concurrent::{Future, FutureError};
use firewhirl_event::coroutine::{
    CallbackDropped, WaitIterator, callback, multi, multi_map, sleep, with_timeout, with_timeout_detach, yield_now,
};
use firewhirl_event::{Error, IoLoop, Result, SpawnError, TimeoutError};
use logs::logged;

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

fn run(test: impl AsyncFnOnce() -> Result) {
    IoLoop::current().run_sync(test()).unwrap();
}

async fn add_one(number: u32) -> Result<u32> {
    yield_now().await;
    Ok(number + 1)
}

/// Gives `value` after some turns of the loop.
async fn delay<T>(turns: u32, value: T) -> Result<T> {
    for _ in 0..turns {
        yield_now().await;
    }
    Ok(value)
}

async fn fail(text: &str) -> Result<u32> {
    yield_now().await;
    Err(Error::message(text))
}

// Turns of the loop

#[test]
fn coroutines_take_turns_where_they_yield() {
    async fn call(name: char, calls: &RefCell<String>, gives_way: bool) -> Result {
        for _ in 0..5 {
            calls.borrow_mut().push(name);
            if gives_way {
                yield_now().await;
            }
        }
        Ok(())
    }
    #[rustfmt::skip]
    const CASES: &[(bool, bool, &str)] = &[
        (false, false, "aaaaabbbbb"),
        (true,  true,  "ababababab"),
        (true,  false, "abbbbbaaaa"),
    ];
    for &(first, second, expected) in CASES {
        run(async || {
            let calls = RefCell::default();
            multi([call('a', &calls, first), call('b', &calls, second)]).await?;
            assert_eq!(*calls.borrow(), expected);
            Ok(())
        });
    }
}

#[test]
fn a_sleep_does_nothing_until_awaited() {
    run(async || {
        let sleeping = sleep(20 * MILLISECOND);
        sleep(20 * MILLISECOND).await;
        let start = Instant::now();
        sleeping.await;
        assert!(start.elapsed() >= 20 * MILLISECOND);
        Ok(())
    });
}

// multi

#[test]
fn multi_keeps_the_order_and_multi_map_the_keys_whichever_ends_first() {
    run(async || {
        assert_eq!(multi([add_one(1), add_one(2)]).await?, [2, 3]);
        assert_eq!(multi([delay(3, "v1"), delay(1, "v2")]).await?, ["v1", "v2"]);
        let results: HashMap<_, _> =
            multi_map(HashMap::from([("foo", delay(3, "v1")), ("bar", delay(1, "v2"))])).await?;
        assert_eq!(results, HashMap::from([("foo", "v1"), ("bar", "v2")]));
        Ok(())
    });
}

#[test]
fn multi_of_nothing_is_done_at_once() {
    run(async || {
        assert!(multi(Vec::<std::future::Ready<Result>>::new()).await?.is_empty());
        let empty: BTreeMap<u8, u32> = multi_map(BTreeMap::<u8, std::future::Ready<Result<u32>>>::new()).await?;
        assert!(empty.is_empty());
        Ok(())
    });
}

#[test]
fn multi_takes_the_same_future_twice() {
    run(async || {
        let (first, twice) = (Future::new(), Future::new());
        let futures = [first.clone(), twice.clone(), twice.clone()];
        IoLoop::current().add_callback(move || {
            twice.set_result(2).unwrap();
            first.set_result(1).unwrap();
        });
        assert_eq!(multi(futures).await?, [1, 2, 2]);
        Ok(())
    });
}

#[test]
fn multi_takes_futures_of_different_types_boxed() {
    run(async || {
        let futures: [Pin<Box<dyn StdFuture<Output = Result<u32>>>>; 2] =
            [Box::pin(add_one(1)), Box::pin(async { Ok(42) })];
        assert_eq!(multi(futures).await?, [2, 42]);
        Ok(())
    });
}

#[test]
fn multi_of_many_takes_time_in_proportion() {
    run(async || {
        let start = Instant::now();
        multi((0..2000).map(|number| delay(number, ()))).await?;
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        Ok(())
    });
}

#[test]
fn multi_polls_only_who_was_woken() {
    run(async || {
        let polls = Cell::new(0);
        let futures: Vec<Future<()>> = (0..500).map(|_| Future::new()).collect();
        let counted = |mut future: Future<()>| {
            let polls = &polls;
            std::future::poll_fn(move |cx| {
                polls.set(polls.get() + 1);
                Pin::new(&mut future).poll(cx)
            })
        };
        let waited = futures.clone();
        IoLoop::current().spawn_callback(async move {
            for future in futures {
                future.set_result(())?;
                yield_now().await;
            }
            Ok(())
        });
        multi(waited.into_iter().map(counted)).await?;
        assert_eq!(polls.get(), 1000);
        Ok(())
    });
}

#[test]
fn multi_waits_for_all_and_gives_the_first_error_in_order() {
    let log = logged(|| {
        run(async || {
            let ended = Rc::new(Cell::new(false));
            let last = ended.clone();
            let slow = async move {
                delay(5, ()).await?;
                last.set(true);
                Ok(0)
            };
            let late = async { delay(3, ()).await.and(fail("error 1").await) };
            let futures: [Pin<Box<dyn StdFuture<Output = Result<u32>>>>; 3] =
                [Box::pin(late), Box::pin(fail("error 2")), Box::pin(slow)];
            assert_eq!(multi(futures).await.unwrap_err().to_string(), "error 1");
            assert!(ended.get());
            Ok(())
        });
    });
    assert_eq!(log, ["ERROR firewhirl::app: multiple exceptions in multi: error 2"]);
}

#[test]
fn a_single_error_of_multi_is_not_logged_nor_is_a_quiet_one() {
    let log = logged(|| {
        run(async || {
            let one = multi([Box::pin(fail("error 1")) as Pin<Box<dyn StdFuture<Output = _>>>, Box::pin(add_one(2))]);
            assert_eq!(one.await.unwrap_err().to_string(), "error 1");
            let quiet = multi([fail("error 1"), fail("error 2")]).quiet(|error| error.to_string() == "error 2");
            assert_eq!(quiet.await.unwrap_err().to_string(), "error 1");
            Ok(())
        });
    });
    assert!(log.is_empty(), "{log:?}");
}

#[test]
fn a_child_that_is_cancelled_fails_multi() {
    run(async || {
        let cancelled = Future::<u32>::new();
        let canceller = cancelled.clone();
        IoLoop::current().add_callback(move || assert!(canceller.cancel()));
        for _ in 0..2 {
            // Cancelled meanwhile, and then before.
            assert!(matches!(multi([cancelled.clone()]).await, Err(FutureError::Cancelled)));
        }
        Ok(())
    });
}

// with_timeout

#[test]
fn with_timeout_drops_what_takes_too_long() {
    run(async || {
        let held = Rc::new(());
        let holder = held.clone();
        let late = with_timeout(5 * MILLISECOND, async move {
            sleep(HOUR).await;
            drop(holder);
        });
        assert_eq!(late.await.unwrap_err().to_string(), "timed out");
        assert_eq!(Rc::strong_count(&held), 1);
        let at = Instant::now() + 5 * MILLISECOND;
        assert!(with_timeout(at, sleep(HOUR)).await.is_err());
        assert!(Instant::now() >= at);
        Ok(())
    });
}

#[test]
fn with_timeout_gives_what_is_in_time() {
    run(async || {
        let future = Future::new();
        let setter = future.clone();
        IoLoop::current().call_later(5 * MILLISECOND, move || setter.set_result("asdf").unwrap());
        assert_eq!(with_timeout(HOUR, future.clone()).await??, "asdf");
        assert_eq!(with_timeout(HOUR, future.clone()).await??, "asdf", "already there");
        assert_eq!(with_timeout(Duration::ZERO, future).await??, "asdf", "already there, no time");

        let failing = Future::<u8>::new();
        let setter = failing.clone();
        IoLoop::current().call_later(MILLISECOND, move || setter.set_exception(Error::message("no")).unwrap());
        assert_eq!(with_timeout(HOUR, failing).await?.unwrap_err().to_string(), "no");

        let cancelled = Future::<u8>::new();
        let canceller = cancelled.clone();
        IoLoop::current().call_later(MILLISECOND, move || assert!(canceller.cancel()));
        assert!(matches!(with_timeout(HOUR, cancelled).await?, Err(FutureError::Cancelled)));
        Ok(())
    });
}

#[test]
fn with_timeout_limits_calls_on_an_executor() {
    run(async || {
        let io_loop = IoLoop::current();
        let slow = io_loop.run_in_executor(|| std::thread::sleep(50 * MILLISECOND));
        assert!(with_timeout(Instant::now(), slow).await.is_err());
        with_timeout(HOUR, io_loop.run_in_executor(|| std::thread::sleep(MILLISECOND))).await??;
        Ok(())
    });
}

#[test]
fn what_is_detached_by_a_timeout_goes_on_and_its_failure_is_logged() {
    let log = logged(|| {
        run(async || {
            let io_loop = IoLoop::current();
            let ended = Rc::new(Cell::new(0));
            let work = |outcome: fn() -> Result<u8>| {
                let ended = ended.clone();
                io_loop.spawn(async move {
                    sleep(10 * MILLISECOND).await;
                    ended.set(ended.get() + 1);
                    outcome()
                })
            };
            for outcome in [|| Ok(1), || Err(Error::message("too late")), || panic!("later still")] {
                let error = with_timeout_detach(MILLISECOND, work(outcome)).await.unwrap_err();
                assert!(error.is::<TimeoutError>());
            }
            assert_eq!(with_timeout_detach(HOUR, work(|| Ok(2))).await?, 2);
            let in_time = with_timeout_detach(HOUR, work(|| Err(Error::message("in time")))).await;
            assert_eq!(in_time.unwrap_err().to_string(), "in time");
            assert_eq!(ended.get(), 5);
            Ok(())
        });
    });
    assert_eq!(
        log,
        [
            "ERROR firewhirl::app: exception in future after timeout: too late",
            "ERROR firewhirl::app: exception in future after timeout: the spawned work panicked: later still"
        ]
    );
}

#[test]
fn a_typed_error_of_detached_work_can_be_read_back() {
    run(async || {
        let parse = IoLoop::current().spawn(async { "none".parse::<u8>() });
        assert!(with_timeout_detach(HOUR, parse).await.unwrap_err().is::<ParseIntError>());
        let aborted = IoLoop::current().spawn(std::future::pending::<Result>());
        aborted.abort();
        assert!(with_timeout_detach(HOUR, aborted).await.unwrap_err().is::<SpawnError>());
        Ok(())
    });
}

// WaitIterator

#[test]
fn a_wait_iterator_over_nothing_is_done() {
    run(async || {
        let mut nothing = WaitIterator::new(Vec::<Future<u8>>::new());
        assert!(nothing.done());
        assert!(nothing.next().await.is_none());
        assert_eq!(nothing.current_index(), None);
        Ok(())
    });
}

#[test]
fn what_is_done_already_comes_in_the_order_given() {
    run(async || {
        let futures = [24, 42, 84].map(|value| {
            let future = Future::new();
            future.set_result(value).unwrap();
            future
        });
        let mut iterator = WaitIterator::new(futures.clone());
        for expected in [(0, 24), (1, 42), (2, 84)] {
            assert!(!iterator.done());
            let value = iterator.next().await.unwrap()?;
            assert_eq!((*iterator.current_index().unwrap(), value), expected);
        }
        assert!(iterator.done());
        assert!(iterator.next().await.is_none());
        assert_eq!(iterator.current_index(), None);

        let [first, second, _] = futures;
        let mut keyed = WaitIterator::keyed([("f1", first.clone()), ("f2", second), ("f1 again", first)]);
        let mut results = Vec::new();
        while let Some(value) = keyed.next().await {
            results.push((*keyed.current_index().unwrap(), value?));
        }
        assert_eq!(results, [("f1", 24), ("f2", 42), ("f1 again", 24)]);
        Ok(())
    });
}

#[test]
fn a_wait_iterator_gives_results_as_they_come_and_goes_on_after_an_error() {
    run(async || {
        let futures: [Future<u32>; 4] = std::array::from_fn(|_| Future::new());
        let setters = futures.clone();
        IoLoop::current().spawn_callback(async move {
            delay(3, ()).await?;
            setters[2].set_result(24)?;
            delay(2, ()).await?;
            setters[0].set_exception(Error::message("no"))?;
            delay(3, ()).await?;
            setters[1].set_result(42)?;
            setters[3].set_result(84)?;
            Ok(())
        });
        let mut iterator = WaitIterator::new(futures);
        let mut results = Vec::new();
        while let Some(result) = iterator.next().await {
            results.push((*iterator.current_index().unwrap(), result.map_err(|error| error.to_string())));
        }
        assert_eq!(results, [(2, Ok(24)), (0, Err("no".to_owned())), (1, Ok(42)), (3, Ok(84))]);
        Ok(())
    });
}

#[test]
fn a_wait_iterator_loses_nothing_when_a_wait_is_given_up() {
    run(async || {
        let slow = async {
            sleep(30 * MILLISECOND).await;
            "slow"
        };
        let mut iterator = WaitIterator::new([slow]);
        assert!(with_timeout(MILLISECOND, iterator.next()).await.is_err());
        assert_eq!(iterator.next().await, Some("slow"));
        Ok(())
    });
}

#[test]
fn a_wait_iterator_can_be_handed_to_another_task() {
    run(async || {
        let futures: [Future<u32>; 2] = std::array::from_fn(|_| Future::new());
        let mut iterator = WaitIterator::new(futures.clone());
        assert!(with_timeout(Duration::ZERO, iterator.next()).await.is_err());
        let elsewhere = IoLoop::current().spawn(async move { iterator.next().await });
        yield_now().await;
        futures[1].set_result(1)?;
        assert_eq!(with_timeout(HOUR, elsewhere).await??.unwrap()?, 1);
        Ok(())
    });
}

// callback

#[test]
fn a_callback_gives_none_one_or_several_arguments() {
    fn later(call: impl FnOnce() + 'static) {
        IoLoop::current().call_later(MILLISECOND, call);
    }
    fn with_none(done: impl FnOnce() + 'static) {
        later(done);
    }
    fn with_one(done: impl FnOnce(u8) + 'static) {
        later(|| done(1));
    }
    fn with_two(done: impl FnOnce(u8, String) + 'static) {
        later(|| done(1, "two".into()));
    }
    fn with_three(done: impl FnOnce(u8, u8, u8)) {
        done(1, 2, 3); // at once
    }
    fn with_four(done: impl FnOnce(u8, u8, u8, u8)) {
        done(1, 2, 3, 4);
    }
    run(async || {
        callback(|done| with_none(done.none())).await?;
        assert_eq!(callback(|done| with_one(done.one())).await?, 1);
        assert_eq!(callback(|done| with_two(done.two())).await?, (1, "two".to_owned()));
        assert_eq!(callback(|done| with_three(done.three())).await?, (1, 2, 3));
        let four = callback(|done| with_four(|a, b, c, d| done.send([a, b, c, d])));
        assert_eq!(four.await?, [1, 2, 3, 4]);
        Ok(())
    });
}

#[test]
fn a_callback_can_carry_what_is_not_send_or_be_called_from_another_thread() {
    run(async || {
        let local = callback(|done| done.one()(Rc::new(1)));
        assert_eq!(*local.await?, 1);
        let remote = callback(|done| {
            let done = done.two();
            std::thread::spawn(move || done(1, 2));
        });
        assert_eq!(remote.await?, (1, 2));
        Ok(())
    });
}

#[test]
fn a_dropped_callback_is_an_error_and_no_hang() {
    run(async || {
        assert_eq!(callback::<u8>(|done| drop(done.one())).await, Err(CallbackDropped));
        let later = callback::<()>(|done| {
            let done = done.none();
            IoLoop::current().add_callback(move || drop(done));
        });
        assert_eq!(later.await, Err(CallbackDropped));
        let nobody_waits = callback(|done| {
            IoLoop::current().add_callback(|| done.one()(1));
        });
        drop(nobody_waits);
        yield_now().await;
        Ok(())
    });
}

// The lives of coroutines

#[test]
fn what_waits_for_a_future_is_kept_by_the_loop() {
    run(async || {
        let future = Future::new();
        let setter = future.clone();
        let waiting = IoLoop::current().spawn(future);
        IoLoop::current().add_callback(move || setter.set_result(123).unwrap());
        assert_eq!(with_timeout(HOUR, waiting).await???, 123);
        Ok(())
    });
}

#[test]
fn an_endless_coroutine_is_dropped_with_its_loop() {
    struct Finally(Rc<RefCell<Vec<bool>>>);
    impl Drop for Finally {
        fn drop(&mut self) {
            self.0.borrow_mut().push(false);
        }
    }
    let turns = Rc::new(RefCell::new(Vec::new()));
    let io_loop = IoLoop::new().unwrap();
    let (finally, own) = (Finally(turns.clone()), io_loop.clone());
    io_loop.spawn_callback(async move {
        loop {
            assert_eq!(IoLoop::current(), own);
            sleep(MILLISECOND).await;
            finally.0.borrow_mut().push(true);
        }
    });
    io_loop.call_later(20 * MILLISECOND, || IoLoop::current().stop());
    io_loop.start().unwrap();
    io_loop.close().unwrap();
    assert_eq!(turns.borrow().first(), Some(&true));
    assert_eq!(turns.borrow().last(), Some(&false));
}

#[test]
fn a_task_local_value_follows_each_coroutine() {
    tokio::task_local!(static NUMBER: u32);
    async fn check(expected: u32) -> Result {
        for _ in 0..3 {
            assert_eq!(NUMBER.get(), expected);
            yield_now().await;
        }
        IoLoop::current().run_in_executor(|| ()).await?;
        assert_eq!(NUMBER.get(), expected);
        Ok(())
    }
    run(async || {
        multi((1..=4).map(|number| NUMBER.scope(number, check(number)))).await?;
        Ok(())
    });
}
