//! Where static files come from, and what is known of one.

use std::borrow::Cow;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use firewhirl_event::{IoLoop, Result};
use http::StatusCode;

use crate::context::Context;
use crate::errors::HttpError;

/// Where static files come from: a [`Directory`](super::Directory), files
/// [in the program](super::Embedded), or one of your own, such as a database's. The hooks of Tornado's
/// `StaticFileHandler` that its subclasses override, without those that the handler itself answers.
///
/// # Examples
///
/// Badges, made as they are asked for:
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_web::{Application, Context, Found, StaticFile, StaticFileHandler, StaticSource, url};
///
/// struct Badges;
///
/// impl StaticSource for Badges {
///     async fn find(&self, _cx: &Context, path: &str) -> Result<Found> {
///         let svg = format!("<svg xmlns='http://www.w3.org/2000/svg'><title>{}</title></svg>", path.len());
///         Ok(StaticFile::of_bytes(svg).content_type("image/svg+xml").into())
///     }
/// }
///
/// let application = Application::new().route("/badges/{*path}", StaticFileHandler::over(Badges));
/// # assert!(application.check().is_ok());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no source of static files",
    label = "`StaticSource` is not implemented for this",
    note = "for files on the disk give their directory, as `StaticFileHandler::new(\"static\")`"
)]
pub trait StaticSource: 'static {
    /// Finds what a path names: the part of the URL after the prefix, percent-decoded, that anybody may
    /// have written.
    ///
    /// # Errors
    ///
    /// An [`HttpError`] for what there is not (404) or may not be read (403).
    fn find(&self, cx: &Context, path: &str) -> impl Future<Output = Result<Found>>;

    /// What tells this content of a file from any other, for
    /// [`static_url`](crate::Context::static_url); `None` if that is not known, or not yet. It is called on
    /// the loop, in the middle of a template: it may not wait. Default: `None`. Tornado's `get_version`.
    ///
    /// # Errors
    ///
    /// An [`HttpError`] for a path that no file may have.
    fn version(&self, cx: &Context, path: &str) -> Result<Option<String>> {
        let _ = (cx, path);
        Ok(None)
    }

    /// The path, after the prefix, of a file's URL. Default: its own, with `?v=` and the version, as
    /// the long expiry of such URLs and nginx's configurations expect it. Tornado's `make_static_url`.
    fn versioned_path(&self, path: &str, version: Option<&str>) -> String {
        let path = firewhirl_escape::url_escape(path, firewhirl_escape::UrlPart::Path);
        version.map_or_else(|| path.to_string(), |version| format!("{path}?v={version}"))
    }

    /// Whether there is such a file. It is asked once, while the routes are made, for `favicon.ico` and
    /// `robots.txt`, whose URLs have no prefix. Default: no.
    fn has(&self, path: &str) -> bool {
        let _ = path;
        false
    }
}

/// What a path names.
#[derive(Debug)]
pub enum Found {
    /// A file.
    File(
        /// What is known of it.
        StaticFile,
    ),
    /// A directory, in which the handler's
    /// [`default_filename`](super::StaticFileHandler::default_filename) is looked for.
    Directory,
}

impl From<StaticFile> for Found {
    fn from(file: StaticFile) -> Self {
        Self::File(file)
    }
}

/// A file that was found: its content, and what clients are told of it.
#[derive(Debug)]
pub struct StaticFile {
    pub(super) content: Content,
    pub(super) length: u64,
    pub(super) etag: Option<String>,
    pub(super) modified: Option<SystemTime>,
    pub(super) version: Option<String>,
    pub(super) content_type: Option<Cow<'static, str>>,
    pub(super) content_encoding: Option<&'static str>,
    pub(super) varies: bool,
}

impl StaticFile {
    /// A file that is in memory.
    pub fn of_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::new(bytes.len() as u64, Content::Bytes(bytes))
    }

    /// A file of `length` bytes, which are read range by range as they are sent: `read` gives the bytes
    /// of a range, and an error ends the connection, so that nobody takes a part for the whole.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::StaticFile;
    ///
    /// async fn rows(range: std::ops::Range<u64>) -> Result<bytes::Bytes> {
    ///     Ok(vec![b'x'; (range.end - range.start) as usize].into())
    /// }
    ///
    /// let file = StaticFile::of_reader(1_000_000, rows).content_type("text/plain");
    /// # let _ = file;
    /// ```
    pub fn of_reader<Reading: Future<Output = Result<Bytes>> + 'static>(
        length: u64,
        read: impl Fn(Range<u64>) -> Reading + 'static,
    ) -> Self {
        Self::new(length, Content::Reader(Reader(Rc::new(move |range| Box::pin(read(range))))))
    }

    pub(super) fn new(length: u64, content: Content) -> Self {
        Self {
            content,
            length,
            etag: None,
            modified: None,
            version: None,
            content_type: None,
            content_encoding: None,
            varies: false,
        }
    }

    /// The type. Default: by the path's ending. Tornado's `get_content_type`.
    pub fn content_type(mut self, content_type: impl Into<Cow<'static, str>>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// The entity tag, without its quotes: another one for every other content. Default: none. Tornado's
    /// `compute_etag`.
    pub fn etag(mut self, tag: impl Into<String>) -> Self {
        self.etag = Some(tag.into());
        self
    }

    /// When it was last changed. Default: not known. Tornado's `get_modified_time`.
    pub fn modified(mut self, time: SystemTime) -> Self {
        self.modified = Some(time);
        self
    }

    /// What [`StaticSource::version`] says of this content: a request that names it in `v` may keep the answer
    /// for years.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }
}

/// What a file's bytes are read from.
#[derive(Debug)]
pub(super) enum Content {
    Bytes(Bytes),
    File(Arc<File>),
    Reader(Reader),
}

type Reading = Pin<Box<dyn Future<Output = Result<Bytes>>>>;

pub(super) struct Reader(Rc<dyn Fn(Range<u64>) -> Reading>);

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

impl Content {
    /// The bytes of a range, all of them.
    pub(super) async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let wanted = range.end - range.start;
        let bytes = match self {
            Self::Bytes(bytes) => slice(bytes, range),
            Self::Reader(reader) => (reader.0)(range).await?,
            Self::File(file) => {
                let file = Arc::clone(file);
                IoLoop::current().run_in_executor(move || read_at(&file, range)).await??
            }
        };
        match bytes.len() as u64 == wanted {
            true => Ok(bytes),
            false => Err(HttpError::new(StatusCode::INTERNAL_SERVER_ERROR)
                .message("a static file has become shorter while it was sent")
                .into()),
        }
    }
}

fn slice(bytes: &Bytes, range: Range<u64>) -> Bytes {
    let clamp = |end: u64| usize::try_from(end).map_or(bytes.len(), |end| end.min(bytes.len()));
    bytes.slice(clamp(range.start)..clamp(range.end))
}

/// What a file has of a range.
pub(super) fn read_at(file: &File, range: Range<u64>) -> std::io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap_or(usize::MAX)];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], range.start + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes.into())
}
