//! The answer: its parts put in the output, and the output sent.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use firewhirl_event::{IoStream, StreamError};
use http::StatusCode;

use super::{Link, Phase};
use crate::channel::{Answer, Channel, OUTPUT_MAX};
use crate::error::OutputError;
use crate::headers::Headers;
use crate::http_connection::ResponseError;
use crate::http1::ServerCodec;
use crate::serving::bare_fields;

/// A chunk of an answer at least this long is not copied into the output.
const UNCOPIED_MIN: usize = 32 * 1024;

/// An unread request body is read to its end, to keep the connection, if at most this much is left.
const DISCARDED_MAX: u64 = 64 * 1024;

/// A closed stream, for what can say no more of it.
fn closed() -> StreamError {
    StreamError::Closed { cause: None }
}

impl Link {
    pub(super) fn put_head(
        &self,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
    ) -> Result<(), ResponseError> {
        let io = &mut *self.io.borrow_mut();
        let stream = io.stream.as_mut().ok_or(ResponseError::Closed)?;
        self.see_whether_to_close(&mut io.codec);
        io.codec.write_head(stream.output(), status, reason, headers)?;
        if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
            self.answer.set(Answer::HeadWritten);
        }
        Ok(())
    }

    /// Has the connection end with the answer that is to come, if it must, so that its head says so.
    #[inline]
    fn see_whether_to_close(&self, codec: &mut ServerCodec) {
        // A body that nobody read stands between this answer and the next request. If it is not
        // short, the connection ends here.
        if codec.request_body_left().is_none_or(|left| left > DISCARDED_MAX)
            || self.worker.options.no_keep_alive
            || self.worker.is_draining()
        {
            codec.close_after_this();
        }
    }

    /// Puts a whole answer in the output at once; `false`, and nothing is put, if it takes more than that.
    pub(super) fn put_whole(
        &self,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
        body: &[u8],
    ) -> Result<bool, ResponseError> {
        let io = &mut *self.io.borrow_mut();
        let stream = io.stream.as_mut().ok_or(ResponseError::Closed)?;
        self.see_whether_to_close(&mut io.codec);
        if stream.pending_write() > OUTPUT_MAX
            || !io.codec.write_whole(stream.output(), status, reason, headers, body)?
        {
            return Ok(false);
        }
        self.answer.set(Answer::Finished);
        self.tasks.wake();
        Ok(true)
    }

    pub(super) fn put_body(&self, chunk: &[u8]) -> Result<(), ResponseError> {
        let io = &mut *self.io.borrow_mut();
        let stream = self.writable(&mut io.stream)?;
        Ok(io.codec.write_body(stream.output(), chunk)?)
    }

    /// The stream, if a part of the answer may be put in its output.
    #[inline]
    fn writable<'stream>(&self, stream: &'stream mut Option<IoStream>) -> Result<&'stream mut IoStream, ResponseError> {
        let stream = stream.as_mut().ok_or(ResponseError::Closed)?;
        if stream.pending_write() > OUTPUT_MAX {
            self.worker.counters.outputs_full.increment();
            return Err(ResponseError::Full { limit: OUTPUT_MAX });
        }
        if self.is_finished() { Err(OutputError::AfterEnd.into()) } else { Ok(stream) }
    }

    pub(super) fn put_body_bytes(&self, chunk: Bytes) -> Result<(), ResponseError> {
        if chunk.len() < UNCOPIED_MIN {
            return self.put_body(&chunk);
        }
        let io = &mut *self.io.borrow_mut();
        let stream = self.writable(&mut io.stream)?;
        if io.codec.write_chunk_prefix(stream.output(), chunk.len())? {
            stream.write_bytes(chunk);
            io.codec.write_chunk_suffix(stream.output());
        }
        Ok(())
    }

    pub(super) fn put_end(&self, trailers: Option<&Headers>) -> Result<(), ResponseError> {
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
        self.tasks.wake();
        Ok(ended?)
    }

    /// Ends the answer as it stands, and with it the connection: its client sees that it is not whole.
    pub(super) fn break_off(&self) {
        if !self.is_finished() {
            self.close_after_this();
            self.answer.set(Answer::Finished);
            self.tasks.wake();
        }
    }

    /// Sends what was written.
    pub(super) fn poll_send_all(&self, context: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.tasks.poll_for(context, |context| {
            let io = &mut *self.io.borrow_mut();
            let Some(stream) = &mut io.stream else { return Poll::Ready(Err(closed())) };
            let sent = if self.gone.get() { Err(closed()) } else { ready!(self.poll_send(stream, context, true)) };
            Poll::Ready(sent.inspect_err(|_| self.client_gone()))
        })
    }

    /// Sends what is in the output. Where somebody waits for that, patience with the client begins, and
    /// every byte that it takes buys some back.
    pub(super) fn poll_send(
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
    pub(super) fn poll_send_beside(&self, stream: &mut IoStream, context: &mut Context<'_>) -> Result<(), StreamError> {
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

    pub(super) fn take_stream(&self) -> Result<IoStream, ResponseError> {
        let stream = self.io.borrow_mut().stream.take().ok_or(ResponseError::Closed)?;
        self.answer.set(Answer::Finished);
        self.tasks.wake();
        let limits = stream.limits();
        Ok(stream.with_limits(limits.max_write_buffer_size(OUTPUT_MAX)))
    }

    /// Answers what could not be read as a request, or not in time.
    pub(crate) fn refuse(&self, status: StatusCode) {
        let io = &mut *self.io.borrow_mut();
        if let Some(stream) = &mut io.stream {
            io.codec.write_error(stream.output(), status, &bare_fields());
        }
    }
}
