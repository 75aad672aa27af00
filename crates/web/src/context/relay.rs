//! A response that comes from elsewhere and passes through: what a proxy does in place of `write` and
//! `finish`.
//!
//! Its head and its body go straight to the connection; the context keeps what the log, the counters and the
//! site's `on_finish` ask it for.

use std::fmt;
use std::rc::Rc;

use firewhirl_http::{Headers, InvalidHeader, ResponseError};
use http::StatusCode;

use super::Context;
use super::response::Stage;
use crate::access_log;
use crate::traffic;

impl Context {
    /// The service behind to which a [`proxy`](crate::proxy()) has sent this request, as its target was
    /// written; `None` where no proxy has. For a log function of one's own and for `on_finish`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::{Application, proxy};
    ///
    /// let application = Application::new()
    ///     .fallback(proxy("http://127.0.0.1:8000"))
    ///     .log_function(|cx| println!("{} {:?}", cx.request.uri(), cx.upstream()));
    /// ```
    pub fn upstream(&self) -> Option<Rc<str>> {
        self.upstream.borrow().clone()
    }

    /// Notes to which service behind the request goes.
    pub(crate) fn set_upstream(&self, target: &Rc<str>) {
        *self.upstream.borrow_mut() = Some(Rc::clone(target));
    }

    /// Shows the headers that the site around the route, and the application, set for every response, with the
    /// cookies that were set for this one.
    pub(crate) fn with_own_headers(
        &self,
        show: impl FnOnce(&Headers) -> Result<(), InvalidHeader>,
    ) -> Result<(), InvalidHeader> {
        let cookies = self.response.cookies.borrow();
        if cookies.is_empty() {
            return show(&self.response.headers.borrow());
        }
        let mut headers = self.response.headers.borrow().clone();
        cookies.add_to(&mut headers);
        show(&headers)
    }

    /// Puts the head of a response that comes from elsewhere in the connection's output.
    pub(crate) fn send_head_of(
        &self,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
    ) -> Result<(), ResponseError> {
        self.connection().write_head(status, reason, headers)?;
        self.response.status.set(status);
        self.response.stage.set(Stage::HeadWritten);
        Ok(())
    }

    /// Counts and logs a response that is complete, or the switch to another protocol.
    pub(crate) fn mark_complete(&self) {
        self.mark_finished();
        traffic::count(self);
        access_log::log(self);
    }

    /// Ends the connection with what of the response was sent.
    pub(crate) fn break_off(&self) {
        self.connection().abort();
        if !self.is_finished() {
            self.mark_complete();
        }
    }
}

/// Displays the service behind in messages.
pub(crate) struct UpstreamOf<'request>(pub(crate) &'request Context);

impl fmt::Display for UpstreamOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upstream {}", self.0.upstream().as_deref().unwrap_or("none"))
    }
}
