//! Which TLS a request wants: Tornado's `ssl_options`, `validate_cert`, `ca_certs`, `client_cert` and `client_key`.
//!
//! Its sibling `ssl_options_elsewhere.rs` stands in its place in a build without the feature `tls`.

use std::cell::RefCell;

use firewhirl_tcp::tls::{ClientTls, SslOptions};

use super::destination::Destination;
use super::error::HttpClientError;
use super::options::ClientOptions;
use super::request::HttpRequest;
use super::request_options::Effective;

/// What [`HttpRequest::ssl_options`] takes.
pub(super) type Given = SslOptions;

impl HttpRequest {
    /// How TLS is spoken, in place of [`validate_cert`](Self::validate_cert), [`ca_certs`](Self::ca_certs),
    /// [`client_cert`](Self::client_cert) and [`client_key`](Self::client_key), which are what most need of it.
    ///
    /// What it names is read once, when a request of a client first asks for it; requests with equal options share
    /// connections.
    pub fn ssl_options(mut self, options: SslOptions) -> Self {
        self.options.ssl_options = Some(options);
        self
    }
}

impl ClientOptions {
    /// Speaks TLS as this says, where a request has nothing of its own, and to proxies. Default: certificates are
    /// checked, and the system's authorities are trusted.
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.pool = self.pool.tls(tls);
        self
    }
}

/// So many different options are kept ready; a client has one or two.
const KEPT: usize = 32;

/// The TLS of the options that a client's requests have asked for.
#[derive(Default)]
pub(super) struct ReadyTls {
    /// The one that was made last is the last.
    known: RefCell<Vec<(SslOptions, ClientTls)>>,
}

impl ReadyTls {
    /// Has a destination speak TLS as the request wants it.
    pub(super) fn secure(
        &self,
        destination: Destination,
        options: Effective<'_>,
    ) -> Result<Destination, HttpClientError> {
        match wanted(options) {
            Some(wanted) => Ok(destination.tls(self.ready(wanted)?)),
            None => Ok(destination),
        }
    }

    fn ready(&self, wanted: SslOptions) -> Result<ClientTls, HttpClientError> {
        let mut known = self.known.borrow_mut();
        if let Some((_, tls)) = known.iter().find(|(options, _)| *options == wanted) {
            return Ok(tls.clone());
        }
        let tls = ClientTls::new(&wanted).map_err(HttpClientError::Tls)?;
        if known.len() == KEPT {
            known.remove(0);
        }
        known.push((wanted, tls.clone()));
        Ok(tls)
    }
}

/// What differs from what the client has anyway.
fn wanted(options: Effective<'_>) -> Option<SslOptions> {
    if let Some(given) = options.get(|options| options.ssl_options.as_ref()) {
        return Some(given.clone());
    }
    let validate = options.get(|options| options.validate_cert);
    let ca_certs = options.get(|options| options.ca_certs.as_deref());
    let client_cert = options.get(|options| options.client_cert.as_deref());
    if validate.unwrap_or(true) && ca_certs.is_none() && client_cert.is_none() {
        return None;
    }
    let mut wanted = SslOptions::new().validate_cert(validate.unwrap_or(true));
    if let Some(path) = ca_certs {
        wanted = wanted.ca_certs(path);
    }
    if let Some(path) = client_cert {
        wanted = wanted.certfile(path);
        if let Some(path) = options.get(|options| options.client_key.as_deref()) {
            wanted = wanted.keyfile(path);
        }
    }
    Some(wanted)
}
