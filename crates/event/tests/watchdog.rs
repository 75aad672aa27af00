//! The log of blocked loops: what it says of a step that blocks, while it blocks, and what it leaves alone.
//!
//! What blocks here blocks until it has been told of, so that no test depends on how fast a machine is. A
//! test's loop is told from the others by its thread's name, which is the test's.
#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "shared with other test programs")]
mod overheard;

use std::hint::black_box;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::{sleep, yield_now};
use firewhirl_event::watchdog::{self, BlockKind, BlockedLoop, BlockedSteps, Label, LabelCopy, labelled};
use firewhirl_event::{IoLoop, Result};

use overheard::{LONG, heard, listen, wait_for};

/// Longer than the steps of a test's own machinery take in a debug build.
const THRESHOLD: Duration = Duration::from_millis(50);

fn this_thread() -> String {
    format!("thread `{}`", thread::current().name().unwrap())
}

/// The reports on this thread's loop, stacks and all.
fn reports() -> Vec<String> {
    let thread = this_thread();
    heard("is blocked: ").into_iter().filter(|line| line.contains(&thread)).collect()
}

/// A loop of its own that is watched.
fn watched() -> IoLoop {
    listen();
    let io_loop = IoLoop::new().unwrap();
    io_loop.set_blocking_log_threshold(THRESHOLD);
    io_loop
}

/// Does this in one step of the loop.
fn step_of(io_loop: &IoLoop, work: impl FnOnce()) {
    let step = async {
        work();
        Ok(())
    };
    io_loop.run_sync(step).unwrap();
}

/// Goes on until it was told of as often as this.
fn until_told(times: usize, mut block: impl FnMut()) {
    let started = Instant::now();
    while reports().len() < times {
        assert!(started.elapsed() < LONG, "nobody tells of it");
        block();
    }
}

/// Waits for a count of a loop, which the watchdog takes a moment later.
fn wait_for_count(io_loop: &IoLoop, enough: impl Fn(BlockedSteps) -> bool) -> BlockedSteps {
    let started = Instant::now();
    loop {
        let blocked = io_loop.statistics().blocked;
        if enough(blocked) {
            return blocked;
        }
        assert!(started.elapsed() < LONG, "{blocked:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// `file:line` as reports name it.
fn place(line: u32) -> String {
    format!("tests/watchdog.rs:{line} in ")
}

#[test]
fn a_sleep_is_told_of_while_it_lasts_with_its_line_and_its_remedy() {
    let io_loop = watched();
    let line = line!() + 1;
    step_of(&io_loop, || until_told(1, || thread::sleep(Duration::from_millis(20))));
    let report = &reports()[0];
    assert!(report.starts_with("WARN firewhirl::gen: the loop of thread"), "{report}");
    assert!(report.contains("asleep in the system call clock_nanosleep"), "{report}");
    assert!(report.contains(&place(line)), "{report}");
    assert!(report.contains("await `coroutine::sleep` in its place"), "{report}");
    assert!(report.contains("for task `watchdog::step_of<watchdog::a_sleep_is_told_of"), "{report}");
    let end = wait_for(&format!("{} turns again", this_thread()), 1);
    assert!(end[0].contains(&place(line)), "{end:?}");
    let blocked = wait_for_count(&io_loop, |blocked| blocked.time >= THRESHOLD);
    assert_eq!((blocked.asleep, blocked.burning), (1, 0));
}

#[inline(never)]
fn compute_until(done: &AtomicBool) {
    let mut sum = 0_u64;
    while !done.load(SeqCst) {
        sum = black_box(sum.wrapping_mul(31).wrapping_add(1));
    }
}

#[test]
fn a_busy_loop_is_told_of_as_burning_cpu() {
    let io_loop = watched();
    let done = Arc::new(AtomicBool::new(false));
    let (told, name) = (done.clone(), this_thread());
    let waiter = thread::spawn(move || {
        wait_for(&format!("{name} is blocked: burning CPU"), 1);
        told.store(true, SeqCst);
    });
    step_of(&io_loop, || compute_until(&done));
    waiter.join().unwrap();
    let report = &reports()[0];
    assert!(report.contains("compute_until"), "{report}");
    assert!(report.contains("IoLoop::run_in_executor"), "{report}");
    assert!(!report.contains("asleep"), "{report}");
}

#[test]
fn a_blocking_read_is_told_of_with_the_file() {
    let io_loop = watched();
    let (mut near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
    let name = this_thread();
    let writer = thread::spawn(move || {
        wait_for(&format!("{name} is blocked: asleep"), 1);
        far.write_all(b"x").unwrap();
    });
    let line = line!() + 1;
    io_loop.run_sync(async move { Ok(near.read_exact(&mut [0])?) }).unwrap();
    writer.join().unwrap();
    let report = &reports()[0];
    assert!(report.contains("the system call recvfrom of socket:["), "{report}");
    assert!(report.contains(&place(line)), "{report}");
}

#[test]
fn a_lock_that_another_thread_holds_is_told_of() {
    let io_loop = watched();
    let lock = Arc::new(Mutex::new(()));
    let (theirs, name) = (lock.clone(), this_thread());
    let (held, is_held) = std::sync::mpsc::channel();
    let holder = thread::spawn(move || {
        let _guard = theirs.lock().unwrap();
        held.send(()).unwrap();
        wait_for(&format!("{name} is blocked: asleep"), 1);
    });
    is_held.recv().unwrap();
    let line = line!() + 1;
    step_of(&io_loop, || drop(lock.lock().unwrap()));
    holder.join().unwrap();
    let report = &reports()[0];
    assert!(report.contains("the system call futex"), "{report}");
    assert!(report.contains("locks::Lock"), "{report}");
    assert!(report.contains(&place(line)), "{report}");
}

#[test]
fn callbacks_and_timeouts_are_named() {
    for (number, label) in ["callback", "timeout", "task", "callback"].into_iter().enumerate() {
        let io_loop = watched();
        let block = move || {
            IoLoop::current().stop();
            // The spot differs, so that each is told of.
            match number {
                0 => until_told(1, || thread::sleep(Duration::from_millis(20))),
                1 => until_told(2, || thread::sleep(Duration::from_millis(20))),
                2 => until_told(3, || thread::sleep(Duration::from_millis(20))),
                _ => until_told(4, || thread::sleep(Duration::from_millis(20))),
            }
        };
        match number {
            0 => io_loop.add_callback(block),
            1 => drop(io_loop.call_later(Duration::ZERO, block)),
            2 => drop(io_loop.spawn_callback(async move { block() })),
            _ => assert!(io_loop.remote().add_callback(block)),
        }
        io_loop.start().unwrap();
        let report = reports().pop().unwrap();
        assert!(report.contains(&format!("for {label} `watchdog::callbacks_and_timeouts_are_named")), "{report}");
    }
}

#[test]
fn the_label_of_the_layer_above_is_told() {
    fn job(copy: &LabelCopy) -> String {
        let detail = String::from_utf8_lossy(&copy.detail);
        format!("job {} of {} with {detail} from {}", copy.number, copy.text, copy.address.unwrap())
    }
    let io_loop = watched();
    let address = "10.1.2.3:4567".parse().unwrap();
    let (text, detail) = ("long ".repeat(200), vec![b'd'; 10_000]);
    let label = Label::new(job).text(&text).number(17).detail(&detail).address(Some(&address));
    let sleep_with_label = || labelled(&label, || until_told(1, || thread::sleep(Duration::from_millis(20))));
    step_of(&io_loop, sleep_with_label);
    let report = &reports()[0];
    assert!(report.contains("for job 17 of long long"), "{report}");
    assert!(report.contains("from 10.1.2.3:4567"), "{report}");
    assert!(report.contains(&"d".repeat(4096)) && !report.contains(&"d".repeat(4097)), "what is too long is cut");
}

#[test]
fn a_spot_is_told_of_once_and_then_counted() {
    let io_loop = watched();
    io_loop
        .run_sync(async {
            for time in 1..=10 {
                yield_now().await;
                let started = Instant::now();
                let before = IoLoop::current().statistics().blocked.asleep;
                while IoLoop::current().statistics().blocked.asleep == before {
                    assert!(started.elapsed() < LONG, "not counted the {time}. time");
                    thread::sleep(Duration::from_millis(20));
                }
            }
            Ok(())
        })
        .unwrap();
    let ended = format!("{} turns again", this_thread());
    let ends = wait_for(&ended, 2);
    assert_eq!(reports().len(), 1, "{:#?}", reports());
    assert_eq!(ends.len(), 2, "{ends:#?}");
    assert!(!ends[0].contains("times by now"), "{}", ends[0]);
    assert!(ends[1].contains("(10 times by now, "), "{}", ends[1]);
}

#[test]
fn a_custom_action_is_called_each_time_while_the_loop_is_blocked() {
    listen();
    let io_loop = IoLoop::new().unwrap();
    let seen: Arc<Mutex<Vec<BlockedLoop>>> = Arc::default();
    let told = seen.clone();
    io_loop.set_blocking_signal_threshold(THRESHOLD, move |blocked: &BlockedLoop| {
        assert_eq!(thread::current().name(), Some("watchdog-report"));
        told.lock().unwrap().push(blocked.clone());
    });
    let line = line!() + 5;
    let block = |times: usize| {
        let started = Instant::now();
        while seen.lock().unwrap().len() < times {
            assert!(started.elapsed() < LONG, "nobody tells of it");
            thread::sleep(Duration::from_millis(20));
        }
    };
    for times in 1..=3 {
        step_of(&io_loop, || block(times));
    }
    let seen = seen.lock().unwrap();
    for blocked in &*seen {
        assert_eq!(blocked.kind, BlockKind::Asleep);
        assert!(blocked.elapsed >= THRESHOLD);
        assert_eq!(blocked.thread, thread::current().name().unwrap());
        assert_eq!(blocked.place().unwrap().line, Some(line), "{blocked}");
        assert!(blocked.place().unwrap().file.as_ref().unwrap().ends_with("tests/watchdog.rs"));
    }
    assert_eq!(reports().len(), 0, "only the action was asked for");
}

#[test]
fn an_action_that_panics_is_logged_and_the_watch_goes_on() {
    let io_loop = watched();
    io_loop.set_blocking_signal_threshold(THRESHOLD, |_: &BlockedLoop| panic!("an action on purpose"));
    io_loop
        .run_sync(async {
            let started = Instant::now();
            while heard("an action on purpose").is_empty() {
                assert!(started.elapsed() < LONG);
                thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        })
        .unwrap();
    wait_for(&format!("{} turns again", this_thread()), 1);
}

#[test]
fn nothing_is_told_once_it_is_switched_off() {
    let io_loop = watched();
    io_loop.set_blocking_log_threshold(None);
    step_of(&io_loop, || thread::sleep(6 * THRESHOLD));
    io_loop.set_blocking_log_threshold(Duration::ZERO);
    step_of(&io_loop, || thread::sleep(6 * THRESHOLD));
    assert_eq!(reports(), [""; 0]);
    assert_eq!(io_loop.statistics().blocked, BlockedSteps::default());
}

#[test]
fn what_holds_for_all_loops_holds_for_those_made_later_and_not_for_those_with_their_own() {
    // A process of its own, for it changes what holds for the others.
    let output = child("all_loops").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// What the test above runs.
fn all_loops() {
    listen();
    watchdog::set_blocking_log_threshold_for_all_loops(THRESHOLD);
    let own = IoLoop::new().unwrap();
    own.set_blocking_log_threshold(None);
    step_of(&own, || thread::sleep(6 * THRESHOLD));
    assert_eq!(heard("is blocked").len(), 0);
    let worker = thread::Builder::new().name("worker".to_owned()).spawn(|| {
        step_of(&IoLoop::current(), || until_told(1, || thread::sleep(Duration::from_millis(20))));
    });
    worker.unwrap().join().unwrap();
    assert_eq!(heard("the loop of thread `worker` is blocked").len(), 1);
}

#[test]
fn a_loop_that_turns_is_left_alone_whatever_runs_on_it() {
    let io_loop = watched();
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = turns.clone();
    io_loop
        .run_sync(async move {
            // Tasks that were given to tokio show none of their steps, and never let the loop wait.
            for _ in 0..4 {
                let turns = counted.clone();
                tokio::task::spawn_local(async move {
                    loop {
                        let started = Instant::now();
                        while started.elapsed() < Duration::from_micros(200) {
                            black_box(started);
                        }
                        turns.fetch_add(1, SeqCst);
                        tokio::task::yield_now().await;
                    }
                });
            }
            sleep(40 * THRESHOLD).await;
            Ok(())
        })
        .unwrap();
    assert!(turns.load(SeqCst) > 100, "the loop had no time");
    let blocked = io_loop.statistics().blocked;
    assert_eq!((blocked.burning, blocked.asleep), (0, 0), "{:#?}", reports());
    io_loop.close().unwrap();
}

#[test]
fn a_blocking_task_among_short_foreign_ones_is_found() {
    let io_loop = watched();
    let line = line!() + 9;
    io_loop
        .run_sync(async {
            tokio::task::spawn_local(async {
                loop {
                    tokio::task::yield_now().await;
                }
            });
            sleep(2 * THRESHOLD).await;
            tokio::task::spawn_local(async { until_told(1, || thread::sleep(Duration::from_millis(20))) }).await?;
            Ok(())
        })
        .unwrap();
    assert!(reports()[0].contains(&place(line)), "{:#?}", reports());
    io_loop.close().unwrap();
}

#[test]
fn a_loop_that_waits_is_not_blocked() {
    let io_loop = watched();
    let waits = async {
        sleep(10 * THRESHOLD).await;
        Ok(())
    };
    io_loop.run_sync(waits).unwrap();
    assert_eq!(reports(), [""; 0]);
}

#[test]
fn a_foreign_runtime_is_refused_with_a_word() {
    listen();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default()).unwrap();
    runtime.block_on(async { IoLoop::current().set_blocking_log_threshold(THRESHOLD) });
    assert_eq!(heard("this loop cannot be watched").len(), 1);
}

/// This very program again, to play one of its parts.
fn child(part: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_part_of_another_test", "--nocapture"]).env("WATCHDOG_PART", part);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// Does nothing by itself; another test runs it in a process of its own, to play a part.
#[test]
fn a_part_of_another_test() {
    match std::env::var("WATCHDOG_PART").as_deref() {
        Ok("all_loops") => all_loops(),
        Ok("short_steps") => short_steps(Duration::from_millis(60), thread::sleep),
        Ok("short_computations") => short_steps(Duration::from_millis(4), compute_for),
        Ok(part) => panic!("no part {part}"),
        Err(_) => {}
    }
}

/// Computes for so long on a CPU, whatever the clock says.
fn compute_for(time: Duration) {
    let spent = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
    };
    let started = spent();
    while spent() - started < time {
        black_box(started);
    }
}

/// Steps that are all shorter than the threshold, until the parent closes its end; then what was counted.
fn short_steps(each: Duration, step: fn(Duration)) {
    listen();
    let io_loop = IoLoop::new().unwrap();
    io_loop.set_blocking_log_threshold(Duration::from_millis(200));
    let ended = Arc::new(AtomicBool::new(false));
    let seen = ended.clone();
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        seen.store(true, SeqCst);
    });
    let mut steps = 0;
    let turning = async {
        println!("ready");
        while !ended.load(SeqCst) {
            step(each);
            steps += 1;
            yield_now().await;
        }
        Ok(())
    };
    io_loop.run_sync(turning).unwrap();
    thread::sleep(Duration::from_millis(300));
    let blocked = io_loop.statistics().blocked;
    println!("counted {} {} {}", blocked.burning, blocked.asleep, blocked.not_scheduled);
    println!("{steps} steps");
    for line in heard("is blocked") {
        println!("{line}");
    }
}

/// A child that plays a part, from its word that it is ready to its last words.
struct Part {
    child: Child,
    output: std::io::BufReader<std::process::ChildStdout>,
}

impl Part {
    fn begin(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut part = Self { child, output };
        part.line_with("ready");
        part
    }

    fn line_with(&mut self, word: &str) -> String {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert!(std::io::BufRead::read_line(&mut self.output, &mut line).unwrap() > 0, "it ended without {word}");
        }
        line[line.find(word).unwrap()..].trim().to_owned()
    }

    /// What it has counted: burning, asleep, not scheduled; and what it logged.
    fn end(mut self) -> ([u64; 3], String) {
        drop(self.child.stdin.take());
        let counted = self.line_with("counted");
        let numbers: Vec<u64> = counted.split(' ').skip(1).map(|number| number.parse().unwrap()).collect();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        (numbers.try_into().unwrap(), rest)
    }
}

#[test]
fn a_process_that_was_stopped_raises_no_alarm() -> Result {
    let part = Part::begin(child("short_steps"));
    let signal = |name: &str| {
        let id = part.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    };
    // Five times the threshold each, at times that fall into all parts of a step and of a look.
    for time in 0..8 {
        thread::sleep(Duration::from_millis(150 + 23 * time));
        signal("-STOP");
        thread::sleep(Duration::from_millis(1000));
        signal("-CONT");
    }
    let (counted, log) = part.end();
    assert_eq!(counted[..2], [0, 0], "{log}");
    Ok(())
}

#[test]
fn a_thread_that_the_system_does_not_run_is_counted_and_not_blamed() {
    let plain = child("short_computations");
    let mut starved = Command::new("taskset");
    starved.args(["-c", "0", "nice", "-n", "19"]).arg(plain.get_program()).args(plain.get_args());
    starved.env("WATCHDOG_PART", "short_computations").stdin(Stdio::piped()).stdout(Stdio::piped());
    let part = Part::begin(starved);
    thread::sleep(Duration::from_secs(3));
    // Now others want its CPU, and it has the lowest priority of all.
    let others: Vec<Child> = (0..4)
        .map(|_| Command::new("taskset").args(["-c", "0", "sh", "-c", "while :; do :; done"]).spawn().unwrap())
        .collect();
    thread::sleep(Duration::from_secs(8));
    for mut other in others {
        other.kill().unwrap();
        other.wait().unwrap();
    }
    let ([burning, asleep, not_scheduled], log) = part.end();
    assert_eq!((burning, asleep), (0, 0), "{log}");
    assert!(not_scheduled > 0, "it was scheduled all the time: {log}");
}
