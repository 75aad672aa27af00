//! HTTPS by options: `certfile` and what goes with it.
//!
//! The variant with the feature `tls`; without it `secure_elsewhere.rs` takes its place.

use std::time::Duration;

use firewhirl_event::{Error, IoLoop, Result, Signal};
use firewhirl_http::HttpServer;
use firewhirl_tcp::tls::{CertReqs, ServerTls, SslOptions};

use super::MainOptions;

/// How often it is looked whether the files of certificates have changed.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What the service speaks TLS with, if its options say so.
pub(super) struct Secure(Option<ServerTls>);

impl Secure {
    /// Reads the files, while they can be read: a key is mostly root's alone.
    pub(super) fn read(options: &MainOptions) -> Result<Self> {
        let Some(certfile) = options.certfile.get() else {
            let unused = [("keyfile", options.keyfile.get()), ("ca_certs", options.ca_certs.get())];
            return match unused.iter().find(|(_, path)| path.is_some()) {
                Some((name, _)) => Err(Error::message(format!("{name} is of no use without certfile"))),
                None => Ok(Self(None)),
            };
        };
        let mut ssl_options = SslOptions::new().certfile(certfile);
        if let Some(keyfile) = options.keyfile.get() {
            ssl_options = ssl_options.keyfile(keyfile);
        }
        let reqs = match (options.cert_reqs.get().as_str(), options.ca_certs.get()) {
            ("", Some(_)) | ("required", _) => CertReqs::Required,
            ("optional", _) => CertReqs::Optional,
            ("" | "none", _) => CertReqs::None,
            (other, _) => {
                return Err(Error::message(format!("cert_reqs is none, optional or required, not {other:?}")));
            }
        };
        if let Some(ca_certs) = options.ca_certs.get() {
            ssl_options = ssl_options.ca_certs(ca_certs);
        }
        Ok(Self(Some(ServerTls::new(&ssl_options.cert_reqs(reqs))?)))
    }

    /// Whether it speaks TLS.
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Has the server speak TLS, with certificates that are read again on SIGHUP and when they have changed.
    pub(super) fn apply<Builder>(&self, server: HttpServer<Builder>) -> Result<HttpServer<Builder>> {
        let Some(tls) = &self.0 else { return Ok(server) };
        tls.watch(LOOK_AGAIN);
        let reloaded = tls.clone();
        IoLoop::current().on_signal(Signal::Hangup, move || reloaded.reload_and_log())?;
        Ok(server.ssl_options(tls.clone())?)
    }
}
