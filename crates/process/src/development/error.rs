//! Why a program cannot be developed as it is.

use std::fmt;
use std::io;

/// Why it is not known which program to build, or how.
#[derive(Debug)]
#[non_exhaustive]
pub enum DevelopmentError {
    /// cargo could not be run.
    NoCargo(io::Error),
    /// The folder's path cannot be made absolute.
    Folder(io::Error),
    /// `cargo metadata` failed; what it said.
    Metadata(String),
    /// No package of the workspace has this name.
    NoPackage {
        /// The name that was given.
        name: String,
        /// Those that there are.
        found: Vec<String>,
    },
    /// No such program is there.
    NoProgram {
        /// The name that was given, if one was.
        wanted: Option<String>,
        /// The binaries that there are.
        found: Vec<String>,
    },
    /// More than one program could be meant.
    SeveralPrograms(Vec<String>),
    /// cargo has no target for this executable.
    NotOfCargo {
        /// The executable.
        executable: std::path::PathBuf,
    },
}

impl fmt::Display for DevelopmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCargo(error) => write!(f, "cargo cannot be run: {error}; it has to be in the PATH"),
            Self::Folder(error) => write!(f, "the folder cannot be found: {error}"),
            Self::Metadata(said) => write!(f, "{said}"),
            Self::NoPackage { name, found } => {
                write!(f, "there is no package `{name}` in this workspace; there is: {}", found.join(", "))
            }
            Self::NoProgram { wanted: Some(name), found } => {
                write!(f, "there is no program `{name}`; there is: {}", found.join(", "))
            }
            Self::NoProgram { wanted: None, .. } => {
                f.write_str("there is no program here: a package with `src/main.rs` is needed, or `--example NAME`")
            }
            Self::SeveralPrograms(names) => write!(
                f,
                "{} could be meant: choose one with `--bin NAME`, or set `default-run` in Cargo.toml",
                names.join(", ")
            ),
            Self::NotOfCargo { executable } => {
                write!(f, "{} is none that cargo built here, so it cannot be built again", executable.display())
            }
        }
    }
}

impl std::error::Error for DevelopmentError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoCargo(error) | Self::Folder(error) => Some(error),
            _ => None,
        }
    }
}
