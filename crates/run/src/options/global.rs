//! The program's own set of options, which every module adds to.

use std::panic::Location;
use std::path::Path;
use std::sync::OnceLock;

use super::errors::CallbackResult;
use super::{Defined, Error, OptionDefault, OptionParser, Sources};
use crate::log::define_logging_options;

/// The program's set of options, with those of the [log](define_logging_options). Tornado's `options.options`.
///
/// All threads see the same one. Options that modules declare by
/// [`declare_options!`](super::declare_options) are in it from the start.
///
/// # Panics
///
/// If two modules declare the same name.
pub fn options() -> &'static OptionParser {
    static OPTIONS: OnceLock<OptionParser> = OnceLock::new();
    OPTIONS.get_or_init(|| {
        let parser = OptionParser::new();
        define_logging_options(&parser);
        super::declare::define_declared(&parser);
        parser
    })
}

/// Defines an option of the program: [`OptionParser::define`] on [`options`].
///
/// # Panics
///
/// If the name is already taken, or cannot be one; [`try_define`] gives the error.
///
/// # Examples
///
/// ```
/// use firewhirl_run::options::{define, options};
///
/// let mysql_host = define("mysql_host", "127.0.0.1:3306").help("Main user DB");
/// assert_eq!(mysql_host.get(), "127.0.0.1:3306");
/// assert_eq!(options().get::<String>("mysql-host")?, "127.0.0.1:3306");
/// # Ok::<(), firewhirl_run::options::Error>(())
/// ```
#[track_caller]
pub fn define<D: OptionDefault<Kind>, Kind>(name: &str, default: D) -> Defined<D::Value> {
    options().define(name, default)
}

/// Defines an option of the program, as [`define`] does.
///
/// # Errors
///
/// [`Error::AlreadyDefined`] and [`Error::BadName`].
#[track_caller]
pub fn try_define<D: OptionDefault<Kind>, Kind>(name: &str, default: D) -> Result<Defined<D::Value>, Error> {
    options().define_at(name, default, Location::caller())
}

/// Reads the options on the program's command line, and gives back the arguments after them:
/// [`OptionParser::parse_command_line`] on [`options`].
///
/// # Errors
///
/// The same.
pub fn parse_command_line() -> Result<Vec<String>, Error> {
    options().parse_command_line(std::env::args_os())
}

/// Reads options of the program from a config file: [`OptionParser::parse_config_file`] on [`options`].
///
/// # Errors
///
/// The same.
pub fn parse_config_file(path: impl AsRef<Path>) -> Result<(), Error> {
    options().parse_config_file(path)
}

/// Reads the program's options from all `sources`, each stronger than the one before: default, config
/// files, environment, command line. [`OptionParser::load`] on [`options`].
///
/// # Errors
///
/// The same.
pub fn load(sources: Sources) -> Result<Vec<String>, Error> {
    options().load(sources)
}

/// Prints all options of the program to the standard error output, as Tornado does;
/// [`OptionParser::print_help`] prints them elsewhere.
pub fn print_help() {
    // Where the error output is closed, there is nobody to tell.
    let _ = options().print_help(&mut std::io::stderr().lock());
}

/// Runs `callback` at the end of every final parse of the program's options:
/// [`OptionParser::add_parse_callback`] on [`options`].
pub fn add_parse_callback<Outcome: CallbackResult>(callback: impl Fn() -> Outcome + Send + Sync + 'static) {
    options().add_parse_callback(callback);
}
