//! One stream of a server's connection, which is one exchange (RFC 9113, section 8.1).
//!
//! [`Stream`] is what the work on an exchange and its handles share. All of it runs in short polls, so
//! that no borrow lives across an `await`. This file holds the state, and an exchange from its begin to
//! its end; the parts of one are in the files beside it, under the names that they have in HTTP/1.1.

mod answer;
mod body;
mod channel;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Method, Request, Response};

use super::connection::Connection;
use super::output::Output;
use crate::channel::{Answer, Departure, Tasks};
use crate::content_coding::Decoder;
use crate::error::ProtocolError;
use crate::exchange::Spare;
use crate::http_connection::HttpConnection;
use crate::http1::{BodyLength, BodyReader, BodyWriter};
use crate::serve::Serve;
use crate::serving::{answer_bare, note_refusal, serve_exchange};
use crate::timeouts::{Patience, Wait};
use crate::xheaders::Downstream;

/// The state of one stream.
pub(super) struct Stream {
    connection: Rc<Connection>,
    /// Where it stands in its connection's list.
    pub(super) place: Cell<usize>,
    /// `None` once the exchange is over.
    io: RefCell<Option<Io>>,
    /// One while the exchange goes on.
    exchange: Cell<u32>,
    answer: Cell<Answer>,
    /// The answer is not whole, and its client has to see that.
    broken: Cell<bool>,
    reading: Wait,
    writing: Wait,
    body_patience: Cell<Patience>,
    expired: Cell<Option<Expired>>,
    departure: Departure,
    holds: Cell<u32>,
    tasks: Tasks,
}

/// What has been waited for too long.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expired {
    Body,
    Write,
}

struct Io {
    /// `h2`'s handle before the answer's head is sent, and the one after it.
    respond: Option<SendResponse<Bytes>>,
    send: Option<SendStream<Bytes>>,
    // --- the request's body ---
    body: RecvStream,
    reader: BodyReader,
    /// What came and was not asked for yet.
    chunk: Bytes,
    decoder: Option<Box<Decoder>>,
    request_trailers: Option<HeaderMap>,
    continue_wanted: bool,
    // --- the answer ---
    is_head: bool,
    is_connect: bool,
    /// The head, until something of the answer is sent.
    head: Option<Response<()>>,
    writer: BodyWriter,
    output: Output,
    trailers: Option<HeaderMap>,
    /// The end of the answer has been sent.
    ended: bool,
    /// How often the connection had sent everything when `h2` was given the last part.
    given_at: Option<u64>,
}

/// Serves the request of one stream, from its head to the last byte of its answer.
pub(super) async fn serve_stream<Service: Serve>(
    connection: Rc<Connection>,
    service: Rc<Service>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
) {
    let options = &connection.worker.options;
    let (head, body) = request.into_parts();
    let mut secure = options.secure;
    // A client's word on how it was asked counts as little as that of any other field.
    secure |= options.xheaders && head.uri.scheme_str() == Some("https");
    let mut spare = Spare::take();
    let translated = spare.request.head_mut().translate(
        head.method,
        &head.uri,
        &head.headers,
        body.is_end_stream(),
        &options.limits,
    );
    let stream = Stream::new(connection.clone(), &spare, body, respond);
    let _entered = Entered::new(&stream);
    match translated {
        Ok(()) => {
            let handle = HttpConnection::of_stream(stream.clone());
            let downstream = Downstream::direct(connection.peer, secure).over(&connection.session);
            serve_exchange(&*stream, handle, downstream, spare, &*service).await;
        }
        Err(error) => stream.refuse(&error),
    }
    poll_fn(|context| stream.poll_conclude(context)).await;
}

impl Stream {
    fn new(connection: Rc<Connection>, spare: &Spare, body: RecvStream, respond: SendResponse<Bytes>) -> Rc<Self> {
        let worker = &connection.worker;
        let head = spare.request.head();
        let length = match head.body_length() {
            // What chunks would be taken off is frames.
            BodyLength::Chunked => BodyLength::UntilClose,
            length => length,
        };
        let io = Io {
            respond: Some(respond),
            send: None,
            body,
            reader: BodyReader::new(length, &worker.options.limits),
            chunk: Bytes::new(),
            decoder: None,
            request_trailers: None,
            continue_wanted: head.expects_continue(),
            is_head: head.is_head(),
            is_connect: *head.method() == Method::CONNECT,
            head: None,
            writer: BodyWriter::new(BodyLength::None),
            output: Output::default(),
            trailers: None,
            ended: false,
            given_at: None,
        };
        Rc::new(Self {
            place: Cell::new(usize::MAX),
            io: RefCell::new(Some(io)),
            exchange: Cell::new(1),
            answer: Cell::new(Answer::Unanswered),
            broken: Cell::new(false),
            reading: Wait::new(),
            writing: Wait::new(),
            body_patience: Cell::new(worker.body_patience),
            expired: Cell::new(None),
            departure: Departure::default(),
            holds: Cell::new(0),
            tasks: Tasks::default(),
            connection,
        })
    }

    /// Answers a head that breaks a rule.
    fn refuse(&self, error: &ProtocolError) {
        note_refusal(self, error);
        if answer_bare(self, error.status()).is_err() {
            self.broken.set(true);
        }
    }

    /// Sends what is left of the answer, or breaks it off; then nothing more is to be done.
    fn poll_conclude(&self, context: &mut Context<'_>) -> Poll<()> {
        self.tasks.note_driver(context);
        if !self.broken.get() {
            return self.poll_give_all(context).map(drop);
        }
        // A reset would take back what is not on its way yet.
        if self.poll_send_all(context).is_pending() {
            return Poll::Pending;
        }
        self.reset(Reason::INTERNAL_ERROR);
        Poll::Ready(())
    }

    /// Ends the stream as it stands.
    fn reset(&self, reason: Reason) {
        match &mut *self.io.borrow_mut() {
            Some(Io { send: Some(send), .. }) => send.send_reset(reason),
            Some(Io { respond: Some(respond), .. }) => respond.send_reset(reason),
            _ => {}
        }
    }

    /// Notes that the client has given the exchange up, or is gone.
    fn client_left(&self) {
        self.departure.leave(&self.connection.worker.counters);
    }

    /// Ends, and counts, what has been waited for too long.
    pub(super) fn look_at_clock(&self) {
        let worker = &self.connection.worker;
        let expired = if self.writing.has_expired(&worker.ticks) {
            worker.counters.write_timeouts.increment();
            self.writing.end();
            Expired::Write
        } else if self.reading.has_expired(&worker.ticks) {
            worker.counters.body_timeouts.increment();
            self.reading.end();
            Expired::Body
        } else {
            return;
        };
        self.expired.set(Some(expired));
        self.tasks.wake();
    }

    /// Bytes of memory for what is still to be sent.
    pub(super) fn output_memory(&self) -> usize {
        self.io.borrow().as_ref().map_or(0, |io| io.output.len())
    }

    /// Ends the exchange, and with it what its handles can do.
    fn end(&self) {
        self.exchange.set(0);
        let io = self.io.take();
        // `h2` sees by this that nobody wants the rest of the request.
        drop(io);
        self.departure.end();
        self.tasks.end();
    }
}

/// Keeps a stream in its connection's list, and ends it in whichever way its work ends.
struct Entered(Rc<Stream>);

impl Entered {
    fn new(stream: &Rc<Stream>) -> Self {
        stream.connection.enter(Rc::clone(stream));
        Self(Rc::clone(stream))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.end();
        self.0.connection.leave(&self.0);
    }
}
