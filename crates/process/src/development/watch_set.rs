//! What is watched, and how it looked when it was last looked at.
//!
//! Whether something changed is told by its state on the disk alone: time, size and identity of each
//! file, links followed. So it is all one whether an editor writes into a file, moves a new one over
//! it, or deletes it and makes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Files and folders to be watched.
///
/// What does not exist is watched too: it changes by coming into being.
///
/// # Examples
///
/// ```
/// use firewhirl_process::development::WatchSet;
///
/// let set = WatchSet::default().file("Cargo.toml").folder("templates").sources("src");
/// assert!(!set.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchSet {
    /// Single files; a folder among them stands for all that is in it.
    paths: BTreeSet<PathBuf>,
    /// Folders of which only the files with this ending count.
    sources: BTreeSet<PathBuf>,
}

impl WatchSet {
    /// Adds a file.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.paths.insert(absolute(path.into()));
        self
    }

    /// Adds a folder with all that is in it, folders in it included; a file alone is itself.
    ///
    /// Left out are what editors leave about while they work (names that begin with a dot or a `#`,
    /// or end with a `~`) and folders named `target` that cargo made.
    pub fn folder(self, path: impl Into<PathBuf>) -> Self {
        self.file(path)
    }

    /// Adds the `.rs` files of a folder, those of folders in it included.
    pub fn sources(mut self, folder: impl Into<PathBuf>) -> Self {
        self.sources.insert(absolute(folder.into()));
        self
    }

    /// Adds all that another one has.
    pub fn and(mut self, other: WatchSet) -> Self {
        self.paths.extend(other.paths);
        self.sources.extend(other.sources);
        self
    }

    /// Whether there is nothing to watch.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.sources.is_empty()
    }

    /// Whether a path is in the set, or in a folder that is.
    pub fn contains(&self, path: &Path) -> bool {
        path.ancestors().any(|path| self.paths.contains(path))
            || path.extension().is_some_and(|ending| ending == "rs")
                && path.ancestors().any(|path| self.sources.contains(path))
    }

    /// Looks at everything.
    pub(super) fn look(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for path in &self.paths {
            snapshot.take(path, &|_| true);
            snapshot.watch_surroundings(path);
        }
        for folder in &self.sources {
            snapshot.take(folder, &|path| path.extension().is_some_and(|ending| ending == "rs"));
            snapshot.watch_surroundings(folder);
        }
        snapshot
    }
}

/// A path as the process sees it now: it may change its folder later.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// How everything looked at one time.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    files: BTreeMap<PathBuf, Look>,
    /// The folders in which something may happen that matters.
    folders: BTreeMap<PathBuf, Identity>,
}

/// What tells a folder from another one that later has its name. A number alone may be given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    number: u64,
    created: Option<SystemTime>,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    modified: Option<SystemTime>,
    /// When its name or content last changed. It goes on where a program sets the time back.
    changed: (i64, i64),
    size: u64,
    identity: Identity,
}

/// Folders in folders, at most: beyond are only circles of links.
const DEPTH_MAX: usize = 40;

impl Snapshot {
    /// The paths that look otherwise than before: changed, new, or gone.
    pub(super) fn differences(&self, before: &Snapshot) -> Vec<PathBuf> {
        let changed = self.files.iter().filter(|(path, look)| before.files.get(*path) != Some(look));
        let gone = before.files.keys().filter(|path| !self.files.contains_key(*path));
        let mut paths: Vec<PathBuf> = changed.map(|(path, _)| path).chain(gone).cloned().collect();
        paths.sort();
        paths
    }

    /// How it looked at a time, as far as can be told: as in an earlier look what both have, and of the rest
    /// what has not changed since.
    pub(super) fn at(mut self, time: SystemTime, earlier: &Snapshot) -> Self {
        self.files.retain(|path, look| match earlier.files.get(path) {
            Some(earlier) => {
                *look = *earlier;
                true
            }
            None => !look.is_after(time),
        });
        self
    }

    pub(super) fn folders(&self) -> &BTreeMap<PathBuf, Identity> {
        &self.folders
    }

    /// Notes how a file looks, or all files of a folder that count.
    fn take(&mut self, path: &Path, counts: &dyn Fn(&Path) -> bool) {
        self.take_below(path, counts, DEPTH_MAX);
    }

    fn take_below(&mut self, path: &Path, counts: &dyn Fn(&Path) -> bool, depth: usize) {
        let Ok(found) = fs::metadata(path) else { return };
        if !found.is_dir() {
            if counts(path) {
                self.files.insert(path.to_owned(), Look::at(&found));
                self.watch_link(path);
            }
            return;
        }
        self.folders.insert(path.to_owned(), Identity::of(&found));
        if depth == 0 {
            return;
        }
        let Ok(entries) = fs::read_dir(path) else { return };
        for entry in entries.flatten() {
            let inner = entry.path();
            if !is_left_about(&inner) && !is_build_output(&inner) {
                self.take_below(&inner, counts, depth - 1);
            }
        }
    }

    /// Watches the folder in which a path is, or the nearest one that exists.
    fn watch_surroundings(&mut self, path: &Path) {
        for folder in path.ancestors().skip(1) {
            if self.watch_folder(folder) {
                break;
            }
        }
    }

    fn watch_folder(&mut self, folder: &Path) -> bool {
        match fs::metadata(folder) {
            Ok(found) if found.is_dir() => {
                self.folders.insert(folder.to_owned(), Identity::of(&found));
                true
            }
            _ => false,
        }
    }

    /// Where a link leads to something happens in another folder.
    fn watch_link(&mut self, path: &Path) {
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
            && let Ok(target) = fs::canonicalize(path)
            && let Some(folder) = target.parent()
        {
            self.watch_folder(folder);
        }
    }
}

impl Identity {
    fn of(found: &fs::Metadata) -> Self {
        Self { device: found.dev(), number: found.ino(), created: found.created().ok() }
    }
}

/// How far the times of files may lag behind the clock: the system takes them at its last tick.
const TICK: Duration = Duration::from_millis(10);

impl Look {
    /// Whether it changed after a time. The time that no program can set back tells.
    fn is_after(&self, time: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let since_epoch = Duration::new(seconds.try_into().unwrap_or(0), nanoseconds.try_into().unwrap_or(0));
        SystemTime::UNIX_EPOCH + since_epoch + TICK > time
    }

    fn at(found: &fs::Metadata) -> Self {
        Self {
            modified: found.modified().ok(),
            changed: (found.ctime(), found.ctime_nsec()),
            size: found.size(),
            identity: Identity::of(found),
        }
    }
}

/// Whether this is what an editor leaves about: a swap, lock or backup file.
fn is_left_about(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.starts_with(b".") || name.starts_with(b"#") || name.ends_with(b"~") || name == b"4913"
}

/// Whether this is where cargo builds.
fn is_build_output(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "target") && path.join("CACHEDIR.TAG").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_contains_what_is_in_its_folders() {
        let set = WatchSet::default().file("/p/Cargo.toml").folder("/p/templates").sources("/p/src");
        #[rustfmt::skip]
        let cases = [
            ("a file",                   "/p/Cargo.toml",           true),
            ("another beside it",        "/p/Cargo.lock",           false),
            ("a file of a folder",       "/p/templates/a/b.html",   true),
            ("a source",                 "/p/src/a/mod.rs",         true),
            ("what is no source",        "/p/src/notes.txt",        false),
            ("a source elsewhere",       "/p/tests/a.rs",           false),
        ];
        for (shows, path, expected) in cases {
            assert_eq!(set.contains(Path::new(path)), expected, "{shows}");
        }
    }

    #[test]
    fn what_editors_leave_about_does_not_count() {
        for name in [".main.rs.swp", "#main.rs#", ".#main.rs", "main.rs~", "4913"] {
            assert!(is_left_about(Path::new(name)), "{name}");
        }
        for name in ["main.rs", "page.html", "4914"] {
            assert!(!is_left_about(Path::new(name)), "{name}");
        }
    }
}
