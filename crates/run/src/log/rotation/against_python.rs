//! The same sequences of lines at the same times to our files and to Python's handlers: the same files with
//! the same contents are to be there afterwards.
//!
//! `FIREWHIRL_PYTHON` names the Python; without it the test says that it was skipped, or fails where
//! `FIREWHIRL_REQUIRE_PEERS=1`. Where we differ on purpose the sequences leave that out: a line longer
//! than a whole file, a name that is taken already, intervals of midnights and weeks, and where Python is an
//! hour off after a change of the clocks: with the first midnight, and with weeks.

#[path = "../../../../../tests/support/peers.rs"]
mod peers;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;

use super::super::log_file::LogFile;
use super::time::TimeRotation;
use super::{Kind, Rotation};

/// Reads a command a line: `open SECONDS`, `log SECONDS TEXT`. Arguments: the file, the kind of handler and
/// what it is made with.
const PYTHON: &str = r#"
import logging.handlers, os, sys, time
path, kind, first, second, backups = sys.argv[1:]
now = 0
time.time = lambda: now
handler = None
for line in sys.stdin:
    command, at, text = line.rstrip("\n").split(" ", 2)
    now = int(at)
    if command == "open":
        if handler:
            handler.close()
        if kind == "size":
            handler = logging.handlers.RotatingFileHandler(path, maxBytes=int(first), backupCount=int(backups))
        else:
            handler = logging.handlers.TimedRotatingFileHandler(path, when=first, interval=int(second), backupCount=int(backups))
    else:
        handler.emit(logging.LogRecord("x", 20, "x", 1, text, None, None))
    os.utime(path, (now, now))
"#;

#[test]
fn sizes_rotate_as_pythons() {
    let Some(python) = peers::python() else { return };
    for (max_size, backups, seed) in [(100, 3, 1), (50, 1, 2), (64, 5, 3), (100, 0, 4), (0, 3, 5), (200, 10, 6)] {
        let mut lengths = Numbers(seed);
        let steps: Vec<Step> = (0..200)
            .map(|number| match lengths.below(30) {
                0 => Step::Open(number),
                length => Step::Log(number, "x".repeat(length + 3)),
            })
            .collect();
        let arguments = ["size", &max_size.to_string(), "0", &backups.to_string()];
        compare(&python, "UTC", &arguments, &steps, &Rotation::by_size(max_size, backups));
    }
}

#[test]
fn times_rotate_as_pythons() {
    let Some(python) = peers::python() else { return };
    const HOUR: u64 = 60 * 60;
    // 24 March and 20 October 2026, some days before the clocks change in Europe.
    let (spring, autumn) = (1_774_310_400, 1_792_454_400);
    // 8 June: until the clocks change there is time for some weeks.
    let summer = 1_780_876_800;
    #[rustfmt::skip]
    let cases: &[(&str, u32, usize, u64, u64)] = &[
        ("S",        1, 3, spring, 3),
        ("S",       10, 0, spring, 17),
        ("M",        1, 4, spring, 130),
        ("M",       15, 2, autumn, 1000),
        ("H",        1, 5, spring, 2 * HOUR),
        ("H",        6, 3, autumn, 9 * HOUR),
        ("D",        1, 3, spring, 14 * HOUR),
        ("D",        2, 0, autumn, 30 * HOUR),
        ("midnight", 1, 4, spring, 7 * HOUR),
        ("midnight", 1, 0, autumn, 5 * HOUR),
        ("W0",       1, 3, summer, 20 * HOUR),
        ("W3",       1, 0, summer, 30 * HOUR),
        ("w6",       1, 2, summer, 50 * HOUR),
    ];
    for zone in ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"] {
        for (seed, &(when, interval, backups, start, most)) in cases.iter().enumerate() {
            let mut pauses = Numbers(seed as u64);
            let mut now = start + 12_345;
            let mut steps = Vec::new();
            for number in 0..60 {
                now += 1 + pauses.below(most as usize) as u64;
                // Opened once more where no clock has changed since: see above.
                if number == 20 && !(when.starts_with(['m', 'W', 'w'])) {
                    steps.push(Step::Open(now));
                }
                steps.push(Step::Log(now, format!("line {number}")));
            }
            let rotation = TimeRotation::new(when.parse().unwrap(), interval, backups);
            let rotation = Rotation(Kind::Time(rotation.in_zone(TimeZone::get(zone).unwrap())));
            compare(&python, zone, &["time", when, &interval.to_string(), &backups.to_string()], &steps, &rotation);
        }
    }
}

#[derive(Debug)]
enum Step {
    Open(u64),
    Log(u64, String),
}

fn compare(python: &str, zone: &str, arguments: &[&str; 4], steps: &[Step], rotation: &Rotation) {
    let folder = Folder::new();
    let [theirs, ours] = ["theirs", "ours"].map(|name| folder.0.join(name));
    for folder in [&theirs, &ours] {
        fs::create_dir(folder).unwrap();
    }
    let start = match steps[0] {
        Step::Open(at) | Step::Log(at, _) => at,
    };
    for folder in [&theirs, &ours] {
        // Python goes by the time of a file that it has just made itself, which would be that of the test.
        let file = File::create(folder.join("site.log")).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(start)).unwrap();
    }
    run_python(python, zone, &theirs.join("site.log"), arguments, start, steps);
    run_ours(&ours.join("site.log"), rotation, start, steps);
    assert_eq!(contents(&ours), contents(&theirs), "{arguments:?} in {zone}");
}

fn run_python(python: &str, zone: &str, path: &Path, arguments: &[&str; 4], start: u64, steps: &[Step]) {
    let mut commands = format!("open {start} -\n");
    for step in steps {
        let _ = match step {
            Step::Open(at) => writeln!(commands, "open {at} -"),
            Step::Log(at, text) => writeln!(commands, "log {at} {text}"),
        };
    }
    let mut child = Command::new(python)
        .args(["-c", PYTHON])
        .arg(path)
        .args(arguments)
        .env("TZ", zone)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

fn run_ours(path: &Path, rotation: &Rotation, start: u64, steps: &[Step]) {
    let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds);
    let touch = |at: SystemTime| File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
    let open = |at| LogFile::open_at(path.to_owned(), rotation.clone(), at).unwrap();
    let mut file = open(at(start));
    touch(at(start));
    for step in steps {
        match step {
            Step::Open(seconds) => {
                file = open(at(*seconds));
                touch(at(*seconds));
            }
            Step::Log(seconds, text) => {
                file.write_line_at(format!("{text}\n").as_bytes(), at(*seconds)).unwrap();
                touch(at(*seconds));
            }
        }
    }
}

fn contents(folder: &Path) -> BTreeMap<String, String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect()
}

/// A folder of this test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("firewhirl-rotation-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The same numbers for the same seed: SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}
