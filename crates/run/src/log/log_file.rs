//! A file of log lines: whole lines at its end, rotated when it is time, opened again when asked.
//!
//! It is opened for appending, so that several processes can write to one file without mixing their lines.
//! They can even rotate it: whoever finds that it is time takes the file's lock, and who finds the file
//! gone from under its name opens the new one. What is written between the two goes to the end of the old
//! file, and none of it is lost.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use super::rotation::{Due, Rotation};
use super::{LogError, Output};

/// After how many lines the file is looked at, for what others have written to it.
const LINES_BETWEEN_LOOKS: u32 = 64;

/// How long rotating rests when it has failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);

/// A log file. Cheap to clone: the clones are one file.
///
/// Each line is one `write` at the file's end, without a buffer of our own, so that a crash loses none.
/// [`reopen`] opens it again under its name, as `logrotate` wants it. What stands in for
/// Python's `FileHandler`, `RotatingFileHandler` and `TimedRotatingFileHandler`.
///
/// # Examples
///
/// ```
/// use firewhirl_run::log::{LogFile, LogFormatter, LogLayer, Rotation};
///
/// # let folder = std::env::temp_dir().join(format!("log_file_example_{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("site.log");
/// let file = LogFile::open(path, Rotation::by_size(100_000_000, 10))?;
/// let layer = LogLayer::new(LogFormatter::new(), file);
/// # drop(layer);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), firewhirl_run::log::LogError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LogFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    rotation: Rotation,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    identity: Identity,
    /// A device or a pipe is not rotated.
    is_regular: bool,
    /// Bytes in the file, as far as is known.
    size: u64,
    lines_until_look: u32,
    due: Due,
    /// Set while rotating rests after a failure.
    rests_until: Option<SystemTime>,
}

/// What tells one file from another that has its name later: device and inode.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Identity(u64, u64);

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

impl LogFile {
    /// Opens a file, and makes it if it is not there. Its directory has to be.
    ///
    /// A file that is there already and is older than its rotation's time is rotated by the first line.
    ///
    /// # Errors
    ///
    /// [`LogError::Open`].
    pub fn open(path: impl Into<PathBuf>, rotation: Rotation) -> Result<Self, LogError> {
        Self::open_at(path.into(), rotation, SystemTime::now())
    }

    pub(super) fn open_at(path: PathBuf, rotation: Rotation, now: SystemTime) -> Result<Self, LogError> {
        let opened = || {
            // An absolute path stays right when the program changes its directory.
            let path = std::path::absolute(&path)?;
            let begun = path.metadata().and_then(|metadata| metadata.modified()).unwrap_or(now);
            let state = State::open(&path, rotation.due(begun))?;
            Ok(Self(Arc::new(Inner { path, rotation, state: Mutex::new(state) })))
        };
        let file = opened().map_err(|error| LogError::Open { path: path.clone(), error })?;
        let mut open = open_files();
        open.retain(|file| file.strong_count() > 0);
        open.push(Arc::downgrade(&file.0));
        Ok(file)
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Opens the file again under its name, for one that has been moved away.
    ///
    /// # Errors
    ///
    /// [`LogError::Open`]; the log then goes on in the file as it was.
    pub fn reopen(&self) -> Result<(), LogError> {
        self.0.reopen()
    }

    pub(super) fn write_line_at(&self, line: &[u8], now: SystemTime) -> io::Result<()> {
        let mut state = self.0.state();
        self.0.rotate_if_due(&mut state, line.len(), now);
        state.file.write_all(line)?;
        state.size += line.len() as u64;
        Ok(())
    }
}

impl Output for LogFile {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        self.write_line_at(line, SystemTime::now())
    }
}

/// Opens all log files again under their names: what a program does on SIGHUP, so that `logrotate` and the
/// like can move them away. No line is lost: those before it are in the file that was moved, those after it
/// in the new one.
///
/// # Errors
///
/// [`LogError::Open`] for the first file that cannot be opened; the others are, and for this one the log goes
/// on in the file as it was.
///
/// # Examples
///
/// ```no_run
/// use firewhirl_event::{IoLoop, Signal};
/// use firewhirl_run::log;
///
/// IoLoop::current().on_signal(Signal::Hangup, || {
///     if let Err(error) = log::reopen() {
///         tracing::error!("{error}");
///     }
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub fn reopen() -> Result<(), LogError> {
    let files: Vec<Arc<Inner>> = open_files().iter().filter_map(Weak::upgrade).collect();
    let results: Vec<_> = files.iter().map(|file| file.reopen()).collect();
    results.into_iter().collect()
}

/// Gives all log files to a user and a group, by number, where root owns them: before root's rights are given
/// up, so that the files can be opened again after that.
///
/// # Errors
///
/// [`LogError::Open`] for the first file whose owner cannot be changed.
pub(crate) fn hand_over(user: u32, group: u32) -> Result<(), LogError> {
    let files: Vec<Arc<Inner>> = open_files().iter().filter_map(Weak::upgrade).collect();
    files.iter().try_for_each(|file| file.hand_over(user, group))
}

/// All log files that are open.
fn open_files() -> MutexGuard<'static, Vec<Weak<Inner>>> {
    static FILES: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn open(path: &Path, due: Due) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let metadata = file.metadata()?;
        Ok(Self {
            identity: Identity::of(&metadata),
            is_regular: metadata.is_file(),
            size: metadata.len(),
            file,
            lines_until_look: LINES_BETWEEN_LOOKS,
            due,
            rests_until: None,
        })
    }

    /// Now and then looks how long the file really is: other processes may write to it.
    fn look(&mut self) {
        self.lines_until_look -= 1;
        if self.lines_until_look == 0 {
            self.lines_until_look = LINES_BETWEEN_LOOKS;
            if let Ok(metadata) = self.file.metadata() {
                self.size = metadata.len();
            }
        }
    }
}

impl Inner {
    /// Nothing that holds the lock leaves the state half changed, so a panic elsewhere is no matter.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reopen(&self) -> Result<(), LogError> {
        let mut state = self.state();
        let due = state.due;
        *state = State::open(&self.path, due).map_err(|error| LogError::Open { path: self.path.clone(), error })?;
        Ok(())
    }

    fn hand_over(&self, user: u32, group: u32) -> Result<(), LogError> {
        let state = self.state();
        let change = || {
            // A terminal or a pipe is not ours to give, nor is a file that is somebody's already.
            if state.is_regular && state.file.metadata()?.uid() == 0 {
                return fchown(&state.file, Some(user), Some(group));
            }
            Ok(())
        };
        match change() {
            // Who is not root has no rights to give up.
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => {
                Err(LogError::Open { path: self.path.clone(), error })
            }
            _ => Ok(()),
        }
    }

    fn rotate_if_due(&self, state: &mut State, line: usize, now: SystemTime) {
        state.look();
        if !self.rotation.is_due(state.due, state.size, line, now) {
            return;
        }
        if !state.is_regular {
            state.due = self.rotation.due(now);
            return;
        }
        if state.rests_until.is_some_and(|until| now < until) {
            return;
        }
        if let Err(error) = self.rotate(state, line, now) {
            state.rests_until = Some(now + PAUSE_AFTER_FAILURE);
            // Not into the log, which is being written. If standard error is closed nobody is left to tell.
            let path = self.path.display();
            let _ = writeln!(io::stderr(), "the log file {path} could not be rotated, it goes on growing: {error}");
        }
    }

    /// Moves the file out of the way, unless another process has done so or is about to.
    fn rotate(&self, state: &mut State, line: usize, now: SystemTime) -> io::Result<()> {
        match state.file.try_lock() {
            // Somebody is at it: until that is done lines go to the file that was.
            Err(TryLockError::WouldBlock) => return Ok(()),
            // Where there are no locks there is nobody to agree with.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        let rotated = self.rotate_locked(state, line, now);
        // A new file has a lock of its own, and the old one's went with it.
        let _ = state.file.unlock();
        rotated
    }

    fn rotate_locked(&self, state: &mut State, line: usize, now: SystemTime) -> io::Result<()> {
        let is_ours = self.path.metadata().is_ok_and(|metadata| Identity::of(&metadata) == state.identity);
        if is_ours {
            state.size = state.file.metadata()?.len();
            if !self.rotation.is_due(state.due, state.size, line, now) {
                return Ok(());
            }
            self.rotation.move_away(&self.path, state.due, now)?;
        }
        *state = State::open(&self.path, self.rotation.due(now))?;
        Ok(())
    }
}
