//! What can be wrong with a query, a form or an upload that a peer sent.

use std::fmt;

use http::StatusCode;

use crate::headers::{Excerpt, InvalidHeader};

/// Malformed input from the peer: a server answers it with 400. Tornado's `HTTPInputError`.
///
/// The messages are Tornado's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpInputError {
    /// The query string cannot be read.
    Query(TooManyArguments),
    /// An `application/x-www-form-urlencoded` body cannot be read.
    UrlEncoded(TooManyArguments),
    /// A `multipart/form-data` body cannot be read.
    Multipart(MultipartError),
    /// A form came with a `Content-Encoding`, which is still in place.
    ContentEncoding {
        /// The header's value.
        encoding: String,
    },
}

impl HttpInputError {
    /// The status to answer with: 400.
    pub fn status(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}

impl fmt::Display for HttpInputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(error) => write!(f, "Invalid query string: {error}"),
            Self::UrlEncoded(error) => write!(f, "Invalid x-www-form-urlencoded body: {error}"),
            Self::Multipart(error) => write!(f, "Invalid multipart/form-data: {error}"),
            Self::ContentEncoding { encoding } => write!(f, "Unsupported Content-Encoding: {encoding}"),
        }
    }
}

impl std::error::Error for HttpInputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Query(error) | Self::UrlEncoded(error) => Some(error),
            Self::Multipart(error) => Some(error),
            Self::ContentEncoding { .. } => None,
        }
    }
}

impl From<MultipartError> for HttpInputError {
    fn from(error: MultipartError) -> Self {
        Self::Multipart(error)
    }
}

/// A query or form with more arguments than `max_arguments`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyArguments {
    /// How many are allowed.
    pub limit: usize,
}

impl fmt::Display for TooManyArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Max number of fields exceeded ({})", self.limit)
    }
}

impl std::error::Error for TooManyArguments {}

/// What is wrong with a `multipart/form-data` body (RFC 7578, RFC 2046 section 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MultipartError {
    /// The limits switch uploads off.
    Disabled,
    /// The content type only begins like `multipart/form-data`.
    ContentType,
    /// The content type names no boundary.
    NoBoundary,
    /// The boundary is longer than any client makes one.
    BoundaryTooLong {
        /// Bytes that it may have.
        limit: usize,
    },
    /// The body ended before its final boundary.
    NoFinalBoundary,
    /// More parts than `max_parts`.
    TooManyParts {
        /// How many are allowed.
        limit: usize,
    },
    /// Something other than a boundary where one is due, or a part without headers.
    MissingHeaders,
    /// A part's headers have more bytes than `max_part_header_size`.
    PartHeaderTooLarge {
        /// Bytes that they may have.
        limit: usize,
    },
    /// A part's header is malformed.
    Header(InvalidHeader),
    /// A part's headers are not UTF-8.
    NotUtf8,
    /// A part whose `Content-Disposition` is not `form-data`.
    Disposition {
        /// What it is.
        disposition: String,
    },
    /// A boundary that does not begin a line.
    MissingLineEnd,
    /// A part whose `Content-Disposition` has no `name`.
    MissingName,
}

impl fmt::Display for MultipartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled => f.write_str("multipart/form-data parsing is disabled"),
            Self::ContentType => f.write_str("Invalid content type"),
            Self::NoBoundary => f.write_str("multipart boundary not found"),
            Self::BoundaryTooLong { limit } => write!(f, "multipart boundary longer than {limit} bytes"),
            Self::NoFinalBoundary => f.write_str("no final boundary found"),
            Self::TooManyParts { limit } => write!(f, "multipart/form-data has too many parts (over {limit})"),
            Self::MissingHeaders => f.write_str("multipart/form-data missing headers"),
            Self::PartHeaderTooLarge { limit } => {
                write!(f, "multipart/form-data part header too large (over {limit} bytes)")
            }
            Self::Header(error) => error.fmt(f),
            Self::NotUtf8 => f.write_str("multipart/form-data part header is not UTF-8"),
            Self::Disposition { disposition } => {
                write!(f, "Content-Disposition of a part is {}, not form-data", Excerpt(disposition.as_bytes()))
            }
            Self::MissingLineEnd => f.write_str("a boundary does not begin a line"),
            Self::MissingName => f.write_str("multipart/form-data missing name"),
        }
    }
}

impl std::error::Error for MultipartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Header(error) => Some(error),
            _ => None,
        }
    }
}

impl From<InvalidHeader> for MultipartError {
    fn from(error: InvalidHeader) -> Self {
        Self::Header(error)
    }
}
