//! What is wrong with a file of translations, and where in it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::plural_forms::PluralFormsError;

/// Translations that could not be loaded: which file, which line, what is wrong.
#[derive(Debug)]
pub struct TranslationError {
    path: PathBuf,
    line: Option<usize>,
    problem: TranslationProblem,
}

/// What is wrong with a file of translations.
#[derive(Debug)]
#[non_exhaustive]
pub enum TranslationProblem {
    /// The file or the folder cannot be read.
    Unreadable(io::Error),
    /// There is no encoding of this name.
    UnknownEncoding(String),
    /// The bytes are no text in this encoding.
    Undecodable(&'static str),
    /// A cell of a CSV file is too long.
    CellTooLong {
        /// Bytes it may have.
        limit: usize,
    },
    /// The file does not begin as a `.mo` file does.
    NoCatalog,
    /// The format's version is one that is not known here.
    UnknownVersion(u32),
    /// The message of this number lies outside of a `.mo` file, or not where it can.
    Corrupt {
        /// Counted from 0.
        message: usize,
    },
    /// A line of a `.po` file is none that the format has, or none that can stand there.
    UnexpectedLine(String),
    /// A text of a `.po` file is not ended, or has an escape that there is not.
    InvalidText(String),
    /// A `.po` file has a message twice.
    Duplicate(String),
    /// The plural forms are none.
    PluralForms(PluralFormsError),
}

/// A problem before it is known in which file it is.
pub(super) struct Fault {
    pub(super) line: Option<usize>,
    pub(super) problem: TranslationProblem,
}

impl Fault {
    pub(super) fn at(line: usize, problem: TranslationProblem) -> Self {
        Self { line: Some(line), problem }
    }

    pub(super) fn within(self, path: impl Into<PathBuf>) -> TranslationError {
        TranslationError { path: path.into(), line: self.line, problem: self.problem }
    }
}

impl From<TranslationProblem> for Fault {
    fn from(problem: TranslationProblem) -> Self {
        Self { line: None, problem }
    }
}

impl From<PluralFormsError> for Fault {
    fn from(error: PluralFormsError) -> Self {
        TranslationProblem::PluralForms(error).into()
    }
}

impl TranslationError {
    /// The file; for translations that came from memory their locale's code.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The line, counted from 1, where the problem is at one.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What is wrong.
    pub fn problem(&self) -> &TranslationProblem {
        &self.problem
    }
}

impl fmt::Display for TranslationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for TranslationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            TranslationProblem::Unreadable(error) => Some(error),
            TranslationProblem::PluralForms(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for TranslationProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
            Self::UnknownEncoding(name) => write!(f, "there is no encoding `{name}`"),
            Self::Undecodable(encoding) => write!(f, "is no text in {encoding}: say which encoding it has"),
            Self::CellTooLong { limit } => write!(f, "a cell of more than {limit} bytes: is a quote not closed?"),
            Self::NoCatalog => f.write_str("does not begin as a .mo file does"),
            Self::UnknownVersion(version) => write!(f, "is a .mo file of version {version}, expected 0 or 1"),
            Self::Corrupt { message } => write!(f, "message {message} does not lie within the file: was it cut off?"),
            Self::UnexpectedLine(line) => {
                write!(f, "unexpected `{line}`: expected msgctxt, msgid, msgid_plural, msgstr or a text in quotes")
            }
            Self::InvalidText(text) => write!(f, "`{text}` is no text in double quotes with C's escapes"),
            Self::Duplicate(message) => write!(f, "the message `{message}` is there already"),
            Self::PluralForms(error) => error.fmt(f),
        }
    }
}
