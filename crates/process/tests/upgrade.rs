//! Replacing supervised processes by those of a newer version, while clients ask without a pause.

#[path = "support/supervised.rs"]
mod supervised;
mod support;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use supervised::{Load, Supervised, no_other_fork, read_answer, signal, wait_until};
use support::program_path;

/// A place where the program is installed, and newer versions of it.
struct Installation {
    folder: PathBuf,
}

impl Installation {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("firewhirl-upgrade-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let _alone = no_other_fork();
        fs::copy(program_path(), folder.join("service")).unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("service")
    }

    /// Puts another version in place of the one there, at one stroke.
    fn install(&self, version: u32) {
        let new = self.folder.join("new");
        let _alone = no_other_fork();
        fs::copy(program_path(), &new).unwrap();
        write!(OpenOptions::new().append(true).open(&new).unwrap(), "VERSION={version}").unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    /// Puts a shell script there.
    fn install_script(&self, script: &str) {
        let new = self.folder.join("new");
        let _alone = no_other_fork();
        fs::write(&new, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    fn fork(&self, count: usize, options: &[&str]) -> Supervised {
        Supervised::start(&self.path(), &[&["fork", &count.to_string(), "0"], options].concat())
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        // What is left in a temporary folder does no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Waits until all tasks are answered for by this version: one that has been asked to end may still have
/// taken a connection.
fn wait_for_version(supervised: &Supervised, count: usize, version: &str) {
    let is_there = || supervised.processes(count).iter().all(|process| process.version == version);
    wait_until(&format!("version {version}"), is_there, || supervised.log());
}

#[test]
fn a_newer_version_takes_over_and_no_client_notices() {
    let installation = Installation::new("under-load");
    let mut supervised = installation.fork(3, &[]);
    let before = supervised.processes(3);
    let load = Load::on(supervised.port);
    let in_flight = supervised::ask(supervised.port, "/slow/4000").unwrap();
    for version in [2, 3] {
        installation.install(version);
        supervised.signal("USR2");
        supervised.wait_for_log("all processes have been replaced", version as usize - 1);
        wait_for_version(&supervised, 3, &version.to_string());
    }
    assert!(read_answer(in_flight).unwrap().ends_with(" 1"), "what the oldest has begun it finishes");
    let served = load.end();
    assert!(served.answered > 50, "{served:?}");
    assert_eq!((served.refused.len(), served.lost.len()), (0, 0), "{served:?}");
    for process in &before {
        supervised.wait_for_log(&format!("child {} (pid {}) exited normally", process.task, process.process), 1);
    }
    // One that dies later is replaced by its like.
    let victim = supervised.processes(3).remove(1);
    signal(victim.process, "KILL");
    supervised.wait_for_log(&format!("(pid {}) killed by signal 9, restarting", victim.process), 1);
    wait_for_version(&supervised, 3, "3");
    supervised.signal("TERM");
    assert_eq!(supervised.ended().code(), Some(0));
}

#[test]
fn a_version_that_is_installed_but_not_asked_for_stays_out() {
    let installation = Installation::new("installed");
    let supervised = installation.fork(1, &[]);
    let victim = supervised.processes(1).remove(0);
    installation.install(2);
    signal(victim.process, "KILL");
    supervised.wait_for_log("killed by signal 9, restarting", 1);
    let restarted = supervised.processes(1).remove(0);
    assert_ne!(restarted.process, victim.process);
    assert_eq!(restarted.version, "1");
}

#[test]
fn a_version_that_dies_at_its_start_leaves_the_old_one_running() {
    let installation = Installation::new("dies");
    let supervised = installation.fork(2, &[]);
    let before = supervised.processes(2);
    installation.install_script("exit 7");
    supervised.signal("USR2");
    supervised.wait_for_log("exited with status 7 before it was ready", 1);
    supervised.wait_for_log("the upgrade is given up; 2 processes of the old version go on", 1);
    assert_eq!(supervised.processes(2), before);
    // The next one is better.
    installation.install(2);
    supervised.signal("USR2");
    supervised.wait_for_log("all processes have been replaced", 1);
    wait_for_version(&supervised, 2, "2");
}

#[test]
fn a_version_that_is_never_ready_leaves_the_old_one_running() {
    let installation = Installation::new("never-ready");
    let mut supervised = installation.fork(2, &["ready_limit=1", "drain_limit=5"]);
    let before = supervised.processes(2);
    installation.install_script("exec sleep 600");
    supervised.signal("USR2");
    supervised.wait_for_log("is not ready after 1 seconds", 1);
    supervised.wait_for_log("killed by signal 15", 1);
    assert_eq!(supervised.processes(2), before);
    supervised.signal("TERM");
    assert_eq!(supervised.ended().code(), Some(0));
}

#[test]
fn a_version_that_cannot_be_started_leaves_the_old_one_running() {
    let installation = Installation::new("no-program");
    let supervised = installation.fork(2, &[]);
    let before = supervised.processes(2);
    fs::remove_file(installation.path()).unwrap();
    supervised.signal("USR2");
    supervised.wait_for_log("cannot be started: No such file or directory", 1);
    assert_eq!(supervised.processes(2), before);
    // Its like is still there to be started.
    signal(before[0].process, "KILL");
    supervised.wait_for_log("killed by signal 9, restarting", 1);
    assert_eq!(supervised.processes(2)[1], before[1]);
}

#[test]
fn a_process_that_dies_while_its_successor_starts_is_restarted_meanwhile() {
    let installation = Installation::new("dies-meanwhile");
    let supervised = installation.fork(1, &["ready_limit=3"]);
    let before = supervised.processes(1).remove(0);
    installation.install_script("exec sleep 600");
    supervised.signal("USR2");
    supervised.wait_for_log("replacing 1 processes", 1);
    thread::sleep(Duration::from_millis(200));
    signal(before.process, "KILL");
    supervised.wait_for_log(&format!("(pid {}) killed by signal 9, restarting", before.process), 1);
    assert_eq!(supervised.processes(1)[0].version, "1");
    supervised.wait_for_log("the upgrade is given up", 1);
    assert_eq!(supervised.processes(1)[0].version, "1");
}
