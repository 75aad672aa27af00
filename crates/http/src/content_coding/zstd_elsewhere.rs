//! zstd in a program without the cargo feature `zstd`: asking for it is an error.

use super::decoder::Decode;
use super::encoder::Encode;
use super::{ContentCoding, ContentCodingError};

pub(super) const IS_BUILT: bool = false;

const NOT_BUILT: ContentCodingError = ContentCodingError::NotBuilt { coding: ContentCoding::Zstd, feature: "zstd" };

pub(super) fn decoder() -> Result<Box<dyn Decode>, ContentCodingError> {
    Err(NOT_BUILT)
}

pub(super) fn encoder(_: u8, _: Option<u64>) -> Result<Box<dyn Encode>, ContentCodingError> {
    Err(NOT_BUILT)
}
