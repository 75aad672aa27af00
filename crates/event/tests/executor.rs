//! Blocking calls on an executor's threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use firewhirl_event::coroutine::{multi, sleep, with_timeout};
use firewhirl_event::{Executor, ExecutorError, IoLoop, Result};

const MILLISECOND: Duration = Duration::from_millis(1);

fn run(test: impl AsyncFnOnce() -> Result) {
    IoLoop::current().run_sync(test()).unwrap();
}

#[test]
fn two_calls_run_at_the_same_time() {
    run(async || {
        let meeting = Arc::new(Barrier::new(2));
        let call = |number| {
            let meeting = meeting.clone();
            // Either would wait for ever without the other.
            IoLoop::current().run_in_executor(move || {
                meeting.wait();
                number
            })
        };
        assert_eq!(multi([call(1), call(2)]).await?, [1, 2]);
        // They were submitted by the call and need not be awaited together.
        let (first, second) = (call(1), call(2));
        assert_eq!((first.await?, second.await?), (1, 2));
        Ok(())
    });
}

#[test]
fn the_loop_goes_on_while_a_call_blocks() {
    run(async || {
        let (go_on, may_go_on) = mpsc::channel();
        let blocked = IoLoop::current().run_in_executor(move || may_go_on.recv());
        IoLoop::current().call_later(MILLISECOND, move || go_on.send(42).unwrap());
        assert_eq!(blocked.await?, Ok(42));
        Ok(())
    });
}

#[test]
fn a_loop_can_be_given_another_executor() {
    run(async || {
        let io_loop = IoLoop::current();
        io_loop.set_default_executor(Executor::new(1));
        let name = || thread::current().name().map(str::to_owned);
        let id = || thread::current().id();
        assert_eq!(io_loop.run_in_executor(name).await?.as_deref(), Some("executor-1"));
        let first = io_loop.run_in_executor(id).await?;
        assert_eq!(io_loop.run_in_executor(id).await?, first);
        io_loop.set_default_executor(Executor::inline());
        assert_eq!(io_loop.run_in_executor(id).await?, thread::current().id());
        Ok(())
    });
}

#[test]
fn no_more_calls_run_at_once_than_there_are_threads() {
    run(async || {
        let executor = Executor::with_queue(3, 5);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let call = |number| {
            let (running, most) = (running.clone(), most.clone());
            executor.submit(move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(MILLISECOND);
                running.fetch_sub(1, Ordering::SeqCst);
                number
            })
        };
        // Far more than the queue takes: the rest wait for room.
        let numbers = multi((0..100).map(call)).await?;
        assert!(numbers.into_iter().eq(0..100));
        assert_eq!(most.load(Ordering::SeqCst), 3);
        Ok(())
    });
}

#[test]
fn a_panic_is_an_error_and_the_thread_lives_on() {
    run(async || {
        for executor in [Executor::new(1), Executor::inline()] {
            let panicked = executor.submit(|| panic!("call {}", 1)).await;
            assert_eq!(panicked, Err::<(), _>(ExecutorError::Panicked("call 1".into())));
            assert_eq!(executor.submit(|| 2).await, Ok(2));
        }
        Ok(())
    });
}

#[test]
fn a_call_that_is_given_up_before_its_turn_never_runs() {
    run(async || {
        let executor = Executor::with_queue(1, 1);
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let blocking = executor.submit(move || may_go_on.recv().unwrap());
        let queued = executor.submit(|| panic!("it was given up"));
        let no_room = executor.submit(|| panic!("it was given up too"));
        assert!(with_timeout(MILLISECOND, queued).await.is_err());
        assert!(with_timeout(MILLISECOND, no_room).await.is_err());
        go_on.send(()).unwrap();
        blocking.await?;
        assert_eq!(executor.submit(|| 1).await, Ok(1));
        Ok(())
    });
}

#[test]
fn a_call_that_runs_goes_on_when_it_is_given_up() {
    run(async || {
        let (tell, told) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let (begin, begun) = mpsc::channel();
        let running = Executor::new(1).submit(move || {
            begin.send(()).unwrap();
            may_go_on.recv().unwrap();
            tell.send("done").unwrap();
        });
        begun.recv().unwrap();
        drop(running);
        go_on.send(()).unwrap();
        assert_eq!(told.recv(), Ok("done"));
        Ok(())
    });
}

#[test]
fn a_pool_is_shared_by_loops_and_ends_with_its_last_handle() {
    let executor = Executor::new(1);
    let (kept, held) = mpsc::channel::<()>();
    let call = || {
        let (executor, kept) = (executor.clone(), kept.clone());
        thread::spawn(move || {
            let id = IoLoop::current().run_sync(async {
                Ok(executor
                    .submit(move || {
                        // Lives as long as the pool's thread.
                        thread_local!(static HELD: std::cell::RefCell<Vec<mpsc::Sender<()>>> = const { std::cell::RefCell::new(Vec::new()) });
                        HELD.with(|held| held.borrow_mut().push(kept));
                        thread::current().id()
                    })
                    .await?)
            });
            id.unwrap()
        })
    };
    let (first, second) = (call(), call());
    assert_eq!(first.join().unwrap(), second.join().unwrap());
    drop((executor, kept));
    assert!(held.recv().is_err(), "the thread has ended");
}

#[test]
fn a_thread_of_the_pool_can_run_a_loop_of_its_own() {
    run(async || {
        let answer = IoLoop::current().run_in_executor(|| {
            let work = async {
                sleep(MILLISECOND).await;
                Ok(42)
            };
            IoLoop::current().run_sync(work).map_err(|error| error.to_string())
        });
        assert_eq!(answer.await?, Ok(42));
        Ok(())
    });
}
