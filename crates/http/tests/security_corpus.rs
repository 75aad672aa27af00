//! Tornado's corpus of the requests behind its past security faults, sent to our server.
//!
//! What Tornado's HTTP layer refuses, ours has to refuse, with the same status but for what
//! [`DIFFERENT`] lists. What is for handlers to refuse (cookies, redirects, forms) has to reach them
//! whole; that they do refuse it is the web layer's to test.
//!
//! `FIREWHIRL_PYTHON` names a Python with `tornado==6.6.1`; without it the test says that it was
//! skipped, or fails where `FIREWHIRL_REQUIRE_PEERS=1`.

#[path = "../../../tests/support/peers.rs"]
mod peers;

use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::{Exchange, Headers, Limits, ServerOptions, serve_stream};
use http::StatusCode;

/// The releases of Tornado whose faults were in its HTTP layer.
const OF_THIS_LAYER: &[&str] = &["6.3.3", "6.4.1"];

/// Where our status is another, and why.
const DIFFERENT: &[(&str, &str, &str)] = &[
    // RFC 9112, section 6.1: "A server that receives a request message with a transfer coding it does
    // not understand SHOULD respond with 501 (Not Implemented)."
    ("transfer-encoding gzip, chunked", "400", "501"),
];

struct Case {
    kind: String,
    advisory: String,
    name: String,
    /// The status expected, or the size of a request that is one of a growing row.
    number: String,
    request: Vec<u8>,
}

#[test]
fn what_tornado_refuses_is_refused_and_the_rest_reaches_the_service() {
    let Some(cases) = corpus() else { return };
    let cases: Vec<_> = cases.iter().filter(|case| case.kind == "case").collect();
    assert!(cases.len() >= 31, "only {} cases", cases.len());
    for case in cases {
        let expected = match DIFFERENT.iter().find(|(name, ..)| *name == case.name) {
            Some(&(_, theirs, ours)) => {
                assert_eq!(case.number, theirs, "{} is no longer different", case.name);
                ours
            }
            None if OF_THIS_LAYER.contains(&case.advisory.as_str()) => &case.number,
            None => "200",
        };
        let answer = ask(&case.request, Limits::default());
        let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        assert_eq!(status, Some(expected), "{}: {}: {answer}", case.advisory, case.name);
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{}: {}: {answer}", case.advisory, case.name);
    }
}

#[test]
fn ten_times_the_request_takes_about_ten_times_as_long() {
    let Some(cases) = corpus() else { return };
    // As large as in Tornado's test, and with room for as many fields as it sends.
    let limits = Limits::default().max_header_size(1 << 20).max_fields(1 << 20);
    let scaling: Vec<_> = cases.iter().filter(|case| case.kind == "scaling").collect();
    assert!(scaling.len() >= 6, "only {} sizes", scaling.len());
    for sizes in scaling.chunks(2) {
        let [small, large] = sizes else { panic!("{} has one size", sizes[0].name) };
        assert_eq!(small.name, large.name);
        let [short, long] = [small, large].map(|case| {
            let least = (0..5).map(|_| {
                let began = Instant::now();
                let answer = ask(&case.request, limits.clone());
                // 100,000 fields are more than may ever be allowed here.
                let answered = ["HTTP/1.1 200 ", "HTTP/1.1 431 "].iter().any(|line| answer.starts_with(line));
                assert!(answered, "{} {}: {answer}", case.name, case.number);
                began.elapsed()
            });
            least.min().unwrap()
        });
        // Below a few milliseconds it is the loop's own start that is measured.
        let limit = 20 * short.max(Duration::from_millis(2));
        assert!(long < limit, "{}: {short:?} for {}, {long:?} for {}", small.name, small.number, large.number);
    }
}

/// Looks at all that was sent, as handlers would, and answers.
async fn serve(exchange: &mut Exchange) -> Result {
    exchange.read_body().await?;
    let names = exchange.request.headers().keys_len();
    let mut headers = Headers::new();
    headers.set("Content-Length", 0)?;
    headers.set("Names", names)?;
    Ok(exchange.connection.respond(StatusCode::OK, None, &headers, b"")?)
}

fn ask(request: &[u8], limits: Limits) -> String {
    let io_loop = IoLoop::new().unwrap();
    let answer = io_loop.run_sync_timeout(Duration::from_secs(20), async {
        let (near, mut client) = IoStream::pair()?;
        let options = ServerOptions::new().limits(limits);
        IoLoop::current().spawn_callback(serve_stream(near, Rc::new(serve), options));
        client.write(request);
        Ok(client.read_until_close().await?)
    });
    io_loop.close().unwrap();
    String::from_utf8_lossy(&answer.unwrap()).into_owned()
}

/// Tornado's corpus; `None` if there is no Tornado to ask.
fn corpus() -> Option<Vec<Case>> {
    let python = peers::python()?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/security_corpus.py");
    let output = Command::new(python).arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(lines.lines().map(read_case).collect())
}

fn read_case(line: &str) -> Case {
    let fields: Vec<&str> = line.split('\t').collect();
    let [kind, advisory, name, number, request] = fields[..] else { panic!("{line}") };
    let request = (0..request.len()).step_by(2).map(|at| u8::from_str_radix(&request[at..at + 2], 16).unwrap());
    Case {
        kind: kind.to_owned(),
        advisory: advisory.to_owned(),
        name: name.to_owned(),
        number: number.to_owned(),
        request: request.collect(),
    }
}
