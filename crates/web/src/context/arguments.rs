//! The arguments of the query and of a form, and its files.
//!
//! Tornado's rules: values are UTF-8, control characters in them become spaces, spaces around them go;
//! of several values the last one counts; the body's come after the query's.

use std::cell::OnceCell;

use firewhirl_event::Result;
use firewhirl_http::httputil::{Arguments, Files, Form, FormLimits, HttpFile, HttpInputError, parse_body_arguments};
use http::StatusCode;

use super::Context;
use crate::errors::{HttpError, InvalidUnicode, MissingArgument};

/// What was parsed of a request, each part when it was first asked for.
#[derive(Default)]
pub(super) struct ArgumentCache {
    query: OnceCell<Arguments>,
    form: OnceCell<Form>,
}

impl ArgumentCache {
    pub(super) fn clear(&mut self) {
        self.query.take();
        self.form.take();
    }
}

/// Where arguments are looked for.
#[derive(Clone, Copy)]
enum Place {
    Query,
    Body,
    Both,
}

impl Context {
    /// The value of an argument, of the query or of the body; of several the last.
    ///
    /// # Errors
    ///
    /// [`MissingArgument`] if it is not there and [`InvalidUnicode`] if it is no UTF-8: 400.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_event::Result;
    /// # use firewhirl_web::Context;
    /// async fn search(cx: &Context) -> Result {
    ///     let words = cx.argument("q")?;
    ///     let page: u32 = cx.argument_or("page", "1")?.parse()?;
    ///     cx.write(format!("{words}, page {page}"))
    /// }
    /// ```
    pub fn argument(&self, name: &str) -> Result<String> {
        self.required(Place::Both, name)
    }

    /// As [`argument`](Self::argument), with a default where it is not there.
    ///
    /// # Errors
    ///
    /// [`InvalidUnicode`]: 400.
    pub fn argument_or(&self, name: &str, default: &str) -> Result<String> {
        Ok(self.last(Place::Both, name)?.unwrap_or_else(|| default.to_owned()))
    }

    /// All values of an argument, in order, the query's first; none if it is not there.
    ///
    /// # Errors
    ///
    /// [`InvalidUnicode`]: 400.
    pub fn arguments(&self, name: &str) -> Result<Vec<String>> {
        self.all(Place::Both, name, true)
    }

    /// As [`arguments`](Self::arguments), with the spaces around the values. Tornado's `strip=False`.
    ///
    /// # Errors
    ///
    /// [`InvalidUnicode`]: 400.
    pub fn arguments_unstripped(&self, name: &str) -> Result<Vec<String>> {
        self.all(Place::Both, name, false)
    }

    /// The value of an argument of the query.
    ///
    /// # Errors
    ///
    /// As of [`argument`](Self::argument).
    pub fn query_argument(&self, name: &str) -> Result<String> {
        self.required(Place::Query, name)
    }

    /// As [`query_argument`](Self::query_argument), with a default where it is not there.
    ///
    /// # Errors
    ///
    /// [`InvalidUnicode`]: 400.
    pub fn query_argument_or(&self, name: &str, default: &str) -> Result<String> {
        Ok(self.last(Place::Query, name)?.unwrap_or_else(|| default.to_owned()))
    }

    /// All values of an argument of the query.
    ///
    /// # Errors
    ///
    /// [`InvalidUnicode`]: 400.
    pub fn query_arguments(&self, name: &str) -> Result<Vec<String>> {
        self.all(Place::Query, name, true)
    }

    /// The value of an argument of the body, which is a form.
    ///
    /// # Errors
    ///
    /// As of [`argument`](Self::argument).
    pub fn body_argument(&self, name: &str) -> Result<String> {
        self.required(Place::Body, name)
    }

    /// As [`body_argument`](Self::body_argument), with a default where it is not there.
    ///
    /// # Errors
    ///
    /// [`InvalidUnicode`]: 400.
    pub fn body_argument_or(&self, name: &str, default: &str) -> Result<String> {
        Ok(self.last(Place::Body, name)?.unwrap_or_else(|| default.to_owned()))
    }

    /// All values of an argument of the body.
    ///
    /// # Errors
    ///
    /// [`InvalidUnicode`]: 400.
    pub fn body_arguments(&self, name: &str) -> Result<Vec<String>> {
        self.all(Place::Body, name, true)
    }

    /// The query's arguments as bytes, neither cleaned nor stripped. Tornado's
    /// `request.query_arguments`.
    ///
    /// # Errors
    ///
    /// 400 if there are more than a thousand.
    pub fn query_map(&self) -> Result<&Arguments> {
        if let Some(query) = self.arguments.query.get() {
            return Ok(query);
        }
        let query = FormLimits::new().parse_query(self.request.query().as_bytes());
        let query = query.map_err(|problem| HttpError::new(StatusCode::BAD_REQUEST).message(problem.to_string()))?;
        Ok(self.arguments.query.get_or_init(|| query))
    }

    /// The body's arguments as bytes, neither cleaned nor stripped; none unless the body is a form.
    /// Tornado's `request.body_arguments`.
    ///
    /// # Errors
    ///
    /// 400 for a malformed form.
    pub fn body_map(&self) -> Result<&Arguments> {
        Ok(&self.parsed_form()?.arguments)
    }

    /// The uploaded files; none unless the body is `multipart/form-data`. Tornado's `request.files`.
    ///
    /// # Errors
    ///
    /// 400 for a malformed form.
    pub fn files(&self) -> Result<&Files> {
        Ok(&self.parsed_form()?.files)
    }

    /// The first uploaded file of a field.
    ///
    /// # Errors
    ///
    /// [`MissingArgument`] if there is none, and a malformed form: 400.
    pub fn file(&self, name: &str) -> Result<&HttpFile> {
        Ok(self.files()?.get(name).ok_or_else(|| MissingArgument { name: name.to_owned() })?)
    }

    /// Reads a form's body, if it is one; before the handler runs, so that a malformed one never reaches
    /// it.
    pub(crate) fn check_body(&self) -> Result {
        if self.request.body().is_empty() {
            return Ok(());
        }
        self.parsed_form().map(|_| ())
    }

    fn parsed_form(&self) -> Result<&Form> {
        if let Some(form) = self.arguments.form.get() {
            return Ok(form);
        }
        let content_type = self.request.header("Content-Type").unwrap_or_default();
        let encoding = self.request.header("Content-Encoding");
        let form = parse_body_arguments(content_type, encoding, self.request.body(), &FormLimits::new());
        let form = form.map_err(|problem: HttpInputError| {
            HttpError::new(StatusCode::BAD_REQUEST).message(format!("Invalid body: {problem}"))
        })?;
        Ok(self.arguments.form.get_or_init(|| form))
    }

    fn maps(&self, place: Place) -> Result<[Option<&Arguments>; 2]> {
        let query = matches!(place, Place::Query | Place::Both).then(|| self.query_map()).transpose()?;
        let body = matches!(place, Place::Body | Place::Both).then(|| self.body_map()).transpose()?;
        Ok([query, body])
    }

    fn required(&self, place: Place, name: &str) -> Result<String> {
        Ok(self.last(place, name)?.ok_or_else(|| MissingArgument { name: name.to_owned() })?)
    }

    fn last(&self, place: Place, name: &str) -> Result<Option<String>> {
        let [query, body] = self.maps(place)?;
        let last = body.and_then(|body| body.get_last(name)).or_else(|| query.and_then(|query| query.get_last(name)));
        last.map(|bytes| clean(name, bytes, true)).transpose()
    }

    fn all(&self, place: Place, name: &str, strip: bool) -> Result<Vec<String>> {
        let maps = self.maps(place)?;
        let values = maps.into_iter().flatten().flat_map(|map| map.get_all(name));
        values.map(|bytes| clean(name, bytes, strip)).collect()
    }
}

/// An argument's value as text: control characters are spaces, but tab, line ends, vertical tab and form
/// feed stay inside.
pub(super) fn clean(name: &str, bytes: &[u8], strip: bool) -> Result<String> {
    let text = std::str::from_utf8(bytes).map_err(|_| InvalidUnicode::new(name, bytes))?;
    let cleaned: String = text.chars().map(|character| if is_control(character) { ' ' } else { character }).collect();
    Ok(if strip { cleaned.trim().to_owned() } else { cleaned })
}

fn is_control(character: char) -> bool {
    matches!(character, '\0'..='\x08' | '\x0e'..='\x1f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cleaned_and_stripped() {
        #[rustfmt::skip]
        let cases: &[(&[u8], &str, &str)] = &[
            (b"plain",          "plain",    "plain"),
            (b" a\0b\tc ",      "a b\tc",   " a b\tc "),
            (b"\x01\x1f",       "",         "  "),
            (b"a\r\nb\x0b\x0c", "a\r\nb",   "a\r\nb\x0b\x0c"),
            ("\u{a0}\u{e9}".as_bytes(), "\u{e9}", "\u{a0}\u{e9}"),
        ];
        for (bytes, stripped, whole) in cases {
            assert_eq!(clean("q", bytes, true).unwrap(), *stripped);
            assert_eq!(clean("q", bytes, false).unwrap(), *whole);
        }
        assert_eq!(clean("q", b"\xff", true).unwrap_err().to_string(), r"Invalid unicode in q: b'\xff'");
    }
}
