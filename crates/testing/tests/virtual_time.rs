//! A clock that jumps when all are waiting: long polls, a server's timeouts, work in threads, sockets.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::{multi, sleep, with_timeout};
use firewhirl_event::locks::Condition;
use firewhirl_event::{Executor, IoLoop, Result, log_targets};
use firewhirl_http::{Exchange, Serve};
use firewhirl_testing::{
    AsyncTest, Client, HttpTest, Reason, Response, TestServer, advance, expect_log, fetch, hold_clock,
};
use firewhirl_web::Application;
use http::Method;

/// A long poll: news, or after 30 seconds nothing.
async fn news() -> Result<Application> {
    let (latest, changed) = (Rc::new(RefCell::new(String::new())), Condition::new());
    let (published, change) = (latest.clone(), changed.clone());
    Ok(Application::new()
        .get("/news", async move |cx| {
            if changed.wait().timeout(Duration::from_secs(30)).await {
                return cx.write(latest.borrow().clone());
            }
            cx.set_status(204);
            Ok(())
        })
        .post("/news", async move |cx| {
            *published.borrow_mut() = cx.argument("text")?;
            change.notify_all();
            Ok(())
        })
        .get("/slow", async |cx| {
            sleep(Duration::from_secs(90)).await;
            cx.write(format!("{}", cx.request.request_time().as_secs()))
        }))
}

fn seconds_since(begun: Instant) -> u64 {
    (IoLoop::current().time() - begun).as_secs()
}

/// Runs the test, and says how long that took on the real clock.
fn real_time_of(test: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    test();
    begun.elapsed()
}

#[test]
fn a_long_poll_of_thirty_seconds_takes_no_time() {
    let took = real_time_of(|| {
        HttpTest::new(news).in_memory().run(async |client| {
            let begun = IoLoop::current().time();
            assert_eq!(client.get("/news").await?.status(), 204);
            assert_eq!(seconds_since(begun), 30);
            Ok(())
        });
    });
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[test]
fn a_long_poll_is_answered_when_there_is_news() {
    HttpTest::new(news).in_memory().run(async |client| {
        let begun = IoLoop::current().time();
        let readers = multi((0..10).map(|_| client.get("/news").into_future()));
        let publisher = client.clone();
        IoLoop::current().spawn_callback(async move {
            sleep(Duration::from_secs(12)).await;
            publisher.post("/news").form(&[("text", "it rains")]).await?;
            Ok(())
        });
        for answer in readers.await? {
            assert_eq!(answer.text(), "it rains");
        }
        assert_eq!(seconds_since(begun), 12);
        Ok(())
    });
}

#[test]
fn an_idle_timeout_of_five_minutes_takes_no_time() {
    let took = real_time_of(|| {
        let server = |options: firewhirl_http::ServerOptions| options.idle_connection_timeout(Duration::from_secs(300));
        HttpTest::new(news).server(server).in_memory().run(async |client| {
            let mut stream = client.connect().await?;
            stream.write("POST /news?text=a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(Response::read(&mut stream, &Method::POST).await?.status(), 200);
            let begun = IoLoop::current().time();
            assert_eq!(stream.read_until_close().await?, "");
            let waited = seconds_since(begun);
            assert!((300..302).contains(&waited), "{waited}");
            Ok(())
        });
    });
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[test]
fn every_timeout_of_a_server_goes_by_the_clock() {
    const LINE: &str = "POST /news HTTP/1.1\r\nHost: a\r\n";
    let cases = [
        ("a head that does not end", LINE.to_owned(), 30..32, "HTTP/1.1 408"),
        ("a body that does not come", format!("{LINE}Content-Length: 9\r\n\r\n"), 60..62, "HTTP/1.1 408"),
        ("nothing at all", String::new(), 30..32, ""),
    ];
    for (what, request, expected, answer) in cases {
        HttpTest::new(news).in_memory().run(async |client| {
            let begun = IoLoop::current().time();
            let mut stream = client.connect().await?;
            stream.write(request);
            let received = stream.read_until_close().await?;
            let waited = seconds_since(begun);
            assert!(received.starts_with(answer.as_bytes()), "{what}: {received:?}");
            // A refused connection is listened to for two seconds more.
            assert!(expected.contains(&waited) || expected.contains(&(waited - 2)), "{what}: {waited} s");
            Ok(())
        });
    }
}

#[test]
fn a_request_knows_how_long_it_took_by_the_clock() {
    assert_eq!(fetch(news, "/slow").text(), "90");
}

#[test]
fn a_handler_that_outlives_its_client_is_listed_after_a_minute_of_the_clock() {
    let application = Rc::new(RefCell::new(None));
    let built = application.clone();
    let builder = async move || {
        let application = Rc::new(news().await?);
        built.replace(Some(application.clone()));
        Ok(async move |exchange: &mut Exchange| application.serve(exchange).await)
    };
    HttpTest::new(builder).in_memory().run(async |client| {
        assert!(client.get("/slow").leave_after(Duration::from_secs(10)).await.is_err());
        let lingering = || application.borrow().as_ref().unwrap().lingering();
        sleep(Duration::from_secs(58)).await;
        assert!(lingering().is_empty());
        sleep(Duration::from_secs(4)).await;
        assert_eq!((lingering()[0].url.as_str(), lingering()[0].longest.as_secs()), ("/slow", 62));
        sleep(Duration::from_secs(20)).await;
        assert!(lingering().is_empty());
        Ok(())
    });
    drop(application.take());
}

#[test]
fn the_timers_of_the_loop_go_by_the_clock() {
    AsyncTest::new().paused_clock().run(async {
        sleep(Duration::from_secs(1000)).await;
        let begun = IoLoop::current().time();
        let fired = Rc::new(Cell::new(None));
        let at = fired.clone();
        IoLoop::current().call_later(Duration::from_secs(60), move || at.set(Some(seconds_since(begun))));
        assert!(with_timeout(Duration::from_secs(100), std::future::pending::<()>()).await.is_err());
        assert_eq!((fired.get(), seconds_since(begun)), (Some(60), 100));
        Ok(())
    });
}

#[test]
fn the_clock_stands_still_while_an_executor_works() {
    AsyncTest::new().paused_clock().run(async {
        let begun = IoLoop::current().time();
        let nap = || std::thread::sleep(Duration::from_millis(30));
        let own = Executor::new(1);
        // The second waits for the first to be done, and the loop's own executor counts as well.
        let works = (own.submit(nap), own.submit(nap), IoLoop::current().run_in_executor(nap));
        let done = async { Ok::<_, firewhirl_event::ExecutorError>((works.0.await?, works.1.await?, works.2.await?)) };
        with_timeout(Duration::from_millis(1), done).await??;
        assert_eq!(IoLoop::current().time() - begun, Duration::ZERO);
        sleep(Duration::from_secs(5)).await;
        assert_eq!(seconds_since(begun), 5);
        Ok(())
    });
}

#[test]
fn the_clock_can_be_held_by_hand_and_then_moves_on() {
    AsyncTest::new().paused_clock().run(async {
        let begun = IoLoop::current().time();
        let held = hold_clock();
        let napping = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            drop(held);
            Instant::now()
        });
        sleep(Duration::from_secs(3600)).await;
        assert!(napping.join().unwrap() <= Instant::now());
        assert_eq!(seconds_since(begun), 3600);
        advance(Duration::from_secs(5)).await;
        assert_eq!(seconds_since(begun), 3605);
        Ok(())
    });
}

#[test]
fn a_server_with_a_socket_is_refused_where_the_clock_jumps() {
    let failure =
        AsyncTest::new().paused_clock().try_run(async { Ok(TestServer::start(news).map(drop)?) }).unwrap_err();
    assert!(failure.to_string().contains("a socket on a paused clock"), "{failure}");
}

#[test]
fn other_sockets_are_told_where_the_clock_jumps() {
    let (socket, port) = firewhirl_testing::bind_unused_port().unwrap();
    let failure = AsyncTest::new()
        .paused_clock()
        .try_run(async move {
            // Nobody answers on the other side, so that time runs out.
            Client::new(port).get("/").await?;
            Ok(())
        })
        .unwrap_err();
    drop(socket);
    let text = failure.to_string();
    assert!(matches!(failure.reasons(), [Reason::Timeout { .. }]), "{text}");
    assert!(
        text.contains(&format!("use a network in memory, or `hold_clock`: connecting to 127.0.0.1:{port}")),
        "{text}"
    );
}

#[test]
fn a_date_is_right_again_after_a_test_whose_clock_was_ahead() {
    HttpTest::new(news).in_memory().run(async |client| {
        sleep(Duration::from_secs(80_000)).await;
        client.get("/nowhere").await?;
        Ok(())
    });
    firewhirl_testing::http_test(news, async |client| {
        let mut dates = std::collections::HashSet::new();
        for _ in 0..3 {
            dates.insert(client.get("/nowhere").await?.header("Date").unwrap().to_owned());
            sleep(Duration::from_millis(1001)).await;
        }
        assert_eq!(dates.len(), 3);
        Ok(())
    });
}

#[test]
fn work_that_never_ends_on_a_held_clock_is_ended_by_the_real_one() {
    if std::env::var_os("FIREWHIRL_TEST_CASE").is_none() {
        // The limit comes from the environment, which is a process's own.
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "work_that_never_ends_on_a_held_clock_is_ended_by_the_real_one", "--nocapture"])
            .envs([("FIREWHIRL_TEST_CASE", "1"), ("ASYNC_TEST_TIMEOUT", "0.02")]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let failure = AsyncTest::new()
        .paused_clock()
        .try_run(async {
            let _held = hold_clock();
            sleep(Duration::from_secs(1)).await;
            Ok(())
        })
        .unwrap_err();
    assert!(matches!(failure.reasons(), [Reason::Stuck { .. }]), "{failure}");
    assert!(failure.to_string().contains("no end after 0.24 real seconds on a paused clock"), "{failure}");
}

#[test]
fn an_application_of_its_own_log_is_expected_in_memory_too() {
    async fn noisy() -> Result<Application> {
        Ok(Application::new().get("/", async |_| Err(firewhirl_event::Error::message("on purpose"))))
    }
    HttpTest::new(noisy).in_memory().run(async |client| {
        let log = expect_log(log_targets::APP, "Uncaught exception GET /").times(1);
        assert_eq!(client.get("/").await?.status(), 500);
        log.finish()?;
        Ok(())
    });
}
