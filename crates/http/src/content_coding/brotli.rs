//! br: Brotli (RFC 7932), by the crate of that name.

use brotli::enc::StandardAlloc;
use brotli::enc::encode::{BrotliEncoderOperation, BrotliEncoderParameter, BrotliEncoderStateStruct};
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};

use super::decoder::Decode;
use super::encoder::{Encode, Flush};
use super::{ContentCoding, ContentCodingError};

pub(super) const IS_BUILT: bool = true;

/// The window of a body whose length is unknown, as a power of two: 512 KiB, since every response that is
/// being sent has one.
const WINDOW_BITS: u32 = 19;

/// The smallest window that the format has.
const WINDOW_BITS_MIN: u32 = 10;

pub(super) fn decoder() -> Result<Box<dyn Decode>, ContentCodingError> {
    let alloc = StandardAlloc::default;
    // Strict: without the windows of a gigabyte that are no part of the RFC.
    let state = BrotliState::new_strict(alloc(), alloc(), alloc());
    Ok(Box::new(Decoder { state, progress: Progress::Begin }))
}

struct Decoder {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    progress: Progress,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Begin,
    Body,
    End,
}

impl Decode for Decoder {
    fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, ContentCodingError> {
        const CODING: ContentCoding = ContentCoding::Brotli;
        match self.progress {
            Progress::End if !input.is_empty() => return Err(ContentCodingError::TrailingData { coding: CODING }),
            Progress::Begin if input.is_empty() => return Ok(0),
            Progress::End => return Ok(0),
            Progress::Begin | Progress::Body => self.progress = Progress::Body,
        }
        let (mut available, mut read) = (input.len(), 0);
        let (mut written, mut total) = (output.len(), 0);
        output.resize(output.capacity(), 0);
        let mut room = output.len() - written;
        let result = BrotliDecompressStream(
            &mut available,
            &mut read,
            input,
            &mut room,
            &mut written,
            output,
            &mut total,
            &mut self.state,
        );
        output.truncate(written);
        match result {
            BrotliResult::ResultSuccess => self.progress = Progress::End,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => return Err(ContentCodingError::Corrupt { coding: CODING }),
        }
        Ok(read)
    }

    fn is_complete(&self) -> bool {
        self.progress != Progress::Body
    }
}

pub(super) fn encoder(level: u8, length: Option<u64>) -> Result<Box<dyn Encode>, ContentCodingError> {
    let mut state = BrotliEncoderStateStruct::new(StandardAlloc::default());
    state.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_QUALITY, level.into());
    let window = length.map_or(WINDOW_BITS, |length| length.max(1).ilog2() + 1);
    state.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_LGWIN, window.clamp(WINDOW_BITS_MIN, WINDOW_BITS));
    if let Some(length) = length.and_then(|length| u32::try_from(length).ok()) {
        state.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_SIZE_HINT, length);
    }
    Ok(Box::new(Encoder { state }))
}

struct Encoder {
    state: BrotliEncoderStateStruct<StandardAlloc>,
}

impl Encode for Encoder {
    fn encode(&mut self, input: &[u8], flush: Flush, output: &mut Vec<u8>) -> Result<(), ContentCodingError> {
        let operation = |flush| match flush {
            Flush::None => BrotliEncoderOperation::BROTLI_OPERATION_PROCESS,
            Flush::Sync => BrotliEncoderOperation::BROTLI_OPERATION_FLUSH,
            Flush::Finish => BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
        };
        let (mut available, mut read) = (input.len(), 0);
        loop {
            // It is given no room, so that it keeps its output, which is then taken without another copy.
            let is_ok = self.state.compress_stream(
                operation(flush),
                &mut available,
                input,
                &mut read,
                &mut 0,
                &mut [],
                &mut 0,
                &mut None,
                &mut |_, _, _, _| (),
            );
            if !is_ok {
                return Err(ContentCodingError::Encoder { coding: ContentCoding::Brotli });
            }
            let mut size = 0;
            output.extend_from_slice(&self.state.take_output(&mut size)[..size]);
            let is_done = available == 0 && !self.state.has_more_output();
            if is_done && (flush != Flush::Finish || self.state.is_finished()) {
                return Ok(());
            }
        }
    }
}
