//! The SHA-512 of files, computed once for each content: Tornado's versions and entity tags.
//!
//! What was computed holds for as long as the file looks as it did, so that a changed file has another hash at
//! once; all workers of a process share it. The least recently used goes first.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha512};

/// Larger files have no hash. Tornado's `MAX_VERSION_CONTENT_SIZE`.
pub(super) const HASHED_MAX: u64 = 64 * 1024 * 1024;

/// How many are kept. Tornado's `MAX_CACHED_VERSIONS`.
const KEPT_MAX: usize = 10_000;

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    identity: (u64, u64),
    size: u64,
    modified: (i64, i64),
    /// It goes on where a program sets the other one back.
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(found: &Metadata) -> Self {
        Self {
            identity: (found.dev(), found.ino()),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }

    /// A tag for a file that is too large to be hashed.
    pub(super) fn tag(&self) -> String {
        format!("{:x}-{:x}-{:x}", self.modified.0, self.modified.1, self.size)
    }
}

struct Kept {
    stamp: Stamp,
    hash: Arc<str>,
    used: u64,
}

#[derive(Default)]
struct Digests {
    kept: HashMap<PathBuf, Kept>,
    /// Counts what was asked for.
    now: u64,
}

fn digests() -> MutexGuard<'static, Digests> {
    static DIGESTS: LazyLock<Mutex<Digests>> = LazyLock::new(Mutex::default);
    // Whatever panicked, what is kept is right.
    DIGESTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The hash of a file in this state, if it is known.
pub(super) fn known(path: &Path, stamp: Stamp) -> Option<Arc<str>> {
    let mut digests = digests();
    digests.now += 1;
    let now = digests.now;
    let kept = digests.kept.get_mut(path).filter(|kept| kept.stamp == stamp)?;
    kept.used = now;
    Some(Arc::clone(&kept.hash))
}

/// Forgets a file's hash.
pub(super) fn forget(path: &Path) {
    digests().kept.remove(path);
}

/// The hash of a file that was opened in this state; `None` if it is too large. It reads the whole file.
pub(super) fn compute(path: &Path, file: &File, stamp: Stamp) -> io::Result<Option<Arc<str>>> {
    if stamp.size > HASHED_MAX {
        return Ok(None);
    }
    let mut hash = Sha512::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut file = file;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    let text: Arc<str> = hex(&hash.finalize()).into();
    // One that was written to meanwhile is another by now.
    if file.metadata().is_ok_and(|found| Stamp::of(&found) == stamp) {
        keep(path, stamp, &text);
    }
    Ok(Some(text))
}

fn keep(path: &Path, stamp: Stamp, hash: &Arc<str>) {
    let mut digests = digests();
    digests.now += 1;
    let kept = Kept { stamp, hash: Arc::clone(hash), used: digests.now };
    digests.kept.insert(path.to_owned(), kept);
    if digests.kept.len() > KEPT_MAX {
        // A tenth at once, so that the next ones need not look for the oldest again.
        let mut uses: Vec<u64> = digests.kept.values().map(|kept| kept.used).collect();
        let (_, &mut oldest, _) = uses.select_nth_unstable(KEPT_MAX / 10);
        digests.kept.retain(|_, kept| kept.used > oldest);
    }
}

/// The SHA-512 of bytes, in hexadecimal.
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    hex(&Sha512::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_content_and_known_until_it_changes() {
        let path = std::env::temp_dir().join(format!("firewhirl-digests-{}", std::process::id()));
        for content in ["first", "second one"] {
            std::fs::write(&path, content).unwrap();
            let file = File::open(&path).unwrap();
            let stamp = Stamp::of(&file.metadata().unwrap());
            assert_eq!(known(&path, stamp), None, "{content}");
            let hash = compute(&path, &file, stamp).unwrap().unwrap();
            assert_eq!(*hash, of_bytes(content.as_bytes()));
            assert_eq!(known(&path, stamp), Some(hash));
        }
        forget(&path);
        assert!(!digests().kept.contains_key(&path));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn hexadecimal_is_that_of_other_programs() {
        assert!(of_bytes(b"abc").starts_with("ddaf35a193617abacc417349ae204131"));
        assert_eq!(of_bytes(b"").len(), 128);
    }
}
