//! Doing a content coding to a body as it is made.

use super::{ContentCoding, ContentCodingError, brotli, zlib, zstd};

/// How much of what an encoder was given has to come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// What suits the encoder: it may keep all of it, and compresses best so.
    None,
    /// All of it, in such a way that the other side can decode it at once. It costs a few bytes.
    Sync,
    /// All of it, and the end of the body. Nothing can be encoded after it.
    Finish,
}

/// A body on its way into a content coding.
///
/// # Examples
///
/// A part that reaches the client before the rest is made:
///
/// ```
/// use firewhirl_http::content_coding::{ContentCoding, Decoder, Encoder, Flush};
///
/// let mut encoder = Encoder::new(ContentCoding::Gzip, ContentCoding::Gzip.default_level(), None)?;
/// let mut coded = Vec::new();
/// encoder.encode(b"first part", Flush::Sync, &mut coded)?;
///
/// let mut decoder = Decoder::new(&[ContentCoding::Gzip])?;
/// decoder.push(coded.into());
/// assert_eq!(decoder.next_chunk()?.unwrap(), "first part");
/// # Ok::<(), firewhirl_http::content_coding::ContentCodingError>(())
/// ```
pub struct Encoder {
    coding: ContentCoding,
    codec: Box<dyn Encode>,
}

impl Encoder {
    /// Makes an encoder; `level` is brought into the coding's [`levels`](ContentCoding::levels).
    ///
    /// The `length` of the body in bytes, if it is known, lets br and zstd take no more memory than the body
    /// is worth. It has to be right.
    ///
    /// # Errors
    ///
    /// [`ContentCodingError::NotBuilt`] for a coding that this program has not.
    pub fn new(coding: ContentCoding, level: u8, length: Option<u64>) -> Result<Self, ContentCodingError> {
        let levels = coding.levels();
        let level = level.clamp(*levels.start(), *levels.end());
        let codec = match coding {
            ContentCoding::Gzip => zlib::gzip_encoder(level),
            ContentCoding::Deflate => zlib::deflate_encoder(level),
            ContentCoding::Brotli => brotli::encoder(level, length)?,
            ContentCoding::Zstd => zstd::encoder(level, length)?,
        };
        Ok(Self { coding, codec })
    }

    /// Encodes `input` and appends what comes out to `output`.
    ///
    /// # Errors
    ///
    /// [`ContentCodingError::Encoder`] where there is no memory for it.
    pub fn encode(&mut self, input: &[u8], flush: Flush, output: &mut Vec<u8>) -> Result<(), ContentCodingError> {
        self.codec.encode(input, flush, output)
    }

    /// Its coding.
    pub fn coding(&self) -> ContentCoding {
        self.coding
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("coding", &self.coding).finish_non_exhaustive()
    }
}

/// What does one coding.
pub(super) trait Encode {
    /// Encodes all of `input`, and appends what comes out.
    fn encode(&mut self, input: &[u8], flush: Flush, output: &mut Vec<u8>) -> Result<(), ContentCodingError>;
}
