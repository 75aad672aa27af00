//! Where an option's value came from.

use std::fmt;
use std::panic::Location;
use std::path::PathBuf;

/// Where a value came from: the last writer, which is the one that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Nobody gave one.
    Default,
    /// The command line.
    CommandLine,
    /// A variable of the environment.
    Environment {
        /// The variable's name, prefix and all.
        variable: String,
    },
    /// A config file.
    ConfigFile {
        /// The path, as it was given.
        path: PathBuf,
        /// The line on which the value begins, from 1.
        line: usize,
    },
    /// The program itself, by [`set`](super::OptionParser::set).
    Program(&'static Location<'static>),
}

/// "command line", "MYAPP_PORT", "site.toml:3", "src/main.rs:12", "default".
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::CommandLine => f.write_str("command line"),
            Self::Environment { variable } => f.write_str(variable),
            Self::ConfigFile { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Program(place) => write!(f, "{}:{}", place.file(), place.line()),
        }
    }
}
