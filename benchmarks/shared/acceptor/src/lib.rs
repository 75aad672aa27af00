//! TLS of the peers that stand on tokio-rustls: its default provider (aws-lc-rs), TLS 1.3 with
//! AES-128-GCM and X25519 as in all rows, HTTP/2 and HTTP/1.1 by ALPN, and session tickets as nginx has.

use std::{error::Error, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::{
        CryptoProvider,
        aws_lc_rs::{self, Ticketer, cipher_suite::TLS13_AES_128_GCM_SHA256, kx_group::X25519},
    },
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    version::TLS13,
};
use tokio_rustls::TlsAcceptor;

/// What takes connections over TLS, from the arguments `CERTIFICATE KEY`; none without them.
///
/// # Errors
///
/// Where a file cannot be read or the key does not fit the certificate.
pub fn acceptor(mut arguments: impl Iterator<Item = String>) -> Result<Option<TlsAcceptor>, Box<dyn Error>> {
    let Some(certificate) = arguments.next() else { return Ok(None) };
    let key = arguments.next().ok_or("CERTIFICATE comes with KEY")?;
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    let provider = CryptoProvider {
        cipher_suites: vec![TLS13_AES_128_GCM_SHA256],
        kx_groups: vec![X25519],
        ..aws_lc_rs::default_provider()
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = Ticketer::new()?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
