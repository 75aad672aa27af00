//! What an application is set to against forged requests.

use crate::cookie::CookieOptions;
use crate::xsrf::XsrfVersion;

/// The settings that begin with `xsrf_`, and those of cross-origin protection.
#[derive(Clone, Debug)]
pub(crate) struct ForgerySettings {
    pub(crate) xsrf_cookies: bool,
    pub(crate) xsrf_cookie_name: String,
    pub(crate) xsrf_cookie_version: XsrfVersion,
    pub(crate) xsrf_cookie_options: CookieOptions,
    pub(crate) cross_origin_protection: bool,
    pub(crate) trusted_origins: Vec<String>,
}

impl Default for ForgerySettings {
    fn default() -> Self {
        Self {
            xsrf_cookies: false,
            xsrf_cookie_name: "_xsrf".to_owned(),
            xsrf_cookie_version: XsrfVersion::V2,
            xsrf_cookie_options: CookieOptions::new(),
            cross_origin_protection: true,
            trusted_origins: Vec::new(),
        }
    }
}
