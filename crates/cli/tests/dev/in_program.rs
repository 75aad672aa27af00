//! Autoreload without the runner: the program has itself built and becomes its next version. Tornado's
//! `autoreload_test`, as far as it is not about Python's modules, is here too.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::client::{EventStream, Load, ask, wait_for};
use crate::project::Project;

/// The program, as `cargo run` starts it.
struct Running {
    child: Child,
}

impl Running {
    fn start(project: &Project, options: &[&str], more: &[&str]) -> Self {
        let executable = project.build(options);
        let mut command = Command::new(executable);
        command.current_dir(&project.folder).arg(project.port.to_string()).args(more);
        command.env("CARGO", env!("CARGO")).env("CARGO_NET_OFFLINE", "true").env("CARGO_PKG_NAME", "as cargo run says");
        command.env_remove("CARGO_TARGET_DIR").stderr(Stdio::from(std::fs::File::create(log(project)).unwrap()));
        let child = command.spawn().unwrap();
        Self { child }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log(project: &Project) -> std::path::PathBuf {
    project.folder.join("stderr.log")
}

fn logged(project: &Project) -> String {
    std::fs::read_to_string(log(project)).unwrap()
}

fn wait_for_log(project: &Project, text: &str) {
    let end = std::time::Instant::now() + crate::session::PATIENCE;
    while !logged(project).contains(text) {
        assert!(std::time::Instant::now() < end, "never logged {text:?}, but:\n{}", logged(project));
        thread::sleep(Duration::from_millis(20));
    }
}

/// With the framework's own remarks in the log.
fn project(name: &str) -> Project {
    let project = Project::new(name);
    project.edit(
        "LevelFilter = tracing_subscriber::filter::LevelFilter::OFF",
        "LevelFilter = tracing_subscriber::filter::LevelFilter::INFO",
    );
    project.edit(".debug(true)", ".debug(true).log_function(|_| {})");
    project
}

#[test]
fn the_same_process_becomes_the_new_program_and_no_client_is_refused() {
    let project = project("auto-edit");
    let running = Running::start(&project, &[], &["--quiet", "two words"]);
    wait_for(project.port, "/word", "one");
    let pid = ask(project.port, "/pid", "").unwrap().body;
    assert_eq!(pid, running.child.id().to_string());
    let load = Load::begin(project.port);
    for (before, after) in [("one", "two"), ("two", "three")] {
        let port = project.port;
        project.edit(&format!("WORD: &str = {before:?}"), &format!("WORD: &str = {after:?}"));
        wait_for_log(&project, "main.rs modified; building");
        let slow = thread::spawn(move || ask(port, "/slow", "").unwrap());
        wait_for(project.port, "/word", after);
        assert_eq!(slow.join().unwrap().body, format!("{before}!"));
        std::fs::write(log(&project), "").unwrap();
    }
    let asked = load.end();
    println!("{asked} requests");
    assert_eq!(ask(project.port, "/pid", "").unwrap().body, pid, "it is the same process");
    let arguments = format!("{} --quiet two words", project.port);
    assert_eq!(ask(project.port, "/arguments", "").unwrap().body, arguments, "with the same arguments");
}

#[test]
fn workers_in_threads_are_replaced_together() {
    for reuse_port in [false, true] {
        let project = project("auto-workers");
        let bind =
            format!(".bind_with(port, &firewhirl::tcp::BindOptions::default().reuse_port({reuse_port}))?.start(2)?;");
        project.edit(".listen(port)?;", &bind);
        let running = Running::start(&project, &[], &[]);
        wait_for(project.port, "/word", "one");
        let load = Load::begin(project.port);
        project.edit("WORD: &str = \"one\"", "WORD: &str = \"two\"");
        wait_for(project.port, "/word", "two");
        // Whichever of the workers' sockets it comes to.
        for _ in 0..20 {
            assert_eq!(ask(project.port, "/word", "").unwrap().body, "two");
        }
        load.end();
        assert_eq!(ask(project.port, "/pid", "").unwrap().body, running.child.id().to_string());
        assert!(!logged(&project).contains("more than once"), "{}", logged(&project));
    }
}

#[test]
fn a_failed_build_is_logged_and_the_program_goes_on() {
    let project = project("auto-broken");
    let _running = Running::start(&project, &[], &[]);
    wait_for(project.port, "/word", "one");
    let load = Load::begin(project.port);
    let mut events = EventStream::open(project.port);
    events.event(|_| true);
    project.edit("WORD: &str = \"one\"", "WORD: &str = 1");
    events.event(|event| event["building"] == true);
    let broken = events.event(|event| !event["broken"].is_null());
    assert!(broken["broken"].as_str().unwrap().contains("mismatched types"), "{broken}");
    assert!(logged(&project).contains("mismatched types"));
    wait_for_log(&project, "the build failed; the program goes on as it was");
    assert_eq!(ask(project.port, "/word", "").unwrap().body, "one");
    project.edit("WORD: &str = 1", "WORD: &str = \"mended\"");
    wait_for(project.port, "/word", "mended");
    load.end();
}

#[test]
fn what_is_watched_restarts_after_the_hooks_and_assets_only_load_pages_again() {
    let project = project("auto-watch");
    project.write("pages/page.txt", "first");
    let _running = Running::start(&project, &[], &[]);
    wait_for(project.port, "/word", "one");
    let mut events = EventStream::open(project.port);
    let before = events.event(|_| true);
    project.write("pages/page.txt", "second");
    let after = events.event(|event| event["version"] != before["version"]);
    assert_eq!(after["building"], false);
    assert!(!logged(&project).contains("the hook ran"));

    project.write("settings.txt", "loud");
    wait_for(project.port, "/settings", "loud");
    assert!(logged(&project).contains("settings.txt modified; restarting server"), "{}", logged(&project));
    assert!(logged(&project).contains("the hook ran"));
    assert!(!logged(&project).contains("building"), "{}", logged(&project));
}

#[test]
fn it_is_built_with_the_features_it_had() {
    let project = project("auto-features");
    project.edit(
        "cx.write(WORD))",
        "cx.write(if cfg!(feature = \"loud\") { WORD.to_uppercase() } else { WORD.to_owned() }))",
    );
    let _running = Running::start(&project, &["--features", "loud"], &[]);
    wait_for(project.port, "/word", "ONE");
    project.edit("WORD: &str = \"one\"", "WORD: &str = \"two\"");
    wait_for(project.port, "/word", "TWO");
}

#[test]
fn autoreload_false_with_debug_true_starts_nothing() {
    let project = project("auto-off");
    project.edit(".debug(true)", ".debug(true).autoreload(false)");
    let _running = Running::start(&project, &[], &[]);
    wait_for(project.port, "/word", "one");
    thread::sleep(Duration::from_secs(1));
    project.edit("WORD: &str = \"one\"", "WORD: &str = \"two\"");
    let page = crate::client::page(project.port).unwrap();
    assert!(!page.body.contains("<script"), "{}", page.body);
    assert_eq!(ask(project.port, "/_firewhirl/live-reload", "").unwrap().status, 404);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(ask(project.port, "/word", "").unwrap().body, "one");
    assert!(!logged(&project).contains("modified"), "{}", logged(&project));
}

#[test]
fn one_of_several_processes_says_that_it_is_off() {
    let project = project("auto-several");
    let executable = project.build(&[]);
    let mut command = Command::new(executable);
    command.current_dir(&project.folder).arg(project.port.to_string()).env("FIREWHIRL_TASK_ID", "0");
    command.env("FIREWHIRL_SUPERVISOR", std::process::id().to_string());
    let child = command.stderr(std::fs::File::create(log(&project)).unwrap()).spawn().unwrap();
    let _running = Running { child };
    wait_for(project.port, "/word", "one");
    wait_for_log(&project, "autoreload is off, as there are several processes");
    assert!(!crate::client::page(project.port).unwrap().body.contains("<script"));
}

/// Tornado's `test_reload` and `test_reload_wrapper_args`: a script that waits at its end runs again, with its
/// arguments.
#[test]
fn a_script_that_waits_runs_again_with_its_arguments() {
    let program = r#"
        fn main() {
            firewhirl::process::autoreload::watch("word.txt");
            let is_there = std::fs::exists("word.txt").unwrap();
            println!("arguments {:?}", std::env::args().skip(1).collect::<Vec<_>>());
            if is_there {
                return;
            }
            firewhirl::process::autoreload::wait()
        }
    "#;
    let project = Project::with("auto-wait", program);
    let executable = project.build(&[]);
    let output = std::fs::File::create(project.folder.join("stdout.log")).unwrap();
    let mut command = Command::new(executable);
    command.current_dir(&project.folder).args(["arg1", "--arg2", "-m", "arg3"]).stdout(output);
    let mut child = command.env("CARGO", env!("CARGO")).env("CARGO_NET_OFFLINE", "true").spawn().unwrap();
    let said = || std::fs::read_to_string(project.folder.join("stdout.log")).unwrap();
    let end = std::time::Instant::now() + crate::session::PATIENCE;
    while child.try_wait().unwrap().is_none() {
        assert!(std::time::Instant::now() < end, "it never ran again, but said {:?}", said());
        if !said().is_empty() && !project.folder.join("word.txt").exists() {
            // It may not have begun to look, but has said what it wants watched.
            project.write("word.txt", "now");
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(said(), "arguments [\"arg1\", \"--arg2\", \"-m\", \"arg3\"]\n".repeat(2));
}
