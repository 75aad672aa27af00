//! Tornado's own `testing_test.py`, case by case, under the names that its cases have.
//!
//! Without a counterpart: `test_undecorated_*` and `test_other_return` (a test that is forgotten or returns
//! something does not compile, or is a warning: `run` gives the value back and an `AsyncTest` that is not run
//! is `must_use`), `test_set_up_tear_down` (there is no class to inherit from).

use std::cell::Cell;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::{sleep, with_timeout, yield_now};
use firewhirl_event::locks::Event;
use firewhirl_event::{IoLoop, Result};
use firewhirl_testing::{AsyncTest, Reason, TestServer, http_test, run_test};
use firewhirl_web::Application;

async fn app() -> Result<Application> {
    Ok(Application::new())
}

/// Runs a test of this file again, in a process whose environment has this timeout; in that process it says so.
fn with_environment(test: &str, timeout: &str) -> bool {
    if std::env::var_os("FIREWHIRL_TEST_CASE").is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).envs([("FIREWHIRL_TEST_CASE", "1"), ("ASYNC_TEST_TIMEOUT", timeout)]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    false
}

fn times_out(test: AsyncTest, work: impl Future<Output = Result>) -> String {
    let failure = test.try_run(work).unwrap_err();
    assert!(matches!(failure.reasons(), [Reason::Timeout { .. }]), "{failure}");
    failure.to_string()
}

async fn one_second() -> Result {
    sleep(Duration::from_secs(1)).await;
    Ok(())
}

#[test]
fn wait_timeout() {
    // Within the default of five seconds.
    run_test(async {
        sleep(Duration::from_millis(10)).await;
        Ok(())
    });
    times_out(AsyncTest::new().timeout(Duration::from_millis(10)), one_second());
    if with_environment("wait_timeout", "0.01") {
        times_out(AsyncTest::new(), one_second());
    }
}

#[test]
fn subsequent_wait_calls() {
    // The first wait ends with time left, which does not count for the second.
    AsyncTest::new().paused_clock().run(async {
        with_timeout(Duration::from_millis(100), sleep(Duration::ZERO)).await?;
        with_timeout(Duration::from_millis(400), sleep(Duration::from_millis(200))).await?;
        Ok(())
    });
}

#[test]
fn leaked_coroutine() {
    let (event, held) = (Event::new(), Rc::new(()));
    run_test(async {
        let (leaked, kept) = (event.clone(), held.clone());
        IoLoop::current().spawn_callback(async move {
            leaked.wait().await;
            drop(kept);
        });
        yield_now().await;
        assert_eq!(Rc::strong_count(&held), 2);
        Ok(())
    });
    // It was shut down, and what it held is free.
    assert_eq!(Rc::strong_count(&held), 1);
}

#[test]
fn fetch_segment() {
    http_test(app, async |client| {
        let (by_path, by_url) = (client.get("/path").await?, client.get(client.url("/path")).await?);
        assert_eq!((by_path.status(), by_url.status()), (by_path.status(), by_path.status()));
        assert_eq!(client.url("/path"), format!("http://127.0.0.1:{}/path", client.port().unwrap()));
        Ok(())
    });
}

#[test]
fn fetch_full_http_url() {
    http_test(app, async |client| {
        let second =
            TestServer::start(
                async || Ok(Application::new().get("/path", async |cx| cx.write(cx.request.full_url()))),
            )?;
        assert_ne!(client.port(), Some(second.port()));
        let url = format!("http://127.0.0.1:{}/path", second.port());
        assert_eq!(client.get(&url).await?.text(), url);
        Ok(())
    });
}

#[test]
fn tear_down_releases_app_and_http_server() {
    let application = Rc::new(Cell::new(1));
    let held = application.clone();
    let port = http_test(
        async move || {
            let held = held.clone();
            Ok(Application::new().resource(held))
        },
        async |client| Ok(client.port().unwrap()),
    );
    assert_eq!(Rc::strong_count(&application), 1);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn sync() {
    assert!(run_test(async { Ok(true) }));
}

#[test]
fn r#async() {
    let finished = run_test(async {
        yield_now().await;
        Ok(true)
    });
    assert!(finished);
}

#[test]
fn timeout() {
    let line = line!() + 3;
    let failure = times_out(AsyncTest::new().timeout(Duration::from_millis(100)), async {
        // The failure blames this line, and nothing of the loop's or of the runner's.
        sleep(Duration::from_secs(1)).await;
        Ok(())
    });
    assert!(failure.contains(&format!("it was waiting at tests/testing_test.rs:{line}:")), "{failure}");
}

#[test]
fn no_timeout() {
    AsyncTest::new().timeout(Duration::from_secs(20)).run(async {
        sleep(Duration::from_millis(100)).await;
        Ok(())
    });
}

#[test]
fn timeout_environment_variable() {
    // The test's own time counts, although the environment has less.
    if with_environment("timeout_environment_variable", "0.1") {
        AsyncTest::new().timeout(Duration::from_secs(20)).run(async {
            sleep(Duration::from_millis(250)).await;
            Ok(())
        });
    }
}

#[test]
fn no_timeout_environment_variable() {
    // The test's own time counts, although the environment has more.
    if with_environment("no_timeout_environment_variable", "20") {
        let failure = times_out(AsyncTest::new().timeout(Duration::from_millis(10)), one_second());
        assert!(failure.contains("operation timed out after 0.01 seconds"), "{failure}");
    }
}

#[test]
fn with_method_args() {
    async fn test_with_args(arguments: &[&str]) -> Result {
        assert_eq!(arguments, ["test"]);
        yield_now().await;
        Ok(())
    }
    run_test(test_with_args(&["test"]));
}

#[test]
fn native_coroutine_timeout() {
    async fn test() -> Result {
        one_second().await
    }
    times_out(AsyncTest::new().timeout(Duration::from_millis(100)), test());
}
