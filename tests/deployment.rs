//! The configurations of `deploy/`, used as they are: nginx and supervisord from the system's packages
//! run the demo, and what docs/deployment.md promises of them is seen to hold.

#[path = "deployment/demo.rs"]
mod demo;
#[path = "deployment/dockerfile.rs"]
mod dockerfile;
#[path = "deployment/installation.rs"]
mod installation;
#[path = "deployment/load.rs"]
mod load;
mod support;
#[path = "deployment/systemd.rs"]
mod systemd;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use installation::{Installation, PROGRAMS};
use load::{SetOnDrop, under_load};
use support::{PATIENCE, peers, signal};

/// How often a test ends or restarts what it ends or restarts: `FIREWHIRL_DEPLOYS`, else once.
fn deploys() -> usize {
    std::env::var("FIREWHIRL_DEPLOYS").ok().and_then(|number| number.parse().ok()).unwrap_or(1)
}

#[test]
fn processes_that_are_told_to_end_under_load_fail_no_request() {
    let Some(site) = Installation::start() else { return };
    let outcome = under_load(&site, || {
        for program in (0..PROGRAMS.len()).cycle().take(PROGRAMS.len() * deploys()) {
            let before = site.pids()[program].unwrap();
            signal(before, "TERM");
            site.wait_for_successor(program, before);
        }
    });
    println!("each of four processes ended by TERM: {} requests answered, none failed", outcome.answered);
    outcome.assert_none_failed(&site);
}

#[test]
fn a_rolling_restart_under_load_fails_no_request() {
    let Some(site) = Installation::start() else { return };
    let before = site.pids();
    let outcome = under_load(&site, || {
        for program in PROGRAMS.iter().cycle().take(PROGRAMS.len() * deploys()) {
            let said = site.supervisorctl(&["restart", &format!("firewhirl-demo:{program}")]);
            assert!(said.contains(&format!("{program}: started")), "{said}\n{}", site.logs());
        }
    });
    println!("four processes restarted one by one: {} requests answered, none failed", outcome.answered);
    outcome.assert_none_failed(&site);
    assert!(site.pids().iter().zip(&before).all(|(now, before)| now.is_some() && now != before));
}

#[test]
fn a_process_that_is_killed_under_load_fails_no_get_and_only_the_posts_that_it_had() {
    let Some(site) = Installation::start() else { return };
    let outcome = under_load(&site, || {
        for program in (0..PROGRAMS.len()).cycle().take(deploys()) {
            let before = site.pids()[program].unwrap();
            signal(before, "KILL");
            site.wait_for_successor(program, before);
        }
    });
    let posts = outcome.failed_posts.len();
    println!("a process killed: {} requests answered, no GET failed, {posts} POSTs it had in hand", outcome.answered);
    assert_eq!(outcome.failed_gets, Vec::<String>::new(), "{}", site.logs());
    assert!(outcome.answered > 100);
    // Nobody knows whether they were carried out, so nginx tells their clients instead of sending them
    // again. There are six clients who post, each with one request at a time.
    assert!(posts <= 6 * deploys(), "{:?}\n{}", outcome.failed_posts, site.logs());
    assert!(outcome.failed_posts.iter().all(|problem| problem.contains(" 502 ")), "{:?}", outcome.failed_posts);
}

#[test]
fn the_program_sees_its_client_and_not_nginx() {
    let Some(site) = Installation::start() else { return };
    // What a client claims of itself is not passed on.
    let forged = "X-Real-Ip: 192.0.2.1\r\nX-Scheme: https\r\nX-Forwarded-For: 192.0.2.2\r\n";
    let head = format!("GET /visitor HTTP/1.1\r\nHost: shop.example.com:8080\r\nConnection: close\r\n{forged}\r\n");
    let answer = site.raw(&head);
    assert!(answer.contains("address: 127.0.0.1\nprotocol: http, HTTP/1.1\nhost: shop.example.com:8080\n"), "{answer}");
    assert!(answer.contains("\r\nServer: Firewhirl"), "the program's own name: {answer}");
    // A client with another address than nginx has.
    let Some(curl) = peers::command("curl") else { return };
    let url = format!("http://127.0.0.1:{}/visitor", site.port);
    let output = Command::new(curl).args(["--silent", "--interface", "127.0.0.2", &url]).output().unwrap();
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(answer.starts_with("address: 127.0.0.2\n"), "{answer}");
}

#[test]
fn connections_to_the_processes_are_kept() {
    let Some(site) = Installation::start() else { return };
    for _ in 0..200 {
        assert!(site.get("/sum/2/40").contains("= 42"));
    }
    // Every connection that nginx has made to them, those included that wait after their end.
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let to = |port: u16| {
        table.lines().filter(|line| line.split_whitespace().nth(2) == Some(&format!("0100007F:{port:04X}"))).count()
    };
    let made: usize = site.ports().into_iter().map(to).sum();
    assert!((1..100).contains(&made), "{made} connections for more than 200 requests");
}

#[test]
fn static_files_are_nginxs_and_kept_for_ever_where_their_url_names_their_content() {
    let Some(site) = Installation::start() else { return };
    site.supervisorctl(&["stop", "all"]);
    let plain = site.get("/static/robots.txt");
    assert!(plain.starts_with("HTTP/1.1 200 ") && plain.ends_with("Disallow:\n"), "{plain}");
    assert!(!plain.contains("Expires:"), "{plain}");
    let versioned = site.get("/static/robots.txt?v=0a1b2c");
    assert!(versioned.contains("Expires: Thu, 31 Dec 2037"), "{versioned}");
    assert!(site.get("/robots.txt").ends_with("Disallow:\n"));
    assert!(!site.get("/static/../supervisord.conf").contains("[supervisord]"));
    assert!(site.get("/sum/2/40").starts_with("HTTP/1.1 502 "), "nobody is there who could answer");
}

#[test]
fn a_slow_client_keeps_no_process_busy() {
    let Some(site) = Installation::start() else { return };
    let mut stream = site.connect();
    stream.write_all(b"GET /numbers/200000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = vec![0; 1024];
    stream.read_exact(&mut answer).unwrap();
    // The client stops there. nginx takes all of the answer off the program, whose handler is done.
    site.wait_until("the handler has ended", || site.logs().contains("200 GET /numbers/200000"));
    // Even its process may end; the answer is whole.
    let before = site.pids();
    site.supervisorctl(&["restart", "all"]);
    site.wait_until("all run again", || site.pids().iter().all(Option::is_some));
    assert!(site.pids().iter().zip(before).all(|(now, before)| *now != before));
    stream.read_to_end(&mut answer).unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("\n199999\n200000\n"));
}

#[test]
fn large_bodies_are_refused_and_texts_are_compressed() {
    let Some(site) = Installation::start() else { return };
    let too_large = site.raw("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000000\r\n\r\n");
    assert!(too_large.starts_with("HTTP/1.1 413 "), "{too_large}");
    let page = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    let head = |fields: &str| {
        let mut stream = site.connect();
        stream.write_all(format!("{page}{fields}\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).split("\r\n\r\n").next().unwrap().to_owned()
    };
    assert!(head("Accept-Encoding: gzip\r\n").contains("Content-Encoding: gzip"));
    assert!(!head("").contains("Content-Encoding"));
}

#[test]
fn a_websocket_passes_and_other_requests_ask_for_no_upgrade() {
    let Some(site) = Installation::nginx_alone() else { return };
    let (over, heads) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        // This test answers in place of the processes, of which any may be asked.
        for listener in site.ports().map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap()) {
            let (over, heads) = (&over, &heads);
            scope.spawn(move || answer_in_place_of_a_process(&listener, over, heads));
        }
        // However this ends, they do too.
        let _end = SetOnDrop(&over);
        let plain = site.get("/plain");
        let mut socket = site.connect();
        let upgrade =
            "GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nping";
        socket.write_all(upgrade.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(plain.ends_with("ok"), "{plain}");
        assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("ping"), "{answer}");
    });
    let heads = heads.into_inner().unwrap();
    let [plain, socket] = &heads[..] else { panic!("{heads:?}") };
    assert!(plain.starts_with("GET /plain HTTP/1.1\r\n") && plain.contains("\r\nHost: www.example.com\r\n"), "{plain}");
    assert!(plain.contains("\r\nX-Real-IP: 127.0.0.1\r\nX-Scheme: http\r\n"), "{plain}");
    assert!(!plain.contains("Upgrade") && !plain.contains("Connection"), "{plain}");
    assert!(socket.contains("\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"), "{socket}");
}

/// Answers what nginx asks a process: a WebSocket is let in and sends back its first four bytes.
fn answer_in_place_of_a_process(listener: &TcpListener, over: &AtomicBool, heads: &Mutex<Vec<String>>) {
    listener.set_nonblocking(true).unwrap();
    while !over.load(Ordering::Relaxed) {
        let Ok((mut stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(5));
            continue;
        };
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        if head.contains("Upgrade: websocket") {
            stream
                .write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                .unwrap();
            let mut said = [0; 4];
            stream.read_exact(&mut said).unwrap();
            stream.write_all(&said).unwrap();
        } else {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").unwrap();
        }
        heads.lock().unwrap().push(head);
    }
}
