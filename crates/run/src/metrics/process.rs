//! What the system says of the process, under the names that Prometheus' own clients use. From `/proc`, so
//! on Linux alone; elsewhere there is none of it.

use std::fs;

use super::exposition::{Exposition, Kind, Value};

/// Ticks of a second in which `/proc` counts. Linux shows this number to programs whatever its own clock
/// does (proc(5)), but for processors that Rust does not know.
const TICKS_A_SECOND: f64 = 100.0;

/// Tells what there is.
pub(super) fn collect(exposition: &mut Exposition<'_>) {
    for (kind, name, help, value) in figures() {
        if let Some(value) = value {
            exposition.one(kind, name, help, value);
        }
    }
}

type Figure = (Kind, &'static str, &'static str, Option<Value>);

#[rustfmt::skip]
fn figures() -> [Figure; 8] {
    use Kind::*;

    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let statistics = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let ticks = Ticks::of(&statistics);
    let (cpu, start) = (ticks.as_ref().map(Ticks::cpu_seconds), ticks.as_ref().and_then(Ticks::start_time));
    [
        (Counter, "process_cpu_seconds",                "User and system time of the process, in seconds.", cpu.map(Value::from)),
        (Gauge,   "process_resident_memory_bytes",      "Memory that is in use, in bytes.",                 kilobytes(&status, "VmRSS:")),
        (Gauge,   "process_virtual_memory_bytes",       "Address space, in bytes.",                         kilobytes(&status, "VmSize:")),
        (Gauge,   "process_virtual_memory_max_bytes",   "Address space that there may be, in bytes; -1 without a limit.", limit(&limits, "Max address space")),
        (Gauge,   "process_open_fds",                   "File descriptors that are open.",                  open_descriptors()),
        (Gauge,   "process_max_fds",                    "File descriptors that may be open.",               limit(&limits, "Max open files")),
        (Gauge,   "process_threads",                    "Threads.",                                         number(&status, "Threads:")),
        (Gauge,   "process_start_time_seconds",         "When the process began, in seconds since 1970.",   start.map(Value::from)),
    ]
}

/// What `/proc/self/stat` counts in ticks.
struct Ticks {
    user: f64,
    system: f64,
    start: f64,
}

impl Ticks {
    fn of(statistics: &str) -> Option<Self> {
        // The second field is the program's name in brackets, and may hold anything.
        let fields: Vec<&str> = statistics.rsplit_once(')')?.1.split_whitespace().collect();
        // Numbered from 1 in proc(5); the first here is the third.
        let field = |number: usize| fields.get(number - 3)?.parse().ok();
        Some(Self { user: field(14)?, system: field(15)?, start: field(22)? })
    }

    fn cpu_seconds(&self) -> f64 {
        (self.user + self.system) / TICKS_A_SECOND
    }

    /// The process's start is counted from the machine's.
    fn start_time(&self) -> Option<f64> {
        let machine = fs::read_to_string("/proc/stat").ok()?;
        let boot: f64 = machine.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        Some(boot + self.start / TICKS_A_SECOND)
    }
}

fn number(status: &str, name: &str) -> Option<Value> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(Value::from)
}

fn kilobytes(status: &str, name: &str) -> Option<Value> {
    match number(status, name)? {
        Value::Integer(kilobytes) => Some((kilobytes * 1024).into()),
        Value::Float(_) => None,
    }
}

/// The soft limit of this name; without one -1, as Prometheus' clients have it.
fn limit(limits: &str, name: &str) -> Option<Value> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(Value::Float(-1.0)),
        limit => limit.parse::<u64>().ok().map(Value::from),
    }
}

/// Since 6.2 Linux tells their number as the size of their directory; before, they have to be counted.
fn open_descriptors() -> Option<Value> {
    const DIRECTORY: &str = "/proc/self/fd";
    match fs::metadata(DIRECTORY).ok()?.len() {
        // One of what is found is the directory itself, opened for it.
        0 => Some((fs::read_dir(DIRECTORY).ok()?.count().saturating_sub(1) as u64).into()),
        descriptors => Some(descriptors.into()),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::time::{SystemTime, UNIX_EPOCH};

    fn figure(name: &str) -> f64 {
        let figures = figures();
        match figures.iter().find(|figure| figure.1 == name).unwrap().3.unwrap() {
            Value::Integer(value) => value as f64,
            Value::Float(value) => value,
        }
    }

    #[test]
    fn the_system_tells_of_the_process_what_is_so() {
        let before = figure("process_open_fds");
        let held: Vec<_> = (0..20).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        // Other tests open and close some meanwhile.
        assert!((figure("process_open_fds") - before - 20.0).abs() < 15.0);
        drop(held);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let age = now - figure("process_start_time_seconds");
        assert!((-2.0..3600.0).contains(&age), "{age}");
        assert!(figure("process_cpu_seconds") < 3600.0 * 64.0);
        assert!(figure("process_resident_memory_bytes") > 1024.0 * 1024.0);
        assert!(figure("process_resident_memory_bytes") < figure("process_virtual_memory_bytes"));
        assert!(figure("process_max_fds") > figure("process_open_fds"));
        assert!(figure("process_threads") >= 1.0);
    }

    #[test]
    fn a_programs_name_may_hold_anything() {
        let ticks = Ticks::of("17 (a) S b) S 1 17 17 0 -1 4194304 1 2 3 4 250 50 7 8 20 0 1 0 4200 9 10").unwrap();
        assert_eq!((ticks.cpu_seconds(), ticks.start), (3.0, 4200.0));
        assert!(Ticks::of("").is_none());
    }
}
