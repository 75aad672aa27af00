//! Faults by seed: a service that is used over a network that breaks, and the message of a test that fails.

use std::cell::{Cell, RefCell};
use std::process::{Command, Output};
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::{multi, sleep};
use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::locks::Condition;
use firewhirl_event::{IoLoop, Result, log_targets};
use firewhirl_testing::{AsyncTest, Client, HttpTest, expect_log, for_seeds, seed};
use firewhirl_web::Application;

/// A chat over long polls, Tornado's demo: who has seen so many messages asks for those that follow, and
/// waits up to 30 seconds for one.
async fn chat() -> Result<Application> {
    let (messages, changed) = (Rc::new(RefCell::new(Vec::<String>::new())), Condition::new());
    let (written, change) = (messages.clone(), changed.clone());
    Ok(Application::new()
        .post("/message", async move |cx| {
            written.borrow_mut().push(cx.argument("text")?);
            change.notify_all();
            cx.write("written")
        })
        .get("/messages", async move |cx| {
            let seen: usize = cx.argument("seen")?.parse()?;
            if messages.borrow().len() <= seen {
                changed.wait().timeout(Duration::from_secs(30)).await;
            }
            let news = messages.borrow().get(seen..).unwrap_or_default().join("\n");
            cx.write(news)
        }))
}

/// Posts three messages; each again until it has been acknowledged.
async fn speak(client: Client, name: usize) -> Result<Vec<String>> {
    for number in 0..3 {
        let text = format!("{name}.{number}");
        while !client.post("/message").form(&[("text", &text)]).await.is_ok_and(|answer| answer.text() == "written") {}
        sleep(Duration::from_secs(7)).await;
    }
    Ok(Vec::new())
}

/// Reads until it has the last message of each of the three that speak.
async fn listen(client: Client) -> Result<Vec<String>> {
    let mut messages: Vec<String> = Vec::new();
    while !(0..3).all(|name| messages.contains(&format!("{name}.2"))) {
        let polled = client.get("/messages").query(&[("seen", &messages.len().to_string())]).await;
        if let Ok(answer) = polled {
            messages.extend(answer.text().lines().map(str::to_owned));
        }
    }
    Ok(messages)
}

/// What readers have read, and when they had, for one seed.
fn conversation() -> (Vec<Vec<String>>, u128) {
    HttpTest::new(chat).faults().run(async |client| {
        let begun = IoLoop::current().time();
        let speakers = (0..3).map(|name| IoLoop::current().spawn(speak(client.clone(), name)));
        let readers = (0..3).map(|_| IoLoop::current().spawn(listen(client.clone())));
        let mut read = Vec::new();
        for ended in multi(speakers.chain(readers).collect::<Vec<_>>()).await? {
            read.push(ended?);
        }
        Ok((read.split_off(3), (IoLoop::current().time() - begun).as_millis()))
    })
}

#[test]
fn a_chat_over_a_network_with_faults_neither_hangs_nor_loses_a_message() {
    let broken = Cell::new(0);
    for_seeds(200, |seed| {
        let (read, _) = conversation();
        for messages in &read {
            // Twice where the answer was lost, but never out of order, and all readers read the same.
            for name in 0..3 {
                let of_one: Vec<_> = messages.iter().filter(|text| text.starts_with(&format!("{name}."))).collect();
                assert!(of_one.is_sorted(), "seed {seed}: {messages:?}");
                let mut once = of_one.clone();
                once.dedup();
                broken.set(broken.get() + of_one.len() - once.len());
                assert_eq!(once.len(), 3, "seed {seed}: {messages:?}");
            }
            let shorter = messages.len().min(read[0].len());
            assert_eq!(messages[..shorter], read[0][..shorter], "seed {seed}");
        }
    });
    if std::env::var_os("FIREWHIRL_SEED").is_none() {
        assert!(broken.get() > 0, "no answer was ever lost: the network has no faults");
    }
}

#[test]
fn a_seed_repeats_a_run_exactly_and_another_does_not() {
    let runs = RefCell::new(Vec::new());
    for number in [1, 2, 1] {
        let run = HttpTest::new(chat)
            .network(move |part| MemoryPair::faulty(part ^ number).latency(Duration::from_millis(50)))
            .run(async |client| {
                let begun = IoLoop::current().time();
                let mut trace = Vec::new();
                for _ in 0..20 {
                    let answer = client.post("/message").form(&[("text", "a")]).await;
                    let now = (IoLoop::current().time() - begun).as_nanos();
                    trace.push((
                        now,
                        answer.map(|answer| answer.text().into_owned()).map_err(|error| error.to_string()),
                    ));
                }
                Ok(trace)
            });
        runs.borrow_mut().push(run);
    }
    let runs = runs.into_inner();
    assert_eq!(runs[0], runs[2]);
    assert_ne!(runs[0], runs[1]);
    assert!(runs[0].iter().any(|(_, answer)| answer.is_ok()));
}

#[test]
fn a_slow_network_loses_nothing() {
    for_seeds(20, |_| {
        HttpTest::new(chat).slow_network().run(async |client| {
            let begun = IoLoop::current().time();
            for _ in 0..5 {
                assert_eq!(client.post("/message").form(&[("text", "a")]).await?.text(), "written");
            }
            assert_eq!(client.get("/messages?seen=2").await?.text(), "a\na\na");
            assert!(IoLoop::current().time() - begun > Duration::from_millis(100));
            Ok(())
        });
    });
}

/// Runs this very test in a process of its own, with an environment, and without one gives what it is to do.
fn in_a_process(test: &str, environment: &[(&str, &str)]) -> Option<Output> {
    if std::env::var_os("FIREWHIRL_TEST_CASE").is_some() {
        return None;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--test-threads=1"]).env("FIREWHIRL_TEST_CASE", "1");
    for name in ["FIREWHIRL_SEED", "FIREWHIRL_SEEDS", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    Some(command.envs(environment.iter().copied()).output().unwrap())
}

#[test]
fn a_failing_test_tells_its_seed_its_log_and_the_place_that_waits() {
    let test = "a_failing_test_tells_its_seed_its_log_and_the_place_that_waits";
    let Some(output) = in_a_process(test, &[]) else {
        for_seeds(10, |seed| {
            HttpTest::new(chat).faults().run(async |client| {
                tracing::warn!(target: "seeds_test", "this is run {seed}");
                IoLoop::current().spawn_callback(std::future::pending::<()>());
                if seed == 3 { wait_for_ever(client).await } else { Ok(()) }
            });
        });
        return;
    };
    assert!(!output.status.success());
    let shown = String::from_utf8_lossy(&output.stdout);
    let expected = [
        "WARN seeds_test: this is run 3".to_owned(),
        format!("test `{test}` failed with seed 3 (FIREWHIRL_SEED=3 repeats it): operation timed out after 86400 sec"),
        "it was waiting at tests/seeds.rs:".to_owned(),
        "it left behind a task that crates/testing/tests/seeds.rs:".to_owned(),
    ];
    for line in expected {
        assert!(shown.contains(&line), "{line}\n\n{shown}");
    }
    assert!(!shown.contains("this is run 4"), "{shown}");

    let again = in_a_process(test, &[("FIREWHIRL_SEED", "3")]).unwrap();
    let shown = String::from_utf8_lossy(&again.stdout);
    assert!(shown.contains("failed with seed 3 ") && !shown.contains("this is run 2"), "{shown}");
}

async fn wait_for_ever(client: Client) -> Result {
    let _ = client.get("/messages?seen=0").await;
    std::future::poll_fn(|cx| poll_news(cx.waker())).await;
    Ok(())
}

thread_local! {
    static WAITS: RefCell<Option<std::task::Waker>> = const { RefCell::new(None) };
}

/// Keeps the waker and never wakes it, as what waits for news that do not come.
fn poll_news(waker: &std::task::Waker) -> std::task::Poll<()> {
    let earlier = WAITS.replace(Some(waker.clone()));
    drop(earlier);
    std::task::Poll::Pending
}

#[test]
fn an_assertion_that_fails_tells_its_seed_too() {
    let Some(output) = in_a_process("an_assertion_that_fails_tells_its_seed_too", &[]) else {
        for_seeds(10, |seed| assert!(seed < 5, "on purpose"));
        return;
    };
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(shown.contains("on purpose") && shown.contains("failed with seed 5; FIREWHIRL_SEED=5 repeats"), "{shown}");
}

#[test]
fn the_environment_says_how_many_seeds_and_which() {
    let test = "the_environment_says_how_many_seeds_and_which";
    type Case<'text> = (&'text [(&'text str, &'text str)], &'text str);
    const CASES: &[Case<'_>] = &[
        (&[], "seeds: [0, 1, 2] and 0"),
        (&[("FIREWHIRL_SEEDS", "5")], "seeds: [0, 1, 2, 3, 4] and 0"),
        (&[("FIREWHIRL_SEED", "17")], "seeds: [17] and 17"),
        (&[("FIREWHIRL_SEED", "17"), ("FIREWHIRL_SEEDS", "5")], "seeds: [17] and 17"),
        (&[("FIREWHIRL_SEED", "many")], "FIREWHIRL_SEED is to be a number, not \"many\""),
    ];
    for (environment, expected) in CASES {
        let Some(output) = in_a_process(test, environment) else {
            let seeds = RefCell::new(Vec::new());
            for_seeds(3, |number| {
                assert_eq!(seed(), number);
                seeds.borrow_mut().push(number);
            });
            panic!("seeds: {:?} and {}", seeds.into_inner(), seed());
        };
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
}

#[test]
fn a_test_that_draws_nothing_tells_no_seed() {
    let failure =
        AsyncTest::new().try_run(async { Err::<(), _>(firewhirl_event::Error::message("lost")) }).unwrap_err();
    assert_eq!(failure.seed(), None);
    assert!(failure.to_string().ends_with(" failed: lost"), "{failure}");

    async fn asks_and_fails(client: Client) -> Result {
        let _ = client.get("/messages?seen=0").await;
        Err(firewhirl_event::Error::message("lost"))
    }
    let failure = HttpTest::new(chat).in_memory().try_run(asks_and_fails).unwrap_err();
    assert_eq!(failure.seed(), None);
    let failure = HttpTest::new(chat).faults().try_run(asks_and_fails).unwrap_err();
    assert_eq!(failure.seed(), Some(seed()));
}

#[test]
fn a_handler_runs_to_its_end_although_its_connection_is_reset() {
    let ended = Rc::new(Cell::new(0));
    let count = ended.clone();
    let app = async move || {
        let count = count.clone();
        Ok(Application::new().get("/", async move |cx| {
            sleep(Duration::from_secs(1)).await;
            count.set(count.get() + 1);
            cx.write("x".repeat(1000))
        }))
    };
    HttpTest::new(app).network(|_| MemoryPair::new().reset_after(200)).run(async |client| {
        let _log = expect_log(log_targets::GEN, "").optional();
        assert!(client.get("/").await.is_err());
        sleep(Duration::from_secs(2)).await;
        Ok(())
    });
    assert_eq!(ended.get(), 1);
}
