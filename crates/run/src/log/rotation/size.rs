//! Rotation by size: `site.log.1`, `site.log.2` and so on, the newest first.

use std::io;
use std::path::Path;

use super::{rename_if_there, with_suffix};

#[derive(Clone, Debug)]
pub(super) struct SizeRotation {
    pub(super) max_size: u64,
    pub(super) backups: usize,
}

impl SizeRotation {
    /// Whether the next line would be too much. An empty file is never moved: no line is too much for it.
    pub(super) fn is_due(&self, size: u64, line: usize) -> bool {
        let is_on = self.max_size > 0 && self.backups > 0;
        is_on && size > 0 && size.saturating_add(line as u64) >= self.max_size
    }

    pub(super) fn move_away(&self, path: &Path) -> io::Result<()> {
        for number in (1..self.backups).rev() {
            let (from, to) = (with_suffix(path, &number.to_string()), with_suffix(path, &(number + 1).to_string()));
            rename_if_there(&from, &to)?;
        }
        rename_if_there(path, &with_suffix(path, "1"))
    }
}
