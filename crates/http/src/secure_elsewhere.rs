//! HTTP in clear: what there is without the feature `tls`, in place of `secure.rs`.

use firewhirl_event::IoStream;
use firewhirl_tcp::{Draining, Peer};

/// How a server's connections begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerSide;

impl ServerSide {
    pub(crate) fn offering(self, _protocols: &[&str]) -> Self {
        self
    }

    pub(crate) fn is_secure(&self) -> bool {
        false
    }

    pub(crate) async fn open(&self, stream: IoStream, _peer: Peer, _draining: &Draining) -> Option<IoStream> {
        Some(stream)
    }
}

/// The TLS of a connection: none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session;

impl Session {
    pub(crate) fn of(_stream: &IoStream) -> Self {
        Self
    }

    pub(crate) fn alpn_protocol(&self) -> Option<&[u8]> {
        None
    }

    pub(crate) fn is_secure(&self) -> bool {
        false
    }
}
