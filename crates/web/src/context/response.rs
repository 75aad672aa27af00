//! The response before it is sent: status, headers, and the body that is buffered.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::time::Instant;

use firewhirl_event::Result;
use firewhirl_http::{Headers, IntoHeaderValue};
use http::StatusCode;
use serde::Serialize;
use tracing::error;

use firewhirl_event::log_targets::APP;

use super::cookies::NewCookies;
use super::outgoing::Outgoing;
use super::{Context, default_headers};
use crate::chunk::{Chunk, Json};
use crate::errors::{IntoStatus, ResponseMisuse, standard_reason};

/// How much of a body's buffer is kept for the next response, in bytes.
const KEPT_BODY: usize = 64 * 1024;

/// A response, its memory used again from exchange to exchange.
#[derive(Default)]
pub(super) struct Response {
    pub(super) status: Cell<StatusCode>,
    /// Where it is not the status's own.
    pub(super) reason: RefCell<Option<Cow<'static, str>>>,
    pub(super) headers: RefCell<Headers>,
    /// Apart from the headers, since an error page takes the place of those and not of these.
    pub(super) cookies: RefCell<NewCookies>,
    pub(super) body: RefCell<Vec<u8>>,
    pub(super) stage: Cell<Stage>,
    pub(super) automatic_etag: Cell<Option<bool>>,
    pub(super) is_left_uncompressed: Cell<bool>,
    /// What it passes on its way out, if it is changed there and its head is on its way.
    pub(super) outgoing: RefCell<Option<Box<Outgoing>>>,
}

/// How far a response is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Open,
    /// Status and headers are on their way; the body goes on.
    HeadWritten,
    Finished,
}

impl Response {
    /// Begins with the default headers.
    #[inline]
    pub(super) fn begin(&mut self, now: Instant) {
        default_headers::fill(self.headers.get_mut(), now);
    }

    /// Forgets what belongs to one exchange.
    #[inline]
    pub(super) fn end(&mut self) {
        self.status.set(StatusCode::OK);
        *self.reason.get_mut() = None;
        self.stage.set(Stage::Open);
        self.automatic_etag.set(None);
        self.is_left_uncompressed.set(false);
        self.outgoing.get_mut().take();
        self.cookies.get_mut().clear();
        let body = self.body.get_mut();
        body.clear();
        body.shrink_to(KEPT_BODY);
    }
}

impl Context {
    /// Sets the status. Default: 200.
    ///
    /// A number that is no status (below 100 or above 999) is logged, and 500 stands. After the head has
    /// been sent it changes nothing any more.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_event::Result;
    /// # use firewhirl_web::Context;
    /// async fn created(cx: &Context) -> Result {
    ///     cx.set_status(201);
    ///     cx.set_header("Location", "/story/17")
    /// }
    /// ```
    pub fn set_status(&self, status: impl IntoStatus) {
        let status = status.into_status().unwrap_or_else(|| {
            error!(target: APP, "{}: set_status was given no status", self.request_summary());
            StatusCode::INTERNAL_SERVER_ERROR
        });
        self.response.status.set(status);
        *self.response.reason.borrow_mut() = None;
    }

    /// Sets the status with another reason phrase than its own.
    ///
    /// A phrase that HTTP does not allow, or with a `<` in it, which could become part of a page, is sent
    /// as `Unknown`.
    pub fn set_status_and_reason(&self, status: impl IntoStatus, reason: impl Into<String>) {
        self.set_status(status);
        let reason = reason.into();
        let allowed = |byte: u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..) && byte != b'<';
        let reason = match !reason.is_empty() && reason.bytes().all(allowed) {
            true => Cow::Owned(reason),
            false => Cow::Borrowed("Unknown"),
        };
        *self.response.reason.borrow_mut() = Some(reason);
    }

    /// The status as it stands. Tornado's `get_status`.
    pub fn status(&self) -> StatusCode {
        self.response.status.get()
    }

    /// The reason phrase as it stands.
    pub fn reason(&self) -> String {
        let own = self.response.reason.borrow();
        own.as_deref().unwrap_or_else(|| standard_reason(self.status())).to_owned()
    }

    /// Gives a header this one value: text, bytes, a number or a time.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`](firewhirl_http::InvalidHeader) for a name that is no token or a value with
    /// control characters, and [`ResponseMisuse::HeadWritten`] after the head has been sent.
    pub fn set_header(&self, name: &str, value: impl IntoHeaderValue) -> Result {
        self.check_open()?;
        Ok(self.response.headers.borrow_mut().set(name, value)?)
    }

    /// Adds a value to a header, on a line of its own.
    ///
    /// # Errors
    ///
    /// As of [`set_header`](Self::set_header).
    pub fn add_header(&self, name: &str, value: impl IntoHeaderValue) -> Result {
        self.check_open()?;
        Ok(self.response.headers.borrow_mut().add(name, value)?)
    }

    /// Takes a header out; not an error if it is not there, or if the head has been sent.
    pub fn clear_header(&self, name: &str) {
        self.response.headers.borrow_mut().remove(name);
    }

    /// A response header's value as it stands, several joined with a comma.
    pub fn response_header(&self, name: &str) -> Option<String> {
        self.response.headers.borrow().get(name).map(Cow::into_owned)
    }

    /// Discards headers, body and status as far as they have not been sent; the site's
    /// [`default_headers`](crate::Site::default_headers) are set again. Cookies stay.
    ///
    /// # Errors
    ///
    /// Those of the site's `default_headers`.
    pub fn clear(&self) -> Result {
        self.response.status.set(StatusCode::OK);
        *self.response.reason.borrow_mut() = None;
        self.response.body.borrow_mut().clear();
        default_headers::fill(&mut self.response.headers.borrow_mut(), Instant::now());
        self.set_default_headers()
    }

    /// Names the request if the application wants it, and runs the sites' `default_headers`, the outermost
    /// first.
    pub(crate) fn set_default_headers(&self) -> Result {
        if self.settings().request_id_header {
            self.set_header("X-Request-Id", self.request_id().to_string())?;
        }
        self.route().sites.iter().try_for_each(|site| site.default_headers(self))
    }

    /// Adds text, bytes or JSON to the body.
    ///
    /// It is buffered until [`flush`](Self::flush) or the end; nothing waits. When the client has left it
    /// goes nowhere, without an error.
    ///
    /// # Errors
    ///
    /// [`ResponseMisuse::WriteAfterFinish`] after the end, and what the chunk's own conversion gives.
    #[inline]
    pub fn write<C: Chunk>(&self, chunk: C) -> Result {
        if self.is_finished() {
            return Err(ResponseMisuse::WriteAfterFinish.into());
        }
        if let Some(content_type) = C::CONTENT_TYPE
            && self.response.stage.get() == Stage::Open
        {
            self.response.headers.borrow_mut().set("Content-Type", content_type)?;
        }
        // Taken out meanwhile, since the conversion is anybody's code.
        let mut body = self.response.body.take();
        let before = body.len();
        let result = chunk.append_to(&mut body);
        if result.is_err() {
            body.truncate(before);
        }
        self.response.body.replace(body);
        result
    }

    /// Writes a value as JSON, with the content type of JSON. See [`Json`].
    ///
    /// # Errors
    ///
    /// As of [`write`](Self::write); a value that JSON has no form for, such as a map whose keys are no
    /// strings.
    pub fn write_json<T: Serialize + ?Sized>(&self, value: &T) -> Result {
        self.write(Json(value))
    }

    /// Whether this response gets an `Etag` of its body's hash. Default: what its route and its
    /// application say. Tornado's `compute_etag` that returns `None`.
    pub fn automatic_etag(&self, on: bool) {
        self.response.automatic_etag.set(Some(on));
    }

    /// Leaves this response uncompressed, whatever the client takes: one that has a secret in it beside what
    /// the request said, where the length would tell how much of it was guessed (the BREACH attack).
    pub fn leave_uncompressed(&self) {
        self.response.is_left_uncompressed.set(true);
    }

    /// Whether the response is complete, so that nothing can be written any more.
    #[inline]
    pub fn is_finished(&self) -> bool {
        self.response.stage.get() == Stage::Finished
    }

    /// Whether status and headers have been sent, so that they cannot change any more.
    pub fn is_head_written(&self) -> bool {
        self.response.stage.get() != Stage::Open
    }

    pub(super) fn check_open(&self) -> Result<(), ResponseMisuse> {
        match self.response.stage.get() {
            Stage::Open => Ok(()),
            _ => Err(ResponseMisuse::HeadWritten),
        }
    }
}
