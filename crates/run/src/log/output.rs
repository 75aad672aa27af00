//! Where lines go: standard error, or a file. A line is one `write`, so that no two get mixed.

use std::io::{self, Write};
use std::sync::Mutex;

use super::ColorSupport;
use super::colour;

/// Takes whole lines. [`Stderr`] and [`LogFile`](super::LogFile) are such.
pub trait Output: Send + Sync {
    /// Writes a line, which ends with its line feed, at once: what is not written when the program crashes
    /// is lost. Lines of several threads must not be mixed.
    ///
    /// # Errors
    ///
    /// Why it could not be written. The log goes on with the next line, and says how many were lost.
    fn write_line(&self, line: &[u8]) -> io::Result<()>;

    /// What it does with colours; unless said otherwise it keeps them, as a file does.
    fn color_support(&self) -> ColorSupport {
        ColorSupport::No
    }
}

/// Standard error.
#[derive(Clone, Copy, Debug)]
pub struct Stderr {
    color_support: ColorSupport,
}

impl Stderr {
    /// Standard error, with colours if it is a terminal that has some and `NO_COLOR` is not set.
    pub fn new() -> Self {
        Self { color_support: colour::of_stderr() }
    }
}

impl Default for Stderr {
    fn default() -> Self {
        Self::new()
    }
}

impl Output for Stderr {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        // The standard library buffers nothing here.
        io::stderr().lock().write_all(line)
    }

    fn color_support(&self) -> ColorSupport {
        self.color_support
    }
}

/// Lines kept in memory, for tests.
impl Output for Mutex<Vec<u8>> {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        self.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(line);
        Ok(())
    }
}

impl<Shared: Output + ?Sized> Output for std::sync::Arc<Shared> {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        (**self).write_line(line)
    }

    fn color_support(&self) -> ColorSupport {
        (**self).color_support()
    }
}
