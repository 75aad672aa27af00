//! `firewhirl new`: a project that builds, whose tests pass, and that can be deployed.

mod files;
mod name;
mod source;

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use name::{Name, NameError};
use source::{Source, SourceError};

/// Makes a new project: a service with a handler, tests, and what it takes to deploy it
#[derive(Args, Debug)]
pub(crate) struct New {
    /// The package, and the folder that is made
    name: String,
    /// The folder, where it is not to have the package's name; it may exist, if it is empty
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Where Firewhirl comes from: a version, the folder of a checkout, or a git URL
    #[arg(long, value_name = "WHERE")]
    firewhirl: Option<String>,
}

impl New {
    pub(crate) fn run(self) -> Result<ExitCode, NewError> {
        let name = Name::parse(&self.name)?;
        let firewhirl = match &self.firewhirl {
            Some(text) => Source::parse(text)?,
            None => Source::of_this_command(),
        };
        let folder = self.path.unwrap_or_else(|| PathBuf::from(name.as_str()));
        check_free(&folder)?;
        let workspace = workspace_around(&folder);
        for (path, text) in files::of(&name, &firewhirl, workspace.is_some()) {
            write(&folder.join(path), &text)?;
        }
        let mut told = format!("made {}, a service with Firewhirl from {firewhirl}\n", folder.display());
        if let Some(manifest) = workspace {
            told.push_str(&format!("it is a workspace of its own, and not a part of {}\n", manifest.display()));
        }
        told.push_str(&format!("\n    cd {}\n    firewhirl dev\n", folder.display()));
        io::stdout().write_all(told.as_bytes()).map_err(|error| NewError::Io { path: folder, error })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Nothing of anybody's is to be written over.
fn check_free(folder: &Path) -> Result<(), NewError> {
    match fs::read_dir(folder).map(Iterator::count) {
        Ok(0) => Ok(()),
        Ok(_) => Err(NewError::NotEmpty { path: folder.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(NewError::Io { path: folder.to_owned(), error }),
    }
}

/// The manifest of the package or workspace that the folder would be inside of: cargo would take the new
/// project for a part of it.
fn workspace_around(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    folder.ancestors().skip(1).map(|above| above.join("Cargo.toml")).find(|manifest| manifest.exists())
}

fn write(path: &Path, text: &str) -> Result<(), NewError> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    written.map_err(|error| NewError::Io { path: path.to_owned(), error })
}

/// Why there is no new project.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum NewError {
    /// The name cannot be that of a package.
    Name(NameError),
    /// Firewhirl is not there.
    Source(SourceError),
    /// Something is in the folder already.
    NotEmpty { path: PathBuf },
    /// The system refused.
    Io { path: PathBuf, error: io::Error },
}

impl From<NameError> for NewError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<SourceError> for NewError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl fmt::Display for NewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::Source(error) => write!(f, "{error}"),
            Self::NotEmpty { path } => write!(
                f,
                "{} exists and is not empty: name another folder with --path, or empty this one",
                path.display()
            ),
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for NewError {}
