//! Field names: RFC 9110's `token`, shown in `Http-Header-Case`.
//!
//! The lines hold a name as it is shown, whatever case a program writes it in. Nearly all programs
//! write nearly all names as they are shown, so this is what has to cost nothing.

use super::InvalidHeader;

/// A name as the program wrote it, with its key.
#[derive(Clone, Copy)]
pub(super) struct Name<'text> {
    pub(super) text: &'text str,
    pub(super) key: Key,
}

/// What tells names apart nearly always: their length, and their first, middle and last byte without
/// regard to case. Of a constant name the compiler makes a constant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(u32);

impl<'text> Name<'text> {
    #[inline]
    pub(super) fn new(text: &'text str) -> Self {
        Self { text, key: Key::of(text.as_bytes()) }
    }

    /// Whether this is the name of a line, of which the key has been compared.
    #[inline]
    pub(super) fn is(self, shown: &[u8]) -> bool {
        let name = self.text.as_bytes();
        shown == name || shown.eq_ignore_ascii_case(name)
    }

    /// Appends the name in `Http-Header-Case`: the first letter of each part between hyphens is a
    /// capital, the others are small (`X-Request-Id`, `Etag`, `Te`).
    #[inline]
    pub(super) fn append_to(self, line: &mut Vec<u8>) -> Result<(), InvalidHeader> {
        let start = line.len();
        line.extend_from_slice(self.text.as_bytes());
        if is_well_known(self.text) || show(&mut line[start..]) {
            return Ok(());
        }
        line.truncate(start);
        Err(InvalidHeader::name(self.text.as_bytes()))
    }
}

impl Key {
    #[inline]
    const fn of(name: &[u8]) -> Self {
        let (Some(first), Some(last)) = (name.first(), name.last()) else { return Self(0) };
        // Letters differ from their capitals in this bit; what else it makes equal costs a comparison.
        let bytes = [name.len() as u8, *first | 0x20, name[name.len() / 2] | 0x20, *last | 0x20];
        Self(u32::from_le_bytes(bytes))
    }

    /// The name's place in a set of 64: one bit. No two of the names that most responses have share one.
    #[inline]
    pub(super) const fn bit(self) -> u64 {
        1 << (self.0.wrapping_mul(0x9E37_79B1) >> 26)
    }
}

/// Whether this is one of the names that responses often have, written as it is shown.
#[inline]
fn is_well_known(name: &str) -> bool {
    // The compiler makes this a jump by the length and a comparison or two of words.
    matches!(
        name,
        "Date"
            | "Etag"
            | "Vary"
            | "Allow"
            | "Server"
            | "Location"
            | "Connection"
            | "Set-Cookie"
            | "Content-Type"
            | "Cache-Control"
            | "Last-Modified"
            | "Accept-Ranges"
            | "Content-Length"
            | "Content-Encoding"
            | "Transfer-Encoding"
    )
}

/// Brings a name into the case in which it is shown; whether it is a name at all.
fn show(name: &mut [u8]) -> bool {
    let mut starts_part = true;
    let mut valid = !name.is_empty();
    for byte in name {
        let shown = if starts_part { CAPITAL[usize::from(*byte)] } else { SMALL[usize::from(*byte)] };
        starts_part = *byte == b'-';
        valid &= shown != 0;
        *byte = shown;
    }
    valid
}

/// RFC 9110, section 5.6.2: `tchar`.
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

/// What a byte of a name is shown as at the start of a part; 0 where it cannot be in a name.
const CAPITAL: [u8; 256] = table(true);
/// The same inside a part.
const SMALL: [u8; 256] = table(false);

const fn table(capital: bool) -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        if is_token_byte(byte as u8) {
            table[byte] = if capital { (byte as u8).to_ascii_uppercase() } else { (byte as u8).to_ascii_lowercase() };
        }
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_in_header_case() {
        const CASES: &[(&str, Option<&str>)] = &[
            ("content-type", Some("Content-Type")),
            ("coNtent-TYPE", Some("Content-Type")),
            ("X-REQUEST-ID", Some("X-Request-Id")),
            ("ETag", Some("Etag")),
            ("TE", Some("Te")),
            ("a--b", Some("A--B")),
            ("x_y", Some("X_y")),
            ("", None),
            ("foo bar", None),
            ("foo\tbar", None),
            ("foo\nbar", None),
            ("foo\0bar", None),
            ("foo ", None),
            (" foo", None),
            ("foo:", None),
            ("\u{e9}", None),
        ];
        for &(name, expected) in CASES {
            let mut line = b"before".to_vec();
            let shown = Name::new(name).append_to(&mut line).ok().map(|()| &line[6..]);
            assert_eq!(shown, expected.map(str::as_bytes), "{name:?}");
        }
    }

    #[test]
    fn a_name_is_found_in_any_case() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, bool)] = &[
            ("Etag",         "ETag",          true),
            ("Content-Type", "content-TYPE",  true),
            ("X_y",          "x_Y",           true),
            ("A",            "a",             true),
            ("A",            "b",             false),
            ("Ab",           "A",             false),
            ("X-One-Name",   "X-Two-Name",    false),
            ("X~",           "X^",            false), // these have one key
        ];
        for &(shown, name, expected) in CASES {
            let (shown, name) = (Name::new(shown), Name::new(name));
            let found = shown.key == name.key && name.is(shown.text.as_bytes());
            assert_eq!(found, expected, "{} {}", shown.text, name.text);
        }
    }

    #[test]
    fn the_names_that_most_responses_have_share_no_bit() {
        let names = [
            "Server",
            "Content-Type",
            "Date",
            "Etag",
            "Content-Length",
            "Transfer-Encoding",
            "Connection",
            "Set-Cookie",
            "Cache-Control",
        ];
        let bits = names.iter().fold(0, |bits, name| bits | Name::new(name).key.bit());
        assert_eq!(bits.count_ones() as usize, names.len());
    }
}
