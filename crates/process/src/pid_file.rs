//! The file that says which process the service is, so that there is one of it.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use firewhirl_event::log_targets;
use firewhirl_tcp::is_rehearsal;

use crate::task_id;

/// A file with the number of this process, for as long as this lives.
///
/// The process holds a lock on the file, which ends with it however it ends. So a file that a killed
/// process has left behind is no obstacle, even if its number is another process's by now.
///
/// A child of a [`Supervisor`](crate::Supervisor) makes none, for the service is its parent; nor is there
/// one in a [rehearsal](firewhirl_tcp::is_rehearsal).
///
/// # Examples
///
/// ```
/// use firewhirl_process::PidFile;
///
/// let path = std::env::temp_dir().join(format!("site-{}.pid", std::process::id()));
/// let file = PidFile::create(&path)?;
/// assert_eq!(std::fs::read_to_string(&path)?, format!("{}\n", std::process::id()));
/// drop(file);
/// assert!(!path.exists());
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
}

/// A pid file that is there, kept open for its lock.
struct Created {
    path: PathBuf,
    file: File,
}

impl PidFile {
    /// Writes the file, in place of one that nobody holds any more.
    ///
    /// # Errors
    ///
    /// [`PidFileError::AlreadyRunning`] if a process that runs holds it, with its number;
    /// [`PidFileError::NotWritten`] if the system does not let us write it.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, PidFileError> {
        // Absolute, for the directory may be changed until it is removed.
        let path = std::path::absolute(path.as_ref()).unwrap_or_else(|_| path.as_ref().to_owned());
        if task_id().is_none() && !is_rehearsal() {
            let file = lock(&path)?;
            write(&file).map_err(|error| PidFileError::NotWritten { path: path.clone(), error })?;
            created().push(Created { path: path.clone(), file });
        }
        Ok(Self { path })
    }

    /// Where it is, or would be.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        remove(|created| created.path == self.path);
    }
}

/// Removes the files of this process, which ends without dropping what it has.
pub(crate) fn remove_all() {
    remove(|_| true);
}

fn remove(mut which: impl FnMut(&Created) -> bool) {
    for Created { path, file } in created().extract_if(.., |created| which(created)) {
        // While the lock is held, nobody else makes it theirs.
        if let Err(error) = std::fs::remove_file(&path) {
            // The directory may be root's, and we no longer are. The file itself is ours still.
            let emptied = file.set_len(0);
            let path = path.display();
            tracing::debug!(target: log_targets::GEN, "{path} cannot be removed: {error}; emptied: {emptied:?}");
        }
    }
}

/// Opens the file and locks it.
fn lock(path: &Path) -> Result<File, PidFileError> {
    let failed = |error| PidFileError::NotWritten { path: path.to_owned(), error };
    loop {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // What cannot be read names no process.
                let _ = (&file).read_to_string(&mut text);
                return Err(PidFileError::AlreadyRunning { path: path.to_owned(), pid: text.trim().parse().ok() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // Its holder may have removed it before we had the lock: then it is nobody's file.
        let inode = file.metadata().map_err(failed)?.ino();
        if std::fs::metadata(path).is_ok_and(|there| there.ino() == inode) {
            return Ok(file);
        }
    }
}

fn write(mut file: &File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

fn created() -> MutexGuard<'static, Vec<Created>> {
    static CREATED: Mutex<Vec<Created>> = Mutex::new(Vec::new());
    // A panic under the lock leaves a list that is still one.
    CREATED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why there is no pid file.
#[derive(Debug)]
#[non_exhaustive]
pub enum PidFileError {
    /// The service runs already.
    AlreadyRunning {
        /// The file.
        path: PathBuf,
        /// The process that holds it, if the file names one.
        pid: Option<u32>,
    },
    /// The file cannot be written.
    NotWritten {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl fmt::Display for PidFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyRunning { path, pid: Some(pid) } => {
                write!(f, "already running as process {pid}, which holds {}; end it first", path.display())
            }
            Self::AlreadyRunning { path, pid: None } => {
                write!(f, "already running: another process holds {}; end it first", path.display())
            }
            Self::NotWritten { path, error } => {
                write!(f, "the pid file {} cannot be written: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for PidFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::AlreadyRunning { .. } => None,
            Self::NotWritten { error, .. } => Some(error),
        }
    }
}
