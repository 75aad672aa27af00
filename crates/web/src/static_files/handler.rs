//! The route that serves static files.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use firewhirl_event::Result;
use http::StatusCode;

use super::directory::Directory;
use super::embedded::Embedded;
use super::sending;
use super::source::{Found, StaticFile, StaticSource};
use crate::context::Context;
use crate::errors::HttpError;
use crate::handler::Handler;

/// Serves static files: GET and HEAD of what a [`StaticSource`] finds at the path's first parameter.
///
/// A file's answer says its type, its length, when it was changed and the hash of its content, and knows conditions,
/// one range or several, and `If-Range`. A URL with the file's current version in `v`, as
/// [`static_url`](Context::static_url) makes them, may be kept for ten years. What lies outside, and what is no file,
/// is 403, what is not there 404. Nothing of it holds up the loop. Tornado's `StaticFileHandler`.
///
/// [`Application::static_files`](crate::Application::static_files) adds one with all that belongs to it.
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, StaticFileHandler, regex};
///
/// let photos = StaticFileHandler::new("photos").default_filename("index.html");
/// let application = Application::new().route(regex(r"/photos/(.*)"), photos);
/// # assert!(application.check().is_ok());
/// ```
#[derive(Debug)]
pub struct StaticFileHandler<Source = Directory> {
    source: Rc<Source>,
    options: Rc<Options>,
}

impl<Source> Clone for StaticFileHandler<Source> {
    fn clone(&self) -> Self {
        Self { source: Rc::clone(&self.source), options: Rc::clone(&self.options) }
    }
}

#[derive(Clone, Default)]
struct Options {
    default_filename: Option<String>,
    extra_headers: Option<ExtraHeaders>,
}

type ExtraHeaders = Rc<dyn Fn(&Context, &str) -> Result>;

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("default_filename", &self.default_filename).finish_non_exhaustive()
    }
}

impl StaticFileHandler {
    /// Serves the files of a directory.
    pub fn new(root: impl AsRef<Path>) -> Self {
        Self::over(Directory::new(root))
    }
}

impl<Source: StaticSource> StaticFileHandler<Source> {
    /// Serves the files of a source.
    pub fn over(source: Source) -> Self {
        Self { source: Rc::new(source), options: Rc::default() }
    }

    /// The file of a directory that is served for the directory itself; its URL gets a slash at the end by a
    /// redirect. Default: none, a directory is 403.
    pub fn default_filename(mut self, name: impl Into<String>) -> Self {
        Rc::make_mut(&mut self.options).default_filename = Some(name.into());
        self
    }

    /// Sets headers of the answer; it is given the file's path, and runs last. Tornado's `set_extra_headers`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::StaticFileHandler;
    ///
    /// let files = StaticFileHandler::new("fonts")
    ///     .extra_headers(|cx, _path| cx.set_header("Access-Control-Allow-Origin", "*"));
    /// # let _ = files;
    /// ```
    pub fn extra_headers(mut self, set: impl Fn(&Context, &str) -> Result + 'static) -> Self {
        Rc::make_mut(&mut self.options).extra_headers = Some(Rc::new(set));
        self
    }

    pub(crate) fn source(&self) -> Rc<Source> {
        Rc::clone(&self.source)
    }

    async fn serve(&self, cx: &Context) -> Result {
        let mut path = cx.path_option::<String>(0)?.unwrap_or_default();
        let mut found = self.source.find(cx, &path).await?;
        if let (Found::Directory, Some(name)) = (&found, &self.options.default_filename) {
            if !cx.request.path().ends_with('/') {
                return redirect_into(cx);
            }
            let slash = if path.is_empty() || path.ends_with('/') { "" } else { "/" };
            path = format!("{path}{slash}{name}");
            found = self.source.find(cx, &path).await?;
        }
        match found {
            Found::File(file) => self.send(cx, &path, file).await,
            Found::Directory => {
                Err(HttpError::new(StatusCode::FORBIDDEN).message(format!("{path} is not a file")).into())
            }
        }
    }

    async fn send(&self, cx: &Context, path: &str, file: StaticFile) -> Result {
        sending::set_headers(cx, path, &file)?;
        if let Some(set) = &self.options.extra_headers {
            set(cx, path)?;
        }
        sending::send(cx, &file).await
    }
}

/// Sends the visitor to the directory's own URL. A path such as `//example.com` would be another site's.
fn redirect_into(cx: &Context) -> Result {
    let path = cx.request.path();
    let begins_a_host = |second: &u8| matches!(second, b'/' | b'\\');
    if path.as_bytes().get(1).is_some_and(begins_a_host) {
        return Err(HttpError::new(StatusCode::FORBIDDEN)
            .message("cannot redirect path with two initial slashes")
            .into());
    }
    cx.redirect_permanently(format!("{path}/"))
}

// No hint for somebody whose own type is no handler.
#[diagnostic::do_not_recommend]
impl<Source: StaticSource> Handler for StaticFileHandler<Source> {
    async fn get(&mut self, cx: &Context) -> Result {
        self.serve(cx).await
    }

    async fn head(&mut self, cx: &Context) -> Result {
        self.serve(cx).await
    }
}

/// What [`Application::static_files`](crate::Application::static_files) takes: a directory's path, a
/// [`Directory`], [`Embedded`] files, or a [`StaticFileHandler`] over any source.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say where static files are",
    label = "expected a directory's path, `Directory`, `Embedded` or a `StaticFileHandler`",
    note = "a source of your own is given as `StaticFileHandler::over(source)`"
)]
pub trait IntoStaticFiles {
    #[doc(hidden)]
    type Source: StaticSource;

    #[doc(hidden)]
    fn into_static_files(self) -> StaticFileHandler<Self::Source>;
}

impl<Source: StaticSource> IntoStaticFiles for StaticFileHandler<Source> {
    type Source = Source;

    fn into_static_files(self) -> Self {
        self
    }
}

macro_rules! into_static_files {
    ($($given:ty => $source:ty: $make:expr),* $(,)?) => {$(
        #[diagnostic::do_not_recommend]
        impl IntoStaticFiles for $given {
            type Source = $source;

            fn into_static_files(self) -> StaticFileHandler<$source> {
                StaticFileHandler::over($make(self))
            }
        }
    )*};
}

into_static_files! {
    &str => Directory: Directory::new,
    String => Directory: Directory::new,
    &Path => Directory: Directory::new,
    PathBuf => Directory: Directory::new,
    Directory => Directory: |directory| directory,
    Embedded => Embedded: |files| files,
}
