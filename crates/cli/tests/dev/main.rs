//! `firewhirl dev` as a person uses it: in a terminal, with an editor and a browser beside it, and clients
//! that ask all the while.

mod browser;
mod client;
mod in_program;
mod pages;
mod project;
mod session;

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use client::{EventStream, Load, ask, page, wait_for};
use project::Project;
use session::{PATIENCE, Session};

/// The program's first copy is there.
fn dev(project: &Project) -> Session {
    let mut session = Session::dev(project, "");
    session.expect("ready after");
    session.expect(&format!("http://localhost:{}", project.port));
    session
}

#[test]
fn an_edit_appears_while_no_client_is_refused_and_no_request_is_lost() {
    let project = Project::new("dev-edit");
    let mut session = dev(&project);
    wait_for(project.port, "/word", "one");
    let load = Load::begin(project.port);
    for (before, after) in [("one", "two"), ("two", "three")] {
        project.edit(&format!("WORD: &str = {before:?}"), &format!("WORD: &str = {after:?}"));
        session.expect("changed, building");
        // Asked while the old one serves, and answered by it, whatever is ready before.
        let port = project.port;
        let slow = thread::spawn(move || ask(port, "/slow", "").unwrap());
        wait_for(project.port, "/word", after);
        let slow = slow.join().unwrap();
        assert_eq!((slow.status, slow.body), (200, format!("{before}!")));
    }
    let asked = load.end();
    println!("{asked} requests");
}

#[test]
fn a_broken_build_is_shown_in_the_terminal_and_the_page_while_the_old_program_serves() {
    let project = Project::new("dev-broken");
    let mut session = dev(&project);
    let load = Load::begin(project.port);
    let first = page(project.port).unwrap();
    assert!(first.body.contains("<script src=\"/_firewhirl/live-reload.js?v="), "{}", first.body);
    let mut events = EventStream::open(project.port);
    let before = events.event(|_| true);

    project.edit("WORD: &str = \"one\"", "WORD: &str = 1");
    let shown = session.expect("the build failed");
    assert!(shown.contains("mismatched types") && shown.contains("src/main.rs"), "{shown}");
    assert!(shown.contains("\x1b["), "in colours: {shown}");
    session.expect("goes on as it was");
    let broken = events.event(|event| !event["broken"].is_null());
    assert!(broken["broken"].as_str().unwrap().contains("mismatched types"), "{broken}");
    assert_eq!(broken["version"], before["version"], "the page is up to date all the same");
    assert_eq!(ask(project.port, "/word", "").unwrap().body, "one");

    project.edit("WORD: &str = 1", "WORD: &str = \"mended\"");
    wait_for(project.port, "/word", "mended");
    let after = EventStream::open(project.port).event(|_| true);
    assert!(after["broken"].is_null());
    assert_ne!(after["version"], before["version"]);
    load.end();
}

#[test]
fn a_program_that_does_not_start_leaves_the_one_before_it_in_its_place() {
    let project = Project::new("dev-start");
    let mut session = dev(&project);
    let load = Load::begin(project.port);
    project.edit("fn at_start() {}", "fn at_start() { panic!(\"no such <table>\") }");
    let shown = session.expect("did not start");
    assert!(shown.contains("no such <table>"), "{shown}");
    session.expect("the one before it goes on");
    let broken = EventStream::open(project.port).event(|event| !event["broken"].is_null());
    assert!(broken["broken"].as_str().unwrap().contains("no such &lt;table&gt;"), "{broken}");
    project.edit("panic!(\"no such <table>\")", "");
    project.edit("WORD: &str = \"one\"", "WORD: &str = \"two\"");
    wait_for(project.port, "/word", "two");
    load.end();
}

#[test]
fn while_there_is_no_program_its_sockets_answer_why() {
    let project = Project::new("dev-crash");
    let mut session = dev(&project);
    // Nobody is told whether it got the request.
    let _ = ask(project.port, "/crash", "");
    session.expect("crashed");
    let excuse = page_with_status(project.port, 503);
    assert!(excuse.body.contains("<span class=\"ansi-1\">out of &lt;cheese&gt;</span>"), "{}", excuse.body);
    assert!(excuse.body.contains("/_firewhirl/live-reload.js?v="));
    let as_json = ask(project.port, "/word", "Accept: application/json\r\n").unwrap();
    let as_json: serde_json::Value = serde_json::from_str(&as_json.body).unwrap();
    assert!(as_json["reason"].as_str().unwrap().contains("out of <cheese>"), "{as_json}");
    let down = EventStream::open(project.port).event(|_| true);

    // It does not compile either, and then does not start.
    project.edit("fn at_start() {}", "fn at_start() { nonsense() }");
    session.expect("the build failed");
    assert!(page_with_status(project.port, 503).body.contains("cannot find function"));
    project.edit("nonsense()", "panic!(\"not yet\")");
    session.expect("did not start");
    assert!(page_with_status(project.port, 503).body.contains("not yet"));

    // From here on nobody is turned away, be it by the excuse.
    project.edit("panic!(\"not yet\")", "");
    wait_for(project.port, "/word", "one");
    let up = EventStream::open(project.port).event(|_| true);
    assert_ne!(up["version"], down["version"], "so that the page that excused it loads itself again");
    assert_eq!(page(project.port).unwrap().status, 200);
}

fn page_with_status(port: u16, status: u16) -> client::Answer {
    let end = Instant::now() + PATIENCE;
    loop {
        match page(port) {
            Ok(answer) if answer.status == status => return answer,
            other => assert!(Instant::now() < end, "never {status}: {other:?}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_program_that_never_started_is_tried_again() {
    let project = Project::new("dev-never");
    project.edit("fn at_start() {}", "fn at_start() { panic!(\"from the start\") }");
    let mut session = Session::dev(&project, "");
    session.expect("from the start");
    session.expect("did not start");
    session.expect("it is tried again after the next change");
    project.edit("panic!(\"from the start\")", "");
    session.expect("ready after");
    wait_for(project.port, "/word", "one");
}

#[test]
fn assets_load_pages_again_without_a_build_and_what_is_watched_restarts() {
    let project = Project::new("dev-assets");
    project.write("pages/page.txt", "first");
    let mut session = dev(&project);
    let first_pid = ask(project.port, "/pid", "").unwrap().body;
    let mut events = EventStream::open(project.port);
    let before = events.event(|_| true);
    let after = thread::scope(|scope| {
        let (seen, is_seen) = mpsc::channel::<()>();
        // More than once: the program says what it watches when it starts, and the runner may still be
        // about to look there.
        let project = &project;
        scope.spawn(move || {
            while is_seen.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                project.write("pages/page.txt", "second");
            }
        });
        let after = events.event(|event| event["version"] != before["version"]);
        drop(seen);
        after
    });
    assert!(after["broken"].is_null());
    assert!(page(project.port).unwrap().body.contains("second"));
    let shown = session.expect("pages/page.txt changed, loading pages again");
    assert!(!shown.contains("building"), "{shown}");
    assert_eq!(ask(project.port, "/pid", "").unwrap().body, first_pid);

    let load = Load::begin(project.port);
    project.write("settings.txt", "loud");
    let shown = session.expect("settings.txt changed, restarting");
    assert!(!shown.contains("building"), "{shown}");
    wait_for(project.port, "/settings", "loud");
    session.expect("the hook ran");
    load.end();
}

#[test]
fn a_new_module_and_a_change_in_the_manifest_are_changes_of_the_program() {
    let project = Project::new("dev-module");
    let mut session = dev(&project);
    project.edit("fn at_start() {}", "mod later;\nfn at_start() {}");
    session.expect("the build failed");
    // The missing file has no entry in any list of sources yet.
    project.write("src/later/mod.rs", "pub const WORD: &str = \"later\";");
    session.expect("ready after");
    project.edit("cx.write(WORD))", "cx.write(later::WORD))");
    wait_for(project.port, "/word", "later");
    project.write("src/later/mod.rs", "pub const WORD: &str = \"even later\";");
    wait_for(project.port, "/word", "even later");
    let manifest = std::fs::read_to_string(project.folder.join("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &manifest.replace("version = \"0.1.0\"", "version = \"0.2.0\""));
    session.expect("Cargo.toml changed, building");
    session.expect("ready after");

    // What is wrong with a manifest only cargo says, and once.
    project.write("Cargo.toml", &manifest.replace("[dependencies]", "[dependencies"));
    let shown = session.expect("the build failed");
    assert_eq!(shown.matches("[dependencies").count(), 1, "{shown}");
    let broken = EventStream::open(project.port).event(|event| !event["broken"].is_null());
    assert!(broken["broken"].as_str().unwrap().contains("[dependencies"), "{broken}");
    project.write("Cargo.toml", &manifest);
    session.expect("built in");
}

#[test]
fn keys_restart_and_end_and_ctrl_c_ends_what_is_in_progress_first() {
    let project = Project::new("dev-keys");
    let mut session = dev(&project);
    let first_pid = ask(project.port, "/pid", "").unwrap().body;
    session.press("r");
    session.expect("ready after");
    assert_ne!(ask(project.port, "/pid", "").unwrap().body, first_pid);
    let port = project.port;
    let slow = thread::spawn(move || ask(port, "/slow", "").unwrap());
    thread::sleep(Duration::from_millis(300));
    session.press("\x03");
    session.expect("ending");
    assert_eq!(session.ended(), 0, "{}", session.screen());
    assert_eq!(slow.join().unwrap().body, "one!");
    assert!(ask(project.port, "/word", "").is_err(), "nobody listens any more");

    let mut session = dev(&project);
    session.press("q");
    assert_eq!(session.ended(), 0, "{}", session.screen());
}

/// A program that has options, and ends by itself at SIGTERM; and that has not said that it is in debug mode.
#[test]
fn a_service_with_a_drain_of_its_own_is_replaced_too() {
    let program = r#"
        use firewhirl::event::coroutine::sleep;
        use firewhirl::prelude::*;

        const WORD: &str = "one";

        fn main() -> Result {
            let app = async || {
                firewhirl::process::autoreload::add_reload_hook(|| eprintln!("the hook ran"));
                Ok(Application::new().get("/word", async |cx| cx.write(WORD)).get("/slow", async |cx| {
                    cx.write(WORD)?;
                    sleep(std::time::Duration::from_millis(1500)).await;
                    cx.write("!")
                }))
            };
            firewhirl::run::Main::new(app).run()
        }
    "#;
    let project = Project::with("dev-service", program);
    let port = project.port;
    let command = format!("{} dev -- --port={port} --logging=error", env!("CARGO_BIN_EXE_firewhirl"));
    let mut session = Session::run(&project.folder, &command);
    session.expect("ready after");
    let load = Load::begin(port);
    project.edit("WORD: &str = \"one\"", "WORD: &str = \"two\"");
    session.expect("changed, building");
    let slow = thread::spawn(move || ask(port, "/slow", "").unwrap());
    wait_for(port, "/word", "two");
    assert_eq!(slow.join().unwrap().body, "one!");
    session.expect("the hook ran");
    load.end();
    // The runner makes pages load themselves again by itself.
    EventStream::open(port).event(|event| event["broken"].is_null());
}

#[test]
fn a_program_whose_runner_was_killed_ends_too() {
    let project = Project::new("dev-orphan");
    let mut session = dev(&project);
    let pid: i32 = ask(project.port, "/pid", "").unwrap().body.parse().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let runner = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().to_owned();
    let killed = std::process::Command::new("kill").args(["-KILL", &runner]).status().unwrap();
    assert!(killed.success());
    session.ended();
    let end = Instant::now() + PATIENCE;
    while std::path::Path::new(&format!("/proc/{pid}")).exists() {
        assert!(Instant::now() < end, "it goes on");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn until_success_ends_with_the_first_run_that_succeeds() {
    let program = "fn main() { println!(\"the answer is {}\", 6 * 9); std::process::exit(1) }\n";
    let project = Project::with("dev-script", program);
    let mut session = Session::dev(&project, "--until-success");
    session.expect("the answer is 54");
    session.expect("did not start");
    project.edit("6 * 9", "6 * 7");
    session.expect("the answer is 42");
    project.edit("; std::process::exit(1)", "");
    session.expect("the answer is 42");
    assert_eq!(session.ended(), 0, "{}", session.screen());
}

#[test]
fn what_cannot_be_run_is_said_at_once() {
    let project = Project::new("dev-wrong");
    let mut session = Session::dev(&project, "--bin nonsense");
    session.expect("there is no program `nonsense`; there is: dev-wrong");
    assert_ne!(session.ended(), 0);
}
