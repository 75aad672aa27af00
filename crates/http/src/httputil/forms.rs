//! The body of a form, read whole: its arguments and its files.
//!
//! Tornado's `parse_body_arguments`: the content type's beginning decides, and a body of any other
//! type is left alone.

use bytes::Bytes;

use super::arguments::Arguments;
use super::error::{HttpInputError, MultipartError};
use super::multipart::{MultipartEvent, MultipartLimits, MultipartReader};

/// What a form may cost. Tornado's `ParseBodyConfig`.
///
/// # Examples
///
/// A site of large forms that takes no uploads:
///
/// ```
/// use firewhirl_http::httputil::{FormLimits, MultipartLimits};
///
/// let limits = FormLimits::new().max_arguments(5000).multipart(MultipartLimits::new().enabled(false));
/// assert_eq!(limits.parse_query(b"a=1")?.len(), 1);
/// # Ok::<(), firewhirl_http::httputil::HttpInputError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormLimits {
    max_arguments: usize,
    multipart: MultipartLimits,
}

impl FormLimits {
    /// The defaults: 1,000 arguments, and those of [`MultipartLimits`].
    pub const fn new() -> Self {
        Self { max_arguments: 1000, multipart: MultipartLimits::new() }
    }

    /// Arguments that a urlencoded form or a query may have, counted as one more than there are `&`.
    /// One more is an error. Default: 1,000.
    #[must_use]
    pub const fn max_arguments(self, max_arguments: usize) -> Self {
        Self { max_arguments, ..self }
    }

    /// What an upload may cost.
    #[must_use]
    pub const fn multipart(self, multipart: MultipartLimits) -> Self {
        Self { multipart, ..self }
    }

    /// Reads a query string under these limits.
    ///
    /// # Errors
    ///
    /// [`HttpInputError::Query`] if it has too many arguments.
    pub fn parse_query(&self, query: &[u8]) -> Result<Arguments, HttpInputError> {
        Arguments::parse(query, self.max_arguments).map_err(HttpInputError::Query)
    }
}

impl Default for FormLimits {
    fn default() -> Self {
        Self::new()
    }
}

/// A form's fields and files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The fields. Tornado's `request.body_arguments`.
    pub arguments: Arguments,
    /// The files. Tornado's `request.files`.
    pub files: Files,
}

/// The files of a form by the name of their field, in the order in which they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    entries: Vec<(String, HttpFile)>,
}

/// An uploaded file. Tornado's `HTTPFile`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpFile {
    /// The name that the client gave it; never empty. It may hold a path: never open it.
    pub filename: String,
    /// The file's bytes: a slice of the request's body.
    pub body: Bytes,
    /// What the client says that it is; `application/unknown` where it says nothing.
    pub content_type: String,
}

impl Files {
    /// The first file of a field.
    pub fn get(&self, name: &str) -> Option<&HttpFile> {
        self.get_all(name).next()
    }

    /// The files of a field.
    pub fn get_all(&self, name: &str) -> impl DoubleEndedIterator<Item = &HttpFile> {
        self.iter().filter(move |&(candidate, _)| candidate == name).map(|(_, file)| file)
    }

    /// Every file with its field's name.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &HttpFile)> + ExactSizeIterator {
        self.entries.iter().map(|(name, file)| (name.as_str(), file))
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a file to a field.
    pub fn push(&mut self, name: impl Into<String>, file: HttpFile) {
        self.entries.push((name.into(), file));
    }
}

/// Reads a request's body if it is a form. Tornado's function of this name.
///
/// `application/x-www-form-urlencoded` and `multipart/form-data` are read; any other content type
/// gives an empty form and no error.
///
/// # Errors
///
/// [`HttpInputError`] for a malformed form, one past its limits, and one that is still encoded.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::{FormLimits, parse_body_arguments};
///
/// let body = "name=Ada&name=Grace".into();
/// let form = parse_body_arguments("application/x-www-form-urlencoded", None, &body, &FormLimits::new())?;
/// assert_eq!(form.arguments.get_last("name"), Some(&b"Grace"[..]));
/// # Ok::<(), firewhirl_http::httputil::HttpInputError>(())
/// ```
pub fn parse_body_arguments(
    content_type: &str,
    content_encoding: Option<&str>,
    body: &Bytes,
    limits: &FormLimits,
) -> Result<Form, HttpInputError> {
    let url_encoded = content_type.starts_with("application/x-www-form-urlencoded");
    if !url_encoded && !content_type.starts_with("multipart/form-data") {
        return Ok(Form::default());
    }
    if let Some(encoding) = content_encoding {
        return Err(HttpInputError::ContentEncoding { encoding: encoding.to_owned() });
    }
    if url_encoded {
        let arguments = Arguments::parse(body, limits.max_arguments).map_err(HttpInputError::UrlEncoded)?;
        return Ok(Form { arguments, files: Files::default() });
    }
    Ok(read_parts(MultipartReader::for_content_type(content_type, limits.multipart)?, body)?)
}

/// Reads an upload whose boundary is known. Tornado's function of this name.
///
/// A part with a file name is a file, any other an argument.
///
/// # Errors
///
/// The first [`MultipartError`] in the body.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::{MultipartLimits, parse_multipart_form_data};
///
/// let body = "--1234\r\n\
///     Content-Disposition: form-data; name=\"notes\"; filename=\"a.txt\"\r\n\r\n\
///     Foo\r\n--1234--".into();
/// let form = parse_multipart_form_data(b"1234", &body, MultipartLimits::new())?;
/// let file = form.files.get("notes").unwrap();
/// assert_eq!((&file.filename[..], &file.body[..]), ("a.txt", &b"Foo"[..]));
/// # Ok::<(), firewhirl_http::httputil::MultipartError>(())
/// ```
pub fn parse_multipart_form_data(
    boundary: &[u8],
    body: &Bytes,
    limits: MultipartLimits,
) -> Result<Form, MultipartError> {
    read_parts(MultipartReader::new(boundary, limits)?, body)
}

fn read_parts(mut reader: MultipartReader, body: &Bytes) -> Result<Form, MultipartError> {
    let mut form = Form::default();
    let mut input = body.clone();
    let mut head = None;
    let mut data = Bytes::new();
    while let Some(event) = reader.advance(&mut input)? {
        match event {
            MultipartEvent::Part(part) => head = Some(part),
            // The whole body is there, so a part's data comes in one piece unless a part of it looks
            // like a boundary that the body's end cuts off, and then the body is refused.
            MultipartEvent::Data(piece) => data = piece,
            MultipartEvent::EndOfPart => {
                let (Some(part), body) = (head.take(), std::mem::take(&mut data)) else { continue };
                match part.filename {
                    Some(filename) => {
                        let content_type = part.content_type.unwrap_or_else(|| "application/unknown".to_owned());
                        form.files.push(part.name, HttpFile { filename, body, content_type });
                    }
                    None => form.arguments.push(&part.name, &body),
                }
            }
            MultipartEvent::End => break,
        }
    }
    reader.finish()?;
    Ok(form)
}

#[cfg(test)]
mod tests;
