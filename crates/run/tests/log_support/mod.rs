//! What the tests of the log share: catching lines, and folders that go when the test does.

#![allow(dead_code, reason = "each test target uses its part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use firewhirl_run::log::{Formatter, Levels, LogLayer};
use tracing::Level;
use tracing::subscriber::with_default;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;

/// What `run` logs in this thread, as the formatter shows it.
pub(crate) fn logged(formatter: impl Formatter + 'static, run: impl FnOnce()) -> String {
    logged_from(Levels::all(Level::TRACE), formatter, run)
}

/// The same, of these levels only.
pub(crate) fn logged_from(levels: Levels, formatter: impl Formatter + 'static, run: impl FnOnce()) -> String {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let layer = LogLayer::new(formatter, Arc::clone(&lines)).with_filter(levels);
    with_default(tracing_subscriber::registry().with(layer), run);
    let bytes = lines.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// A folder of a test's own, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("firewhirl-log-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of the files in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The lines of all files in it.
    pub(crate) fn lines(&self) -> Vec<String> {
        let texts = self.names().into_iter().map(|name| fs::read_to_string(self.join(&name)).unwrap());
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
