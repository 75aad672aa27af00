//! Requests that another site has a visitor's browser send: what protects from them.
//!
//! Two protections, either of which can be on. By where a request comes from, as its browser says; and by a token
//! that the site's own pages have, in a form or a header, beside the cookie that every request carries.

use std::time::{SystemTime, UNIX_EPOCH};

use firewhirl_escape::xhtml_escape;
use firewhirl_event::log_targets::GEN;
use firewhirl_event::{Error, Result};
use http::{Method, StatusCode};
use tracing::debug;

use super::Context;
use crate::cross_origin::Provenance;
use crate::errors::HttpError;
use crate::signed_value::is_same;
use crate::xsrf::XsrfToken;

/// Bytes of a token.
const TOKEN: usize = 16;

/// How long the cookie of somebody who is logged in stays in the browser, in days.
const EXPIRES_DAYS: f64 = 30.0;

/// The token of a request: the cookie's, or a new one.
struct Raw {
    token: XsrfToken,
    is_new: bool,
}

/// The token as this response has it: in all places the same.
struct Written(String);

impl Context {
    /// The token that a request which changes something has to have, for a page's scripts and forms; the first time
    /// in a response the browser gets it as a cookie, unless it has one. Tornado's `xsrf_token`.
    ///
    /// It differs from response to response, and each of them is good for the same visitor. Scripts send it back in
    /// the header `X-XSRFToken`. The cookie ends with the browser's session; where the visitor
    /// is known to be logged in, because he was asked for before, it stays for 30 days.
    ///
    /// # Errors
    ///
    /// As of [`set_cookie`](Self::set_cookie), when the browser has none yet and the head has been sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::Context;
    ///
    /// async fn token(cx: &Context) -> Result {
    ///     cx.write(cx.xsrf_token()?)
    /// }
    /// ```
    pub fn xsrf_token(&self) -> Result<String> {
        if let Some(written) = self.local::<Written>() {
            return Ok(written.0.clone());
        }
        let raw = self.raw_xsrf_token()?;
        let settings = &self.settings().forgery;
        let written = raw.token.encode(settings.xsrf_cookie_version, random()?);
        if raw.is_new {
            let options = match self.is_known_to_be_logged_in() {
                true => settings.xsrf_cookie_options.or_expires_days(EXPIRES_DAYS),
                false => settings.xsrf_cookie_options.clone(),
            };
            self.set_cookie_with(&settings.xsrf_cookie_name, &written, &options)?;
        }
        self.set_local(Written(written.clone()));
        Ok(written)
    }

    /// A hidden field of a form with the [token](Self::xsrf_token) in it.
    ///
    /// # Errors
    ///
    /// As of `xsrf_token`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::Context;
    ///
    /// async fn form(cx: &Context) -> Result {
    ///     let field = cx.xsrf_form_html()?;
    ///     cx.write(format!(r#"<form method="post">{field}<button>Delete</button></form>"#))
    /// }
    /// ```
    pub fn xsrf_form_html(&self) -> Result<String> {
        let token = self.xsrf_token()?;
        Ok(format!(r#"<input type="hidden" name="_xsrf" value="{}"/>"#, xhtml_escape(&token)))
    }

    /// Whether the request has the token that its cookie has: as the argument `_xsrf`, of the query or of a form, or
    /// in the header `X-XSRFToken` or `X-CSRFToken`. With
    /// [`xsrf_cookies`](crate::Application::xsrf_cookies) it is asked before `prepare`.
    ///
    /// # Errors
    ///
    /// [`HttpError`] 403 where it has not.
    pub fn check_xsrf_cookie(&self) -> Result {
        let refused = |message: &str| HttpError::new(StatusCode::FORBIDDEN).message(message).into();
        let argument = self.argument_or("_xsrf", "")?;
        let headers = || ["X-XSRFToken", "X-CSRFToken"].into_iter().find_map(|name| self.request.header(name));
        let input = Some(&argument[..]).filter(|argument| !argument.is_empty()).or_else(headers);
        let Some(input) = input.filter(|input| !input.is_empty()) else {
            return Err(refused("'_xsrf' argument missing from POST"));
        };
        let Some(token) = self.decode_xsrf_token(input).filter(|token| !token.bytes.is_empty()) else {
            return Err(refused("'_xsrf' argument has invalid format"));
        };
        if !is_same(&token.bytes, &self.raw_xsrf_token()?.token.bytes) {
            return Err(refused("XSRF cookie does not match POST argument"));
        }
        Ok(())
    }

    /// Asks of a request that may change something what the settings, the sites and the route want.
    pub(crate) fn check_forgery(&self) -> Result {
        if matches!(*self.request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        let (settings, route) = (&self.settings().forgery, self.route());
        if route.options.xsrf_cookies.unwrap_or(settings.xsrf_cookies) {
            let of_site = route.sites.iter().rev().find_map(|site| site.check_xsrf_cookie(self));
            of_site.unwrap_or_else(|| self.check_xsrf_cookie())?;
        }
        if route.options.cross_origin_protection.unwrap_or(settings.cross_origin_protection) {
            self.check_cross_origin()?;
        }
        Ok(())
    }

    fn check_cross_origin(&self) -> Result {
        let [site, origin] = ["Sec-Fetch-Site", "Origin"].map(|name| {
            let values: Vec<&[u8]> = self.request.header_values(name).collect();
            // Two values are neither of them.
            (!values.is_empty()).then(|| String::from_utf8_lossy(&values.join(&b',')).into_owned())
        });
        let host = self.request.host();
        let provenance = Provenance { sec_fetch_site: site.as_deref(), origin: origin.as_deref(), host };
        let checked = provenance.check(|origin| {
            let of_site = self.route().sites.iter().rev().find_map(|site| site.check_trusted_origin(self, origin));
            of_site.unwrap_or_else(|| self.settings().forgery.trusted_origins.iter().any(|trusted| trusted == origin))
        });
        Ok(checked.map_err(|refusal| HttpError::new(StatusCode::FORBIDDEN).message(refusal.to_string()))?)
    }

    /// The cookie's token, or a new one, in a request always the same.
    fn raw_xsrf_token(&self) -> Result<std::rc::Rc<Raw>> {
        if let Some(raw) = self.local::<Raw>() {
            return Ok(raw);
        }
        let cookie = self.cookie(&self.settings().forgery.xsrf_cookie_name).filter(|cookie| !cookie.is_empty());
        let raw = match cookie.and_then(|cookie| self.decode_xsrf_token(cookie)) {
            Some(token) => Raw { token, is_new: false },
            None => {
                let bytes = random::<TOKEN>()?.to_vec();
                Raw { token: XsrfToken { bytes, timestamp: now() }, is_new: true }
            }
        };
        self.set_local(raw);
        self.local::<Raw>().ok_or_else(|| Error::message("a value that a request keeps was taken away"))
    }

    fn decode_xsrf_token(&self, text: &str) -> Option<XsrfToken> {
        let token = XsrfToken::decode(text, now());
        if token.is_none() {
            debug!(target: GEN, "{}: an XSRF token that is none", self.request_summary());
        }
        token
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Bytes that nobody can guess.
fn random<const COUNT: usize>() -> Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
