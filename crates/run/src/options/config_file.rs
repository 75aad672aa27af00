//! Config files: TOML, or the assignments of a Tornado config file, which is Python.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::shape::AnyValue;
use super::{Error, NotFinal, OptionParser, Source, Value, python, toml_file};

/// What is done with a name in a config file that is no option.
///
/// Names that begin with an underscore are nobody's, and are passed over under every rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownNames {
    /// The parse fails: a typing mistake is not to go unseen. The rule for TOML, unless set.
    Refuse,
    /// The log gets a warning at the end of the parse. The rule for a Tornado config file, unless set: it
    /// has always been allowed to name more than the options.
    Warn,
    /// Nothing: Tornado's way. For a file that several programs share, each with options of its own.
    Ignore,
}

/// A name with its value, and the line on which it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) line: usize,
}

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Toml,
    /// Also what could be either.
    Assignments,
}

/// What cannot be understood, and on which line, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) reason: String,
}

impl OptionParser {
    /// Reads options from a config file, in UTF-8.
    ///
    /// A file is TOML, or a Tornado config file of plain assignments: `name = literal`, where a literal is
    /// text, a number, `True`, `False`, `None`, a list or tuple of them, `__file__`, or a name that the
    /// file has assigned before. Files that end in `.toml` are TOML and those in `.py` assignments; any
    /// other is what it can be read as, and refused where it could be both with different values (a
    /// backslash in single quotes).
    ///
    /// A value is of the option's type, or text that is read as on the command line; for an option with
    /// several values, a list or such text. A table of TOML stands for the beginning of names: `host` in
    /// `[mysql]` is the option `mysql_host`. Dashes and underscores are the same. What stands later in the
    /// file wins.
    ///
    /// Everything is read before the first option is set, so that a mistake leaves them as they were; what
    /// a callback refuses does not.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`]; [`Error::Syntax`], which shows the line; in TOML [`Error::Unrecognized`] for a
    /// name that is no option, of which a Tornado config file only warns, unless
    /// [`unknown_names`](Self::unknown_names) says otherwise; [`Error::BadValue`]; what a callback said.
    ///
    /// # Examples
    ///
    /// ```
    /// # let options = firewhirl_run::options::OptionParser::new();
    /// # let path = std::env::temp_dir().join(format!("firewhirl-options-{}.toml", std::process::id()));
    /// let port = options.define("port", 8888_u16);
    /// let hosts = options.define("memcache_hosts", Vec::<String>::new());
    ///
    /// std::fs::write(&path, "port = 80\nmemcache_hosts = ['cache1:11011', 'cache2:11011']\n")?;
    /// options.parse_config_file(&path)?;
    /// assert_eq!(port.get(), 80);
    /// assert_eq!(hosts.get(), ["cache1:11011", "cache2:11011"]);
    ///
    /// std::fs::write(&path, "prot = 80\n")?;
    /// let error = options.parse_config_file(&path).unwrap_err().to_string();
    /// assert!(error.ends_with(".toml:1: unrecognized option 'prot'; did you mean 'port'?"), "{error}");
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse_config_file(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.not_final().parse_config_file(path)?;
        self.run_parse_callbacks()
    }

    /// Reads options from the text of a config file that is already there, such as one that is part of the
    /// program. `path` names it in messages, and says by its ending what it is written in.
    ///
    /// # Errors
    ///
    /// As [`parse_config_file`](Self::parse_config_file).
    ///
    /// # Examples
    ///
    /// ```
    /// # let options = firewhirl_run::options::OptionParser::new();
    /// let port = options.define("port", 8888_u16);
    /// options.parse_config_text("port = 80", "built-in.toml")?;
    /// assert_eq!(port.get(), 80);
    /// # Ok::<(), firewhirl_run::options::Error>(())
    /// ```
    pub fn parse_config_text(&self, text: &str, path: impl AsRef<Path>) -> Result<(), Error> {
        self.not_final().parse_config_text(text, path)?;
        self.run_parse_callbacks()
    }

    /// The options in a file, in its order.
    pub(super) fn each_assignment(&self, path: &Path) -> Result<Vec<(usize, AnyValue, Source)>, Error> {
        let text = fs::read_to_string(path).map_err(|cause| Error::Unreadable { path: path.to_path_buf(), cause })?;
        self.each_assignment_of(&text, path)
    }

    fn each_assignment_of(&self, text: &str, path: &Path) -> Result<Vec<(usize, AnyValue, Source)>, Error> {
        let full_path =
            std::path::absolute(path).map_err(|cause| Error::Unreadable { path: path.to_path_buf(), cause })?;
        let (language, assignments) = read(text, &full_path).map_err(|Problem { line, reason }| Error::Syntax {
            path: path.to_path_buf(),
            line,
            text: text.lines().nth(line.saturating_sub(1)).unwrap_or_default().to_owned(),
            reason,
        })?;
        let rule = self.read().unknown_names().unwrap_or(match language {
            Language::Toml => UnknownNames::Refuse,
            Language::Assignments => UnknownNames::Warn,
        });
        let mut found = Vec::new();
        for Assignment { name, value, line } in assignments {
            let source = Source::ConfigFile { path: path.to_path_buf(), line };
            match self.index(&name) {
                Some(index) => found.push((index, self.take_value(index, &value, &source)?, source)),
                None if name.starts_with('_') => {}
                None => match rule {
                    UnknownNames::Refuse => return Err(self.unrecognized(&name, Some(source))),
                    UnknownNames::Warn => self.warn_later(self.unrecognized(&name, Some(source)).to_string()),
                    UnknownNames::Ignore => {}
                },
            }
        }
        Ok(found)
    }
}

impl NotFinal<'_> {
    /// As [`OptionParser::parse_config_file`], without the parse callbacks.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn parse_config_file(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        for (index, value, source) in self.0.each_assignment(path.as_ref())? {
            self.0.assign(index, value, source)?;
        }
        Ok(())
    }

    /// As [`OptionParser::parse_config_text`], without the parse callbacks.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn parse_config_text(&self, text: &str, path: impl AsRef<Path>) -> Result<(), Error> {
        for (index, value, source) in self.0.each_assignment_of(text, path.as_ref())? {
            self.0.assign(index, value, source)?;
        }
        Ok(())
    }
}

/// Reads a file as the language that it is in.
fn read(text: &str, path: &Path) -> Result<(Language, Vec<Assignment>), Problem> {
    let toml = |found| (Language::Toml, found);
    let python = |found| (Language::Assignments, found);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("toml") => return toml_file::read(text).map(toml),
        Some("py") => return python::read(text, path).map(python),
        _ => {}
    }
    match (toml_file::read(text), python::read(text, path)) {
        (Ok(as_toml), Ok(as_python)) => match difference(&as_toml, &as_python) {
            None => Ok(python(as_python)),
            Some(line) => Err(Problem {
                line,
                reason: "means one thing in TOML and another in a Tornado config file; end the file's name in .toml \
                         or .py"
                    .to_owned(),
            }),
        },
        (Ok(found), Err(_)) => Ok(toml(found)),
        (Err(_), Ok(found)) => Ok(python(found)),
        // The language in which more of it can be read is the one that was meant.
        (Err(Problem { line: before, .. }), Err(Problem { line, reason })) if line > before => {
            Err(Problem { line, reason: format!("as assignments: {reason}") })
        }
        (Err(Problem { line, reason }), Err(_)) => Err(Problem { line, reason: format!("as TOML: {reason}") }),
    }
}

/// The line of the first name whose value is not the same in both readings.
fn difference(toml: &[Assignment], python: &[Assignment]) -> Option<usize> {
    let last: BTreeMap<&str, &Value> =
        python.iter().map(|assignment| (assignment.name.as_str(), &assignment.value)).collect();
    toml.iter()
        .find(|assignment| last.get(assignment.name.as_str()) != Some(&&assignment.value))
        .map(|found| found.line)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_file_is_what_it_can_be_read_as() {
        let name = |name: &str| PathBuf::from(name);
        #[rustfmt::skip]
        let cases = [
            ("both",                    "port=443\n",                     Ok("443")),
            ("TOML alone",              "port = 443\n[table]\n",          Ok("443")),
            ("assignments alone",       "debug = True\nport=443\n",       Ok("True,443")),
            ("differs",                 "a = 1\nport = 'a\\\\b'\n",       Err((2, "means one thing"))),
            ("neither, TOML further",   "[table]\nport = \n",             Err((2, "as TOML"))),
            ("neither, Python further", "debug = True\nport = f()\n",     Err((2, "as assignments"))),
            ("differs by its dates",    "port = 2013-04-28\n",            Ok("2013-04-28 00:00:00")),
            ("a byte order mark",       "\u{feff}port = 1\n",             Ok("1")),
            ("empty",                   "",                               Ok("")),
            ("comments",                "# one\n# two\n",                 Ok("")),
        ];
        for (what, text, expected) in cases {
            let found = read(text, &name("/etc/site.conf"));
            match expected {
                Ok(values) => {
                    let found = found.unwrap_or_else(|problem| panic!("{what}: {problem:?}"));
                    let text: Vec<String> = found.1.iter().map(|found| spelled(&found.value)).collect();
                    assert_eq!(text.join(","), values, "{what}");
                }
                Err((line, reason)) => {
                    let problem = found.unwrap_err();
                    assert_eq!(problem.line, line, "{what}: {problem:?}");
                    assert!(problem.reason.starts_with(reason), "{what}: {problem:?}");
                }
            }
        }
        // The name decides where there is a choice.
        assert_eq!(read("p = 'a\\\\b'", &name("/a.toml")).unwrap().1[0].value, Value::Text("a\\\\b".into()));
        assert_eq!(read("p = 'a\\\\b'", &name("/a.py")).unwrap().1[0].value, Value::Text("a\\b".into()));
        assert!(read("p = True", &name("/a.toml")).is_err());
    }

    fn spelled(value: &Value) -> String {
        match value {
            Value::Bool(true) => "True".to_owned(),
            value => value.to_string(),
        }
    }
}
