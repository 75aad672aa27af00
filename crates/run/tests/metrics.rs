//! The page for Prometheus as a scraper sees it: over a socket, under load, with several workers, one of
//! them blocked. The client is the standard library's, so that nothing of ours counts itself.

#[path = "../../../tests/support/peers.rs"]
mod peers;

mod exposition;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use exposition::{Scrape, parse};
use firewhirl_event::watchdog::set_blocking_log_threshold_for_all_loops;
use firewhirl_event::{Error, IoLoop, RemoteIoLoop, Result};
use firewhirl_http::HttpServer;
use firewhirl_run::health::Health;
use firewhirl_run::metrics::{Counter, Format, Gauge, Histogram, Metrics, register_collector};
use firewhirl_tcp::{BindOptions, worker_index};
use firewhirl_web::{Application, HttpError, regex, url};

/// Far longer than anything here takes on a machine that is not stuck.
const PATIENCE: Duration = Duration::from_secs(60);

const REQUESTS: &str = "firewhirl_http_requests_total";
const DURATION: &str = "firewhirl_http_request_duration_seconds";

/// Figures are the process's: so that a test sees its own alone, there is one service at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A service with two workers, and its figures on a port of their own.
struct Service {
    port: u16,
    metrics_port: u16,
    remote: RemoteIoLoop,
    thread: Option<thread::JoinHandle<()>>,
    _alone: MutexGuard<'static, ()>,
}

impl Service {
    fn start() -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            let local = BindOptions::default().address("127.0.0.1");
            let metrics = Metrics::new();
            let server = HttpServer::new(app).max_header_size(4096).bind_with(0, &local).unwrap().start(2).unwrap();
            let health = Health::new().server(server.handle().readiness());
            let metrics_server = HttpServer::new(async move || Ok(metrics.application(&health)));
            let metrics_server = metrics_server.listen_with(0, &local).unwrap();
            let ports = (server.port().unwrap(), metrics_server.port().unwrap());
            tell.send((ports, IoLoop::current().remote())).unwrap();
            IoLoop::current().start().unwrap();
        });
        let ((port, metrics_port), remote) = told.recv().unwrap();
        let service = Self { port, metrics_port, remote, thread: Some(thread), _alone: alone };
        until(|| service.ask(metrics_port, "GET", "/readyz", "").0 == 200);
        service
    }

    /// The status and body of an answer, over a connection of its own.
    fn ask(&self, port: u16, method: &str, path: &str, fields: &str) -> (u16, String) {
        let mut stream = connect(port);
        send(&mut stream, &format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n"));
        answer(&mut stream)
    }

    fn get(&self, path: &str) -> u16 {
        self.ask(self.port, "GET", path, "").0
    }

    fn scrape(&self, format: Format) -> Scrape {
        let accept = match format {
            Format::Text => "",
            Format::OpenMetrics => "Accept: application/openmetrics-text;version=1.0.0\r\n",
        };
        let (status, text) = self.ask(self.metrics_port, "GET", "/metrics", accept);
        assert_eq!(status, 200);
        parse(format, &text)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.remote.stop();
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || thread::panicking());
    }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
}

/// The status and body of an answer that ends with its connection.
fn answer(stream: &mut TcpStream) -> (u16, String) {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    (head[9..12].parse().unwrap(), body.to_owned())
}

fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "it never came to be");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Where a worker is blocked until somebody lets it go on.
static BLOCKED: AtomicBool = AtomicBool::new(false);
static GO_ON: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

async fn app() -> Result<Application> {
    let greeted = Counter::with_labels("test_greeted_total", "Greeted, by their names.", ["name"]);
    Ok(Application::new()
        .get(url("/story/{id}"), async |cx| cx.write("a story"))
        .post(url("/story/{id}"), async |cx| {
            cx.set_status(201);
            cx.write("written")
        })
        .get(regex(r#"/odd/"[0-9]+\\?"#), async |cx| cx.write("odd"))
        .get("/fail", async |_| Err(Error::message("it fails")))
        .get("/panic", async |_| panic!("it panics"))
        .get("/teapot", async |_| Err(HttpError::new(418).into()))
        .get("/greet/{name}", async move |cx| {
            greeted.of([&cx.path::<String>("name")?]).increment();
            cx.write("hello")
        })
        .get("/slow", async |cx| {
            firewhirl_event::coroutine::sleep(Duration::from_millis(60)).await;
            cx.write("slow")
        })
        .get("/block", async |cx| {
            if worker_index() == Some(1) {
                BLOCKED.store(true, SeqCst);
                let (go_on, changed) = &GO_ON;
                drop(changed.wait_while(go_on.lock().unwrap(), |go_on| !*go_on).unwrap());
            }
            cx.write("not blocked")
        }))
}

#[test]
fn what_was_sent_to_all_workers_is_what_is_told() {
    let service = Service::start();
    let before = service.scrape(Format::Text);
    let (clients, rounds) = (8, 50);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let load: Vec<_> = (0..clients)
            .map(|client| {
                let service = &service;
                scope.spawn(move || {
                    for round in 0..rounds {
                        let path = format!("/story/{client}-{round}");
                        assert_eq!(service.get(&path), 200);
                        assert_eq!(service.ask(service.port, "POST", &path, "Content-Length: 0\r\n").0, 201);
                        assert_eq!(service.ask(service.port, "DELETE", &path, "").0, 405);
                        assert_eq!(service.get("/odd/%227"), 404);
                        assert_eq!(service.get("/odd/\"7"), 200);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let mut last = service.scrape(Format::OpenMetrics);
            while !done.load(SeqCst) {
                let scrape = service.scrape(Format::OpenMetrics);
                scrape.follows(&last);
                last = scrape;
            }
        });
        let ended: Vec<_> = load.into_iter().map(|client| client.join()).collect();
        done.store(true, SeqCst);
        assert!(ended.iter().all(|client| client.is_ok()));
    });

    let after = service.scrape(Format::Text);
    let all = f64::from(clients * rounds);
    let told = |name: &str, labels: &[(&str, &str)]| after.sum(name, labels) - before.sum(name, labels);
    let odd = r#"/odd/"[0-9]+\\?"#;
    for (method, route, status) in [
        ("GET", "/story/{id}", "200"),
        ("POST", "/story/{id}", "201"),
        ("DELETE", "/story/{id}", "405"),
        ("GET", odd, "200"),
    ] {
        assert_eq!(
            told(REQUESTS, &[("method", method), ("route", route), ("status", status)]),
            all,
            "{method} {route}"
        );
        let labels = [("method", method), ("route", route)];
        assert_eq!(told(&format!("{DURATION}_count"), &labels), all, "{method} {route}");
        assert!(told(&format!("{DURATION}_sum"), &labels) > 0.0, "{method} {route}");
    }
    assert!(told(REQUESTS, &[("route", ""), ("status", "404")]) >= all, "what no route answers");
    assert_eq!(after.kinds[REQUESTS], "counter");
    assert!(told("firewhirl_connections_accepted_total", &[]) >= 5.0 * all);
    let open = after.value("firewhirl_connections_open", &[]).unwrap();
    assert!(open >= 1.0, "the one that asks: {open}");
}

#[test]
fn a_time_falls_into_its_bucket() {
    let service = Service::start();
    let before = service.scrape(Format::Text);
    for _ in 0..3 {
        assert_eq!(service.get("/slow"), 200);
    }
    let after = service.scrape(Format::Text);
    let told = |name: &str, bound: Option<&str>| {
        let mut labels = vec![("method", "GET"), ("route", "/slow")];
        labels.extend(bound.map(|bound| ("le", bound)));
        after.sum(&format!("{DURATION}_{name}"), &labels) - before.sum(&format!("{DURATION}_{name}"), &labels)
    };
    // They take 60 ms, or longer where the machine is busy.
    assert_eq!(told("bucket", Some("0.05")), 0.0);
    assert_eq!(told("bucket", Some("+Inf")), 3.0);
    assert_eq!(told("count", None), 3.0);
    assert!(told("sum", None) >= 0.18);
}

#[test]
fn strangers_make_no_new_rows() {
    let service = Service::start();
    let before = service.scrape(Format::Text);
    for number in 0..200 {
        assert_eq!(service.get(&format!("/wp-login-{number}.php")), 404);
        assert_eq!(service.ask(service.port, &format!("BREW{number}"), &format!("/story/{number}"), "").0, 405);
    }
    let after = service.scrape(Format::Text);
    let methods = after.values_of(REQUESTS, "method");
    assert!(methods.iter().all(|method| !method.starts_with("BREW")), "{methods:?}");
    let routes = after.values_of(REQUESTS, "route");
    assert!(routes.iter().all(|route| !route.contains("wp-login")), "{routes:?}");
    let other = [("method", "other"), ("route", "/story/{id}"), ("status", "405")];
    assert_eq!(after.sum(REQUESTS, &other) - before.sum(REQUESTS, &other), 200.0);
}

#[test]
fn what_was_refused_and_what_failed_is_told() {
    let service = Service::start();
    let before = service.scrape(Format::Text);
    let long = format!("X-Long: {}\r\n", "x".repeat(5000));
    assert_eq!(service.ask(service.port, "GET", "/", &long).0, 431);
    assert_eq!(service.ask(service.port, "GET", "/", "Bad Name: 1\r\n").0, 400);
    assert_eq!(service.get("/fail"), 500);
    assert_eq!(service.get("/panic"), 500);
    assert_eq!(service.get("/teapot"), 418);
    let after = service.scrape(Format::Text);
    let told = |name: &str, labels: &[(&str, &str)]| after.sum(name, labels) - before.sum(name, labels);
    for (name, labels, expected) in [
        (REQUESTS, &[("route", "/fail"), ("status", "500")][..], 1.0),
        (REQUESTS, &[("route", "/panic"), ("status", "500")], 1.0),
        (REQUESTS, &[("route", "/teapot"), ("status", "418")], 1.0),
        ("firewhirl_http_limits_hit_total", &[("limit", "max_header_size")], 1.0),
        ("firewhirl_http_refused_total", &[("part", "head")], 2.0),
        ("firewhirl_http_panics_total", &[], 1.0),
    ] {
        assert_eq!(told(name, labels), expected, "{name} {labels:?}");
    }
    assert!(after.value("firewhirl_http_requests_in_progress", &[]).unwrap() >= 1.0, "the one that asks");
    assert!(after.value("firewhirl_buffers_bytes", &[("buffer", "read"), ("state", "used")]).is_some());
    for name in ["process_open_fds", "process_resident_memory_bytes", "process_start_time_seconds"] {
        assert!(after.value(name, &[]).is_some_and(|value| value > 0.0), "{name}");
    }
}

#[test]
fn a_blocked_worker_shows_in_an_answer_that_does_not_wait_for_it() {
    let service = Service::start();
    let of_worker = |scrape: &Scrape, name: &str| scrape.value(name, &[("worker", "1")]);
    let late = |scrape: &Scrape| {
        let bucket = |bound| scrape.value("firewhirl_loop_lag_seconds_bucket", &[("worker", "1"), ("le", bound)]);
        bucket("+Inf").unwrap() - bucket("0.5").unwrap()
    };
    until(|| of_worker(&service.scrape(Format::Text), "firewhirl_loop_busy_ratio").is_some());
    set_blocking_log_threshold_for_all_loops(Duration::from_millis(200));
    let before = service.scrape(Format::Text);

    // Which worker gets a connection is the kernel's choice; those that it does not block answer.
    let mut asked = Vec::new();
    until(|| {
        let mut stream = connect(service.port);
        send(&mut stream, "GET /block HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        asked.push(stream);
        thread::sleep(Duration::from_millis(10));
        BLOCKED.load(SeqCst)
    });
    let mut seen = service.scrape(Format::Text);
    until(|| {
        seen = service.scrape(Format::Text);
        of_worker(&seen, "firewhirl_loop_overdue_seconds").unwrap() > 1.2
    });
    assert!(of_worker(&seen, "firewhirl_loop_busy_ratio").unwrap() > 0.1);
    let busy = "firewhirl_loop_busy_seconds_total";
    assert!(of_worker(&seen, busy).unwrap() > of_worker(&before, busy).unwrap() + 1.0);

    let asleep = [("worker", "1"), ("kind", "asleep")];
    until(|| service.scrape(Format::Text).sum("firewhirl_loop_blocked_steps_total", &asleep) >= 1.0);

    *GO_ON.0.lock().unwrap() = true;
    GO_ON.1.notify_all();
    for mut stream in asked {
        assert_eq!(answer(&mut stream).0, 200);
    }
    until(|| {
        let scrape = service.scrape(Format::Text);
        scrape.follows(&seen);
        of_worker(&scrape, "firewhirl_loop_overdue_seconds").unwrap() < 1.0 && late(&scrape) >= late(&before) + 5.0
    });
    // The watchdog counts what it has seen, and it may have begun after the step had.
    until(|| of_worker(&service.scrape(Format::Text), "firewhirl_loop_blocked_seconds_total").unwrap() >= 0.2);
    set_blocking_log_threshold_for_all_loops(None);
}

#[test]
fn a_programs_own_figures_are_told_beside_the_frameworks() {
    let service = Service::start();
    Gauge::new("test_depth", "A depth \\ in \"fathoms\"\nbelow").set(-2.5);
    let sizes = Histogram::with_labels("test_sizes_bytes", "", ["kind"], [10.0, 1e6]);
    for size in [1.0, 10.0, 11.0, 2e6] {
        sizes.of(["\\a\"\n"]).observe(size);
    }
    register_collector(Format::OpenMetrics, |text| text.push_str("# TYPE test_foreign gauge\ntest_foreign 7\n# EOF\n"));
    assert_eq!((service.get("/greet/ann"), service.get("/greet/ann"), service.get("/greet/%22b%22")), (200, 200, 200));
    for format in [Format::Text, Format::OpenMetrics] {
        let scrape = service.scrape(format);
        // Both workers count in the same.
        assert_eq!(scrape.value("test_greeted_total", &[("name", "ann")]), Some(2.0));
        assert_eq!(scrape.value("test_greeted_total", &[("name", "\"b\"")]), Some(1.0));
        assert_eq!(scrape.value("test_depth", &[]), Some(-2.5));
        assert_eq!(scrape.value("test_foreign", &[]), Some(7.0));
        let bucket = |bound| scrape.value("test_sizes_bytes_bucket", &[("kind", "\\a\"\n"), ("le", bound)]);
        assert_eq!([bucket("10.0"), bucket("1000000.0"), bucket("+Inf")], [Some(2.0), Some(3.0), Some(4.0)]);
    }
}

#[test]
fn the_guide_lists_what_is_told() {
    let guide = include_str!("../../../docs/metrics.md");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|row| row.split_once("` | "));
    let listed: BTreeMap<String, String> = rows
        .filter(|(name, _)| name.starts_with("firewhirl_") || name.starts_with("process_"))
        .map(|(name, rest)| (name.to_owned(), rest.split(' ').next().unwrap().to_owned()))
        .collect();
    let service = Service::start();
    let mut told = service.scrape(Format::Text).kinds;
    told.retain(|name, _| !name.starts_with("test_"));
    assert_eq!(listed, told);
}

#[test]
fn prometheus_own_parsers_read_it() {
    let Some(python) = peers::python() else { return };
    let probe = Command::new(&python).args(["-c", "import prometheus_client"]).stderr(Stdio::null()).status();
    if !probe.is_ok_and(|status| status.success()) {
        return peers::skip("`pip install prometheus-client` in the Python that FIREWHIRL_PYTHON names");
    }
    let service = Service::start();
    assert_eq!((service.get("/odd/\"7"), service.get("/nowhere"), service.get("/greet/carl")), (200, 404, 200));
    for (format, parser) in
        [(Format::Text, "prometheus_client.parser"), (Format::OpenMetrics, "prometheus_client.openmetrics.parser")]
    {
        let accept = if format == Format::Text { "" } else { "Accept: application/openmetrics-text\r\n" };
        let (_, text) = service.ask(service.metrics_port, "GET", "/metrics", accept);
        let ours = parse(format, &text);
        let script = format!(
            "import sys\nfrom {parser} import text_string_to_metric_families as families\n\
             text = sys.stdin.buffer.read().decode()\n\
             samples = [sample for family in families(text) for sample in family.samples]\n\
             print(len(samples))\n\
             print(sum(s.value for s in samples if s.labels.get('route') == {:?} and s.name == '{REQUESTS}'))",
            r#"/odd/"[0-9]+\\?"#
        );
        let mut child =
            Command::new(&python).args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{parser} does not read:\n{text}");
        let said = String::from_utf8(output.stdout).unwrap();
        let mut numbers = said.lines().map(|number| number.parse::<f64>().unwrap());
        assert_eq!(numbers.next(), Some(ours.samples.len() as f64), "{parser}");
        assert_eq!(numbers.next(), Some(ours.sum(REQUESTS, &[("route", r#"/odd/"[0-9]+\\?"#)])), "{parser}");
    }
}
