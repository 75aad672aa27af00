//! Reading a parameter of the path as a typed value.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use firewhirl_escape::{UrlPart, url_unescape_bytes};

use crate::errors::InvalidUnicode;

/// A type that a path's parameter can be read as: any that implements [`FromStr`].
#[diagnostic::on_unimplemented(
    message = "a path parameter cannot be read as `{Self}`",
    label = "which type is the parameter to have?",
    note = "name it where the value is bound: `let id: u64 = cx.path(\"id\")?;`",
    note = "any type that implements `FromStr` will do"
)]
pub trait FromPath<'path>: Sized {
    /// Reads the decoded value; `None` where it is none, which is answered 404.
    fn from_path(value: &'path str) -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: FromStr> FromPath<'_> for T {
    fn from_path(value: &str) -> Option<Self> {
        value.parse().ok()
    }
}

/// How a parameter is named: by its name, or, in a route of unnamed groups, by its number from 0.
pub trait PathKey: Copy + fmt::Display {
    /// The parameter's position among `names`.
    #[doc(hidden)]
    fn position(self, names: &[String]) -> Option<usize>;
}

impl PathKey for &str {
    fn position(self, names: &[String]) -> Option<usize> {
        names.iter().position(|name| name == self)
    }
}

impl PathKey for usize {
    fn position(self, _: &[String]) -> Option<usize> {
        Some(self)
    }
}

/// A parameter was asked for that the route does not have: the program's fault, answered 500.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingParameter {
    pub(crate) key: String,
    pub(crate) url: String,
}

impl fmt::Display for MissingParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the route `{}` has no parameter `{}`", self.url, self.key)
    }
}

impl std::error::Error for MissingParameter {}

/// The values of a request's path parameters; the memory is used again from request to request.
#[derive(Debug, Default)]
pub(crate) struct PathValues {
    values: Vec<PathValue>,
}

#[derive(Debug)]
enum PathValue {
    /// An optional group that took no part in the match.
    None,
    /// Nothing in it was encoded: a span of the path itself.
    Span(Range<usize>),
    Decoded(String),
}

impl PathValues {
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.values.clear();
    }

    pub(crate) fn push(&mut self, span: Option<Range<usize>>) {
        self.values.push(span.map_or(PathValue::None, PathValue::Span));
    }

    /// Percent-decodes what is encoded.
    pub(crate) fn decode(&mut self, path: &str, names: &[String]) -> Result<(), InvalidUnicode> {
        for (position, value) in self.values.iter_mut().enumerate() {
            let PathValue::Span(span) = value else { continue };
            let raw = &path[span.clone()];
            if raw.contains('%') {
                let text = String::from_utf8(url_unescape_bytes(raw.as_bytes(), UrlPart::Path).into_owned()).map_err(
                    |error| {
                        let name = names.get(position).map_or("url", String::as_str);
                        InvalidUnicode::new(name, error.as_bytes())
                    },
                )?;
                *value = PathValue::Decoded(text);
            }
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The decoded value at a position of `path`; `None` for a group that took no part.
    pub(crate) fn get<'path>(&'path self, position: usize, path: &'path str) -> Option<&'path str> {
        match self.values.get(position)? {
            PathValue::None => None,
            PathValue::Span(span) => path.get(span.clone()),
            PathValue::Decoded(text) => Some(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_group_by_group() {
        let path = "/a%2Fb/c+d";
        let mut values = PathValues::default();
        values.push(Some(1..6));
        values.push(Some(7..10));
        values.push(None);
        values.decode(path, &[]).unwrap();
        assert_eq!(values.get(0, path), Some("a/b"));
        assert_eq!(values.get(1, path), Some("c+d"));
        assert_eq!(values.get(2, path), None);
        assert_eq!(values.get(3, path), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_told_by_name() {
        let mut values = PathValues::default();
        values.push(Some(1..4));
        let error = values.decode("/%ff", &["id".to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), r"Invalid unicode in id: b'\xff'");
    }
}
