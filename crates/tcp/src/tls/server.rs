//! A server's TLS: made once of its options, shared by all workers, replaced while it serves.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use firewhirl_event::IoStream;
use rustls::ServerConfig;
use rustls::server::{NoClientAuth, ServerSessionMemoryCache, UnbufferedServerConnection, danger::ClientCertVerifier};
use tokio::time::timeout;

use super::certificates::Certificates;
use super::machine::{Machine, Side};
use super::pem::Pem;
use super::reload::Looks;
use super::roots::Trusted;
use super::ssl_options::{CertReqs, SslOptions};
use super::transport::TlsTransport;
use super::verify::ClientVerifier;
use super::{TlsError, ciphers, provider};

/// Sessions kept for clients of TLS 1.2 that take no tickets.
const CACHED_SESSIONS: usize = 4096;

/// What a server speaks TLS with.
///
/// Cheap to clone, and to be shared between threads: sessions that one worker began another resumes.
///
/// # Examples
///
/// ```no_run
/// use firewhirl_event::{IoLoop, IoStream, Result};
/// use firewhirl_tcp::TcpServer;
/// use firewhirl_tcp::tls::SslOptions;
///
/// fn main() -> Result {
///     TcpServer::new(async |mut stream: IoStream, _peer| {
///         stream.write("hello over TLS\n");
///         Ok(stream.flush().await?)
///     })
///     .ssl_options(SslOptions::new().certfile("cert.pem").keyfile("key.pem"))?
///     .listen(8443)?;
///     IoLoop::current().start()
/// }
/// ```
#[derive(Clone)]
pub struct ServerTls {
    shared: Arc<Shared>,
    /// In place of the options' protocols: these, and what was last made with them.
    alpn: Option<Arc<Alpn>>,
}

struct Shared {
    options: SslOptions,
    current: RwLock<Current>,
}

/// What new connections are made with.
#[derive(Clone)]
struct Current {
    config: Arc<ServerConfig>,
    /// The text of `ca_certs`, to see whether it has changed.
    authorities: Option<Arc<[u8]>>,
    /// What the files looked like before they were read.
    looks: Looks,
}

struct Alpn {
    protocols: Vec<Vec<u8>>,
    /// The configuration without the protocols, and with them.
    made: RwLock<Option<(Arc<ServerConfig>, Arc<ServerConfig>)>>,
}

impl ServerTls {
    /// Reads what the options name, and checks that it belongs together.
    ///
    /// # Errors
    ///
    /// What is wrong with the options, see [`TlsError`]: no certificate, a file that is not there, a key
    /// that is not the certificate's.
    pub fn new(options: &SslOptions) -> Result<Self, TlsError> {
        let current = RwLock::new(Current::load(options, None)?);
        Ok(Self { shared: Arc::new(Shared { options: options.clone(), current }), alpn: None })
    }

    /// The same with these protocols to be agreed on (ALPN) if the options name none. It is reloaded
    /// together with the one that it is made of.
    pub fn or_alpn<Protocol: Into<Vec<u8>>>(&self, protocols: impl IntoIterator<Item = Protocol>) -> Self {
        let mut tls = self.clone();
        if self.shared.options.alpn.is_empty() && self.alpn.is_none() {
            let protocols = protocols.into_iter().map(Into::into).collect();
            tls.alpn = Some(Arc::new(Alpn { protocols, made: RwLock::default() }));
        }
        tls
    }

    /// The options that it was made of.
    pub fn options(&self) -> &SslOptions {
        &self.shared.options
    }

    /// How long a handshake may take.
    pub fn handshake_timeout(&self) -> Duration {
        self.shared.options.handshake_timeout
    }

    /// Reads certificates, keys and authorities again. Connections that are made from now on have the new
    /// ones; those that there are go on. Counts for every clone.
    ///
    /// Sessions can still be resumed, except where `ca_certs` has changed: then every client has to prove
    /// itself again.
    ///
    /// # Errors
    ///
    /// As of [`new`](Self::new); the old ones then stay.
    pub fn reload(&self) -> Result<(), TlsError> {
        let loaded = Current::load(&self.shared.options, Some(&self.shared.current()))?;
        *self.shared.current.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }

    /// Speaks TLS on a stream from here on, as its server. What the stream holds unread is taken as the
    /// first of it.
    ///
    /// # Errors
    ///
    /// Whatever keeps a handshake from its end; see [`TlsError`]. It takes
    /// [`handshake_timeout`](SslOptions::handshake_timeout) at most.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the stream.
    pub async fn accept(&self, stream: IoStream) -> Result<IoStream, TlsError> {
        let connection =
            UnbufferedServerConnection::new(self.config()).map_err(|source| TlsError::Handshake { source })?;
        handshake(stream, Machine::new(Side::Server(connection), None), self.handshake_timeout()).await
    }

    /// Whether both are clones of one, and so the same in all that they do.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        let same_alpn = match (&self.alpn, &other.alpn) {
            (None, None) => true,
            (Some(own), Some(others)) => Arc::ptr_eq(own, others),
            _ => false,
        };
        Arc::ptr_eq(&self.shared, &other.shared) && same_alpn
    }

    /// What the files looked like before they were read.
    pub(super) fn looks(&self) -> Looks {
        self.shared.current().looks
    }

    fn config(&self) -> Arc<ServerConfig> {
        let base = self.shared.current.read().unwrap_or_else(PoisonError::into_inner).config.clone();
        let Some(alpn) = &self.alpn else { return base };
        if let Some((of, made)) = &*alpn.made.read().unwrap_or_else(PoisonError::into_inner)
            && Arc::ptr_eq(of, &base)
        {
            return made.clone();
        }
        let mut made = ServerConfig::clone(&base);
        made.alpn_protocols.clone_from(&alpn.protocols);
        let made = Arc::new(made);
        *alpn.made.write().unwrap_or_else(PoisonError::into_inner) = Some((base, made.clone()));
        made
    }
}

impl Shared {
    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Current {
    /// Sessions go on to be resumed as `before`, where there is that and who may connect is the same.
    fn load(options: &SslOptions, before: Option<&Self>) -> Result<Self, TlsError> {
        let looks = Looks::at(options);
        let provider = ciphers::provider_for(options)?;
        let certificates = Certificates::load(options, &provider)?;
        let authorities = match &options.ca_certs {
            Some(pem) => Some(Arc::from(pem.read("ca_certs")?)),
            None => None,
        };
        let reqs = options.cert_reqs.unwrap_or(CertReqs::None);
        let verifier: Arc<dyn ClientCertVerifier> = match (reqs, &authorities) {
            (CertReqs::None, _) => Arc::new(NoClientAuth),
            (_, None) => return Err(TlsError::NoCaCerts),
            (_, Some(text)) => {
                let trusted = Trusted::load(&Pem::text(text))?;
                let verifier = ClientVerifier::trusting(trusted, &provider, reqs == CertReqs::Optional);
                Arc::new(verifier.map_err(|source| TlsError::Unusable { place: "ca_certs".to_owned(), source })?)
            }
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&ciphers::versions(options))
            .map_err(|_| TlsError::NoCipher)?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(certificates));
        config.alpn_protocols.clone_from(&options.alpn);
        match before.filter(|before| before.authorities == authorities) {
            Some(before) => {
                config.ticketer = before.config.ticketer.clone();
                config.session_storage = before.config.session_storage.clone();
            }
            None => {
                config.ticketer = provider::Ticketer::new().map_err(|source| TlsError::Handshake { source })?;
                config.session_storage = ServerSessionMemoryCache::new(CACHED_SESSIONS);
            }
        }
        Ok(Self { config: Arc::new(config), authorities, looks })
    }
}

impl TryFrom<SslOptions> for ServerTls {
    type Error = TlsError;

    fn try_from(options: SslOptions) -> Result<Self, TlsError> {
        Self::new(&options)
    }
}

impl TryFrom<&SslOptions> for ServerTls {
    type Error = TlsError;

    fn try_from(options: &SslOptions) -> Result<Self, TlsError> {
        Self::new(options)
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

/// Sends what is queued, lays TLS over what carries `stream`, and waits for the handshake.
pub(super) async fn handshake(mut stream: IoStream, machine: Machine, limit: Duration) -> Result<IoStream, TlsError> {
    let shaking = async move {
        stream.flush().await?;
        let parts = stream.into_parts()?;
        let mut transport = TlsTransport::new(parts.transport, machine, &parts.unread);
        transport.handshake().await.map_err(TlsError::of_handshake)?;
        Ok(IoStream::over_layer(transport).with_limits(parts.limits))
    };
    timeout(limit, shaking).await.unwrap_or(Err(TlsError::Timeout { limit }))
}
