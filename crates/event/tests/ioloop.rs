//! The loop's life: which is current, start, stop, callbacks, timeouts, threads.

mod logs;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::{sleep, yield_now};
use firewhirl_event::{Error, IoLoop, LoopError, Result, SpawnError, TimeoutError};
use logs::logged;

const MILLISECOND: Duration = Duration::from_millis(1);

fn stop() {
    IoLoop::current().stop();
}

/// What callbacks have noted down.
type Notes = Rc<RefCell<Vec<u32>>>;

/// An empty list, and a function that makes callbacks which write to it.
fn notes() -> (Notes, impl Fn(u32) -> Box<dyn FnOnce()>) {
    let notes = Notes::default();
    let list = notes.clone();
    let note = move |number| -> Box<dyn FnOnce()> {
        let list = list.clone();
        Box::new(move || list.borrow_mut().push(number))
    };
    (notes, note)
}

// Which loop is current

#[test]
fn a_thread_has_one_loop_of_its_own_made_when_first_asked_for() {
    thread::spawn(|| {
        assert_eq!(IoLoop::try_current(), None);
        let io_loop = IoLoop::current();
        assert_eq!(IoLoop::current(), io_loop);
        assert_eq!(IoLoop::try_current(), Some(io_loop));
    })
    .join()
    .unwrap();
}

#[test]
fn another_loop_is_current_only_while_it_runs() {
    thread::spawn(|| {
        let io_loop = IoLoop::new().unwrap();
        assert_eq!(IoLoop::try_current(), None);
        for _ in 0..3 {
            let expected = io_loop.clone();
            io_loop.add_callback(move || {
                assert_eq!(IoLoop::current(), expected);
                stop();
            });
            assert!(logged(|| io_loop.start().unwrap()).is_empty());
            assert_eq!(IoLoop::try_current(), None);
        }
        io_loop.close().unwrap();
    })
    .join()
    .unwrap();
}

#[test]
fn an_entered_loop_is_current() {
    let io_loop = IoLoop::new().unwrap();
    let entered = io_loop.enter();
    assert_eq!(IoLoop::current(), io_loop);
    drop(entered);
    assert_ne!(IoLoop::current(), io_loop);
    let _entered = io_loop.enter();
    IoLoop::new().unwrap().run_sync(async { Ok(()) }).unwrap();
}

#[test]
fn threads_have_loops_of_their_own_that_run_at_the_same_time() {
    let (to_second, from_first) = mpsc::channel();
    let second = thread::spawn(move || {
        let io_loop = IoLoop::current();
        to_second.send(io_loop.remote()).unwrap();
        io_loop.start().unwrap();
    });
    let second_loop = from_first.recv().unwrap();
    let first_loop = IoLoop::current().remote();
    // There and back again: both must run for that.
    let there = second_loop.clone();
    IoLoop::current().add_callback(move || {
        assert!(there.add_callback(move || assert!(first_loop.stop())));
    });
    IoLoop::current().start().unwrap();
    assert!(second_loop.stop());
    second.join().unwrap();
    assert!(!second_loop.stop(), "the thread has ended, and its loop with it");
}

#[test]
fn loops_are_made_and_closed_in_threads_at_once() {
    let make = || (0..10).for_each(|_| IoLoop::new().unwrap().close().unwrap());
    for thread in [thread::spawn(make), thread::spawn(make)] {
        thread.join().unwrap();
    }
}

// Foreign runtimes

fn on_foreign_runtime() {
    let io_loop = IoLoop::current();
    assert_eq!(IoLoop::current(), io_loop, "the same runtime is the same loop");
    assert_eq!(io_loop.start().unwrap_err().downcast_ref(), Some(&LoopError::AlreadyRunning));
    assert!(io_loop.run_sync(async { Ok(()) }).is_err());
    assert!(IoLoop::new().unwrap().run_sync(async { Ok(()) }).is_err(), "two runtimes cannot be nested");
}

async fn uses_foreign_runtime() {
    on_foreign_runtime();
    let (notes, note) = notes();
    IoLoop::current().add_callback(note(1));
    IoLoop::current().call_later(MILLISECOND, note(2));
    let spawned = IoLoop::current().spawn(async { Rc::new(3) });
    note(*spawned.await.unwrap())();
    sleep(20 * MILLISECOND).await;
    notes.borrow_mut().sort_unstable();
    assert_eq!(*notes.borrow(), [1, 2, 3]);
}

#[test]
fn inside_a_foreign_local_runtime_that_is_the_loop() {
    let own = IoLoop::current();
    let foreign = tokio::runtime::LocalRuntime::new().unwrap();
    foreign.block_on(async {
        assert_ne!(IoLoop::current(), own);
        uses_foreign_runtime().await;
    });
    assert_eq!(IoLoop::current(), own);
}

#[test]
fn inside_a_local_set_that_is_the_loop() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, uses_foreign_runtime());
}

#[test]
fn a_runtime_without_local_tasks_cannot_be_a_loop() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { IoLoop::current() }))).is_err());
}

// Start and stop

#[test]
fn a_stop_before_the_start_makes_it_return_at_once() {
    let io_loop = IoLoop::current();
    io_loop.stop();
    io_loop.start().unwrap();
    // Once only.
    io_loop.call_later(5 * MILLISECOND, stop);
    let start = Instant::now();
    io_loop.start().unwrap();
    assert!(start.elapsed() >= 5 * MILLISECOND);
}

#[test]
fn starting_a_running_loop_is_an_error_and_no_deadlock() {
    let (errors, results) = mpsc::channel();
    IoLoop::current().add_callback(move || {
        errors.send(IoLoop::current().start()).unwrap();
        errors.send(IoLoop::current().run_sync(async { Ok(()) })).unwrap();
        errors.send(IoLoop::new().unwrap().start()).unwrap();
        errors.send(IoLoop::current().close().map_err(Error::from)).unwrap();
        stop();
    });
    IoLoop::current().start().unwrap();
    let refused: Vec<Result> = results.iter().collect();
    assert_eq!(refused.len(), 4);
    for result in refused {
        assert_eq!(result.unwrap_err().downcast_ref(), Some(&LoopError::AlreadyRunning));
    }
}

#[test]
fn the_first_error_that_stops_the_loop_is_what_start_returns() {
    let io_loop = IoLoop::current();
    io_loop.add_callback(|| {
        IoLoop::current().stop_with(Error::message("first"));
        IoLoop::current().stop_with(Error::message("second"));
        stop();
    });
    assert_eq!(io_loop.start().unwrap_err().to_string(), "first");
    io_loop.add_callback(stop);
    io_loop.start().unwrap();
}

// run_sync

#[test]
fn run_sync_gives_the_result_and_the_error() {
    let io_loop = IoLoop::current();
    let value = io_loop.run_sync(async {
        yield_now().await;
        Ok(42)
    });
    assert_eq!(value.unwrap(), 42);
    let error = io_loop.run_sync::<()>(async {
        yield_now().await;
        Err(Error::message("no"))
    });
    assert_eq!(error.unwrap_err().to_string(), "no");
}

#[test]
fn run_sync_passes_a_panic_on_and_the_loop_stays_usable() {
    let io_loop = IoLoop::current();
    let run = || io_loop.run_sync::<()>(async { panic!("on purpose") });
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    assert_eq!(io_loop.run_sync(async { Ok(1) }).unwrap(), 1);
}

#[test]
fn run_sync_that_takes_too_long_drops_the_future() {
    let (notes, note) = notes();
    struct OnDrop(Option<Box<dyn FnOnce()>>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.take().unwrap()();
        }
    }
    let dropped = OnDrop(Some(note(1)));
    let error = IoLoop::current()
        .run_sync_timeout(10 * MILLISECOND, async move {
            let _dropped = dropped;
            sleep(Duration::from_secs(60)).await;
            Ok(())
        })
        .unwrap_err();
    assert!(error.is::<TimeoutError>());
    assert_eq!(error.to_string(), "operation timed out after 0.01 seconds");
    assert_eq!(*notes.borrow(), [1]);
}

#[test]
fn stopping_the_loop_ends_run_sync_with_an_error() {
    let io_loop = IoLoop::current();
    let wait = || async {
        sleep(MILLISECOND).await;
        stop();
        sleep(Duration::from_secs(60)).await;
        Ok(())
    };
    let error = io_loop.run_sync(wait()).unwrap_err();
    assert_eq!(error.to_string(), "event loop stopped before the future completed");
    io_loop.call_later(MILLISECOND, || IoLoop::current().stop_with(Error::message("why")));
    assert_eq!(io_loop.run_sync(std::future::pending::<Result>()).unwrap_err().to_string(), "why");
}

#[test]
fn what_is_spawned_in_run_sync_goes_on_in_the_next_run() {
    let io_loop = IoLoop::current();
    let spawned = io_loop
        .run_sync(async {
            Ok(IoLoop::current().spawn(async {
                yield_now().await;
                42
            }))
        })
        .unwrap();
    assert_eq!(io_loop.run_sync(async { Ok(spawned.await?) }).unwrap(), 42);
}

// Callbacks

#[test]
fn callbacks_run_in_order_on_a_later_turn() {
    let io_loop = IoLoop::current();
    let (notes, note) = notes();
    io_loop.add_callback(note(1));
    io_loop.add_callback(note(2));
    io_loop.add_callback({
        let (third, last) = (note(3), note(5));
        move || {
            IoLoop::current().add_callback(last);
            IoLoop::current().add_callback(stop);
            third();
        }
    });
    io_loop.add_callback(note(4));
    assert!(notes.borrow().is_empty());
    io_loop.start().unwrap();
    assert_eq!(*notes.borrow(), [1, 2, 3, 4, 5]);
}

#[test]
fn an_idle_loop_does_not_spin() {
    let io_loop = IoLoop::current();
    io_loop.add_callback(|| ());
    io_loop.call_later(50 * MILLISECOND, stop);
    io_loop.start().unwrap();
    let statistics = io_loop.statistics();
    assert_eq!((statistics.callbacks, statistics.timers, statistics.tasks), (1, 0, 0));
}

#[test]
fn a_callback_from_a_callback_wakes_the_loop_at_once() {
    let io_loop = IoLoop::current();
    let asked = Rc::new(Cell::new(None));
    let set = asked.clone();
    io_loop.call_later(Duration::ZERO, move || {
        set.set(Some(Instant::now()));
        IoLoop::current().add_callback(stop);
    });
    io_loop.start().unwrap();
    assert!(asked.get().unwrap().elapsed() < 100 * MILLISECOND);
}

#[test]
fn a_callback_from_another_thread_wakes_the_sleeping_loop() {
    let remote = IoLoop::current().remote();
    let thread = thread::spawn(move || {
        thread::sleep(10 * MILLISECOND);
        let asked = Instant::now();
        assert!(remote.add_callback(stop));
        asked
    });
    IoLoop::current().start().unwrap();
    assert!(thread.join().unwrap().elapsed() < 200 * MILLISECOND);
}

#[test]
fn a_callback_for_a_loop_that_is_being_closed_is_dropped() {
    let (give, take) = mpsc::channel();
    let thread = thread::spawn(move || {
        let io_loop = IoLoop::current();
        give.send(io_loop.remote()).unwrap();
        io_loop.add_callback(stop);
        io_loop.start().unwrap();
        io_loop.close().unwrap();
    });
    let remote = take.recv().unwrap();
    for _ in 0..1000 {
        remote.add_callback(|| panic!("it may not run"));
        thread::yield_now();
    }
    thread.join().unwrap();
    assert!(!remote.add_callback(|| ()));
}

#[test]
fn a_panic_in_a_callback_is_logged_and_the_loop_goes_on() {
    let log = logged(|| {
        IoLoop::current().add_callback(|| panic!("number {}", 1));
        IoLoop::current().call_later(Duration::ZERO, || panic!("number 2"));
        IoLoop::current().call_later(5 * MILLISECOND, stop);
        IoLoop::current().start().unwrap();
    });
    assert_eq!(
        log,
        [
            "ERROR firewhirl::app: exception in callback: panicked: number 1",
            "ERROR firewhirl::app: exception in callback: panicked: number 2"
        ]
    );
}

// Spawned work

#[test]
fn errors_and_panics_of_spawned_callbacks_are_logged() {
    let log = logged(|| {
        let io_loop = IoLoop::current();
        io_loop.spawn_callback(async {
            let _port: u16 = "none".parse()?;
            Ok(())
        });
        io_loop.spawn_callback(async {
            yield_now().await;
            panic!("later");
        });
        io_loop.spawn_callback(async { Ok(()) });
        let aborted = io_loop.spawn_callback(async {
            loop {
                yield_now().await;
            }
        });
        io_loop.spawn_callback(async move {
            sleep(MILLISECOND).await;
            aborted.abort();
            stop();
        });
        io_loop.start().unwrap();
    });
    assert_eq!(
        log,
        [
            "ERROR firewhirl::app: exception in callback: invalid digit found in string",
            "ERROR firewhirl::app: exception in callback: panicked: later"
        ]
    );
}

#[test]
fn spawned_work_starts_on_a_later_turn_and_is_kept_without_its_handle() {
    let (notes, note) = notes();
    let done = note(2);
    drop(IoLoop::current().spawn(async move {
        sleep(MILLISECOND).await;
        done();
        stop();
    }));
    note(1)();
    IoLoop::current().start().unwrap();
    assert_eq!(*notes.borrow(), [1, 2]);
}

#[test]
fn a_handle_tells_how_spawned_work_ended() {
    let io_loop = IoLoop::current();
    let value = io_loop.spawn(async { 42 });
    let panicked = io_loop.spawn(async { panic!("on purpose") });
    let aborted = io_loop.spawn(std::future::pending::<()>());
    aborted.abort();
    io_loop
        .run_sync(async {
            assert_eq!(value.await, Ok(42));
            assert_eq!(panicked.await, Err(SpawnError::Panicked("on purpose".into())));
            assert_eq!(aborted.await, Err(SpawnError::Aborted));
            Ok(())
        })
        .unwrap();
}

// Timeouts

#[test]
fn timeouts_run_at_their_time_in_its_order_and_never_early() {
    let io_loop = IoLoop::current();
    let (notes, note) = notes();
    let start = io_loop.time();
    io_loop.call_at(start + 30 * MILLISECOND, note(3));
    io_loop.add_timeout(20 * MILLISECOND, note(2));
    io_loop.call_later(10 * MILLISECOND, note(1));
    io_loop.add_timeout(start + 40 * MILLISECOND, stop);
    assert_eq!(io_loop.statistics().timers, 4);
    io_loop.start().unwrap();
    assert!(start.elapsed() >= 40 * MILLISECOND);
    assert_eq!(*notes.borrow(), [1, 2, 3]);
}

#[test]
fn a_timeout_that_has_passed_runs_on_a_later_turn() {
    let io_loop = IoLoop::current();
    let (notes, note) = notes();
    io_loop.call_at(io_loop.time() - MILLISECOND, note(1));
    io_loop.add_timeout(Duration::from_micros(1), stop);
    assert!(notes.borrow().is_empty());
    io_loop.start().unwrap();
    assert_eq!(*notes.borrow(), [1]);
}

#[test]
fn a_timeout_can_be_removed_after_it_ran() {
    let io_loop = IoLoop::current();
    let timeout = io_loop.call_later(Duration::ZERO, stop);
    io_loop.start().unwrap();
    io_loop.remove_timeout(timeout);
}

#[test]
fn a_timeout_can_remove_another_that_is_due_already() {
    let io_loop = IoLoop::current();
    let (notes, note) = notes();
    let now = io_loop.time();
    let second = Rc::new(RefCell::new(None));
    let victim = second.clone();
    let first = note(1);
    io_loop.call_at(now + 5 * MILLISECOND, move || {
        first();
        IoLoop::current().remove_timeout(victim.take().unwrap());
    });
    second.replace(Some(io_loop.call_at(now + 10 * MILLISECOND, note(2))));
    io_loop.call_at(now + 15 * MILLISECOND, stop);
    thread::sleep(20 * MILLISECOND);
    io_loop.start().unwrap();
    assert_eq!(*notes.borrow(), [1]);
}

#[test]
fn removed_timeouts_leave_nothing_behind() {
    let io_loop = IoLoop::current();
    for _ in 0..2000 {
        let timeout = io_loop.call_later(Duration::from_secs(3600), || ());
        io_loop.remove_timeout(timeout);
    }
    io_loop.call_later(MILLISECOND, stop);
    io_loop.start().unwrap();
    assert_eq!((io_loop.statistics().timers, io_loop.statistics().tasks), (0, 0));
}

// Closing

#[test]
fn a_closed_loop_has_dropped_everything_and_takes_nothing() {
    let io_loop = IoLoop::new().unwrap();
    let held = Rc::new(());
    let hold = || {
        let held = held.clone();
        move || drop(held)
    };
    io_loop.add_callback(hold());
    io_loop.call_later(Duration::from_secs(60), hold());
    let (held_too, own) = (held.clone(), io_loop.clone());
    io_loop.spawn_callback(async move {
        std::future::pending::<()>().await;
        drop((held_too, own));
    });
    let bound = io_loop.keep(held.clone());
    io_loop.close().unwrap();
    io_loop.close().unwrap();
    assert_eq!(Rc::strong_count(&held), 1);

    assert!(!bound.with(|_| ()));
    io_loop.add_callback(hold());
    io_loop.call_later(MILLISECOND, hold());
    io_loop.spawn_callback(async { stop() });
    drop(io_loop.keep(held.clone()));
    assert_eq!(Rc::strong_count(&held), 1);
    assert!(io_loop.spawn(async {}).is_finished());
    assert_eq!(io_loop.start().unwrap_err().downcast_ref(), Some(&LoopError::Closed));
}

#[test]
fn a_threads_loop_is_closed_when_the_thread_ends() {
    struct Tell(mpsc::Sender<&'static str>);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.send("dropped").unwrap();
        }
    }
    let (told, tells) = mpsc::channel();
    thread::spawn(move || {
        let io_loop = IoLoop::current();
        let (tell, own) = (Tell(told), io_loop.clone());
        io_loop.spawn_callback(async move {
            std::future::pending::<()>().await;
            drop((tell, own));
        });
    });
    assert_eq!(tells.recv(), Ok("dropped"));
}

#[test]
fn after_its_loop_was_closed_a_thread_gets_a_new_one() {
    let first = IoLoop::current();
    first.close().unwrap();
    assert_ne!(IoLoop::current(), first);
    assert_eq!(IoLoop::current().run_sync(async { Ok(1) }).unwrap(), 1);
}

// Values that stay on their loop

#[test]
fn a_kept_value_is_used_and_dropped_on_its_loop() {
    struct Local(Rc<Cell<u32>>, thread::ThreadId);
    impl Drop for Local {
        fn drop(&mut self) {
            assert_eq!(thread::current().id(), self.1);
            self.0.set(self.0.get() + 100);
            stop();
        }
    }
    let sum = Rc::new(Cell::new(0));
    let bound = IoLoop::current().keep(Local(sum.clone(), thread::current().id()));
    for _ in 0..3 {
        let bound = bound.clone();
        thread::spawn(move || assert!(bound.with(|local| local.0.set(local.0.get() + 1)))).join().unwrap();
    }
    thread::spawn(move || drop(bound));
    IoLoop::current().start().unwrap();
    assert_eq!(sum.get(), 103);
}
