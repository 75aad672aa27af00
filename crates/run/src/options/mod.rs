//! Options: declared where they are used, given on the command line, in a config file, in the
//! environment, or by the program. Tornado's `options`.
//!
//! ```
//! use std::time::Duration;
//! use firewhirl_run::options::OptionParser;
//!
//! // A program has one set for all its modules, `options()`, to which `define(..)` adds.
//! let options = OptionParser::new();
//! let port = options.define("port", 8888_u16).help("port to listen on");
//! let timeout = options.define("timeout", Duration::from_secs(30)).help("of the database");
//! let hosts = options.define("memcache_hosts", ["127.0.0.1:11011"]);
//!
//! let rest = options.parse_command_line(["site", "--port=80", "--timeout=1.5m", "--memcache-hosts=a,b", "serve"])?;
//!
//! assert_eq!((port.get(), timeout.get()), (80, Duration::from_secs(90)));
//! assert_eq!(options.get::<Vec<String>>("memcache_hosts")?, ["a", "b"]);
//! assert_eq!(rest, ["serve"]);
//! # Ok::<(), firewhirl_run::options::Error>(())
//! ```
//!
//! | | what it is |
//! |---|---|
//! | [`define`], [`Defined`] | an option of the program, and the handle that reads it; its type is its default's ([`OptionDefault`]) |
//! | [`declare_options!`] | options declared as statics, at a module's top level |
//! | [`options`] | the program's set: by name, by group, all of them |
//! | [`parse_command_line`], [`parse_config_file`], [`OptionParser::parse_environment`] | one source; the last writer wins |
//! | [`load`], [`Sources`] | all of them: default, config file, environment, command line |
//! | [`Options`], [`OptionParser::augment`] | options beside arguments that clap reads, with its subcommands |
//! | [`OptionParser`] | a set of one's own |
//!
//! Dashes and underscores are the same in names, everywhere.

mod command_line;
mod config_file;
mod datetime;
mod declare;
mod define;
mod environment;
mod errors;
mod global;
mod help;
mod load;
mod nearest;
mod parser;
mod python;
mod scope;
mod shape;
mod source;
mod subcommands;
mod timedelta;
mod toml_file;
mod types;
mod value;
mod wrap;

pub use config_file::UnknownNames;
pub use declare::{Declaration, Declared};
pub use define::Defined;
pub use errors::{CallbackResult, Error};
pub use global::{
    add_parse_callback, define, load, options, parse_command_line, parse_config_file, print_help, try_define,
};
pub use jiff::SignedDuration;
pub use jiff::civil::DateTime;
pub use load::Sources;
pub use parser::{NotFinal, OptionParser};
pub use shape::{Form, Many, One, OptionDefault, Optional};
pub use source::Source;
pub use subcommands::Options;
pub use types::{Choice, FromText, Given, OptionType, Read, choice};
pub use value::Value;

#[doc(inline)]
pub use crate::declare_options;
#[doc(hidden)]
pub use inventory;
