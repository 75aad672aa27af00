//! The authorities that are trusted: those of a file, or the system's.
//!
//! The system's are read once a process, when they are first needed, on a thread that may block.

use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::TlsError;
use super::pem::{self, Pem};

static SYSTEM: OnceLock<Result<Arc<RootCertStore>, TlsError>> = OnceLock::new();

/// The certificates of `ca_certs`: as authorities, and each as itself.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) roots: Arc<RootCertStore>,
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

impl Trusted {
    pub(super) fn load(ca_certs: &Pem) -> Result<Self, TlsError> {
        let certificates = pem::certificates(ca_certs, &ca_certs.read("ca_certs")?)?;
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots
                .add(certificate.clone())
                .map_err(|source| TlsError::Unusable { place: ca_certs.to_string(), source })?;
        }
        Ok(Self { roots: Arc::new(roots), certificates })
    }
}

/// The system's, if they have been read.
pub(super) fn system_if_loaded() -> Option<Result<Arc<RootCertStore>, TlsError>> {
    SYSTEM.get().cloned()
}

/// The system's. Reads files unless they have been read.
pub(super) fn system() -> Result<Arc<RootCertStore>, TlsError> {
    SYSTEM.get_or_init(load_system).clone()
}

fn load_system() -> Result<Arc<RootCertStore>, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Stores have a few that no library reads; these are passed over.
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let reason = found.errors.first().map_or_else(|| "none was found".to_owned(), ToString::to_string);
        return Err(TlsError::NoSystemRoots { reason });
    }
    Ok(Arc::new(roots))
}
