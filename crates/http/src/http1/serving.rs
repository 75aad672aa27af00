//! The server's side of one connection, from its first byte to its close: one readable loop.
//!
//! Read a head, let the service answer, send what it wrote, and begin again. A service's future is
//! polled here, by the connection's own task, and beside it the client is watched: when it leaves,
//! the service is told and goes on (RFC 9112, section 9, and the promise that a handler runs to its end).

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use firewhirl_event::{Error, StreamError, log_targets};
use http::StatusCode;

use super::connection::{Arrival, Link, bare_fields};
use crate::exchange::{Exchange, Spare};
use crate::http_connection::{BodyError, HttpConnection, ResponseError};
use crate::panics::{self, Caught};
use crate::serve::Serve;
use crate::worker::count;
use crate::xheaders::Downstream;

/// After this many requests in one go, that is, without a wait for bytes, the loop gets a turn.
const REQUESTS_A_TURN: u32 = 32;

/// How long, and for how many bytes, a connection that was closed is listened to so that its client
/// can read the last answer.
const LINGER: (Duration, usize) = (Duration::from_secs(2), 4 * 1024 * 1024);

/// Serves the requests of one connection until it ends.
pub(crate) async fn serve_connection<Service: Serve>(link: Rc<Link>, service: Rc<Service>) {
    let _entered = link.worker.enter(&link);
    let mut in_one_go = 0;
    loop {
        let mut waited = false;
        let arrival = poll_fn(|context| {
            link.note_driver(context);
            let polled = link.poll_request(context);
            waited |= polled.is_pending();
            polled
        })
        .await;
        match arrival {
            Arrival::Request(spare) => {
                if !serve_request(&link, &*service, spare).await {
                    break;
                }
            }
            Arrival::Refused(error) => {
                count(&link.worker.counters.heads_refused);
                tracing::info!(target: log_targets::GEN, "malformed HTTP message from {}: {error}", link.peer);
                link.refuse(error.status());
                return close(&link, true).await;
            }
            Arrival::HeadTimeout => {
                link.refuse(StatusCode::REQUEST_TIMEOUT);
                return close(&link, true).await;
            }
            Arrival::End => break,
        }
        in_one_go = if waited { 0 } else { in_one_go + 1 };
        if in_one_go >= REQUESTS_A_TURN && link.has_more_buffered() {
            in_one_go = 0;
            tokio::task::yield_now().await;
        }
    }
    if !link.is_detached() {
        let linger = link.must_linger();
        close(&link, linger).await;
    }
}

/// Serves one request; whether the connection goes on.
async fn serve_request<Service: Serve>(link: &Rc<Link>, service: &Service, mut spare: Spare) -> bool {
    let options = &link.worker.options;
    count(&link.worker.counters.requests);
    link.begin();
    let mut downstream = Downstream::direct(link.peer, options.secure);
    if options.xheaders {
        downstream = downstream.behind(spare.request.head(), &options.trusted_downstream);
    }
    spare.request.begin(downstream, Instant::now());
    if options.decompress_request && spare.request.head_mut().consume_gzip_encoding() {
        link.inflate_body();
    }
    let mut exchange = spare.into_exchange(HttpConnection::new(Rc::clone(link)));
    let ended = run(link, service, &mut exchange).await;
    settle(link, &exchange, ended);
    if link.is_held() && !link.is_finished() {
        poll_fn(|context| poll_held(link, context)).await;
        settle(link, &exchange, Ended::Forgotten);
    }
    let body_left = !link.is_detached() && !link.is_closed() && !link.request_body_done();
    if body_left && link.keeps_alive() && !poll_fn(|context| link.poll_discard_body(context)).await {
        link.close_after_this();
    }
    Spare::from(exchange).give_back();
    let goes_on = link.end_exchange();
    if goes_on {
        link.next_request();
    }
    goes_on
}

/// How a service's work on one exchange ended.
enum Ended {
    Returned(Result<(), Error>),
    Panicked(Caught),
    /// It returned, and whoever was to finish the answer later has not.
    Forgotten,
    Cancelled,
}

/// Polls the service to its end, and watches its client meanwhile.
async fn run<Service: Serve>(link: &Link, service: &Service, exchange: &mut Exchange) -> Ended {
    let mut serving = pin!(service.serve(exchange));
    poll_fn(|context| match panics::catch(|| serving.as_mut().poll(context)) {
        Ok(Poll::Ready(result)) => Poll::Ready(Ended::Returned(result)),
        Err(caught) => Poll::Ready(Ended::Panicked(caught)),
        Ok(Poll::Pending) => {
            link.note_driver(context);
            if link.poll_left(context) && link.is_cancelled() {
                return Poll::Ready(Ended::Cancelled);
            }
            Poll::Pending
        }
    })
    .await
}

/// Waits for the answer that somebody has promised to finish later.
fn poll_held(link: &Link, context: &mut Context<'_>) -> Poll<()> {
    link.note_driver(context);
    if link.is_finished() || !link.is_held() {
        return Poll::Ready(());
    }
    if link.poll_left(context) && link.is_cancelled() {
        return Poll::Ready(());
    }
    Poll::Pending
}

/// Finishes what the service left unfinished, and logs what went wrong.
fn settle(link: &Link, exchange: &Exchange, ended: Ended) {
    let is_whole = matches!(ended, Ended::Returned(Ok(())));
    let status = match ended {
        // A client that has left may still read, but not what nobody wrote.
        Ended::Returned(Ok(())) | Ended::Forgotten => (!link.is_closed()).then_some(StatusCode::INTERNAL_SERVER_ERROR),
        Ended::Returned(Err(error)) => error_status(&error, exchange),
        Ended::Panicked(caught) => {
            count(&link.worker.counters.panics);
            tracing::error!(target: log_targets::APP, "{:?} {caught}", exchange.request);
            Some(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Ended::Cancelled => None,
    };
    if link.is_detached() || link.is_finished() || link.is_held() && is_whole {
        return;
    }
    let connection = &exchange.connection;
    let finished = match status {
        _ if connection.is_head_written() && is_whole => connection.finish(),
        Some(status) if !connection.is_head_written() => {
            let mut headers = bare_fields();
            // The name is a token and a number has no control characters.
            let _ = headers.set("Content-Length", 0_u64);
            connection.respond(status, None, &headers, b"")
        }
        // An answer that breaks off must not look whole: without its end, the connection's end tells.
        _ => return link.abort(),
    };
    if let Err(error) = finished {
        link.close_after_this();
        if !matches!(error, ResponseError::Closed) {
            tracing::error!(target: log_targets::APP, "{:?}: {error}", exchange.request);
        }
    }
}

/// The status for an error that came out of the service, logged unless it is only the client's leaving;
/// `None` where nobody is left to be answered.
fn error_status(error: &Error, exchange: &Exchange) -> Option<StatusCode> {
    if let Some(error) = error.find::<BodyError>() {
        let status = error.status();
        match status {
            Some(_) => tracing::info!(target: log_targets::GEN, "{:?}: {error}", exchange.request),
            None => tracing::debug!(target: log_targets::GEN, "{:?}: {error}", exchange.request),
        }
        return status;
    }
    if error.find::<StreamError>().is_some_and(|_| exchange.connection.is_closed()) {
        tracing::debug!(target: log_targets::GEN, "{:?}: the client left: {error}", exchange.request);
        return None;
    }
    tracing::error!(target: log_targets::APP, "uncaught error, {:?}: {error:?}", exchange.request);
    Some(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Sends what is left and closes; with `linger` after the client has had time to read it.
async fn close(link: &Link, linger: bool) {
    poll_fn(|context| {
        link.note_driver(context);
        link.poll_shutdown(context)
    })
    .await;
    if linger {
        let (time, mut budget) = LINGER;
        let drained = poll_fn(|context| link.poll_linger(context, &mut budget));
        // Either way the connection ends here.
        let _ = tokio::time::timeout(time, drained).await;
    }
}
