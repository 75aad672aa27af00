//! What can be wrong with how a log is set up.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::options;

/// A log that cannot be set up as asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum LogError {
    /// The text of levels is none; see [`Levels`](super::Levels).
    Levels {
        /// The part that is wrong.
        part: String,
    },
    /// A pattern of a [`LogFormatter`](super::LogFormatter) has something that cannot be filled in.
    Pattern {
        /// The part that is wrong.
        part: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A format of dates has something that no date has.
    DateFormat {
        /// The format.
        format: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `log_rotate_mode` is neither `size` nor `time`.
    RotateMode {
        /// What it is.
        mode: String,
    },
    /// `log_rotate_when` is none of `S`, `M`, `H`, `D`, `midnight`, `W0` to `W6`.
    RotateWhen {
        /// What it is.
        when: String,
    },
    /// A number of a rotation makes no sense.
    RotateNumber {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: i64,
    },
    /// `log_format` is none of `auto`, `pretty`, `plain`, `json`.
    Format {
        /// What it is.
        format: String,
    },
    /// A log file cannot be opened.
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// An option of the log is missing or of another type.
    Options(options::Error),
    /// The program has a subscriber of its own already, so that options that ask for a log cannot be
    /// met.
    SubscriberSet,
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Levels { part } => write!(
                f,
                "{part:?} is no log level; expected debug, info, warning, error or none, for single targets as in \
                 \"info,firewhirl::access=warning\""
            ),
            Self::Pattern { part, problem } => write!(f, "{part:?} in a log pattern: {problem}"),
            Self::DateFormat { format, problem } => write!(f, "{format:?} is no format of dates: {problem}"),
            Self::RotateMode { mode } => {
                write!(f, "The value of log_rotate_mode option should be \"size\" or \"time\", not \"{mode}\".")
            }
            Self::RotateWhen { when } => {
                write!(f, "log_rotate_when is {when:?}; expected S, M, H, D, midnight, or W0 (Monday) to W6")
            }
            Self::RotateNumber { option, value } => write!(f, "{option} is {value}; expected a positive number"),
            Self::Format { format } => write!(f, "log_format is {format:?}; expected auto, pretty, plain or json"),
            Self::Open { path, error } => {
                write!(f, "the log file {} cannot be opened: {error}", path.display())?;
                if error.kind() == io::ErrorKind::NotFound {
                    f.write_str("; make its directory first")?;
                }
                Ok(())
            }
            Self::Options(error) => write!(f, "{error}; `define_logging_options` defines those of the log"),
            Self::SubscriberSet => f.write_str(
                "the program has set a subscriber of `tracing` already; add `log::layer(&options)` to it, or leave \
                 log_file_prefix and log_to_stderr alone",
            ),
        }
    }
}

impl std::error::Error for LogError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Open { error, .. } => Some(error),
            Self::Options(error) => Some(error),
            _ => None,
        }
    }
}

impl From<options::Error> for LogError {
    fn from(error: options::Error) -> Self {
        Self::Options(error)
    }
}
