//! Undoing content codings as a body arrives, within a bound.

use bytes::{Buf, Bytes};

use super::{CODINGS_MAX, ContentCoding, ContentCodingError, brotli, zlib, zstd};

/// Bytes that are decoded at a time, unless fewer are wanted.
const CHUNK_SIZE_MAX: usize = 64 * 1024;

/// A body on its way back to what it was before its codings.
///
/// Coded bytes go in with [`push`](Self::push), what they were comes out of
/// [`next_chunk`](Self::next_chunk) in pieces, and [`finish`](Self::finish) says whether that was all of it. A
/// few bytes can become very many, so decoded bytes are counted as they are made, and after each piece
/// the caller decides whether to go on.
///
/// gzip and zstd may be several members in a row (RFC 1952, section 2.2; RFC 8878, section 3). Tornado's
/// `GzipDecompressor`, which is for gzip alone.
///
/// # Examples
///
/// ```
/// use firewhirl_http::content_coding::{ContentCoding, Decoder, Encoder, Flush};
///
/// let mut coded = Vec::new();
/// Encoder::new(ContentCoding::Gzip, 6, None)?.encode(b"Hello, world", Flush::Finish, &mut coded)?;
///
/// let mut decoder = Decoder::new(&[ContentCoding::Gzip])?.max_size(1000);
/// decoder.push(coded.into());
/// assert_eq!(decoder.next_chunk()?.unwrap(), "Hello, world");
/// assert_eq!(decoder.next_chunk()?, None);
/// decoder.finish()?;
/// # Ok::<(), firewhirl_http::content_coding::ContentCodingError>(())
/// ```
pub struct Decoder {
    input: Bytes,
    /// From the coding that is undone first to the one that is undone last.
    stages: Vec<Stage>,
    limit: u64,
    chunk_size: usize,
}

impl Decoder {
    /// Makes a decoder of a body with these codings, in the order of `Content-Encoding`: that in which they
    /// were applied. Without any it hands over what comes.
    ///
    /// # Errors
    ///
    /// [`ContentCodingError::NotBuilt`] for one that this program has not, and
    /// [`ContentCodingError::TooMany`] for more than [`CODINGS_MAX`].
    pub fn new(codings: &[ContentCoding]) -> Result<Self, ContentCodingError> {
        if codings.len() > CODINGS_MAX {
            return Err(ContentCodingError::TooMany { limit: CODINGS_MAX });
        }
        let stages = codings.iter().rev().map(|&coding| Stage::new(coding)).collect::<Result<_, _>>()?;
        Ok(Self { input: Bytes::new(), stages, limit: 100 * 1024 * 1024, chunk_size: CHUNK_SIZE_MAX })
    }

    /// Bytes that the body may have once decoded, and after each of several codings. Default: 100 MiB.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Bytes that are decoded at a time, from 1 to 64 KiB. Default: 64 KiB.
    pub fn chunk_size(mut self, bytes: usize) -> Self {
        self.chunk_size = bytes.clamp(1, CHUNK_SIZE_MAX);
        self
    }

    /// Allows another size in all, also when a part has been decoded.
    pub fn set_max_size(&mut self, bytes: u64) {
        self.limit = bytes;
    }

    /// Takes the next coded bytes. To be called once [`next_chunk`](Self::next_chunk) has asked for more.
    pub fn push(&mut self, input: Bytes) {
        debug_assert!(self.input.is_empty(), "the bytes before are not decoded yet");
        self.input = input;
    }

    /// The next decoded bytes; `None` asks for more input.
    ///
    /// # Errors
    ///
    /// [`ContentCodingError::Corrupt`], [`ContentCodingError::TrailingData`] and
    /// [`ContentCodingError::TooLarge`]; nothing more is to be had then.
    pub fn next_chunk(&mut self) -> Result<Option<Bytes>, ContentCodingError> {
        pull(&mut self.stages, &mut self.input, self.limit, self.chunk_size)
    }

    /// Says whether the body may end here. A body of no bytes at all may.
    ///
    /// # Errors
    ///
    /// [`ContentCodingError::Truncated`].
    pub fn finish(&self) -> Result<(), ContentCodingError> {
        match self.stages.iter().find(|stage| !stage.codec.is_complete()) {
            Some(stage) => Err(ContentCodingError::Truncated { coding: stage.coding }),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let codings: Vec<_> = self.stages.iter().map(|stage| stage.coding).collect();
        f.debug_struct("Decoder").field("codings", &codings).field("max_size", &self.limit).finish_non_exhaustive()
    }
}

/// What undoes one coding.
pub(super) trait Decode {
    /// Decodes into what is free in `output`; says how many bytes of `input` it took.
    fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, ContentCodingError>;

    /// Whether the input may end here.
    fn is_complete(&self) -> bool;
}

struct Stage {
    coding: ContentCoding,
    codec: Box<dyn Decode>,
    input: Bytes,
    output: Vec<u8>,
    /// Bytes decoded so far.
    decoded: u64,
    /// Whether the last step filled its output, so that more may come without input.
    is_full: bool,
}

impl Stage {
    fn new(coding: ContentCoding) -> Result<Self, ContentCodingError> {
        let codec = match coding {
            ContentCoding::Gzip => zlib::gzip_decoder(),
            ContentCoding::Deflate => zlib::deflate_decoder(),
            ContentCoding::Brotli => brotli::decoder()?,
            ContentCoding::Zstd => zstd::decoder()?,
        };
        Ok(Self { coding, codec, input: Bytes::new(), output: Vec::new(), decoded: 0, is_full: false })
    }

    /// Decodes at most `chunk_size` bytes; whether it took or made any.
    fn step(&mut self, limit: u64, chunk_size: usize) -> Result<bool, ContentCodingError> {
        self.output.reserve_exact(chunk_size);
        let read = self.codec.decode(&self.input, &mut self.output)?;
        self.input.advance(read);
        self.decoded += self.output.len() as u64;
        self.is_full = self.output.len() == self.output.capacity();
        if self.decoded > limit { Err(ContentCodingError::TooLarge { limit }) } else { Ok(read > 0 || self.is_full) }
    }

    /// What the last step has made. The buffer goes with it if it is full, and stays if a copy is cheaper.
    fn take_output(&mut self) -> Option<Bytes> {
        if self.is_full {
            return Some(Bytes::from(std::mem::take(&mut self.output)));
        }
        let chunk = (!self.output.is_empty()).then(|| Bytes::copy_from_slice(&self.output));
        self.output.clear();
        chunk
    }
}

/// The next output of the last stage, for which those before it give what it needs.
fn pull(
    stages: &mut [Stage],
    input: &mut Bytes,
    limit: u64,
    chunk_size: usize,
) -> Result<Option<Bytes>, ContentCodingError> {
    let Some((stage, before)) = stages.split_last_mut() else {
        return Ok((!input.is_empty()).then(|| std::mem::take(input)));
    };
    loop {
        if stage.input.is_empty() && !stage.is_full {
            match pull(before, input, limit, chunk_size)? {
                Some(chunk) => stage.input = chunk,
                None => return Ok(None),
            }
        }
        let progressed = stage.step(limit, chunk_size)?;
        if let Some(chunk) = stage.take_output() {
            return Ok(Some(chunk));
        }
        if !progressed && !stage.input.is_empty() {
            return Err(ContentCodingError::Corrupt { coding: stage.coding });
        }
    }
}

#[cfg(test)]
#[path = "decoder/tests.rs"]
mod tests;
