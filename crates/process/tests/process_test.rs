//! Tornado's `process_test.py`, case by case: several processes, and subprocesses on the loop.

#[path = "support/supervised.rs"]
mod supervised;
mod support;

use std::cell::Cell;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::{IoStream, Signal, coroutine};
use firewhirl_process::{CalledProcessError, Subprocess, cpu_count, task_id};
use supervised::Supervised;
use support::on_loop;

/// `test_multi_process`, with the test itself in place of the third process.
#[test]
fn processes_that_exit_abnormally_come_back_and_the_others_do_not() {
    let mut supervised = Supervised::start(&support::program_path(), &["fork-plainly", "2", "0"]);
    // Two exit abnormally, and have come back by the next request or the one after.
    assert!(supervised.get("/exit/2").is_err());
    assert!(supervised.get("/exit/3").is_err());
    supervised.get("/").unwrap();
    // One exits normally, which is for good.
    assert!(supervised.get("/exit/0").is_err());
    supervised.wait_for_log("exited normally", 1);
    let process = |supervised: &Supervised| supervised.get("/").unwrap().split(' ').next().unwrap().to_owned();
    let before = process(&supervised);
    assert!(supervised.get("/exit/4").is_err());
    assert_ne!(process(&supervised), before);
    assert!(supervised.get("/exit/0").is_err());
    assert_eq!(supervised.ended().code(), Some(0));
    for line in ["starting 2 processes", "exited with status 2, restarting", "exited with status 4, restarting"] {
        assert!(supervised.log().contains(line), "{line:?} in {}", supervised.log());
    }
}

#[test]
fn this_process_has_no_task_and_the_machine_has_processors() {
    assert_eq!(task_id(), None);
    assert!(cpu_count() > 0);
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn taken(stream: &mut Option<IoStream>) -> IoStream {
    stream.take().expect("it is piped")
}

/// `test_subprocess`, with another interpreter.
#[test]
fn a_dialogue_with_a_program() {
    on_loop(async {
        let mut command = Command::new("sh");
        command.env("PS1", ">>> ").args(["-i"]).stdin(Stdio::piped());
        let mut subprocess = Subprocess::spawn_with_one_output(command)?;
        let (mut stdin, mut stdout) = (taken(&mut subprocess.stdin), taken(&mut subprocess.stdout));
        stdout.read_until(b">>> ").await?;
        stdin.write("echo hello\n");
        stdin.flush().await?;
        assert!(stdout.read_until(b"hello\n").await?.ends_with(b"hello\n"));
        stdout.read_until(b">>> ").await?;
        stdin.write("exec true\n");
        stdin.flush().await?;
        assert_eq!(stdout.read_until_close().await?, "");
        subprocess.wait_for_exit().await?;
        Ok(())
    });
}

/// `test_close_stdin`.
#[test]
fn a_program_learns_that_its_input_is_closed() {
    on_loop(async {
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut subprocess = Subprocess::spawn(command)?;
        let mut stdin = taken(&mut subprocess.stdin);
        stdin.write("last words");
        stdin.flush().await?;
        stdin.close();
        assert_eq!(subprocess.stdout.as_mut().unwrap().read_until_close().await?, "last words");
        subprocess.wait_for_exit().await?;
        Ok(())
    });
}

/// `test_stderr`.
#[test]
fn standard_error_is_a_stream_of_its_own() {
    on_loop(async {
        let mut command = shell("echo out; echo hello >&2");
        command.stderr(Stdio::piped());
        let mut subprocess = Subprocess::spawn(command)?;
        assert!(subprocess.stdin.is_none() && subprocess.stdout.is_none());
        assert_eq!(taken(&mut subprocess.stderr).read_until_close().await?, "hello\n");
        subprocess.wait_for_exit().await?;
        Ok(())
    });
}

#[test]
fn both_outputs_can_be_one_stream() {
    on_loop(async {
        let mut subprocess = Subprocess::spawn_with_one_output(shell("echo one; echo two >&2; echo three"))?;
        assert_eq!(taken(&mut subprocess.stdout).read_until_close().await?, "one\ntwo\nthree\n");
        Ok(())
    });
}

/// `test_sigchild`.
#[test]
fn the_exit_callback_gets_the_status() {
    on_loop(async {
        let subprocess = Subprocess::spawn(shell("exit 0"))?;
        assert_eq!(subprocess.returncode(), None);
        let told = Rc::new(Cell::new(None));
        let telling = told.clone();
        subprocess.set_exit_callback(move |returncode| telling.set(Some(returncode)));
        assert_eq!(subprocess.wait_for_returncode().await, 0);
        firewhirl_event::coroutine::yield_now().await;
        assert_eq!((told.get(), subprocess.returncode()), (Some(0), Some(0)));

        // Of one that is set when the program has ended already it is told too.
        let again = firewhirl_event::locks::Event::new();
        let telling = again.clone();
        subprocess.set_exit_callback(move |_| telling.set());
        again.wait().await;
        Ok(())
    });
}

/// `test_sigchild_future`.
#[test]
fn the_end_can_be_awaited_more_than_once() {
    on_loop(async {
        let subprocess = Subprocess::spawn(shell("exit 0"))?;
        let first = subprocess.wait_for_exit();
        subprocess.wait_for_exit().await?;
        first.await?;
        assert_eq!(subprocess.returncode(), Some(0));
        Ok(())
    });
}

/// `test_sigchild_signal`.
#[test]
fn a_signal_is_a_negative_returncode() {
    on_loop(async {
        let subprocess = Subprocess::spawn(shell("exec sleep 600"))?;
        subprocess.signal(Signal::Terminate);
        assert_eq!(subprocess.wait_for_returncode().await, -15);
        assert_eq!(subprocess.returncode(), Some(-15));
        // Nobody is there any more to get it.
        subprocess.kill();
        let subprocess = Subprocess::spawn(shell("exec sleep 600"))?;
        subprocess.kill();
        let error = subprocess.wait_for_exit().await.unwrap_err();
        assert_eq!(error.to_string(), "sh was killed by signal 9");
        Ok(())
    });
}

/// `test_wait_for_exit_raise` and `test_wait_for_exit_raise_disabled`.
#[test]
fn a_status_of_failure_is_an_error_only_where_one_wants_it() {
    on_loop(async {
        let subprocess = Subprocess::spawn(shell("exit 1"))?;
        let error: CalledProcessError = subprocess.wait_for_exit().await.unwrap_err();
        assert_eq!((error.returncode, error.to_string().as_str()), (1, "sh exited with status 1"));
        assert_eq!(subprocess.wait_for_returncode().await, 1);
        Ok(())
    });
}

#[test]
fn nothing_stays_open_when_a_program_cannot_be_started() {
    on_loop(async {
        let descriptors = || std::fs::read_dir("/proc/self/fd").map(Iterator::count);
        let spawn = || {
            let mut command = Command::new("/nowhere/no-such-program");
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            Subprocess::spawn(command)
        };
        // Other tests open and close some meanwhile, but not a thousand.
        spawn().unwrap_err();
        let before = descriptors()?;
        for _ in 0..500 {
            assert_eq!(spawn().unwrap_err().kind(), std::io::ErrorKind::NotFound);
        }
        assert!(descriptors()? < before + 200, "{} descriptors, of {before}", descriptors()?);
        Ok(())
    });
}

#[test]
fn a_program_goes_on_when_nobody_holds_it() {
    on_loop(async {
        let (mut near, mut far, pid) = {
            let mut command = shell("read line; echo \"$line\" >&2");
            command.stdin(Stdio::piped()).stderr(Stdio::piped());
            let mut subprocess = Subprocess::spawn(command)?;
            (taken(&mut subprocess.stdin), taken(&mut subprocess.stderr), subprocess.pid())
        };
        near.write("still there\n");
        near.flush().await?;
        assert_eq!(far.read_until_close().await?, "still there\n");
        // The loop waits for it by itself, so that no zombie is left.
        while std::path::Path::new(&format!("/proc/{pid}")).exists() {
            coroutine::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    });
}
