//! Our HTTP client behind a protocol of JSON lines, so that PyPI tornado's own client tests run unchanged
//! against it:
//!
//! ```sh
//! echo '{"id": 1, "method": "GET", "url": "http://localhost:8888/", ...}' | client-lines
//! ```
//!
//! It reads one request a line from standard input, fetches them all at once, and writes what comes of each
//! to standard output, a line an event; `events.rs` says which there are. It ends with its input.

mod events;
mod order;

use std::io::BufRead;
use std::thread;

use firewhirl::http::client::{AsyncHttpClient, HttpClientError, RequestError};
use firewhirl::prelude::*;

use events::Events;
use order::Order;

fn main() -> Result {
    let io_loop = IoLoop::current();
    let remote = io_loop.remote();
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::io::Result::ok) {
            remote.add_callback(|| drop(IoLoop::current().spawn_callback(serve(line))));
        }
        remote.stop();
    });
    io_loop.start()
}

/// Does what a line asks for.
async fn serve(line: String) -> Result {
    let order: Order = serde_json::from_str(&line)?;
    let events = Events::of(order.id);
    match fetch(order, events).await {
        Ok(()) => {}
        Err(error) => events.error(&error, kind(&error), error.code()),
    }
    Ok(())
}

async fn fetch(order: Order, events: Events) -> Result<(), HttpClientError> {
    if let Some(mode) = order.unknown_auth_mode() {
        events.value_error(&format!("unsupported auth_mode {mode}"));
        return Ok(());
    }
    let mut fetch = AsyncHttpClient::new().fetch(order.request()).raise_error(false);
    if let Some(body) = order.body_in_chunks() {
        fetch = fetch.repeatable_body_producer(async move |sender| Ok(sender.write(body.clone()).await?));
    }
    if order.stream {
        fetch = fetch.header_callback(|line| events.header(line)).streaming_callback(async |chunk| {
            events.chunk(&chunk);
            Ok(())
        });
    }
    events.end(&fetch.await?);
    Ok(())
}

/// What Python raises for it.
fn kind(error: &HttpClientError) -> &'static str {
    match error {
        HttpClientError::Timeout { .. } => "timeout",
        HttpClientError::Request(RequestError::UnknownMethod { .. }) => "key",
        HttpClientError::Request(_) | HttpClientError::Redirect(_) | HttpClientError::Output(_) => "value",
        HttpClientError::Closed { .. }
        | HttpClientError::Protocol(_)
        | HttpClientError::BodyTooLarge { .. }
        | HttpClientError::Coding(_) => "closed",
        _ => "other",
    }
}
