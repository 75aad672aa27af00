//! What TLS is set to: Tornado's `ssl_options`, for either side.
//!
//! Plain values; what they name is read and checked when a [`ServerTls`](super::ServerTls) or a
//! [`ClientTls`](super::ClientTls) is made of them.

use std::path::PathBuf;
use std::time::Duration;

use super::pem::Pem;

/// How TLS is spoken, as a server or as a client.
///
/// The keys of Tornado's dictionary `ssl_options`, and what beside them an `SSLContext` is used for. What
/// one side has no use for it does not look at.
///
/// # Examples
///
/// A server's, which asks its clients for certificates:
///
/// ```no_run
/// use firewhirl_tcp::tls::{CertReqs, ServerTls, SslOptions};
///
/// let options = SslOptions::new()
///     .certfile("/etc/ssl/example.org.pem")
///     .keyfile("/etc/ssl/private/example.org.key")
///     .cert_reqs(CertReqs::Required)
///     .ca_certs("/etc/ssl/clients.pem");
/// let tls = ServerTls::new(&options)?;
/// # Ok::<(), firewhirl_tcp::tls::TlsError>(())
/// ```
///
/// A client's, which trusts one authority alone:
///
/// ```no_run
/// use firewhirl_tcp::tls::{ClientTls, SslOptions};
///
/// let tls = ClientTls::new(&SslOptions::new().ca_certs("/etc/ssl/internal-ca.pem"))?;
/// # Ok::<(), firewhirl_tcp::tls::TlsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SslOptions {
    pub(super) certificate: Certificate,
    pub(super) further_certificates: Vec<Certificate>,
    pub(super) cert_reqs: Option<CertReqs>,
    pub(super) ca_certs: Option<Pem>,
    pub(super) check_hostname: bool,
    pub(super) ciphers: Option<String>,
    pub(super) minimum_version: TlsVersion,
    pub(super) maximum_version: TlsVersion,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) handshake_timeout: Duration,
}

/// A chain of certificates and its key, as far as they are given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Certificate {
    pub(super) chain: Option<Pem>,
    /// Absent: the key is in the same text as the chain.
    pub(super) key: Option<Pem>,
}

/// What the peer's certificate is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertReqs {
    /// A server asks its client for none; a client takes whatever its server has, which is no protection
    /// against anyone on the way. Python's `ssl.CERT_NONE`.
    None,
    /// A server asks for one, verifies it if there is one, and goes on without. To a client the same as
    /// [`Required`](Self::Required). Python's `ssl.CERT_OPTIONAL`.
    Optional,
    /// Without a certificate that verifies there is no connection. Python's `ssl.CERT_REQUIRED`.
    Required,
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246), with forward secrecy and authenticated encryption only.
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

impl SslOptions {
    /// The defaults: the system's authorities and the host's name are checked by a client, no
    /// certificate is asked for by a server, TLS 1.2 and 1.3.
    pub fn new() -> Self {
        Self::default()
    }

    /// The PEM file of our certificate, followed by those of its issuers up to one that the peer knows.
    /// A server needs one; a client's is sent where its server asks.
    pub fn certfile(mut self, path: impl Into<PathBuf>) -> Self {
        self.certificate.chain = Some(Pem::File(path.into()));
        self
    }

    /// The PEM file of the certificate's private key: PKCS #8, PKCS #1 or SEC 1, not encrypted. Default:
    /// the key is in [`certfile`](Self::certfile) too.
    pub fn keyfile(mut self, path: impl Into<PathBuf>) -> Self {
        self.certificate.key = Some(Pem::File(path.into()));
        self
    }

    /// [`certfile`](Self::certfile) from memory.
    pub fn cert_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.certificate.chain = Some(Pem::text(pem));
        self
    }

    /// [`keyfile`](Self::keyfile) from memory.
    pub fn key_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.certificate.key = Some(Pem::text(pem));
        self
    }

    /// A further certificate of a server, for the names that it was issued for (its subject's alternative
    /// names, `*.example.org` among them). A client that asks for one of these gets it; one that asks for
    /// a name that no certificate has, or for none, gets the first. Two certificates for one name, one of
    /// ECDSA and one of RSA, say, are chosen between by what the client can verify.
    pub fn certificate(mut self, certfile: impl Into<PathBuf>, keyfile: impl Into<PathBuf>) -> Self {
        let (chain, key) = (Some(Pem::File(certfile.into())), Some(Pem::File(keyfile.into())));
        self.further_certificates.push(Certificate { chain, key });
        self
    }

    /// [`certificate`](Self::certificate) from memory.
    pub fn certificate_pem(mut self, cert: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        let (chain, key) = (Some(Pem::text(cert)), Some(Pem::text(key)));
        self.further_certificates.push(Certificate { chain, key });
        self
    }

    /// What the peer's certificate is needed for. Default: a server asks for none, a client requires one.
    pub fn cert_reqs(mut self, reqs: CertReqs) -> Self {
        self.cert_reqs = Some(reqs);
        self
    }

    /// Whether a client verifies its server: `false` is [`CertReqs::None`]. Tornado's `validate_cert` of a
    /// request. Default: `true`.
    pub fn validate_cert(self, on: bool) -> Self {
        self.cert_reqs(if on { CertReqs::Required } else { CertReqs::None })
    }

    /// The PEM file of the certificates that the peer's has to be issued by, or to be. Only these are
    /// trusted then. A server that asks for certificates needs it. Default of a client: the system's.
    pub fn ca_certs(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_certs = Some(Pem::File(path.into()));
        self
    }

    /// [`ca_certs`](Self::ca_certs) from memory.
    pub fn ca_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.ca_certs = Some(Pem::text(pem));
        self
    }

    /// Whether a client checks that the certificate was issued for the host that it asked for, beside that
    /// it was issued by somebody trusted. Default: `true`.
    pub fn check_hostname(mut self, on: bool) -> Self {
        self.check_hostname = on;
        self
    }

    /// The cipher suites to be used and no other, the preferred first: names separated by colons, as
    /// OpenSSL writes them (`ECDHE-RSA-AES128-GCM-SHA256`) or the standard
    /// (`TLS_AES_128_GCM_SHA256`). Default: all that are secure.
    pub fn ciphers(mut self, names: impl Into<String>) -> Self {
        self.ciphers = Some(names.into());
        self
    }

    /// The oldest version to be spoken. Tornado's `ssl_version`. Default: [`TlsVersion::V1_2`]; there is no
    /// older one here.
    pub fn minimum_version(mut self, version: TlsVersion) -> Self {
        self.minimum_version = version;
        self
    }

    /// The newest version to be spoken. Default: [`TlsVersion::V1_3`].
    pub fn maximum_version(mut self, version: TlsVersion) -> Self {
        self.maximum_version = version;
        self
    }

    /// The protocols that may be spoken inside, the preferred first (ALPN, RFC 7301): `h2`, `http/1.1`.
    /// Default: none is agreed on; an HTTP server or client sets those that it speaks.
    pub fn alpn<Protocol: Into<Vec<u8>>>(mut self, protocols: impl IntoIterator<Item = Protocol>) -> Self {
        self.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// How long a handshake may take; then it fails. Default: 30 s.
    pub fn handshake_timeout(mut self, time: Duration) -> Self {
        self.handshake_timeout = time;
        self
    }

    /// The files that are named.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let certificates = [&self.certificate].into_iter().chain(&self.further_certificates);
        let texts = certificates.flat_map(|certificate| [&certificate.chain, &certificate.key]);
        texts.chain([&self.ca_certs]).flatten().filter_map(|text| match text {
            Pem::File(path) => Some(path),
            Pem::Text(_) => None,
        })
    }
}

impl Default for SslOptions {
    fn default() -> Self {
        Self {
            certificate: Certificate::default(),
            further_certificates: Vec::new(),
            cert_reqs: None,
            ca_certs: None,
            check_hostname: true,
            ciphers: None,
            minimum_version: TlsVersion::V1_2,
            maximum_version: TlsVersion::V1_3,
            alpn: Vec::new(),
            handshake_timeout: Duration::from_secs(30),
        }
    }
}
