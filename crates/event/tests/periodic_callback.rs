//! Periodic callbacks on a running loop; their schedule is tested where it is computed.

mod logs;

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{Error, IoLoop, PeriodicCallback, ZeroPeriod};
use logs::logged;

const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn it_runs_once_a_period_until_it_is_stopped() {
    let runs = Rc::new(Cell::new(0));
    let count = runs.clone();
    let periodic = PeriodicCallback::new(10 * MILLISECOND, async move || {
        count.set(count.get() + 1);
        if count.get() == 3 {
            IoLoop::current().stop();
        }
    })
    .unwrap();
    assert!(!periodic.is_running());
    periodic.start();
    periodic.start();
    assert!(periodic.is_running());
    let start = Instant::now();
    IoLoop::current().start().unwrap();
    assert!(start.elapsed() >= 29 * MILLISECOND);
    periodic.stop();
    assert!(!periodic.is_running());
    IoLoop::current().call_later(30 * MILLISECOND, || IoLoop::current().stop());
    IoLoop::current().start().unwrap();
    assert_eq!(runs.get(), 3);
}

#[test]
fn a_long_run_is_awaited_and_never_overtaken() {
    let counts = Rc::new((Cell::new(0), Cell::new(0)));
    let (begun, ended) = (counts.clone(), counts.clone());
    let periodic = PeriodicCallback::new(10 * MILLISECOND, async move || {
        begun.0.set(begun.0.get() + 1);
        sleep(25 * MILLISECOND).await;
        ended.1.set(ended.1.get() + 1);
        assert_eq!(ended.0, ended.1, "no other run has begun");
        if ended.1.get() == 3 {
            IoLoop::current().stop();
        }
    })
    .unwrap();
    periodic.start();
    assert!(logged(|| IoLoop::current().start().unwrap()).is_empty());
    periodic.stop();
    assert_eq!((counts.0.get(), counts.1.get()), (3, 3));
}

#[test]
fn stopping_lets_the_run_that_is_under_way_end() {
    async fn until(reached: impl Fn() -> bool) {
        while !reached() {
            sleep(MILLISECOND).await;
        }
    }

    let (begun, may_end) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (runs, limit) = (begun.clone(), may_end.clone());
    let periodic = PeriodicCallback::new(MILLISECOND, async move || {
        runs.set(runs.get() + 1);
        until(|| limit.get() >= runs.get()).await;
    })
    .unwrap();
    periodic.start();
    IoLoop::current()
        .run_sync(async {
            until(|| begun.get() == 1).await;
            periodic.stop();
            // Started again while the old run is under way: the new one waits for its end.
            periodic.start();
            sleep(10 * MILLISECOND).await;
            assert_eq!(begun.get(), 1);
            may_end.set(1);
            until(|| begun.get() == 2).await;
            periodic.stop();
            may_end.set(2);
            until(|| IoLoop::current().statistics().tasks == 0).await;
            Ok(())
        })
        .unwrap();
    assert_eq!(begun.get(), 2);
}

#[test]
fn a_run_that_fails_is_logged_and_the_next_one_comes() {
    let log = logged(|| {
        let mut runs = 0;
        let periodic = PeriodicCallback::new(MILLISECOND, async move || {
            runs += 1;
            match runs {
                1 => Err(Error::message("first")),
                2 => panic!("second"),
                _ => {
                    IoLoop::current().stop();
                    Ok(())
                }
            }
        })
        .unwrap();
        periodic.start();
        IoLoop::current().start().unwrap();
        periodic.stop();
    });
    assert_eq!(
        log,
        [
            "ERROR firewhirl::app: exception in callback: first",
            "ERROR firewhirl::app: exception in callback: panicked: second"
        ]
    );
}

#[test]
fn a_period_of_zero_is_an_error_and_an_endless_one_is_none() {
    assert_eq!(PeriodicCallback::new(Duration::ZERO, async || ()).unwrap_err(), ZeroPeriod);
    let never = PeriodicCallback::new(Duration::MAX, async || ()).unwrap().jitter(9.0);
    never.start();
    IoLoop::current().call_later(MILLISECOND, || IoLoop::current().stop());
    IoLoop::current().start().unwrap();
    never.stop();
}
