//! The body of a request that is made while it is sent: Tornado's `body_producer`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use firewhirl_event::{Error, IoStream, Result, StreamError};
use firewhirl_http::http1::ClientCodec;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::fetch_error::FetchErrorKind;

/// What a test's body is written to, part by part; see [`Fetch::body_producer`](crate::Fetch::body_producer).
#[derive(Clone)]
pub struct BodyWriter {
    parts: Sender<Bytes>,
}

impl BodyWriter {
    /// Sends a part of the body, by itself: in a chunk of its own, unless the request has a
    /// `Content-Length`.
    ///
    /// It waits until the part before it has left.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] if the answer is complete already, so that nobody wants the rest.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the part is not sent.
    pub async fn write(&self, part: impl Into<Bytes>) -> Result<(), StreamError> {
        self.parts.send(part.into()).await.map_err(|_| StreamError::Closed { cause: None })
    }
}

impl fmt::Debug for BodyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyWriter")
    }
}

/// Makes a body.
pub(crate) type Producer = Box<dyn FnOnce(BodyWriter) -> Pin<Box<dyn Future<Output = Result>>>>;

/// A body under way: what makes it, and what it has made.
pub(crate) struct Outgoing {
    producing: Option<Pin<Box<dyn Future<Output = Result>>>>,
    /// `None` once the end was sent.
    parts: Option<Receiver<Bytes>>,
}

impl Outgoing {
    /// No body, or one that was sent already.
    pub(crate) fn nothing() -> Self {
        Self { producing: None, parts: None }
    }

    pub(crate) fn begin(producer: Producer) -> Self {
        let (sender, parts) = channel(1);
        Self { producing: Some(producer(BodyWriter { parts: sender })), parts: Some(parts) }
    }

    /// Goes on making and sending as far as it gets.
    ///
    /// A stream that cannot be written to any more is no error: the server may have answered without
    /// waiting for the rest, and that answer counts.
    pub(crate) fn advance(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut IoStream,
        codec: &mut ClientCodec,
    ) -> Result<(), FetchErrorKind> {
        loop {
            if let Some(producing) = &mut self.producing
                && let Poll::Ready(ended) = producing.as_mut().poll(cx)
            {
                self.producing = None;
                ended.or_else(unless_nobody_wants_it).map_err(FetchErrorKind::Body)?;
            }
            // One part at a time, so that who writes waits for a slow server.
            let is_sent = stream.poll_flush(cx).is_ready();
            let Some(parts) = self.parts.as_mut().filter(|_| is_sent) else { return Ok(()) };
            let mut output = Vec::new();
            match parts.poll_recv(cx) {
                Poll::Ready(Some(part)) => codec.write_body(&mut output, &part)?,
                Poll::Ready(None) if self.producing.is_none() => {
                    self.parts = None;
                    codec.write_end(&mut output, None)?;
                }
                Poll::Ready(None) | Poll::Pending => return Ok(()),
            }
            stream.write_bytes(output.into());
        }
    }
}

/// A producer may end with the error of its last write.
fn unless_nobody_wants_it(error: Error) -> Result {
    match error.find::<StreamError>() {
        Some(StreamError::Closed { .. }) => Ok(()),
        _ => Err(error),
    }
}
