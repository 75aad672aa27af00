//! The command line: `--name=value`, `-name=value`, `--name value`, and `--name` for what is true.

use std::ffi::OsString;

use super::shape::AnyValue;
use super::{Error, NotFinal, OptionParser, Source};

impl OptionParser {
    /// Reads the options of a command line, and gives back the arguments after them.
    ///
    /// The first argument is the program's name, and passed over. Options are `--name=value`,
    /// `-name=value` or `--name value`; a boolean one alone is true, and takes a value only after `=`.
    /// They end with the first argument that has no dash before it, with `--`, which is dropped, or with
    /// a lone `-`. A list is replaced by what is given later, not extended.
    ///
    /// `--name value`, which Tornado does not know, takes no value that begins with a dash, unless it is
    /// a negative number.
    ///
    /// # Errors
    ///
    /// [`Error::Unrecognized`], which names the nearest option; [`Error::RequiresValue`];
    /// [`Error::BadValue`]; what a callback said. What stood before the mistake has been set.
    ///
    /// # Examples
    ///
    /// Options of a subcommand in a set of their own:
    ///
    /// ```
    /// use firewhirl_run::options::OptionParser;
    ///
    /// let options = OptionParser::new();
    /// let verbose = options.define("verbose", false);
    /// let of_import = OptionParser::new();
    /// let file = of_import.define("file", "");
    ///
    /// let rest = options.parse_command_line(["site", "--verbose", "import", "--file=stories.csv"])?;
    /// assert_eq!(rest[0], "import");
    /// assert!(of_import.parse_command_line(rest)?.is_empty());
    /// assert_eq!((verbose.get(), file.get()), (true, "stories.csv".into()));
    /// # Ok::<(), firewhirl_run::options::Error>(())
    /// ```
    pub fn parse_command_line<Arguments>(&self, arguments: Arguments) -> Result<Vec<String>, Error>
    where
        Arguments: IntoIterator<Item: Into<OsString>>,
    {
        let rest = self.not_final().parse_command_line(arguments)?;
        self.run_parse_callbacks()?;
        Ok(rest)
    }

    /// The options of a command line one after the other, until `give` fails, and the arguments after them.
    pub(super) fn each_argument(
        &self,
        arguments: impl IntoIterator<Item: Into<OsString>>,
        mut give: impl FnMut(usize, AnyValue) -> Result<(), Error>,
    ) -> Result<Vec<String>, Error> {
        let mut arguments = arguments.into_iter().skip(1).map(text).peekable();
        while let Some(argument) = arguments.next() {
            let argument = argument?;
            if argument == "--" {
                return arguments.collect();
            }
            let flag = argument.trim_start_matches('-');
            if flag.len() == argument.len() || flag.is_empty() {
                return std::iter::once(Ok(argument)).chain(arguments).collect();
            }
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            let index = self.index(name).ok_or_else(|| self.unrecognized(name, Some(Source::CommandLine)))?;
            let value = match value {
                Some(value) => value,
                None if self.shape_at(index).is_flag() => "true".to_owned(),
                None => {
                    let next = arguments.next_if(|next| !matches!(next, Ok(text) if !is_value(text)));
                    next.ok_or_else(|| Error::RequiresValue { option: super::parser::normalized(name) })??
                }
            };
            give(index, self.parse_value(index, &value, &Source::CommandLine)?)?;
        }
        Ok(Vec::new())
    }
}

impl NotFinal<'_> {
    /// As [`OptionParser::parse_command_line`], without the parse callbacks.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn parse_command_line<Arguments>(&self, arguments: Arguments) -> Result<Vec<String>, Error>
    where
        Arguments: IntoIterator<Item: Into<OsString>>,
    {
        self.0.each_argument(arguments, |index, value| self.0.assign(index, value, Source::CommandLine))
    }
}

/// Whether an argument can be the value of the option before it: not if it looks like an option itself.
fn is_value(text: &str) -> bool {
    match text.strip_prefix('-') {
        None | Some("") => true,
        Some(rest) => rest.starts_with(|first: char| first.is_ascii_digit() || first == '.'),
    }
}

fn text(argument: impl Into<OsString>) -> Result<String, Error> {
    argument.into().into_string().map_err(|argument| Error::NotText {
        text: argument.to_string_lossy().into_owned(),
        source: Source::CommandLine,
    })
}
