//! The cryptography beneath: the one place that names the library.

use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;
pub(super) use rustls::crypto::ring::Ticketer;
use rustls::crypto::ring::default_provider;

/// What all of a process's TLS is made with.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(default_provider())).clone()
}
