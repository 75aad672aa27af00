//! Services in clear: what there is without the feature `tls`, in place of `secure.rs`.

use firewhirl_event::{Error, Result};
use firewhirl_http::HttpServer;

use super::MainOptions;

/// What the service speaks TLS with: nothing.
pub(super) struct Secure;

impl Secure {
    pub(super) fn read(options: &MainOptions) -> Result<Self> {
        let files = [&options.certfile, &options.keyfile, &options.ca_certs];
        if files.iter().any(|file| file.get().is_some()) || !options.cert_reqs.get().is_empty() {
            return Err(Error::message("this program was built without TLS; build it with the feature `tls`"));
        }
        Ok(Self)
    }

    pub(super) fn is_on(&self) -> bool {
        false
    }

    pub(super) fn apply<Builder>(&self, server: HttpServer<Builder>) -> Result<HttpServer<Builder>> {
        Ok(server)
    }
}
