//! Files that are in the program itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use firewhirl_event::Result;
use http::StatusCode;

use super::digests;
use super::source::{Found, StaticFile, StaticSource};
use crate::context::Context;
use crate::errors::HttpError;

/// Static files that are in the program, so that it is one file to install.
///
/// Their paths are as given, without a slash at the start; hashes are computed once, here.
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, Embedded};
///
/// let files = Embedded::new([
///     ("site.css", b"body { margin: 2em }".as_slice()), // as a rule: include_bytes!("../static/site.css")
///     ("robots.txt", b"User-agent: *\n"),
/// ]);
/// let application = Application::new().static_files("/static", files);
/// # assert!(application.check().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Embedded {
    files: Rc<BTreeMap<Cow<'static, str>, File>>,
}

#[derive(Debug)]
struct File {
    content: Bytes,
    hash: String,
}

impl Embedded {
    /// Takes the files by their paths.
    pub fn new<Path: Into<Cow<'static, str>>>(files: impl IntoIterator<Item = (Path, &'static [u8])>) -> Self {
        let file = |content: &'static [u8]| File { content: content.into(), hash: digests::of_bytes(content) };
        Self { files: Rc::new(files.into_iter().map(|(path, content)| (path.into(), file(content))).collect()) }
    }
}

impl StaticSource for Embedded {
    async fn find(&self, _: &Context, path: &str) -> Result<Found> {
        if let Some(file) = self.files.get(path) {
            let found = StaticFile::of_bytes(file.content.clone());
            return Ok(found.etag(file.hash.as_str()).version(file.hash.as_str()).into());
        }
        let folder = if path.is_empty() { String::new() } else { format!("{}/", path.trim_end_matches('/')) };
        let mut below = self.files.range(Cow::Borrowed(folder.as_str())..);
        match below.next().is_some_and(|(path, _)| path.starts_with(&folder)) {
            true => Ok(Found::Directory),
            false => Err(HttpError::new(StatusCode::NOT_FOUND).into()),
        }
    }

    fn version(&self, _: &Context, path: &str) -> Result<Option<String>> {
        Ok(self.files.get(path).map(|file| file.hash.clone()))
    }

    fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }
}
