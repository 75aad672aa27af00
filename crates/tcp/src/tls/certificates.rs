//! A server's certificates, and which of them a client gets (SNI, RFC 6066, section 3).
//!
//! The names come from the certificates themselves.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use webpki::EndEntityCert;

use super::ssl_options::{Certificate, SslOptions};
use super::{TlsError, pem};

thread_local! {
    static NAME_ASKED_FOR: RefCell<Option<Box<str>>> = const { RefCell::new(None) };
}

/// The name that the client of the handshake step before asked for on this thread.
///
/// The connection itself knows it and does not tell; it asks for a certificate within the step. A stream
/// that is dropped while its thread ends finds the place gone, and has asked for nothing.
pub(super) fn take_name_asked_for() -> Option<Box<str>> {
    NAME_ASKED_FOR.try_with(RefCell::take).ok().flatten()
}

/// Certificates, and which names lead to them.
#[derive(Debug)]
pub(super) struct Certificates {
    /// The first of them is for whoever asks for no name that we have.
    certificates: Vec<Arc<CertifiedKey>>,
    /// Indices of certificates by name in lower case; of `*.example.org` the key is `.example.org`.
    names: HashMap<Box<str>, Vec<usize>>,
}

impl Certificates {
    /// Reads those that the options name.
    pub(super) fn load(options: &SslOptions, provider: &CryptoProvider) -> Result<Self, TlsError> {
        let mut loaded = Self { certificates: Vec::new(), names: HashMap::new() };
        if options.certificate.chain.is_none() {
            return Err(TlsError::NoCertfile);
        }
        for certificate in [&options.certificate].into_iter().chain(&options.further_certificates) {
            loaded.add(load(certificate, provider)?);
        }
        Ok(loaded)
    }

    fn add(&mut self, certificate: CertifiedKey) {
        let index = self.certificates.len();
        if let Some(Ok(leaf)) = certificate.cert.first().map(EndEntityCert::try_from) {
            for name in leaf.valid_dns_names() {
                let name = name.strip_prefix('*').unwrap_or(name).to_ascii_lowercase();
                self.names.entry(name.into()).or_default().push(index);
            }
        }
        self.certificates.push(Arc::new(certificate));
    }

    fn choose(&self, hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.named(name));
        let candidates = named.unwrap_or(&[0]).iter().filter_map(|&index| self.certificates.get(index));
        let fitting =
            candidates.clone().find(|certificate| certificate.key.choose_scheme(hello.signature_schemes()).is_some());
        // Where none fits, the handshake fails with the alert for it.
        fitting.or_else(|| candidates.clone().next()).cloned()
    }

    /// The certificates for a name (which comes in lower case): its own, or those of a wildcard in place of
    /// its first label (RFC 9525, section 6.3).
    fn named(&self, name: &str) -> Option<&[usize]> {
        let wildcard = || name.find('.').and_then(|dot| self.names.get(&name[dot..]));
        self.names.get(name).or_else(wildcard).map(Vec::as_slice)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        NAME_ASKED_FOR.set(hello.server_name().map(Box::from));
        self.choose(&hello)
    }
}

/// A chain with its key, checked to belong together.
pub(super) fn load(certificate: &Certificate, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let Some(chain_pem) = &certificate.chain else { return Err(TlsError::NoCertfile) };
    let chain_text = chain_pem.read("certfile")?;
    let chain = pem::certificates(chain_pem, &chain_text)?;
    let (key_pem, key) = match &certificate.key {
        Some(key_pem) => (key_pem, pem::private_key(key_pem, &key_pem.read("keyfile")?)?),
        None => (chain_pem, pem::private_key(chain_pem, &chain_text)?),
    };
    let unusable = |place: &pem::Pem, source| TlsError::Unusable { place: place.to_string(), source };
    let key = provider.key_provider.load_private_key(key).map_err(|source| unusable(key_pem, source))?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        // A key that cannot tell its public half is believed.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(TlsError::KeyMismatch { certificate: chain_pem.to_string(), key: key_pem.to_string() })
        }
        Err(source) => Err(unusable(chain_pem, source)),
    }
}
