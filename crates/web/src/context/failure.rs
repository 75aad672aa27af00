//! What happens to an error that comes out of a handler: it is logged, it becomes a status and a page.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use firewhirl_event::log_targets::{APP, GEN};
use firewhirl_event::{Error, Result, StreamError};
use firewhirl_http::{BodyError, ResponseError};
use http::StatusCode;
use tracing::{debug, error, warn};

use super::Context;
use super::finish::has_no_content;
use super::finish_later::Unfinished;
use crate::access_log;
use crate::error_page;
use crate::errors::{Finish, HttpError, IntoStatus, Status};
use crate::execute::CLIENT_CLOSED_REQUEST;
use crate::site::LocalFuture;
use crate::traffic;

impl Context {
    /// Answers with an error of this status: what was written and not flushed is discarded, the site's
    /// [`write_error`](crate::Site::write_error) writes the page, and the response is finished.
    ///
    /// After the head has been sent there is no error page any more: the connection ends, without the
    /// response's end, so that the client sees that it is not whole. (Tornado ends it as if it were.)
    ///
    /// # Errors
    ///
    /// What makes the end itself impossible.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave the response without its page and unfinished.
    pub async fn send_error(&self, status: impl IntoStatus) -> Result {
        let error = Error::from(HttpError::new(status));
        self.send_error_page(&error, None).await
    }

    /// Ends what a verb left: sends the response, or the page of its error. The common case is done at
    /// once; what has to wait is returned.
    #[inline]
    pub(crate) fn conclude(&self, result: Result) -> Conclusion<'_> {
        if result.is_ok() && !self.deferral.is_asked_for() && !self.is_finished() {
            match self.finish(()) {
                Ok(()) => self.run_on_finish(),
                Err(error) => return Conclusion(Some(Box::pin(self.settle(Err(error))))),
            }
            return Conclusion(None);
        }
        if result.is_ok() && self.is_finished() {
            self.run_on_finish();
            return Conclusion(None);
        }
        Conclusion(Some(Box::pin(self.settle(result))))
    }

    async fn settle(&self, result: Result) {
        let mut result = result;
        if result.is_ok() {
            result = self.deferral.settled(self).await;
        }
        if let Err(error) = result {
            self.answer_error(&error).await;
        }
        self.run_on_finish();
    }

    fn run_on_finish(&self) {
        for site in &self.route().sites {
            site.on_finish(self);
        }
    }

    /// Answers an error that came out of a handler. Tornado's `_handle_request_exception`.
    pub(crate) async fn answer_error(&self, error: &Error) {
        if let Some(finish) = error.downcast_ref::<Finish>() {
            return self.finish_early(finish);
        }
        if self.is_clients_leaving(error) {
            debug!(target: GEN, "{}: the client has left: {error}", self.request_summary());
            self.abort();
            return self.abandon(CLIENT_CLOSED_REQUEST);
        }
        self.log_exception(error);
        if self.is_finished() {
            return;
        }
        if let Err(problem) = self.send_error_page(error, Some(error)).await {
            error!(target: APP, "Exception in exception handler: {problem:?}");
            self.abort();
            self.abandon(500);
        }
    }

    fn finish_early(&self, finish: &Finish) {
        if self.is_finished() {
            return;
        }
        let set = finish.content_type.map_or(Ok(()), |content_type| self.set_header("Content-Type", content_type));
        if let Err(problem) = set.and_then(|()| self.finish(&finish.chunk)) {
            error!(target: APP, "Exception in exception handler: {problem:?}");
            self.abort();
            self.abandon(500);
        }
    }

    /// Has the connection end with what of the response was sent.
    fn abort(&self) {
        if let Ok(connection) = self.current_connection()
            && self.is_head_written()
            && !self.is_finished()
        {
            connection.abort();
        }
    }

    /// Ends a response that nobody completes: what of it was not sent stays unsent, and the access log
    /// shows `status`, unless another one was sent.
    pub(crate) fn abandon(&self, status: u16) {
        if self.is_finished() {
            return;
        }
        if !self.is_head_written() {
            self.set_status(status);
        }
        self.mark_finished();
        traffic::count(self);
        // It may be the application's own function, and a panic in it while another one unwinds would
        // end the process.
        if catch_unwind(AssertUnwindSafe(|| access_log::log(self))).is_err() {
            error!(target: APP, "{}: the log function panicked", self.request_summary());
        }
    }

    /// Whether the error only says that the client is gone.
    fn is_clients_leaving(&self, error: &Error) -> bool {
        if error.find::<BodyError>().is_some_and(|error| matches!(error, BodyError::Closed)) {
            return true;
        }
        // The same errors can come from a stream of the handler's own: to a database, say.
        self.connection().is_closed()
            && (error.is::<StreamError>()
                || error.downcast_ref::<ResponseError>().is_some_and(|error| matches!(error, ResponseError::Closed))
                || error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
    }

    /// Logs an error as the sites say, the innermost first.
    fn log_exception(&self, error: &Error) {
        if self.route().sites.iter().rev().any(|site| site.log_exception(self, error).is_some()) {
            return;
        }
        let summary = self.request_summary();
        if let Some(http_error) = error.downcast_ref::<HttpError>() {
            if let Some(message) = http_error.log_message() {
                warn!(target: GEN, "{} {summary}: {message}", http_error.status().as_u16());
            }
        } else if error.status() != StatusCode::INTERNAL_SERVER_ERROR {
            warn!(target: GEN, "{} {summary}: {error}", error.status().as_u16());
        } else if error.is::<Unfinished>() {
            error!(target: APP, "{error} {summary}, route {}", self.route().url);
        } else {
            error!(target: APP, "Uncaught exception {summary}\n{:?}\n{error:?}", self.request);
        }
    }

    /// Sends the page of an error; `thrown` is what a page with `serve_traceback` shows.
    async fn send_error_page(&self, error: &Error, thrown: Option<&Error>) -> Result {
        if self.is_head_written() {
            error!(target: GEN, "Cannot send error response after headers written");
            // Without its end the client sees that the response is not whole.
            self.abort();
            self.abandon(500);
            return Ok(());
        }
        if let Err(problem) = self.clear() {
            error!(target: APP, "Uncaught exception in default_headers: {problem:?}");
        }
        let status = error.status();
        match error.downcast_ref::<HttpError>().and_then(HttpError::reason_phrase) {
            Some(reason) => self.set_status_and_reason(status, reason),
            None => self.set_status(status),
        }
        if status == StatusCode::METHOD_NOT_ALLOWED
            && let Some(allow) = self.route().entry.allow()
        {
            self.set_header("Allow", allow)?;
        }
        if !has_no_content(status)
            && let Err(problem) = self.write_error(error, thrown).await
        {
            error!(target: APP, "Uncaught exception in write_error: {problem:?}");
        }
        if self.is_finished() { Ok(()) } else { self.finish(()) }
    }

    async fn write_error(&self, error: &Error, thrown: Option<&Error>) -> Result {
        for site in self.route().sites.iter().rev() {
            if let Some(page) = site.write_error(self, error) {
                return page.await;
            }
        }
        error_page::write(self, error, thrown)
    }
}

/// What is left to do after a verb; nothing, as a rule.
pub(crate) struct Conclusion<'exchange>(Option<LocalFuture<'exchange, ()>>);

impl<'exchange> IntoFuture for Conclusion<'exchange> {
    type Output = ();
    type IntoFuture = ConclusionFuture<'exchange>;

    fn into_future(self) -> ConclusionFuture<'exchange> {
        ConclusionFuture(self.0)
    }
}

pub(crate) struct ConclusionFuture<'exchange>(Option<LocalFuture<'exchange, ()>>);

impl Future for ConclusionFuture<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: std::pin::Pin<&mut Self>, task: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        match &mut self.0 {
            None => std::task::Poll::Ready(()),
            Some(rest) => rest.as_mut().poll(task),
        }
    }
}
