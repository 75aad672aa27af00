//! What else is done to strings.

use std::borrow::Cow;

/// Replaces each run of white space and control characters (U+0000 to U+0020) by one space, and
/// strips both ends. Tornado's `squeeze`.
///
/// # Examples
///
/// ```
/// use firewhirl_escape::squeeze;
///
/// assert_eq!(squeeze("  a \r\n\t b "), "a b");
/// ```
pub fn squeeze(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for character in text.chars() {
        if character > ' ' {
            squeezed.push(character);
        } else if !squeezed.ends_with(' ') {
            squeezed.push(' ');
        }
    }
    // White space beyond U+0020 is stripped as well, though it is not squeezed.
    squeezed.trim().to_owned()
}

/// Reads each byte as the character of that number, which is what ISO 8859-1 is.
///
/// It never fails and loses nothing, so Tornado uses it where bytes of unknown encoding have to be
/// text: the names of form fields. Bytes of ASCII come back as they are, without a copy.
///
/// # Examples
///
/// ```
/// assert_eq!(firewhirl_escape::decode_latin1(b"caf\xe9"), "café");
/// ```
pub fn decode_latin1(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_squeezed_into_single_spaces() {
        let cases: &[(&str, &str)] = &[
            ("sequences     of    whitespace   chars", "sequences of whitespace chars"),
            ("\0\u{1f} \n", ""),
            ("a\u{a0}\u{a0}b", "a\u{a0}\u{a0}b"),
            ("\u{a0} a \u{2003}", "a"),
            ("é\té", "é é"),
        ];
        for (text, expected) in cases {
            assert_eq!(squeeze(text), *expected, "{text:?}");
        }
    }
}
