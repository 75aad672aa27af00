//! Options beside the arguments of a program that clap reads: its own commands, flags and subcommands,
//! derived or built.
//!
//! Such a program follows clap's rules on its command line: `--name value` or `--name=value`, an unknown
//! flag wherever it stands is an error, `--help` is clap's.

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::parser::{Entry, normalized};
use super::shape::AnyValue;
use super::{Error, OptionParser, Source, Sources, Value, help, options};

/// The program's options, as a part of arguments that derive `clap::Parser`.
///
/// They are read when clap reads the rest: from the sources that
/// [`read_with_clap`](OptionParser::read_with_clap) names, and the command line. The options have to be
/// defined before. It stands for [`options`], and an option may stand before or after a subcommand.
///
/// # Examples
///
/// ```
/// use clap::{Parser, Subcommand};
/// use firewhirl_run::options::{self, Options};
///
/// #[derive(Parser)]
/// struct Site {
///     #[command(flatten)]
///     options: Options,
///     #[command(subcommand)]
///     command: Command,
/// }
///
/// #[derive(Subcommand, Debug, PartialEq)]
/// enum Command {
///     /// Serve the site.
///     Serve,
///     /// Read stories from a file.
///     Import { file: String },
/// }
///
/// let port = options::define("port", 8888_u16).help("port to listen on");
/// let site = Site::parse_from(["site", "--port=80", "import", "stories.csv"]);
/// assert_eq!(site.command, Command::Import { file: "stories.csv".into() });
/// assert_eq!(port.get(), 80);
/// assert!(site.options.contains("port"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Options;

impl std::ops::Deref for Options {
    type Target = OptionParser;

    fn deref(&self) -> &OptionParser {
        options()
    }
}

impl Args for Options {
    fn augment_args(command: Command) -> Command {
        options().augment(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        options().augment(command)
    }
}

impl FromArgMatches for Options {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        options().load(options().sources().matches(matches)).map_err(of_clap)?;
        Ok(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        options().take_matches(matches).map_err(of_clap)
    }
}

impl OptionParser {
    /// Adds the options to a command of clap's, by groups, so that it reads them too and lists them in
    /// its help. [`take_matches`](Self::take_matches), or [`load`](Self::load) with
    /// [`Sources::matches`], takes them back.
    ///
    /// They are arguments of all its subcommands as well. Their identifiers in clap are their names with
    /// dashes.
    ///
    /// # Examples
    ///
    /// ```
    /// use clap::{Arg, Command};
    /// use firewhirl_run::options::OptionParser;
    ///
    /// let options = OptionParser::new();
    /// let port = options.define("port", 8888_u16);
    /// let command = options.augment(Command::new("site").arg(Arg::new("name")));
    ///
    /// let matches = command.get_matches_from(["site", "--port", "80", "blog"]);
    /// options.take_matches(&matches)?;
    /// assert_eq!(port.get(), 80);
    /// assert_eq!(matches.get_one::<String>("name").unwrap(), "blog");
    /// # Ok::<(), firewhirl_run::options::Error>(())
    /// ```
    pub fn augment(&self, mut command: Command) -> Command {
        let entries = self.read().entries().to_vec();
        let mut entries: Vec<(usize, &Entry)> = entries.iter().enumerate().skip(1).collect();
        entries.sort_by_key(|(_, entry)| (&entry.group, &entry.name));
        for (index, entry) in entries {
            command = command.arg(self.argument(index, entry));
        }
        command
    }

    /// Takes the options out of what clap has read, and runs the parse callbacks.
    ///
    /// # Errors
    ///
    /// What a callback said. Values were looked at while clap read them.
    pub fn take_matches(&self, matches: &ArgMatches) -> Result<(), Error> {
        for (index, value, source) in self.each_match(matches)? {
            self.assign(index, value, source)?;
        }
        self.run_parse_callbacks()
    }

    /// What [`Options`] reads beside the command line that clap reads. Default: [`Sources::new`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use firewhirl_run::options::{Options, Sources, options};
    /// # #[derive(clap::Parser)] struct Site { #[command(flatten)] options: Options }
    /// # use clap::Parser;
    /// options().read_with_clap(Sources::new().optional_config_file("/etc/site.toml").environment("SITE"));
    /// let site = Site::parse();
    /// ```
    pub fn read_with_clap(&self, sources: Sources) {
        self.set_sources(sources);
    }

    fn argument(&self, index: usize, entry: &Entry) -> Arg {
        let name = normalized(&entry.name);
        let metavar = entry.metavar.clone().unwrap_or_else(|| name.to_uppercase().replace('-', "_"));
        let mut argument = Arg::new(name.clone())
            .long(name.clone())
            .value_name(metavar)
            .help(help::description(entry).trim_start().to_owned())
            .help_heading(format!("{} options", entry.group))
            .action(ArgAction::Set)
            .overrides_with(name.clone())
            .allow_negative_numbers(true)
            .global(true)
            .hide_possible_values(true);
        let several = matches!(entry.shape.plain(&entry.default), Value::List(_));
        argument = if several || entry.possible().is_empty() {
            // Looked at while clap reads it, so that clap says what is wrong with it.
            let parser = self.clone();
            argument.value_parser(move |text: &str| match parser.parse_value(index, text, &Source::CommandLine) {
                Err(Error::BadValue { reason, .. }) => Err(reason),
                Err(error) => Err(error.to_string()),
                Ok(_) => Ok(text.to_owned()),
            })
        } else {
            // Completions of shells know these.
            argument.value_parser(PossibleValuesParser::new(entry.possible().iter().cloned()))
        };
        if name.contains('-') {
            argument = argument.alias(name.replace('-', "_"));
        }
        if entry.shape.is_flag() {
            argument = argument.num_args(0..=1).require_equals(true).default_missing_value("true");
        }
        argument
    }

    /// The options that a command line of clap's gives, in its order.
    pub(super) fn each_match(&self, matches: &ArgMatches) -> Result<Vec<(usize, AnyValue, Source)>, Error> {
        let names: Vec<String> = self.read().entries().iter().map(|entry| normalized(&entry.name)).collect();
        let mut found = Vec::new();
        for (index, name) in names.iter().enumerate().skip(1) {
            // An option that was defined since is none of the command's arguments.
            if let Ok(Some(text)) = matches.try_get_one::<String>(name) {
                let place = matches.indices_of(name).and_then(|mut places| places.next_back());
                found.push((place, index, self.parse_value(index, text, &Source::CommandLine)?));
            }
        }
        found.sort_by_key(|(place, ..)| *place);
        Ok(found.into_iter().map(|(_, index, value)| (index, value, Source::CommandLine)).collect())
    }
}

/// An error of ours as one of clap's, with what caused it.
fn of_clap(error: Error) -> clap::Error {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        message.push_str(&format!(": {error}"));
        cause = error.source();
    }
    clap::Error::raw(ErrorKind::ValueValidation, message)
}
