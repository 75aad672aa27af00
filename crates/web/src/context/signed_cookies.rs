//! Cookies that a browser keeps and cannot change.

use std::time::SystemTime;

use firewhirl_event::Result;

use super::Context;
use crate::cookie::CookieOptions;
use crate::signed_value::{Secrets, SignedValueChecks, SignedValueError, signature_key_version};

/// How long a signed cookie stays in the browser, in days.
const EXPIRES_DAYS: f64 = 30.0;

impl Context {
    /// The value of a signed cookie; `None` where there is none, where it is older than 31 days, and where it was
    /// not signed here. Tornado's `get_signed_cookie`.
    ///
    /// # Errors
    ///
    /// [`SignedValueError::NoSecret`], a 500, without the setting
    /// [`cookie_secret`](crate::Application::cookie_secret).
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::Context;
    ///
    /// async fn count(cx: &Context) -> Result {
    ///     let seen = cx.signed_cookie("visits")?.and_then(|value| String::from_utf8(value).ok());
    ///     let visits = seen.and_then(|visits| visits.parse().ok()).unwrap_or(0) + 1;
    ///     cx.set_signed_cookie("visits", visits.to_string())?;
    ///     cx.write(format!("visit {visits}"))
    /// }
    /// ```
    pub fn signed_cookie(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.signed_cookie_with(name, &SignedValueChecks::at(SystemTime::now()))
    }

    /// As [`signed_cookie`](Self::signed_cookie), saying how old it may be and of which version.
    ///
    /// # Errors
    ///
    /// As of `signed_cookie`.
    pub fn signed_cookie_with(&self, name: &str, checks: &SignedValueChecks) -> Result<Option<Vec<u8>>> {
        let secrets = self.secrets()?;
        Ok(self.cookie(name).and_then(|signed| secrets.decode_signed_value(name, signed, checks)))
    }

    /// The version of the key that a signed cookie says it was signed with, unchecked. Tornado's
    /// `get_signed_cookie_key_version`.
    pub fn signed_cookie_key_version(&self, name: &str) -> Option<u64> {
        signature_key_version(self.cookie(name)?)
    }

    /// Sets a cookie that the browser cannot change, for 30 days. Its value may be any bytes; it can be read by
    /// whoever has it. Tornado's `set_signed_cookie`.
    ///
    /// # Errors
    ///
    /// As of [`set_cookie`](Self::set_cookie), and [`SignedValueError`] where it cannot be signed.
    pub fn set_signed_cookie(&self, name: &str, value: impl AsRef<[u8]>) -> Result {
        self.set_signed_cookie_with(name, value, &CookieOptions::new())
    }

    /// As [`set_signed_cookie`](Self::set_signed_cookie), with options. Unless they say otherwise the browser keeps
    /// it for 30 days; `expires_days(None)` is until it is closed.
    ///
    /// # Errors
    ///
    /// As of `set_signed_cookie`.
    pub fn set_signed_cookie_with(&self, name: &str, value: impl AsRef<[u8]>, options: &CookieOptions) -> Result {
        let signed = self.create_signed_value(name, value)?;
        self.set_cookie_with(name, &signed, &options.or_expires_days(EXPIRES_DAYS))
    }

    /// Signs a value with the application's secret, for elsewhere than in a cookie.
    ///
    /// # Errors
    ///
    /// [`SignedValueError`] where it cannot be signed.
    pub fn create_signed_value(&self, name: &str, value: impl AsRef<[u8]>) -> Result<String> {
        Ok(self.secrets()?.create_signed_value(name, value, SystemTime::now())?)
    }

    /// The value that [`create_signed_value`](Self::create_signed_value) has signed under this name within the last
    /// 31 days; `None` for anything else.
    ///
    /// # Errors
    ///
    /// [`SignedValueError::NoSecret`], a 500.
    pub fn decode_signed_value(&self, name: &str, signed: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        Ok(self.secrets()?.decode_signed_value(name, signed, &SignedValueChecks::at(SystemTime::now())))
    }

    fn secrets(&self) -> Result<&Secrets, SignedValueError> {
        self.settings().cookie_secrets().ok_or(SignedValueError::NoSecret)
    }
}
