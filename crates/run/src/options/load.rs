//! All sources in one call, in the order that most programs want.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;

use super::parser::HELP;
use super::shape::AnyValue;
use super::{Error, OptionParser, Source, Value};

/// What [`load`](OptionParser::load) reads, from the weakest to the strongest: config files, the
/// environment, the command line.
///
/// Unless it is told otherwise: the file that the option `config` names, if there is such an option; no
/// environment; the program's command line.
///
/// # Examples
///
/// ```
/// use firewhirl_run::options::Sources;
///
/// let sources = Sources::new().optional_config_file("/etc/site.toml").environment("SITE");
/// ```
#[derive(Clone, Debug)]
#[must_use = "sources do nothing until they are loaded"]
pub struct Sources {
    config_files: Vec<ConfigFile>,
    config_option: String,
    environment: Option<String>,
    variables: Option<Vec<(OsString, OsString)>>,
    command_line: CommandLine,
}

#[derive(Clone, Debug)]
struct ConfigFile {
    path: PathBuf,
    optional: bool,
}

#[derive(Clone, Debug)]
enum CommandLine {
    /// The program's.
    Own,
    Given(Vec<OsString>),
    /// One that clap has read.
    Matches(ArgMatches),
}

impl Sources {
    /// The option `config`, no environment, the program's command line.
    pub fn new() -> Self {
        Self {
            config_files: Vec::new(),
            config_option: "config".to_owned(),
            environment: None,
            variables: None,
            command_line: CommandLine::Own,
        }
    }

    /// Adds a config file, which has to be there. It is stronger than those before it, and weaker than
    /// the one that the user names by an option.
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_files.push(ConfigFile { path: path.into(), optional: false });
        self
    }

    /// Adds a config file that may be missing.
    pub fn optional_config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_files.push(ConfigFile { path: path.into(), optional: true });
        self
    }

    /// The option by which a user names a config file, on the command line or in the environment; with
    /// several values, several files. Default: `config`, where such an option is defined.
    pub fn config_option(mut self, name: impl Into<String>) -> Self {
        self.config_option = name.into();
        self
    }

    /// Reads the environment: with the prefix `"SITE"`, the option `port` from `SITE_PORT`. Default: it is
    /// not read.
    pub fn environment(mut self, prefix: impl Into<String>) -> Self {
        self.environment = Some(prefix.into());
        self
    }

    /// The variables in place of the process's own.
    pub fn variables<Name: Into<OsString>, Text: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (Name, Text)>,
    ) -> Self {
        self.variables = Some(variables.into_iter().map(|(name, text)| (name.into(), text.into())).collect());
        self
    }

    /// The command line in place of the process's own, the program's name first.
    pub fn command_line<Argument: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = Argument>) -> Self {
        self.command_line = CommandLine::Given(arguments.into_iter().map(Into::into).collect());
        self
    }

    /// A command line that clap has read, for a command that [`augment`](OptionParser::augment) has made.
    pub fn matches(mut self, matches: &ArgMatches) -> Self {
        self.command_line = CommandLine::Matches(matches.clone());
        self
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self::new()
    }
}

impl OptionParser {
    /// Reads all sources, so that the default is overridden by config files, these by the environment,
    /// and that by the command line; then runs the parse callbacks. Gives back the arguments after the
    /// options.
    ///
    /// Everything is read before the first option is set: a mistake anywhere leaves all as it was. What a
    /// callback refuses does not.
    ///
    /// # Errors
    ///
    /// Those of [`parse_config_file`](Self::parse_config_file),
    /// [`parse_environment`](Self::parse_environment) and [`parse_command_line`](Self::parse_command_line).
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_run::options::{OptionParser, Source, Sources};
    /// # let file = std::env::temp_dir().join(format!("firewhirl-load-{}.toml", std::process::id()));
    /// # let path = file.to_str().unwrap();
    /// # std::fs::write(path, "port = 1\nworkers = 1\naddress = '127.0.0.1'\n")?;
    ///
    /// let options = OptionParser::new();
    /// options.define("config", "").help("path to config file");
    /// let port = options.define("port", 8888_u16);
    /// let workers = options.define("workers", 4);
    /// let address = options.define("address", "");
    ///
    /// // In a program: `options.load(Sources::new().environment("SITE"))?`
    /// let sources = Sources::new()
    ///     .environment("SITE").variables([("SITE_CONFIG", path), ("SITE_PORT", "2"), ("SITE_WORKERS", "2")])
    ///     .command_line(["site", "--port=3"]);
    /// options.load(sources)?;
    /// assert_eq!((port.get(), workers.get(), address.get().as_str()), (3, 2, "127.0.0.1"));
    /// assert_eq!(port.source(), Source::CommandLine);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(&self, sources: Sources) -> Result<Vec<String>, Error> {
        let mut given = Vec::new();
        let arguments = match sources.command_line {
            CommandLine::Own => {
                self.each_argument(std::env::args_os(), |index, value| self.note(&mut given, index, value))
            }
            CommandLine::Given(arguments) => {
                self.each_argument(arguments, |index, value| self.note(&mut given, index, value))
            }
            CommandLine::Matches(matches) => {
                given = self.each_match(&matches)?;
                Ok(Vec::new())
            }
        }?;
        let variables = match (sources.environment, sources.variables) {
            (None, _) => Vec::new(),
            (Some(prefix), None) => self.each_variable(&prefix, std::env::vars_os())?,
            (Some(prefix), Some(variables)) => self.each_variable(&prefix, variables)?,
        };

        let mut files = sources.config_files;
        files.extend(self.named_files(&sources.config_option, &variables, &given));
        let mut assignments = Vec::new();
        for ConfigFile { path, optional } in files {
            match self.each_assignment(&path) {
                Err(Error::Unreadable { cause, .. }) if optional && cause.kind() == std::io::ErrorKind::NotFound => {}
                found => assignments.extend(found?),
            }
        }

        assignments.extend(variables);
        assignments.extend(given);
        for (index, value, source) in assignments {
            self.assign(index, value, source)?;
        }
        self.run_parse_callbacks()?;
        Ok(arguments)
    }

    /// Keeps what the command line gives until all is read; help is given at once.
    fn note(&self, given: &mut Vec<(usize, AnyValue, Source)>, index: usize, value: AnyValue) -> Result<(), Error> {
        if index == HELP {
            return self.assign(index, value, Source::CommandLine);
        }
        given.push((index, value, Source::CommandLine));
        Ok(())
    }

    /// The config files that an option names: on the command line, else in the environment, else before.
    fn named_files(
        &self,
        option: &str,
        variables: &[(usize, AnyValue, Source)],
        given: &[(usize, AnyValue, Source)],
    ) -> Vec<ConfigFile> {
        let Some(wanted) = self.index(option) else { return Vec::new() };
        let last = variables.iter().chain(given).rfind(|(index, ..)| *index == wanted);
        let value = last.map_or_else(|| self.value_at(wanted), |(_, value, _)| value.clone());
        let paths = match self.shape_at(wanted).plain(&value) {
            Value::List(values) => values,
            value => vec![value],
        };
        let named = paths.iter().map(Value::to_string).filter(|path| !path.is_empty());
        named.map(|path| ConfigFile { path: path.into(), optional: false }).collect()
    }
}
