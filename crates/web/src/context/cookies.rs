//! The cookies that the request brought, and those that the response sets.

use std::cell::OnceCell;
use std::time::SystemTime;

use firewhirl_event::Result;
use firewhirl_http::Headers;
use firewhirl_http::httputil::request_cookies;

use super::Context;
use crate::cookie::{CookieOptions, set_cookie};

/// The request's cookies with their names, once somebody has asked for one.
pub(super) type CookieCache = OnceCell<Vec<(String, String)>>;

/// The cookies that a response sets: names, and fields as they will be sent.
#[derive(Default)]
pub(super) struct NewCookies {
    fields: Vec<(String, String)>,
}

impl NewCookies {
    /// Puts a cookie at the end, in place of one of the same name.
    fn set(&mut self, name: &str, field: String) {
        self.fields.retain(|(own, _)| own != name);
        self.fields.push((name.to_owned(), field));
    }

    pub(super) fn add_to(&self, headers: &mut Headers) {
        for (_, field) in &self.fields {
            // It was one when it was set.
            let _: std::result::Result<(), _> = headers.add("Set-Cookie", field.as_str());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.fields.clear();
    }
}

impl Context {
    /// The value of a cookie of the request; cookies that the response sets are not seen here. Tornado's
    /// `get_cookie`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::Context;
    ///
    /// async fn page(cx: &Context) -> Result {
    ///     cx.write(format!("the theme is {}", cx.cookie("theme").unwrap_or("light")))
    /// }
    /// ```
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// All cookies of the request, names and values. Tornado's `cookies`.
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let cookies = self.cookies.get_or_init(|| {
            // Of several fields, which a client should not send, all count.
            let fields: Vec<&[u8]> = self.request.header_values("Cookie").collect();
            let header = fields.join(&b"; "[..]);
            let owned = |(name, value): (&str, std::borrow::Cow<'_, str>)| (name.to_owned(), value.into_owned());
            // Another program's cookie that is no UTF-8 is no reason to lose all others.
            request_cookies(&String::from_utf8_lossy(&header)).into_iter().map(owned).collect()
        });
        cookies.iter().map(|(name, value)| (&name[..], &value[..]))
    }

    /// Sets a cookie for all paths of this host, until the browser is closed; with more to say,
    /// [`set_cookie_with`](Self::set_cookie_with).
    ///
    /// It is sent with the head of the response, also where that becomes an error page. One of the same name that
    /// was set before is replaced.
    ///
    /// # Errors
    ///
    /// [`CookieError`](crate::CookieError) for what cannot be a cookie, and
    /// [`ResponseMisuse::HeadWritten`](crate::ResponseMisuse) after the head has been sent.
    pub fn set_cookie(&self, name: &str, value: &str) -> Result {
        self.set_cookie_with(name, value, &CookieOptions::new())
    }

    /// As [`set_cookie`](Self::set_cookie), saying where and for how long it holds.
    ///
    /// # Errors
    ///
    /// As of `set_cookie`.
    pub fn set_cookie_with(&self, name: &str, value: &str, options: &CookieOptions) -> Result {
        self.check_open()?;
        let field = set_cookie(name, value, options, SystemTime::now())?;
        // What a header may not have, neither may a cookie.
        Headers::new().add("Set-Cookie", field.as_str())?;
        self.response.cookies.borrow_mut().set(name, field);
        Ok(())
    }

    /// Has the browser forget a cookie that was set for all paths of this host.
    ///
    /// # Errors
    ///
    /// As of [`set_cookie`](Self::set_cookie).
    pub fn clear_cookie(&self, name: &str) -> Result {
        self.clear_cookie_with(name, &CookieOptions::new())
    }

    /// Has the browser forget a cookie that was set with these options: domain and path have to be the same, with
    /// some browsers `secure` and `samesite` too.
    ///
    /// # Errors
    ///
    /// As of [`set_cookie`](Self::set_cookie).
    pub fn clear_cookie_with(&self, name: &str, options: &CookieOptions) -> Result {
        self.set_cookie_with(name, "", &options.cleared(SystemTime::now()))
    }

    /// Has the browser forget all cookies that it has sent and that were set with these options. Nothing tells with
    /// which options they were, so clearing one at a time is surer.
    ///
    /// # Errors
    ///
    /// As of [`set_cookie`](Self::set_cookie).
    pub fn clear_all_cookies(&self, options: &CookieOptions) -> Result {
        self.cookies().try_for_each(|(name, _)| self.clear_cookie_with(name, options))
    }
}
