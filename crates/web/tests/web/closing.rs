//! A client that leaves: the handler goes on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::{sleep, yield_now};
use firewhirl_event::{Result, StreamError};
use firewhirl_web::{Application, Context, url};

use crate::support::{Answer, connect, get, logged, run};

type Steps = Rc<Cell<u32>>;

/// Five steps, each with a wait of another kind.
async fn five_steps(cx: &Context, steps: &Steps) -> Result {
    let step = || steps.set(steps.get() + 1);
    sleep(Duration::from_millis(1)).await;
    step();
    yield_now().await;
    step();
    cx.write("half a page")?;
    let _: Result = cx.flush().await;
    step();
    sleep(Duration::from_millis(2)).await;
    step();
    cx.write("the rest")?;
    let _: Result = cx.flush().await;
    step();
    Ok(())
}

#[test]
fn a_handler_runs_to_its_end_whenever_its_client_leaves() {
    for leaves_at in 0..=5 {
        let steps = Steps::default();
        let ended = Steps::default();
        let (counted, noted) = (steps.clone(), ended.clone());
        let application = Rc::new(Application::new().get("/", async move |cx| {
            five_steps(cx, &counted).await?;
            noted.set(1);
            Ok(())
        }));
        let lines = logged(|| {
            run(async {
                let stream = get("/").begin(&application).await?;
                while steps.get() < leaves_at {
                    yield_now().await;
                }
                drop(stream);
                while ended.get() == 0 {
                    sleep(Duration::from_millis(1)).await;
                }
                sleep(Duration::from_millis(1)).await;
                Ok(())
            });
        });
        assert_eq!(steps.get(), 5, "the client left at step {leaves_at}");
        assert!(!lines.iter().any(|line| line.starts_with("ERROR")), "{lines:?}");
    }
}

#[test]
fn a_flush_after_the_client_left_is_closed_and_no_error_of_the_application() {
    let seen = Rc::new(RefCell::new(None));
    let noted = seen.clone();
    let application = Rc::new(Application::new().get("/", async move |cx| {
        cx.closed().await;
        cx.write("nobody reads this")?;
        let error = cx.flush().await.unwrap_err();
        *noted.borrow_mut() = Some((error.is::<StreamError>(), cx.is_closed()));
        Err(error)
    }));
    let lines = logged(|| {
        run(async {
            get("/").abandon(&application).await?;
            while seen.borrow().is_none() {
                yield_now().await;
            }
            sleep(Duration::from_millis(1)).await;
            Ok(())
        });
    });
    assert_eq!(seen.take(), Some((true, true)));
    assert!(lines.iter().all(|line| !line.starts_with("ERROR") && !line.starts_with("WARN")), "{lines:?}");
}

#[test]
fn what_was_registered_runs_when_the_client_leaves_and_not_after_the_end() {
    let calls = Steps::default();
    let (counted, counted_too) = (calls.clone(), calls.clone());
    let application = Rc::new(
        Application::new()
            .get("/waits", async move |cx| {
                let calls = counted.clone();
                cx.on_connection_close(move || calls.set(calls.get() + 1));
                sleep(Duration::from_millis(20)).await;
                assert_eq!(counted.get(), 1);
                cx.write("still here")
            })
            .get("/ends", async move |cx| {
                let calls = counted_too.clone();
                cx.on_connection_close(move || calls.set(calls.get() + 100));
                cx.finish("done")?;
                sleep(Duration::from_millis(5)).await;
                Ok(())
            }),
    );
    run(async {
        for target in ["/waits", "/ends"] {
            get(target).abandon(&application).await?;
            sleep(Duration::from_millis(30)).await;
        }
        Ok(())
    });
    assert_eq!(calls.get(), 1);
}

#[test]
fn a_route_that_asks_for_it_ends_where_it_waits() {
    struct Dropped(Rc<Cell<u32>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.set(1);
        }
    }
    let dropped = Steps::default();
    let held = dropped.clone();
    let application = Rc::new(Application::new().get(url("/").cancel_on_disconnect(), async move |cx| {
        let _held = Dropped(held.clone());
        sleep(Duration::from_secs(60)).await;
        cx.write("never")
    }));
    let lines = logged(|| {
        run(async {
            get("/").abandon(&application).await?;
            while dropped.get() == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            Ok(())
        });
    });
    assert!(lines.iter().any(|line| line.contains("firewhirl::access: 499 GET /")), "{lines:?}");
}

#[test]
fn a_client_that_leaves_in_its_body_reaches_no_handler() {
    let application = Rc::new(Application::new().post("/", async |_| panic!("must not run")));
    let lines = logged(|| {
        run(async {
            let mut stream = connect(&application);
            stream.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
            stream.flush().await?;
            drop(stream);
            sleep(Duration::from_millis(5)).await;
            Ok(())
        });
    });
    let warning = |line: &&String| line.starts_with("ERROR") || line.starts_with("WARN");
    let warnings: Vec<_> = lines.iter().filter(warning).collect();
    assert!(warnings.len() == 1 && warnings[0].contains("firewhirl::access: 499 POST /"), "{lines:?}");
}

#[test]
fn a_client_that_only_stops_sending_gets_its_whole_page() {
    let application = Rc::new(Application::new().get("/", async |cx| {
        five_steps(cx, &Steps::default()).await?;
        cx.write(", all of it")
    }));
    run(async {
        let mut stream = connect(&application);
        stream.write(get("/").bytes());
        stream.close_write().await?;
        let answer = Answer::read(&stream.read_until_close().await?);
        assert_eq!(answer.parts(), (200, "half a pagethe rest, all of it"));
        Ok(())
    });
}

#[test]
fn half_a_body_is_not_answered_as_if_it_were_whole() {
    let application = Rc::new(Application::new().post("/", async |_| panic!("must not run")).post(
        url("/streamed").stream_request_body(),
        async |cx| {
            while cx.body().next().await?.is_some() {}
            panic!("the body is not whole")
        },
    ));
    let lines = logged(|| {
        run(async {
            for target in ["/", "/streamed"] {
                let mut stream = connect(&application);
                stream.write(format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"));
                stream.close_write().await?;
                assert_eq!(stream.read_until_close().await?, "", "{target}");
            }
            Ok(())
        });
    });
    let logged = lines.iter().filter(|line| line.contains("firewhirl::access: 499 POST /"));
    assert_eq!(logged.count(), 2, "{lines:?}");
}
