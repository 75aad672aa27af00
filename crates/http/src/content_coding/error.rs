//! What can be wrong with a coded body, or with asking for a coding.

use std::fmt;

use super::ContentCoding;
use crate::headers::Excerpt;

/// Why a body cannot be decoded or encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentCodingError {
    /// The peer's body is not what its `Content-Encoding` says.
    Corrupt {
        /// What it should be.
        coding: ContentCoding,
    },
    /// The peer's body ends in the middle.
    Truncated {
        /// The coding that is not complete.
        coding: ContentCoding,
    },
    /// Something else follows the end of the peer's coded body.
    TrailingData {
        /// The coding that had ended.
        coding: ContentCoding,
    },
    /// The peer's body is larger than allowed, once decoded.
    TooLarge {
        /// How many bytes are allowed.
        limit: u64,
    },
    /// The peer's body is coded more often than anything honest is.
    TooMany {
        /// How many codings are allowed.
        limit: usize,
    },
    /// The peer named a coding that nobody here knows.
    Unknown {
        /// Its name, of a sensible length.
        coding: String,
    },
    /// This program was built without the coding.
    NotBuilt {
        /// The coding.
        coding: ContentCoding,
        /// The cargo feature that has it.
        feature: &'static str,
    },
    /// The encoder failed, for want of memory.
    Encoder {
        /// Its coding.
        coding: ContentCoding,
    },
}

impl ContentCodingError {
    pub(super) fn unknown(token: &[u8]) -> Self {
        Self::Unknown { coding: Excerpt(token).to_string() }
    }
}

impl fmt::Display for ContentCodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt { coding } => write!(f, "the body is not the {coding} that its Content-Encoding says"),
            Self::Truncated { coding } => write!(f, "the body is cut short in the middle of its {coding}"),
            Self::TrailingData { coding } => write!(f, "the body goes on with something else after its {coding}"),
            Self::TooLarge { limit } => {
                write!(f, "the decoded body has more than {limit} bytes; raise `max_body_size` if it is expected")
            }
            Self::TooMany { limit } => write!(f, "the body has more than {limit} codings, one inside the other"),
            Self::Unknown { coding } => write!(f, "the body has the content coding {coding}, which is unknown here"),
            Self::NotBuilt { coding, feature } => write!(
                f,
                "this program was built without the content coding {coding}; switch the cargo feature `{feature}` on"
            ),
            Self::Encoder { coding } => write!(f, "no memory to compress a body with {coding}"),
        }
    }
}

impl std::error::Error for ContentCodingError {}
