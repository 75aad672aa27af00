//! Pid files, and becoming another user: each in a process of its own, which the test looks at.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use firewhirl_process::{PidFile, PidFileError};
use support::{program, program_path};

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("firewhirl-{name}-{}.pid", std::process::id()))
}

/// A program that holds a pid file until its input ends.
fn holder(path: &str) -> Child {
    let mut command = Command::new(program_path());
    let mut child = command.args(["pid-file", path]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    child
}

#[test]
fn a_pid_file_names_the_process_that_runs_and_goes_with_it() {
    let path = path("held");
    let mut child = holder(path.to_str().unwrap());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", child.id()));
    match PidFile::create(&path).unwrap_err() {
        PidFileError::AlreadyRunning { pid, .. } => assert_eq!(pid, Some(child.id())),
        other => panic!("{other}"),
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(!path.exists());
}

#[test]
fn a_pid_file_that_a_killed_process_has_left_is_replaced() {
    let path = path("stale");
    let mut child = holder(path.to_str().unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(path.exists());
    // Even where the number is by now that of a process that runs.
    std::fs::write(&path, "1\n").unwrap();
    let file = PidFile::create(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
    let error = PidFile::create(&path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("already running as process {}", std::process::id())), "{error}");
    drop(file);
    assert!(!path.exists());
}

#[test]
fn a_pid_file_that_cannot_be_written_says_why() {
    let error = PidFile::create("/nowhere/site.pid").unwrap_err().to_string();
    assert_eq!(error, "the pid file /nowhere/site.pid cannot be written: No such file or directory (os error 2)");
}

fn drop_privileges(arguments: &[&str]) -> Output {
    let mut command = program(&[&["become"], arguments].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    let is_root = output.stdout == b"0\n";
    if !is_root {
        let _ = writeln!(std::io::stderr(), "skipped: only root can become another user");
    }
    is_root
}

#[test]
fn root_becomes_another_user_for_good() {
    if !is_root() {
        return;
    }
    let output = drop_privileges(&["nobody"]);
    assert!(output.status.success(), "{output:?}");
    // Real, effective, saved, and of the file system, for all threads.
    let said = String::from_utf8(output.stdout).unwrap();
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let (uid, gid, groups) = (id(&["-u", "nobody"]), id(&["-g", "nobody"]), id(&["-G", "nobody"]));
    let of_a_thread =
        format!("Uid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{gid}\t{gid}\t{gid}\t{gid}\nGroups:\t{groups} \n");
    assert_eq!(said, of_a_thread.repeat(2));
}

#[test]
fn a_group_can_be_given_and_users_by_number() {
    if !is_root() {
        return;
    }
    let output = drop_privileges(&["12345", "54321"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("Uid:\t12345\t12345\t12345\t12345\nGid:\t54321\t54321\t54321\t54321\nGroups:\t54321 \n"));
}

#[test]
fn whom_the_system_does_not_know_nobody_becomes() {
    let error = |arguments: &[&str]| String::from_utf8(drop_privileges(arguments).stderr).unwrap();
    let said = error(&["no-such-user"]);
    assert!(said.contains("there is no user no-such-user"), "{said}");
    let said = error(&["nobody", "no-such-group"]);
    assert!(said.contains("there is no group no-such-group"), "{said}");
    let said = error(&["12345"]);
    assert!(said.contains("a group has to be given too"), "{said}");
}
