//! The response: its head, its body part by part, and what follows it.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::StatusCode;

use super::{ClientConnection, Upload};
use crate::client::{HttpClientError, InformationalHook};
use crate::error::{ProtocolError, ProtocolErrorKind};
use crate::http1::ResponseHead;

/// A response that is given up is read to its end if at most so many bytes of it are here already.
const DISCARDED_MAX: usize = 64 * 1024;

impl ClientConnection {
    /// The head of the final response; those before it are shown to `on_informational`.
    pub(crate) fn poll_head(
        &mut self,
        context: &mut Context<'_>,
        head: &mut ResponseHead,
        on_informational: &mut Option<InformationalHook>,
    ) -> Poll<Result<(), HttpClientError>> {
        loop {
            self.poll_send(context)?;
            while self.unseen {
                let Some(consumed) = self.codec.read_head(self.stream.buffer(), head)? else {
                    self.unseen = false;
                    break;
                };
                self.stream.consume(consumed);
                self.unseen = !self.stream.buffer().is_empty();
                let status = head.status();
                if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
                    if let Upload::Held(..) = self.upload {
                        // It has decided without the body, and does not get it.
                        self.abandon_upload();
                    }
                    return Poll::Ready(Ok(()));
                }
                if let Some(tell) = on_informational {
                    tell(head);
                }
                if status == StatusCode::CONTINUE {
                    self.release_body()?;
                    self.poll_send(context)?;
                }
            }
            ready!(self.poll_more(context))?;
        }
    }

    /// As [`poll_head`](Self::poll_head), for one who has nothing else to do.
    pub(crate) async fn head(
        &mut self,
        head: &mut ResponseHead,
        on_informational: &mut Option<InformationalHook>,
    ) -> Result<(), HttpClientError> {
        poll_fn(|context| self.poll_head(context, head, on_informational)).await
    }

    /// The next part of the body; `None` at its end.
    pub(crate) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, HttpClientError>> {
        loop {
            self.poll_send(context)?;
            if self.codec.response_done() {
                return Poll::Ready(Ok(None));
            }
            let (consumed, chunk) = self.read_body()?;
            if chunk.is_some() {
                return Poll::Ready(Ok(chunk));
            }
            if consumed == 0 && !self.codec.response_done() {
                ready!(self.poll_more(context))?;
            }
        }
    }

    /// Takes what is there of the body off the buffer.
    fn read_body(&mut self) -> Result<(usize, Option<Bytes>), HttpClientError> {
        let read = match self.codec.read_body(self.stream.buffer()) {
            Ok(read) => read,
            Err(error) => return Err(self.body_error(error)),
        };
        let chunk = (!read.data.is_empty()).then(|| Bytes::copy_from_slice(&self.stream.buffer()[read.data]));
        self.stream.consume(read.consumed);
        Ok((read.consumed, chunk))
    }

    /// Reads once from the stream; its end is an error, unless it is what ends the body.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<Result<(), HttpClientError>> {
        if std::mem::take(&mut self.looked) {
            return Poll::Pending;
        }
        match ready!(self.stream.poll_fill(context)) {
            Ok(0) => Poll::Ready(self.codec.end_of_stream().map_err(|_| self.closed())),
            Ok(_) => {
                self.unseen = true;
                self.heard = true;
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }

    /// What is said of a response that the connection's end has cut short.
    fn closed(&self) -> HttpClientError {
        let cause = self.stream.error().map(|error| std::io::Error::new(error.kind(), error.to_string()).into());
        HttpClientError::Closed { cause }
    }

    fn body_error(&self, error: ProtocolError) -> HttpClientError {
        match error.kind() {
            ProtocolErrorKind::BodyTooLarge => HttpClientError::BodyTooLarge { limit: self.codec.max_body_size() },
            _ => error.into(),
        }
    }

    /// Reads and forgets what of the body is here already, without waiting for more, so that a response
    /// that nobody reads to its end need not cost the connection.
    pub(crate) fn discard(&mut self) {
        let mut budget = DISCARDED_MAX;
        let context = &mut Context::from_waker(Waker::noop());
        while !self.codec.response_done() && budget > 0 {
            match self.codec.read_body(self.stream.buffer()) {
                Ok(read) if read.consumed > 0 => {
                    self.stream.consume(read.consumed);
                    budget = budget.saturating_sub(read.consumed);
                }
                Ok(_) if matches!(self.poll_more(context), Poll::Ready(Ok(()))) => {}
                _ => return,
            }
        }
    }

    /// Whether the server has only said that it would not wait for a request any longer, as it closed a
    /// connection that was idle: it has not seen the one that was on its way (RFC 9110, section 15.5.9).
    pub(crate) fn is_turned_away(&self, head: &ResponseHead) -> bool {
        head.status() == StatusCode::REQUEST_TIMEOUT && self.is_reused() && !self.codec.keep_alive()
    }

    /// Whether the response is complete.
    pub(crate) fn response_done(&self) -> bool {
        self.codec.response_done()
    }

    /// The bytes of the body still to come; `None` if that is not known.
    pub(crate) fn body_left(&self) -> Option<u64> {
        self.codec.response_body_left()
    }

    /// The fields that came after the body: complete lines, each with its CRLF.
    pub(crate) fn trailers(&self) -> &[u8] {
        self.codec.response_trailers()
    }

    pub(crate) fn set_max_body_size(&mut self, bytes: u64) {
        self.codec.set_max_body_size(bytes);
    }

    /// Whether the stream is another protocol's now: after 101, or CONNECT that was granted.
    pub(crate) fn is_switched(&self, head: &ResponseHead) -> bool {
        self.codec.is_switched() || self.method_is_connect && head.status().is_success()
    }

    /// Gives up what is still to be sent; no other request can follow it.
    fn abandon_upload(&mut self) {
        self.upload = Upload::Done;
        self.deaf = true;
    }
}
