//! Every example, run as its user would, and asked what its first lines say.

#[path = "examples/labyrinth.rs"]
mod labyrinth;
mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::thread;

use support::service::Service;
use support::{Program, built, peers};

#[test]
fn echo_answers_line_by_line() {
    let program = Program::example("echo", &[]);
    let mut stream = BufReader::new(program.connect());
    for line in ["hello\n", "again\n"] {
        stream.get_mut().write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).unwrap();
        assert_eq!(answer, format!("You sent: {line}"));
    }
}

#[test]
fn service_greets_as_its_options_say() {
    // How it ends, logs and fails is in tests/service.rs.
    let program = Service::example("service", &["--port=0", "--greeting=Hi"]);
    assert_eq!(program.get("/"), "Hi, 127.0.0.1\n");
    assert_eq!(program.get("/slow/1"), "after 1 ms\n");
}

#[test]
fn hello_greets_as_often_as_asked() {
    let program = Program::example("hello", &[]);
    assert_eq!(program.get("/"), "Hello, world");
    assert_eq!(program.get("/hello/you?times=2"), "Hello, you!\nHello, you!\n");
    assert_eq!(program.get("/hello/%3Cb%3E"), "Hello, &lt;b&gt;!\n");
    assert!(program.raw("GET /hello/you?times=x HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 400 "));
    assert!(program.raw("GET /nowhere HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404 "));
}

#[test]
fn blocked_loop_naps_sums_and_reads() {
    // What its log says of that is in tests/blocked_loop.rs.
    let program = Program::start(&built("examples", "blocked_loop"), &["--port=0", "--threshold=0"]);
    let manifest = format!("{}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
    for way in ["", "/fine"] {
        assert_eq!(program.get(&format!("{way}/nap")), "had a nap\n");
        assert!(program.get(&format!("{way}/sum")).trim().parse::<u64>().is_ok());
        assert_eq!(program.get(&format!("{way}/read?path={manifest}")), "[package]\n");
    }
}

#[test]
fn login_knows_its_visitors_in_their_languages() {
    let program = Program::example("login", &[]);
    let ask = |method: &str, path: &str, fields: &str, form: &str| {
        let length = form.len();
        program.raw(&format!(
            "{method} {path} HTTP/1.0\r\n{fields}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{form}"
        ))
    };
    // What a browser would send back of the cookies that it was given.
    let cookie = |answer: &str, name: &str| {
        let field = answer.lines().find_map(|line| line.strip_prefix(&format!("Set-Cookie: {name}="))).unwrap();
        format!("Cookie: {name}={}\r\n", field.split("; ").next().unwrap())
    };
    assert!(ask("GET", "/", "", "").contains("Location: /login?next=%2F"));
    let page = ask("GET", "/login", "Accept-Language: de-DE, en;q=0.5\r\n", "");
    assert!(page.contains("Dein Name") && page.contains("Anmelden"), "{page}");
    let token = page.split("name=\"_xsrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = format!("name=Ad%3Ca&_xsrf={}", token.replace('|', "%7C"));
    assert!(ask("POST", "/login", "", &form).starts_with("HTTP/1.1 403 "));
    let answer = ask("POST", "/login", &cookie(&page, "_xsrf"), &form);
    assert!(answer.starts_with("HTTP/1.1 302 ") && answer.contains("; HttpOnly; Path=/; SameSite=Lax"), "{answer}");
    let user = cookie(&answer, "user");
    assert!(ask("GET", "/", &format!("{user}Accept-Language: fr\r\n"), "").contains("Bonjour, Ad&lt;a"));
    assert!(ask("GET", "/", &format!("{user}Accept-Language: de\r\n"), "").contains("Hallo, Ad&lt;a"));
    assert!(ask("GET", "/", &user.replace("user=\"2|1:0", "user=\"2|1:1"), "").contains("Location: /login"));
}

#[test]
fn migrate_answers_what_has_moved_and_hands_the_rest_on() {
    // What it hands on, and how, is in tests/proxy.rs.
    let behind = Service::example("service", &["--port=0", "--greeting=Still", "--xheaders"]);
    let program = Service::example("migrate", &["--port=0", &format!("--behind=http://127.0.0.1:{}", behind.port)]);
    assert_eq!(program.get("/story/7"), "Story 7, told by Firewhirl to Some(127.0.0.1)\n");
    assert_eq!(program.get("/"), "Still, 127.0.0.1\n");
    assert_eq!(program.get("/slow/1"), "after 1 ms\n");
    assert!(program.raw("GET /updates HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404 "));
    drop(behind);
    assert!(program.raw("GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 502 "));
}

#[test]
fn callback_awaits_what_calls_back() {
    let program = Program::example("callback", &[]);
    assert_eq!(program.get("/measure?text=a+fire+whirl"), "12 bytes, the longest word is whirl\n");
    assert!(program.get("/forgetful").contains("callback"), "the error of a lost callback");
}

#[test]
fn fetch_prints_what_it_is_asked_for() {
    let server = Program::example("hello", &[]);
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", server.port);
    let fetch = |arguments: &[&str]| {
        let fetched = Command::new(built("examples", "fetch")).args(arguments).output().unwrap();
        assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
        String::from_utf8(fetched.stdout).unwrap()
    };
    assert_eq!(fetch(&[&url("/"), &url("/hello/you")]), "Hello, world\nHello, you!\n\n");
    let head = fetch(&["--print-headers", "--print-body=false", &url("/nowhere")]);
    assert!(head.starts_with("HTTP/1.1 404 Not Found\n") && head.contains("\nContent-Type: text/html"), "{head}");
    let refused = Command::new(built("examples", "fetch")).arg("ftp://localhost/").output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Unsupported url scheme: ftp://localhost/"));
}

#[test]
fn finish_later_answers_from_a_thread_and_from_a_timer() {
    let program = Program::example("finish_later", &[]);
    assert_eq!(program.get("/order/soup"), "one soup\n");
    assert_eq!(program.get("/bell"), "ding\n");
}

#[test]
fn log_names_the_request_in_its_answer_and_in_all_its_lines() {
    let file = std::env::temp_dir().join(format!("firewhirl-kitchen-{}.log", std::process::id()));
    let to_file = format!("--log-file-prefix={}", file.display());
    let program = Program::start(&built("examples", "log"), &["--port=0", "--log-format=json", &to_file]);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let headers = format!("X-Request-Id: mine\r\ntraceparent: 00-{trace}-b7ad6b7169203331-01\r\n");
    let ask = |dish: &str| {
        program.raw(&format!("GET /order/{dish} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"))
    };
    let answers = [ask("soup"), ask("water")];
    drop(program);
    let log = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(answers[0].contains("\r\nX-Request-Id: mine\r\n") && answers[0].ends_with("one soup\n"), "{answers:?}");
    assert!(
        answers[1].starts_with("HTTP/1.1 500 ") && answers[1].contains("\r\nX-Request-Id: mine\r\n"),
        "{answers:?}"
    );
    // Cooking and access twice, and the error.
    assert_eq!(log.lines().count(), 5, "{log}");
    for line in log.lines() {
        assert!(line.contains(&format!(",\"request_id\":\"mine\",\"trace_id\":\"{trace}\",")), "{line}");
    }
}

#[test]
fn long_poll_answers_when_something_is_said() {
    let program = Program::example("long_poll", &[]);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| program.get("/news?seen=0"));
        thread::sleep(std::time::Duration::from_millis(100));
        assert!(!waiting.is_finished());
        assert_eq!(program.post("/say", "text=hello"), "said\n");
        assert_eq!(waiting.join().unwrap(), "[\"hello\"]");
    });
    assert_eq!(program.get("/news?seen=0"), "[\"hello\"]");
}

#[test]
fn events_shows_what_a_command_prints_and_where_it_was_cut_off() {
    let program = Program::example("events", &["sh", "-c", "echo one; echo two >&2; echo three; exit 3"]);
    let ask = |last: &str| program.raw(&format!("GET /lines HTTP/1.0\r\nLast-Event-ID: {last}\r\n\r\n"));
    assert!(ask("0").ends_with(
        "\r\n\r\nid: 1\ndata: one\n\nid: 2\ndata: two\n\nid: 3\ndata: three\n\nid: 4\nevent: end\ndata: 3\n\n"
    ));
    assert!(ask("2").ends_with("\r\n\r\nid: 3\ndata: three\n\nid: 4\nevent: end\ndata: 3\n\n"));
    assert!(ask("4").starts_with("HTTP/1.1 204 "));
    assert!(program.get("/").contains("EventSource"));
}

#[test]
fn background_digests_what_comes_over_the_socket() {
    let mut program = Program::example("background", &[]);
    let mut stream = BufReader::new(program.connect());
    stream.get_mut().write_all(b"nonsense\nkitchen 21.5\nkitchen 22.5\n").unwrap();
    let mut answer = String::new();
    stream.read_line(&mut answer).unwrap();
    assert_eq!(answer, "expected: ROOM DEGREES\n");
    assert_eq!(program.line(), "kitchen: 2 readings, 22.0 degrees\n");
    program.terminate();
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn options_watches_what_it_is_told_to() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let up = listener.local_addr().unwrap().port();
    let config = std::env::temp_dir().join(format!("firewhirl-{}-watch.toml", std::process::id()));
    // Port 9 is `discard`, where nothing listens on a machine of today.
    std::fs::write(&config, format!("targets = ['127.0.0.1:{up}', '127.0.0.1:9']\nevery = '1h'\nport = 1\n")).unwrap();
    let path = support::built("examples", "options");
    let program = Program::start(&path, &["--port", "0", "--every=100 ms", "--config", config.to_str().unwrap()]);
    let begun = std::time::Instant::now();
    let mut page = String::new();
    while page.lines().count() < 2 {
        assert!(begun.elapsed() < support::PATIENCE, "{page}");
        thread::sleep(std::time::Duration::from_millis(50));
        page = program.get("/");
    }
    assert!(page.contains(&format!("127.0.0.1:{up} answers after ")), "{page}");
    assert!(page.contains("127.0.0.1:9 DOWN: "), "{page}");
    std::fs::remove_file(config).unwrap();

    let run = |argument: &str| Command::new(&path).arg(argument).env("WATCH_EVERY", "2s").output().unwrap();
    let help = run("--help");
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("examples/options.rs options:\n"), "{help}");
    assert!(help.contains("--every=TIME                     pause between two rounds (default 10s)\n"), "{help}");
    let mistake = run("--targets=localhost");
    assert!(!mistake.status.success());
    let said = String::from_utf8(mistake.stderr).unwrap();
    assert!(said.contains("option 'targets': expected a Target, got 'localhost' (a server is HOST:PORT)"), "{said}");
}

#[test]
fn webspider_finds_every_page_and_fetches_each_once() {
    let (port, requests) = labyrinth::open();
    let base = format!("http://127.0.0.1:{port}/site/");
    let run = Command::new(built("examples", "webspider")).args([&base, "10", "60"]).output().unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    let mut lines: Vec<&str> = said.lines().collect();
    let expected = labyrinth::expected(&base);
    assert_eq!(lines.pop(), Some(expected.summary.as_str()), "{said}");
    // In the order in which they were found dead.
    lines[expected.urls.len()..].sort_unstable();
    assert_eq!(lines[..expected.urls.len()], expected.urls);
    assert_eq!(lines[expected.urls.len()..], expected.dead);
    assert_eq!(requests.load(Ordering::Relaxed), expected.requests);

    let hurried = Command::new(built("examples", "webspider")).args([&base, "2", "0"]).output().unwrap();
    assert!(String::from_utf8_lossy(&hurried.stdout).ends_with("; there was no time for the rest\n"));
}

#[test]
fn own_client_counts_in_redis() {
    if std::net::TcpStream::connect(("127.0.0.1", 6379)).is_err() {
        return peers::skip("a Redis on localhost:6379");
    }
    let program = Program::example("own_client", &[]);
    let visit = |answer: String| -> u64 { answer.trim().rsplit(' ').next().unwrap().parse().unwrap() };
    let first = visit(program.get("/visits"));
    assert!(visit(program.get("/visits")) > first);
}

#[test]
fn own_client_says_that_redis_is_not_there() {
    // Port 9 is `discard`, where nothing listens on a machine of today.
    let program = Program::example("own_client", &["9"]);
    let answer = program.raw("GET /visits HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
}
