//! One connection of HTTP/1.1 on a server: the codec joined to a stream.
//!
//! [`Link`] is what the driver of a connection ([`serving`](super::serving)) and the handle of its
//! current exchange ([`HttpConnection`](crate::HttpConnection)) share. All of it runs in short polls,
//! so that no borrow lives across an `await`. With `serving` this is the only place in HTTP/1.1 that
//! knows [`IoStream`]; what may come and go on the wire is the [codec](super::codec)'s to say.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use firewhirl_event::{IoStream, StreamError};
use firewhirl_tcp::Peer;
use http::StatusCode;

use super::codec::ServerCodec;
use crate::error::{OutputError, ProtocolError};
use crate::exchange::Spare;
use crate::gzip::Inflate;
use crate::headers::Headers;
use crate::http_connection::{BodyError, ResponseError};
use crate::httputil::dates;
use crate::timeouts::{Patience, Wait, Waiting};
use crate::worker::{Worker, count};

/// Answers wait in the output for more answers to pipelined requests up to this many bytes.
const BATCH_MAX: usize = 64 * 1024;

/// While a handler works, up to this many bytes of what its client sends next are read ahead.
const READ_AHEAD_MAX: usize = 64 * 1024;

/// An answer's next part is refused if more bytes than this wait for the client already. Handlers that
/// flush never come near it.
const OUTPUT_MAX: usize = 64 * 1024 * 1024;

/// A chunk of an answer at least this long is not copied into the output.
const UNCOPIED_MIN: usize = 32 * 1024;

/// An unread request body is read to its end, to keep the connection, if at most this much is left.
const DISCARDED_MAX: u64 = 64 * 1024;

/// The state of one connection.
pub(crate) struct Link {
    pub(crate) worker: Rc<Worker>,
    /// Where the connection stands in its worker's list.
    pub(crate) place: Cell<usize>,
    pub(crate) peer: Peer,
    io: RefCell<Io>,
    reading: Wait,
    writing: Wait,
    body_patience: Cell<Patience>,
    expired: Cell<Option<Phase>>,
    phase: Cell<Phase>,
    answer: Cell<Answer>,
    /// Counts the exchanges, so that a handle kept from one is told from those of the next.
    exchange: Cell<u32>,
    /// The client sends no more. It may still read.
    left: Cell<bool>,
    /// The client takes no more either.
    gone: Cell<bool>,
    cancel_on_disconnect: Cell<bool>,
    holds: Cell<u32>,
    /// The task that drives the connection: the one that the stream wakes.
    driver: RefCell<Option<Waker>>,
    /// Other tasks that wait for the stream; the driver wakes them.
    others: RefCell<Vec<Waker>>,
    /// What is told when the client leaves; most exchanges have none of it.
    watchers: RefCell<Option<Box<Watchers>>>,
}

struct Io {
    /// `None` once detached.
    stream: Option<IoStream>,
    codec: ServerCodec,
    /// A request whose head has arrived in part.
    partial: Option<Spare>,
    inflate: Option<Box<Inflate>>,
    /// Whether bytes have come since the codec last asked for more.
    unseen: bool,
    requests: u32,
}

#[derive(Default)]
struct Watchers {
    callbacks: Vec<Box<dyn FnOnce()>>,
    wakers: Vec<Waker>,
}

/// What the connection reads, or waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Idle,
    Head,
    Body,
    Write,
}

/// How far the answer to the current request is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Unanswered,
    HeadWritten,
    Finished,
}

/// What a connection brings next.
pub(crate) enum Arrival {
    Request(Spare),
    Refused(ProtocolError),
    /// A head was begun and not completed in time.
    HeadTimeout,
    /// Nothing more: the client left, was idle for too long, or the server drains.
    End,
}

/// The fields of an answer that no service made: when it was made.
pub(super) fn bare_fields() -> Headers {
    let mut headers = Headers::new();
    // A date has no character that a field may not have.
    let _ = headers.set("Date", dates::format_timestamp(SystemTime::now()));
    headers
}

/// A closed stream, for what can say no more of it.
fn closed() -> StreamError {
    StreamError::Closed { cause: None }
}

impl Link {
    pub(crate) fn new(stream: IoStream, peer: Peer, worker: Rc<Worker>) -> Rc<Self> {
        let codec = ServerCodec::new(worker.options.limits.clone());
        // How much may wait to be sent is looked at here, where a part that is refused leaves no half
        // of its framing behind.
        let limits = stream.limits();
        let stream = stream.with_limits(limits.max_write_buffer_size(usize::MAX));
        Rc::new(Self {
            place: Cell::new(usize::MAX),
            peer,
            io: RefCell::new(Io {
                unseen: !stream.buffer().is_empty(),
                stream: Some(stream),
                codec,
                partial: None,
                inflate: None,
                requests: 0,
            }),
            reading: Wait::new(),
            writing: Wait::new(),
            body_patience: Cell::new(worker.body_patience),
            expired: Cell::new(None),
            phase: Cell::new(Phase::Head),
            answer: Cell::new(Answer::Finished),
            exchange: Cell::new(0),
            left: Cell::new(false),
            gone: Cell::new(false),
            cancel_on_disconnect: Cell::new(false),
            holds: Cell::new(0),
            driver: RefCell::new(None),
            others: RefCell::default(),
            watchers: RefCell::new(None),
            worker,
        })
    }

    // --- between requests ---

    /// The next request's head; answers that still wait in the output are sent first if none is there yet.
    pub(crate) fn poll_request(&self, context: &mut Context<'_>) -> Poll<Arrival> {
        let io = &mut *self.io.borrow_mut();
        let Some(stream) = &mut io.stream else { return Poll::Ready(Arrival::End) };
        loop {
            if io.unseen && stream.pending_write() <= BATCH_MAX {
                io.unseen = false;
                let mut spare = io.partial.take().unwrap_or_else(Spare::take);
                match io.codec.read_head(stream.buffer(), spare.request.head_mut()) {
                    Ok(Some(consumed)) => {
                        stream.consume(consumed);
                        io.unseen = true;
                        io.requests += 1;
                        self.reading.renew();
                        self.writing.renew();
                        return Poll::Ready(Arrival::Request(spare));
                    }
                    Ok(None) if stream.buffer().is_empty() => spare.give_back(),
                    Ok(None) => io.partial = Some(spare),
                    Err(error) => {
                        stream.consume(stream.buffer().len());
                        self.reading.renew();
                        return Poll::Ready(Arrival::Refused(error));
                    }
                }
            }
            if stream.pending_write() > 0 {
                match self.poll_send(stream, context, true) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(Arrival::End),
                    Poll::Pending if stream.pending_write() > BATCH_MAX => return Poll::Pending,
                    Poll::Pending => {}
                }
                if io.unseen {
                    continue;
                }
            }
            match stream.poll_fill(context) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Arrival::End),
                Poll::Ready(Ok(_)) => io.unseen = true,
                Poll::Pending => {
                    let begun = !stream.buffer().is_empty();
                    return self.wait_for_head(begun, begun || io.requests == 0);
                }
            }
        }
    }

    /// Notes until when the next head, or its rest, is waited for.
    fn wait_for_head(&self, begun: bool, in_head: bool) -> Poll<Arrival> {
        if let Some(phase) = self.expired.get() {
            return Poll::Ready(if phase == Phase::Head && begun { Arrival::HeadTimeout } else { Arrival::End });
        }
        let phase = if in_head { Phase::Head } else { Phase::Idle };
        if self.phase.replace(phase) != phase {
            self.reading.renew();
        }
        let patience = match phase {
            // Nothing has come, so nothing is lost; a first request may be on its way.
            _ if !begun && self.worker.is_draining() => {
                self.reading.renew();
                self.worker.drain_patience
            }
            Phase::Idle => self.worker.idle_patience,
            _ => self.worker.header_patience,
        };
        self.reading.begin(&self.worker.ticks, patience);
        Poll::Pending
    }

    /// Begins the exchange whose head has arrived.
    pub(crate) fn begin(&self) {
        self.answer.set(Answer::Unanswered);
        self.phase.set(Phase::Body);
        self.cancel_on_disconnect.set(false);
        self.holds.set(0);
        self.expired.set(None);
        self.left.set(self.gone.get());
        self.body_patience.set(self.worker.body_patience);
        let mut io = self.io.borrow_mut();
        if self.worker.options.no_keep_alive || self.worker.is_draining() {
            io.codec.close_after_this();
        }
    }

    /// Has the request's body inflated as it is read.
    pub(crate) fn inflate_body(&self) {
        let mut io = self.io.borrow_mut();
        let limit = io.codec.max_body_size();
        let chunk_size = self.worker.options.limits.chunk_size;
        io.inflate = Some(Box::new(Inflate::new(limit, chunk_size)));
    }

    /// Ends the exchange, and with it what its handles can do; whether the connection goes on.
    pub(crate) fn end_exchange(&self) -> bool {
        self.exchange.set(self.exchange.get().wrapping_add(1));
        self.watchers.take();
        self.wake_others();
        let mut io = self.io.borrow_mut();
        io.inflate = None;
        self.reading.renew();
        io.stream.is_some() && !self.gone.get() && io.codec.keep_alive()
    }

    /// Which exchange it is at.
    #[inline]
    pub(crate) fn exchange(&self) -> u32 {
        self.exchange.get()
    }

    /// Makes the codec ready for the next request.
    pub(crate) fn next_request(&self) {
        let mut io = self.io.borrow_mut();
        io.codec.next_request();
        io.unseen = io.stream.as_ref().is_some_and(|stream| !stream.buffer().is_empty());
    }

    /// Whether another request may follow on the connection, once the body of this one is read.
    pub(crate) fn keeps_alive(&self) -> bool {
        self.io.borrow().codec.keep_alive()
    }

    #[inline]
    pub(crate) fn request_body_done(&self) -> bool {
        self.io.borrow().codec.request_body_done()
    }

    /// Whether the stream was handed out.
    pub(crate) fn is_detached(&self) -> bool {
        self.io.borrow().stream.is_none()
    }

    /// Whether a complete request may already be waiting in the buffer.
    pub(crate) fn has_more_buffered(&self) -> bool {
        let io = self.io.borrow();
        io.unseen && io.stream.as_ref().is_some_and(|stream| !stream.buffer().is_empty())
    }

    // --- the request's body ---

    /// The next part of the body, `None` at its end.
    pub(crate) fn poll_chunk(&self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if !self.request_body_done() || self.io.borrow().inflate.is_some() {
            // A body may come out of the buffer for long without a wait: a gzip bomb, chunks of a byte.
            ready!(pin!(tokio::task::coop::consume_budget()).poll(context));
        }
        self.poll_for_task(context, |context| self.poll_chunk_as_driver(context))
    }

    fn poll_chunk_as_driver(&self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let io = &mut *self.io.borrow_mut();
        let Some(stream) = &mut io.stream else { return Poll::Ready(Err(BodyError::Closed)) };
        if self.answer.get() == Answer::Unanswered && io.codec.wants_continue() && stream.buffer().is_empty() {
            io.codec.write_continue(stream.output());
        }
        loop {
            if let Some(inflate) = &mut io.inflate {
                match inflate.next() {
                    Ok(Some(chunk)) => return Poll::Ready(Ok(Some(chunk))),
                    Ok(None) => {}
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            if io.codec.request_body_done() {
                return Poll::Ready(match &mut io.inflate {
                    Some(inflate) => inflate.finish().map(|()| None),
                    None => Ok(None),
                });
            }
            let read = match io.codec.read_body(stream.buffer()) {
                Ok(read) => read,
                Err(error) => return Poll::Ready(Err(BodyError::Protocol(error))),
            };
            let consumed = read.consumed;
            let chunk = (!read.data.is_empty()).then(|| Bytes::copy_from_slice(&stream.buffer()[read.data]));
            stream.consume(consumed);
            io.unseen = !stream.buffer().is_empty();
            match (chunk, &mut io.inflate) {
                (Some(chunk), None) => return Poll::Ready(Ok(Some(chunk))),
                (Some(chunk), Some(inflate)) => inflate.push(chunk),
                (None, _) if consumed > 0 || io.codec.request_body_done() => {}
                (None, _) => match ready!(self.poll_more_of_body(stream, context)) {
                    Ok(()) => io.unseen = true,
                    Err(error) => {
                        // The rest is not waited for, so nobody knows where another request begins.
                        io.codec.close_after_this();
                        return Poll::Ready(Err(error));
                    }
                },
            }
        }
    }

    fn poll_more_of_body(&self, stream: &mut IoStream, context: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        if self.poll_send_beside(stream, context).is_err() {
            return Poll::Ready(Err(BodyError::Closed));
        }
        let patience = self.body_patience.get();
        match stream.poll_fill(context) {
            Poll::Ready(Ok(0)) => {
                self.client_left();
                Poll::Ready(Err(BodyError::Closed))
            }
            Poll::Ready(Err(_)) => {
                self.client_gone();
                Poll::Ready(Err(BodyError::Closed))
            }
            Poll::Ready(Ok(bytes)) => {
                self.reading.progress(&self.worker.ticks, patience, bytes);
                Poll::Ready(Ok(()))
            }
            Poll::Pending if self.expired.get() == Some(Phase::Body) => Poll::Ready(Err(BodyError::Timeout)),
            Poll::Pending => {
                self.phase.set(Phase::Body);
                self.reading.begin(&self.worker.ticks, patience);
                Poll::Pending
            }
        }
    }

    /// Reads what is left of the body and forgets it; whether the connection can go on after it.
    pub(crate) fn poll_discard_body(&self, context: &mut Context<'_>) -> Poll<bool> {
        if self.io.borrow().stream.is_none() {
            return Poll::Ready(false);
        }
        self.io.borrow_mut().inflate = None;
        loop {
            match self.poll_chunk(context) {
                Poll::Ready(Ok(Some(_))) => {}
                Poll::Ready(Ok(None)) => return Poll::Ready(true),
                Poll::Ready(Err(_)) => return Poll::Ready(false),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    pub(crate) fn set_max_body_size(&self, bytes: u64) {
        let io = &mut *self.io.borrow_mut();
        io.codec.set_max_body_size(bytes);
        if let Some(inflate) = &mut io.inflate {
            inflate.set_limit(bytes);
        }
    }

    pub(crate) fn set_body_timeout(&self, time: Duration) {
        self.body_patience.set(Patience::new(&self.worker.ticks, time));
    }

    // --- the answer ---

    pub(crate) fn write_head(
        &self,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
    ) -> Result<(), ResponseError> {
        let io = &mut *self.io.borrow_mut();
        let stream = io.stream.as_mut().ok_or(ResponseError::Closed)?;
        // A body that nobody read stands between this answer and the next request. If it is not
        // short, the connection ends here, and the answer says so.
        if io.codec.request_body_left().is_none_or(|left| left > DISCARDED_MAX) {
            io.codec.close_after_this();
        }
        if self.worker.is_draining() {
            io.codec.close_after_this();
        }
        io.codec.write_head(stream.output(), status, reason, headers)?;
        if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
            self.answer.set(Answer::HeadWritten);
        }
        Ok(())
    }

    pub(crate) fn write_body(&self, chunk: &[u8]) -> Result<(), ResponseError> {
        let io = &mut *self.io.borrow_mut();
        let stream = self.writable(&mut io.stream)?;
        Ok(io.codec.write_body(stream.output(), chunk)?)
    }

    /// The stream, if a part of the answer may be put in its output.
    #[inline]
    fn writable<'stream>(&self, stream: &'stream mut Option<IoStream>) -> Result<&'stream mut IoStream, ResponseError> {
        let stream = stream.as_mut().ok_or(ResponseError::Closed)?;
        if stream.pending_write() > OUTPUT_MAX {
            return Err(ResponseError::Full { limit: OUTPUT_MAX });
        }
        if self.is_finished() { Err(OutputError::AfterEnd.into()) } else { Ok(stream) }
    }

    pub(crate) fn write_body_bytes(&self, chunk: Bytes) -> Result<(), ResponseError> {
        if chunk.len() < UNCOPIED_MIN {
            return self.write_body(&chunk);
        }
        let io = &mut *self.io.borrow_mut();
        let stream = self.writable(&mut io.stream)?;
        if io.codec.write_chunk_prefix(stream.output(), chunk.len())? {
            stream.write_bytes(chunk);
            io.codec.write_chunk_suffix(stream.output());
        }
        Ok(())
    }

    pub(crate) fn finish(&self, trailers: Option<&Headers>) -> Result<(), ResponseError> {
        let io = &mut *self.io.borrow_mut();
        let stream = io.stream.as_mut().ok_or(ResponseError::Closed)?;
        if self.is_finished() {
            return Err(OutputError::AfterEnd.into());
        }
        let ended = io.codec.write_end(stream.output(), trailers.map(Headers::as_bytes));
        if ended == Err(OutputError::NoHead) {
            return Ok(ended?);
        }
        if ended.is_err() {
            // What was promised is not what was sent: only the connection's end can tell the client.
            io.codec.close_after_this();
        }
        self.answer.set(Answer::Finished);
        self.wake();
        Ok(ended?)
    }

    /// Ends the answer as it stands, and with it the connection: its client sees that it is not whole.
    pub(crate) fn abort(&self) {
        if !self.is_finished() {
            self.close_after_this();
            self.answer.set(Answer::Finished);
            self.wake();
        }
    }

    #[inline]
    pub(crate) fn respond(
        &self,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
        body: &[u8],
    ) -> Result<(), ResponseError> {
        self.write_head(status, reason, headers)?;
        if self.is_body_sent(status) {
            self.write_body(body)?;
        }
        self.finish(None)
    }

    fn is_body_sent(&self, status: StatusCode) -> bool {
        !(status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED || status.is_informational())
    }

    /// Sends what was written.
    pub(crate) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.poll_for_task(context, |context| {
            let io = &mut *self.io.borrow_mut();
            let Some(stream) = &mut io.stream else { return Poll::Ready(Err(closed())) };
            let sent = if self.gone.get() { Err(closed()) } else { ready!(self.poll_send(stream, context, true)) };
            Poll::Ready(sent.inspect_err(|_| self.client_gone()))
        })
    }

    /// Sends what is in the output. Where somebody waits for that, patience with the client begins, and
    /// every byte that it takes buys some back.
    fn poll_send(
        &self,
        stream: &mut IoStream,
        context: &mut Context<'_>,
        is_awaited: bool,
    ) -> Poll<Result<(), StreamError>> {
        let before = stream.pending_write();
        let sent = stream.poll_flush(context);
        if sent.is_ready() {
            self.writing.end();
            return sent;
        }
        let (ticks, patience) = (&self.worker.ticks, self.worker.write_patience);
        let taken = before.saturating_sub(stream.pending_write());
        if taken > 0 {
            self.writing.progress(ticks, patience, taken);
        }
        if !is_awaited {
            return Poll::Pending;
        }
        self.writing.begin(ticks, patience);
        if self.expired.get() == Some(Phase::Write) { Poll::Ready(Err(closed())) } else { Poll::Pending }
    }

    /// Sends what can be sent, beside other work. So an answer does not wait for the one behind it.
    ///
    /// # Errors
    ///
    /// The client takes no more.
    fn poll_send_beside(&self, stream: &mut IoStream, context: &mut Context<'_>) -> Result<(), StreamError> {
        if stream.pending_write() == 0 {
            return Ok(());
        }
        match self.poll_send(stream, context, self.writing.is_awaited()) {
            Poll::Ready(Err(error)) => {
                self.client_gone();
                Err(error)
            }
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    pub(crate) fn is_head_written(&self) -> bool {
        self.answer.get() != Answer::Unanswered
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.answer.get() == Answer::Finished
    }

    pub(crate) fn detach(&self) -> Result<IoStream, ResponseError> {
        let stream = self.io.borrow_mut().stream.take().ok_or(ResponseError::Closed)?;
        self.answer.set(Answer::Finished);
        self.wake();
        let limits = stream.limits();
        Ok(stream.with_limits(limits.max_write_buffer_size(OUTPUT_MAX)))
    }

    /// Answers a request that could not be read as one.
    pub(crate) fn refuse(&self, error: &ProtocolError) {
        let io = &mut *self.io.borrow_mut();
        if let Some(stream) = &mut io.stream {
            io.codec.write_error(stream.output(), error.status(), &bare_fields());
        }
    }

    /// Answers a head that did not arrive in time.
    pub(crate) fn refuse_slow_head(&self) {
        let io = &mut *self.io.borrow_mut();
        if let Some(stream) = &mut io.stream {
            io.codec.write_error(stream.output(), StatusCode::REQUEST_TIMEOUT, &bare_fields());
        }
    }

    /// Has the connection end after this exchange.
    pub(crate) fn close_after_this(&self) {
        self.io.borrow_mut().codec.close_after_this();
    }

    // --- the client's leaving ---

    /// Sees to the client while a handler works: sends what earlier exchanges left in the output, and
    /// looks whether the client is still there; `true` once it has left.
    pub(crate) fn poll_left(&self, context: &mut Context<'_>) -> bool {
        self.wake_others();
        let mut io = self.io.borrow_mut();
        let Some(stream) = &mut io.stream else { return false };
        if self.poll_send_beside(stream, context).is_err() || self.left.get() {
            return self.left.get();
        }
        loop {
            if stream.buffer().len() >= READ_AHEAD_MAX {
                return false;
            }
            match stream.poll_fill(context) {
                Poll::Ready(Ok(0)) => self.client_left(),
                Poll::Ready(Err(_)) => self.client_gone(),
                Poll::Ready(Ok(_)) => continue,
                Poll::Pending => return false,
            }
            return true;
        }
    }

    /// Notes that the client takes no more, and so has left.
    fn client_gone(&self) {
        self.gone.set(true);
        self.client_left();
    }

    /// Notes that the client sends no more. Often it has closed; if it only has nothing more to say, it
    /// still gets its answer.
    fn client_left(&self) {
        if self.left.replace(true) {
            return;
        }
        count(&self.worker.counters.clients_left);
        if let Some(watchers) = self.watchers.take() {
            let Watchers { callbacks, wakers } = *watchers;
            wakers.into_iter().for_each(Waker::wake);
            if !callbacks.is_empty() {
                // Not here, where the handler may hold borrows: on the loop's next turn.
                firewhirl_event::IoLoop::current()
                    .add_callback(move || callbacks.into_iter().for_each(|callback| callback()));
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.left.get()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.left.get() && self.cancel_on_disconnect.get()
    }

    pub(crate) fn cancel_on_disconnect(&self) {
        self.cancel_on_disconnect.set(true);
    }

    pub(crate) fn on_close(&self, callback: Box<dyn FnOnce()>) {
        if self.left.get() {
            firewhirl_event::IoLoop::current().add_callback(callback);
        } else {
            self.watchers.borrow_mut().get_or_insert_default().callbacks.push(callback);
        }
    }

    pub(crate) fn wait_for_close(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut watchers = self.watchers.borrow_mut();
        let wakers = &mut watchers.get_or_insert_default().wakers;
        if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
        Poll::Pending
    }

    // --- exchanges that outlive their handler ---

    pub(crate) fn hold(&self) {
        self.holds.set(self.holds.get() + 1);
    }

    pub(crate) fn release(&self) {
        self.holds.set(self.holds.get() - 1);
        self.wake();
    }

    pub(crate) fn is_held(&self) -> bool {
        self.holds.get() > 0
    }

    // --- waiting and waking ---

    /// Notes the task that drives the connection, to be woken from outside of it.
    pub(crate) fn note_driver(&self, context: &Context<'_>) {
        let mut driver = self.driver.borrow_mut();
        if !driver.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *driver = Some(context.waker().clone());
        }
    }

    /// Polls the stream for a task, whichever it is. The stream wakes one task for each direction; so that
    /// none takes another's place, that is always the driver, and the driver wakes those who wait beside it.
    fn poll_for_task<T>(&self, context: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let driver = match &*self.driver.borrow() {
            Some(driver) if !driver.will_wake(context.waker()) => driver.clone(),
            _ => return poll(context),
        };
        let polled = poll(&mut Context::from_waker(&driver));
        if polled.is_pending() {
            let mut others = self.others.borrow_mut();
            if !others.iter().any(|waker| waker.will_wake(context.waker())) {
                others.push(context.waker().clone());
            }
        }
        polled
    }

    /// Has the tasks that wait beside the driver look again.
    fn wake_others(&self) {
        if !self.others.borrow().is_empty() {
            self.others.take().into_iter().for_each(Waker::wake);
        }
    }

    pub(crate) fn wake(&self) {
        if let Some(driver) = &*self.driver.borrow() {
            driver.wake_by_ref();
        }
    }

    /// Ends, and counts, what has been waited for too long.
    pub(crate) fn look_at_clock(&self) {
        let counters = &self.worker.counters;
        let expired = if self.writing.has_expired(&self.worker.ticks) {
            count(&counters.write_timeouts);
            self.writing.end();
            Phase::Write
        } else if self.reading.has_expired(&self.worker.ticks) {
            self.reading.end();
            let phase = self.phase.get();
            count(match phase {
                Phase::Idle => &counters.idle_timeouts,
                Phase::Body => &counters.body_timeouts,
                Phase::Head | Phase::Write => &counters.header_timeouts,
            });
            phase
        } else {
            return;
        };
        self.expired.set(Some(expired));
        self.wake();
    }

    /// While this lives, patience with a body that is waited for may run out.
    pub(crate) fn await_reading(&self) -> Waiting<'_> {
        self.reading.awaited()
    }

    /// While this lives, patience with a client that takes no answer may run out.
    pub(crate) fn await_writing(&self) -> Waiting<'_> {
        self.writing.awaited()
    }

    // --- the end ---

    /// Whether the close must wait for the client, which may still be sending what nobody reads: a
    /// reset would then take away the answer that it has not read yet (RFC 9112, section 9.6).
    pub(crate) fn must_linger(&self) -> bool {
        let io = self.io.borrow();
        !self.left.get()
            && io.stream.as_ref().is_some_and(|stream| !stream.buffer().is_empty() || !io.codec.request_body_done())
    }

    /// Sends the end of what we have to say.
    pub(crate) fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<()> {
        let io = &mut *self.io.borrow_mut();
        let Some(stream) = &mut io.stream else { return Poll::Ready(()) };
        if ready!(self.poll_send(stream, context, true)).is_err() {
            return Poll::Ready(());
        }
        stream.poll_close_write(context).map(drop)
    }

    /// Reads and forgets what still comes; ready once `budget` bytes came or the client ended.
    pub(crate) fn poll_linger(&self, context: &mut Context<'_>, budget: &mut usize) -> Poll<()> {
        let mut io = self.io.borrow_mut();
        let Some(stream) = &mut io.stream else { return Poll::Ready(()) };
        loop {
            stream.consume(stream.buffer().len());
            match stream.poll_fill(context) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(bytes)) if bytes >= *budget => return Poll::Ready(()),
                Poll::Ready(Ok(bytes)) => *budget -= bytes,
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Closes the connection, however it came to its end and whoever still has a handle to it.
    pub(crate) fn shut(&self) {
        self.exchange.set(self.exchange.get().wrapping_add(1));
        let (stream, partial) = {
            let mut io = self.io.borrow_mut();
            (io.stream.take(), io.partial.take())
        };
        drop((stream, partial, self.watchers.take(), self.driver.take()));
        self.wake_others();
    }
}
