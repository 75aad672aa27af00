//! What stands in the place of `ssl_options.rs` in a build without the feature `tls`: nothing, for a request of
//! `https://` is an error there that names the feature.

use std::convert::Infallible;

use super::destination::Destination;
use super::error::HttpClientError;
use super::request_options::Effective;

/// What there is none of.
pub(super) type Given = Infallible;

#[derive(Default)]
pub(super) struct ReadyTls {}

impl ReadyTls {
    /// Leaves a destination as it is.
    pub(super) fn secure(
        &self,
        destination: Destination,
        options: Effective<'_>,
    ) -> Result<Destination, HttpClientError> {
        match options.get(|options| options.ssl_options) {
            Some(never) => match never {},
            None => Ok(destination),
        }
    }
}
