//! Inflates a gzip'd message body as it arrives, within a bound (RFC 9110, section 8.4.1.3).
//!
//! Sans-IO: compressed chunks in, inflated chunks out. As in Tornado 6.6 a body may be several gzip
//! members in a row, and what is cut short or followed by something else is an error.

use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};

use crate::error::{ProtocolError, ProtocolErrorKind};
use crate::http_connection::BodyError;

/// Bytes that are inflated at a time, unless fewer are wanted.
const CHUNK_SIZE_MAX: usize = 64 * 1024;

/// The window of the largest gzip members, as a power of two.
const WINDOW_BITS: u8 = 15;

/// A body on its way from gzip to plain.
pub(crate) struct Inflate {
    member: Decompress,
    input: Bytes,
    /// Inflated bytes that may still come.
    left: u64,
    limit: u64,
    /// Bytes that are inflated at a time.
    chunk_size: usize,
    /// Whether a member has begun and not ended.
    inside: bool,
    /// Whether the last step filled its whole chunk, so that more may come without input.
    pending_output: bool,
}

impl Inflate {
    /// Inflates to at most `limit` bytes in all, `chunk_size` at a time.
    pub(crate) fn new(limit: u64, chunk_size: usize) -> Self {
        Self {
            member: Decompress::new_gzip(WINDOW_BITS),
            input: Bytes::new(),
            left: limit,
            limit,
            chunk_size: chunk_size.min(CHUNK_SIZE_MAX),
            inside: false,
            pending_output: false,
        }
    }

    /// Allows another size in all.
    pub(crate) fn set_limit(&mut self, limit: u64) {
        let used = self.limit - self.left;
        self.limit = limit;
        self.left = limit.saturating_sub(used);
    }

    /// Takes the next compressed bytes; the ones before must have been used up.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        debug_assert!(self.input.is_empty(), "the chunk before is not inflated yet");
        self.input = chunk;
    }

    /// The next inflated bytes; `None` asks for more input.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        while !self.input.is_empty() || self.pending_output {
            let mut output = Vec::with_capacity(self.chunk_size);
            let read_before = self.member.total_in();
            let status = self
                .member
                .decompress_vec(&self.input, &mut output, FlushDecompress::None)
                .map_err(|_| BodyError::Encoding("its bytes are no gzip"))?;
            let read = (self.member.total_in() - read_before) as usize;
            self.input.advance(read);
            self.inside = true;
            self.pending_output = output.len() == output.capacity();
            match status {
                Status::StreamEnd => {
                    self.member = Decompress::new_gzip(WINDOW_BITS);
                    self.inside = false;
                    self.pending_output = false;
                }
                Status::BufError | Status::Ok if read == 0 && output.is_empty() => {
                    if !self.pending_output && !self.input.is_empty() {
                        return Err(BodyError::Encoding("it makes no progress"));
                    }
                    self.pending_output = false;
                }
                _ => {}
            }
            if !output.is_empty() {
                self.left = self
                    .left
                    .checked_sub(output.len() as u64)
                    .ok_or(BodyError::Protocol(ProtocolError::new(ProtocolErrorKind::BodyTooLarge, b"")))?;
                return Ok(Some(Bytes::from(output)));
            }
        }
        Ok(None)
    }

    /// Says whether the body may end here.
    pub(crate) fn finish(&mut self) -> Result<(), BodyError> {
        if self.inside { Err(BodyError::Encoding("it is cut short")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    /// Inflates `body` given in pieces of `step` bytes.
    fn inflate(body: &[u8], step: usize, limit: u64) -> Result<Vec<u8>, String> {
        let mut inflate = Inflate::new(limit, CHUNK_SIZE_MAX);
        let mut plain = Vec::new();
        for piece in body.chunks(step) {
            inflate.push(Bytes::copy_from_slice(piece));
            while let Some(chunk) = inflate.next().map_err(|error| error.to_string())? {
                plain.extend_from_slice(&chunk);
            }
        }
        inflate.finish().map_err(|error| error.to_string())?;
        Ok(plain)
    }

    #[test]
    fn inflates_the_same_however_the_bytes_arrive() {
        let plain: Vec<u8> = (0..300_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let body = gzip(&plain);
        for step in [1, 2, 1000, body.len()] {
            assert_eq!(inflate(&body, step, u64::MAX).unwrap(), plain, "{step}");
        }
        let twice = [gzip(b"one "), gzip(b"two")].concat();
        for step in [1, 5, twice.len()] {
            assert_eq!(inflate(&twice, step, 100).unwrap(), b"one two", "{step}");
        }
    }

    #[test]
    fn no_more_is_inflated_at_a_time_than_is_wanted() {
        let mut inflate = Inflate::new(1000, 10);
        inflate.push(gzip(b"abcdefghijklmnopqrstuvwxyz").into());
        for expected in ["abcdefghij", "klmnopqrst", "uvwxyz"] {
            assert_eq!(inflate.next().unwrap().unwrap(), expected);
        }
        assert!(inflate.next().unwrap().is_none());
        inflate.finish().unwrap();
    }

    #[test]
    fn what_is_no_whole_gzip_is_an_error() {
        let body = gzip(b"some text that is long enough");
        assert!(inflate(&body[..body.len() - 3], 7, 1000).unwrap_err().contains("cut short"));
        assert!(inflate(&[body.as_slice(), b"garbage after it"].concat(), 1000, 1000).is_err());
        assert!(inflate(b"no gzip at all", 3, 1000).is_err());
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let bomb = gzip(&vec![0; 10_000_000]);
        assert!(inflate(&bomb, bomb.len(), 1_000_000).unwrap_err().contains("large"));
        assert_eq!(inflate(&bomb, bomb.len(), 10_000_000).unwrap().len(), 10_000_000);
    }
}
