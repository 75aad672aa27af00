//! Sending the response: in parts by `flush`, whole by `finish`, elsewhere by `redirect`.

use firewhirl_event::{IoStream, Result};
use firewhirl_http::ResponseError;
use http::{Method, StatusCode};

use super::Context;
use super::response::Stage;
use crate::chunk::Chunk;
use crate::errors::{IntoStatus, ResponseMisuse, standard_reason};
use crate::etag;
use crate::live_reload;
use firewhirl_http::httputil::etag_matches;

impl Context {
    /// Sends what was written, the first time with status and headers, and waits until the client's
    /// connection has taken it: so a slow client slows its handler down.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`](firewhirl_event::StreamError) once the client takes no more, or not in time.
    /// A handler that lets it through ends quietly: that is no error of the application. One that has
    /// [left](Self::is_closed) may still be reading, so the first flush after that may succeed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: what is still to be sent is sent later.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::Context;
    ///
    /// async fn count(cx: &Context) -> Result {
    ///     for number in 0..1_000_000 {
    ///         cx.write(format!("{number}\n"))?;
    ///         cx.flush().await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub async fn flush(&self) -> Result {
        if self.is_transformed() && !self.is_finished() {
            self.flush_transformed().await?;
        } else if !self.is_finished() {
            let written = self.write_out();
            self.response.body.borrow_mut().clear();
            ignore_closed(written)?;
        }
        Ok(self.current_connection()?.flush().await?)
    }

    /// Ends the response with a last chunk, or with `()`.
    ///
    /// Seldom called: a handler's return ends it as well. The body, if nothing was flushed, gets its
    /// `Content-Length` and, by the rules of [`automatic_etag`](crate::Application::automatic_etag), its
    /// `Etag`; a client that has it already gets 304.
    ///
    /// # Errors
    ///
    /// [`ResponseMisuse::FinishTwice`], [`ResponseMisuse::BodyWithStatus`], and a body of another length
    /// than a `Content-Length` that was set.
    pub fn finish<C: Chunk>(&self, chunk: C) -> Result {
        if self.is_finished() {
            return Err(ResponseMisuse::FinishTwice.into());
        }
        self.write(chunk)?;
        match self.response.stage.get() {
            Stage::Open => self.send_whole()?,
            _ if self.is_transformed() => self.finish_transformed()?,
            _ => {
                let written = self.write_out();
                self.response.body.borrow_mut().clear();
                ignore_closed(written)?;
                ignore_closed(self.connection().finish())?;
            }
        }
        self.mark_complete();
        Ok(())
    }

    /// Sends the visitor to another URL, with 302, and ends the response. The URL may be relative.
    ///
    /// # Errors
    ///
    /// [`ResponseMisuse::RedirectAfterHead`] after a flush, and
    /// [`InvalidHeader`](firewhirl_http::InvalidHeader) for a URL with control characters.
    pub fn redirect(&self, url: impl AsRef<str>) -> Result {
        self.redirect_with_status(url, StatusCode::FOUND)
    }

    /// Sends the visitor to another URL for good, with 301.
    ///
    /// # Errors
    ///
    /// As of [`redirect`](Self::redirect).
    pub fn redirect_permanently(&self, url: impl AsRef<str>) -> Result {
        self.redirect_with_status(url, StatusCode::MOVED_PERMANENTLY)
    }

    /// Sends the visitor to another URL with a status of 300 to 399, such as 303 or 308.
    ///
    /// # Errors
    ///
    /// As of [`redirect`](Self::redirect), and [`ResponseMisuse::NoRedirect`] for another status.
    pub fn redirect_with_status(&self, url: impl AsRef<str>, status: impl IntoStatus) -> Result {
        if self.is_head_written() {
            return Err(ResponseMisuse::RedirectAfterHead.into());
        }
        let status = status.into_status().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if !status.is_redirection() {
            return Err(ResponseMisuse::NoRedirect(status).into());
        }
        self.set_status(status);
        self.set_header("Location", url.as_ref())?;
        self.finish(())
    }

    /// The entity tag of the body as it stands, in its quotes. Tornado's `compute_etag`.
    pub fn compute_etag(&self) -> String {
        etag::of(&self.response.body.borrow()).as_str().to_owned()
    }

    /// Sets the `Etag` header. Without the quotes that a tag has, they are added. Tornado's
    /// `set_etag_header`.
    ///
    /// # Errors
    ///
    /// As of [`set_header`](Self::set_header).
    pub fn set_etag(&self, tag: &str) -> Result {
        if tag.ends_with('"') { self.set_header("Etag", tag) } else { self.set_header("Etag", format!("\"{tag}\"")) }
    }

    /// Whether the client has the entity whose `Etag` is set, so that 304 will do: the tags of
    /// `If-None-Match` are compared weakly. Tornado's `check_etag_header`.
    pub fn check_etag(&self) -> bool {
        let headers = self.response.headers.borrow();
        headers.get_bytes("Etag").is_some_and(|etag| self.client_has(etag))
    }

    /// Takes the stream from under HTTP, for another protocol: nothing more is sent here and `on_finish`
    /// does not run. HTTP/1.1 only. Tornado's `detach`.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Closed`] if the connection is gone or the exchange is over.
    pub fn detach(&self) -> Result<IoStream> {
        let stream = self.current_connection()?.detach()?;
        self.mark_finished();
        Ok(stream)
    }

    pub(super) fn mark_finished(&self) {
        self.response.stage.set(Stage::Finished);
        self.deferral.wake();
    }

    /// Sends a response of which nothing was flushed.
    fn send_whole(&self) -> Result {
        let response = &self.response;
        let mut headers = response.headers.borrow_mut();
        let mut body = response.body.borrow_mut();
        if self.application().live_reload {
            live_reload::inject(&self.request, response.status.get(), &mut headers, &mut body)?;
        }
        if response.status.get() == StatusCode::OK
            && self.is_get_or_head()
            && self.wants_etag()
            && !headers.contains("Etag")
        {
            let tag = etag::of(&body);
            headers.add("Etag", tag.as_bytes())?;
            if self.client_has(tag.as_bytes()) {
                body.clear();
                response.status.set(StatusCode::NOT_MODIFIED);
                *response.reason.borrow_mut() = None;
            }
        }
        let status = response.status.get();
        if has_no_content(status) {
            if !body.is_empty() {
                return Err(ResponseMisuse::BodyWithStatus(status).into());
            }
            for name in ["Content-Encoding", "Content-Language", "Content-Type"] {
                headers.remove(name);
            }
        } else if let Some(declared) = headers.get_bytes("Content-Length") {
            // An answer to HEAD may know the length of a body that it does not make.
            let fits = declared == body.len().to_string().as_bytes();
            if !fits && *self.request.method() != Method::HEAD {
                return Err(ResponseMisuse::ContentLength { written: body.len() }.into());
            }
        } else {
            headers.add("Content-Length", body.len())?;
        }
        response.cookies.borrow().add_to(&mut headers);
        if self.is_transformed() {
            drop((headers, body));
            return self.send_whole_transformed();
        }
        let reason = response.reason.borrow();
        let sent = self.connection().respond(status, reason_to_send(status, reason.as_deref()), &headers, &body);
        Ok(ignore_closed(sent)?)
    }

    /// Puts what was written in the connection's output, the first time with the head.
    fn write_out(&self) -> Result<(), ResponseError> {
        self.write_head_once()?;
        let body = self.response.body.borrow();
        if body.is_empty() { Ok(()) } else { self.connection().write(&body) }
    }

    /// Puts the head in the connection's output, unless it is there.
    pub(super) fn write_head_once(&self) -> Result<(), ResponseError> {
        let response = &self.response;
        if response.stage.get() != Stage::Open {
            return Ok(());
        }
        response.cookies.borrow().add_to(&mut response.headers.borrow_mut());
        let status = response.status.get();
        let reason = response.reason.borrow();
        let reason = reason_to_send(status, reason.as_deref());
        self.connection().write_head(status, reason, &response.headers.borrow())?;
        response.stage.set(Stage::HeadWritten);
        Ok(())
    }

    /// Whether responses are changed on their way out.
    #[inline]
    fn is_transformed(&self) -> bool {
        self.application().transforms
    }

    fn wants_etag(&self) -> bool {
        let own = self.response.automatic_etag.get().or(self.route().options.automatic_etag);
        own.unwrap_or_else(|| self.settings().automatic_etag())
    }

    fn client_has(&self, etag: &[u8]) -> bool {
        self.request.header_values("If-None-Match").any(|tags| etag_matches(tags, etag))
    }
}

/// A status that the connection knows no reason for has to be told one.
pub(super) fn reason_to_send(status: StatusCode, own: Option<&str>) -> Option<&str> {
    own.or_else(|| status.canonical_reason().is_none().then(|| standard_reason(status)))
}

/// Whether a response of this status has no body (RFC 9110, section 6.4.1).
pub(crate) fn has_no_content(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The client's leaving is no error of the handler's: what is written then goes nowhere.
pub(super) fn ignore_closed(sent: Result<(), ResponseError>) -> Result<(), ResponseError> {
    match sent {
        Err(ResponseError::Closed) => Ok(()),
        other => other,
    }
}
