//! What answers while there is no program that could: on its sockets, with a page that says why, and that
//! gives way to the program's own once it runs.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use firewhirl_event::{IoLoop, Result};
use firewhirl_http::{Exchange, Headers, HttpServer, HttpServerHandle, Serve};
use firewhirl_process::development::{ANSI_STYLE, Progress, ansi_to_html, ansi_to_text};
use firewhirl_tcp::Listener;
use firewhirl_web::live_reload;
use http::StatusCode;

/// How long those that it is answering may take once the program is there.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// Answers every request with 503, for as long as it lives.
pub(super) struct StandIn {
    server: HttpServerHandle,
}

impl StandIn {
    /// Begins to answer on duplicates of the program's sockets.
    ///
    /// # Errors
    ///
    /// What the system says when a socket is to be watched by the loop.
    pub(super) fn begin(sockets: Vec<(String, OwnedFd)>, progress: Progress) -> io::Result<Self> {
        let builder = async move || Ok(Excuse { progress: progress.clone() });
        let listeners = sockets.into_iter().map(|(_, socket)| listener(socket)).collect::<io::Result<Vec<_>>>()?;
        let server = HttpServer::new(builder).add_sockets(listeners)?;
        Ok(Self { server: server.handle() })
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let server = self.server.clone();
        server.stop();
        IoLoop::current().spawn_callback(async move {
            server.drain(DRAIN_LIMIT).await;
        });
    }
}

fn listener(socket: OwnedFd) -> io::Result<Listener> {
    let is_unix = socket2::SockRef::from(&socket).local_addr()?.is_unix();
    Ok(if is_unix { UnixListener::from(socket).into() } else { TcpListener::from(socket).into() })
}

/// Says why there is no program.
struct Excuse {
    progress: Progress,
}

impl Serve for Excuse {
    async fn serve(&self, exchange: &mut Exchange) -> Result {
        if live_reload::answer(exchange, &self.progress).await? {
            return Ok(());
        }
        let (content_type, body) = self.body(exchange.request.header_bytes("Accept").unwrap_or_default());
        let mut headers = Headers::new();
        headers.set("Content-Type", content_type)?;
        headers.set("Content-Length", body.len())?;
        headers.set("Cache-Control", "no-store")?;
        headers.set("Retry-After", 1)?;
        // The next request is the program's, if it is there by then.
        headers.set("Connection", "close")?;
        exchange.connection.respond(StatusCode::SERVICE_UNAVAILABLE, None, &headers, body.as_bytes())?;
        Ok(())
    }
}

impl Excuse {
    /// A page for browsers, JSON for those who ask for it, and text for the others.
    fn body(&self, accept: &[u8]) -> (&'static str, String) {
        let status = self.progress.status();
        let state = if status.building { "building" } else { "not running" };
        let reason = status.broken.unwrap_or_default();
        let accepts = |kind: &[u8]| accept.windows(kind.len()).any(|window| window == kind);
        if accepts(b"text/html") {
            return ("text/html; charset=UTF-8", self.page(state, &reason));
        }
        let reason = ansi_to_text(&reason);
        if accepts(b"json") {
            let body = serde_json::json!({ "error": "the program is not running", "state": state, "reason": reason });
            return ("application/json; charset=UTF-8", body.to_string());
        }
        ("text/plain; charset=UTF-8", format!("503: the program is not running ({state})\n\n{reason}"))
    }

    fn page(&self, state: &str, reason: &str) -> String {
        let (reason, script) = (ansi_to_html(reason), live_reload::script_element(&self.progress));
        format!(
            "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>{state}</title><style>\n\
             body{{margin:2rem;background:#14161c;color:#e8e8e8;font:14px/1.5 ui-monospace,monospace}}\n\
             pre{{white-space:pre-wrap;font:inherit}}\n{ANSI_STYLE}</style></head>\n\
             <body><p>The program is not running ({state}). This page loads itself again when it does.</p>\n\
             <pre>{reason}</pre>\n{script}</body></html>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firewhirl_process::development::Announcer;

    #[test]
    fn everyone_is_told_why_in_a_form_of_their_own() {
        let announcer = Announcer::new();
        announcer.announce(|status| status.broken = Some("\x1b[31merror\x1b[0m: <T>".to_owned()));
        let excuse = Excuse { progress: announcer.progress() };
        #[rustfmt::skip]
        let cases: [(&str, &str, &str); 4] = [
            ("text/html,*/*;q=0.8",  "text/html",        "<span class=\"ansi-1\">error</span>: &lt;T&gt;"),
            ("application/json",     "application/json", r#""reason":"error: <T>""#),
            ("*/*",                  "text/plain",       "error: <T>"),
            ("",                     "text/plain",       "error: <T>"),
        ];
        for (accept, expected_type, part) in cases {
            let (content_type, body) = excuse.body(accept.as_bytes());
            assert!(content_type.starts_with(expected_type), "{accept}: {content_type}");
            assert!(body.contains(part), "{accept}: {body}");
        }
    }
}
