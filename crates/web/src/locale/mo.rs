//! gettext's compiled format, `.mo`: two tables of lengths and offsets, and the texts that they point to.
//!
//! The manual of gettext, "The Format of GNU MO Files". Either byte order is read. The table for hashing is not
//! used, and nothing is believed about where a text lies.

use encoding_rs::{Encoding, UTF_8};

use super::catalog::{Catalog, charset};
use super::error::{Fault, TranslationProblem};
use super::text;

const MAGIC: u32 = 0x9504_12de;

/// How often all texts together may be as long as the file: several entries may share a text, but a file that
/// points to the same megabyte from everywhere is no catalog.
const SHARING: usize = 16;

/// Reads a catalog.
pub(super) fn parse(bytes: &[u8]) -> Result<Catalog, Fault> {
    let file = File::new(bytes)?;
    let header = file.header()?;
    let encoding = header.encoding()?;
    let mut catalog = Catalog::with_header(&text::decode(header.text, encoding)?)?;
    let mut budget = bytes.len().saturating_mul(SHARING);
    for message in 0..file.count {
        let corrupt = || Fault::from(TranslationProblem::Corrupt { message });
        let (original, translation) = file.message(message)?;
        budget = budget.checked_sub(original.len() + translation.len()).ok_or_else(corrupt)?;
        if original.is_empty() {
            continue;
        }
        let decoded = |bytes| Ok::<_, Fault>(text::decode(bytes, encoding)?.into_owned());
        let mut originals = original.split(|&byte| byte == 0);
        let singular = decoded(originals.next().unwrap_or_default())?;
        match originals.next() {
            None => catalog.insert(singular, decoded(translation)?),
            Some(_) => {
                let forms = translation.split(|&byte| byte == 0).map(decoded);
                catalog.insert_plural(singular, forms.collect::<Result<_, _>>()?);
            }
        }
    }
    Ok(catalog)
}

/// The tables of a file.
struct File<'bytes> {
    bytes: &'bytes [u8],
    integer: fn([u8; 4]) -> u32,
    count: usize,
    originals: usize,
    translations: usize,
}

/// The translation of the empty message.
struct Header<'bytes> {
    text: &'bytes [u8],
}

impl<'bytes> File<'bytes> {
    fn new(bytes: &'bytes [u8]) -> Result<Self, Fault> {
        let magic = bytes.first_chunk().ok_or(TranslationProblem::NoCatalog)?;
        let integer: fn([u8; 4]) -> u32 = match (u32::from_le_bytes(*magic), u32::from_be_bytes(*magic)) {
            (MAGIC, _) => u32::from_le_bytes,
            (_, MAGIC) => u32::from_be_bytes,
            _ => return Err(TranslationProblem::NoCatalog.into()),
        };
        let mut file = Self { bytes, integer, count: 0, originals: 0, translations: 0 };
        let at = |place| file.number(place).ok_or(TranslationProblem::NoCatalog);
        let version = at(4)?;
        if version >> 16 > 1 {
            return Err(TranslationProblem::UnknownVersion((version >> 16) as u32).into());
        }
        (file.count, file.originals, file.translations) = (at(8)?, at(12)?, at(16)?);
        Ok(file)
    }

    fn header(&self) -> Result<Header<'bytes>, Fault> {
        // The messages are sorted, so that the empty one is the first, if it is there.
        let text = match self.count {
            0 => &[],
            _ => match self.message(0)? {
                ([], text) => text,
                _ => &[],
            },
        };
        Ok(Header { text })
    }

    fn message(&self, number: usize) -> Result<(&'bytes [u8], &'bytes [u8]), Fault> {
        let found = self.text(self.originals, number).zip(self.text(self.translations, number));
        found.ok_or_else(|| TranslationProblem::Corrupt { message: number }.into())
    }

    fn text(&self, table: usize, number: usize) -> Option<&'bytes [u8]> {
        let place = table.checked_add(number.checked_mul(8)?)?;
        let (length, offset) = (self.number(place)?, self.number(place.checked_add(4)?)?);
        self.bytes.get(offset..offset.checked_add(length)?)
    }

    fn number(&self, place: usize) -> Option<usize> {
        let bytes = self.bytes.get(place..)?.first_chunk()?;
        usize::try_from((self.integer)(*bytes)).ok()
    }
}

impl Header<'_> {
    fn encoding(&self) -> Result<&'static Encoding, Fault> {
        match charset(&String::from_utf8_lossy(self.text)) {
            Some(name) => Ok(text::encoding(name)?),
            // What names no encoding should be ASCII.
            None => Ok(UTF_8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of these messages, which are sorted, in one of the byte orders.
    fn file(messages: &[(&str, &[u8])], integer: fn(u32) -> [u8; 4]) -> Vec<u8> {
        let count = messages.len() as u32;
        let mut bytes: Vec<u8> = [MAGIC, 0, count, 28, 28 + 8 * count, 0, 0].into_iter().flat_map(integer).collect();
        let texts = messages.iter().map(|(text, _)| text.as_bytes()).chain(messages.iter().map(|(_, text)| *text));
        let mut place = 28 + 16 * count;
        for text in texts.clone() {
            bytes.extend([text.len() as u32, place].into_iter().flat_map(integer));
            place += text.len() as u32 + 1;
        }
        texts.for_each(|text| bytes.extend(text.iter().chain(&[0])));
        bytes
    }

    const MESSAGES: &[(&str, &[u8])] = &[
        ("", b"Content-Type: text/plain; charset=ISO-8859-1\nPlural-Forms: nplurals=2; plural=n>1;\n"),
        ("a\0as", b"un a\0des a"),
        ("ctx\u{4}school", b"ecole"),
        ("school", b"\xe9cole"),
    ];

    #[test]
    fn both_byte_orders_are_read() {
        for integer in [u32::to_le_bytes, u32::to_be_bytes] {
            let catalog = parse(&file(MESSAGES, integer)).ok().unwrap();
            assert_eq!(catalog.gettext("school"), Some("école"));
            assert_eq!(catalog.gettext("ctx\u{4}school"), Some("ecole"));
            assert_eq!(catalog.gettext("a"), Some("un a"));
            assert_eq!([0, 1, 2].map(|count| catalog.ngettext("a", count).unwrap()), ["un a", "un a", "des a"]);
            assert_eq!(catalog.gettext(""), None);
        }
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_refused() {
        let whole = file(MESSAGES, u32::to_le_bytes);
        // The last byte is the zero after the last text.
        for length in 0..whole.len() - 1 {
            assert!(parse(&whole[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn any_byte_may_be_wrong() {
        let whole = file(MESSAGES, u32::to_le_bytes);
        for place in 0..whole.len() {
            for wrong in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[place] = wrong;
                // An error or another catalog, but no panic.
                let _: Result<Catalog, Fault> = parse(&bytes);
            }
        }
    }

    #[test]
    fn problems_are_told() {
        let told = |bytes: &[u8]| parse(bytes).err().map(|fault| fault.within("fr.mo").to_string()).unwrap();
        assert_eq!(told(b"msgid \"\""), "fr.mo: does not begin as a .mo file does");
        let mut later = file(MESSAGES, u32::to_le_bytes);
        later[6] = 2;
        assert_eq!(told(&later), "fr.mo: is a .mo file of version 2, expected 0 or 1");
        let forms: &[u8] = b"Plural-Forms: nplurals=2; plural=n=1;";
        assert!(told(&file(&[("", forms)], u32::to_le_bytes)).contains("unexpected `=1`"));
        let charset: &[u8] = b"Content-Type: text/plain; charset=klingon";
        assert_eq!(told(&file(&[("", charset)], u32::to_le_bytes)), "fr.mo: there is no encoding `klingon`");
    }

    #[test]
    fn entries_that_share_one_large_text_do_not_fill_the_memory() {
        let (count, length) = (10_000_u32, 1_000_000_u32);
        let table = 28 + 8 * count;
        let mut bytes: Vec<u8> = [MAGIC, 0, count, 28, 28, 0, 0].into_iter().flat_map(u32::to_le_bytes).collect();
        (0..count).for_each(|_| bytes.extend([length, table].into_iter().flat_map(u32::to_le_bytes)));
        bytes.resize((table + length) as usize, b'x');
        assert!(matches!(parse(&bytes).err().unwrap().problem, TranslationProblem::Corrupt { .. }));
    }
}
