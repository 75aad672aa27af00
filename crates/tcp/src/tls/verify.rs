//! Whether a peer's certificate is believed.
//!
//! The library's rules, with three exceptions that are asked for: the name may be left unchecked, all may
//! be, and a certificate that is itself among those trusted needs no issuer. The last is what OpenSSL
//! allows and `openssl req -x509` makes: a certificate of an authority that a server then uses as its own.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore, SignatureScheme,
};

use super::roots::Trusted;

/// What a client believes of its server.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    rules: Arc<WebPkiServerVerifier>,
    /// Certificates that are trusted as themselves.
    themselves: Vec<CertificateDer<'static>>,
    check_hostname: bool,
}

impl ServerVerifier {
    pub(super) fn trusting(
        trusted: Trusted,
        provider: &Arc<CryptoProvider>,
        check_hostname: bool,
    ) -> Result<Self, rustls::Error> {
        let mut verifier = Self::trusting_roots(trusted.roots, provider, check_hostname)?;
        verifier.themselves = trusted.certificates;
        Ok(verifier)
    }

    pub(super) fn trusting_roots(
        roots: Arc<RootCertStore>,
        provider: &Arc<CryptoProvider>,
        check_hostname: bool,
    ) -> Result<Self, rustls::Error> {
        let rules = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { rules, themselves: Vec::new(), check_hostname })
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.rules.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(error) if is_authority_itself(&error, end_entity, &self.themselves) => {
                if self.check_hostname {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            // The name is checked last, so all else is in order.
            Err(error) if !self.check_hostname && is_about_the_name(&error) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.rules.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.rules.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.rules.supported_verify_schemes()
    }
}

/// What a server believes of its clients.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    rules: Arc<dyn ClientCertVerifier>,
    /// Certificates that are trusted as themselves.
    themselves: Vec<CertificateDer<'static>>,
}

impl ClientVerifier {
    pub(super) fn trusting(
        trusted: Trusted,
        provider: &Arc<CryptoProvider>,
        optional: bool,
    ) -> Result<Self, rustls::Error> {
        let mut rules = WebPkiClientVerifier::builder_with_provider(trusted.roots, provider.clone());
        if optional {
            rules = rules.allow_unauthenticated();
        }
        let rules = rules.build().map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { rules, themselves: trusted.certificates })
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn offer_client_auth(&self) -> bool {
        self.rules.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.rules.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.rules.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.rules.verify_client_cert(end_entity, intermediates, now) {
            Err(error) if is_authority_itself(&error, end_entity, &self.themselves) => {
                Ok(ClientCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.rules.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.rules.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.rules.supported_verify_schemes()
    }
}

/// A client that takes any certificate. Only that the server has its key is still seen to.
#[derive(Debug)]
pub(super) struct NoVerification(pub(super) Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerification {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether nothing is wrong with a certificate but that it is an authority's, and it is one of those trusted.
/// The time is checked before this error comes up.
fn is_authority_itself(
    error: &Error,
    certificate: &CertificateDer<'_>,
    themselves: &[CertificateDer<'static>],
) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else { return false };
    matches!(cause.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
        && themselves.iter().any(|trusted| trusted == certificate)
}

fn is_about_the_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
    )
}
