//! A response on its way through its transforms and its encoder.
//!
//! Only applications that have any come here; for all others a response leaves as it was written. Encoding
//! is work for the processor: what is long is encoded in pieces, between which the loop serves others. So
//! a response that `finish` has ended may leave a moment later, out of a task of its own.

use std::borrow::Cow;

use bytes::BytesMut;
use firewhirl_event::coroutine::yield_now;
use firewhirl_event::log_targets::APP;
use firewhirl_event::{IoLoop, Result};
use firewhirl_http::content_coding::{Encoder, Flush};
use firewhirl_http::{Headers, HttpConnection};
use http::StatusCode;
use tracing::error;

use super::Context;
use super::finish::{has_no_content, ignore_closed, reason_to_send};
use crate::output_transform::OutputTransform;

/// Bytes that are encoded in one go: at gzip's usual level some milliseconds of work.
const PIECE: usize = 64 * 1024;

/// What a response passes on its way out, once its head has.
pub(super) struct Outgoing {
    transforms: Vec<Box<dyn OutputTransform>>,
    encoder: Option<Encoder>,
    /// What is still to be encoded.
    waiting: BytesMut,
}

impl Context {
    /// Sends a response of which nothing was flushed, its head complete but for what is changed here.
    pub(super) fn send_whole_transformed(&self) -> Result {
        let mut outgoing = self.transform(true)?;
        let mut headers = self.response.headers.borrow_mut();
        if outgoing.is_long() {
            let head = Head { status: self.status(), reason: self.own_reason(), headers: headers.clone() };
            self.send_in_pieces(outgoing, Some(head));
            return Ok(());
        }
        let mut body = Vec::new();
        outgoing.encode_piece(Flush::Finish, &mut body)?;
        if outgoing.encoder.is_some() {
            headers.set("Content-Length", body.len())?;
        }
        let (status, reason) = (self.status(), self.own_reason());
        let reason = reason_to_send(status, reason.as_deref());
        Ok(ignore_closed(self.connection().respond(status, reason, &headers, &body))?)
    }

    /// Puts what was written in the connection's output, the first time with the head.
    ///
    /// # Cancel safety
    ///
    /// What is not encoded yet is encoded by the next flush, or at the end.
    pub(super) async fn flush_transformed(&self) -> Result {
        let outgoing = self.transform(false)?;
        self.response.outgoing.replace(Some(outgoing));
        ignore_closed(self.write_head_once())?;
        while self.write_piece()? {
            yield_now().await;
        }
        Ok(())
    }

    fn write_piece(&self) -> Result<bool> {
        let mut outgoing = self.response.outgoing.borrow_mut();
        let Some(outgoing) = &mut *outgoing else { return Ok(false) };
        if outgoing.waiting.is_empty() {
            return Ok(false);
        }
        let mut coded = Vec::new();
        let has_more = outgoing.encode_piece(Flush::Sync, &mut coded)?;
        ignore_closed(self.connection().write_bytes(coded.into()))?;
        Ok(has_more)
    }

    /// Ends a response whose head is on its way.
    pub(super) fn finish_transformed(&self) -> Result {
        let mut outgoing = self.transform(true)?;
        if outgoing.is_long() {
            self.send_in_pieces(outgoing, None);
            return Ok(());
        }
        let mut last = Vec::new();
        outgoing.encode_piece(Flush::Finish, &mut last)?;
        ignore_closed(self.connection().write_bytes(last.into()))?;
        Ok(ignore_closed(self.connection().finish())?)
    }

    /// Runs the transforms over what was written, and puts it where it waits to be encoded; the first time it
    /// is found out whether it is.
    fn transform(&self, finishing: bool) -> Result<Box<Outgoing>> {
        // Taken out meanwhile, since transforms are anybody's code.
        let mut body = self.response.body.take();
        let transformed = match self.response.outgoing.take() {
            Some(outgoing) => outgoing.goes_on(&mut body, finishing),
            None => self.begin_outgoing(&mut body, finishing),
        };
        body.clear();
        self.response.body.replace(body);
        transformed
    }

    fn begin_outgoing(&self, body: &mut Vec<u8>, finishing: bool) -> Result<Box<Outgoing>> {
        let settings = self.settings();
        let (mut status, mut headers) = (self.status(), self.response.headers.take());
        let mut transforms = settings.transforms.make(&self.request);
        let begun = Self::transform_head(&mut transforms, &mut status, &mut headers, body, finishing).and_then(|()| {
            let Some(compression) = &settings.compression else { return Ok(None) };
            let is_wanted = !self.response.is_left_uncompressed.get();
            compression.begin(&self.request, status, &mut headers, finishing.then_some(body.len()), is_wanted)
        });
        self.response.headers.replace(headers);
        if status != self.status() {
            self.set_status(status);
        }
        Ok(Box::new(Outgoing { transforms, encoder: begun?, waiting: BytesMut::from(&body[..]) }))
    }

    fn transform_head(
        transforms: &mut [Box<dyn OutputTransform>],
        status: &mut StatusCode,
        headers: &mut Headers,
        body: &mut Vec<u8>,
        finishing: bool,
    ) -> Result {
        for transform in transforms {
            let length = body.len();
            transform.transform_first_chunk(status, headers, body, finishing)?;
            if finishing && body.len() != length && !has_no_content(*status) {
                headers.set("Content-Length", body.len())?;
            }
        }
        Ok(())
    }

    /// Encodes and sends what is long in a task of its own, which keeps the exchange open.
    fn send_in_pieces(&self, mut outgoing: Box<Outgoing>, head: Option<Head>) {
        let connection = self.connection().clone();
        let hold = connection.hold();
        let summary = self.request_summary().to_string();
        IoLoop::current().spawn_callback(async move {
            let sent = outgoing.send_all(&connection, head).await;
            if let Err(problem) = sent {
                error!(target: APP, "{summary}: the response could not be compressed: {problem:?}");
                connection.abort();
            }
            drop(hold);
        });
    }

    fn own_reason(&self) -> Option<Cow<'static, str>> {
        self.response.reason.borrow().clone()
    }
}

impl Outgoing {
    /// Takes the next chunk.
    fn goes_on(mut self: Box<Self>, chunk: &mut Vec<u8>, finishing: bool) -> Result<Box<Self>> {
        for transform in &mut self.transforms {
            transform.transform_chunk(chunk, finishing)?;
        }
        self.waiting.extend_from_slice(chunk);
        Ok(self)
    }

    /// Whether encoding what waits would keep others waiting.
    fn is_long(&self) -> bool {
        self.encoder.is_some() && self.waiting.len() > PIECE
    }

    /// Encodes the next piece of what waits, at its end with `at_end`; whether there is more.
    fn encode_piece(&mut self, at_end: Flush, coded: &mut Vec<u8>) -> Result<bool> {
        let Some(encoder) = &mut self.encoder else {
            coded.extend_from_slice(&self.waiting.split());
            return Ok(false);
        };
        let piece = self.waiting.split_to(self.waiting.len().min(PIECE));
        let has_more = !self.waiting.is_empty();
        encoder.encode(&piece, if has_more { Flush::None } else { at_end }, coded)?;
        Ok(has_more)
    }

    /// Encodes what waits, a piece at a time, and ends the response with it: with the head before it, and
    /// then in one go, so that its length is known, or chunk by chunk.
    async fn send_all(&mut self, connection: &HttpConnection, head: Option<Head>) -> Result {
        let mut coded = Vec::new();
        while self.encode_piece(Flush::Finish, &mut coded)? {
            if head.is_none() {
                ignore_closed(connection.write_bytes(std::mem::take(&mut coded).into()))?;
            }
            yield_now().await;
        }
        let sent = match head {
            // The connection may have been answered or closed meanwhile: by a panic, say.
            _ if connection.is_finished() => Ok(()),
            Some(mut head) => {
                head.headers.set("Content-Length", coded.len())?;
                let reason = reason_to_send(head.status, head.reason.as_deref());
                connection.respond(head.status, reason, &head.headers, &coded)
            }
            None => connection.write_bytes(coded.into()).and_then(|()| connection.finish()),
        };
        Ok(ignore_closed(sent)?)
    }
}

/// The head of a response that leaves later than its handler.
struct Head {
    status: StatusCode,
    reason: Option<Cow<'static, str>>,
    headers: Headers,
}
