//! Field names: RFC 9110's `token`, shown in `Http-Header-Case`.
//!
//! The lines hold a name as it is shown, whatever case a program writes it in. Nearly all programs
//! write nearly all names as they are shown, so this is what has to cost nothing.

use super::{InvalidHeader, SEPARATOR};

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

    /// Appends the name in `Http-Header-Case` and what separates it from its value: the first letter
    /// of each part between hyphens is a capital, the others are small (`X-Request-Id`, `Etag`, `Te`).
    #[inline]
    pub(super) fn append_to(self, line: &mut Vec<u8>) -> Result<(), InvalidHeader> {
        if append_well_known(self.text, line) { Ok(()) } else { self.append_shown(line) }
    }

    #[inline(never)]
    fn append_shown(self, line: &mut Vec<u8>) -> Result<(), InvalidHeader> {
        let start = line.len();
        line.extend_from_slice(self.text.as_bytes());
        let mut starts_part = true;
        let mut valid = !self.text.is_empty();
        for byte in &mut line[start..] {
            let shown = if starts_part { CAPITAL[usize::from(*byte)] } else { SMALL[usize::from(*byte)] };
            starts_part = *byte == b'-';
            valid &= shown != 0;
            *byte = shown;
        }
        if !valid {
            line.truncate(start);
            return Err(InvalidHeader::name(self.text.as_bytes()));
        }
        line.extend_from_slice(SEPARATOR);
        Ok(())
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

/// Appends a name that messages often have, if it is written as it is shown.
#[inline]
fn append_well_known(name: &str, line: &mut Vec<u8>) -> bool {
    macro_rules! names {
        ($($known:literal)+) => {
            match name {
                $($known => line.extend_from_slice(concat!($known, ": ").as_bytes()),)+
                _ => return false,
            }
        };
    }
    // The compiler makes this a jump by the length, a comparison or two of words, and as many stores.
    names! {
        "Date" "Etag" "Vary" "Allow" "Server" "Location" "Connection" "Set-Cookie" "Content-Type" "Cache-Control"
        "Last-Modified" "Accept-Ranges" "Content-Length" "Content-Encoding" "Transfer-Encoding"
        // Of requests, and of those that a proxy hands on.
        "Via" "Host" "Accept" "Cookie" "Origin" "Referer" "Forwarded" "X-Real-Ip" "User-Agent" "X-Request-Id"
        "Authorization" "If-None-Match" "Accept-Language" "Accept-Encoding" "X-Scheme" "X-Forwarded-For"
        "X-Forwarded-Host" "X-Forwarded-Proto"
    }
    true
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
            ("Content-Type", Some("Content-Type")),
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
            let expected = expected.map(|name| format!("{name}: ").into_bytes());
            assert_eq!(shown, expected.as_deref(), "{name:?}");
        }
    }

    #[test]
    fn a_key_knows_no_case() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, bool)] = &[
            ("Etag",         "ETag",          true),
            ("Content-Type", "content-TYPE",  true),
            ("X_y",          "x_Y",           true),
            ("A",            "a",             true),
            ("A",            "b",             false),
            ("Ab",           "A",             false),
            ("",             "A",             false),
            ("X-One-Name",   "X-Two-Name",    true), // which is why names are compared after keys
        ];
        for &(one, other, expected) in CASES {
            assert_eq!(Name::new(one).key == Name::new(other).key, expected, "{one} {other}");
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
