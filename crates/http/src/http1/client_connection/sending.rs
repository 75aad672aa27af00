//! The request: its head, and its body whole or as somebody writes it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::Sleep;

use super::ClientConnection;
use crate::client::{BodyReceiver, CONTINUE_PATIENCE, HttpClientError, OutgoingBody, OutgoingRequest};
use crate::error::OutputError;
use crate::headers::Headers;
use crate::limits::Limits;

/// A body's next part is asked for while fewer bytes than this wait to be sent.
const OUTPUT_LOW: usize = 64 * 1024;

/// A chunk of a body at least this long is not copied into the output.
const UNCOPIED_MIN: usize = 32 * 1024;

/// What is still to be sent of a request's body.
pub(super) enum Upload {
    Done,
    /// The server has been asked whether it wants it.
    Held(OutgoingBody, Pin<Box<Sleep>>),
    Streaming(BodyReceiver),
}

impl ClientConnection {
    /// Queues a request; the first poll for its response sends it. Of the request a streamed body is
    /// taken, all else stays, to be sent again if need be.
    pub(crate) fn begin(&mut self, request: &mut OutgoingRequest, limits: &Limits) -> Result<(), OutputError> {
        self.codec.set_limits(request.limits.as_ref().unwrap_or(limits).clone());
        self.codec.write_head(self.stream.output(), &request.method, &request.wire_target(), &request.headers)?;
        self.unseen = false;
        self.heard = false;
        self.method_is_connect = request.method == http::Method::CONNECT;
        self.requests += 1;
        self.idle_since = None;
        let body = match &mut request.body {
            OutgoingBody::Empty => OutgoingBody::Empty,
            OutgoingBody::Whole(body) => OutgoingBody::Whole(body.clone()),
            stream @ OutgoingBody::Stream(_) => std::mem::take(stream),
        };
        if request.expect_100_continue && !matches!(body, OutgoingBody::Empty) {
            self.upload = Upload::Held(body, Box::pin(tokio::time::sleep(CONTINUE_PATIENCE)));
            return Ok(());
        }
        self.begin_body(body)
    }

    /// Queues the body, or what there is of it.
    fn begin_body(&mut self, body: OutgoingBody) -> Result<(), OutputError> {
        self.upload = Upload::Done;
        match body {
            OutgoingBody::Stream(stream) => {
                self.upload = Upload::Streaming(stream.begin());
                return Ok(());
            }
            OutgoingBody::Whole(body) => self.write_part(body)?,
            OutgoingBody::Empty => {}
        }
        self.codec.write_end(self.stream.output(), None)
    }

    fn write_part(&mut self, part: Bytes) -> Result<(), OutputError> {
        if part.len() < UNCOPIED_MIN {
            return self.codec.write_body(self.stream.output(), &part);
        }
        if self.codec.write_chunk_prefix(self.stream.output(), part.len())? {
            self.stream.write_bytes(part);
            self.codec.write_chunk_suffix(self.stream.output());
        }
        Ok(())
    }

    /// The server wants the body that it was asked about.
    pub(super) fn release_body(&mut self) -> Result<(), OutputError> {
        match std::mem::replace(&mut self.upload, Upload::Done) {
            Upload::Held(body, _) => self.begin_body(body),
            other => {
                self.upload = other;
                Ok(())
            }
        }
    }

    /// Sends what there is to send. A server that takes no more is no error here: it may have answered
    /// already.
    pub(super) fn poll_send(&mut self, context: &mut Context<'_>) -> Result<(), HttpClientError> {
        loop {
            let was_full = self.stream.pending_write() >= OUTPUT_LOW;
            match &mut self.upload {
                Upload::Held(_, patience) => {
                    if patience.as_mut().poll(context).is_ready() {
                        self.release_body()?;
                        continue;
                    }
                }
                Upload::Streaming(body) if !was_full => match body.poll_chunk(context) {
                    Poll::Ready(Ok(Some(part))) => {
                        self.write_part(part)?;
                        continue;
                    }
                    Poll::Ready(Ok(None)) => {
                        let trailers = body.take_trailers();
                        self.upload = Upload::Done;
                        self.codec.write_end(self.stream.output(), trailers.as_ref().map(Headers::as_bytes))?;
                    }
                    Poll::Ready(Err(error)) => return Err(HttpClientError::Body(error)),
                    Poll::Pending => {}
                },
                Upload::Streaming(_) | Upload::Done => {}
            }
            if !self.stream.writing() {
                return Ok(());
            }
            match self.stream.poll_flush(context) {
                Poll::Ready(Ok(())) if was_full => {}
                Poll::Ready(Ok(())) | Poll::Pending => return Ok(()),
                Poll::Ready(Err(_)) => {
                    self.deaf = true;
                    self.upload = Upload::Done;
                    return Ok(());
                }
            }
        }
    }
}
