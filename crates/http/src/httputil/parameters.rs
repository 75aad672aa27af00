//! Values with parameters: `form-data; name="a"; filename*=UTF-8''%C3%A1.txt`.
//!
//! The grammar of `Content-Type` and `Content-Disposition`: quoted strings with backslash escapes,
//! and the encodings of RFC 5987 (one parameter in a character set of its own) and RFC 2231 (one cut
//! into pieces). It accepts what Tornado's `_parse_header` accepts, in one pass.

use firewhirl_escape::{UrlPart, url_unescape_bytes};

/// Reads a value with its parameters, whose names are in small letters.
///
/// Parameters without `=` are left out. Of a name that comes twice the last value holds, and one in
/// the extended form (`filename*`) holds over a plain one.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::parse_parameters;
///
/// let (value, parameters) = parse_parameters(r#"form-data; foo="b\\a\"r"; file*=utf-8''T%C3%A4st"#);
/// assert_eq!(value, "form-data");
/// assert_eq!(parameters, [("foo".into(), r#"b\a"r"#.into()), ("file".into(), "Täst".into())]);
/// ```
pub fn parse_parameters(text: &str) -> (&str, Vec<(String, String)>) {
    let mut pieces = Pieces { rest: Some(text) };
    let value = pieces.next().unwrap_or_default();
    let mut plain: Vec<(String, String)> = Vec::new();
    let mut extended: Vec<Extended> = Vec::new();
    for piece in pieces {
        let Some((name, value)) = piece.split_once('=') else { continue };
        let (name, value) = (name.trim().to_lowercase(), unquote(value.trim()));
        match Extended::of(&name, &value) {
            Some(segment) => extended.push(segment),
            None => plain.push((name, without_second_quotes(value))),
        }
    }
    // A stable sort: pieces of one number stay in order.
    extended.sort_by(|one, other| (&one.name, one.number).cmp(&(&other.name, other.number)));
    for segments in extended.chunk_by(|one, other| one.name == other.name) {
        plain.push((segments[0].name.clone(), without_second_quotes(joined(segments))));
    }
    (value, last_of_each(plain))
}

/// The pieces between semicolons that are not in quotes.
struct Pieces<'text> {
    rest: Option<&'text str>,
}

impl<'text> Iterator for Pieces<'text> {
    type Item = &'text str;

    fn next(&mut self) -> Option<&'text str> {
        let text = self.rest?;
        let mut quoted = false;
        let mut previous = 0;
        for (position, byte) in text.bytes().enumerate() {
            match byte {
                b'"' if previous != b'\\' => quoted = !quoted,
                b';' if !quoted => {
                    self.rest = Some(&text[position + 1..]);
                    return Some(text[..position].trim());
                }
                _ => {}
            }
            previous = byte;
        }
        self.rest = None;
        Some(text.trim())
    }
}

/// One parameter of the form `name*`, `name*0` or `name*0*`.
struct Extended {
    name: String,
    /// `None` comes first, as a parameter that is not cut up has none.
    number: Option<u64>,
    value: Vec<u8>,
    /// Whether the value was percent-encoded: the name ended in `*`.
    encoded: bool,
}

impl Extended {
    fn of(name: &str, value: &str) -> Option<Self> {
        let (base, suffix) = name.split_once('*')?;
        if base.is_empty() || !base.chars().all(|character| character.is_alphanumeric() || character == '_') {
            return None;
        }
        let encoded = name.ends_with('*');
        let digits = suffix.strip_suffix('*').unwrap_or(suffix);
        let number = match digits {
            "" if suffix.is_empty() => None,
            digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().unwrap_or(u64::MAX))
            }
            _ => return None,
        };
        let value = match encoded {
            true => url_unescape_bytes(value.as_bytes(), UrlPart::Path).into_owned(),
            false => value.as_bytes().to_vec(),
        };
        Some(Self { name: base.to_owned(), number, value, encoded })
    }
}

/// The text that the pieces of one parameter make, in the character set that the first one names.
fn joined(segments: &[Extended]) -> String {
    let bytes = segments.iter().map(|segment| &segment.value[..]).collect::<Vec<_>>().concat();
    if !segments.iter().any(|segment| segment.encoded) {
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    // RFC 5987, section 3.2: charset "'" [ language ] "'" value-chars
    let mut parts = bytes.splitn(3, |&byte| byte == b'\'');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(charset), Some(_language), Some(text)) => match charset.to_ascii_lowercase().as_slice() {
            b"utf-8" | b"utf8" => String::from_utf8_lossy(text).into_owned(),
            b"us-ascii" | b"ascii" => ascii(text),
            // ISO 8859-1, and whatever else we have no table for.
            _ => text.iter().map(|&byte| char::from(byte)).collect(),
        },
        _ => ascii(&bytes),
    }
}

fn ascii(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// Takes off quotes with their escapes, or angle brackets.
fn unquote(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        return inner.replace("\\\\", "\\").replace("\\\"", "\"");
    }
    let inner = value.strip_prefix('<').and_then(|value| value.strip_suffix('>'));
    inner.unwrap_or(value).to_owned()
}

/// Tornado takes quotes off once more where a value still has them after the first time.
fn without_second_quotes(value: String) -> String {
    match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        Some(inner) => inner.to_owned(),
        None => value,
    }
}

/// Keeps the last value of each name, at the place of the name's first.
fn last_of_each(all: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut places = std::collections::HashMap::with_capacity(all.len());
    let mut kept: Vec<(String, String)> = Vec::with_capacity(all.len());
    for (name, value) in all {
        match places.get(&name) {
            Some(&place) => {
                let place: usize = place;
                kept[place].1 = value;
            }
            None => {
                places.insert(name.clone(), kept.len());
                kept.push((name, value));
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_with_their_quotes_and_encodings() {
        type Case<'text> = (&'text str, &'text str, &'text [(&'text str, &'text str)]);
        const CASES: &[Case<'_>] = &[
            ("", "", &[]),
            ("form-data", "form-data", &[]),
            (" form-data ; A = b ", "form-data", &[("a", "b")]),
            ("f;a", "f", &[]),
            ("f; a=\"x;y\"; b=c", "f", &[("a", "x;y"), ("b", "c")]),
            ("f; a=\"x\\\";y\"; b=c", "f", &[("a", "x\";y"), ("b", "c")]),
            ("f; a=\"unfinished; b=c", "f", &[("a", "\"unfinished; b=c")]),
            ("f; a=1; a=2", "f", &[("a", "2")]),
            ("f; a=<b>", "f", &[("a", "b")]),
            ("f; a=\"\\\"b\\\"\"", "f", &[("a", "b")]),
            ("f; a=\"\"", "f", &[("a", "")]),
            ("f; a*=UTF-8''%C3%A1b.txt; a=plain", "f", &[("a", "\u{e1}b.txt")]),
            ("f; a*=iso-8859-1'en'%A3", "f", &[("a", "\u{a3}")]),
            ("f; a*=us-ascii''%A3", "f", &[("a", "\u{fffd}")]),
            ("f; a*=no-charset", "f", &[("a", "no-charset")]),
            ("f; a*1=b; a*0=a", "f", &[("a", "ab")]),
            ("f; a*0*=utf-8''%C3; a*1*=%A1; a*2=c", "f", &[("a", "\u{e1}c")]),
            ("f; a*x=b", "f", &[("a*x", "b")]),
            ("f; a*=utf-8''a%22b%5C", "f", &[("a", "a\"b\\")]),
        ];
        for &(text, value, parameters) in CASES {
            let (found, found_parameters) = parse_parameters(text);
            assert_eq!(found, value, "{text:?}");
            let found: Vec<_> = found_parameters.iter().map(|(name, value)| (&name[..], &value[..])).collect();
            assert_eq!(found, parameters, "{text:?}");
        }
    }

    #[test]
    fn many_semicolons_take_linear_time() {
        // Quadratic work would take minutes at this size; the bound only tells the two apart.
        let begun = std::time::Instant::now();
        let quoted = format!("form-data; x=\"{}\"; name=a", ";".repeat(1_000_000));
        assert_eq!(parse_parameters(&quoted).1.len(), 2);
        let many = format!("form-data{}", "; a=b".repeat(200_000));
        assert_eq!(parse_parameters(&many).1.len(), 1);
        assert!(begun.elapsed().as_secs() < 20);
    }
}
