//! The units of `deploy/`: read by systemd's own checker, and what they promise the service tried with
//! what systemd does, by its protocols: a socket that is handed over, and being told what goes on.

use std::collections::HashMap;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::demo::{Demo, free_port};
use super::installation::{deploy, new_folder};
use super::support::{PATIENCE, peers};

const UNITS: [&str; 2] = ["firewhirl-demo.service", "firewhirl-demo.socket"];

/// The settings of a unit; of one that is given twice both.
fn settings(unit: &str) -> HashMap<String, Vec<String>> {
    let mut settings: HashMap<String, Vec<String>> = HashMap::new();
    for line in fs::read_to_string(deploy().join(unit)).unwrap().lines() {
        if let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            settings.entry(name.to_owned()).or_default().push(value.to_owned());
        }
    }
    settings
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let Some(systemd_analyze) = peers::command("systemd-analyze") else { return };
    let folder = new_folder();
    fs::copy(env!("CARGO_BIN_EXE_firewhirl-demo"), folder.join("firewhirl-demo")).unwrap();
    for unit in UNITS {
        let text = fs::read_to_string(deploy().join(unit)).unwrap();
        // Where they are installed there is the program.
        fs::write(folder.join(unit), text.replace("/srv/firewhirl-demo", folder.to_str().unwrap())).unwrap();
    }
    let mut verify = Command::new(systemd_analyze);
    verify.args(["verify", "--man=no"]).args(UNITS.map(|unit| folder.join(unit)));
    let output = verify.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let of_ours: Vec<&str> = said.lines().filter(|line| line.contains("firewhirl")).collect();
    assert!(output.status.success() && of_ours.is_empty(), "{said}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_service_takes_the_units_socket_says_when_it_is_ready_and_is_replaced_without_a_refusal() {
    let Some(activate) = peers::command("systemd-socket-activate") else { return };
    let (folder, port) = (new_folder(), free_port());
    let manager = UnixDatagram::bind(folder.join("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let service = settings("firewhirl-demo.service");
    let in_place = |word: &str| word.replace("8888", &port.to_string());

    // The very words of the units: what is listened on, and what is run.
    let mut command = Command::new(activate);
    let listen = &settings("firewhirl-demo.socket")["ListenStream"];
    assert_eq!(listen[..], ["0.0.0.0:8888", "[::]:8888"]);
    // This tool has no `BindIPv6Only=`, so the second one the program has to bind itself.
    command.arg("--listen").arg(in_place(&listen[0]));
    let notify = folder.join("notify");
    for (name, value) in [("NOTIFY_SOCKET", notify.to_str().unwrap()), ("WATCHDOG_USEC", "2000000")] {
        command.arg(format!("--setenv={name}={value}"));
    }
    let run = in_place(&service["ExecStart"][0]);
    command.arg(env!("CARGO_BIN_EXE_firewhirl-demo")).args(run.split(' ').skip(1));
    let mut demo = Demo::start(command, port);

    let mut told = Vec::new();
    let mut wait_until_told = |what: &str| {
        let start = Instant::now();
        let mut message = [0; 4096];
        while !told.iter().any(|line: &String| line.contains(what)) {
            assert!(start.elapsed() < PATIENCE, "{what} was not said, but {told:?}");
            if let Ok(length) = manager.recv(&mut message) {
                told.push(String::from_utf8_lossy(&message[..length]).into_owned());
            }
        }
        told.clear();
    };
    wait_until_told("READY=1");
    wait_until_told("WATCHDOG=1");

    let before = demo.children();
    assert!(!before.is_empty(), "{run} supervises processes");
    assert_eq!(service["ExecReload"], ["/bin/kill -USR2 $MAINPID"]);
    demo.signal("USR2");
    let start = Instant::now();
    // One after the other is replaced, and every request is answered.
    let is_replaced = || {
        let now = demo.children();
        now.len() == before.len() && now.iter().all(|child| !before.contains(child))
    };
    while !is_replaced() {
        assert!(start.elapsed() < PATIENCE, "still {before:?}");
        let answer = demo.get("/visitor");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:?}");
        thread::sleep(Duration::from_millis(5));
    }
    assert!(demo.end().success());
    wait_until_told("STOPPING=1");
    fs::remove_dir_all(folder).unwrap();
}
