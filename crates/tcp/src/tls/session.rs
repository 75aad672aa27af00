//! What two peers have agreed on, and who the other is.

use std::fmt;

use firewhirl_event::IoStream;
use rustls::HandshakeKind;
use rustls::pki_types::CertificateDer;

use super::ciphers;
use super::ssl_options::TlsVersion;
use super::transport::TlsTransport;

/// The TLS of a stream, if it has any.
///
/// # Examples
///
/// What an HTTP server asks to know which version it is to speak:
///
/// ```
/// # use firewhirl_event::IoStream;
/// use firewhirl_tcp::tls;
///
/// fn speaks_http2(stream: &IoStream) -> bool {
///     tls::session(stream).is_some_and(|session| session.alpn_protocol() == Some(b"h2"))
/// }
/// ```
pub fn session(stream: &IoStream) -> Option<TlsSession> {
    let machine = stream.transport()?.downcast_ref::<TlsTransport>()?.machine();
    let common = machine.common();
    Some(TlsSession {
        alpn_protocol: common.alpn_protocol().map(Box::from),
        peer_certificates: common.peer_certificates().map(Box::from),
        version: match common.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => TlsVersion::V1_2,
            _ => TlsVersion::V1_3,
        },
        cipher_suite: common.negotiated_cipher_suite().map(|suite| ciphers::name(suite.suite())).unwrap_or_default(),
        server_name: machine.server_name().map(Box::from),
        resumed: common.handshake_kind() == Some(HandshakeKind::Resumed),
    })
}

/// What the peers of one connection have agreed on. Made by [`session`].
#[derive(Clone, PartialEq, Eq)]
pub struct TlsSession {
    alpn_protocol: Option<Box<[u8]>>,
    peer_certificates: Option<Box<[CertificateDer<'static>]>>,
    version: TlsVersion,
    cipher_suite: String,
    server_name: Option<Box<str>>,
    resumed: bool,
}

impl TlsSession {
    /// The protocol that is spoken inside, if one was agreed on (ALPN): `h2`, `http/1.1`. Python's
    /// `SSLSocket.selected_alpn_protocol`.
    pub fn alpn_protocol(&self) -> Option<&[u8]> {
        self.alpn_protocol.as_deref()
    }

    /// The peer's certificate in DER, and after it those of its issuers as far as it sent them. Of a
    /// client's only one that has verified is here; `None` if it has none or was not asked. Tornado's
    /// `get_ssl_certificate(binary_form=True)` is the first.
    pub fn peer_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        self.peer_certificates.as_deref()
    }

    /// The version of the protocol.
    pub fn version(&self) -> TlsVersion {
        self.version
    }

    /// The cipher suite, as the standard calls it: `TLS_AES_128_GCM_SHA256`.
    pub fn cipher_suite(&self) -> &str {
        &self.cipher_suite
    }

    /// The name of the host that the client asked for (SNI); `None` if it named none, as clients do that
    /// connect to an IP address.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// Whether it goes on with the secrets of an earlier connection, which spares both sides most of the
    /// handshake.
    pub fn resumed(&self) -> bool {
        self.resumed
    }
}

/// Without the certificates, which are long.
impl fmt::Debug for TlsSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSession")
            .field("version", &self.version)
            .field("cipher_suite", &self.cipher_suite)
            .field("alpn_protocol", &self.alpn_protocol.as_deref().map(String::from_utf8_lossy))
            .field("server_name", &self.server_name)
            .field("resumed", &self.resumed)
            .finish_non_exhaustive()
    }
}
