//! Bytes of a file as text, in whatever encoding they are.

use std::borrow::Cow;

use encoding_rs::Encoding;

use super::error::{Fault, TranslationProblem};

/// The encoding of this name, as the web knows it: `utf-8`, `utf-16`, `latin1`, `koi8-r`, `gbk`.
pub(super) fn encoding(name: &str) -> Result<&'static Encoding, TranslationProblem> {
    // The web's standard knows UTF-16 by its byte orders; a byte order mark wins over either.
    let label = if name.eq_ignore_ascii_case("utf16") { "utf-16" } else { name };
    Encoding::for_label(label.as_bytes()).ok_or_else(|| TranslationProblem::UnknownEncoding(name.to_owned()))
}

/// Decodes a file. A byte order mark at its begin says more than `encoding` does, and is no part of the text.
pub(super) fn decode<'file>(bytes: &'file [u8], encoding: &'static Encoding) -> Result<Cow<'file, str>, Fault> {
    let (text, encoding, is_malformed) = encoding.decode(bytes);
    if !is_malformed {
        return Ok(text);
    }
    let before = text.split(char::REPLACEMENT_CHARACTER).next().unwrap_or_default();
    Err(Fault::at(1 + before.matches('\n').count(), TranslationProblem::Undecodable(encoding.name())))
}

#[cfg(test)]
mod tests {
    use encoding_rs::{KOI8_R, UTF_8};

    use super::*;

    #[test]
    fn a_byte_order_mark_says_which_encoding_it_is() {
        let utf_16 = |bytes: fn(u16) -> [u8; 2]| "\u{feff}é".encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let files = [utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes), "\u{feff}é".into(), "é".into()];
        for file in files {
            assert_eq!(decode(&file, UTF_8).ok().as_deref(), Some("é"), "{file:x?}");
        }
        assert_eq!(decode(b"\xc1", KOI8_R).ok().as_deref(), Some("а"));
    }

    #[test]
    fn what_cannot_be_decoded_is_told_with_its_line() {
        let fault = decode(b"a\nb\n\xff", UTF_8).err().unwrap();
        assert_eq!(fault.within("x.csv").to_string(), "x.csv:3: is no text in UTF-8: say which encoding it has");
        assert!(matches!(encoding("klingon"), Err(TranslationProblem::UnknownEncoding(_))));
    }
}
