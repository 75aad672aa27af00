//! HTTP/2 where it is not built in: nobody is offered it, and nobody is asked for it.

use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use firewhirl_event::IoStream;
use firewhirl_tcp::Peer;

use crate::client::{HttpClientError, InformationalHook, OutgoingRequest};
use crate::http1::ResponseHead;
use crate::limits::Limits;
use crate::options::Http2Options;
use crate::serve::Serve;
use crate::worker::Worker;

/// Whether HTTP/2 is built in.
pub(crate) const AVAILABLE: bool = false;

/// Closes the connection: it was not offered what it asks for.
pub(crate) async fn serve_connection<Service: Serve>(_: IoStream, _: Peer, _: Rc<Worker>, _: Rc<Service>) {}

/// Says what is missing.
pub(crate) async fn connect(_: IoStream, _: &Limits, _: &Http2Options) -> Result<ClientConnection, HttpClientError> {
    Err(HttpClientError::Feature { wanted: "HTTP/2", feature: "http2" })
}

/// A client's connection; there is none.
pub(crate) enum ClientConnection {}

impl ClientConnection {
    pub(crate) fn reserve(&self, _: &mut Context<'_>) -> Option<Box<ClientStream>> {
        match *self {}
    }

    pub(crate) fn has_ended(&self) -> bool {
        match *self {}
    }

    pub(crate) fn idle_since(&self) -> Option<Instant> {
        match *self {}
    }

    pub(crate) fn on_room(&self, _: Box<dyn Fn()>) {
        match *self {}
    }
}

/// A client's stream; there is none.
pub(crate) enum ClientStream {}

impl ClientStream {
    pub(crate) fn begin(&mut self, _: &mut OutgoingRequest, _: &Limits) -> Result<(), HttpClientError> {
        match *self {}
    }

    pub(crate) fn is_reused(&self) -> bool {
        match *self {}
    }

    pub(crate) fn has_heard(&self) -> bool {
        match *self {}
    }

    pub(crate) fn poll_head(
        &mut self,
        _: &mut Context<'_>,
        _: &mut ResponseHead,
        _: &mut Option<InformationalHook>,
    ) -> Poll<Result<(), HttpClientError>> {
        match *self {}
    }

    pub(crate) fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>, HttpClientError>> {
        match *self {}
    }

    pub(crate) fn response_done(&self) -> bool {
        match *self {}
    }

    pub(crate) fn body_left(&self) -> Option<u64> {
        match *self {}
    }

    pub(crate) fn set_max_body_size(&mut self, _: u64) {
        match *self {}
    }

    pub(crate) fn trailers(&self) -> &[u8] {
        match *self {}
    }
}
