//! The error of a tower service, whichever side of it is ours.

use std::error::Error;
use std::fmt;

use super::BoxError;

/// A tower service failed: one that is mounted, which is answered 500, or an application that is one.
#[derive(Debug)]
pub struct ServiceError {
    cause: BoxError,
}

impl ServiceError {
    pub(super) fn from_cause(cause: impl Into<BoxError>) -> Self {
        Self { cause: cause.into() }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a tower service failed: {}", self.cause)
    }
}

impl Error for ServiceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}
