//! The errors that end a request with an answer: a status, a quiet end, a missing argument; and what
//! status any other error is answered with.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use firewhirl_event::Error;
use firewhirl_http::BodyError;
use firewhirl_http::httputil::reason_phrase;
use http::StatusCode;

use crate::chunk::Chunk;
use crate::form::FormError;

/// An error that is answered with a status of its own.
///
/// Its page shows the status and the reason alone: the message is for the log (and, with
/// `serve_traceback`, for the page of a programmer). Tornado's `HTTPError`.
///
/// # Examples
///
/// ```
/// use firewhirl_web::HttpError;
///
/// let error = HttpError::new(404).message("no story 17");
/// assert_eq!(error.to_string(), "HTTP 404: Not Found (no story 17)");
/// assert_eq!(HttpError::new(404).reason("Gone fishing").to_string(), "HTTP 404: Gone fishing");
/// ```
///
/// A handler ends with it by `?`:
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_web::{Context, HttpError};
///
/// async fn teapot(_cx: &Context) -> Result {
///     Err(HttpError::new(418))?
/// }
/// ```
#[derive(Debug)]
pub struct HttpError {
    status: StatusCode,
    reason: Option<String>,
    message: Option<String>,
    cause: Option<Error>,
}

impl HttpError {
    /// Makes an error that is answered with `status`; 500 in place of a number that is none (below
    /// 100 or above 999).
    pub fn new(status: impl IntoStatus) -> Self {
        let status = status.into_status().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, reason: None, message: None, cause: None }
    }

    /// Says in the log what was wrong; the client does not see it. Tornado's `log_message`.
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.message = Some(text.into());
        self
    }

    /// Gives the status another reason phrase than its own. One that HTTP does not allow, or with a
    /// `<` in it, is sent as `Unknown`.
    pub fn reason(mut self, phrase: impl Into<String>) -> Self {
        self.reason = Some(phrase.into());
        self
    }

    /// Keeps the error that led to this one, for the log.
    pub fn cause(mut self, error: impl Into<Error>) -> Self {
        self.cause = Some(error.into());
        self
    }

    /// The status that answers it.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The reason phrase, where it is not the status's own.
    pub fn reason_phrase(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// What the log says of it: its message, or its cause's. Tornado's `get_message`.
    pub fn log_message(&self) -> Option<String> {
        match (&self.message, &self.cause) {
            (Some(message), Some(cause)) => Some(format!("{message}: {cause}")),
            (Some(message), None) => Some(message.clone()),
            (None, Some(cause)) => Some(cause.to_string()),
            (None, None) => None,
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason.as_deref().unwrap_or_else(|| standard_reason(self.status));
        write!(f, "HTTP {}: {reason}", self.status.as_u16())?;
        match self.log_message() {
            Some(message) => write!(f, " ({message})"),
            None => Ok(()),
        }
    }
}

impl StdError for HttpError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_ref().map(|cause| cause.as_std() as _)
    }
}

/// The reason phrase of a status, `Unknown` for one that has none.
pub(crate) fn standard_reason(status: StatusCode) -> &'static str {
    reason_phrase(status.as_u16())
}

/// What can be given as a status: a [`StatusCode`] or its number.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no status",
    label = "expected a number such as `404`, a `u16`, or a `StatusCode`"
)]
pub trait IntoStatus {
    /// The status, `None` if the number is none.
    fn into_status(self) -> Option<StatusCode>;
}

impl IntoStatus for StatusCode {
    fn into_status(self) -> Option<StatusCode> {
        Some(self)
    }
}

impl IntoStatus for u16 {
    fn into_status(self) -> Option<StatusCode> {
        StatusCode::from_u16(self).ok()
    }
}

/// Ends a request quietly: what was written is sent as it is, with the status that was set.
///
/// Tornado's `Finish`.
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_web::{Context, Finish};
///
/// async fn secret(cx: &Context) -> Result {
///     if cx.request.header("Authorization").is_none() {
///         cx.set_status(401);
///         cx.set_header("WWW-Authenticate", "Basic")?;
///         Err(Finish::with("no")?)?;
///     }
///     cx.write("the secret")
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Finish {
    pub(crate) chunk: Bytes,
    pub(crate) content_type: Option<&'static str>,
}

impl Finish {
    /// Ends the request with what was written.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the request with a last chunk.
    ///
    /// # Errors
    ///
    /// What the chunk's own conversion gives, such as JSON of a map whose keys are no strings.
    pub fn with<C: Chunk>(chunk: C) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        chunk.append_to(&mut bytes)?;
        Ok(Self { chunk: bytes.into(), content_type: C::CONTENT_TYPE })
    }
}

impl fmt::Display for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request was finished early")
    }
}

impl StdError for Finish {}

/// An argument that has to be there and is not; answered 400. Tornado's `MissingArgumentError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingArgument {
    pub(crate) name: String,
}

impl MissingArgument {
    /// The argument's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for MissingArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Missing argument {}", self.name)
    }
}

impl StdError for MissingArgument {}

/// An argument or a part of the path whose bytes are no UTF-8; answered 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidUnicode {
    name: String,
    start: Vec<u8>,
}

impl InvalidUnicode {
    /// Of the bytes only the first 40 are kept.
    pub(crate) fn new(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), start: bytes[..bytes.len().min(40)].to_vec() }
    }
}

impl fmt::Display for InvalidUnicode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invalid unicode in {}: b'{}'", self.name, self.start.escape_ascii())
    }
}

impl StdError for InvalidUnicode {}

/// A response that a handler builds wrongly: the program's fault, answered 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseMisuse {
    /// `write` after the end.
    WriteAfterFinish,
    /// `finish` after the end.
    FinishTwice,
    /// A header or cookie was set after the head had been sent by `flush`.
    HeadWritten,
    /// `redirect` after the head had been sent by `flush`.
    RedirectAfterHead,
    /// `redirect` with a status that is none of 300 to 399.
    NoRedirect(StatusCode),
    /// A body was written to a response whose status has none: 1xx, 204, 304.
    BodyWithStatus(StatusCode),
    /// A `Content-Length` was set that is not the body's.
    ContentLength {
        /// Bytes the body has.
        written: usize,
    },
}

impl fmt::Display for ResponseMisuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WriteAfterFinish => f.write_str("Cannot write() after finish()"),
            Self::FinishTwice => f.write_str("finish() called twice"),
            Self::HeadWritten => f.write_str("Cannot set headers after they have been written"),
            Self::RedirectAfterHead => f.write_str("Cannot redirect after headers have been written"),
            Self::NoRedirect(status) => write!(f, "Cannot redirect with status {}", status.as_u16()),
            Self::BodyWithStatus(status) => write!(f, "Cannot send body with status code HTTP{}", status.as_u16()),
            Self::ContentLength { written } => {
                write!(f, "Cannot send a body of {written} bytes with the Content-Length that was set")
            }
        }
    }
}

impl StdError for ResponseMisuse {}

/// What status an error is answered with: its own where it has one, else 500.
pub trait Status {
    /// The status: of an [`HttpError`] its own, of what is wrong with the request 400 (or 408, 413,
    /// 415), of anything else 500.
    fn status(&self) -> StatusCode;
}

impl Status for Error {
    fn status(&self) -> StatusCode {
        if let Some(error) = self.downcast_ref::<HttpError>() {
            error.status
        } else if self.is::<MissingArgument>() || self.is::<InvalidUnicode>() {
            StatusCode::BAD_REQUEST
        } else if let Some(error) = self.downcast_ref::<FormError>() {
            error.status()
        } else if let Some(error) = self.downcast_ref::<BodyError>() {
            error.status().unwrap_or(StatusCode::BAD_REQUEST)
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// Gives an error, or the absence of a value, the status that it is to be answered with.
///
/// # Examples
///
/// ```
/// use firewhirl_web::OrStatus;
///
/// let stories = ["first", "second"];
/// let story = stories.get(7).or_status(404);
/// assert_eq!(story.unwrap_err().status(), 404);
///
/// let page = "two".parse::<u32>().or_status(400);
/// assert_eq!(page.unwrap_err().to_string(), "HTTP 400: Bad Request (invalid digit found in string)");
/// ```
pub trait OrStatus<T> {
    /// The value, or an [`HttpError`] with this status.
    ///
    /// # Errors
    ///
    /// An [`HttpError`] where there is no value; the error that was there is its cause.
    fn or_status(self, status: impl IntoStatus) -> Result<T, HttpError>;
}

impl<T> OrStatus<T> for Option<T> {
    fn or_status(self, status: impl IntoStatus) -> Result<T, HttpError> {
        self.ok_or_else(|| HttpError::new(status))
    }
}

impl<T, E: Into<Error>> OrStatus<T> for Result<T, E> {
    fn or_status(self, status: impl IntoStatus) -> Result<T, HttpError> {
        self.map_err(|error| HttpError::new(status).cause(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_knows_its_status() {
        let cases: [(Error, u16); 5] = [
            (HttpError::new(404).into(), 404),
            (HttpError::new(StatusCode::IM_A_TEAPOT).into(), 418),
            (HttpError::new(7).into(), 500),
            (MissingArgument { name: "q".into() }.into(), 400),
            (fmt::Error.into(), 500),
        ];
        for (error, status) in cases {
            assert_eq!(error.status(), status, "{error}");
        }
    }

    #[test]
    fn errors_read_as_in_tornado() {
        assert_eq!(HttpError::new(499).to_string(), "HTTP 499: Unknown");
        assert_eq!(InvalidUnicode::new("q", b"\xff").to_string(), r"Invalid unicode in q: b'\xff'");
        assert_eq!(InvalidUnicode::new("q", &[0xff; 100]).to_string().matches("xff").count(), 40);
        let missing = MissingArgument { name: "q".into() };
        assert_eq!(missing.to_string(), "Missing argument q");
    }

    #[test]
    fn the_cause_is_kept() {
        let error = Error::from(Err::<(), _>(fmt::Error).or_status(404).unwrap_err());
        assert_eq!(error.status(), 404);
        assert!(error.find::<fmt::Error>().is_some());
    }
}
