//! How TLS comes into a server's connections and a client's: `ssl_options` of either.
//!
//! The variant with the feature `tls`; without it `secure_elsewhere.rs` takes its place, where every
//! connection is in clear.

use firewhirl_event::{IoStream, log_targets};

use crate::client::Connect;
use crate::tls::{ClientTls, ServerTls};
use crate::{Peer, TcpServer};

pub(crate) use crate::tls::TlsError;

/// How a server's connections begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerSide(Option<ServerTls>);

impl ServerSide {
    /// The stream to be served; `None` if the handshake came to nothing, which has been logged.
    pub(crate) async fn open(&self, stream: IoStream, peer: Peer) -> Option<IoStream> {
        let Some(tls) = &self.0 else { return Some(stream) };
        // Boxed, so that a connection's task is not as large as a handshake for all its life.
        match Box::pin(tls.accept(stream)).await {
            Ok(stream) => Some(stream),
            Err(error) => {
                if !error.is_quiet() {
                    tracing::warn!(target: log_targets::GEN, "TLS with {peer}: {error}");
                }
                None
            }
        }
    }
}

impl<Handler> TcpServer<Handler> {
    /// Speaks TLS on what is listened on after this. The function is called once the handshake is done,
    /// which each connection has a task of its own for: a slow client holds up no other.
    ///
    /// Takes [`SslOptions`](crate::tls::SslOptions), or a [`ServerTls`], by whose clone the certificates can
    /// be reloaded. A handshake that fails is logged and ends its connection; clients that just leave are
    /// passed over. With [`start`](Self::start) it holds for all that was bound. Tornado's
    /// `TCPServer(ssl_options=..)`.
    ///
    /// # Errors
    ///
    /// What is wrong with the options.
    pub fn ssl_options<Tls>(mut self, tls: Tls) -> Result<Self, TlsError>
    where
        Tls: TryInto<ServerTls>,
        TlsError: From<Tls::Error>,
    {
        self.secure = ServerSide(Some(tls.try_into()?));
        Ok(self)
    }
}

/// How a client's connection begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientSide(Option<Result<ClientTls, TlsError>>);

impl ClientSide {
    pub(crate) async fn open(self, stream: IoStream, host: &str) -> Result<IoStream, TlsError> {
        match self.0 {
            Some(tls) => Box::pin(tls?.connect(stream, host)).await,
            None => Ok(stream),
        }
    }
}

impl Connect {
    /// Speaks TLS as soon as it is connected; the certificate has to be for the host that is connected to.
    ///
    /// Takes [`SslOptions`](crate::tls::SslOptions), or a [`ClientTls`], which keeps sessions to be resumed
    /// from one connection to the next. The handshake counts for [`timeout`](Self::timeout). Tornado's
    /// `connect(.., ssl_options=..)`. Default: in clear.
    pub fn ssl_options<Tls>(mut self, tls: Tls) -> Self
    where
        Tls: TryInto<ClientTls>,
        TlsError: From<Tls::Error>,
    {
        self.secure = ClientSide(Some(tls.try_into().map_err(TlsError::from)));
        self
    }
}
