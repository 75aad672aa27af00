//! gzip and deflate: the DEFLATE format in its three wrappings (RFC 1950, 1951 and 1952), by flate2.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::decoder::Decode;
use super::encoder::{Encode, Flush};
use super::{ContentCoding, ContentCodingError};

/// The largest window, as a power of two.
const WINDOW_BITS: u8 = 15;

/// Room that is made for output at a time.
const OUTPUT_SIZE: usize = 16 * 1024;

pub(super) fn gzip_decoder() -> Box<dyn Decode> {
    Box::new(Gzip { member: gzip_member(), members: 0, is_inside: false, has_output: false })
}

pub(super) fn deflate_decoder() -> Box<dyn Decode> {
    Box::new(Deflate::Begin(None))
}

/// One or more gzip members.
struct Gzip {
    member: Decompress,
    /// How many have ended.
    members: u64,
    /// Whether one has begun and not ended.
    is_inside: bool,
    /// Whether that one has given anything, and so is gzip.
    has_output: bool,
}

fn gzip_member() -> Decompress {
    Decompress::new_gzip(WINDOW_BITS)
}

impl Decode for Gzip {
    fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, ContentCodingError> {
        if input.is_empty() && !self.is_inside {
            return Ok(0);
        }
        self.is_inside = true;
        let Ok((read, status)) = decompress(&mut self.member, input, output) else {
            let coding = ContentCoding::Gzip;
            let is_other = self.members > 0 && !self.has_output;
            return Err(if is_other {
                ContentCodingError::TrailingData { coding }
            } else {
                ContentCodingError::Corrupt { coding }
            });
        };
        self.has_output |= !output.is_empty();
        if status == Status::StreamEnd {
            *self = Self { member: gzip_member(), members: self.members + 1, is_inside: false, has_output: false };
        }
        Ok(read)
    }

    fn is_complete(&self) -> bool {
        !self.is_inside
    }
}

/// DEFLATE with zlib's two bytes before it or without.
enum Deflate {
    /// The first byte, once it is there: it takes two to tell.
    Begin(Option<u8>),
    Body(Decompress),
    End,
}

impl Deflate {
    /// Looks at the next of the first bytes; says how many it took.
    fn begin(&mut self, first: Option<u8>, input: &[u8], output: &mut Vec<u8>) -> Result<usize, ContentCodingError> {
        match (first, input) {
            (_, []) => Ok(0),
            (None, &[first, ..]) => {
                *self = Self::Begin(Some(first));
                Ok(1)
            }
            (Some(first), &[second, ..]) => {
                let mut body = Decompress::new(is_zlib(first, second));
                // No wrapping gives anything after its first byte.
                decompress(&mut body, &[first], output).map_err(|_| CORRUPT_DEFLATE)?;
                *self = Self::Body(body);
                self.decode(input, output)
            }
        }
    }
}

const CORRUPT_DEFLATE: ContentCodingError = ContentCodingError::Corrupt { coding: ContentCoding::Deflate };

impl Decode for Deflate {
    fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, ContentCodingError> {
        match self {
            &mut Self::Begin(first) => self.begin(first, input, output),
            Self::Body(body) => {
                let (read, status) = decompress(body, input, output).map_err(|_| CORRUPT_DEFLATE)?;
                if status == Status::StreamEnd {
                    *self = Self::End;
                }
                Ok(read)
            }
            Self::End if input.is_empty() => Ok(0),
            Self::End => Err(ContentCodingError::TrailingData { coding: ContentCoding::Deflate }),
        }
    }

    fn is_complete(&self) -> bool {
        matches!(self, Self::Begin(None) | Self::End)
    }
}

/// Whether these two bytes are the header of the zlib format: "CMF and FLG, when viewed as a 16-bit unsigned
/// integer stored in MSB order, is a multiple of 31" (RFC 1950, section 2.2), and the method is DEFLATE.
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

fn decompress(
    codec: &mut Decompress,
    input: &[u8],
    output: &mut Vec<u8>,
) -> Result<(usize, Status), flate2::DecompressError> {
    let before = codec.total_in();
    let status = codec.decompress_vec(input, output, FlushDecompress::None)?;
    Ok(((codec.total_in() - before) as usize, status))
}

pub(super) fn gzip_encoder(level: u8) -> Box<dyn Encode> {
    let codec = Compress::new_gzip(Compression::new(level.into()), WINDOW_BITS);
    Box::new(Zlib { codec, coding: ContentCoding::Gzip })
}

pub(super) fn deflate_encoder(level: u8) -> Box<dyn Encode> {
    let codec = Compress::new(Compression::new(level.into()), true);
    Box::new(Zlib { codec, coding: ContentCoding::Deflate })
}

struct Zlib {
    codec: Compress,
    coding: ContentCoding,
}

impl Encode for Zlib {
    fn encode(&mut self, mut input: &[u8], flush: Flush, output: &mut Vec<u8>) -> Result<(), ContentCodingError> {
        let operation = match flush {
            Flush::None => FlushCompress::None,
            Flush::Sync => FlushCompress::Sync,
            Flush::Finish => FlushCompress::Finish,
        };
        loop {
            output.reserve(OUTPUT_SIZE);
            let before = self.codec.total_in();
            let status = self
                .codec
                .compress_vec(input, output, operation)
                .map_err(|_| ContentCodingError::Encoder { coding: self.coding })?;
            input = &input[(self.codec.total_in() - before) as usize..];
            let is_done = match flush {
                Flush::Finish => status == Status::StreamEnd,
                // What is left of the room says that nothing more waits for it.
                Flush::None | Flush::Sync => input.is_empty() && output.len() < output.capacity(),
            };
            if is_done {
                return Ok(());
            }
        }
    }
}
