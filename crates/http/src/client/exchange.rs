//! One request on one connection, from its first byte to the response's last.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use firewhirl_event::IoStream;

use super::connection::Connection;
use super::deadlines::Timer;
use super::error::{HttpClientError, TimeoutPhase};
use super::outgoing::{OutgoingBody, OutgoingRequest};
use super::pool::Shared;
use super::queue::Place;
use super::time_info::{Stopwatch, now};
use crate::http1::ResponseHead;

/// A request that is under way: its place, its time, and the connection that it is on.
pub(super) struct Exchange {
    pool: Rc<Shared>,
    /// What it occupies until the response's end.
    held: Option<Held>,
    pub(super) head: ResponseHead,
    pub(super) times: Stopwatch,
    /// The fields that came after the body: complete lines.
    pub(super) trailers: Vec<u8>,
}

/// What a request occupies.
struct Held {
    connection: Option<Connection>,
    timer: Timer,
    // Given back last, so that a connection that is given back is there for whoever is next in line.
    place: Place,
}

/// Why an attempt brought no response.
pub(super) enum Failure {
    /// Its connection had been closed between two requests, as far as one can tell.
    Stale(HttpClientError),
    /// Its server has said that it did not act on it.
    Unprocessed(HttpClientError),
    Other(HttpClientError),
}

impl Failure {
    pub(super) fn into_error(self) -> HttpClientError {
        match self {
            Self::Stale(error) | Self::Unprocessed(error) | Self::Other(error) => error,
        }
    }
}

impl Exchange {
    pub(super) fn new(place: Place, timer: Timer, times: Stopwatch) -> Self {
        let pool = Rc::clone(&place.pool);
        let head = pool.take_head();
        Self { pool, held: Some(Held { connection: None, timer, place }), head, times, trailers: Vec::new() }
    }

    /// Sends the request and reads its response's head.
    pub(super) async fn perform(
        &mut self,
        connection: Connection,
        request: &mut OutgoingRequest,
    ) -> Result<(), Failure> {
        let Some(held) = &mut self.held else { return Err(Failure::Other(ended())) };
        let connection = held.connection.insert(connection);
        let streams = matches!(request.body, OutgoingBody::Stream(_));
        connection.begin(request, &self.pool.options().limits).map_err(|error| match error {
            error @ HttpClientError::Refused { .. } => Failure::Unprocessed(error),
            error => Failure::Other(error),
        })?;
        self.times.sent = Some(if connection.is_reused() { self.times.started } else { now() });
        let received =
            poll_fn(|context| match connection.poll_head(context, &mut self.head, &mut request.on_informational) {
                Poll::Pending => held.timer.poll_in_time(context),
                polled => polled,
            })
            .await;
        if let Err(error) = received {
            let is_stale = connection.is_reused() && !connection.has_heard();
            held.connection = None;
            return Err(match error {
                error @ HttpClientError::Closed { .. } if is_stale => Failure::Stale(error),
                error @ HttpClientError::Refused { .. } => Failure::Unprocessed(error),
                error => Failure::Other(error),
            });
        }
        if connection.is_turned_away(&self.head) && !streams && request.is_repeatable() {
            held.connection = None;
            return Err(Failure::Stale(ended()));
        }
        self.times.answered = Some(now());
        self.end_if_done();
        Ok(())
    }

    /// The next part of the body; `None` at its end.
    pub(super) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, HttpClientError>> {
        let Some(Held { connection: Some(connection), timer, .. }) = &mut self.held else {
            return Poll::Ready(if self.times.ended.is_some() { Ok(None) } else { Err(ended()) });
        };
        let polled = match connection.poll_chunk(context) {
            Poll::Pending => ready!(timer.poll_in_time(context)).map(|()| None),
            Poll::Ready(polled) => polled,
        };
        match polled {
            Ok(chunk) => {
                self.end_if_done();
                Poll::Ready(Ok(chunk))
            }
            Err(error) => {
                self.held = None;
                Poll::Ready(Err(error))
            }
        }
    }

    /// Gives everything back once the response is complete.
    fn end_if_done(&mut self) {
        let done = |held: &mut Held| held.connection.as_ref().is_some_and(|connection| connection.response_done());
        let Some(Held { connection: Some(connection), place, .. }) = self.held.take_if(done) else { return };
        let now = now();
        self.times.ended = Some(now);
        self.trailers.extend_from_slice(connection.trailers());
        match connection {
            Connection::Http1(mut connection) => {
                connection.note_patience(&self.head);
                self.pool.give_back(&place.host, connection, now);
            }
            Connection::Http2(stream) => {
                drop(stream);
                self.pool.stream_ended(&place.host, now);
            }
        }
    }

    /// Bytes of the body still to come; `None` if that is not known.
    pub(super) fn body_left(&self) -> Option<u64> {
        match &self.held {
            Some(Held { connection: Some(connection), .. }) => connection.body_left(),
            _ => Some(0),
        }
    }

    pub(super) fn set_max_body_size(&mut self, bytes: u64) {
        if let Some(Held { connection: Some(connection), .. }) = &mut self.held {
            connection.set_max_body_size(bytes);
        }
    }

    /// Takes the stream out, where it is another protocol's now.
    pub(super) fn upgrade(mut self) -> Result<IoStream, HttpClientError> {
        let is_switched =
            |held: &mut Held| held.connection.as_ref().is_some_and(|connection| connection.is_switched(&self.head));
        match self.held.take_if(is_switched) {
            Some(Held { connection: Some(connection), .. }) => connection.into_stream(),
            _ => None,
        }
        .ok_or(HttpClientError::NotUpgraded { status: self.head.status() })
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(Held { connection: Some(connection), .. }) = &mut self.held {
            connection.discard();
        }
        self.end_if_done();
        self.pool.keep_head(std::mem::take(&mut self.head));
    }
}

impl Timer {
    /// Waits on, or says that time is over.
    fn poll_in_time<T>(&self, context: &Context<'_>) -> Poll<Result<T, HttpClientError>> {
        if self.poll_expired(context) {
            return Poll::Ready(Err(HttpClientError::Timeout { phase: TimeoutPhase::Request }));
        }
        Poll::Pending
    }
}

/// What is said to one who goes on after an error.
fn ended() -> HttpClientError {
    HttpClientError::Closed { cause: None }
}
