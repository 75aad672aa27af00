//! When a log file is moved away, and to which name: by size or by time, as Python's handlers do it.

mod size;
mod time;

#[cfg(test)]
mod against_python;

pub use time::When;

use std::io;
use std::path::Path;
use std::time::SystemTime;

use size::SizeRotation;
use time::TimeRotation;

/// Whether and how a [`LogFile`](super::LogFile) is rotated.
#[derive(Clone, Debug, Default)]
pub struct Rotation(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    Never,
    Size(SizeRotation),
    Time(TimeRotation),
}

impl Rotation {
    /// Never: for what `logrotate` looks after.
    pub fn never() -> Self {
        Self::default()
    }

    /// Before a line would make the file `max_size` bytes long or longer.
    ///
    /// The file `site.log` becomes `site.log.1`, what was `.1` becomes `.2`, and so on up to `backups`; the
    /// oldest goes. A line that is longer than `max_size` has a file of its own. With no `max_size` or no
    /// `backups` it is never rotated. Python's `RotatingFileHandler` (which counts characters).
    pub fn by_size(max_size: u64, backups: usize) -> Self {
        Self(Kind::Size(SizeRotation { max_size, backups }))
    }

    /// At times of the system's time zone, every `interval` of `when`; 0 is taken as 1.
    ///
    /// The file is renamed to the time at which it began: `site.log.2026-06-08`, for hours
    /// `site.log.2026-06-08_12`, for minutes `.2026-06-08_12-58`, for seconds `.2026-06-08_12-58-49`. The
    /// newest `backups` of them are kept, all if it is 0. A file from before is rotated by the first line, if
    /// its last one is that old. Where a name is taken already, as in the hour that clocks set back repeat,
    /// `.1` follows it. Python's `TimedRotatingFileHandler`, which deletes what has the name; and here midnight
    /// is midnight also across a change of the clocks, and weeks and midnights have intervals as well.
    pub fn by_time(when: When, interval: u32, backups: usize) -> Self {
        Self(Kind::Time(TimeRotation::new(when, interval, backups)))
    }

    /// When a file is due to which something was last written at a time.
    pub(super) fn due(&self, written: SystemTime) -> Due {
        Due(match &self.0 {
            Kind::Time(rotation) => Some(rotation.next(written)),
            _ => None,
        })
    }

    /// Whether a file is to be moved away before a line of `line` bytes.
    pub(super) fn is_due(&self, due: Due, size: u64, line: usize, now: SystemTime) -> bool {
        match &self.0 {
            Kind::Never => false,
            Kind::Size(rotation) => rotation.is_due(size, line),
            Kind::Time(_) => due.0.is_some_and(|due| now >= due),
        }
    }

    /// Moves the file away.
    pub(super) fn move_away(&self, path: &Path, due: Due, now: SystemTime) -> io::Result<()> {
        match &self.0 {
            Kind::Never => Ok(()),
            Kind::Size(rotation) => rotation.move_away(path),
            Kind::Time(rotation) => rotation.move_away(path, due.0.unwrap_or(now), now),
        }
    }
}

/// The time at which a file is to be moved away, if it is one that decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due(Option<SystemTime>);

/// A file's path with something behind it.
fn with_suffix(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Renames a file; that it is not there is no matter.
fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
