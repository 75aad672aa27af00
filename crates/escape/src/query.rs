//! Query strings and form bodies (`application/x-www-form-urlencoded`).

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use memchr::{memchr, memchr_iter};

use crate::text::decode_latin1;
use crate::url::{UrlPart, url_unescape_bytes};

/// What [`parse_qs_bytes`] accepts and what it refuses.
///
/// # Examples
///
/// How requests are read:
///
/// ```
/// use firewhirl_escape::{QsOptions, parse_qs_bytes};
///
/// let options = QsOptions::new().keep_blank_values(true).max_num_fields(1000);
/// let fields = parse_qs_bytes("q=&page=2", options)?;
/// assert_eq!(fields.len(), 2);
/// # Ok::<(), firewhirl_escape::QsError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QsOptions {
    keep_blank_values: bool,
    strict_parsing: bool,
    max_num_fields: Option<usize>,
}

impl QsOptions {
    /// Tornado's defaults: blank values are left out, what is malformed too, any number of fields.
    pub const fn new() -> Self {
        Self { keep_blank_values: false, strict_parsing: false, max_num_fields: None }
    }

    /// Whether fields without a value, with `=` or without, are kept as empty. Default: no.
    pub const fn keep_blank_values(mut self, keep: bool) -> Self {
        self.keep_blank_values = keep;
        self
    }

    /// Whether a field without `=` is an error, even an empty one. Default: no.
    pub const fn strict_parsing(mut self, strict: bool) -> Self {
        self.strict_parsing = strict;
        self
    }

    /// The most fields that are accepted, counted by the `&` between them before anything is
    /// parsed. Default: any number.
    pub const fn max_num_fields(mut self, fields: usize) -> Self {
        self.max_num_fields = Some(fields);
        self
    }
}

/// A field's name, and its value as bytes.
pub type QsField<'query> = (Cow<'query, str>, Cow<'query, [u8]>);

/// Reads a query string or a form into its fields.
///
/// The fields come in the order of the query, one for each value: a name that is there twice comes
/// twice (Tornado's dictionary of lists). Values are bytes, for only who asks for them knows their
/// encoding; names are read as ISO 8859-1, as in Tornado. A field that needs no decoding borrows
/// from `query`. Tornado's `parse_qs_bytes`.
///
/// # Errors
///
/// [`QsError::TooManyFields`] above `max_num_fields`, [`QsError::BadField`] with `strict_parsing`.
///
/// # Examples
///
/// ```
/// use firewhirl_escape::{QsOptions, parse_qs_bytes};
///
/// let fields = parse_qs_bytes("name=caf%C3%A9+noir&size=2", QsOptions::new())?;
/// assert_eq!(fields[0], ("name".into(), "café noir".as_bytes().into()));
/// assert_eq!(fields[1], ("size".into(), b"2".into()));
/// # Ok::<(), firewhirl_escape::QsError>(())
/// ```
pub fn parse_qs_bytes<Query: AsRef<[u8]> + ?Sized>(
    query: &Query,
    options: QsOptions,
) -> Result<Vec<QsField<'_>>, QsError> {
    let query = query.as_ref();
    let mut fields = Vec::new();
    if query.is_empty() {
        return Ok(fields);
    }
    let number = 1 + memchr_iter(b'&', query).count();
    if let Some(limit) = options.max_num_fields
        && number > limit
    {
        return Err(QsError::TooManyFields { limit });
    }
    for field in query.split(|&byte| byte == b'&') {
        let (name, value) = match memchr(b'=', field) {
            Some(at) => (&field[..at], &field[at + 1..]),
            None if options.strict_parsing => return Err(QsError::BadField { field: field.into() }),
            None if field.is_empty() => continue,
            None => (field, &field[field.len()..]),
        };
        if !value.is_empty() || options.keep_blank_values {
            fields.push((decode_name(name), url_unescape_bytes(value, UrlPart::Query)));
        }
    }
    Ok(fields)
}

fn decode_name(name: &[u8]) -> Cow<'_, str> {
    match url_unescape_bytes(name, UrlPart::Query) {
        Cow::Borrowed(name) => decode_latin1(name),
        Cow::Owned(name) => Cow::Owned(decode_latin1(&name).into_owned()),
    }
}

/// Why a query or a form is refused: the sender's mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QsError {
    /// There are more fields than `max_num_fields`.
    TooManyFields {
        /// The number that was allowed.
        limit: usize,
    },
    /// With `strict_parsing`: a field without `=`.
    BadField {
        /// The field as it came.
        field: Box<[u8]>,
    },
}

impl fmt::Display for QsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyFields { limit } => {
                write!(f, "more than {limit} fields; raise `max_num_fields` to accept them")
            }
            Self::BadField { field } => write!(f, "the field \"{}\" has no `=`", field.escape_ascii()),
        }
    }
}

impl StdError for QsError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[u8], options: QsOptions) -> Result<String, QsError> {
        let fields = parse_qs_bytes(query, options)?;
        let lines: Vec<_> = fields.iter().map(|(name, value)| format!("{name}:{}", value.escape_ascii())).collect();
        Ok(lines.join(" "))
    }

    #[test]
    fn fields_come_in_their_order_with_their_values_decoded() {
        let keep = QsOptions::new().keep_blank_values(true);
        let cases: &[(&str, QsOptions, &[u8], &str)] = &[
            ("repeated names, blanks kept", keep, b"a=1&b=%41+%2B&a=2&&c&d=", "a:1 b:A + a:2 c: d:"),
            ("blanks left out", QsOptions::new(), b"c&d=&=&e=1", "e:1"),
            ("names are ISO 8859-1", QsOptions::new(), b"%E9=%E9", "é:\\xe9"),
            ("further equals signs are the value's", keep, b"a=b=c&=v", "a:b=c :v"),
            ("an escaped ampersand parts nothing", keep, b"a=%26b%3Dc", "a:&b=c"),
            ("nothing", keep.max_num_fields(0), b"", ""),
        ];
        for (what, options, query, expected) in cases {
            assert_eq!(read(query, *options).as_deref(), Ok(*expected), "{what}");
        }
    }

    #[test]
    fn too_many_fields_are_refused_before_they_are_parsed() {
        let options = QsOptions::new().max_num_fields(2);
        assert_eq!(read(b"a=1&b=2", options).as_deref(), Ok("a:1 b:2"));
        assert_eq!(read(b"&&", options), Err(QsError::TooManyFields { limit: 2 }));
    }

    #[test]
    fn strict_parsing_refuses_fields_without_equals() {
        let options = QsOptions::new().strict_parsing(true).keep_blank_values(true);
        let error = read(b"a=1&&b=2", options).unwrap_err();
        assert_eq!(error.to_string(), "the field \"\" has no `=`");
        assert_eq!(read(b"a=1&b\xff", options).unwrap_err().to_string(), "the field \"b\\xff\" has no `=`");
        assert_eq!(read(b"a=&b=2", options).as_deref(), Ok("a: b:2"));
    }

    #[test]
    fn fields_that_need_no_decoding_are_not_copied() {
        let fields = parse_qs_bytes("name=value", QsOptions::new()).unwrap();
        assert!(matches!(fields[..], [(Cow::Borrowed("name"), Cow::Borrowed(b"value"))]));
    }
}
