//! Which executable a process is started from.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program with its arguments, in the version that runs or in the one on disk.
#[derive(Clone, Debug)]
pub(crate) struct Executable {
    path: PathBuf,
    /// What the program is called on its own command line.
    name: OsString,
    arguments: Vec<OsString>,
    /// Whether it is the very file that this process runs, whatever lies at its path by now.
    is_running: bool,
}

impl Executable {
    /// This program, as it was started.
    pub(super) fn own() -> io::Result<Self> {
        let path = env::current_exe()?;
        let mut arguments = env::args_os();
        let name = arguments.next().unwrap_or_else(|| path.clone().into());
        Ok(Self { path, name, arguments: arguments.collect(), is_running: true })
    }

    /// Another program.
    pub(super) fn other(path: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { name: path.clone().into(), path, arguments, is_running: false }
    }

    /// The version that is on disk now.
    pub(crate) fn on_disk(&self) -> Self {
        Self { is_running: false, ..self.clone() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A command that starts it, in a process group of its own: a Ctrl-C of the terminal is for the parent,
    /// which then ends its children in order.
    pub(super) fn command(&self) -> Command {
        // A child that dies while a newer version is being installed is restarted in the version that
        // its siblings have. Linux keeps the file for as long as it is run.
        let running = Path::new("/proc/self/exe");
        let path = if self.is_running && running.exists() { running } else { &self.path };
        let mut command = Command::new(path);
        command.arg0(&self.name).args(&self.arguments).process_group(0);
        command
    }
}
