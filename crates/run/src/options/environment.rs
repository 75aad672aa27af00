//! Variables of the environment, under a prefix that the program chooses.

use std::ffi::OsString;

use super::parser::HELP;
use super::shape::AnyValue;
use super::{Error, NotFinal, OptionParser, Source};

impl OptionParser {
    /// Reads options from the environment: with the prefix `"SITE"`, the option `mysql_host` from
    /// `SITE_MYSQL_HOST`. Values are written as on the command line; `help` is never read.
    ///
    /// Variables with the prefix that are no options are left alone; one that is nearly one is warned
    /// about in the log, at the end of parsing. Tornado reads no environment.
    ///
    /// # Errors
    ///
    /// [`Error::BadValue`], which names the variable; what a callback said.
    pub fn parse_environment(&self, prefix: &str) -> Result<(), Error> {
        self.parse_environment_of(prefix, std::env::vars_os())
    }

    /// The same from variables that are given, names with their values.
    ///
    /// # Errors
    ///
    /// As [`parse_environment`](Self::parse_environment).
    ///
    /// # Examples
    ///
    /// ```
    /// # let options = firewhirl_run::options::OptionParser::new();
    /// let port = options.define("port", 8888_u16);
    /// options.parse_environment_of("SITE", [("SITE_PORT", "80"), ("HOME", "/root")])?;
    /// assert_eq!(port.get(), 80);
    ///
    /// let error = options.parse_environment_of("SITE", [("SITE_PORT", "none")]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "option 'port' from SITE_PORT=none: expected an integer, got 'none' (invalid digit found in string)"
    /// );
    /// # Ok::<(), firewhirl_run::options::Error>(())
    /// ```
    pub fn parse_environment_of<Name: Into<OsString>, Text: Into<OsString>>(
        &self,
        prefix: &str,
        variables: impl IntoIterator<Item = (Name, Text)>,
    ) -> Result<(), Error> {
        self.not_final().parse_environment_of(prefix, variables)?;
        self.run_parse_callbacks()
    }

    /// The options among the variables, in the order of their definitions.
    pub(super) fn each_variable<Name: Into<OsString>, Text: Into<OsString>>(
        &self,
        prefix: &str,
        variables: impl IntoIterator<Item = (Name, Text)>,
    ) -> Result<Vec<(usize, AnyValue, Source)>, Error> {
        let prefix = format!("{}_", prefix.trim_end_matches('_'));
        let mut found = Vec::new();
        for (variable, value) in variables {
            // A name that is no text is nobody's.
            let Ok(variable) = variable.into().into_string() else { continue };
            let Some(name) = variable.strip_prefix(&prefix) else { continue };
            let source = Source::Environment { variable: variable.clone() };
            let index = self.read().entries().iter().position(|entry| in_capitals(&entry.name) == name);
            match index {
                Some(index) => found.push((index, source, value.into())),
                None => {
                    if let Some(nearest) = self.nearest(&name.to_lowercase(), Some(&source)) {
                        let meant = in_capitals(&nearest);
                        self.warn_later(format!("{variable} is no option; did you mean {prefix}{meant}?"));
                    }
                }
            }
        }
        found.retain(|(index, ..)| *index != HELP);
        found.sort_by_key(|(index, ..)| *index);
        found
            .into_iter()
            .map(|(index, source, value)| {
                let text = value.into_string().map_err(|value| Error::NotText {
                    text: value.to_string_lossy().into_owned(),
                    source: source.clone(),
                })?;
                Ok((index, self.parse_value(index, &text, &source)?, source))
            })
            .collect()
    }
}

/// An option's name as variables write it.
fn in_capitals(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

impl NotFinal<'_> {
    /// As [`OptionParser::parse_environment`], without the parse callbacks.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn parse_environment(&self, prefix: &str) -> Result<(), Error> {
        self.parse_environment_of(prefix, std::env::vars_os())
    }

    /// As [`OptionParser::parse_environment_of`], without the parse callbacks.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn parse_environment_of<Name: Into<OsString>, Text: Into<OsString>>(
        &self,
        prefix: &str,
        variables: impl IntoIterator<Item = (Name, Text)>,
    ) -> Result<(), Error> {
        for (index, value, source) in self.0.each_variable(prefix, variables)? {
            self.0.assign(index, value, source)?;
        }
        Ok(())
    }
}
