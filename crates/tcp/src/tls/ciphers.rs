//! Cipher suites by name, the standard's or OpenSSL's.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{CipherSuite, SupportedProtocolVersion};

use super::ssl_options::{SslOptions, TlsVersion};
use super::{TlsError, provider};

/// OpenSSL's name for each suite of TLS 1.2; for those of 1.3 it uses the standard's.
#[rustfmt::skip]
const OPENSSL_NAMES: &[(&str, CipherSuite)] = &[
    ("ECDHE-ECDSA-AES128-GCM-SHA256", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("ECDHE-RSA-AES128-GCM-SHA256",   CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-RSA-AES256-GCM-SHA384",   CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-RSA-CHACHA20-POLY1305",   CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

/// The cryptography with the suites that the options ask for.
pub(super) fn provider_for(options: &SslOptions) -> Result<Arc<CryptoProvider>, TlsError> {
    let Some(names) = &options.ciphers else { return Ok(provider::provider()) };
    let mut chosen = CryptoProvider::clone(&provider::provider());
    let mut suites = Vec::new();
    for name in names.split(':').filter(|name| !name.is_empty()) {
        let suite = chosen.cipher_suites.iter().find(|suite| is_called(suite.suite(), name));
        suites.push(*suite.ok_or_else(|| TlsError::UnknownCipher { name: name.to_owned() })?);
    }
    chosen.cipher_suites = suites;
    Ok(Arc::new(chosen))
}

/// The versions that the options ask for.
pub(super) fn versions(options: &SslOptions) -> Vec<&'static SupportedProtocolVersion> {
    [(TlsVersion::V1_3, &rustls::version::TLS13), (TlsVersion::V1_2, &rustls::version::TLS12)]
        .into_iter()
        .filter(|(version, _)| (options.minimum_version..=options.maximum_version).contains(version))
        .map(|(_, supported)| supported)
        .collect()
}

/// The names of all suites, for an error.
pub(super) fn all_names() -> String {
    let names: Vec<String> = provider::provider().cipher_suites.iter().map(|suite| name(suite.suite())).collect();
    names.join(", ")
}

/// The standard's name, as OpenSSL writes it too for the suites of TLS 1.3.
pub(super) fn name(suite: CipherSuite) -> String {
    suite.as_str().map_or_else(|| format!("{suite:?}"), |name| name.replacen("TLS13_", "TLS_", 1))
}

fn is_called(suite: CipherSuite, wanted: &str) -> bool {
    name(suite) == wanted || OPENSSL_NAMES.contains(&(wanted, suite))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_known_by_the_names_of_the_standard_and_of_openssl() {
        for (names, count) in [
            ("TLS_AES_128_GCM_SHA256", Some(1)),
            ("TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", Some(2)),
            ("ECDHE-RSA-AES128-GCM-SHA256:TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Some(2)),
            ("RC4-MD5", None),
            ("HIGH", None),
        ] {
            let found = provider_for(&SslOptions::new().ciphers(names));
            assert_eq!(found.ok().map(|provider| provider.cipher_suites.len()), count, "{names}");
        }
    }
}
