//! One request to an application over a pair in memory, and its response: HTTP/1.1 on the way, so that
//! an application answers here as it does on a socket.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use firewhirl_event::{Error, IoStream};
use firewhirl_http::http1::{ClientCodec, ResponseHead};
use firewhirl_http::{Headers, Limits};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http_body::Body;

use super::{BoxError, ServiceError};

/// A part of the request's body is taken only while no more than this many bytes wait to be sent.
const AHEAD_MAX: usize = 64 * 1024;

/// The client's end of the pair.
pub(super) struct Conversation<Sent> {
    stream: IoStream,
    codec: ClientCodec,
    /// `None` once it is sent.
    body: Option<Pin<Box<Sent>>>,
}

impl<Sent> Conversation<Sent>
where
    Sent: Body,
    Sent::Error: Into<BoxError>,
{
    /// Begins with the request's head.
    pub(super) fn begin(mut stream: IoStream, request: http::Request<Sent>) -> Result<Self, Error> {
        let (head, body) = request.into_parts();
        let mut codec = ClientCodec::new(Limits::default().max_body_size(u64::MAX));
        let mut headers = Headers::new();
        let host = match head.headers.get(HOST) {
            Some(host) => host.as_bytes().to_vec(),
            None => head.uri.authority().map_or("localhost", |authority| authority.as_str()).into(),
        };
        headers.set("Host", &host[..])?;
        for (name, value) in &head.headers {
            if ![HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name) {
                headers.add(name.as_str(), value.as_bytes())?;
            }
        }
        match body.size_hint().exact() {
            Some(0) if body.is_end_stream() => {}
            Some(length) => headers.set("Content-Length", length)?,
            None => headers.set("Transfer-Encoding", "chunked")?,
        }
        headers.set("Connection", "close")?;
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        codec.write_head(stream.output(), &head.method, target, &headers)?;
        Ok(Self { stream, codec, body: Some(Box::pin(body)) })
    }

    /// The response's head; the request's body is sent meanwhile.
    pub(super) fn poll_head(&mut self, task: &mut Context<'_>, head: &mut ResponseHead) -> Poll<Result<(), Error>> {
        loop {
            self.poll_send(task)?;
            if let Some(consumed) = self.codec.read_head(self.stream.buffer(), head)? {
                self.stream.consume(consumed);
                if !head.status().is_informational() {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            match self.stream.poll_fill(task) {
                Poll::Ready(Ok(0) | Err(_)) => {
                    self.codec.end_of_stream()?;
                    // It says so where a response was due, which it was.
                    return Poll::Ready(Err(Error::message("the application ended without an answer")));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The next part of the response's body, `None` at its end.
    pub(super) fn poll_data(&mut self, task: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            self.poll_send(task)?;
            if self.codec.response_done() {
                return Poll::Ready(Ok(None));
            }
            let read = self.codec.read_body(self.stream.buffer())?;
            let data = Bytes::copy_from_slice(&self.stream.buffer()[read.data]);
            self.stream.consume(read.consumed);
            if !data.is_empty() {
                return Poll::Ready(Ok(Some(data)));
            }
            if read.consumed > 0 || read.done {
                continue;
            }
            match self.stream.poll_fill(task) {
                Poll::Ready(Ok(0) | Err(_)) => self.codec.end_of_stream()?,
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Whether the response is complete.
    pub(super) fn is_done(&self) -> bool {
        self.codec.response_done()
    }

    /// Sends of the request what can be sent now.
    fn poll_send(&mut self, task: &mut Context<'_>) -> Result<(), Error> {
        loop {
            if self.stream.pending_write() > 0
                && let Poll::Ready(Err(_)) = self.stream.poll_flush(task)
            {
                // An application may answer without having read it all.
                self.body = None;
            }
            let Some(body) = &mut self.body else { return Ok(()) };
            if self.stream.pending_write() > AHEAD_MAX {
                return Ok(());
            }
            let Poll::Ready(frame) = body.as_mut().poll_frame(task) else { return Ok(()) };
            match frame {
                Some(Ok(frame)) => {
                    let Ok(mut data) = frame.into_data() else { continue };
                    while data.has_remaining() {
                        let chunk = data.chunk();
                        self.codec.write_body(self.stream.output(), chunk)?;
                        let length = chunk.len();
                        data.advance(length);
                    }
                }
                Some(Err(error)) => return Err(ServiceError::from_cause(error).into()),
                None => {
                    self.codec.write_end(self.stream.output(), None)?;
                    self.body = None;
                }
            }
        }
    }
}
