//! Tests in clear: what there is without the feature `tls`, in place of `secure.rs`.

use firewhirl_event::{IoStream, Result};
use firewhirl_http::HttpServer;
use firewhirl_tcp::ConnectError;

use crate::Client;

/// Whether a test's server and client speak HTTPS: no.
#[derive(Clone, Debug, Default)]
pub(crate) struct Https;

impl Https {
    pub(crate) fn server<Builder>(&self, server: HttpServer<Builder>) -> Result<HttpServer<Builder>> {
        Ok(server)
    }

    pub(crate) fn client(&self, client: Client) -> Result<Client> {
        Ok(client)
    }
}

/// What a client speaks on its connections: nothing but what it is told to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Speaks;

impl Speaks {
    pub(crate) async fn open(&self, stream: IoStream) -> Result<IoStream, ConnectError> {
        Ok(stream)
    }
}
