//! The answer: its parts put in the output, and the output sent as the client's window allows.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use firewhirl_event::StreamError;
use h2::Reason;
use http::{HeaderMap, Response, StatusCode, header};

use super::super::fields;
use super::{Answer, Expired, Io, Stream};
use crate::channel::{Channel, OUTPUT_MAX};
use crate::error::OutputError;
use crate::headers::Headers;
use crate::http_connection::ResponseError;
use crate::http1::{BodyLength, BodyWriter, outgoing_length};

/// A closed stream, for what can say no more of it.
fn closed() -> StreamError {
    StreamError::Closed { cause: None }
}

impl Stream {
    pub(super) fn put_head(&self, status: StatusCode, headers: &Headers) -> Result<(), ResponseError> {
        let io = &mut *self.io.borrow_mut();
        let io = io.as_mut().ok_or(ResponseError::Closed)?;
        if self.answer.get() != Answer::Unanswered {
            return Err(OutputError::HeadTwice.into());
        }
        if headers.contains("Transfer-Encoding") {
            return Err(OutputError::TransferEncoding.into());
        }
        if status.is_informational() {
            return io.send_informational(status, fields::to_map(headers));
        }
        let length = match headers.get_bytes("Content-Length") {
            Some(value) => Some(outgoing_length(value).ok_or(OutputError::ContentLength)?),
            None => None,
        };
        let (writer, forbids_length) = io.body_writer(status, length);
        let mut map = fields::to_map(headers);
        if forbids_length {
            map.remove(header::CONTENT_LENGTH);
        }
        io.writer = writer;
        io.head = Some(response(status, map));
        self.answer.set(Answer::HeadWritten);
        Ok(())
    }

    pub(super) fn put_body(&self, length: usize, put: impl FnOnce(&mut Io)) -> Result<(), ResponseError> {
        let io = &mut *self.io.borrow_mut();
        let io = io.as_mut().ok_or(ResponseError::Closed)?;
        if io.output.len() > OUTPUT_MAX {
            self.connection.worker.counters.outputs_full.increment();
            return Err(ResponseError::Full { limit: OUTPUT_MAX });
        }
        match self.answer.get() {
            Answer::Unanswered => return Err(OutputError::NoHead.into()),
            Answer::Finished => return Err(OutputError::AfterEnd.into()),
            Answer::HeadWritten => {}
        }
        // Frames are `h2`'s to write; here is counted what may go into them.
        if io.writer.write_prefix(&mut Vec::new(), length)? {
            put(io);
        }
        Ok(())
    }

    pub(super) fn put_end(&self, trailers: Option<&Headers>) -> Result<(), ResponseError> {
        let io = &mut *self.io.borrow_mut();
        let io = io.as_mut().ok_or(ResponseError::Closed)?;
        match self.answer.get() {
            Answer::Unanswered => return Err(OutputError::NoHead.into()),
            Answer::Finished => return Err(OutputError::AfterEnd.into()),
            Answer::HeadWritten => {}
        }
        let ended = io.writer.write_end(&mut Vec::new(), b"");
        if ended.is_err() {
            // What was promised is not what was sent: only a reset can tell the client.
            self.broken.set(true);
        }
        io.trailers = trailers.filter(|_| !io.is_head).map(fields::to_trailers).filter(|map| !map.is_empty());
        self.answer.set(Answer::Finished);
        self.tasks.wake();
        Ok(ended?)
    }

    /// Has the answer end as it stands, so that its client sees that it is not whole.
    pub(super) fn break_off(&self) {
        if !self.is_finished() {
            self.broken.set(true);
            self.answer.set(Answer::Finished);
            self.tasks.wake();
        }
    }

    /// Sends what was written, and waits until it is on its way.
    pub(super) fn poll_send_all(&self, context: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let sent = match self.poll_give(context) {
            // A stream that was reset takes nothing, whatever is left to be sent.
            _ if self.is_closed() => Poll::Ready(Err(closed())),
            Poll::Ready(Ok(given_at)) => match given_at {
                Some(at) if self.connection.flushes() <= at && !self.connection.is_gone() => {
                    self.connection.wait_for_flush(context)
                }
                _ if self.connection.is_gone() => Poll::Ready(Err(closed())),
                _ => Poll::Ready(Ok(())),
            },
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        };
        self.in_time(sent)
    }

    /// Gives `h2` all that was written, which it sends by itself.
    pub(super) fn poll_give_all(&self, context: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let given = match self.poll_give(context) {
            _ if self.is_closed() => Poll::Ready(Err(closed())),
            given => given.map_ok(drop),
        };
        self.in_time(given)
    }

    /// Has patience with the client while it takes nothing of what was written, and sees to it that it ends.
    fn in_time(&self, sent: Poll<Result<(), StreamError>>) -> Poll<Result<(), StreamError>> {
        if let Poll::Ready(sent) = sent {
            self.writing.end();
            return Poll::Ready(sent.inspect_err(|_| self.client_left()));
        }
        if self.expired.get() == Some(Expired::Write) {
            self.reset(Reason::CANCEL);
            self.client_left();
            return Poll::Ready(Err(closed()));
        }
        let worker = &self.connection.worker;
        self.writing.begin(&worker.ticks, worker.write_patience);
        Poll::Pending
    }

    /// Sends what can be sent, beside other work.
    pub(super) fn send_beside(&self, context: &mut Context<'_>) {
        if let Poll::Ready(Err(_)) = self.poll_give(context) {
            self.client_left();
        }
    }

    /// Gives `h2` what was written, as far as the client's window allows; then tells when the last was given.
    fn poll_give(&self, context: &mut Context<'_>) -> Poll<Result<Option<u64>, StreamError>> {
        let io = &mut *self.io.borrow_mut();
        let Some(io) = io else { return Poll::Ready(Err(closed())) };
        let before = (io.output.len(), io.head.is_none(), io.ended);
        let finished = self.is_finished() && !self.broken.get();
        let given = io.poll_give(finished, context);
        if before != (io.output.len(), io.head.is_none(), io.ended) {
            io.given_at = Some(self.connection.flushes());
            let worker = &self.connection.worker;
            self.writing.progress(&worker.ticks, worker.write_patience, before.0 - io.output.len());
        }
        match ready!(given) {
            Ok(()) => Poll::Ready(Ok(io.given_at)),
            Err(_) => Poll::Ready(Err(closed())),
        }
    }
}

impl Io {
    fn send_informational(&mut self, status: StatusCode, map: HeaderMap) -> Result<(), ResponseError> {
        // RFC 9113, section 8.6: "HTTP/2 removes support for the 101 (Switching Protocols) informational
        // status code".
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(OutputError::UnaskedSwitch.into());
        }
        let respond = self.respond.as_mut().ok_or(ResponseError::Closed)?;
        self.continue_wanted &= status != StatusCode::CONTINUE;
        respond.send_informational(response(status, map)).map_err(|_| ResponseError::Closed)
    }

    /// Tells the client to send its body, if it waits for that.
    pub(super) fn write_continue(&mut self) {
        if self.continue_wanted {
            // A stream that is gone needs none.
            let _ = self.send_informational(StatusCode::CONTINUE, HeaderMap::new());
            self.continue_wanted = false;
        }
    }

    /// What the body of an answer may be, and whether its length may not be told (RFC 9110, sections 8.6
    /// and 9.3.6).
    fn body_writer(&self, status: StatusCode, length: Option<u64>) -> (BodyWriter, bool) {
        let without_body = BodyWriter::without_body(status);
        match (status, length) {
            (StatusCode::NO_CONTENT, _) => (without_body, true),
            (StatusCode::NOT_MODIFIED, _) => (without_body, false),
            _ if self.is_connect && status.is_success() => (BodyWriter::new(BodyLength::UntilClose), true),
            _ if self.is_head => (BodyWriter::dropping(), false),
            (StatusCode::RESET_CONTENT, None | Some(0)) => (without_body, false),
            (_, Some(length)) => (BodyWriter::new(BodyLength::Length(length)), false),
            (_, None) => (BodyWriter::new(BodyLength::UntilClose), false),
        }
    }

    /// Gives `h2` the head, as much of the body as the window allows, and the end once all is written.
    fn poll_give(&mut self, finished: bool, context: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        let ends_with_body = finished && self.trailers.is_none();
        if let (Some(head), Some(respond)) = (self.head.take(), &mut self.respond) {
            self.ended = ends_with_body && self.output.is_empty();
            self.send = Some(respond.send_response(head, self.ended)?);
            self.respond = None;
        }
        let Some(send) = &mut self.send else { return Poll::Ready(Ok(())) };
        self.ended |= ready!(self.output.poll_give(send, ends_with_body, context))?;
        if finished && !self.ended {
            self.ended = true;
            match self.trailers.take() {
                Some(trailers) => send.send_trailers(trailers)?,
                None => send.send_data(Bytes::new(), true)?,
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn response(status: StatusCode, headers: HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
