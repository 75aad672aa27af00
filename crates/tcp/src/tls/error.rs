//! What can go wrong with TLS: in what was asked for, and between two peers.

use std::convert::Infallible;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use firewhirl_event::StreamError;

/// Why TLS could not be set up, or a handshake did not come to an end.
///
/// # Examples
///
/// What is wrong with options is said when they are made into a server's or a client's TLS:
///
/// ```
/// use firewhirl_tcp::tls::{ServerTls, SslOptions, TlsError};
///
/// let error = ServerTls::new(&SslOptions::new()).unwrap_err();
/// assert!(matches!(error, TlsError::NoCertfile));
///
/// let error = ServerTls::new(&SslOptions::new().certfile("/nowhere.pem")).unwrap_err();
/// assert!(error.to_string().starts_with("cannot read certfile /nowhere.pem: "));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A server was given no certificate. Tornado's `KeyError('missing key "certfile" in ssl_options')`.
    NoCertfile,
    /// A server that asks its clients for certificates was not told which authorities issue these.
    NoCaCerts,
    /// A file could not be read.
    File {
        /// The option that names it.
        option: &'static str,
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The text is no PEM.
    Pem {
        /// The file.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no certificate in the text.
    NoCertificate {
        /// The file.
        place: String,
    },
    /// There is no private key in the text.
    NoPrivateKey {
        /// The file.
        place: String,
    },
    /// The private key takes a password.
    EncryptedKey {
        /// The file.
        place: String,
    },
    /// The private key is another certificate's.
    KeyMismatch {
        /// The file of the certificate.
        certificate: String,
        /// The file of the key.
        key: String,
    },
    /// The certificate or the key is of no use to TLS.
    Unusable {
        /// The file.
        place: String,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// A cipher suite that does not exist, or is not secure.
    UnknownCipher {
        /// What was asked for.
        name: String,
    },
    /// None of the cipher suites asked for belongs to a version asked for.
    NoCipher,
    /// The system has no certificates of authorities.
    NoSystemRoots {
        /// What was found instead.
        reason: String,
    },
    /// The name is neither a host's name nor an IP address.
    ServerName {
        /// The name.
        name: String,
    },
    /// There were bytes in the clear where TLS was to begin: what the peer sent before it knew of the
    /// upgrade, or what somebody on the way slipped in. The stream is closed.
    UnreadBytes {
        /// How many.
        count: usize,
    },
    /// The peer does not speak TLS.
    NotTls,
    /// The peer's certificate does not verify.
    Certificate {
        /// What is wrong with it.
        source: rustls::CertificateError,
    },
    /// The peer has refused the handshake and says why.
    Refused {
        /// The alert that it sent (RFC 8446, section 6).
        alert: rustls::AlertDescription,
    },
    /// The handshake failed otherwise.
    Handshake {
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// The handshake took too long.
    Timeout {
        /// How long it was waited for.
        limit: Duration,
    },
    /// The connection beneath ended or broke.
    Stream {
        /// What became of it.
        source: StreamError,
    },
}

impl TlsError {
    /// Whether the peer just went away, so that nobody needs to be told: port scans and health checks do.
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::Stream { source } if source.is_quiet())
    }

    /// Whether it is about the peer's certificate: it does not verify, or there was none.
    pub fn is_certificate(&self) -> bool {
        matches!(self, Self::Certificate { .. } | Self::Handshake { source: rustls::Error::NoCertificatesPresented })
    }

    /// Whether time ran out.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// What became of a handshake, from what the transport says of it.
    pub(super) fn of_handshake(error: io::Error) -> Self {
        let tls = error.get_ref().and_then(|source| source.downcast_ref::<rustls::Error>());
        match tls {
            Some(rustls::Error::InvalidCertificate(source)) => Self::Certificate { source: source.clone() },
            Some(rustls::Error::AlertReceived(alert)) => Self::Refused { alert: *alert },
            Some(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)) => Self::NotTls,
            Some(source) => Self::Handshake { source: source.clone() },
            None => Self::Stream { source: StreamError::Closed { cause: Some(Arc::new(error)) } },
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertfile => f.write_str("a TLS server needs a certificate; set `certfile` (and `keyfile`)"),
            Self::NoCaCerts => {
                f.write_str("client certificates are asked for, but not who issues them; set `ca_certs`")
            }
            Self::File { option, path, source } => write!(f, "cannot read {option} {}: {source}", path.display()),
            Self::Pem { place, reason } => write!(f, "{place} is not in PEM: {reason}"),
            Self::NoCertificate { place } => write!(f, "no certificate in {place}; `BEGIN CERTIFICATE` was expected"),
            Self::NoPrivateKey { place } => write!(f, "no private key in {place}; set `keyfile` if it is elsewhere"),
            Self::EncryptedKey { place } => write!(
                f,
                "the private key in {place} is encrypted; decrypt it with `openssl pkey -in {place} -out key.pem`"
            ),
            Self::KeyMismatch { certificate, key } => {
                write!(f, "the private key in {key} does not belong to the certificate in {certificate}")
            }
            Self::Unusable { place, source } => write!(f, "{place} cannot be used for TLS: {source}"),
            Self::UnknownCipher { name } => {
                write!(f, "no cipher suite {name:?}; there are {}", super::ciphers::all_names())
            }
            Self::NoCipher => f.write_str("none of `ciphers` belongs to a version between minimum and maximum"),
            Self::NoSystemRoots { reason } => {
                write!(f, "the system has no certificates of authorities ({reason}); set `ca_certs`")
            }
            Self::ServerName { name } => write!(f, "{name:?} is neither the name of a host nor an IP address"),
            Self::UnreadBytes { count } => {
                write!(f, "the peer sent {count} bytes in the clear where TLS was to begin")
            }
            Self::NotTls => f.write_str("the peer does not speak TLS"),
            Self::Certificate { source } => write!(f, "the peer's certificate does not verify: {source}"),
            Self::Refused { alert } => write!(f, "the peer has refused the handshake: {alert:?}"),
            Self::Handshake { source } => write!(f, "the TLS handshake failed: {source}"),
            Self::Timeout { limit } => write!(f, "the TLS handshake took longer than {limit:?}"),
            Self::Stream { source } => write!(f, "the connection ended during the TLS handshake: {source}"),
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(&**source),
            Self::Unusable { source, .. } | Self::Handshake { source } => Some(source),
            Self::Stream { source } => Some(source),
            _ => None,
        }
    }
}

impl From<StreamError> for TlsError {
    fn from(source: StreamError) -> Self {
        Self::Stream { source }
    }
}

/// What is TLS already becomes so without fail.
impl From<Infallible> for TlsError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Keeps the kind of what the system said; what is wrong with options is
/// [`InvalidInput`](io::ErrorKind::InvalidInput), with a peer [`InvalidData`](io::ErrorKind::InvalidData).
impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        let kind = match &error {
            TlsError::File { source, .. } => source.kind(),
            TlsError::Timeout { .. } => io::ErrorKind::TimedOut,
            TlsError::Stream { source } => io::Error::from(source.clone()).kind(),
            TlsError::UnreadBytes { .. }
            | TlsError::NotTls
            | TlsError::Certificate { .. }
            | TlsError::Refused { .. }
            | TlsError::Handshake { .. } => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
