//! The response: its head, its body part by part, and what follows it. The server's window is given back as
//! the body is read, so that a slow reader slows its server down.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;

use super::{ClientStream, failed, lines_of};
use crate::client::{HttpClientError, InformationalHook};
use crate::error::{ProtocolError, ProtocolErrorKind};
use crate::http1::{BodyReader, ResponseHead};

/// More informational responses than a client waits through.
const INFORMATIONAL_MAX: usize = 100;

impl ClientStream {
    /// The head of the final response; those before it are shown to `on_informational`.
    pub(crate) fn poll_head(
        &mut self,
        context: &mut Context<'_>,
        head: &mut ResponseHead,
        on_informational: &mut Option<InformationalHook>,
    ) -> Poll<Result<(), HttpClientError>> {
        self.poll_send(context)?;
        while let Some(informational) = self.poll_informational(context)? {
            self.heard = true;
            self.informational += 1;
            if self.informational > INFORMATIONAL_MAX {
                return Poll::Ready(Err(ProtocolError::new(ProtocolErrorKind::TooManyInformational, b"").into()));
            }
            let status = informational.status();
            head.translate(status, informational.headers(), &self.method, true, &self.limits)?;
            if let Some(tell) = on_informational {
                tell(head);
            }
            if status == StatusCode::CONTINUE {
                self.release_body()?;
                self.poll_send(context)?;
            }
        }
        let Some(response) = &mut self.response else {
            return Poll::Ready(Err(HttpClientError::Closed { cause: None }));
        };
        let (parts, body) = ready!(Pin::new(response).poll(context)).map_err(failed)?.into_parts();
        self.response = None;
        self.heard = true;
        self.abandon_held_body();
        let ended = body.is_end_stream();
        head.translate(parts.status, &parts.headers, &self.method, ended, &self.limits)?;
        self.reader = BodyReader::new(head.body_length(), &self.limits);
        self.done = ended;
        self.body = Some(body);
        Poll::Ready(Ok(()))
    }

    /// A response before the final one, if there is one now.
    fn poll_informational(&mut self, context: &mut Context<'_>) -> Result<Option<http::Response<()>>, HttpClientError> {
        let Some(response) = &mut self.response else { return Ok(None) };
        match response.poll_informational(context) {
            Poll::Ready(Some(Ok(informational))) => Ok(Some(informational)),
            // What is wrong the response itself will say.
            Poll::Ready(Some(Err(_)) | None) | Poll::Pending => Ok(None),
        }
    }

    /// The next part of the body; `None` at its end.
    pub(crate) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, HttpClientError>> {
        self.poll_send(context)?;
        loop {
            if self.done {
                return Poll::Ready(Ok(None));
            }
            let Some(body) = &mut self.body else { return Poll::Ready(Err(HttpClientError::Closed { cause: None })) };
            if !self.reader.is_done() {
                let read = match self.reader.read(&self.chunk, &self.limits) {
                    Ok(read) => read,
                    Err(error) => return Poll::Ready(Err(self.body_error(error))),
                };
                if read.consumed > 0 {
                    let chunk = self.chunk.split_to(read.consumed);
                    // What the reader has, the server may send again. It fails once the stream is gone.
                    let _ = body.flow_control().release_capacity(chunk.len());
                    self.done = self.chunk.is_empty() && body.is_end_stream();
                    return Poll::Ready(Ok(Some(chunk)));
                }
            }
            match ready!(body.poll_data(context)) {
                Some(Ok(chunk)) => {
                    // A response without a body has none, and an empty frame is nothing to hand over.
                    let _ = body.flow_control().release_capacity(if self.reader.is_done() { chunk.len() } else { 0 });
                    self.chunk = chunk;
                    self.done = self.chunk.is_empty() && body.is_end_stream();
                }
                None => {
                    let trailers = ready!(body.poll_trailers(context)).map_err(failed)?;
                    self.trailers = trailers.as_ref().map(lines_of).unwrap_or_default();
                    self.reader.end_of_stream().map_err(HttpClientError::from)?;
                    self.done = true;
                }
                Some(Err(error)) => return Poll::Ready(Err(failed(error))),
            }
        }
    }

    fn body_error(&self, error: ProtocolError) -> HttpClientError {
        match error.kind() {
            ProtocolErrorKind::BodyTooLarge => HttpClientError::BodyTooLarge { limit: self.reader.max_size() },
            _ => error.into(),
        }
    }

    /// Whether the response is complete.
    pub(crate) fn response_done(&self) -> bool {
        self.done
    }

    /// The bytes of the body still to come; `None` if that is not known.
    pub(crate) fn body_left(&self) -> Option<u64> {
        if self.done { Some(0) } else { self.reader.left() }
    }

    /// The fields that came after the body: complete lines, each with its CRLF.
    pub(crate) fn trailers(&self) -> &[u8] {
        &self.trailers
    }

    pub(crate) fn set_max_body_size(&mut self, bytes: u64) {
        self.reader.set_max_size(bytes);
    }
}
