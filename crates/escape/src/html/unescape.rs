//! Text out of HTML: character references by name, decimal and hexadecimal.
//!
//! The rules are those of HTML 5 as Python's `html.unescape` reads them, which is what Tornado
//! uses: some old names need no semicolon, numbers in the range of C1 controls mean windows-1252,
//! and numbers that are no character are dropped or replaced.

use std::borrow::Cow;

use memchr::memchr;

use super::entities::{NAMED, WITHOUT_SEMICOLON};

/// The longest and the shortest name that is known without a semicolon.
const LENGTHS_WITHOUT_SEMICOLON: (usize, usize) = (2, 6);

/// Replaces the character references of HTML by what they stand for.
///
/// Names are known with their semicolon, old ones without it too, even before other letters
/// (`&notit;` is `¬it;`). What is no reference stays. A number that is a surrogate, zero or too
/// great becomes U+FFFD; one that is a control or a non-character goes. Text without `&` comes back
/// as it is, without a copy. Tornado's `xhtml_unescape`.
///
/// # Examples
///
/// ```
/// use firewhirl_escape::xhtml_unescape;
///
/// assert_eq!(xhtml_unescape("R&amp;D &lt;&#233;&#xe9;&eacute;&gt;"), "R&D <ééé>");
/// assert_eq!(xhtml_unescape("price&#128;, &copy 2026, a && b"), "price€, © 2026, a && b");
/// ```
pub fn xhtml_unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut output = String::with_capacity(text.len());
    output.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(reference) = rest.strip_prefix('&') {
        rest = match reference.strip_prefix('#') {
            Some(number) => numeric(number, &mut output),
            None => named(reference, &mut output),
        }
        .unwrap_or_else(|| {
            output.push('&');
            reference
        });
        let next = memchr(b'&', rest.as_bytes()).unwrap_or(rest.len());
        output.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(output)
}

/// Writes the character of a name and gives what follows it, if there is such a name.
fn named<'text>(reference: &'text str, output: &mut String) -> Option<&'text str> {
    let end = reference.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(reference.len());
    let name = &reference[..end];
    if let Some(rest) = reference[end..].strip_prefix(';')
        && let Some(text) = lookup(name)
    {
        output.push_str(text);
        return Some(rest);
    }
    let (shortest, longest) = LENGTHS_WITHOUT_SEMICOLON;
    let prefix = (shortest..=longest.min(end))
        .rev()
        .map(|length| &name[..length])
        .find(|prefix| WITHOUT_SEMICOLON.binary_search(prefix).is_ok())?;
    output.push_str(lookup(prefix)?);
    Some(&reference[prefix.len()..])
}

fn lookup(name: &str) -> Option<&'static str> {
    let found = NAMED.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    Some(NAMED[found].1)
}

/// Writes the character of a number and gives what follows it, if there are digits.
fn numeric<'text>(number: &'text str, output: &mut String) -> Option<&'text str> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let end = digits.bytes().position(|byte| !char::from(byte).is_digit(radix)).unwrap_or(digits.len());
    if end == 0 {
        return None;
    }
    // A number too great for the type is too great for a character as well.
    let code = u32::from_str_radix(&digits[..end], radix).unwrap_or(u32::MAX);
    output.extend(character(code));
    let rest = &digits[end..];
    Some(rest.strip_prefix(';').unwrap_or(rest))
}

/// What a numeric reference stands for, if anything.
fn character(code: u32) -> Option<char> {
    /// What windows-1252 has in the place of the C1 controls; it leaves five of them.
    const WINDOWS_1252: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match code {
        0 => Some(char::REPLACEMENT_CHARACTER),
        0x80..=0x9f => Some(WINDOWS_1252[code as usize - 0x80]),
        0x01..=0x08 | 0x0b | 0x0e..=0x1f | 0x7f | 0xfdd0..=0xfdef => None,
        _ if code <= 0x10_ffff && code & 0xfffe == 0xfffe => None,
        // Surrogates and what is beyond Unicode are no `char`.
        _ => Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_agree() {
        assert!(NAMED.is_sorted_by(|(one, _), (two, _)| one < two));
        assert!(WITHOUT_SEMICOLON.is_sorted_by(|one, two| one < two));
        let (shortest, longest) = LENGTHS_WITHOUT_SEMICOLON;
        for name in WITHOUT_SEMICOLON {
            assert!(lookup(name).is_some(), "{name}");
            assert!((shortest..=longest).contains(&name.len()), "{name}");
        }
        assert_eq!((NAMED.len(), WITHOUT_SEMICOLON.len()), (2125, 106));
    }

    #[test]
    fn numbers_that_are_no_character_are_replaced_or_dropped() {
        let cases: &[(&str, &str)] = &[
            ("&#0;", "\u{fffd}"),
            ("&#xD800;", "\u{fffd}"),
            ("&#x110000;", "\u{fffd}"),
            ("&#99999999999999999999;", "\u{fffd}"),
            ("&#1;&#x7f;&#xFDD0;&#x1FFFE;&#xffff;", ""),
            ("&#13;&#9;&#10;&#12;", "\r\t\n\u{c}"),
            ("&#x80;&#129;&#x9F;", "€\u{81}Ÿ"),
            ("&#65&#x42g", "ABg"),
        ];
        for (text, expected) in cases {
            assert_eq!(xhtml_unescape(text), *expected, "{text}");
        }
    }

    #[test]
    fn names_without_a_semicolon_are_prefixes() {
        let cases: &[(&str, &str)] = &[
            ("&notit;", "¬it;"),
            ("&notin;", "∉"),
            ("&amp=1;", "&=1;"),
            ("&ampamp;", "&amp;"),
            ("&AMP&amp", "&&"),
            ("&g", "&g"),
            ("&gt", ">"),
            ("&unknown;", "&unknown;"),
            ("&é;", "&é;"),
            ("&", "&"),
            ("&&amp;", "&&"),
            ("&CounterClockwiseContourIntegral;", "∳"),
            ("&NotEqualTilde;", "≂\u{338}"),
        ];
        for (text, expected) in cases {
            assert_eq!(xhtml_unescape(text), *expected, "{text}");
        }
    }
}
