//! The log of blocked loops in a release build: the lines that block are named, with handler, route and
//! request, while they block; and nothing is under full load without one.
#![cfg(target_os = "linux")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use support::{Program, body, peers};

/// Longer than anything takes, on the busiest machine.
const LONG: Duration = Duration::from_secs(60);

/// The example as one ships it: optimised, with line tables.
fn release_build() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        // Beside what runs this test, whose own folder cargo has locked.
        let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("shipped");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["build", "--quiet", "--release", "--package", "firewhirl", "--example", "blocked_loop"])
            .current_dir(root)
            .env("CARGO_TARGET_DIR", &target)
            .status()
            .unwrap();
        assert!(status.success(), "the release build failed");
        target.join("release/examples/blocked_loop")
    };
    BUILT.get_or_init(build).clone()
}

/// The number of the example's line that says so of itself.
fn line_of(what: &str) -> usize {
    let mark = format!("// blocks: {what}");
    let source = include_str!("../examples/blocked_loop.rs");
    source.lines().position(|line| line.ends_with(&mark)).unwrap() + 1
}

/// That line as a report names it.
fn place(what: &str) -> String {
    format!("examples/blocked_loop.rs:{} in ", line_of(what))
}

/// The example, with a log in a file of its own.
struct Site {
    program: Program,
    log: PathBuf,
}

impl Site {
    fn start(name: &str) -> Self {
        let log = std::env::temp_dir().join(format!("firewhirl-{name}-{}.log", std::process::id()));
        let to_file = format!("--log-file-prefix={}", log.display());
        let arguments = ["--port=0", "--logging=error,firewhirl::gen=warning", &to_file];
        Self { program: Program::start(&release_build(), &arguments), log }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until the log says this; all that it says then.
    fn wait_for(&self, text: &str) -> String {
        let started = Instant::now();
        loop {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            assert!(started.elapsed() < LONG, "no {text:?} in the log:\n{log}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks for a path on a connection of its own, and leaves the answer to be read.
    fn ask(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.program.port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: id-of{path}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.log);
    }
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    body(&answer)
}

/// The report whose line "at .." names this place.
fn report<'log>(log: &'log str, place: &str) -> &'log str {
    let names = |line: &str| line.trim_start().starts_with("at ") && line.contains(place);
    let mut reports = log.split("the loop of thread").filter(|report| report.lines().any(names));
    reports.next().unwrap_or_else(|| panic!("no report names {place}:\n{log}"))
}

fn assert_holds(report: &str, parts: &[&str]) {
    for part in parts {
        assert!(report.contains(part), "no {part:?} in {report}");
    }
}

#[test]
fn a_planted_sleep_is_named_with_handler_route_and_request() {
    let site = Site::start("nap");
    let asked = site.ask("/nap");
    let log = site.wait_for("turns again");
    assert_eq!(answer(asked), "had a nap\n");
    let of_request = "for GET /nap (request id-of/nap), route /nap, handler blocked_loop::Nap";
    let remedy = "await `coroutine::sleep` in its place";
    assert_holds(report(&log, &place("a nap")), &["asleep in the system call clock_nanosleep", of_request, remedy]);
    assert!(log.find(" is blocked: ") < log.find("turns again"), "it is told while it lasts");
}

#[test]
fn a_busy_loop_is_named_in_the_function_that_runs() {
    let site = Site::start("sum");
    // On a busy machine half a second may hold little time on a CPU, and only that counts.
    let started = Instant::now();
    while !site.log().contains("turns again") {
        assert!(started.elapsed() < LONG, "nobody tells of it: {}", site.log());
        answer(site.ask("/sum"));
    }
    let log = site.log();
    // In a release build the loop is a few instructions, whose lines are those of the loop or of what is in it.
    let inner = line_of("a sum");
    let names = |line: usize| log.contains(&format!("examples/blocked_loop.rs:{line} in sum_for"));
    assert!((inner - 2..=inner).any(names), "{log}");
    assert_holds(&log, &["burning CPU", "for GET /sum (request id-of/sum), route /sum, handler blocked_loop::sum"]);
    assert_holds(&log, &["IoLoop::run_in_executor"]);
}

#[test]
fn a_blocking_read_is_named_with_its_file_for_as_long_as_it_lasts() {
    let site = Site::start("read");
    let fifo = site.log.with_extension("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // Open, so that the reader waits for bytes and not for a writer.
    let mut writer = std::fs::OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
    let path = format!("/read?path={}", fifo.display());
    let asked = site.ask(&path);
    let log = site.wait_for(" is blocked: ");
    let of_request = format!("for GET {path} (request id-of{path}), route /read, handler blocked_loop::read");
    let call = format!("asleep in the system call read of {}", fifo.display());
    assert_holds(report(&log, &place("a file")), &[&call, &of_request, "IoLoop::run_in_executor(|| ..).await"]);
    assert!(!log.contains("turns again"), "nobody has written to it yet");

    writer.write_all(b"a line\n").unwrap();
    drop(writer);
    assert_eq!(answer(asked), "a line\n");
    let log = site.wait_for("turns again");
    let end = log.lines().find(|line| line.contains("turns again")).unwrap();
    assert!(end.contains(&place("a file")), "{end}");
    std::fs::remove_file(fifo).unwrap();
}

#[test]
fn what_is_awaited_is_not_told_of() {
    let site = Site::start("fine");
    let asked: Vec<TcpStream> = (0..4).flat_map(|_| [site.ask("/fine/nap"), site.ask("/fine/sum")]).collect();
    asked.into_iter().map(answer).for_each(drop);
    assert_holds_none(&site.log());
}

/// Neither of the first two kinds was reported.
fn assert_holds_none(log: &str) {
    assert!(!log.contains(" is blocked: "), "{log}");
}

/// What a handler answers at once.
const LIGHT: &str = "/read?path=/proc/self/comm";

/// Asks for a path on kept-alive connections, as fast as the answers come; how many came.
fn load(port: u16, path: &str, ended: &AtomicBool) -> u64 {
    let answers = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                stream.set_read_timeout(Some(LONG)).unwrap();
                let mut stream = BufReader::new(stream);
                while !ended.load(SeqCst) {
                    let batch = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(4);
                    stream.get_mut().write_all(batch.as_bytes()).unwrap();
                    for _ in 0..4 {
                        let (mut line, mut length) = (String::new(), 0);
                        while line != "\r\n" {
                            line.clear();
                            stream.read_line(&mut line).unwrap();
                            if let Some(value) = line.strip_prefix("Content-Length: ") {
                                length = value.trim().parse().unwrap();
                            }
                        }
                        stream.read_exact(&mut vec![0; length]).unwrap();
                        answers.fetch_add(1, SeqCst);
                    }
                }
            });
        }
    });
    answers.into_inner()
}

#[test]
fn full_load_on_a_busy_machine_raises_no_alarm() {
    let site = Site::start("load");
    // More than the machine has CPUs, so that the loop's thread has to wait for one.
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    let hogs: Vec<_> = (0..cpus)
        .map(|_| Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap())
        .collect();
    let ended = AtomicBool::new(false);
    let port = site.program.port;
    let answers = thread::scope(|scope| {
        let loading = scope.spawn(|| load(port, LIGHT, &ended));
        thread::sleep(Duration::from_secs(10));
        ended.store(true, SeqCst);
        loading.join().unwrap()
    });
    for mut hog in hogs {
        hog.kill().unwrap();
        hog.wait().unwrap();
    }
    assert!(answers > 1000, "that was no load: {answers}");
    let log = site.log();
    assert_holds_none(&log);

    // The log was on all the while: one that is planted is told of.
    answer(site.ask("/nap"));
    site.wait_for(&place("a nap"));
}

#[test]
fn wrk_at_full_speed_raises_no_alarm() {
    let Some(wrk) = peers::command("wrk") else { return };
    let site = Site::start("wrk");
    let url = format!("http://127.0.0.1:{}{LIGHT}", site.program.port);
    let output = Command::new(wrk).args(["-t2", "-c64", "-d8", &url]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_holds_none(&site.log());
}
