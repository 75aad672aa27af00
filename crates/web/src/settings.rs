//! What an application is set to, beside its routes.

use std::rc::Rc;

use firewhirl_process::autoreload;

use crate::compression::Compression;
use crate::context::Context;
use crate::forgery_settings::ForgerySettings;
use crate::locale::Locales;
use crate::output_transform::TransformMakers;
use crate::signed_value::Secrets;
use crate::static_files::StaticUrls;

/// An application's settings; the methods of [`Application`](crate::Application) of the same names set
/// them.
#[derive(Clone, Default)]
pub struct Settings {
    pub(crate) debug: bool,
    pub(crate) autoreload: Option<bool>,
    pub(crate) compiled_template_cache: Option<bool>,
    pub(crate) static_hash_cache: Option<bool>,
    pub(crate) serve_traceback: Option<bool>,
    pub(crate) automatic_etag: Option<bool>,
    pub(crate) login_url: Option<String>,
    pub(crate) default_host: Option<String>,
    pub(crate) log_function: Option<LogFunction>,
    pub(crate) request_id_header: bool,
    pub(crate) compression: Option<Compression>,
    pub(crate) transforms: TransformMakers,
    pub(crate) locales: Locales,
    pub(crate) secrets: Option<Secrets>,
    pub(crate) forgery: ForgerySettings,
    pub(crate) static_urls: Option<StaticUrls>,
}

/// What is called at the end of each request in place of the access log.
type LogFunction = Rc<dyn Fn(&Context)>;

impl Settings {
    /// Whether the application is in debug mode. Default: `false`.
    pub fn debug(&self) -> bool {
        self.debug
    }

    /// Whether a change of the source restarts the program. Default: as [`debug`](Self::debug), and under
    /// `firewhirl dev` always.
    pub fn autoreload(&self) -> bool {
        self.autoreload.unwrap_or_else(|| self.debug || autoreload::is_run_by_runner())
    }

    /// Whether a template is read once. Default: unless [`debug`](Self::debug).
    pub fn compiled_template_cache(&self) -> bool {
        self.compiled_template_cache.unwrap_or(!self.debug)
    }

    /// Whether a static file's hash is computed once. Default: unless [`debug`](Self::debug).
    pub fn static_hash_cache(&self) -> bool {
        self.static_hash_cache.unwrap_or(!self.debug)
    }

    /// Whether an error's page tells the error. Default: as [`debug`](Self::debug).
    pub fn serve_traceback(&self) -> bool {
        self.serve_traceback.unwrap_or(self.debug)
    }

    /// Whether answers get an `Etag` of their body's hash. Default: `true`, as in Tornado.
    pub fn automatic_etag(&self) -> bool {
        self.automatic_etag.unwrap_or(true)
    }

    /// Whether answers name the request. Default: `false`.
    pub fn request_id_header(&self) -> bool {
        self.request_id_header
    }

    /// Whether responses are compressed. Default: `false`.
    pub fn compress_response(&self) -> bool {
        self.compression.is_some()
    }

    /// Where visitors log in, if no site says otherwise.
    pub fn login_url(&self) -> Option<&str> {
        self.login_url.as_deref()
    }

    /// The locales. Default: `en_US` alone.
    pub fn locales(&self) -> &Locales {
        &self.locales
    }

    /// What values are signed with, if it is set: the settings `cookie_secret` and `cookie_secrets`.
    pub fn cookie_secrets(&self) -> Option<&Secrets> {
        self.secrets.as_ref()
    }

    /// Whether requests that may change something need an XSRF token. Default: `false`, as in Tornado.
    pub fn xsrf_cookies(&self) -> bool {
        self.forgery.xsrf_cookies
    }

    /// Whether requests that may change something are refused where they come from other sites. Default: `true`.
    pub fn cross_origin_protection(&self) -> bool {
        self.forgery.cross_origin_protection
    }

    /// The host whose routes answer where the request's host has none.
    pub fn default_host(&self) -> Option<&str> {
        self.default_host.as_deref()
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("debug", &self.debug())
            .field("autoreload", &self.autoreload())
            .field("compiled_template_cache", &self.compiled_template_cache())
            .field("static_hash_cache", &self.static_hash_cache())
            .field("serve_traceback", &self.serve_traceback())
            .field("automatic_etag", &self.automatic_etag())
            .field("request_id_header", &self.request_id_header())
            .field("compression", &self.compression)
            .field("transforms", &self.transforms)
            .field("forgery", &self.forgery)
            .field("login_url", &self.login_url())
            .field("default_host", &self.default_host())
            .field("static_urls", &self.static_urls)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_four_settings_each_of_which_wins_alone() {
        let settings = Settings { debug: true, static_hash_cache: Some(true), ..Settings::default() };
        assert!(settings.autoreload() && settings.serve_traceback());
        assert!(!settings.compiled_template_cache());
        assert!(settings.static_hash_cache());
    }
}
