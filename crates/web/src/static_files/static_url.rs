//! URLs of static files, with their version.

use std::fmt;
use std::rc::Rc;

use firewhirl_event::Result;

use super::source::StaticSource;
use crate::context::Context;

/// Where an application has its static files.
#[derive(Clone)]
pub(crate) struct StaticUrls {
    /// Ends with a slash.
    prefix: Rc<str>,
    source: Rc<dyn Versions>,
}

/// The part of a source that URLs are made of.
trait Versions {
    /// What comes after the prefix.
    fn path(&self, cx: &Context, path: &str, include_version: bool) -> Result<String>;
}

impl<Source: StaticSource> Versions for Source {
    fn path(&self, cx: &Context, path: &str, include_version: bool) -> Result<String> {
        let version = if include_version { self.version(cx, path)? } else { None };
        Ok(self.versioned_path(path, version.as_deref()))
    }
}

impl StaticUrls {
    pub(crate) fn new<Source: StaticSource>(prefix: String, source: Rc<Source>) -> Self {
        Self { prefix: prefix.into(), source }
    }
}

impl fmt::Debug for StaticUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticUrls").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Context {
    /// The URL of a static file of the application's, with the version of its content, so that browsers keep it
    /// until there is another: `/static/site.css?v=1f40fc92..`. Without a version where there is no such file,
    /// which is logged.
    ///
    /// The version is the SHA-512 of the content, as in Tornado, and kept until the file changes. That of a file
    /// of more than 1 MiB is computed off the loop and there from the next page on.
    ///
    /// # Errors
    ///
    /// [`NoStaticFiles`] if the application has none, and an [`HttpError`](crate::HttpError) for a path that leads
    /// out of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::Application;
    ///
    /// let application = Application::new().static_files("/static", "static").get("/", async |cx| {
    ///     cx.write(format!("<link href='{}' rel='stylesheet'>", cx.static_url("site.css")?))
    /// });
    /// # assert!(application.check().is_ok());
    /// ```
    pub fn static_url(&self, path: &str) -> Result<String> {
        self.static_url_with(path, StaticUrlOptions::new())
    }

    /// The URL of a static file, made otherwise than usual; see [`static_url`](Self::static_url).
    ///
    /// # Errors
    ///
    /// As of [`static_url`](Self::static_url).
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::{Context, StaticUrlOptions};
    ///
    /// fn logo_for_a_mail(cx: &Context) -> Result<String> {
    ///     cx.static_url_with("logo.png", StaticUrlOptions::new().include_host(true))
    /// }
    /// ```
    pub fn static_url_with(&self, path: &str, options: StaticUrlOptions) -> Result<String> {
        let urls = self.settings().static_urls.as_ref().ok_or(NoStaticFiles)?;
        let path = urls.source.path(self, path, options.include_version)?;
        let host = match options.include_host {
            true => format!("{}://{}", self.request.protocol(), self.request.host()),
            false => String::new(),
        };
        Ok(format!("{host}{}{path}", urls.prefix))
    }
}

/// How the URL of a static file is made.
#[derive(Clone, Copy, Debug)]
pub struct StaticUrlOptions {
    include_host: bool,
    include_version: bool,
}

impl Default for StaticUrlOptions {
    fn default() -> Self {
        Self { include_host: false, include_version: true }
    }
}

impl StaticUrlOptions {
    /// As usual: a version, no host.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether protocol and host stand before it: for mails and feeds. Default: `false`.
    pub fn include_host(mut self, on: bool) -> Self {
        self.include_host = on;
        self
    }

    /// Whether it has the version of the content. Default: `true`.
    pub fn include_version(mut self, on: bool) -> Self {
        self.include_version = on;
        self
    }
}

/// The application has no static files, so that they have no URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoStaticFiles;

impl fmt::Display for NoStaticFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this application has no static files: give it some with `.static_files(\"/static\", \"static\")`")
    }
}

impl std::error::Error for NoStaticFiles {}
