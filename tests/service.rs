//! A service from its command line to its end, driven from outside: options, log, metrics, drain.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use support::service::Service;
use support::{PATIENCE, body, built};

/// Runs the service where it is expected to end by itself.
fn run(arguments: &[&str]) -> Output {
    Command::new(built("examples", "service")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_shows_the_options_of_the_program_of_the_server_and_of_the_log() {
    let output = run(&["--help"]);
    assert!(output.status.success());
    let help = text(&output.stdout) + &text(&output.stderr);
    for expected in ["--greeting", "server options:", "--port", "(default 8888)", "log options:", "--logging"] {
        assert!(help.contains(expected), "no {expected:?} in {help}");
    }
}

#[test]
fn what_is_not_understood_ends_it_with_a_reason() {
    for (arguments, reason) in [
        (["--prot=80"].as_slice(), "port"),
        (&["--port=http"], "port"),
        (&["--workers=-1"], "workers"),
        (&["serve"], "unexpected argument \"serve\""),
        (&["--config=/nowhere.toml"], "/nowhere.toml"),
    ] {
        let output = run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.contains(reason), "{arguments:?}: no {reason:?} in {said}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let output = run(&["--address=127.0.0.1", &format!("--port={port}")]);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains(&format!("127.0.0.1:{port}")) && said.contains("in use"), "{said}");
}

#[test]
fn a_rehearsal_takes_nothing_that_the_service_has() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let pid_file = std::env::temp_dir().join(format!("firewhirl-service-rehearsal-{}.pid", std::process::id()));
    let output = Command::new(built("examples", "service"))
        .args(["--address=127.0.0.1", &format!("--port={port}"), &format!("--metrics_port={port}"), "--processes=2"])
        .args(["--user=nobody-of-this-name", &format!("--pid_file={}", pid_file.display())])
        .env("FIREWHIRL_REHEARSAL", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!pid_file.exists());
}

#[test]
fn a_port_for_metrics_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let output = run(&["--port=0", &format!("--metrics_port={port}")]);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains(&format!("127.0.0.1:{port} for metrics")) && said.contains("in use"), "{said}");
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let file = std::env::temp_dir().join(format!("firewhirl-service-{}.toml", std::process::id()));
    fs::write(&file, "greeting = 'from the file'\nworkers = 2\n").unwrap();
    let config = format!("--config={}", file.display());
    let greeting = |arguments: &[&str], environment: &[(&str, &str)]| {
        let service = built("examples", "service");
        Service::start(&service, &[&["--port=0", &config], arguments].concat(), environment).get("/")
    };
    assert_eq!(greeting(&[], &[]), "from the file, 127.0.0.1\n");
    assert_eq!(greeting(&[], &[("SERVICE_GREETING", "variable")]), "variable, 127.0.0.1\n");
    assert_eq!(greeting(&["--greeting=line"], &[("SERVICE_GREETING", "variable")]), "line, 127.0.0.1\n");
    fs::remove_file(file).unwrap();
}

#[test]
fn a_proxy_is_believed_if_it_is_said_so() {
    let ask = |service: &Service| {
        body(&service.raw("GET / HTTP/1.1\r\nHost: a\r\nX-Real-Ip: 1.2.3.4\r\nConnection: close\r\n\r\n"))
    };
    assert_eq!(ask(&Service::example("service", &["--port=0"])), "Hello, 127.0.0.1\n");
    let mut behind = Service::example("service", &["--port=0", "--xheaders", "--log_format=plain"]);
    assert_eq!(ask(&behind), "Hello, 1.2.3.4\n");
    behind.wait_for_log("200 GET / (1.2.3.4) ");
}

#[test]
fn a_unix_socket_can_be_served() {
    let path = std::env::temp_dir().join(format!("firewhirl-service-{}.socket", std::process::id()));
    let service = Service::example("service", &[&format!("--unix_socket={}", path.display())]);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /slow/1 HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("after 1 ms\n"), "{answer}");
    drop(service);
    fs::remove_file(path).unwrap();
}

#[test]
fn on_a_signal_it_answers_what_it_has_accepted_and_ends() {
    for (name, workers) in [("TERM", "1"), ("INT", "3")] {
        let mut service = Service::example("service", &["--port=0", &format!("--workers={workers}")]);
        thread::scope(|scope| {
            let asked: Vec<_> = (0..4).map(|_| scope.spawn(|| service.get("/slow/700"))).collect();
            thread::sleep(Duration::from_millis(250));
            service.signal(name);
            for answer in asked {
                assert_eq!(answer.join().unwrap(), "after 700 ms\n");
            }
        });
        assert!(service.end().success(), "{}", service.log());
    }
}

#[test]
fn what_takes_too_long_is_cut_off() {
    let mut service = Service::example("service", &["--port=0", "--shutdown_limit=200ms"]);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Whatever comes of it.
            let _ = service.try_raw("GET /slow/60000 HTTP/1.0\r\n\r\n");
        });
        thread::sleep(Duration::from_millis(250));
        service.signal("TERM");
    });
    assert!(service.end().success());
    assert!(service.log().contains("1 connections cut off"), "{}", service.log());
}

#[test]
fn metrics_and_health_are_on_a_port_of_their_own() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut service = Service::example(
        "service",
        &["--port=0", "--workers=2", &format!("--metrics-port={port}"), "--shutdown_delay=1s", "--shutdown_limit=5s"],
    );
    let public = service.port;
    for _ in 0..10 {
        service.get("/slow/1");
    }
    service.port = port;
    let end = std::time::Instant::now() + PATIENCE;
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() || service.get("/readyz") != "ready\n" {
        assert!(std::time::Instant::now() < end, "not ready");
        thread::sleep(Duration::from_millis(10));
    }
    let metrics = service.get("/metrics");
    let line = metrics
        .lines()
        .find(|line| line.starts_with("firewhirl_http_requests_total") && line.contains("/slow/{milliseconds}"));
    assert_eq!(line.and_then(|line| line.rsplit(' ').next()), Some("10"), "{metrics}");
    assert_eq!(service.get("/healthz"), "ok\n");

    // While the balancer is given time to notice, all is still served.
    service.signal("TERM");
    while service.get("/readyz") == "ready\n" {
        assert!(std::time::Instant::now() < end, "still ready");
    }
    service.port = public;
    assert_eq!(service.get("/slow/1"), "after 1 ms\n");
    assert!(service.end().success());
}

#[test]
fn logs_are_reopened_on_hangup() {
    let folder = std::env::temp_dir().join(format!("firewhirl-service-log-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("service.log");
    let service =
        Service::example("service", &["--port=0", "--log_to_stderr", &format!("--log_file_prefix={}", file.display())]);
    service.get("/?before");
    let moved = folder.join("service.log.old");
    fs::rename(&file, &moved).unwrap();
    service.signal("HUP");
    let end = std::time::Instant::now() + PATIENCE;
    while !file.exists() {
        assert!(std::time::Instant::now() < end, "not reopened: {}", service.log());
        thread::sleep(Duration::from_millis(10));
    }
    service.get("/?after");
    let holds = |path: &std::path::Path, text: &str| fs::read_to_string(path).unwrap().contains(text);
    assert!(holds(&moved, "/?before") && !holds(&moved, "/?after"));
    assert!(holds(&file, "/?after") && !holds(&file, "/?before"));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_parent_of_several_processes_reopens_its_log_too() {
    let folder = std::env::temp_dir().join(format!("firewhirl-service-logs-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("service.log");
    let prefix = format!("--log_file_prefix={}", file.display());
    let mut service = Service::example("service", &["--port=0", "--processes=2", "--log_to_stderr", &prefix]);
    let parent = service.child.id();
    service.get("/");
    let moved = folder.join("service.log.old");
    fs::rename(&file, &moved).unwrap();
    service.signal("HUP");
    wait_until("the file is opened again", &service, || file.exists());
    support::signal(children(parent)[0], "KILL");
    let death = "killed by signal 9, restarting";
    service.wait_for_log(death);
    let holds = |path: &std::path::Path| fs::read_to_string(path).unwrap().contains(death);
    wait_until("the parent's line is in a file", &service, || holds(&file) || holds(&moved));
    assert!(holds(&file) && !holds(&moved), "{}", fs::read_to_string(&moved).unwrap());
    service.signal("TERM");
    assert!(service.end().success(), "{}", service.log());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_service_manager_is_told_of_its_beginning_and_of_its_end() {
    let path = std::env::temp_dir().join(format!("firewhirl-service-{}.notify", std::process::id()));
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut bytes = [0; 4096];
        let length = manager.recv(&mut bytes).unwrap();
        text(&bytes[..length])
    };
    for signal in ["TERM", "INT"] {
        let environment = [("NOTIFY_SOCKET", path.to_str().unwrap())];
        let mut service = Service::start(&built("examples", "service"), &["--port=0"], &environment);
        while told() != "READY=1" {}
        service.signal(signal);
        while told() != "STOPPING=1" {}
        assert!(service.end().success(), "{}", service.log());
    }
    fs::remove_file(path).unwrap();
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    list.split_whitespace().map(|process| process.parse().unwrap()).collect()
}

/// Waits until something holds.
fn wait_until(what: &str, service: &Service, mut holds: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(std::time::Instant::now() < end, "never: {what}\n{}", service.log());
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn processes_that_die_are_started_again_on_the_same_socket() {
    let file = std::env::temp_dir().join(format!("firewhirl-service-{}.pid", std::process::id()));
    let mut service =
        Service::example("service", &["--port=0", "--processes=2", &format!("--pid_file={}", file.display())]);
    let parent = service.child.id();
    assert_eq!(fs::read_to_string(&file).unwrap().trim(), parent.to_string());
    wait_until("two children", &service, || children(parent).len() == 2);
    assert_eq!(service.get("/"), "Hello, 127.0.0.1\n");

    let [first, second] = children(parent)[..] else { panic!("{:?}", children(parent)) };
    support::signal(first, "KILL");
    // The socket never closes: whoever comes is served by the other process, or waits for the new one.
    for _ in 0..50 {
        assert_eq!(service.get("/slow/1"), "after 1 ms\n");
    }
    wait_until("a new child", &service, || {
        let children = children(parent);
        children.len() == 2 && !children.contains(&first) && children.contains(&second)
    });
    service.wait_for_log("killed by signal 9, restarting");

    thread::scope(|scope| {
        let asked: Vec<_> = (0..4).map(|_| scope.spawn(|| service.get("/slow/700"))).collect();
        thread::sleep(Duration::from_millis(300));
        service.signal("TERM");
        for answer in asked {
            assert_eq!(answer.join().unwrap(), "after 700 ms\n");
        }
    });
    assert!(service.end().success(), "{}", service.log());
    assert!(!file.exists(), "the pid file is gone with the service");
}

#[test]
fn the_signal_to_replace_processes_kills_none_that_cannot_be_replaced() {
    for processes in ["1", "2"] {
        let mut service = Service::example("service", &["--port=0", &format!("--processes={processes}")]);
        assert_eq!(service.get("/slow/1"), "after 1 ms\n");
        let child = *children(service.child.id()).first().unwrap_or(&service.child.id());
        support::signal(child, "USR2");
        service.wait_for_log("SIGUSR2 replaces nothing here");
        assert_eq!(service.get("/slow/1"), "after 1 ms\n");
        service.signal("TERM");
        assert!(service.end().success(), "{}", service.log());
    }
}

#[test]
fn a_process_that_starts_does_not_die_of_the_signal_to_reopen_logs() {
    let mut service = Service::example("service", &["--port=0", "--processes=2"]);
    let parent = service.child.id();
    wait_until("two children", &service, || children(parent).len() == 2);
    assert_eq!(service.get("/slow/1"), "after 1 ms\n");
    for upgrade in 1..=4 {
        service.signal("USR2");
        let replaced = || service.log().matches("all processes have been replaced").count() >= upgrade;
        wait_until("the upgrade is over", &service, || {
            service.signal("HUP");
            replaced() || service.log().contains("is given up")
        });
        assert!(replaced(), "{}", service.log());
    }
    service.signal("TERM");
    assert!(service.end().success(), "{}", service.log());
    assert!(!service.log().contains("killed by signal 1"), "{}", service.log());
}

#[test]
fn processes_end_with_their_parent_also_if_the_config_file_wants_only_one_by_now() {
    let file = std::env::temp_dir().join(format!("firewhirl-service-processes-{}.toml", std::process::id()));
    fs::write(&file, "processes = 2\n").unwrap();
    let mut service = Service::example("service", &["--port=0", &format!("--config={}", file.display())]);
    let parent = service.child.id();
    wait_until("two children", &service, || children(parent).len() == 2);
    assert_eq!(service.get("/slow/1"), "after 1 ms\n");
    fs::write(&file, "processes = 1\n").unwrap();
    service.signal("USR2");
    service.wait_for_log("all processes have been replaced");
    wait_until("two children", &service, || children(parent).len() == 2);
    let orphans = children(parent);
    service.signal("KILL");
    service.end();
    wait_until("the orphans end", &service, || {
        orphans.iter().all(|orphan| !std::path::Path::new(&format!("/proc/{orphan}/fd/0")).exists())
    });
    fs::remove_file(file).unwrap();
}

#[test]
fn of_several_processes_one_that_hangs_is_replaced_if_the_service_manager_wants_signs_of_life() {
    let arguments = ["--port=0", "--processes=2"];
    let environment = [("WATCHDOG_USEC", "4000000")];
    let mut service = Service::start(&built("examples", "service"), &arguments, &environment);
    let parent = service.child.id();
    wait_until("two children", &service, || children(parent).len() == 2);
    assert_eq!(service.get("/slow/1"), "after 1 ms\n");
    let hangs = children(parent)[0];
    support::signal(hangs, "STOP");
    service.wait_for_log(&format!("(pid {hangs}) has given no sign of life"));
    wait_until("another child", &service, || children(parent).len() == 2 && !children(parent).contains(&hangs));
    service.signal("TERM");
    assert!(service.end().success(), "{}", service.log());
}

/// Two ports of this machine's own, one after the other, that nobody uses.
fn two_ports() -> u16 {
    let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port));
    loop {
        let first = free(0).unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && free(port + 1).is_ok() {
            return port;
        }
    }
}

#[test]
fn each_process_tells_its_figures_at_a_port_of_its_own_also_after_an_upgrade() {
    let port = two_ports();
    let mut service = Service::example("service", &["--port=0", "--processes=2", &format!("--metrics_port={port}")]);
    let parent = service.child.id();
    let all_tell = |service: &mut Service| {
        for task in 0..2 {
            service.port = port + task;
            wait_until("a process tells its figures", service, || {
                let answers = std::net::TcpStream::connect(("127.0.0.1", service.port)).is_ok();
                answers && service.get("/metrics").contains(&format!("process_threads{{task=\"{task}\"}} "))
            });
        }
    };
    all_tell(&mut service);
    // While an old process is not gone yet, its successor has the same port.
    let before = children(parent);
    service.signal("USR2");
    wait_until("other children", &service, || {
        let now = children(parent);
        now.len() == 2 && now.iter().all(|child| !before.contains(child))
    });
    all_tell(&mut service);
    service.signal("TERM");
    assert!(service.end().success(), "{}", service.log());
}

#[test]
fn a_service_gives_up_the_rights_of_root() {
    if user() != 0 {
        return support::peers::skip("root's rights, to give them up");
    }
    let service = Service::example("service", &["--port=0", "--user=nobody"]);
    let status = fs::read_to_string(format!("/proc/{}/status", service.child.id())).unwrap();
    let ids = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
    assert!(ids.split_whitespace().skip(1).all(|id| id == "65534"), "{ids}");
    assert_eq!(service.get("/slow/1"), "after 1 ms\n");
}

#[test]
fn processes_without_the_rights_of_root_write_to_the_log_that_root_has_opened() {
    if user() != 0 {
        return support::peers::skip("root's rights, to give them up");
    }
    let folder = std::env::temp_dir().join(format!("firewhirl-service-rights-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("service.log");
    let prefix = format!("--log_file_prefix={}", file.display());
    let arguments = ["--port=0", "--processes=2", "--user=nobody", "--log_to_stderr", &prefix];
    let mut service = Service::example("service", &arguments);
    service.get("/?seen");
    wait_until("the line is in the file", &service, || fs::read_to_string(&file).unwrap().contains("/?seen"));
    service.signal("TERM");
    assert!(service.end().success(), "{}", service.log());
    assert!(!service.log().contains("restarting"), "{}", service.log());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_file_of_a_unix_socket_belongs_to_the_user_that_the_service_becomes() {
    use std::os::unix::fs::MetadataExt;

    if user() != 0 {
        return support::peers::skip("root's rights, to give them up");
    }
    let path = std::env::temp_dir().join(format!("firewhirl-service-owner-{}.socket", std::process::id()));
    for processes in ["1", "2"] {
        let arguments = [&format!("--unix_socket={}", path.display()), "--user=nobody", "--processes", processes];
        let mut service = Service::example("service", &arguments);
        assert_eq!(fs::metadata(&path).unwrap().uid(), 65534);
        assert!(UnixStream::connect(&path).is_ok());
        service.signal("TERM");
        assert!(service.end().success(), "{}", service.log());
    }
    fs::remove_file(path).unwrap();
}

/// The user that this test runs as.
fn user() -> u32 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid()
}
