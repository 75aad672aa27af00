//! Services behind that others wrote, PyPI tornado and nginx, and nginx in front: `examples/migrate.rs` between.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use crate::support::service::Service;
use crate::support::{PATIENCE, Program, body, connect, peers};

/// A Tornado service, and the proxy in front of it.
fn tornado(arguments: &[&str]) -> Option<(Program, Service)> {
    let python = PathBuf::from(peers::python()?);
    let behind = Program::start(&python, &[concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/proxy/old_service.py")]);
    let target = format!("--behind=http://127.0.0.1:{}", behind.port);
    let front = Service::example("migrate", &[&["--port=0", &target], arguments].concat());
    Some((behind, front))
}

#[test]
fn a_tornado_service_sees_its_clients() {
    let Some((_behind, front)) = tornado(&["--xheaders"]) else { return };
    let host = format!("localhost:{}", front.port);
    let answer = front.raw(&format!("GET /who?a=%2F HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    assert_eq!(body(&answer), format!("127.0.0.1 http {host} /who?a=%2F"));
    let from_nginx = "GET /who HTTP/1.1\r\nHost: example.com\r\nX-Real-Ip: 2001:db8::7\r\nX-Scheme: https\r\nConnection: close\r\n\r\n";
    assert_eq!(body(&front.raw(from_nginx)), "2001:db8::7 https example.com /who");
    assert_eq!(front.get("/story/7"), "Story 7, told by Firewhirl to Some(127.0.0.1)\n");
}

#[test]
fn forms_cookies_chunks_and_redirects_of_a_tornado_service_pass() {
    let Some((_behind, front)) = tornado(&[]) else { return };
    let form = "name=ann";
    let answer = front.raw(&format!(
        "POST /form HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    ));
    assert!(answer.starts_with("HTTP/1.1 302 Found\r\n") && answer.contains("Location: /who\r\n"), "{answer}");
    assert!(answer.contains("Set-Cookie: name=ann; Path=/\r\n") && answer.contains("Set-Cookie: signed="), "{answer}");
    let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
    assert_eq!(front.get("/chunks?count=1000"), expected);
}

#[test]
fn a_tornado_handler_learns_that_its_client_has_left() {
    let Some((_behind, front)) = tornado(&[]) else { return };
    let mut client = connect(front.port);
    client.write_all(b"GET /waiting HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let end = Instant::now() + PATIENCE;
    // It has to have come there first.
    std::thread::sleep(Duration::from_millis(300));
    drop(client);
    while front.get("/left") != "1" {
        assert!(Instant::now() < end, "it does not learn it");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn many_websockets_of_a_tornado_service_pass() {
    let Some((_behind, front)) = tornado(&[]) else { return };
    let Some(python) = peers::python() else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/proxy/websockets.py");
    let url = format!("ws://127.0.0.1:{}/echo", front.port);
    let output = Command::new(python).args([script, &url, "50"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ok\n", "{}", String::from_utf8_lossy(&output.stderr));
}

/// Megabytes that pass in each direction; the long check passes 500.
fn megabytes() -> usize {
    std::env::var("FIREWHIRL_PROXY_MEGABYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(64)
}

#[test]
fn what_passes_does_not_stay() {
    let megabytes = megabytes();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Sends as much as it is sent.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || send_back(&mut stream.unwrap(), megabytes));
        }
    });
    let front = Service::example("migrate", &["--port=0", &format!("--behind=http://127.0.0.1:{port}")]);
    // The first time also brings what a program needs once.
    pass(front.port, megabytes);
    let (process, before) = (front.child.id(), memory(front.child.id()));
    let (passing, most) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (still, seen) = (passing.clone(), most.clone());
    let looking = std::thread::spawn(move || {
        while still.load(SeqCst) {
            seen.fetch_max(memory(process), SeqCst);
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    pass(front.port, megabytes);
    passing.store(false, SeqCst);
    looking.join().unwrap();
    let grown = most.load(SeqCst).saturating_sub(before);
    assert!(grown < 8 << 20, "its memory grew by {grown} bytes");
    println!("{megabytes} MB each way: the memory grew by {} KB at most", grown >> 10);
}

/// Sends so many megabytes through the front, and reads as many back.
fn pass(port: u16, megabytes: usize) {
    let mut client = connect(port);
    let length = megabytes << 20;
    write!(client, "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n").unwrap();
    let mut part = vec![7; 1 << 20];
    for _ in 0..megabytes {
        client.write_all(&part).unwrap();
    }
    let mut read = 0;
    loop {
        match client.read(&mut part).unwrap() {
            0 => break,
            count => read += count,
        }
    }
    assert!(read > length && read < length + 2000, "{read} bytes of {length}");
}

/// Reads so many megabytes behind a head, and then sends as many, again and again.
fn send_back(stream: &mut std::net::TcpStream, megabytes: usize) {
    let mut part = vec![7; 1 << 20];
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_exact(&mut byte).is_err() {
                return;
            }
            head.push(byte[0]);
        }
        for _ in 0..megabytes {
            stream.read_exact(&mut part).unwrap();
        }
        let length = megabytes << 20;
        stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes()).unwrap();
        for _ in 0..megabytes {
            stream.write_all(&part).unwrap();
        }
    }
}

/// The memory of a process, that of its files aside.
fn memory(process: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// nginx with a configuration of its own, for as long as this lives.
struct Nginx {
    child: Child,
    folder: PathBuf,
}

impl Nginx {
    fn start(name: &str, server: &str, port: u16) -> Option<Self> {
        let nginx = peers::command("nginx")?;
        let folder = std::env::temp_dir().join(format!("firewhirl-proxy-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("files")).unwrap();
        fs::write(folder.join("files/page.txt"), "0123456789".repeat(1000)).unwrap();
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path tmp;\n"))
            .concat();
        let config = format!(
            "daemon off; error_log stderr crit; pid nginx.pid; worker_processes 1;\nevents {{}}\n\
             http {{ access_log off;\n{paths}gzip on; gzip_proxied any; gzip_types text/plain;\nserver {{ listen 127.0.0.1:{port};\n{server}\n}} }}\n"
        );
        fs::write(folder.join("nginx.conf"), config).unwrap();
        let child = Command::new(nginx)
            .arg("-p")
            .arg(&folder)
            .args(["-c", "nginx.conf"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { child, folder })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(Path::new(&self.folder));
    }
}

fn unused_port() -> u16 {
    firewhirl_testing::bind_unused_port().unwrap().1
}

#[test]
fn files_of_nginx_pass_whole_in_part_packed_and_not_at_all() {
    let port = unused_port();
    let Some(_nginx) = Nginx::start("files", "root files;", port) else { return };
    let front = Service::example("migrate", &["--port=0", &format!("--behind=http://127.0.0.1:{port}")]);
    let ask = |more: &str| front.raw(&format!("GET /page.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{more}\r\n"));
    let whole = ask("");
    assert!(whole.contains("Content-Length: 10000\r\n") && whole.ends_with("0123456789"), "{whole}");
    let etag = whole.lines().find_map(|line| line.strip_prefix("Etag: ")).unwrap();
    let part = ask("Range: bytes=5-14\r\n");
    assert!(part.starts_with("HTTP/1.1 206 ") && part.ends_with("\r\n\r\n5678901234"), "{part}");
    assert!(part.contains("Content-Range: bytes 5-14/10000\r\n"), "{part}");
    let kept = ask(&format!("If-None-Match: {etag}\r\n"));
    assert!(kept.starts_with("HTTP/1.1 304 ") && kept.ends_with("\r\n\r\n"), "{kept}");
    let head = front.raw("HEAD /page.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(head.contains("Content-Length: 10000\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(ask("Accept-Encoding: gzip\r\n").contains("Content-Encoding: gzip\r\n"));
    assert!(front.raw("GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 404 "));
}

#[test]
fn behind_nginx_the_old_service_still_sees_the_client() {
    let Some((_behind, front)) = tornado(&["--xheaders"]) else { return };
    let port = unused_port();
    let server = format!(
        "location / {{ proxy_pass http://127.0.0.1:{}; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
         proxy_set_header Host $http_host; proxy_set_header X-Real-IP $arg_from; proxy_set_header X-Scheme https; }}",
        front.port
    );
    let Some(_nginx) = Nginx::start("front", &server, port) else { return };
    for _ in 0..3 {
        let mut client = connect(port);
        client
            .write_all(b"GET /who?from=1.2.3.4 HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(body(&answer), "1.2.3.4 https www.example.com /who?from=1.2.3.4");
    }
}
