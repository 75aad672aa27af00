//! Pages that load themselves again in debug mode, and show the compiler's errors.
//!
//! With `autoreload` on, each complete HTML page that a browser navigates to gets one `<script>`, from this
//! very server, and two paths are answered that no route sees: the script's, and an event stream that tells
//! how the program's development stands. The stream outlives the server: the browser connects again, and to
//! another program, which has another version, so it loads the page again. In production nothing of this
//! exists.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use firewhirl_event::Result;
use firewhirl_event::coroutine::sleep;
use firewhirl_http::{Exchange, Headers, HttpConnection, Request};
use firewhirl_process::autoreload;
use firewhirl_process::development::{ANSI_STYLE, Progress, ansi_to_html};
use http::{Method, StatusCode};

use crate::context::has_no_content;

/// Where the events are.
const EVENTS: &str = "/_firewhirl/live-reload";

/// Where the script is.
const SCRIPT: &str = "/_firewhirl/live-reload.js";

/// How often a client that has gone is noticed, if nothing else happens.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Answers what the script in a page asks for; gives whether it was that.
///
/// For what answers in the program's place while it does not run. An [`Application`](crate::Application)
/// with autoreload on does this by itself.
///
/// # Errors
///
/// What writing to the client gives.
pub async fn answer(exchange: &Exchange, progress: &Progress) -> Result<bool> {
    if !exchange.request.path().starts_with(EVENTS) || *exchange.request.method() != Method::GET {
        return Ok(false);
    }
    match exchange.request.path() {
        EVENTS => tell(&exchange.connection, progress.clone()).await?,
        SCRIPT => {
            let script = include_str!("live_reload/script.js").replace("STYLES", ANSI_STYLE);
            let headers = headers("text/javascript; charset=UTF-8", Some(script.len()))?;
            exchange.connection.respond(StatusCode::OK, None, &headers, script.as_bytes())?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The element that brings the script into a page of the program as it stands.
pub fn script_element(progress: &Progress) -> String {
    format!("<script src=\"{SCRIPT}?v={}\"></script>", progress.version())
}

/// The events of an application that has autoreload on.
pub(crate) async fn answer_in_application(exchange: &Exchange) -> Result<bool> {
    match autoreload::progress() {
        Some(progress) => answer(exchange, &progress).await,
        None => Ok(false),
    }
}

/// An event now, and one each time that something is new, until the client leaves or the server drains.
async fn tell(connection: &HttpConnection, mut progress: Progress) -> Result {
    connection.write_head(StatusCode::OK, None, &headers("text/event-stream", None)?)?;
    connection.write(b"retry: 300\n\n")?;
    loop {
        connection.write(event(&progress).as_bytes())?;
        loop {
            connection.flush().await?;
            if connection.is_closed() {
                return Ok(());
            }
            match next(connection, &mut progress).await {
                Next::Progress => break,
                Next::Heartbeat => connection.write(b":\n\n")?,
                Next::End => {
                    connection.finish()?;
                    return Ok(());
                }
            }
        }
    }
}

enum Next {
    Progress,
    Heartbeat,
    End,
}

async fn next(connection: &HttpConnection, progress: &mut Progress) -> Next {
    let (mut draining, mut closed) = (pin!(connection.draining()), pin!(connection.closed()));
    let (mut changed, mut heartbeat) = (pin!(progress.changed()), pin!(sleep(HEARTBEAT)));
    poll_fn(|cx| {
        if draining.as_mut().poll(cx).is_ready() || closed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Next::End);
        }
        if changed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Next::Progress);
        }
        heartbeat.as_mut().poll(cx).map(|()| Next::Heartbeat)
    })
    .await
}

fn event(progress: &Progress) -> String {
    let status = progress.status();
    let broken = status.broken.as_deref().map(ansi_to_html);
    let event = serde_json::json!({ "version": progress.version(), "building": status.building, "broken": broken });
    format!("data: {event}\n\n")
}

fn headers(content_type: &str, length: Option<usize>) -> Result<Headers> {
    let mut headers = Headers::new();
    headers.set("Content-Type", content_type)?;
    headers.set("Cache-Control", "no-store")?;
    // nginx would keep events until there are enough of them.
    headers.set("X-Accel-Buffering", "no")?;
    if let Some(length) = length {
        headers.set("Content-Length", length)?;
    }
    Ok(headers)
}

/// Brings the script into a page that a browser navigates to: before the end of its body, or at its end.
///
/// Such a page is not to be kept by the browser, and has no validators: one that came out of a cache would have
/// the version of a program that is gone.
#[cold]
pub(crate) fn inject(request: &Request, status: StatusCode, headers: &mut Headers, body: &mut Vec<u8>) -> Result {
    let Some(progress) = autoreload::progress() else { return Ok(()) };
    // A redirection's page is not seen.
    let is_seen = !has_no_content(status) && !status.is_redirection();
    if !is_seen || !is_page(headers) || !is_navigation(request) {
        return Ok(());
    }
    // A page that says another length than it has is an error, and stays one.
    if headers.contains("Content-Length") {
        if headers.get_bytes("Content-Length") != Some(body.len().to_string().as_bytes()) {
            return Ok(());
        }
        headers.remove("Content-Length");
    }
    let element = script_element(&progress);
    let place = end_of_body(body).unwrap_or(body.len());
    body.splice(place..place, element.into_bytes());
    headers.remove("Etag");
    headers.remove("Last-Modified");
    headers.set("Cache-Control", "no-store")?;
    Ok(())
}

/// Whether the response is a page as it is: HTML, and not packed.
fn is_page(headers: &Headers) -> bool {
    let is_html = |value: &[u8]| value.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"text/html"));
    headers.get_bytes("Content-Type").is_some_and(is_html) && !headers.contains("Content-Encoding")
}

/// Whether the answer will be shown as a page, and not be read by a script or another program.
fn is_navigation(request: &Request) -> bool {
    if *request.method() == Method::HEAD {
        return false;
    }
    match request.header_bytes("Sec-Fetch-Dest") {
        Some(destination) => matches!(destination, b"document" | b"iframe" | b"frame"),
        // Browsers say it to servers of this machine and over TLS alone.
        None => request.header_bytes("Accept").is_some_and(|accept| memmem(accept, b"text/html").is_some()),
    }
}

/// Where `</body` stands last, in whatever case.
fn end_of_body(page: &[u8]) -> Option<usize> {
    const TAG: &[u8] = b"</body";
    page.windows(TAG.len()).rposition(|window| window.eq_ignore_ascii_case(TAG))
}

fn memmem(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_stands_at_the_end_of_the_body() {
        #[rustfmt::skip]
        let cases = [
            ("a page",            "<body><p>x</p></body></html>",      Some(14)),
            ("in capitals",       "<BODY>x</BODY>",                    Some(7)),
            ("with a space",      "x</body >",                         Some(1)),
            ("the last one",      "'</body>'</body>",                  Some(9)),
            ("none",              "Hello, world",                      None),
            ("nothing",           "",                                  None),
        ];
        for (shows, page, expected) in cases {
            assert_eq!(end_of_body(page.as_bytes()), expected, "{shows}");
        }
    }
}
