//! Files of a directory on the disk, read off the loop.
//!
//! Whatever a path says, what is read lies in the directory: the path is first judged by its letters, so that
//! `..` does not even ask the disk, and then by where it leads once all links are followed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use firewhirl_event::{Error, IoLoop, Result, log_targets};
use firewhirl_http::content_coding::{AcceptEncoding, ContentCoding};
use http::StatusCode;
use tracing::error;

use super::digests::{self, Stamp};
use super::source::{Content, Found, StaticFile, StaticSource, read_at};
use crate::context::Context;
use crate::errors::HttpError;

/// Files up to this size are read when they are opened, so that the loop waits once for them.
const READ_AT_ONCE: u64 = 64 * 1024;

/// Files up to this size are hashed on the loop where a template asks for their version.
const HASHED_AT_ONCE: u64 = 1024 * 1024;

/// The files of a directory. Paths are relative to where the program was started.
///
/// Only what lies in it is served: a path that leads out, also by a link, is answered 403, unless it leads to an
/// [`allowed_symlink_directory`](Self::allowed_symlink_directory).
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, Directory, StaticFileHandler};
///
/// let files = Directory::new("static").precompressed(true);
/// let application = Application::new().static_files("/static", StaticFileHandler::over(files));
/// # assert!(application.check().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Directory {
    inner: Arc<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    root: PathBuf,
    allowed: Vec<PathBuf>,
    precompressed: Vec<ContentCoding>,
}

impl Directory {
    /// The directory at `root`. It need not be there yet.
    pub fn new(root: impl AsRef<Path>) -> Self {
        let root = root.as_ref();
        // As the process sees it now: it may change its folder later.
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        Self { inner: Arc::new(Inner { root, allowed: Vec::new(), precompressed: Vec::new() }) }
    }

    /// A further directory that links may lead to; it can be said several times.
    pub fn allowed_symlink_directory(mut self, directory: impl AsRef<Path>) -> Self {
        let directory = directory.as_ref();
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        Arc::make_mut(&mut self.inner).allowed.push(directory);
        self
    }

    /// Whether `site.css.zst`, `site.css.br` or `site.css.gz`, if it is there and the client takes it, is sent
    /// for `site.css`. Default: `false`.
    ///
    /// They are whole representations: ranges and tags are theirs, and nothing is compressed on the way.
    pub fn precompressed(mut self, on: bool) -> Self {
        let codings = [ContentCoding::Zstd, ContentCoding::Brotli, ContentCoding::Gzip];
        Arc::make_mut(&mut self.inner).precompressed = if on { codings.to_vec() } else { Vec::new() };
        self
    }
}

impl StaticSource for Directory {
    async fn find(&self, cx: &Context, path: &str) -> Result<Found> {
        let offered = &self.inner.precompressed;
        let accepted: Vec<ContentCoding> = match offered.is_empty() {
            true => Vec::new(),
            false => {
                let accepted = AcceptEncoding::parse(cx.request.header_values("Accept-Encoding"));
                let first = accepted.preferred(offered);
                let others = offered.iter().copied().filter(|&other| Some(other) != first && accepted.accepts(other));
                first.into_iter().chain(others).collect()
            }
        };
        let hashes_are_kept = cx.settings().static_hash_cache();
        let (inner, path) = (Arc::clone(&self.inner), path.to_owned());
        let found = IoLoop::current().run_in_executor(move || inner.find(&path, &accepted, hashes_are_kept)).await??;
        let Some(opened) = found else { return Ok(Found::Directory) };
        let varies = !offered.is_empty();
        Ok(opened.into_static_file(varies).into())
    }

    fn version(&self, cx: &Context, path: &str) -> Result<Option<String>> {
        self.inner.version(path, cx.settings().static_hash_cache())
    }

    fn has(&self, path: &str) -> bool {
        self.inner.locate(path).is_ok_and(|path| path.is_file())
    }
}

/// A file, opened: what crosses from the executor to the loop.
struct Opened {
    file: File,
    length: u64,
    modified: Option<SystemTime>,
    /// All of it, where it is short.
    content: Option<Bytes>,
    hash: Option<Arc<str>>,
    tag: String,
    coding: Option<ContentCoding>,
}

impl Opened {
    fn into_static_file(self, varies: bool) -> StaticFile {
        let content = self.content.map_or_else(|| Content::File(Arc::new(self.file)), Content::Bytes);
        let mut file = StaticFile::new(self.length, content);
        file.etag = Some(self.hash.as_deref().map_or(self.tag, str::to_owned));
        // Of a compressed one it would be another than that of the URL.
        file.version = self.hash.filter(|_| self.coding.is_none()).as_deref().map(str::to_owned);
        file.modified = self.modified;
        file.content_encoding = self.coding.map(ContentCoding::token);
        file.varies = varies;
        file
    }
}

impl Inner {
    /// Opens what a path names; `None` is a directory.
    fn find(&self, path: &str, codings: &[ContentCoding], hashes_are_kept: bool) -> Result<Option<Opened>> {
        let real = self.locate(path)?;
        let found = fs::metadata(&real).map_err(|error| missing(path, error))?;
        if found.is_dir() {
            return Ok(None);
        }
        for &coding in codings {
            let sibling = format!("{path}.{}", ending(coding));
            if let Ok(real) = self.locate(&sibling)
                && let Ok(mut opened) = open(&sibling, &real, hashes_are_kept)
            {
                opened.coding = Some(coding);
                return Ok(Some(opened));
            }
        }
        open(path, &real, hashes_are_kept).map(Some)
    }

    /// Where a path leads, all links followed.
    fn locate(&self, path: &str) -> Result<PathBuf> {
        let joined = join(&self.root, path).ok_or_else(|| outside(path))?;
        let found = fs::canonicalize(&joined);
        // What is missing elsewhere is refused like what is there, which tells nobody the difference.
        let is_allowed = match &found {
            Ok(real) => self.allows(real),
            Err(_) => resolve(&joined).is_none_or(|real| self.allows(&real)),
        };
        if is_allowed { found.map_err(|error| missing(path, error)) } else { Err(outside(path)) }
    }

    /// Whether a real path is in the directory, or in one that links may lead to.
    fn allows(&self, real: &Path) -> bool {
        // Looked up each time: what a deploy replaces is often the link to the directory itself.
        let roots = [&self.root].into_iter().chain(&self.allowed);
        roots.filter_map(|root| fs::canonicalize(root).ok()).any(|root| real.starts_with(root))
    }

    fn version(&self, path: &str, hashes_are_kept: bool) -> Result<Option<String>> {
        let hashed = match self.locate(path) {
            Ok(real) => hash_at_once(real, hashes_are_kept).map_err(Error::from),
            Err(error) if status_of(&error) == Some(StatusCode::FORBIDDEN) => return Err(error),
            Err(error) => Err(error),
        };
        // Tornado's words. The page is worth more than the version.
        let hash = hashed.unwrap_or_else(|error| {
            error!(target: log_targets::GEN, "Could not open static file {path:?}: {error}");
            None
        });
        Ok(hash.map(|hash| hash.to_string()))
    }
}

/// The hash of a file, unless that would take so long that the loop were held up: then it is computed off the loop,
/// and known later.
fn hash_at_once(real: PathBuf, hashes_are_kept: bool) -> io::Result<Option<Arc<str>>> {
    let Some((file, stamp)) = open_regular(&real)? else { return Ok(None) };
    if !hashes_are_kept {
        digests::forget(&real);
    }
    if let Some(hash) = digests::known(&real, stamp) {
        return Ok(Some(hash));
    }
    match file.metadata()?.len() {
        0..=HASHED_AT_ONCE => digests::compute(&real, &file, stamp),
        size => {
            if size <= digests::HASHED_MAX {
                let hashing = IoLoop::current().run_in_executor(move || digests::compute(&real, &file, stamp));
                IoLoop::current().spawn_callback(async move { drop(hashing.await) });
            }
            Ok(None)
        }
    }
}

fn open(path: &str, real: &Path, hashes_are_kept: bool) -> Result<Opened> {
    let opened = open_regular(real).map_err(|error| missing(path, error))?;
    let Some((file, stamp)) = opened else {
        return Err(HttpError::new(StatusCode::FORBIDDEN).message(format!("{path} is not a file")).into());
    };
    let found = file.metadata()?;
    let length = found.len();
    if !hashes_are_kept {
        digests::forget(real);
    }
    let hash = match digests::known(real, stamp) {
        Some(hash) => Some(hash),
        None => digests::compute(real, &file, stamp)?,
    };
    let content = if length <= READ_AT_ONCE { Some(read_at(&file, 0..length)?) } else { None };
    let modified = found.modified().ok().map(whole_seconds);
    Ok(Opened { file, length, modified, content, hash, tag: stamp.tag(), coding: None })
}

/// Opens a file and says what it looks like; `None` if it is none.
fn open_regular(real: &Path) -> io::Result<Option<(File, Stamp)>> {
    // Opening some things that are no files, such as pipes, waits for somebody else.
    if !fs::metadata(real)?.is_file() {
        return Ok(None);
    }
    let file = File::open(real)?;
    let found = file.metadata()?;
    Ok(found.is_file().then(|| (file, Stamp::of(&found))))
}

/// Joins a path of a URL to a directory, by its letters alone; `None` if it leads out.
fn join(root: &Path, path: &str) -> Option<PathBuf> {
    let mut joined = root.to_owned();
    let mut depth = 0_usize;
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => {
                joined.push(name);
                depth += 1;
            }
            Component::ParentDir => {
                depth = depth.checked_sub(1)?;
                joined.pop();
            }
            // An absolute path.
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(joined)
}

/// Links on the way to a file, at most: beyond are only circles of them.
const LINKS_MAX: usize = 40;

/// Where a path leads that leads to nothing: links are followed, what is not there is taken by its letters. `None` is a
/// circle of links.
fn resolve(path: &Path) -> Option<PathBuf> {
    let mut ahead: Vec<OsString> = names(path);
    let mut real = PathBuf::new();
    let mut links = 0;
    while let Some(name) = ahead.pop() {
        // An absolute name begins anew, and `..` is after all links before it.
        match name.as_encoded_bytes() {
            b".." => drop(real.pop()),
            _ => match fs::read_link(real.join(&name)) {
                Ok(target) => {
                    links += 1;
                    ahead.extend(names(&target));
                }
                Err(_) => real.push(name),
            },
        }
        if links > LINKS_MAX {
            return None;
        }
    }
    Some(real)
}

/// The names in a path, the last first.
fn names(path: &Path) -> Vec<OsString> {
    path.components().rev().map(|component| component.as_os_str().to_owned()).collect()
}

fn ending(coding: ContentCoding) -> &'static str {
    match coding {
        ContentCoding::Zstd => "zst",
        ContentCoding::Brotli => "br",
        ContentCoding::Gzip => "gz",
        _ => "zz",
    }
}

/// As precise as an HTTP date.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

fn outside(path: &str) -> Error {
    HttpError::new(StatusCode::FORBIDDEN).message(format!("{path} is not in root static directory")).into()
}

/// A file that cannot be opened is one that is not there.
fn missing(path: &str, error: io::Error) -> Error {
    let is_usual = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    let missing = HttpError::new(StatusCode::NOT_FOUND);
    if is_usual { missing.into() } else { missing.message(format!("{path:?} cannot be opened")).cause(error).into() }
}

fn status_of(error: &Error) -> Option<StatusCode> {
    error.downcast_ref::<HttpError>().map(HttpError::status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_joined_only_where_it_stays_inside() {
        const CASES: &[(&str, Option<&str>)] = &[
            ("", Some("/srv/static")),
            ("a.css", Some("/srv/static/a.css")),
            ("css/./a.css", Some("/srv/static/css/a.css")),
            ("css/../a.css", Some("/srv/static/a.css")),
            ("css//a.css", Some("/srv/static/css/a.css")),
            ("css/", Some("/srv/static/css")),
            ("..", None),
            ("../static/a.css", None),
            ("../staticx/a.css", None),
            ("css/../../a.css", None),
            ("/etc/passwd", None),
            ("//etc/passwd", None),
            ("a\\..\\b", Some("/srv/static/a\\..\\b")),
        ];
        for (path, expected) in CASES {
            assert_eq!(join(Path::new("/srv/static"), path).as_deref(), expected.map(Path::new), "{path:?}");
        }
    }
}
