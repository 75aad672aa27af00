//! The request: its head, and its body whole or as somebody writes it, as the server's window allows.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, Method, Request, Uri, Version, header};
use tokio::time::Sleep;

use super::super::fields;
use super::{ClientStream, failed};
use crate::client::{BodyReceiver, CONTINUE_PATIENCE, HttpClientError, OutgoingBody, OutgoingRequest};
use crate::error::OutputError;
use crate::http1::{BodyLength, BodyWriter, outgoing_length};
use crate::limits::Limits;

/// A body's next part is asked for while fewer bytes than this wait to be sent.
const OUTPUT_LOW: usize = 64 * 1024;

/// What is still to be sent of a request's body.
pub(super) enum Upload {
    Done,
    /// All of it is in the output.
    Ending,
    /// The server has been asked whether it wants it.
    Held(OutgoingBody, Pin<Box<Sleep>>),
    Streaming(BodyReceiver),
}

impl ClientStream {
    /// Opens the stream with the request's head. Of the request a streamed body is taken, all else
    /// stays, to be sent again if need be.
    pub(crate) fn begin(&mut self, request: &mut OutgoingRequest, limits: &Limits) -> Result<(), HttpClientError> {
        self.limits = request.limits.as_ref().unwrap_or(limits).clone();
        self.method = request.method.clone();
        let head = head(request)?;
        let length = head.headers().get(header::CONTENT_LENGTH);
        self.writer = match length.and_then(|length| outgoing_length(length.as_bytes())) {
            Some(length) => BodyWriter::new(BodyLength::Length(length)),
            None => BodyWriter::new(BodyLength::UntilClose),
        };
        let has_no_body = match &request.body {
            OutgoingBody::Empty => true,
            OutgoingBody::Whole(body) => body.is_empty(),
            OutgoingBody::Stream(_) => false,
        };
        let (response, send) = self.requests.send_request(head, has_no_body).map_err(failed)?;
        (self.response, self.send) = (Some(response), Some(send));
        if has_no_body {
            return Ok(());
        }
        let body = match &mut request.body {
            OutgoingBody::Empty => OutgoingBody::Empty,
            OutgoingBody::Whole(body) => OutgoingBody::Whole(body.clone()),
            stream @ OutgoingBody::Stream(_) => std::mem::take(stream),
        };
        if request.expect_100_continue {
            self.upload = Upload::Held(body, Box::pin(tokio::time::sleep(CONTINUE_PATIENCE)));
            return Ok(());
        }
        self.begin_body(body)
    }

    fn begin_body(&mut self, body: OutgoingBody) -> Result<(), HttpClientError> {
        self.upload = match body {
            OutgoingBody::Stream(stream) => Upload::Streaming(stream.begin()),
            OutgoingBody::Whole(body) => {
                self.put(body)?;
                self.writer.write_end(&mut Vec::new(), b"")?;
                Upload::Ending
            }
            OutgoingBody::Empty => Upload::Ending,
        };
        Ok(())
    }

    fn put(&mut self, part: Bytes) -> Result<(), OutputError> {
        // Frames are `h2`'s to write; here is counted what may go into them.
        if self.writer.write_prefix(&mut Vec::new(), part.len())? {
            self.output.push(part);
        }
        Ok(())
    }

    /// The server wants the body that it was asked about.
    pub(super) fn release_body(&mut self) -> Result<(), HttpClientError> {
        match std::mem::replace(&mut self.upload, Upload::Done) {
            Upload::Held(body, _) => self.begin_body(body),
            other => {
                self.upload = other;
                Ok(())
            }
        }
    }

    /// Gives up a body that the server has decided without.
    pub(super) fn abandon_held_body(&mut self) {
        if let Upload::Held(..) = self.upload {
            self.upload = Upload::Done;
            self.reset(Reason::NO_ERROR);
        }
    }

    /// Sends what there is to send. A server that takes no more is no error here: it may have answered
    /// already.
    pub(super) fn poll_send(&mut self, context: &mut Context<'_>) -> Result<(), HttpClientError> {
        loop {
            if let Upload::Done = self.upload {
                return Ok(());
            }
            match self.poll_give(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => {
                    self.upload = Upload::Done;
                    return Ok(());
                }
                Poll::Pending if self.output.len() >= OUTPUT_LOW => return Ok(()),
                Poll::Pending => {}
            }
            match &mut self.upload {
                Upload::Held(_, patience) => match patience.as_mut().poll(context) {
                    Poll::Ready(()) => self.release_body()?,
                    Poll::Pending => return Ok(()),
                },
                Upload::Streaming(body) => match body.poll_chunk(context) {
                    Poll::Ready(Ok(Some(part))) => self.put(part).inspect_err(|_| self.reset(Reason::CANCEL))?,
                    Poll::Ready(Ok(None)) => {
                        let trailers = body.take_trailers();
                        self.writer.write_end(&mut Vec::new(), b"").inspect_err(|_| self.reset(Reason::CANCEL))?;
                        self.request_trailers = trailers.as_ref().map(fields::to_trailers);
                        self.upload = Upload::Ending;
                    }
                    Poll::Ready(Err(error)) => {
                        self.reset(Reason::CANCEL);
                        return Err(HttpClientError::Body(error));
                    }
                    Poll::Pending => return Ok(()),
                },
                Upload::Ending | Upload::Done => return Ok(()),
            }
        }
    }

    /// Gives `h2` what was written, as far as the server's window allows, and the end once all was.
    fn poll_give(&mut self, context: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        let Some(send) = &mut self.send else { return Poll::Ready(Ok(())) };
        let ends = matches!(self.upload, Upload::Ending);
        let ends_with_body = ends && self.request_trailers.is_none();
        let ended = ready!(self.output.poll_give(send, ends_with_body, context))?;
        if ends {
            if let Some(trailers) = self.request_trailers.take() {
                send.send_trailers(trailers)?;
            } else if !ended {
                send.send_data(Bytes::new(), true)?;
            }
            self.upload = Upload::Done;
        }
        Poll::Ready(Ok(()))
    }
}

/// The head as `h2` takes it: control data in place of the request line and `Host`.
fn head(request: &OutgoingRequest) -> Result<Request<()>, HttpClientError> {
    let mut headers = fields::to_map(&request.headers);
    let authority = headers.remove(header::HOST).ok_or(OutputError::NoHost)?;
    let mut uri = Uri::builder().authority(authority.as_bytes());
    if request.method != Method::CONNECT {
        uri = uri.scheme(request.destination.scheme().as_str()).path_and_query(&*request.target);
    }
    let mut head = Request::new(());
    *head.uri_mut() = uri.build().map_err(|_| OutputError::StartLine)?;
    *head.method_mut() = request.method.clone();
    *head.version_mut() = Version::HTTP_2;
    keep_te_of_trailers(request, &mut headers);
    *head.headers_mut() = headers;
    Ok(head)
}

/// RFC 9113, section 8.2.2: TE "MUST NOT contain any value other than "trailers"".
fn keep_te_of_trailers(request: &OutgoingRequest, headers: &mut HeaderMap) {
    if request.headers.get_bytes("TE").is_some_and(|value| value.eq_ignore_ascii_case(b"trailers")) {
        headers.insert(header::TE, header::HeaderValue::from_static("trailers"));
    }
}
