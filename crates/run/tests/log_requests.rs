//! What the lines of a request say of it: its access line, its ids, and those that its handler logs.

mod log_support;

use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firewhirl_event::coroutine::{multi, sleep};
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::{ServerOptions, serve_stream};
use firewhirl_run::log::{Formatter, JsonFormatter, LogFormatter, LogLayer};
use firewhirl_web::{Application, Context, NoUser, Site};
use serde_json::Value;
use tracing::info;
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt;

const TRACEPARENT: &str = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

/// Sends requests, all at once, each a path and header lines, and gives the log and the answers.
fn ask(
    formatter: impl Formatter + 'static,
    application: Application,
    requests: &[(&str, &str)],
) -> (String, Vec<String>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let layer = LogLayer::new(formatter, Arc::clone(&lines));
    let application = Rc::new(application);
    let mut answers = Vec::new();
    with_default(tracing_subscriber::registry().with(layer), || {
        let io_loop = IoLoop::new().unwrap();
        let asked = async {
            let asks = requests.iter().map(|(path, headers)| answer(&application, path, headers));
            answers = multi(asks).await?;
            Ok(())
        };
        io_loop.run_sync_timeout(Duration::from_secs(20), asked).unwrap();
        io_loop.close().unwrap();
    });
    let bytes = lines.lock().unwrap().clone();
    (String::from_utf8(bytes).unwrap(), answers)
}

async fn answer(application: &Rc<Application>, path: &str, headers: &str) -> Result<String> {
    let (near, mut far) = IoStream::pair()?;
    IoLoop::current().spawn_callback(serve_stream(near, Rc::clone(application), ServerOptions::new()));
    far.write(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"));
    Ok(String::from_utf8_lossy(&far.read_until_close().await?).into_owned())
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn message(text: &str) -> LogFormatter {
    LogFormatter::new().fmt(text).unwrap()
}

#[test]
fn the_plain_line_is_tornados_to_the_letter() {
    let application = Application::new().get("/a", async |cx| cx.write("x"));
    let (log, _) = ask(message("%(levelname)s %(message)s"), application, &[("/a?b=1", ""), ("/none", "")]);
    let lines: Vec<&str> = log.lines().collect();
    let is_line = |line: &str, start: &str| {
        let milliseconds = line.strip_prefix(start).and_then(|rest| rest.strip_suffix("ms")).unwrap();
        milliseconds
            .split_once('.')
            .is_some_and(|(_, decimals)| decimals.len() == 2 && milliseconds.parse::<f64>().is_ok())
    };
    assert!(
        lines.iter().any(|line| line.starts_with("INFO") && is_line(line, "INFO 200 GET /a?b=1 (0.0.0.0) ")),
        "{log}"
    );
    let warning = "WARNING 404 GET /none (0.0.0.0) ";
    assert!(lines.iter().any(|line| line.starts_with(warning) && is_line(line, warning)), "{log}");
}

#[test]
fn the_object_of_a_request_has_what_the_line_says_field_by_field() {
    let application = Application::new().get("/story/{id}", async |cx| {
        cx.request.remote_ip();
        cx.write("x")
    });
    let headers = format!("X-Request-Id: from-nginx\r\n{TRACEPARENT}");
    let (log, _) = ask(JsonFormatter::new(), application, &[("/story/7?b=1", &headers)]);
    let object = &objects(&log)[0];
    let fields = &object["fields"];
    assert_eq!((&fields["status"], &fields["method"]), (&200.into(), &"GET".into()));
    assert_eq!((&fields["uri"], &fields["route"]), (&"/story/7?b=1".into(), &"/story/{id}".into()));
    assert!(fields["duration_ms"].as_f64().is_some_and(|duration| (0.0..10_000.0).contains(&duration)));
    assert_eq!((&object["request_id"], &object["trace_id"]), (&"from-nginx".into(), &TRACE_ID.into()));
    assert_eq!(object["span_id"].as_str().unwrap().len(), 16);
    assert_ne!(object["span_id"], "b7ad6b7169203331", "the request has a span of its own");
    assert!(object["message"].as_str().unwrap().starts_with("200 GET /story/7?b=1 ("));
}

#[test]
fn lines_of_requests_that_take_turns_have_each_their_own_ids() {
    let application = Application::new().get("/{name}", async |cx| {
        let name: String = cx.path("name")?;
        for step in 0..5 {
            info!(step, "{name}");
            sleep(Duration::from_millis(1)).await;
        }
        cx.write(name)
    });
    let headers: Vec<String> = (0..4).map(|number| format!("X-Request-Id: id-{number}\r\n")).collect();
    let paths: Vec<String> = (0..4).map(|number| format!("/{number}")).collect();
    let requests: Vec<(&str, &str)> =
        paths.iter().map(String::as_str).zip(headers.iter().map(String::as_str)).collect();
    let (log, _) = ask(JsonFormatter::new(), application, &requests);
    let objects: Vec<Value> = objects(&log).into_iter().filter(|object| object["fields"]["step"].is_number()).collect();
    assert_eq!(objects.len(), 20);
    for object in &objects {
        assert_eq!(object["request_id"], format!("id-{}", object["message"].as_str().unwrap()));
        assert!(object.get("trace_id").is_none(), "nobody asked for a trace");
    }
    let order: Vec<&str> = objects.iter().map(|object| object["message"].as_str().unwrap()).collect();
    assert!(order.windows(2).filter(|pair| pair[0] != pair[1]).count() > 4, "they did take turns: {order:?}");
}

#[test]
fn all_that_a_request_runs_through_has_its_ids_and_nothing_else_has() {
    struct Telling;
    impl Site for Telling {
        type User = NoUser;

        async fn prepare(&self, _: &Context) -> Result {
            info!("prepare");
            Ok(())
        }

        fn on_finish(&self, _: &Context) {
            info!("on_finish");
        }
    }
    let application = Application::new().site(Telling).get("/", async |cx| {
        info!("verb");
        IoLoop::current().spawn_callback(async { info!("spawned") });
        sleep(Duration::from_millis(5)).await;
        cx.trace_context();
        info!("traced");
        Err(firewhirl_event::Error::message("on purpose"))
    });
    let (log, answers) = ask(JsonFormatter::new(), application, &[("/", "")]);
    let objects = objects(&log);
    let find = |message: &str| {
        let found =
            objects.iter().find(|object| object["message"].as_str().is_some_and(|text| text.starts_with(message)));
        found.unwrap_or_else(|| panic!("no {message} in {log}"))
    };
    let id = find("verb")["request_id"].clone();
    assert_eq!(id.as_str().unwrap().len(), 16);
    for message in ["prepare", "traced", "Uncaught exception", "500 GET /", "on_finish"] {
        assert_eq!(find(message)["request_id"], id, "{message}");
    }
    assert_eq!(find("spawned").get("request_id"), None);
    assert_eq!(find("verb").get("trace_id"), None);
    for message in ["traced", "500 GET /"] {
        assert!(find(message)["trace_id"].is_string(), "{message}");
    }
    assert!(answers[0].starts_with("HTTP/1.1 500"));
}

#[test]
fn the_id_stands_in_lines_where_it_is_asked_for() {
    let application = || {
        Application::new().get("/", async |cx| {
            info!(rows = 3, "read");
            cx.write("x")
        })
    };
    let (log, _) = ask(message("%(message)s").request_id(true), application(), &[("/", "X-Request-Id: a\"b\r\n")]);
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[0], r#"read rows=3 request_id="a\"b""#);
    assert!(lines[1].ends_with(r#"ms request_id="a\"b""#), "{log}");
    let (log, _) = ask(message("%(request_id)s %(message)s"), application(), &[("/", "X-Request-Id: 42\r\n")]);
    assert!(log.starts_with("42 read rows=3\n42 200 GET / "), "{log}");
    let (log, _) = ask(message("%(message)s"), application(), &[("/", "X-Request-Id: 42\r\n")]);
    assert!(!log.contains("42"), "{log}");
}

#[test]
fn answers_name_their_request_where_the_application_says_so() {
    let application = Application::new()
        .request_id_header(true)
        .get("/", async |cx| cx.write("x"))
        .get("/broken", async |_| Err(firewhirl_event::Error::message("on purpose")));
    let requests = [
        ("/", "X-Request-Id: mine\r\n"),
        ("/broken", "X-Request-Id: mine\r\n"),
        ("/none", "X-Request-Id: mine\r\n"),
        ("/", ""),
    ];
    let (_, answers) = ask(JsonFormatter::new(), application, &requests);
    assert!(answers[..3].iter().all(|answer| answer.contains("\r\nX-Request-Id: mine\r\n")), "{answers:?}");
    let (_, own) = answers[3].split_once("X-Request-Id: ").unwrap();
    assert!(own[..16].bytes().all(|byte| byte.is_ascii_hexdigit()) && own[16..].starts_with("\r\n"));
    let (_, silent) = ask(JsonFormatter::new(), Application::new().get("/", async |cx| cx.write("x")), &[("/", "")]);
    assert!(!silent[0].contains("X-Request-Id"));
}

#[test]
fn a_trace_goes_on_in_the_requests_that_a_handler_makes() {
    let application = Application::new().get("/", async |cx| {
        let mut headers = http::HeaderMap::new();
        cx.trace_context().inject(&mut headers);
        let further = ["traceparent", "tracestate"]
            .map(|name| headers.get(name).map_or("-", |value| value.to_str().unwrap_or("?")));
        cx.write(further.join(" "))
    });
    let states = format!("{TRACEPARENT}tracestate: foo=1\r\ntracestate: bar=2\r\n");
    let twice = format!("{TRACEPARENT}{TRACEPARENT}");
    let requests = [
        ("/", states.as_str()),
        ("/", twice.as_str()),
        ("/", "traceparent: 00-0-0-0\r\ntracestate: foo=1\r\n"),
        ("/", ""),
    ];
    let (_, answers) = ask(JsonFormatter::new(), application, &requests);
    let bodies: Vec<&str> = answers.iter().map(|answer| answer.split_once("\r\n\r\n").unwrap().1).collect();
    assert!(
        bodies[0].starts_with(&format!("00-{TRACE_ID}-")) && bodies[0].ends_with("-01 foo=1,bar=2"),
        "{}",
        bodies[0]
    );
    assert!(!bodies[0].contains("b7ad6b7169203331"));
    for body in &bodies[1..] {
        assert!(!body.contains(TRACE_ID) && body.ends_with("-02 -"), "{body}");
    }
}
