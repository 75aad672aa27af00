//! What stands in the place of TLS in a build without the feature `tls`: an error that says so.

use std::fmt;

use firewhirl_event::IoStream;

use super::destination::Destination;
use super::error::HttpClientError;

/// What goes wrong with TLS: nothing, for this build has none.
#[derive(Clone, Debug)]
pub enum TlsError {}

impl fmt::Display for TlsError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for TlsError {}

/// The TLS that a destination asks for: none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Tls;

/// The ways of speaking TLS that a pool has ready: none.
pub(super) struct Secure;

impl Secure {
    pub(super) fn new(_: Tls) -> Self {
        Self
    }

    pub(super) async fn connect(&self, _: &Destination, _: IoStream) -> Result<IoStream, HttpClientError> {
        Err(missing())
    }

    pub(super) async fn connect_to_proxy(&self, _: &str, _: IoStream) -> Result<IoStream, HttpClientError> {
        Err(missing())
    }
}

fn missing() -> HttpClientError {
    HttpClientError::Feature { wanted: "https", feature: "tls" }
}
