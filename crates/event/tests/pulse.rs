//! The pulse of loops, felt from other threads: a blocked loop shows while it is blocked, an idle one is
//! idle, and one that does not run has none.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{IoLoop, LoopLoad, loop_loads, take_pulses};

/// Far longer than anything here takes on a machine that is not stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the pulse of the loop with this name says, once it is as asked.
fn load_of(name: &str, is_as_asked: impl Fn(&LoopLoad) -> bool) -> LoopLoad {
    let end = Instant::now() + PATIENCE;
    loop {
        let load = loop_loads().into_iter().find(|load| load.name == name);
        match load {
            Some(load) if is_as_asked(&load) => return load,
            load => assert!(Instant::now() < end, "{name}: {load:?}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_blocked_loop_shows_while_it_is_blocked() {
    take_pulses();
    let (block, blocked) = mpsc::channel::<()>();
    let thread = thread::Builder::new().name("pulse-blocked".to_owned());
    let (give_remote, remote) = mpsc::channel();
    let thread = thread.spawn(move || {
        let io_loop = IoLoop::current();
        give_remote.send(io_loop.remote()).unwrap();
        io_loop.start().unwrap();
    });
    let thread = thread.unwrap();
    let remote = remote.recv().unwrap();
    let before = load_of("pulse-blocked", |load| load.lag.count() >= 1);

    remote.add_callback(move || assert!(blocked.recv().is_err(), "the sender is dropped"));
    let seen = load_of("pulse-blocked", |load| load.overdue > Duration::from_millis(700));
    assert!(seen.busy > before.busy, "{seen:?}");
    assert!(seen.busy_time >= before.busy_time + Duration::from_millis(500), "{seen:?}");

    drop(block);
    // Every beat that was missed counts as one that was late.
    let missed = |load: &LoopLoad| load.lag.count() - load.lag.counts().iter().take(7).sum::<u64>();
    let after = load_of("pulse-blocked", |load| load.overdue < Duration::from_millis(100) && missed(load) >= 6);
    assert!(after.lag.sum() - before.lag.sum() > Duration::from_millis(1_500), "{after:?}");
    assert!(after.busy_time >= seen.busy_time, "a total does not go back");
    remote.stop();
    thread.join().unwrap();
}

#[test]
fn a_loop_that_does_not_run_has_no_pulse_and_misses_nothing() {
    take_pulses();
    let io_loop = IoLoop::new().unwrap();
    io_loop.set_name("pulse-resting");
    let wait = async {
        sleep(Duration::from_millis(250)).await;
        Ok(())
    };
    io_loop.run_sync(wait).unwrap();
    assert!(loop_loads().iter().all(|load| load.name != "pulse-resting"));
    thread::sleep(Duration::from_secs(3));
    io_loop
        .run_sync(async {
            sleep(Duration::from_millis(250)).await;
            let load = load_of("pulse-resting", |load| load.lag.count() >= 2);
            let rested = load.lag.bounds().iter().zip(load.lag.counts()).filter(|(bound, _)| bound.as_secs() >= 5);
            assert_eq!(rested.map(|(_, count)| count).sum::<u64>(), 0, "{load:?}");
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_pulse_is_no_task_of_the_program() {
    take_pulses();
    let io_loop = IoLoop::new().unwrap();
    io_loop.set_name("pulse-tasks");
    io_loop.call_later(PATIENCE, || ());
    io_loop
        .run_sync(async {
            sleep(Duration::from_millis(250)).await;
            let load = load_of("pulse-tasks", |load| load.timers > 0);
            assert_eq!((load.tasks, load.timers), (1, 1));
            assert_eq!(IoLoop::current().statistics().tasks, 1);
            Ok(())
        })
        .unwrap();
}
