//! Supervised processes: what is restarted and when, what ends them all, and that no client notices.

#[path = "support/supervised.rs"]
mod supervised;
mod support;

use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

use firewhirl_process::{Service, ServiceEvent, ServiceOptions, Supervisor, SupervisorError};
use supervised::{Load, Supervised, get, is_alive, read_answer, signal, state_of, wait_until};
use support::{PATIENCE, local, on_loop, program};

#[test]
fn each_process_has_a_task_of_its_own_and_the_name_of_the_program() {
    let mut supervised = Supervised::fork(3, &[]);
    let processes = supervised.processes(3);
    assert_eq!(processes.iter().map(|process| process.task).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(processes.iter().all(|process| process.process != supervised.parent.id()));
    assert_eq!(supervised.get("/name").unwrap().trim(), "process-test-program"[..15].to_owned());
    assert_eq!(supervised.get("/grandchild").unwrap().trim(), "None", "what a child starts has no task");
    assert!(supervised.log().contains("starting 3 processes"), "{}", supervised.log());
    supervised.signal("TERM");
    assert_eq!(supervised.ended().code(), Some(0));
    assert!(processes.iter().all(|process| !is_alive(process.process)));
}

#[test]
fn a_process_that_dies_is_restarted_with_the_same_task() {
    let supervised = Supervised::fork(2, &[]);
    let before = supervised.processes(2);
    for (name, number) in [("KILL", 9), ("ABRT", 6)] {
        let victim = supervised.processes(2).remove(1);
        signal(victim.process, name);
        supervised.wait_for_log(&format!("child 1 (pid {}) killed by signal {number}, restarting", victim.process), 1);
    }
    let after = supervised.processes(2);
    assert_eq!(after[0], before[0]);
    assert_eq!(after[1].task, 1);
    let status = after[1].process;
    // The answer never comes.
    assert!(ask_task(&supervised, 1, "/exit/3").is_err());
    supervised.wait_for_log(&format!("child 1 (pid {status}) exited with status 3, restarting"), 1);
    assert_ne!(supervised.processes(2)[1].process, status);
}

/// Puts a process to sleep, so that it takes no connection from now on.
fn stop(process: u32, supervised: &Supervised) {
    signal(process, "STOP");
    let sleeps = || state_of(process) == Some('T');
    wait_until("a process to be asleep", sleeps, || supervised.log());
}

/// Sends a request until the process of this task has got it.
fn ask_task(supervised: &Supervised, task: usize, path: &str) -> std::io::Result<String> {
    let process = supervised.processes(2)[task].process;
    // While the other process is asleep, this one takes every connection.
    let others: Vec<u32> = supervised.processes(2).iter().map(|answered| answered.process).collect();
    let other = others.into_iter().find(|other| *other != process).unwrap();
    stop(other, supervised);
    let answer = supervised.get(path);
    signal(other, "CONT");
    answer
}

#[test]
fn kill_9_of_a_process_under_load_costs_only_what_it_had_begun() {
    let supervised = Supervised::fork(3, &[]);
    supervised.processes(3);
    let load = Load::on(supervised.port);
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(300));
        let victim = supervised.processes(3).remove(2);
        signal(victim.process, "KILL");
        supervised.wait_for_log(&format!("(pid {}) killed by signal 9, restarting", victim.process), 1);
    }
    supervised.processes(3);
    let served = load.end();
    assert!(served.answered > 50, "{served:?}");
    assert_eq!(served.refused, Vec::<String>::new(), "connections refused");
    assert!(served.lost.len() <= 3 * Load::CLIENTS, "more than each client's one request a kill: {served:?}");
}

#[test]
fn kill_term_of_a_process_under_load_costs_nothing_and_is_its_end() {
    let mut supervised = Supervised::fork(3, &[]);
    let processes = supervised.processes(3);
    let load = Load::on(supervised.port);
    for victim in &processes[..2] {
        thread::sleep(Duration::from_millis(300));
        signal(victim.process, "TERM");
        supervised.wait_for_log(&format!("(pid {}) exited normally", victim.process), 1);
    }
    thread::sleep(Duration::from_millis(300));
    let served = load.end();
    assert!(served.answered > 50, "{served:?}");
    assert_eq!((served.refused.len(), served.lost.len()), (0, 0), "{served:?}");
    assert_eq!(supervised.get("/").unwrap(), format!("{} 2 1", processes[2].process));
    signal(processes[2].process, "TERM");
    assert_eq!(supervised.ended().code(), Some(0), "all have ended normally");
}

#[test]
fn a_program_that_dies_at_once_is_given_up_after_so_many_restarts() {
    let start = Instant::now();
    let mut supervised = Supervised::fork(2, &["dies=3", "max_restarts=4"]);
    assert_eq!(supervised.ended().code(), Some(1));
    supervised.wait_for_log("too many child restarts, giving up", 1);
    let log = supervised.log();
    // Of the two the one that is first to die too often ends both.
    let most = [0, 1].map(|task| log.matches(&format!("child {task} (pid")).count());
    assert_eq!(most.iter().max(), Some(&5), "{log}");
    let waits = Duration::from_millis(100 + 200 + 400);
    assert!(start.elapsed() >= waits, "without a wait between its restarts: {:?}", start.elapsed());
}

#[test]
fn what_is_given_up_is_drained() {
    let mut supervised = Supervised::fork(2, &["max_restarts=0"]);
    let processes = supervised.processes(2);
    // The survivor has it, or will take it in.
    stop(processes[1].process, &supervised);
    let in_flight = supervised::ask(supervised.port, "/slow/1500").unwrap();
    signal(processes[1].process, "KILL");
    assert!(read_answer(in_flight).unwrap().starts_with(&processes[0].process.to_string()));
    assert_eq!(supervised.ended().code(), Some(1));
}

#[test]
fn a_program_that_cannot_be_started_is_given_up_at_once() {
    on_loop(async {
        let error = Supervisor::new(2).program("/nowhere/no-such-program", ["0"]).supervise().await.unwrap_err();
        let error = error.downcast::<SupervisorError>().unwrap();
        assert_eq!(error.to_string(), "child 0 cannot be started: No such file or directory (os error 2)");
        Ok(())
    });
}

#[test]
fn a_process_whose_supervisor_is_gone_does_not_become_one() {
    let mut gone = program(&["say"]).spawn().unwrap();
    gone.wait().unwrap();
    let mut orphan = program(&["fork", "2", "0"]);
    orphan.env("FIREWHIRL_TASK_ID", "0").env("FIREWHIRL_SUPERVISOR", gone.id().to_string());
    let output = orphan.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the supervisor of this process is gone"), "{said}");
    assert!(!said.contains("starting 2 processes"), "{said}");
}

#[test]
fn a_rehearsal_has_no_processes() {
    let mut command = program(&["fork", "2", "0"]);
    let output = command.env("FIREWHIRL_REHEARSAL", "1").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("starting 2 processes"), "{said}");
}

#[test]
fn any_program_can_be_supervised() {
    on_loop(async {
        // Each process ends for good the second time, which it learns from a file.
        let folder = std::env::temp_dir().join(format!("firewhirl-any-program-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let script = format!("cd {} && mkdir $FIREWHIRL_TASK_ID 2>/dev/null && exit 9; exit 0", folder.display());
        Supervisor::new(3).program("/bin/sh", ["-c", &script]).supervise().await?;
        assert_eq!(std::fs::read_dir(&folder)?.count(), 3);
        std::fs::remove_dir_all(&folder)?;
        Ok(())
    });
}

/// Whether a process has a connection that is open.
fn in_service(process: u32) -> bool {
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let sockets: Vec<String> = descriptors
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok()?.into_os_string().into_string().ok())
        .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let connections = std::fs::read_to_string("/proc/net/tcp").unwrap();
    // State 01: established.
    connections
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (words.get(3) == Some(&"01")).then(|| words[9].to_owned())
        })
        .any(|inode| sockets.contains(&inode))
}

#[test]
fn sigterm_lets_every_process_finish_and_refuses_who_comes_later() {
    let mut supervised = Supervised::fork(2, &[]);
    let processes = supervised.processes(2);
    let in_flight: Vec<_> = (0..6).map(|_| supervised::ask(supervised.port, "/slow/1000").unwrap()).collect();
    supervised.signal("TERM");
    for stream in in_flight {
        read_answer(stream).unwrap();
    }
    assert_eq!(supervised.ended().code(), Some(0));
    assert!(processes.iter().all(|process| !is_alive(process.process)));
    let refused = std::net::TcpStream::connect_timeout(&local(supervised.port), PATIENCE).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_process_that_does_not_end_in_time_is_killed() {
    let mut supervised = Supervised::fork(1, &["drain_limit=1"]);
    let process = supervised.processes(1).remove(0).process;
    let _in_flight = supervised::ask(supervised.port, "/hang").unwrap();
    wait_until("the request to be taken", || in_service(process), || supervised.log());
    supervised.signal("TERM");
    assert_eq!(supervised.ended().code(), Some(0));
    supervised.wait_for_log(&format!("child 0 (pid {process}) has not ended within 1 seconds and is killed"), 1);
    supervised.wait_for_log(&format!("child 0 (pid {process}) killed by signal 9"), 1);
}

#[test]
fn a_second_interrupt_kills_at_once() {
    let mut supervised = Supervised::fork(2, &[]);
    let processes = supervised.processes(2);
    let _in_flight = supervised::ask(supervised.port, "/slow/600000").unwrap();
    supervised.signal("INT");
    wait_until("the idle process's end", || processes.iter().any(|p| !is_alive(p.process)), || supervised.log());
    assert!(supervised.parent.try_wait().unwrap().is_none(), "it waits for the request");
    supervised.signal("INT");
    assert_eq!(supervised.ended().code(), Some(130));
    assert!(processes.iter().all(|process| !is_alive(process.process)));
}

#[test]
fn the_pid_file_is_the_parent_s_until_its_end() {
    let path = std::env::temp_dir().join(format!("firewhirl-supervisor-{}.pid", std::process::id()));
    let mut supervised = Supervised::fork(2, &[&format!("pid_file={}", path.display())]);
    supervised.processes(2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", supervised.parent.id()));
    supervised.signal("TERM");
    assert_eq!(supervised.ended().code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn sighup_reaches_every_process() {
    let supervised = Supervised::fork(3, &[]);
    let processes = supervised.processes(3);
    supervised.signal("HUP");
    for process in &processes {
        supervised.wait_for_log(&format!("process {} got SIGHUP", process.process), 1);
    }
    assert_eq!(supervised.processes(3), processes);
}

#[test]
fn the_processes_end_in_order_when_the_parent_is_killed() {
    let mut supervised = Supervised::fork(2, &[]);
    let processes = supervised.processes(2);
    let in_flight: Vec<_> = (0..4).map(|_| supervised::ask(supervised.port, "/slow/1000").unwrap()).collect();
    supervised.signal("KILL");
    assert_eq!(supervised.ended().signal(), Some(9));
    for stream in in_flight {
        read_answer(stream).unwrap();
    }
    wait_until("their end", || processes.iter().all(|process| !is_alive(process.process)), || supervised.log());
}

#[test]
fn a_process_that_hangs_does_not_outlive_the_parent_for_long() {
    let supervised = Supervised::fork(1, &["drain_limit=1"]);
    let process = supervised.processes(1).remove(0).process;
    let _in_flight = supervised::ask(supervised.port, "/hang").unwrap();
    wait_until("the request to be taken", || in_service(process), || supervised.log());
    supervised.signal("KILL");
    wait_until("its end", || !is_alive(process), || supervised.log());
}

#[test]
fn a_process_that_hangs_is_restarted() {
    let supervised = Supervised::fork(1, &["watchdog=2"]);
    let process = supervised.processes(1).remove(0).process;
    // Long enough for a process that works to be suspected.
    thread::sleep(Duration::from_secs(5));
    assert_eq!(supervised.processes(1)[0].process, process, "{}", supervised.log());
    let _in_flight = supervised::ask(supervised.port, "/hang").unwrap();
    supervised.wait_for_log(&format!("child 0 (pid {process}) killed by signal 6, restarting"), 1);
    assert_ne!(supervised.processes(1)[0].process, process);
    assert!(supervised.log().contains("has given no sign of life for"));
}

#[test]
fn processes_that_are_another_user_are_heard_and_ended_all_the_same() {
    let id = std::process::Command::new("id").arg("-u").output().unwrap();
    if id.stdout != b"0\n" {
        eprintln!("skipped: only root can become another user");
        return;
    }
    let mut supervised = Supervised::fork(2, &["user=nobody", "watchdog=3"]);
    let processes = supervised.processes(2);
    // That they are ready, and live, is heard of: the upgrade waits for the one, the watchdog for the other.
    supervised.signal("USR2");
    supervised.wait_for_log("all processes have been replaced", 1);
    wait_until("the old ones' end", || processes.iter().all(|old| !is_alive(old.process)), || supervised.log());
    let processes = supervised.processes(2);
    thread::sleep(Duration::from_secs(5));
    assert_eq!(supervised.processes(2), processes, "{}", supervised.log());
    supervised.signal("TERM");
    assert_eq!(supervised.ended().code(), Some(0));
    // And without the parent they end as well.
    let mut supervised = Supervised::fork(2, &["user=nobody"]);
    let processes = supervised.processes(2);
    supervised.signal("KILL");
    supervised.ended();
    wait_until("their end", || processes.iter().all(|process| !is_alive(process.process)), || supervised.log());
}

#[test]
fn the_parent_is_ready_when_all_its_processes_are() {
    on_loop(async {
        let options = ServiceOptions::default().watchdog(Duration::from_secs(2)).stored_sockets(4);
        let parent = Service::spawn(program(&["fork", "2", "0"]), options)?;
        let mut said = Vec::new();
        let mut port = None;
        let signs = loop {
            match parent.event().await {
                Some(ServiceEvent::Stored { socket, .. }) => {
                    port = socket2::SockRef::from(&socket).local_addr()?.as_socket().map(|address| address.port());
                    said.push("stored".to_owned());
                }
                Some(ServiceEvent::Ready) => said.push("ready".to_owned()),
                Some(ServiceEvent::Status(text)) => said.push(text),
                Some(ServiceEvent::Watchdog) if said.contains(&"ready".to_owned()) => break true,
                Some(ServiceEvent::Watchdog) => {}
                other => panic!("{other:?} after {said:?}"),
            }
        };
        assert_eq!(said, ["stored", "1 of 2 processes ready", "2 of 2 processes ready", "ready"]);
        assert!(signs);
        let port = port.unwrap();
        assert!(thread::spawn(move || get(port, "/")).join().unwrap().is_ok());
        parent.terminate();
        while let Some(event) = parent.event().await {
            said.push(format!("{event:?}"));
        }
        assert!(said.contains(&"Stopping".to_owned()), "{said:?}");
        assert!(parent.status().unwrap().success());
        Ok(())
    });
}
