//! What `--help` says, in Tornado's layout, byte for byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use super::parser::{Entry, normalized};
use super::wrap::wrap;
use super::{OptionParser, Value};

/// Columns that an option with its metavar may take before its description goes to the next line.
const PREFIX_WIDTH: usize = 30;
const DESCRIPTION_WIDTH: usize = 79 - 35;

impl OptionParser {
    /// Prints all options with their help and their defaults, by groups: what `--help` prints.
    ///
    /// # Errors
    ///
    /// What `output` said.
    pub fn print_help(&self, output: &mut dyn io::Write) -> io::Result<()> {
        output.write_all(self.help_text().as_bytes())
    }

    /// What [`print_help`](Self::print_help) prints.
    ///
    /// # Examples
    ///
    /// ```
    /// # let options = firewhirl_run::options::OptionParser::new();
    /// options.define("port", 8888_u16).help("port to listen on").metavar("PORT").group("server");
    /// let help = options.help_text();
    /// let (_, listed) = help.split_once("\n\n").unwrap();
    /// assert_eq!(listed, "\
    /// Options:
    ///
    ///   --help                           show this help information
    ///
    /// server options:
    ///
    ///   --port=PORT                      port to listen on (default 8888)
    ///
    /// ");
    /// ```
    pub fn help_text(&self) -> String {
        let program = std::env::args_os().next().unwrap_or_default();
        self.help_of(&program.to_string_lossy())
    }

    fn help_of(&self, program: &str) -> String {
        let entries = self.read().entries().to_vec();
        let mut groups: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in &entries {
            groups.entry(&entry.group).or_default().push(entry);
        }
        let mut text = format!("Usage: {program} [OPTIONS]\n\nOptions:\n\n");
        for (group, mut entries) in groups {
            if !group.is_empty() {
                let _ = write!(text, "\n{} options:\n\n", normal_path(group));
            }
            entries.sort_by_key(|entry| &entry.name);
            for entry in entries {
                describe(entry, &mut text);
            }
        }
        text.push('\n');
        text
    }
}

/// An option's lines.
fn describe(entry: &Entry, text: &mut String) {
    let mut prefix = normalized(&entry.name);
    if let Some(metavar) = entry.metavar.as_deref().filter(|name| !name.is_empty()) {
        prefix.push('=');
        prefix.push_str(metavar);
    }
    let mut lines = wrap(&description(entry), DESCRIPTION_WIDTH);
    if prefix.chars().count() > PREFIX_WIDTH || lines.is_empty() {
        lines.insert(0, String::new());
    }
    // Writing to text cannot fail, here and below.
    let _ = writeln!(text, "  --{prefix:<PREFIX_WIDTH$} {}", lines[0]);
    for line in &lines[1..] {
        let _ = writeln!(text, "{:<34} {line}", " ");
    }
}

/// The help with the default, and with the names where the type has only so many.
pub(super) fn description(entry: &Entry) -> String {
    let mut text = entry.help.clone().unwrap_or_default();
    if !entry.possible().is_empty() {
        let _ = write!(text, " (one of {})", entry.possible().join(", "));
    }
    match entry.shape.plain(&entry.default) {
        Value::None => {}
        Value::Text(default) if default.is_empty() => {}
        default => {
            let _ = write!(text, " (default {})", str_of(&default));
        }
    }
    text
}

/// Python's `str(value)`, which is what Tornado shows; except that a duration stands as it is given.
fn str_of(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        value => repr_of(value),
    }
}

/// Python's `repr(value)`, which is how the members of a list are shown.
fn repr_of(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Float(number) => float_of(*number),
        Value::Integer(_) | Value::DateTime(_) => value.to_string(),
        Value::Text(text) => {
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            let escaped: String = text
                .chars()
                .map(|letter| match letter {
                    '\n' => "\\n".to_owned(),
                    '\t' => "\\t".to_owned(),
                    '\r' => "\\r".to_owned(),
                    '\\' => "\\\\".to_owned(),
                    letter if letter == quote => format!("\\{letter}"),
                    letter => letter.to_string(),
                })
                .collect();
            format!("{quote}{escaped}{quote}")
        }
        Value::List(values) => format!("[{}]", values.iter().map(repr_of).collect::<Vec<_>>().join(", ")),
    }
}

/// Python's `repr` of a float: an exponent has a sign and two digits.
fn float_of(number: f64) -> String {
    let text = if number.is_nan() { "nan".to_owned() } else { format!("{number:?}") };
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            let digits = digits.strip_suffix(".0").unwrap_or(digits);
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

/// Python's `os.path.normpath`, which Tornado puts around the name of every group.
fn normal_path(path: &str) -> String {
    let root = match path.len() - path.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if parts.is_empty() && !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    let path = format!("{root}{}", parts.join("/"));
    if path.is_empty() { ".".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::{float_of, normal_path};

    #[test]
    fn floats_are_shown_as_python_shows_them() {
        #[rustfmt::skip]
        let cases = [(1.0, "1.0"), (1.5, "1.5"), (1e16, "1e+16"), (1e-5, "1e-05"), (1.5e300, "1.5e+300"), (f64::INFINITY, "inf"), (0.0001, "0.0001")];
        for (number, expected) in cases {
            assert_eq!(float_of(number), expected);
        }
    }

    #[test]
    fn paths_of_groups_are_normal() {
        #[rustfmt::skip]
        let cases = [
            ("server", "server"), ("./a//b/../c.py", "a/c.py"), ("/a/../../b", "/b"), ("//a", "//a"), ("///a", "/a"), ("../a", "../a"), ("a/..", "."),
        ];
        for (path, expected) in cases {
            assert_eq!(normal_path(path), expected);
        }
    }
}
