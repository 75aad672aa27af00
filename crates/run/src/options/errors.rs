//! What can be wrong with options: the definitions, what users gave, and what callbacks said.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::path::PathBuf;

use super::Source;

/// What is wrong with an option or with what was given for it. Tornado's `options.Error`.
///
/// The message names the option and where the value came from.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A name was defined twice; dashes and underscores are the same.
    AlreadyDefined {
        /// The name.
        name: String,
        /// Where it was defined first.
        first: &'static Location<'static>,
        /// Where it was to be defined again.
        second: &'static Location<'static>,
    },
    /// A name cannot be that of an option: it is empty, begins with a dash, or has a space or `=` in it.
    BadName {
        /// The name.
        name: String,
        /// Where it was to be defined.
        place: &'static Location<'static>,
    },
    /// There is no option of this name.
    Unrecognized {
        /// The name as it was given.
        name: String,
        /// Who gave it; `None` where the program asked.
        source: Option<Source>,
        /// A name that is defined and near.
        nearest: Option<String>,
    },
    /// The command line names an option and gives no value.
    RequiresValue {
        /// The option.
        option: String,
    },
    /// A value that the option cannot take.
    BadValue {
        /// The option.
        option: String,
        /// Who gave it.
        source: Source,
        /// The value as it was given.
        value: String,
        /// What was expected, and what is wrong.
        reason: String,
    },
    /// The program asked for another type than the option's, or set it.
    WrongType {
        /// The option.
        option: String,
        /// The option's type.
        required: &'static str,
        /// The type asked for, or given.
        given: &'static str,
    },
    /// An argument that is no UTF-8.
    NotText {
        /// The argument or the variable's value, as far as it is text.
        text: String,
        /// Where it stands.
        source: Source,
    },
    /// A config file could not be read.
    Unreadable {
        /// The path, as it was given.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// A config file that cannot be understood.
    Syntax {
        /// The path, as it was given.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// That line.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A callback of an option, or one that ends a parse, failed.
    Callback {
        /// The option, and who gave its value; `None` for a parse callback.
        option: Option<(String, Source)>,
        /// What it said.
        cause: Box<dyn StdError + Send + Sync>,
    },
    /// `--help` was given, to a parser that does not end the program itself
    /// ([`exit_on_help`](super::OptionParser::exit_on_help)). The message is the help.
    HelpRequested(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyDefined { name, first, second } => {
                write!(f, "option '{name}' already defined in {first}; {second} has to give another name")
            }
            Self::BadName { name, place } => write!(
                f,
                "'{name}', defined in {place}, cannot be an option's name: it has to begin with a letter, a digit or an \
                 underscore, and to have no space and no '=' in it"
            ),
            Self::Unrecognized { name, source, nearest } => {
                let dashes = if *source == Some(Source::CommandLine) { "--" } else { "" };
                match source {
                    Some(Source::CommandLine) => write!(f, "unrecognized command line option: '--{name}'")?,
                    Some(source) => write!(f, "{source}: unrecognized option '{name}'")?,
                    None => write!(f, "unrecognized option '{name}'")?,
                }
                match (nearest, source) {
                    (Some(nearest), _) => write!(f, "; did you mean '{dashes}{nearest}'?"),
                    (None, Some(Source::CommandLine)) => write!(f, "; --help lists them all"),
                    (None, Some(Source::ConfigFile { .. })) => {
                        write!(f, "; it has to be defined, or the parser told to ignore unknown names")
                    }
                    (None, _) => write!(f, "; it has to be defined first"),
                }
            }
            Self::RequiresValue { option } => {
                write!(f, "command line: option '{option}' requires a value: --{option}=VALUE")
            }
            Self::BadValue { option, source: Source::Environment { variable }, value, reason } => {
                write!(f, "option '{option}' from {variable}={value}: {reason}")
            }
            Self::BadValue { option, source, reason, .. } => write!(f, "{source}: option '{option}': {reason}"),
            Self::WrongType { option, required, given } => {
                write!(f, "option '{option}' is required to be a {required} ({given} given)")
            }
            Self::NotText { text, source } => write!(f, "{source}: '{text}' is no UTF-8"),
            Self::Unreadable { path, .. } => write!(f, "config file {} cannot be read", path.display()),
            Self::Syntax { path, line, text, reason } => {
                write!(f, "{}:{line}: {reason}\n  {}", path.display(), text.trim())
            }
            Self::Callback { option: Some((option, source)), .. } => {
                write!(f, "{source}: the callback of option '{option}' failed")
            }
            Self::Callback { option: None, .. } => write!(f, "a callback at the end of parsing failed"),
            Self::HelpRequested(help) => f.write_str(help),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unreadable { cause, .. } => Some(cause),
            Self::Callback { cause, .. } => Some(&**cause),
            _ => None,
        }
    }
}

/// What a callback may return: nothing, or a result whose error ends the parse.
///
/// An [`Error`] of this module passes through unchanged, so that a config file that a callback reads is
/// complained of as if it had been read directly.
#[diagnostic::on_unimplemented(
    message = "a callback of options cannot return `{Self}`",
    note = "it returns nothing, or a `Result<(), E>` where `E` is any error"
)]
pub trait CallbackResult {
    /// The error, if there is one.
    fn into_error(self) -> Option<Box<dyn StdError + Send + Sync>>;
}

impl CallbackResult for () {
    fn into_error(self) -> Option<Box<dyn StdError + Send + Sync>> {
        None
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> CallbackResult for Result<(), E> {
    fn into_error(self) -> Option<Box<dyn StdError + Send + Sync>> {
        self.err().map(Into::into)
    }
}

/// What a callback said, as an error of the parse.
pub(super) fn of_callback(option: Option<(String, Source)>, cause: Box<dyn StdError + Send + Sync>) -> Error {
    match cause.downcast::<Error>() {
        Ok(error) => *error,
        Err(cause) => Error::Callback { option, cause },
    }
}
