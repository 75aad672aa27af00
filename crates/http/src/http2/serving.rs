//! The server's side of one connection: one readable loop.
//!
//! The connection's own task polls `h2`, takes the streams that a client opens, and polls the work on each
//! beside it. Nothing is spawned a request; what is woken together answers together, in one write.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use firewhirl_event::{IoStream, log_targets};
use firewhirl_tcp::Peer;
use h2::server::{Builder, Handshake, SendResponse};
use h2::{Ping, PingPong, Reason, RecvStream};
use http::Request;

use super::carrier::Carrier;
use super::connection::{Connection, Phase};
use super::stream::serve_stream;
use super::work::{Turn, Work};
use crate::options::ServerOptions;
use crate::serve::Serve;
use crate::worker::Worker;

/// After so many turns in one go the loop gets one.
const TURNS_IN_ONE_GO: usize = 16;

/// So many streams are taken in one go before those that are there get their turn.
const ACCEPTED_IN_ONE_GO: usize = 64;

/// Streams that a client may have reset before we even looked at them; RFC 9113 sets no bound, and a
/// client in a hurry resets few. More of them are the rapid reset attack (CVE-2023-44487).
const PENDING_RESETS_MAX: usize = 32;

/// Streams that may break a rule on one connection before it is ended.
const BROKEN_STREAMS_MAX: usize = 256;

/// How long, and for how many bytes, a connection that was closed is listened to so that its client
/// can read the last frames.
const LINGER: (Duration, usize) = (Duration::from_secs(2), 4 * 1024 * 1024);

/// Serves the requests of one connection until it ends.
pub(crate) async fn serve_connection<Service: Serve>(
    stream: IoStream,
    peer: Peer,
    worker: Rc<Worker>,
    service: Rc<Service>,
) {
    let connection = Connection::new(stream, peer, worker);
    let _entered = connection.worker.enter(connection.clone());
    let begin = |request, respond| serve_stream(connection.clone(), service.clone(), request, respond);
    let mut driver = Driver::new(&connection, begin);
    poll_fn(|context| driver.poll(context)).await;
    if !driver.lingers {
        return;
    }
    poll_fn(|context| connection.poll_close_write(context)).await;
    let (time, mut budget) = LINGER;
    let drained = poll_fn(|context| connection.poll_linger(context, &mut budget));
    // Either way the connection ends here.
    let _ = tokio::time::timeout(time, drained).await;
}

/// What `h2` is told of us.
fn settings(options: &ServerOptions) -> Builder {
    let http2 = &options.http2;
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(http2.max_concurrent_streams)
        .initial_window_size(http2.initial_stream_window)
        .initial_connection_window_size(http2.initial_connection_window)
        .max_frame_size(http2.max_frame_size)
        .max_send_buffer_size(http2.max_send_buffer)
        .max_header_list_size(u32::try_from(options.limits.header_size).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(Some(BROKEN_STREAMS_MAX));
    builder
}

/// Drives a connection and the work on its streams; `begin` makes the work on one.
struct Driver<'connection, Begin, Serving> {
    connection: &'connection Rc<Connection>,
    begin: Begin,
    state: State,
    work: Work<Serving>,
    /// The streams whose turn it is.
    turn: Vec<usize>,
    work_max: usize,
    drains: bool,
    /// Whether the client may still have to read our last frames.
    lingers: bool,
}

enum State {
    Handshake(Box<Handshake<Carrier<Connection>, Bytes>>),
    Open(Box<Open>),
    /// Nothing comes or goes any more; what was begun is still worked on.
    Closed,
}

struct Open {
    h2: h2::server::Connection<Carrier<Connection>, Bytes>,
    pings: Option<PingPong>,
}

impl<'connection, Begin, Serving> Driver<'connection, Begin, Serving>
where
    Begin: FnMut(Request<RecvStream>, SendResponse<Bytes>) -> Serving,
    Serving: Future<Output = ()>,
{
    fn new(connection: &'connection Rc<Connection>, begin: Begin) -> Self {
        let options = &connection.worker.options;
        let handshake = settings(options).handshake(Carrier(connection.clone()));
        connection.woken.wake_connection();
        Self {
            connection,
            begin,
            state: State::Handshake(Box::new(handshake)),
            work: Work::new(connection.woken.clone()),
            turn: Vec::new(),
            work_max: options.http2.max_concurrent_streams as usize * 2,
            drains: false,
            lingers: false,
        }
    }

    /// Ready once the connection is closed and all work is done.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let woken = &self.connection.woken;
        woken.begin();
        self.see_to_drain();
        for _ in 0..TURNS_IN_ONE_GO {
            let Turn::Now { connection } = woken.take(&mut self.turn, context.waker()) else { return Poll::Pending };
            self.work_on_streams();
            if connection {
                self.poll_connection();
                self.work_on_streams();
            }
            if matches!(self.state, State::Closed) && self.work.len() == 0 {
                return Poll::Ready(());
            }
            self.note_what_is_waited_for();
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn work_on_streams(&mut self) {
        let is_full = self.work.len() >= self.work_max;
        for index in self.turn.drain(..) {
            self.work.poll(index);
        }
        if is_full && self.work.len() < self.work_max {
            self.connection.woken.wake_connection();
        }
    }

    /// Has `h2` read and write, and takes the streams that have come.
    fn poll_connection(&mut self) {
        let waker = self.connection.woken.waker();
        let mut context = Context::from_waker(&waker);
        self.see_to_expired(&mut context);
        if let State::Handshake(handshake) = &mut self.state {
            match Pin::new(handshake).poll(&mut context) {
                Poll::Pending => return,
                Poll::Ready(Ok(mut h2)) => {
                    let pings = h2.ping_pong();
                    self.state = State::Open(Box::new(Open { h2, pings }));
                    self.drains = false;
                    self.see_to_drain();
                }
                Poll::Ready(Err(error)) => return self.close(Some(&error)),
            }
        }
        for _ in 0..ACCEPTED_IN_ONE_GO {
            let State::Open(open) = &mut self.state else { return };
            let polled = if self.work.len() < self.work_max {
                open.h2.poll_accept(&mut context)
            } else {
                // Those that wait to be taken may be reset meanwhile; `h2` counts them.
                open.h2.poll_closed(&mut context).map(|closed| closed.err().map(Err))
            };
            match polled {
                Poll::Ready(Some(Ok((request, respond)))) => {
                    self.turn.push(self.work.add(|| (self.begin)(request, respond)));
                    if self.connection.worker.options.no_keep_alive && !self.drains {
                        self.drains = true;
                        open.h2.graceful_shutdown();
                    }
                }
                Poll::Ready(Some(Err(error))) => return self.close(Some(&error)),
                Poll::Ready(None) => return self.close(None),
                Poll::Pending => return self.connection.all_is_written(),
            }
        }
        self.connection.woken.wake_connection();
    }

    /// Ends what has been waited for too long.
    fn see_to_expired(&mut self, context: &mut Context<'_>) {
        let Some(phase) = self.connection.take_expired() else { return };
        match (phase, &mut self.state) {
            // The client may be about to ask: it is told which of its requests were seen.
            (Phase::Idle | Phase::Drain, State::Open(open)) => open.h2.abrupt_shutdown(Reason::NO_ERROR),
            (Phase::Flood, State::Open(open)) => open.h2.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM),
            (Phase::Silence, State::Open(open)) => {
                if let Some(pings) = &mut open.pings {
                    // The answer to the last one, if it came, makes room for the next.
                    let _ = pings.poll_pong(context);
                    let _ = pings.send_ping(Ping::opaque());
                }
            }
            _ => {
                tracing::debug!(target: log_targets::GEN, "HTTP/2 with {}: timeout, {phase:?}", self.connection.peer);
                self.state = State::Closed;
                self.connection.set_gone();
            }
        }
    }

    /// Once the server drains: says so to the client, and has every handler look.
    fn see_to_drain(&mut self) {
        if self.drains || !self.connection.worker.is_draining() {
            return;
        }
        self.drains = true;
        if let State::Open(open) = &mut self.state {
            open.h2.graceful_shutdown();
        }
        self.work.wake_all();
        self.connection.woken.wake_connection();
    }

    fn close(&mut self, error: Option<&h2::Error>) {
        if let Some(error) = error {
            tracing::info!(target: log_targets::GEN, "HTTP/2 with {}: {error}", self.connection.peer);
        }
        // With an error of the transport there is nobody to read.
        self.lingers = error.is_none_or(|error| !error.is_io());
        self.state = State::Closed;
        self.connection.set_gone();
    }

    fn note_what_is_waited_for(&self) {
        let is_idle = self.work.len() == 0 && !self.connection.is_blocked();
        match &self.state {
            State::Open(_) if is_idle && self.drains => self.connection.wait_for(Phase::Drain),
            State::Open(_) if !self.connection.has_begun() => {}
            State::Open(_) if is_idle => self.connection.wait_for(Phase::Idle),
            State::Open(_) => self.connection.wait_for(Phase::Open),
            State::Handshake(_) | State::Closed => {}
        }
    }
}
