//! Who observes a loop learns of its tasks and of the work that it gives to other threads.

use std::any::Any;
use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread::{ThreadId, current};

use firewhirl_event::coroutine::yield_now;
use firewhirl_event::{Elsewhere, Executor, IoLoop, Observer};
use tokio::task::AbortHandle;

type Tasks = Rc<RefCell<Vec<(&'static Location<'static>, AbortHandle)>>>;
type Log = Arc<Mutex<Vec<(&'static str, ThreadId)>>>;

struct Notes {
    tasks: Tasks,
    log: Log,
}

/// Notes in which thread it is dropped.
struct Ended(Log);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(("ended", current().id()));
    }
}

impl Observer for Notes {
    fn spawned(&self, place: &'static Location<'static>, task: AbortHandle) {
        self.tasks.borrow_mut().push((place, task));
    }

    fn elsewhere(&self) -> Elsewhere {
        let log = self.log.clone();
        Box::new(move || {
            log.lock().unwrap().push(("begun", current().id()));
            Box::new(Ended(log)) as Box<dyn Any>
        })
    }
}

fn observed() -> (IoLoop, Tasks, Log) {
    let io_loop = IoLoop::current();
    let (tasks, log) = (Tasks::default(), Log::default());
    io_loop.set_observer(Notes { tasks: tasks.clone(), log: log.clone() });
    (io_loop, tasks, log)
}

#[test]
fn a_task_is_told_with_the_line_that_spawned_it() {
    let (io_loop, tasks, _) = observed();
    io_loop
        .run_sync(async {
            let ends = IoLoop::current().spawn(async { 1 });
            IoLoop::current().spawn_callback(std::future::pending::<()>());
            assert_eq!(ends.await?, 1);
            yield_now().await;
            Ok(())
        })
        .unwrap();
    let tasks = tasks.take();
    let lines: Vec<_> = tasks.iter().map(|(place, task)| (place.file(), task.is_finished())).collect();
    assert_eq!(lines, [(file!(), true), (file!(), false)]);
    assert_eq!(tasks[1].0.line(), tasks[0].0.line() + 1);
}

#[test]
fn a_call_to_an_executor_begins_and_ends_in_its_thread() {
    let (io_loop, _, log) = observed();
    let thread = io_loop.run_sync(async { Ok(IoLoop::current().run_in_executor(|| current().id()).await?) }).unwrap();
    // The result is on its way first; the pool's one thread ends this call before it takes up the next.
    let executor = Executor::new(1);
    io_loop
        .run_sync(async {
            let first = executor.submit(|| current().id()).await?;
            assert_eq!(executor.submit(|| current().id()).await?, first);
            Ok(())
        })
        .unwrap();
    drop(executor);
    let log = log.lock().unwrap();
    assert_eq!(log[0], ("begun", thread));
    assert!(log.iter().all(|(_, thread)| *thread != current().id()));
    assert_eq!(log.iter().filter(|(what, _)| *what == "begun").count(), 3);
}

#[test]
fn a_loop_that_nobody_observes_gives_nothing_along() {
    let io_loop = IoLoop::new().unwrap();
    assert!(io_loop.elsewhere().is_none());
    io_loop.close().unwrap();
}
