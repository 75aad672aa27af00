//! Log lines that are expected: which match, and what becomes of those that do not come.

use std::time::Duration;

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{Error, IoLoop, Result, log_targets};
use firewhirl_testing::{AsyncTest, Level, Reason, TestServer, expect_log, run_test};
use firewhirl_web::Application;

const TARGET: &str = "expect_log_test";

#[test]
fn an_entry_matches_by_target_pattern_and_level() {
    const ALL: Option<Level> = None;
    type Case = (&'static str, &'static str, &'static str, Option<Level>, bool);
    #[rustfmt::skip]
    const CASES: &[Case] = &[
        ("the whole message",         TARGET,                "a story of 7",   ALL,                true),
        ("its beginning",             TARGET,                "a story",        ALL,                true),
        ("a pattern",                 TARGET,                "a .* of [0-9]+", ALL,                true),
        ("one of two",                TARGET,                "no story|a sto", ALL,                true),
        ("not its middle",            TARGET,                "story",          ALL,                false),
        ("another message",           TARGET,                "a novel",        ALL,                false),
        ("every target",              "",                    "a story",        ALL,                true),
        ("another target",            log_targets::APP,      "a story",        ALL,                false),
        ("a target that begins so",   "expect_log",          "a story",        ALL,                false),
        ("the level",                 TARGET,                "a story",        Some(Level::WARN),  true),
        ("a lower level",             TARGET,                "a story",        Some(Level::INFO),  false),
        ("a higher level",            TARGET,                "a story",        Some(Level::ERROR), false),
    ];
    for &(what, target, pattern, level, expected) in CASES {
        let mut log = expect_log(target, pattern).optional();
        if let Some(level) = level {
            log = log.level(level);
        }
        tracing::warn!(target: TARGET, "a story of {}", 7);
        assert_eq!(log.matched() == 1, expected, "{what}");
    }
}

#[test]
fn levels_below_information_are_logged_where_they_are_expected() {
    let unasked = expect_log(TARGET, "details").optional();
    tracing::debug!(target: TARGET, "details");
    assert_eq!(unasked.finish().unwrap(), []);

    let asked = expect_log(TARGET, "details").level(Level::TRACE);
    tracing::trace!(target: TARGET, "details");
    assert_eq!(asked.finish().unwrap().len(), 1);
}

#[test]
fn an_entry_has_its_target_level_message_and_fields() {
    let log = expect_log("", "connection lost");
    tracing::error!(target: TARGET, peer = %"10.0.0.1", attempts = 3, "connection lost");
    let entries = log.finish().unwrap();
    assert_eq!((entries[0].target(), entries[0].level()), (TARGET, Level::ERROR));
    assert_eq!(entries[0].message(), "connection lost peer=10.0.0.1 attempts=3");
    assert_eq!(entries[0].to_string(), "ERROR expect_log_test: connection lost peer=10.0.0.1 attempts=3");
}

#[test]
fn a_module_and_those_below_it_are_one_target() {
    let log = expect_log("my_service", "");
    tracing::info!(target: "my_service::cache", "one");
    tracing::info!(target: "my_service", "two");
    tracing::info!(target: "my_services", "three");
    assert_eq!(log.entries().iter().map(|entry| entry.message()).collect::<Vec<_>>(), ["one", "two"]);
}

#[test]
fn the_latest_expectation_gets_the_entry() {
    let outer = expect_log(TARGET, "a").optional();
    let inner = expect_log(TARGET, "a");
    tracing::info!(target: TARGET, "a");
    assert_eq!((outer.matched(), inner.matched()), (0, 1));
    drop(inner);
    tracing::info!(target: TARGET, "a");
    assert_eq!(outer.matched(), 1);
}

#[test]
fn an_error_with_its_causes_counts_as_a_stack() {
    let log = expect_log(TARGET, "failed");
    tracing::error!(target: TARGET, "failed");
    assert!(!log.logged_stack());
    tracing::error!(target: TARGET, "failed\n  caused by: the disk");
    assert!(log.logged_stack());
}

#[test]
fn what_does_not_come_fails_the_test() {
    let failure = AsyncTest::new()
        .try_run(async {
            let _log = expect_log(TARGET, "never");
            Ok(())
        })
        .unwrap_err();
    assert!(matches!(failure.reasons(), [Reason::MissingLog(_)]));
    let text = failure.to_string();
    assert!(text.contains("did not get expected log message \"never\" on \"expect_log_test\", expected at "), "{text}");
    assert!(text.contains("expect_log.rs:"), "{text}");
}

#[test]
#[should_panic(expected = "did not get expected log message")]
fn what_does_not_come_panics_where_no_test_runs() {
    let _log = expect_log(TARGET, "never");
}

#[test]
fn what_does_not_come_is_an_error_of_finish_and_not_told_twice() {
    run_test(async {
        let missing = expect_log(TARGET, "never").finish().unwrap_err();
        assert!(missing.to_string().starts_with("did not get expected log message"));
        Ok(())
    });
}

#[test]
fn a_test_that_fails_of_something_else_misses_no_log() {
    async fn fails() -> Result {
        let _log = expect_log(TARGET, "never");
        Err(Error::message("something else"))
    }
    async fn hangs() -> Result {
        let _log = expect_log(TARGET, "never");
        sleep(Duration::from_secs(60)).await;
        Ok(())
    }
    let test = AsyncTest::new().timeout(Duration::from_millis(10));
    for failure in [test.clone().try_run(fails()).unwrap_err(), test.try_run(hangs()).unwrap_err()] {
        assert!(!failure.to_string().contains("did not get"), "{failure}");
        assert_eq!(failure.reasons().len(), 1);
    }
}

#[test]
#[should_panic(expected = "something else")]
fn a_panic_is_not_followed_by_another() {
    let _log = expect_log(TARGET, "never");
    panic!("something else");
}

#[test]
#[should_panic(expected = "expect_log: regex parse error")]
fn a_pattern_that_is_no_regular_expression_panics() {
    let _log = expect_log(TARGET, "(");
}

#[test]
fn each_thread_sees_its_own_log() {
    let log = expect_log(TARGET, "elsewhere").optional();
    std::thread::spawn(|| {
        let there = expect_log(TARGET, "elsewhere");
        tracing::warn!(target: TARGET, "elsewhere");
        assert_eq!(there.matched(), 1);
    })
    .join()
    .unwrap();
    assert_eq!(log.matched(), 0);
}

#[test]
fn an_entry_can_be_expected_so_many_times() {
    type Case = (usize, usize, Option<&'static str>);
    const CASES: &[Case] = &[
        (1, 1, None),
        (0, 0, None),
        (3, 3, None),
        (0, 1, Some("it came never where it was expected once")),
        (1, 2, Some("it came once where it was expected twice")),
        (3, 2, Some("it came 3 times where it was expected twice")),
        (1, 0, Some("it came once where it was expected never")),
    ];
    for &(logged, expected, complaint) in CASES {
        let log = expect_log(TARGET, "a").times(expected);
        (0..logged).for_each(|_| tracing::info!(target: TARGET, "a"));
        match (log.finish(), complaint) {
            (Ok(entries), None) => assert_eq!(entries.len(), logged),
            (Err(missing), Some(complaint)) => assert!(missing.to_string().ends_with(complaint), "{missing}"),
            (result, _) => panic!("{logged} of {expected}: {result:?}"),
        }
    }
}

#[test]
fn the_fields_of_an_entry_can_be_asked_for() {
    let log = expect_log(TARGET, "lost");
    tracing::warn!(target: TARGET, peer = "10.0.0.1", attempts = 3, path = ?"/a", "lost");
    let entries = log.finish().unwrap();
    let fields: Vec<_> = entries[0].fields().collect();
    assert_eq!(fields, [("peer", "10.0.0.1"), ("attempts", "3"), ("path", "\"/a\"")]);
    assert_eq!((entries[0].field("attempts"), entries[0].field("none")), (Some("3"), None));
}

#[test]
fn what_an_executor_logs_for_a_test_is_the_tests() {
    run_test(async {
        let log = expect_log(TARGET, "from the pool").times(2);
        let details = expect_log(TARGET, "details").level(Level::DEBUG);
        for _ in 0..2 {
            IoLoop::current().run_in_executor(|| tracing::warn!(target: TARGET, "from the pool")).await?;
        }
        IoLoop::current().run_in_executor(|| tracing::debug!(target: TARGET, "details")).await?;
        assert_eq!((log.matched(), details.matched()), (2, 1));
        Ok(())
    });
    // The thread goes on, and is nobody's now.
    let log = expect_log(TARGET, "from the pool").optional();
    IoLoop::current()
        .run_sync(async {
            Ok(IoLoop::current().run_in_executor(|| tracing::info!(target: TARGET, "from the pool")).await?)
        })
        .unwrap();
    assert_eq!(log.matched(), 0);
}

#[test]
fn what_the_workers_of_a_server_log_is_the_tests() {
    run_test(async {
        let log = expect_log(TARGET, "set up").times(3);
        let from_executors = expect_log(TARGET, "from the pool of a worker").times(3);
        let server = TestServer::start_workers(
            async || {
                tracing::info!(target: TARGET, "set up");
                let warn = || tracing::warn!(target: TARGET, "from the pool of a worker");
                IoLoop::current().run_in_executor(warn).await?;
                Ok(Application::new().get("/", async |cx| cx.write("Hello")))
            },
            3,
        )?;
        assert_eq!(server.client().get("/").await?.text(), "Hello");
        while log.matched() + from_executors.matched() < 6 {
            sleep(Duration::from_millis(1)).await;
        }
        server.close().await;
        Ok(())
    });
}

#[test]
fn an_entry_that_does_not_match_is_shown_as_ever() {
    if std::env::var_os("FIREWHIRL_TEST_CASE").is_some() {
        run_test(async {
            let log = expect_log(TARGET, "expected").level(Level::ERROR);
            tracing::error!(target: TARGET, "expected");
            tracing::error!(target: TARGET, "another error");
            tracing::warn!(target: TARGET, "expected, but as a warning");
            IoLoop::current().run_in_executor(|| tracing::error!(target: TARGET, "from the pool")).await?;
            assert_eq!(log.matched(), 1);
            Ok(())
        });
        return;
    }
    let name = "an_entry_that_does_not_match_is_shown_as_ever";
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--exact", name, "--nocapture"]).env("FIREWHIRL_TEST_CASE", "1").output().unwrap();
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}");
    assert!(!shown.contains("ERROR expect_log_test: expected\n"), "{shown}");
    for line in [
        "ERROR expect_log_test: another error\n",
        "got expected log message at an unexpected level (ERROR vs WARN):\nWARN expect_log_test: expected, but as",
        "ERROR expect_log_test: from the pool\n",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}
