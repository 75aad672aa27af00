//! Futures that are set by hand.

mod logs;

use std::cell::RefCell;
use std::rc::Rc;

use firewhirl_event::concurrent::{AlreadyDone, Future, FutureError, chain_future, run_on_executor};
use firewhirl_event::coroutine::yield_now;
use firewhirl_event::{Error, Executor, ExecutorError, IoLoop, Result, TimeoutError};
use logs::logged;

fn run(test: impl AsyncFnOnce() -> Result) {
    IoLoop::current().run_sync(test()).unwrap();
}

#[test]
fn a_future_is_set_once() {
    let future = Future::new();
    assert!(!future.done());
    assert_eq!(format!("{future:?}"), "Future(pending)");
    future.set_result(42).unwrap();
    assert!(future.done() && !future.cancelled());
    assert_eq!(format!("{future:?}"), "Future(done)");
    assert_eq!(future.set_result(43), Err(AlreadyDone));
    assert_eq!(future.set_exception(Error::message("no")), Err(AlreadyDone));
    assert!(!future.cancel());
    assert_eq!(future.result().unwrap().unwrap(), 42);
}

#[test]
fn all_who_wait_get_the_value() {
    run(async || {
        let future = Future::new();
        let waiting = [0; 3].map(|_| IoLoop::current().spawn(future.clone()));
        yield_now().await;
        future.set_result("value")?;
        for waiting in waiting {
            assert_eq!(waiting.await??, "value");
        }
        Ok(())
    });
}

#[test]
fn the_error_that_was_set_can_be_read_back() {
    run(async || {
        let future = Future::<()>::new();
        future.set_exception(TimeoutError::new("late"))?;
        assert_eq!(format!("{future:?}"), "Future(failed)");
        let error = Error::from(future.clone().await.unwrap_err());
        assert_eq!(error.to_string(), "late");
        assert!(error.find::<TimeoutError>().is_some());
        assert!(matches!(future.await, Err(FutureError::Failed(_))));
        Ok(())
    });
}

#[test]
fn a_cancelled_future_is_set_by_nobody() {
    let log = logged(|| {
        let future = Future::new();
        future.set_result_unless_cancelled(42).unwrap();
        assert_eq!(future.set_result_unless_cancelled(43), Err(AlreadyDone));
        assert!(!future.cancelled());

        let future = Future::new();
        assert!(future.cancel());
        assert!(future.cancelled() && future.done());
        assert_eq!(format!("{future:?}"), "Future(cancelled)");
        assert_eq!(future.set_result(42), Err(AlreadyDone));
        future.set_result_unless_cancelled(42).unwrap();
        future.set_exception_unless_cancelled(Error::message("nobody hears")).unwrap();
        assert!(matches!(future.result(), Some(Err(FutureError::Cancelled))));
    });
    assert_eq!(log, ["ERROR firewhirl::app: exception after future was cancelled: nobody hears"]);
}

#[test]
fn done_callbacks_run_in_order_on_a_later_turn_or_at_once_if_done() {
    run(async || {
        let notes = Rc::new(RefCell::new(Vec::new()));
        let future = Future::new();
        let note = |number| {
            let notes = notes.clone();
            move |future: &Future<u32>| notes.borrow_mut().push((number, future.result().unwrap().unwrap()))
        };
        future.add_done_callback(note(1));
        future.add_done_callback(note(2));
        future.set_result(42)?;
        assert!(notes.borrow().is_empty());
        future.add_done_callback(note(0));
        yield_now().await;
        assert_eq!(*notes.borrow(), [(0, 42), (1, 42), (2, 42)]);
        Ok(())
    });
}

#[test]
fn a_chain_passes_on_results_errors_and_cancellations() {
    type Set = fn(&Future<u32>);
    const CASES: [(&str, Set); 3] = [
        ("Future(done)", |future| future.set_result(42).unwrap()),
        ("Future(failed)", |future| future.set_exception(Error::message("no")).unwrap()),
        ("Future(cancelled)", |future| assert!(future.cancel())),
    ];
    for (expected, set) in CASES {
        for set_first in [true, false] {
            run(async || {
                let futures: [Future<u32>; 3] = std::array::from_fn(|_| Future::new());
                if set_first {
                    set(&futures[0]);
                }
                chain_future(&futures[0], &futures[1]);
                chain_future(&futures[1], &futures[2]);
                if !set_first {
                    set(&futures[0]);
                }
                let _ = futures[2].clone().await;
                assert_eq!(format!("{:?}", futures[2]), expected);
                Ok(())
            });
        }
    }
}

#[test]
fn a_chain_leaves_alone_what_is_done_by_then() {
    run(async || {
        let (from, to) = (Future::new(), Future::new());
        chain_future(&from, &to);
        to.set_result(1)?;
        from.set_result(2)?;
        yield_now().await;
        assert_eq!(to.await?, 1);
        Ok(())
    });
}

#[test]
fn add_future_never_calls_back_inside_the_call() {
    run(async || {
        let notes = Rc::new(RefCell::new(Vec::new()));
        let done = Future::new();
        done.set_result(1)?;
        let (list, result) = (notes.clone(), Future::new());
        let setter = result.clone();
        IoLoop::current().add_future(done, move |value| {
            list.borrow_mut().push(value.unwrap());
            setter.set_result(()).unwrap();
        });
        assert!(notes.borrow().is_empty());
        result.await?;
        assert_eq!(*notes.borrow(), [1]);
        Ok(())
    });
}

#[test]
fn add_future_delivers_what_another_thread_has_worked_out() {
    let here = std::thread::current().id();
    let io_loop = IoLoop::current();
    io_loop.add_future(io_loop.run_in_executor(|| std::thread::current().id()), move |there| {
        assert_ne!(there.unwrap(), here);
        assert_eq!(std::thread::current().id(), here);
        IoLoop::current().stop();
    });
    assert!(logged(|| io_loop.start().unwrap()).is_empty());
}

#[test]
fn a_thread_sets_a_future_through_a_handle_that_may_go_there() {
    run(async || {
        let future = Future::new();
        let setter = IoLoop::current().keep(future.clone());
        std::thread::spawn(move || setter.with(|future| future.set_result(42).unwrap()));
        assert_eq!(future.await?, 42);
        Ok(())
    });
}

#[test]
fn methods_run_on_an_executor_of_their_own() {
    struct Object {
        executor: Executor,
    }
    impl Object {
        async fn answer(&self) -> Result<u32, ExecutorError> {
            run_on_executor(&self.executor, || 42).await
        }
    }
    run(async || {
        for executor in [Executor::new(1), Executor::inline()] {
            assert_eq!(Object { executor }.answer().await?, 42);
        }
        Ok(())
    });
}
