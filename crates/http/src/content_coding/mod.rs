//! Content codings: bodies that are compressed on their way (RFC 9110, section 8.4), in both directions.
//!
//! Sans-IO: a [`Decoder`] undoes what a `Content-Encoding` field names, an [`Encoder`] does one of them,
//! [`AcceptEncoding`] says which one a client wants. gzip and deflate are always there, br and zstd by the
//! cargo features `brotli` and `zstd`; whoever asks for one that was not built in gets an error that names
//! the feature.
//!
//! Whatever comes from a peer is bounded: a decoder makes its output in pieces, counts them as they are
//! made, and undoes at most [`CODINGS_MAX`] codings, one inside the other.

mod accept;
#[cfg_attr(not(feature = "brotli"), path = "brotli_elsewhere.rs")]
mod brotli;
mod coding;
mod decoder;
mod encoder;
mod error;
mod zlib;
#[cfg_attr(not(feature = "zstd"), path = "zstd_elsewhere.rs")]
mod zstd;

pub use accept::AcceptEncoding;
pub use coding::{CODINGS_MAX, ContentCoding, parse_content_encoding};
pub use decoder::Decoder;
pub use encoder::{Encoder, Flush};
pub use error::ContentCodingError;
