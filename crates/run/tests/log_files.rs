//! Log files under load: lines stay whole, and none is lost, whoever rotates, moves or opens the file.

mod log_support;

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use firewhirl_run::log::{LogFile, LogFormatter, LogLayer, Output, Rotation, When, reopen};
use log_support::Folder;
use tracing::dispatcher::with_default;
use tracing::{Dispatch, info};
use tracing_subscriber::layer::SubscriberExt;

/// Lines that each thread writes.
const LINES: usize = 2000;

fn line(thread: usize, number: usize) -> String {
    // Of many lengths, so that a torn line cannot look like a whole one.
    format!("thread {thread} line {number} {} end", "x".repeat(number * 7 % 90))
}

/// Fails unless all lines of so many threads are there, each once and whole.
fn check(lines: &[String], threads: usize) {
    let found: BTreeSet<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(found.len(), lines.len(), "no line is there twice");
    assert_eq!(lines.len(), threads * LINES, "and none is missing");
    for thread in 0..threads {
        for number in 0..LINES {
            assert!(found.contains(line(thread, number).as_str()), "{thread} {number}");
        }
    }
}

#[test]
fn eight_threads_write_whole_lines() {
    let folder = Folder::new("threads");
    let file = LogFile::open(folder.join("site.log"), Rotation::never()).unwrap();
    let layer = LogLayer::new(LogFormatter::new().fmt("%(message)s").unwrap(), file);
    let log = Dispatch::new(tracing_subscriber::registry().with(layer));
    thread::scope(|scope| {
        for thread in 0..8 {
            let log = log.clone();
            scope.spawn(move || {
                with_default(&log, || (0..LINES).for_each(|number| info!("{}", line(thread, number))));
            });
        }
    });
    check(&folder.lines(), 8);
}

#[test]
fn files_that_rotate_lose_no_line() {
    let folder = Folder::new("rotated");
    let file = LogFile::open(folder.join("site.log"), Rotation::by_size(20_000, 1000)).unwrap();
    write_in_threads(&[file.clone(), file.clone(), file.clone(), file]);
    check(&folder.lines(), 4);
    assert!(folder.names().len() > 20);
    let sizes = folder.names().into_iter().map(|name| fs::metadata(folder.join(&name)).unwrap().len());
    assert!(sizes.clone().all(|size| size < 20_000), "{:?}", sizes.collect::<Vec<_>>());
}

#[test]
fn processes_that_share_a_file_rotate_it_once_and_lose_no_line() {
    // Files opened one by one know as little of each other as those of different processes.
    let folder = Folder::new("shared");
    let open = || LogFile::open(folder.join("site.log"), Rotation::by_size(40_000, 1000)).unwrap();
    write_in_threads(&[open(), open(), open()]);
    check(&folder.lines(), 3);
    let count = folder.names().len();
    let bytes: u64 = folder.names().iter().map(|name| fs::metadata(folder.join(name)).unwrap().len()).sum();
    // Each goes on in a file that was moved until it looks, and while another one that moves it waits for the
    // processor; but no two move the same one.
    assert!(count as u64 > 1 && count as u64 <= bytes / 30_000, "{count} files for {bytes} bytes");
}

#[test]
fn processes_that_share_a_file_rotate_it_by_time() {
    let folder = Folder::new("shared-time");
    let open = || LogFile::open(folder.join("site.log"), Rotation::by_time(When::Second, 1, 0)).unwrap();
    let files = [open(), open()];
    for round in 0..3 {
        for (thread, file) in files.iter().enumerate() {
            file.write_line(format!("{round} {thread}\n").as_bytes()).unwrap();
        }
        thread::sleep(Duration::from_millis(1200));
    }
    let mut lines = folder.lines();
    lines.sort();
    assert_eq!(lines, ["0 0", "0 1", "1 0", "1 1", "2 0", "2 1"]);
    assert_eq!(folder.names().len(), 3, "{:?}", folder.names());
}

#[test]
fn a_file_that_is_moved_and_opened_again_loses_no_line() {
    let folder = Folder::new("reopened");
    let path = folder.join("site.log");
    let file = LogFile::open(&path, Rotation::never()).unwrap();
    let is_done = AtomicBool::new(false);
    let moved = thread::scope(|scope| {
        let mover = scope.spawn(|| {
            let mut moved = 0;
            while !is_done.load(SeqCst) {
                fs::rename(&path, folder.join(&format!("site.log.moved{moved}"))).unwrap();
                reopen().unwrap();
                moved += 1;
                thread::sleep(Duration::from_millis(1));
            }
            moved
        });
        write_in_threads(&[file.clone(), file.clone(), file]);
        is_done.store(true, SeqCst);
        mover.join().unwrap()
    });
    check(&folder.lines(), 3);
    assert!(moved > 0);
}

#[test]
fn a_file_that_cannot_be_opened_again_goes_on_as_it_was() {
    let folder = Folder::new("unopened");
    let nested = folder.join("nested");
    fs::create_dir(&nested).unwrap();
    let file = LogFile::open(nested.join("site.log"), Rotation::never()).unwrap();
    fs::rename(&nested, folder.join("away")).unwrap();
    let error = file.reopen().unwrap_err();
    assert!(error.to_string().contains("make its directory first"), "{error}");
    file.write_line(b"still here\n").unwrap();
    assert_eq!(fs::read_to_string(folder.join("away/site.log")).unwrap(), "still here\n");
}

#[test]
fn what_is_no_file_is_never_moved_away() {
    let folder = Folder::new("device");
    let path = folder.join("site.log");
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    let file = LogFile::open(&path, Rotation::by_size(10, 3)).unwrap();
    for _ in 0..5 {
        file.write_line(b"much too long a line\n").unwrap();
    }
    assert_eq!(folder.names(), ["site.log"]);
}

/// Writes the lines of one thread to each of the files, all at the same time.
fn write_in_threads(files: &[LogFile]) {
    thread::scope(|scope| {
        for (thread, file) in files.iter().enumerate() {
            scope.spawn(move || {
                for number in 0..LINES {
                    file.write_line(format!("{}\n", line(thread, number)).as_bytes()).unwrap();
                }
            });
        }
    });
}
