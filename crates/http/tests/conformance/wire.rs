//! Sends bytes to a server and says in text what came back.
//!
//! The text is a list with bars between: each answer in its order, then what became of the connection.
//! - `POST /a?b @host "body"`: the request as the service was given it (without backslashes, and cut
//!   if it is long);
//! - `400`: a refusal, which the service never saw;
//! - `goes on`: a request that stood behind the bytes was answered too;
//! - `closes`: it was not, and the server closed;
//! - `waits`: the server waits for more bytes, and once there are no more closes without a word.
//!
//! Every answer has to be a valid message; a refusal has to say that the connection closes, and when
//! it was made.

use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::with_timeout;
use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::{Exchange, Headers, HttpServer, serve_stream};
use http::{Method, StatusCode};

use super::Case;

/// The request behind the bytes, by which one sees whether the connection goes on.
const PROBE: &[u8] = b"GET /probe HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";

/// How long a server has to keep silent to be believed that it waits.
const SILENCE: Duration = Duration::from_millis(3);

/// Checks a table in memory, over a network that cuts and delays, and over a real socket.
pub(crate) fn check(cases: &[Case<'_>]) {
    run(async {
        let server = HttpServer::new(async || Ok(echo)).http2(false).listen(0)?;
        let port = server.port().unwrap_or_default();
        let mut wrong = Vec::new();
        for (seed, &(what, rule, input, expected)) in (0..).zip(cases) {
            for (network, client) in [
                ("in memory", connect(MemoryPair::new())),
                ("in pieces", connect(MemoryPair::new().seed(seed).split().delay(2))),
                ("over a socket", IoStream::connect(([127, 0, 0, 1], port).into()).await?),
            ] {
                let found = converse(client, input, expected.ends_with("waits")).await?;
                if found != expected {
                    let shown = input[..input.len().min(200)].escape_ascii();
                    wrong.push(format!("{what} ({rule}), {network}: {shown}\n  came: {found}\n  not:  {expected}"));
                }
            }
        }
        server.stop();
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
        Ok(())
    });
}

/// Checks conversations in which the client sends `more` only after what the bytes have brought.
pub(crate) fn check_dialogue(what: &str, dialogue: &[(&[u8], &[&str])]) {
    run(async {
        for pair in [MemoryPair::new(), MemoryPair::new().seed(9).split().delay(2)] {
            let mut client = connect(pair);
            let mut came = Vec::new();
            for &(input, expected) in dialogue {
                client.write(input);
                client.flush().await?;
                for &expected in expected {
                    let answer = loop {
                        if let Some((answer, length)) = read_answer(&came) {
                            came.drain(..length);
                            break answer;
                        }
                        came.extend_from_slice(&client.read_bytes(4096).partial().await?);
                    };
                    assert_eq!(answer.text, expected, "{what}");
                }
                assert!(came.is_empty(), "{what}: more came: {}", came.escape_ascii());
                let silence = with_timeout(SILENCE, client.read_bytes(1)).await;
                assert!(silence.is_err(), "{what}: {silence:?} after {}", input.escape_ascii());
            }
        }
        Ok(())
    });
}

/// Answers with what it was asked, as a field too, since the answer to HEAD has no body.
async fn echo(exchange: &mut Exchange) -> Result {
    let body = exchange.read_body().await?.clone();
    let request = &exchange.request;
    let mut saw = format!("{} {} @{}", request.method(), request.uri(), request.host());
    if !body.is_empty() {
        saw += &format!(" \"{}\"", body.escape_ascii());
    }
    // A target may hold letters beyond ASCII, and what tests a limit is long.
    let mut saw: String = saw.chars().flat_map(char::escape_default).filter(|&letter| letter != '\\').collect();
    if saw.len() > 160 {
        saw = format!("{}... of {} bytes", &saw[..10], saw.len());
    }
    let mut headers = Headers::new();
    headers.set("Saw", saw.as_str())?;
    headers.set("Content-Length", saw.len())?;
    // A tunnel is not what anybody gets here.
    let status = if request.method() == Method::CONNECT { StatusCode::METHOD_NOT_ALLOWED } else { StatusCode::OK };
    Ok(exchange.connection.respond(status, None, &headers, saw.as_bytes())?)
}

fn run(test: impl Future<Output = Result>) {
    let io_loop = IoLoop::new().unwrap();
    io_loop.run_sync_timeout(Duration::from_secs(60), test).unwrap();
    io_loop.close().unwrap();
}

fn connect(pair: MemoryPair) -> IoStream {
    let (near, far) = pair.streams();
    let options = firewhirl_http::ServerOptions::new().http2(false);
    IoLoop::current().spawn_callback(serve_stream(near, Rc::new(echo), options));
    far
}

/// Sends the bytes, with the probe behind them if the server is not to wait; what comes of it.
async fn converse(mut client: IoStream, input: &[u8], waits: bool) -> Result<String> {
    client.write(input);
    let mut came = Vec::new();
    if waits {
        client.flush().await?;
        // Answers to what was complete may come, but not the end.
        while let Ok(bytes) = with_timeout(SILENCE, client.read_bytes(1 << 20).partial()).await {
            match bytes {
                Ok(bytes) => came.extend_from_slice(&bytes),
                Err(_) => return Ok(shown(&came, "closes")),
            }
        }
        client.close_write().await?;
    } else {
        client.write(PROBE);
    }
    came.extend_from_slice(&client.read_until_close().await?);
    Ok(shown(&came, if waits { "waits" } else { "closes" }))
}

fn shown(mut came: &[u8], end: &str) -> String {
    let mut texts = Vec::new();
    let mut refused = false;
    while !came.is_empty() {
        let (answer, length) =
            read_answer(came).unwrap_or_else(|| panic!("no complete answer: {}", came.escape_ascii()));
        came = &came[length..];
        assert!(!refused, "{} after a refusal", answer.text);
        refused = answer.is_refusal;
        texts.push(answer.text);
    }
    match texts.last_mut() {
        Some(last) if last == "GET /probe @probe" => *last = "goes on".to_owned(),
        _ => texts.push(end.to_owned()),
    }
    texts.join(" | ")
}

struct Answer {
    text: String,
    is_refusal: bool,
}

/// The answer at the beginning of `bytes`, and its length; `None` if it is incomplete.
fn read_answer(bytes: &[u8]) -> Option<(Answer, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let (version, status) = lines.next().unwrap().split_once(' ').unwrap();
    let (status, reason) = status.split_once(' ').unwrap();
    assert_eq!((version, status.len(), reason.is_empty()), ("HTTP/1.1", 3, false), "{head}");
    let fields: Vec<(&str, &str)> = lines.map(|line| line.split_once(": ").unwrap()).collect();
    let field = |name: &str| fields.iter().find(|(found, _)| *found == name).map(|(_, value)| *value);
    if status.starts_with('1') {
        let answer = Answer { text: status.to_owned(), is_refusal: false };
        return Some((answer, end + 4));
    }
    let saw = field("Saw");
    if saw.is_none() {
        assert_eq!(field("Connection"), Some("close"), "a refusal closes: {head}");
        assert!(field("Date").is_some(), "a refusal has its date (RFC 9110, section 6.6.1): {head}");
    }
    let is_head = saw.is_some_and(|saw| saw.starts_with("HEAD "));
    let length = if is_head { 0 } else { field("Content-Length").unwrap().parse::<usize>().unwrap() };
    let whole = end + 4 + length;
    if bytes.len() < whole {
        return None;
    }
    Some((Answer { text: saw.unwrap_or(status).to_owned(), is_refusal: saw.is_none() }, whole))
}
