//! Responses that are finished after their verb has returned.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{IoLoop, IoStream, StreamError};
use firewhirl_http::{ServerOptions, serve_stream};
use firewhirl_web::{Application, Later, url};

use crate::support::{Answer, ask, connect, get, logged, run};

#[test]
fn a_callback_on_the_loop_finishes_it() {
    let application = Rc::new(Application::new().get("/", async |cx| {
        cx.write("first, ")?;
        let later = cx.finish_later();
        IoLoop::current().call_later(Duration::from_millis(2), move || {
            later.set_header("X-Later", "yes").unwrap();
            later.finish("then").unwrap();
        });
        Ok(())
    }));
    let answer = get("/").to(&application);
    assert_eq!(answer.parts(), (200, "first, then"));
    assert_eq!(answer.header("X-Later"), Some("yes"));
}

#[test]
fn another_thread_finishes_it() {
    let application = Rc::new(Application::new().get("/", async |cx| {
        let later = IoLoop::current().keep(cx.finish_later());
        std::thread::spawn(move || {
            let result = (1..=10).product::<u64>();
            later.with(move |later| later.finish(result.to_string()).unwrap());
        });
        Ok(())
    }));
    assert_eq!(get("/").to(&application).body, "3628800");
}

#[test]
fn it_may_be_finished_before_the_verb_returns() {
    let application = Rc::new(Application::new().get("/", async |cx| {
        let later = cx.finish_later();
        later.finish("at once")?;
        sleep(Duration::from_millis(1)).await;
        assert_eq!(cx.write("more").unwrap_err().to_string(), "Cannot write() after finish()");
        Ok(())
    }));
    assert_eq!(get("/").to(&application).body, "at once");
}

#[test]
fn dropped_unfinished_it_is_500_and_the_route_is_logged() {
    for wait in [0, 2] {
        let application = Rc::new(Application::new().get("/story/{id}", async move |cx| {
            let later = cx.finish_later();
            IoLoop::current().call_later(Duration::from_millis(wait), move || drop(later));
            if wait == 0 {
                sleep(Duration::from_millis(2)).await;
            }
            Ok(())
        }));
        let lines = logged(|| assert_eq!(get("/story/1").to(&application).status, 500));
        let line = "finish_later() was dropped unfinished GET /story/1 (0.0.0.0), route /story/{id}";
        assert!(lines.iter().any(|logged| logged.contains(line)), "{lines:?}");
    }
}

#[test]
fn its_client_may_leave_first() {
    let kept: Rc<RefCell<Option<Later>>> = Rc::default();
    let slot = kept.clone();
    let application = Rc::new(Application::new().get("/", async move |cx| {
        *slot.borrow_mut() = Some(cx.finish_later());
        Ok(())
    }));
    let lines = logged(|| {
        run(async {
            get("/").abandon(&application).await?;
            sleep(Duration::from_millis(2)).await;
            let later = kept.take().unwrap();
            assert!(later.is_closed());
            later.finish("nobody reads this")?;
            sleep(Duration::from_millis(2)).await;
            Ok(())
        });
    });
    assert!(lines.iter().all(|line| !line.starts_with("ERROR") && !line.starts_with("WARN")), "{lines:?}");
}

#[test]
fn a_handle_that_is_kept_too_long_harms_no_later_request() {
    run(async {
        let kept: Rc<RefCell<Vec<Later>>> = Rc::default();
        let slot = kept.clone();
        let application = Rc::new(Application::new().get("/", async move |cx| {
            let later = cx.finish_later();
            later.finish(cx.argument("n")?)?;
            slot.borrow_mut().push(later);
            Ok(())
        }));
        let mut stream = connect(&application);
        for number in 0..3 {
            stream.write(get(&format!("/?n={number}")).bytes());
            stream.read_until(format!("\r\n\r\n{number}").as_bytes()).await?;
        }
        assert_eq!(kept.borrow().len(), 3);
        assert!(kept.borrow()[0].write("x").is_err());
        kept.take();
        stream.write(get("/?n=last").header("Connection", "close").bytes());
        assert_eq!(Answer::read(&stream.read_until_close().await?).body, "last");
        Ok(())
    });
}

#[test]
fn a_handle_from_an_exchange_that_is_over_cannot_reach_the_next_one() {
    run(async {
        let kept: Rc<RefCell<Option<Later>>> = Rc::default();
        let slot = kept.clone();
        let application = Rc::new(
            Application::new()
                .get(url("/first").stream_request_body(), async move |cx| {
                    let later = cx.finish_later();
                    later.finish("first")?;
                    *slot.borrow_mut() = Some(later);
                    Ok(())
                })
                .post("/second", async |cx| {
                    sleep(Duration::from_millis(5)).await;
                    cx.write(cx.request.body())
                })
                .post(url("/third").stream_request_body(), async |cx| {
                    sleep(Duration::from_millis(5)).await;
                    let chunk = cx.body().next().await?;
                    cx.write(format!("{chunk:?}"))
                }),
        );
        let mut stream = connect(&application);
        stream.write(get("/first").bytes());
        stream.read_until(b"\r\n\r\nfirst").await?;
        let later = kept.take().unwrap();

        stream.write(ask("POST /second").body("whole").bytes());
        stream.flush().await?;
        sleep(Duration::from_millis(2)).await;
        assert!(later.detach().is_err(), "it took the stream from the second request");
        assert!(later.flush().await.is_err());
        stream.read_until(b"\r\n\r\nwhole").await?;

        stream.write(ask("POST /third").body("streamed").bytes());
        stream.flush().await?;
        sleep(Duration::from_millis(2)).await;
        assert!(later.body().next().await.is_err(), "it read the third request's body");
        assert!(later.read_body().await.is_err());
        let again = later.finish_later();
        assert!(again.is_finished());
        later.on_connection_close(|| panic!("it was told of the third request's client"));
        stream.read_until(b"Some(b\"streamed\")").await?;
        Ok(())
    });
}

#[test]
fn a_handle_that_outlives_its_panicked_handler_cannot_answer_the_next_request() {
    let kept: Rc<RefCell<Option<Later>>> = Rc::default();
    let slot = kept.clone();
    let application = Rc::new(
        Application::new()
            .get("/first", async move |cx| {
                *slot.borrow_mut() = Some(cx.finish_later());
                panic!("on purpose")
            })
            .get("/second", async |cx| {
                sleep(Duration::from_millis(5)).await;
                cx.write("second")
            }),
    );
    run(async {
        let mut stream = connect(&application);
        stream.write(get("/first").bytes());
        let head = stream.read_until(b"\r\n\r\n").await?;
        assert!(head.starts_with(b"HTTP/1.1 500"), "{head:?}");
        stream.write(get("/second").header("Connection", "close").bytes());
        stream.flush().await?;
        sleep(Duration::from_millis(2)).await;
        let later = kept.take().unwrap();
        assert!(later.is_finished() && later.finish("of the first").is_err());
        assert_eq!(Answer::read(&stream.read_until_close().await?).parts(), (200, "second"));
        Ok(())
    });
}

#[test]
fn a_task_that_streams_is_ended_by_a_client_that_does_not_read() {
    let outcome: Rc<RefCell<Option<bool>>> = Rc::default();
    let noted = outcome.clone();
    let application = Rc::new(Application::new().get("/", async move |cx| {
        let (later, noted) = (cx.finish_later(), noted.clone());
        IoLoop::current().spawn_callback(async move {
            loop {
                later.write("x".repeat(100_000))?;
                if let Err(error) = later.flush().await {
                    *noted.borrow_mut() = Some(error.is::<StreamError>());
                    return Err(error);
                }
            }
        });
        Ok(())
    }));
    run(async {
        let (near, mut far) = IoStream::pair()?;
        let options = ServerOptions::new().write_timeout(Duration::from_millis(50));
        let served = IoLoop::current().spawn(serve_stream(near, application, options));
        far.write(get("/").bytes());
        far.flush().await?;
        served.await?;
        assert_eq!(outcome.take(), Some(true));
        Ok(())
    });
}
