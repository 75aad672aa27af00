//! The demo site, asked by what people use: a raw socket, curl, Python's `requests`, and a browser.

#[path = "../../tests/support/mod.rs"]
mod support;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use support::peers;
use support::service::Service;

fn demo() -> Service {
    Service::start(env!("CARGO_BIN_EXE_firewhirl-demo").as_ref(), &["--port=0"], &[])
}

#[test]
fn every_section_of_the_page_answers() {
    let demo = demo();
    assert!(demo.get("/").contains("<title>Firewhirl</title>"));
    assert_eq!(demo.get("/hello/fire%20whirl"), "Hello, fire whirl!");
    assert_eq!(demo.get("/sum/2/40"), "2 + 40 = 42");
    assert_eq!(demo.get("/year/2026/11"), "month 11 of 2026");
    assert_eq!(demo.get("/year/2026"), "the year 2026");
    assert!(demo.get("/links").contains("<a href=\"/hello/fire%20whirl\">"));
    assert!(demo.get("/load").starts_with("{\"busy\": "));

    let missing = demo.raw("GET /sum/2/x HTTP/1.0\r\n\r\n");
    assert!(missing.starts_with("HTTP/1.1 404 ") && missing.contains("X-Content-Type-Options"), "{missing}");
    assert!(missing.contains("<code>GET /sum/2/x</code>"), "the site's own error page: {missing}");

    assert_eq!(demo.post("/guestbook", "name=Ada&text=%3Chello%3E"), "");
    assert!(demo.get("/guestbook").contains("<li><b>Ada</b>: &lt;hello&gt;</li>"));
    let nameless = demo.raw("POST /guestbook HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\ntext=x");
    assert!(nameless.starts_with("HTTP/1.1 400 "), "{nameless}");

    assert!(demo.get("/numbers/100000").ends_with("\n99999\n100000\n"));
    let visitor = demo.get("/visitor");
    assert!(
        visitor.starts_with("address: 127.0.0.1\nprotocol: http, HTTP/1.1\nhost: localhost\nprocess: "),
        "{visitor}"
    );

    assert!(demo.post("/upload", "abc").starts_with("3 bytes, checksum "));
}

#[test]
fn other_services_are_asked_at_once_or_one_by_one_or_mounted() {
    let demo = demo();
    let fetches = |path: &str| -> Vec<(String, u64, u64)> {
        let answer: serde_json::Value = serde_json::from_str(&demo.get(path)).unwrap();
        let one = |fetch: &serde_json::Value| {
            let time = |name: &str| fetch[name].as_u64().unwrap();
            (fetch["offer"].as_str().unwrap().to_owned(), time("begun"), time("ended"))
        };
        answer.as_array().unwrap().iter().map(one).collect()
    };
    let together = fetches("/fetching");
    let names: Vec<&str> = together.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["weather", "rates", "news"]);
    let first_end = together.iter().map(|(.., ended)| *ended).min().unwrap();
    assert!(together.iter().all(|(_, begun, _)| *begun < first_end), "{together:?}");
    let one_by_one = fetches("/fetching?one_by_one=");
    assert!(one_by_one.windows(2).all(|pair| pair[0].2 <= pair[1].1), "{one_by_one:?}");
    assert_eq!(demo.get("/neighbour/weather"), "the weather, after 300ms\n");
    assert!(demo.raw("GET /neighbour/gold HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404 "));
}

#[test]
fn the_countdown_comes_number_by_number() {
    let demo = demo();
    let began = Instant::now();
    let answer = demo.raw("GET /countdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(began.elapsed() > Duration::from_millis(1500));
    assert!(answer.contains("Transfer-Encoding: chunked"), "{answer}");
    assert_eq!(support::body(&answer), "10\n9\n8\n7\n6\n5\n4\n3\n2\n1\nlift-off\n");
}

#[test]
fn a_message_reaches_who_waits_for_it() {
    let demo = demo();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| demo.get("/chat?seen=0"));
        thread::sleep(Duration::from_millis(200));
        assert!(!waiting.is_finished());
        demo.post("/chat/say", "text=hello");
        assert_eq!(waiting.join().unwrap(), "[[1, \"hello\"]]");
    });
}

#[test]
fn a_supervisor_ends_it_and_loses_nothing() {
    let mut demo = demo();
    thread::scope(|scope| {
        let counting = scope.spawn(|| demo.get("/countdown"));
        thread::sleep(Duration::from_millis(500));
        demo.terminate();
        assert!(counting.join().unwrap().ends_with("lift-off\n"));
    });
    assert!(demo.child.wait().unwrap().success());
}

#[test]
fn curl_gets_posts_and_uploads() {
    let Some(curl) = peers::command("curl") else { return };
    let demo = demo();
    let curl = |arguments: &[&str], path: &str| {
        let output = Command::new(&curl)
            .args(["-sS", "--max-time", "20"])
            .args(arguments)
            .arg(format!("http://localhost:{}{path}", demo.port))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(curl(&[], "/sum/2/40"), "2 + 40 = 42");
    assert_eq!(curl(&["-I", "-o", "/dev/null", "-w", "%{http_code} %header{content-length}"], "/sum/2/40"), "200 11");
    assert!(curl(&["-L", "-d", "name=Ada", "-d", "text=hi"], "/guestbook").contains("<b>Ada</b>"));
    let megabyte = std::env::temp_dir().join(format!("firewhirl-upload-{}", std::process::id()));
    std::fs::write(&megabyte, vec![b'x'; 3_000_000]).unwrap();
    let file = format!("@{}", megabyte.display());
    assert!(curl(&["--data-binary", &file], "/upload").starts_with("3000000 bytes"));
    assert!(
        curl(&["--data-binary", &file, "-H", "Transfer-Encoding: chunked"], "/upload").starts_with("3000000 bytes")
    );
    assert!(curl(&["--data-binary", &file, "-H", "Expect: 100-continue"], "/upload").starts_with("3000000 bytes"));
    std::fs::remove_file(&megabyte).unwrap();
}

#[test]
fn the_requests_library_keeps_its_connection() {
    let Some(python) = peers::python() else { return };
    let demo = demo();
    let script = r#"
import requests, sys
base = "http://localhost:" + sys.argv[1]
with requests.Session() as session:
    for _ in range(50):
        assert session.get(base + "/sum/2/40").text == "2 + 40 = 42"
    assert session.post(base + "/guestbook", data={"name": "Ada", "text": "hé"}).status_code == 200
    assert "Ada</b>: hé" in session.get(base + "/guestbook").text
    answer = session.get(base + "/", headers={"If-None-Match": session.get(base + "/").headers["Etag"]})
    assert (answer.status_code, answer.content) == (304, b""), answer
    assert list(session.get(base + "/countdown", stream=True).iter_lines())[-1] == b"lift-off"
    assert session.options(base + "/guestbook").headers["Allow"], "OPTIONS"
    refused = session.delete(base + "/guestbook")
    assert refused.status_code == 405 and "POST" in refused.headers["Allow"]
"#;
    let output = Command::new(python).args(["-c", script, &demo.port.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_browser_runs_the_page() {
    let (Some(python), Some(_), Some(_)) =
        (peers::python(), peers::command("chromium"), peers::command("chromedriver"))
    else {
        return;
    };
    let demo = demo();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser.py");
    let output = Command::new(python).args([script, &demo.port.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_blocks_the_loop_is_named_with_its_line_and_its_request() {
    let demo = demo();
    assert!(demo.post("/blocked/in-the-executor", "").ends_with("primes\n"));
    assert!(demo.get("/blocked/report").contains("nothing"), "{}", demo.get("/blocked/report"));
    // On a machine that is too busy to run the thread the program is not to blame: so more than once.
    let blocks = || demo.post("/blocked/on-the-loop", "").ends_with("primes\n");
    let is_told = || demo.log().contains("turns again, it was blocked for");
    assert!((0..50).any(|_| blocks() && is_told()), "{}", demo.log());
    let report = demo.get("/blocked/report");
    for expected in ["burning CPU", "src/blocked.rs:", "count_primes", "POST /blocked/on-the-loop", "run_in_executor"] {
        assert!(report.contains(expected), "no {expected:?} in {report}");
    }
    assert!(demo.log().contains("src/blocked.rs:"), "{}", demo.log());
}
