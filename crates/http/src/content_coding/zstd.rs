//! zstd: Zstandard (RFC 8878), by the crate of that name, which is a face of the C library.
//!
//! Windows are at most 8 MiB, as RFC 9659 demands of this content coding: a frame could otherwise make its
//! receiver hold a gigabyte.

use zstd::stream::raw::{CParameter, DParameter, InBuffer, Operation, OutBuffer};

use super::decoder::Decode;
use super::encoder::{Encode, Flush};
use super::{ContentCoding, ContentCodingError};

pub(super) const IS_BUILT: bool = true;

/// The largest window, as a power of two.
const WINDOW_BITS_MAX: u32 = 23;

/// The window of a body whose length is unknown, as a power of two: 512 KiB, since every response that is
/// being sent has one.
const WINDOW_BITS: u32 = 19;

/// Room that is made for output at a time.
const OUTPUT_SIZE: usize = 16 * 1024;

const CODING: ContentCoding = ContentCoding::Zstd;

pub(super) fn decoder() -> Result<Box<dyn Decode>, ContentCodingError> {
    let no_memory = |_| ContentCodingError::Corrupt { coding: CODING };
    let mut codec = zstd::stream::raw::Decoder::new().map_err(no_memory)?;
    codec.set_parameter(DParameter::WindowLogMax(WINDOW_BITS_MAX)).map_err(no_memory)?;
    Ok(Box::new(Decoder { codec, frames: 0, is_inside: false, has_output: false }))
}

/// One or more frames.
struct Decoder {
    codec: zstd::stream::raw::Decoder<'static>,
    /// How many have ended.
    frames: u64,
    /// Whether one has begun and not ended.
    is_inside: bool,
    /// Whether that one has given anything, and so is zstd.
    has_output: bool,
}

impl Decode for Decoder {
    fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, ContentCodingError> {
        if input.is_empty() && !self.is_inside {
            return Ok(0);
        }
        let mut source = InBuffer::around(input);
        let Ok(hint) = self.codec.run(&mut source, &mut OutBuffer::around(output)) else {
            let is_other = self.frames > 0 && !self.has_output;
            return Err(if is_other {
                ContentCodingError::TrailingData { coding: CODING }
            } else {
                ContentCodingError::Corrupt { coding: CODING }
            });
        };
        self.has_output |= !output.is_empty();
        self.is_inside = hint != 0;
        if hint == 0 {
            self.frames += 1;
            self.has_output = false;
        }
        Ok(source.pos())
    }

    fn is_complete(&self) -> bool {
        !self.is_inside
    }
}

pub(super) fn encoder(level: u8, length: Option<u64>) -> Result<Box<dyn Encode>, ContentCodingError> {
    let failed = |_| ContentCodingError::Encoder { coding: CODING };
    let mut codec = zstd::stream::raw::Encoder::new(level.into()).map_err(failed)?;
    codec.set_parameter(CParameter::WindowLog(WINDOW_BITS)).map_err(failed)?;
    if length.is_some() {
        codec.set_pledged_src_size(length).map_err(failed)?;
    }
    Ok(Box::new(Encoder { codec }))
}

struct Encoder {
    codec: zstd::stream::raw::Encoder<'static>,
}

impl Encode for Encoder {
    fn encode(&mut self, input: &[u8], flush: Flush, output: &mut Vec<u8>) -> Result<(), ContentCodingError> {
        let failed = |_| ContentCodingError::Encoder { coding: CODING };
        let mut source = InBuffer::around(input);
        while source.pos() < input.len() {
            with_room(output, |room| self.codec.run(&mut source, room)).map_err(failed)?;
        }
        loop {
            let left = with_room(output, |room| match flush {
                Flush::None => Ok(0),
                Flush::Sync => self.codec.flush(room),
                Flush::Finish => self.codec.finish(room, true),
            });
            if left.map_err(failed)? == 0 {
                return Ok(());
            }
        }
    }
}

/// Makes room behind what `output` holds, to be written into.
fn with_room<T>(output: &mut Vec<u8>, write: impl FnOnce(&mut OutBuffer<'_, Vec<u8>>) -> T) -> T {
    output.reserve(OUTPUT_SIZE);
    let end = output.len();
    write(&mut OutBuffer::around_pos(output, end))
}
