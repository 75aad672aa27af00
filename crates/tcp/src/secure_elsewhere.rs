//! Connections in clear: what there is without the feature `tls`, in place of `secure.rs`.

use std::convert::Infallible;

use firewhirl_event::IoStream;

use crate::Peer;

/// What never happens without TLS.
pub(crate) type TlsError = Infallible;

/// How a server's connections begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerSide;

impl ServerSide {
    pub(crate) async fn open(&self, stream: IoStream, _peer: Peer) -> Option<IoStream> {
        Some(stream)
    }
}

/// How a client's connection begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientSide;

impl ClientSide {
    pub(crate) async fn open(self, stream: IoStream, _host: &str) -> Result<IoStream, TlsError> {
        Ok(stream)
    }
}
