//! A client's TLS: made once of its options, for any number of connections.

use std::fmt;
use std::sync::{Arc, OnceLock};

use firewhirl_event::IoStream;
use rustls::ClientConfig;
use rustls::client::{ResolvesClientCert, Resumption, UnbufferedClientConnection, danger::ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::machine::{Machine, Side};
use super::roots::{self, Trusted};
use super::server::handshake;
use super::ssl_options::{CertReqs, SslOptions};
use super::verify::{NoVerification, ServerVerifier};
use super::{TlsError, certificates, ciphers};

/// Servers whose sessions are kept to be resumed.
const SESSIONS: usize = 1024;

/// What a client speaks TLS with.
///
/// Cheap to clone; clones share the sessions that they can resume.
///
/// # Examples
///
/// ```no_run
/// use firewhirl_event::IoLoop;
/// use firewhirl_tcp::TcpClient;
/// use firewhirl_tcp::tls::{ClientTls, SslOptions};
///
/// # IoLoop::current().run_sync(async {
/// let tls = ClientTls::new(&SslOptions::new())?;
/// let mut stream = TcpClient::new().connect(("example.org", 443)).ssl_options(tls).await?;
/// stream.write("GET / HTTP/1.0\r\nHost: example.org\r\n\r\n");
/// let answer = stream.read_until_close().await?;
/// # Ok(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct ClientTls {
    shared: Arc<Shared>,
}

struct Shared {
    options: SslOptions,
    provider: Arc<CryptoProvider>,
    identity: Option<Arc<CertifiedKey>>,
    /// Made with the first connection where the system's authorities are needed, for they take a while.
    config: OnceLock<Arc<ClientConfig>>,
}

impl ClientTls {
    /// Reads what the options name, and checks that it belongs together.
    ///
    /// The system's certificates of authorities, which are trusted where the options name no others, are
    /// read when the first connection needs them.
    ///
    /// # Errors
    ///
    /// What is wrong with the options, see [`TlsError`].
    pub fn new(options: &SslOptions) -> Result<Self, TlsError> {
        let provider = ciphers::provider_for(options)?;
        let identity = match &options.certificate.chain {
            Some(_) => Some(Arc::new(certificates::load(&options.certificate, &provider)?)),
            None => None,
        };
        let shared = Shared { options: options.clone(), provider, identity, config: OnceLock::new() };
        let verifier: Option<Arc<dyn ServerCertVerifier>> = match (options.cert_reqs, &options.ca_certs) {
            (Some(CertReqs::None), _) => Some(Arc::new(NoVerification(shared.provider.clone()))),
            (_, Some(ca_certs)) => {
                let trusted = Trusted::load(ca_certs)?;
                let verifier = ServerVerifier::trusting(trusted, &shared.provider, options.check_hostname);
                Some(Arc::new(verifier.map_err(|source| TlsError::Unusable { place: ca_certs.to_string(), source })?))
            }
            (_, None) => None,
        };
        // Without a verifier as well, so that all that can be wrong is found here.
        let config =
            shared.make(verifier.clone().unwrap_or_else(|| Arc::new(NoVerification(shared.provider.clone()))))?;
        if verifier.is_some() {
            shared.config.get_or_init(|| config);
        }
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The same, and none of its sessions, with these protocols to be agreed on (ALPN) if the options name
    /// none.
    ///
    /// # Errors
    ///
    /// As of [`new`](Self::new): files are read again.
    pub fn or_alpn<Protocol: Into<Vec<u8>>>(
        &self,
        protocols: impl IntoIterator<Item = Protocol>,
    ) -> Result<Self, TlsError> {
        if !self.shared.options.alpn.is_empty() {
            return Ok(self.clone());
        }
        Self::new(&self.shared.options.clone().alpn(protocols))
    }

    /// The options that it was made of.
    pub fn options(&self) -> &SslOptions {
        &self.shared.options
    }

    /// Speaks TLS on a stream from here on, as the client of `server_name`: a host's name or an IP address,
    /// which the server's certificate has to be for. What the stream holds unread is taken as the first of
    /// it.
    ///
    /// # Errors
    ///
    /// Whatever keeps a handshake from its end; see [`TlsError`]. It takes
    /// [`handshake_timeout`](SslOptions::handshake_timeout) at most.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the stream.
    pub async fn connect(&self, stream: IoStream, server_name: &str) -> Result<IoStream, TlsError> {
        let name = parse_name(server_name)?;
        let connection = UnbufferedClientConnection::new(self.config().await?, name)
            .map_err(|source| TlsError::Handshake { source })?;
        let machine = Machine::new(Side::Client(connection), Some(server_name.into()));
        handshake(stream, machine, self.shared.options.handshake_timeout).await
    }

    /// Whether both are clones of one, and so the same in all that they do.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    async fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        if let Some(config) = self.shared.config.get() {
            return Ok(config.clone());
        }
        let roots = match roots::system_if_loaded() {
            Some(roots) => roots?,
            None => match tokio::task::spawn_blocking(roots::system).await {
                Ok(roots) => roots?,
                Err(ended) => return Err(TlsError::NoSystemRoots { reason: ended.to_string() }),
            },
        };
        let verifier = ServerVerifier::trusting_roots(roots, &self.shared.provider, self.shared.options.check_hostname)
            .map_err(|source| TlsError::Handshake { source })?;
        let config = self.shared.make(Arc::new(verifier))?;
        Ok(self.shared.config.get_or_init(|| config).clone())
    }
}

impl Shared {
    fn make(&self, verifier: Arc<dyn ServerCertVerifier>) -> Result<Arc<ClientConfig>, TlsError> {
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&ciphers::versions(&self.options))
            .map_err(|_| TlsError::NoCipher)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.identity {
            Some(identity) => builder.with_client_cert_resolver(own_certificate(identity)),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols.clone_from(&self.options.alpn);
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        Ok(Arc::new(config))
    }
}

fn own_certificate(identity: &Arc<CertifiedKey>) -> Arc<dyn ResolvesClientCert> {
    Arc::new(SingleCertAndKey::from(CertifiedKey::clone(identity)))
}

/// A host's name, without the dot that may end it, or an address, without the brackets that a URL has.
fn parse_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    ServerName::try_from(bare.to_owned()).map_err(|_| TlsError::ServerName { name: name.to_owned() })
}

impl TryFrom<SslOptions> for ClientTls {
    type Error = TlsError;

    fn try_from(options: SslOptions) -> Result<Self, TlsError> {
        Self::new(&options)
    }
}

impl TryFrom<&SslOptions> for ClientTls {
    type Error = TlsError;

    fn try_from(options: &SslOptions) -> Result<Self, TlsError> {
        Self::new(options)
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").field("options", &self.shared.options).finish_non_exhaustive()
    }
}
