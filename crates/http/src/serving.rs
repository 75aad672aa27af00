//! What serving an exchange is, whichever version of HTTP it came by: the service's work, its client
//! watched meanwhile, and what is left to do when the work has ended.
//!
//! A service's future is polled by the task that serves the exchange, and beside it the client is
//! watched: when it leaves, the service is told and goes on (RFC 9112, section 9, and the promise that a
//! handler runs to its end).

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use firewhirl_event::{Error, StreamError, log_targets};
use http::StatusCode;
use tokio::time::Instant;

use crate::channel::Channel;
use crate::error::ProtocolError;
use crate::exchange::{Exchange, Spare};
use crate::headers::Headers;
use crate::http_connection::{BodyError, HttpConnection, ResponseError};
use crate::httputil::dates;
use crate::panics::{self, Caught};
use crate::serve::Serve;
use crate::statistics::OneMore;
use crate::xheaders::Downstream;

/// The fields of an answer that no service made: when it was made.
pub(crate) fn bare_fields() -> Headers {
    let mut headers = Headers::new();
    // A date has no character that a field may not have.
    let _ = headers.set("Date", dates::format_timestamp(SystemTime::now()));
    headers
}

/// Counts and logs a head that is refused.
pub(crate) fn note_refusal<Way: Channel>(channel: &Way, error: &ProtocolError) {
    let counters = &channel.worker().counters;
    counters.heads_refused.increment();
    counters.count_limit(error.kind());
    tracing::info!(target: log_targets::GEN, "malformed HTTP message from {}: {error}", channel.peer());
}

/// Serves the request whose head has arrived, until its answer is complete as far as the service goes.
#[inline]
pub(crate) async fn serve_exchange<Way: Channel, Service: Serve>(
    channel: &Way,
    connection: HttpConnection,
    mut downstream: Downstream,
    mut spare: Spare,
    service: &Service,
) {
    let options = &channel.worker().options;
    let counters = &channel.worker().counters;
    counters.requests.increment();
    let _in_progress = OneMore::of(&counters.requests_in_progress);
    if options.xheaders {
        downstream = downstream.behind(spare.request.head(), &options.trusted_downstream);
    }
    spare.request.begin(downstream, Instant::now().into_std());
    if options.decompress_request && spare.request.head_mut().consume_gzip_encoding() {
        channel.decode_body();
    }
    let mut exchange = spare.into_exchange(connection);
    let ended = run(channel, service, &mut exchange).await;
    settle(channel, &exchange, ended);
    if channel.is_held() && !channel.is_finished() {
        poll_fn(|context| poll_held(channel, context)).await;
        settle(channel, &exchange, Ended::Forgotten);
    }
    Spare::from(exchange).give_back();
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
async fn run<Way: Channel, Service: Serve>(channel: &Way, service: &Service, exchange: &mut Exchange) -> Ended {
    let mut serving = pin!(service.serve(exchange));
    poll_fn(|context| match channel.tasks().drive(|| panics::catch(|| serving.as_mut().poll(context))) {
        Ok(Poll::Ready(result)) => Poll::Ready(Ended::Returned(result)),
        Err(caught) => Poll::Ready(Ended::Panicked(caught)),
        Ok(Poll::Pending) => {
            channel.tasks().note_driver(context);
            if channel.poll_left(context) && channel.departure().is_cancelled() {
                return Poll::Ready(Ended::Cancelled);
            }
            Poll::Pending
        }
    })
    .await
}

/// Waits for the answer that somebody has promised to finish later.
fn poll_held<Way: Channel>(channel: &Way, context: &mut Context<'_>) -> Poll<()> {
    channel.tasks().note_driver(context);
    if channel.is_finished() || !channel.is_held() {
        return Poll::Ready(());
    }
    if channel.poll_left(context) && channel.departure().is_cancelled() {
        return Poll::Ready(());
    }
    Poll::Pending
}

/// Finishes what the service left unfinished, and logs what went wrong.
fn settle<Way: Channel>(channel: &Way, exchange: &Exchange, ended: Ended) {
    let is_whole = matches!(ended, Ended::Returned(Ok(())));
    let status = match ended {
        // A client that has left may still read, but not what nobody wrote.
        Ended::Returned(Ok(())) | Ended::Forgotten => {
            (!channel.is_closed()).then_some(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Ended::Returned(Err(error)) => error_status(&error, exchange),
        Ended::Panicked(caught) => {
            channel.worker().counters.panics.increment();
            tracing::error!(target: log_targets::APP, "{:?} {caught}", exchange.request);
            Some(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Ended::Cancelled => None,
    };
    if channel.is_detached() || channel.is_finished() || channel.is_held() && is_whole {
        return;
    }
    let finished = match status {
        _ if channel.is_head_written() && is_whole => channel.finish(None),
        Some(status) if !channel.is_head_written() => answer_bare(channel, status),
        // An answer that breaks off must not look whole: without its end, the connection's end tells.
        _ => return channel.abort(),
    };
    if let Err(error) = finished {
        channel.close_after_this();
        if !matches!(error, ResponseError::Closed) {
            tracing::error!(target: log_targets::APP, "{:?}: {error}", exchange.request);
        }
    }
}

/// Answers with a status and nothing else.
pub(crate) fn answer_bare<Way: Channel>(channel: &Way, status: StatusCode) -> Result<(), ResponseError> {
    let mut headers = bare_fields();
    // The name is a token and a number has no control characters.
    let _ = headers.set("Content-Length", 0_u64);
    channel.respond(status, None, &headers, b"")
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
