//! Field names: RFC 9110's `token`, shown in `Http-Header-Case`.

use super::InvalidHeader;

/// Appends a name in `Http-Header-Case`: the first letter of each part between hyphens is a
/// capital, the others are small (`X-Request-Id`, `Etag`, `Te`).
pub(super) fn append(name: &str, line: &mut Vec<u8>) -> Result<(), InvalidHeader> {
    let start = line.len();
    line.extend_from_slice(name.as_bytes());
    let mut starts_part = true;
    let mut valid = !name.is_empty();
    for byte in &mut line[start..] {
        let shown = if starts_part { CAPITAL[usize::from(*byte)] } else { SMALL[usize::from(*byte)] };
        starts_part = *byte == b'-';
        valid &= shown != 0;
        *byte = shown;
    }
    if valid {
        Ok(())
    } else {
        line.truncate(start);
        Err(InvalidHeader::name(name.as_bytes()))
    }
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
            let shown = append(name, &mut line).ok().map(|()| &line[6..]);
            assert_eq!(shown, expected.map(str::as_bytes), "{name:?}");
        }
    }
}
