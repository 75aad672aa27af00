//! Certificates and keys in PEM (RFC 7468), from files or memory, with errors that say what is wrong.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsError;

/// Where PEM text comes from.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Pem {
    File(PathBuf),
    Text(Vec<u8>),
}

impl Pem {
    pub(super) fn text(text: impl AsRef<[u8]>) -> Self {
        Self::Text(text.as_ref().to_vec())
    }

    /// The text itself; `option` is what it was given as.
    pub(super) fn read(&self, option: &'static str) -> Result<Vec<u8>, TlsError> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => std::fs::read(path).map_err(|error| TlsError::File {
                option,
                path: path.clone(),
                source: Arc::new(error),
            }),
        }
    }
}

/// The place, as errors name it. A key is not shown.
impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Text(_) => f.write_str("the text in memory"),
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// All certificates in `text`, at least one.
pub(super) fn certificates(pem: &Pem, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(TlsError::NoCertificate { place: pem.to_string() }),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(TlsError::Pem { place: pem.to_string(), reason: error.to_string() }),
    }
}

/// The first private key in `text`.
pub(super) fn private_key(pem: &Pem, text: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    if is_encrypted(text) {
        return Err(TlsError::EncryptedKey { place: pem.to_string() });
    }
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text) {
        let (kind, der) =
            section.map_err(|error| TlsError::Pem { place: pem.to_string(), reason: error.to_string() })?;
        if let Some(key) = PrivateKeyDer::from_pem(kind, der) {
            return Ok(key);
        }
    }
    Err(TlsError::NoPrivateKey { place: pem.to_string() })
}

/// Whether a key in `text` takes a password: PKCS #8's own label, or the header of OpenSSL's older format.
fn is_encrypted(text: &[u8]) -> bool {
    let has = |what: &[u8]| text.windows(what.len()).any(|window| window == what);
    has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED")
}
