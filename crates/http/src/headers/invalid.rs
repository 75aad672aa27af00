//! Why a header field was refused.

use std::fmt;

/// A header line that cannot be sent or that a peer should not have sent.
///
/// From [`Headers::set`](super::Headers::set) and [`add`](super::Headers::add) it is the caller's
/// fault, from [`parse`](super::Headers::parse) the peer's. The messages are Tornado's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidHeader {
    /// The name is no token of RFC 9110, section 5.6.2.
    Name {
        /// What stands in the name's place.
        name: Vec<u8>,
    },
    /// The value holds a control character other than the tab.
    Value {
        /// The field's name.
        name: Vec<u8>,
        /// What stands in the value's place.
        value: Vec<u8>,
    },
    /// A line without a colon.
    NoColon,
    /// A line that starts with whitespace: obsolete line folding (RFC 9112, section 5.2).
    Folded,
    /// A name, a value or a block of 1 GiB or more.
    TooLarge,
}

impl InvalidHeader {
    #[cold]
    pub(super) fn name(name: &[u8]) -> Self {
        Self::Name { name: name.to_vec() }
    }

    #[cold]
    pub(super) fn value(name: &[u8], value: &[u8]) -> Self {
        Self::Value { name: name.to_vec(), value: value.to_vec() }
    }
}

impl fmt::Display for InvalidHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(f, "Invalid header name {}", Excerpt(name)),
            Self::Value { value, .. } => write!(f, "Invalid header value {}", Excerpt(value)),
            Self::NoColon => f.write_str("no colon in header line"),
            Self::Folded => f.write_str("header line cannot start with whitespace, folding not supported"),
            Self::TooLarge => f.write_str("1 GiB of headers or more"),
        }
    }
}

impl std::error::Error for InvalidHeader {}

/// Shows what somebody sent in a message: quoted, escaped, and no more than its beginning.
pub(crate) struct Excerpt<'bytes>(pub(crate) &'bytes [u8]);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 80;
        match self.0.get(..SHOWN) {
            Some(beginning) if self.0.len() > SHOWN => write!(f, "'{}'...", beginning.escape_ascii()),
            _ => write!(f, "'{}'", self.0.escape_ascii()),
        }
    }
}
