//! Config files of Tornado: the assignments among what Python can say.
//!
//! A line is `name = value`, where a value is text (with its prefixes and escapes, pieces in a row put
//! together), a number, `True`, `False`, `None`, a list or a tuple, a name assigned before, or
//! `__file__`. Brackets go on over lines. Whatever else Python has is refused by name, so that nobody
//! believes that it ran.

use std::collections::HashMap;
use std::iter::Peekable;
use std::path::Path;
use std::str::CharIndices;

use super::Value;
use super::config_file::{Assignment, Problem};

/// Lists inside lists that a value may have.
const DEPTH_MAX: usize = 32;

/// Reads a file; `path` is its `__file__`.
pub(super) fn read(text: &str, path: &Path) -> Result<Vec<Assignment>, Problem> {
    let mut reader =
        Reader { text, letters: text.char_indices().peekable(), line: 1, brackets: 0, names: HashMap::new() };
    reader.names.insert("__file__".to_owned(), Value::Text(path.to_string_lossy().into_owned()));
    let mut found = Vec::new();
    loop {
        reader.skip_empty_lines()?;
        if reader.peek().is_none() {
            return Ok(found);
        }
        let line = reader.line;
        let (name, value) = reader.assignment()?;
        reader.names.insert(name.clone(), value.clone());
        found.push(Assignment { name, value, line });
    }
}

struct Reader<'text> {
    text: &'text str,
    letters: Peekable<CharIndices<'text>>,
    line: usize,
    /// How many brackets are open: within them the ends of lines are spaces.
    brackets: usize,
    names: HashMap<String, Value>,
}

impl<'text> Reader<'text> {
    /// `name = value`, to the end of the line.
    fn assignment(&mut self) -> Result<(String, Value), Problem> {
        let name = self.word();
        if name.is_empty() {
            return self.problem("expected `name = value`");
        }
        self.skip_spaces();
        if name == "import" || name == "from" {
            return self.problem("nothing can be imported here: give text, which is read as on the command line");
        }
        if !self.take('=') || self.peek() == Some('=') {
            return self.problem("expected `name = value`; nothing else of Python is run");
        }
        self.skip_spaces();
        let value = self.values()?;
        self.end_of_statement()?;
        Ok((name.to_owned(), value))
    }

    /// One value, or several with commas between, which are a tuple.
    fn values(&mut self) -> Result<Value, Problem> {
        let first = self.value()?;
        if self.peek() != Some(',') {
            return Ok(first);
        }
        let mut values = vec![first];
        while self.take(',') {
            self.skip_spaces();
            if matches!(self.peek(), None | Some('\n' | '\r' | '#' | ';' | ')')) {
                break;
            }
            values.push(self.value()?);
        }
        Ok(Value::List(values))
    }

    /// A value, and the spaces after it.
    fn value(&mut self) -> Result<Value, Problem> {
        let value = match self.peek() {
            Some('[') => self.list()?,
            Some('(') => self.parentheses()?,
            Some('"' | '\'') => self.pieces(Prefix::default())?,
            Some('+' | '-' | '.') => self.number()?,
            Some(letter) if letter.is_ascii_digit() => self.number()?,
            Some(letter) if letter.is_alphabetic() || letter == '_' => self.named()?,
            Some('{') => return self.problem("a dictionary is no value of an option"),
            _ => return self.problem("expected a value: text, a number, True, False, None, or a list"),
        };
        self.skip_spaces();
        Ok(value)
    }

    fn list(&mut self) -> Result<Value, Problem> {
        self.open()?;
        let mut values = Vec::new();
        while self.peek() != Some(']') {
            values.push(self.value()?);
            if !self.take(',') && self.peek() != Some(']') {
                return self.problem("expected `,` or `]`");
            }
            self.skip_spaces();
        }
        self.close();
        Ok(Value::List(values))
    }

    /// A tuple, or a value with parentheses around it.
    fn parentheses(&mut self) -> Result<Value, Problem> {
        self.open()?;
        let value = if self.peek() == Some(')') { Value::List(Vec::new()) } else { self.values()? };
        if self.peek() != Some(')') {
            return self.problem("expected `,` or `)`");
        }
        self.close();
        Ok(value)
    }

    fn open(&mut self) -> Result<(), Problem> {
        if self.brackets == DEPTH_MAX {
            return self.problem("too many brackets inside each other");
        }
        self.letters.next();
        self.brackets += 1;
        self.skip_spaces();
        Ok(())
    }

    fn close(&mut self) {
        self.letters.next();
        self.brackets -= 1;
    }

    fn number(&mut self) -> Result<Value, Problem> {
        let negative = match self.peek() {
            Some(sign @ ('+' | '-')) => {
                self.letters.next();
                sign == '-'
            }
            _ => false,
        };
        let start = self.position();
        while let Some(letter) = self.peek() {
            let after_exponent = matches!(self.text[start..self.position()].chars().last(), Some('e' | 'E'))
                && !self.text[start..].starts_with("0x")
                && !self.text[start..].starts_with("0X");
            if letter.is_ascii_alphanumeric()
                || matches!(letter, '.' | '_')
                || (after_exponent && matches!(letter, '+' | '-'))
            {
                self.letters.next();
            } else {
                break;
            }
        }
        let written = &self.text[start..self.position()];
        match number(written) {
            Some(Value::Integer(value)) => Ok(Value::Integer(if negative { -value } else { value })),
            Some(Value::Float(value)) => Ok(Value::Float(if negative { -value } else { value })),
            _ => self.problem(&format!("{written} is no number")),
        }
    }

    /// `True`, a name assigned before, or text with a prefix.
    fn named(&mut self) -> Result<Value, Problem> {
        let word = self.word();
        if matches!(self.peek(), Some('"' | '\'')) {
            return match Prefix::of(word) {
                Some(prefix) => self.pieces(prefix),
                None => self.problem(&format!("text with the prefix {word} is no value of an option")),
            };
        }
        match word {
            "True" => Ok(Value::Bool(true)),
            "False" => Ok(Value::Bool(false)),
            "None" => Ok(Value::None),
            _ => match self.names.get(word) {
                Some(value) => Ok(value.clone()),
                None => self.problem(&format!(
                    "{word} has no value here: values are literals, names assigned before, and __file__"
                )),
            },
        }
    }

    /// Text, and the pieces that follow it, put together.
    fn pieces(&mut self, prefix: Prefix) -> Result<Value, Problem> {
        let mut text = String::new();
        self.piece(prefix, &mut text)?;
        loop {
            self.skip_spaces();
            match self.peek() {
                Some('"' | '\'') => self.piece(Prefix::default(), &mut text)?,
                Some('r' | 'R' | 'u' | 'U') => {
                    let word = self.word();
                    match (Prefix::of(word), self.peek()) {
                        (Some(prefix), Some('"' | '\'')) => self.piece(prefix, &mut text)?,
                        _ => return self.problem(&format!("unexpected {word} after text")),
                    }
                }
                _ => return Ok(Value::Text(text)),
            }
        }
    }

    /// Text between one or three quotes.
    fn piece(&mut self, prefix: Prefix, into: &mut String) -> Result<(), Problem> {
        let line = self.line;
        let unclosed = || Problem { line, reason: "text has no end".to_owned() };
        let (_, quote) = self.letters.next().ok_or_else(unclosed)?;
        let triple: String = [quote; 3].iter().collect();
        let long = self.text[self.position()..].starts_with(&triple[1..]);
        if long {
            self.letters.next();
            self.letters.next();
        }
        loop {
            if long && self.text[self.position()..].starts_with(&triple) {
                self.letters.next();
                self.letters.next();
                self.letters.next();
                return Ok(());
            }
            let (_, letter) = self.letters.next().ok_or_else(unclosed)?;
            match letter {
                _ if letter == quote && !long => return Ok(()),
                '\n' | '\r' if !long => return Err(unclosed()),
                '\n' => {
                    self.line += 1;
                    into.push('\n');
                }
                // The ends of lines of another system, which Python reads as its own.
                '\r' => {
                    if self.peek() != Some('\n') {
                        self.line += 1;
                        into.push('\n');
                    }
                }
                '\\' if prefix.raw => {
                    into.push('\\');
                    let (_, next) = self.letters.next().ok_or_else(unclosed)?;
                    self.line += usize::from(next == '\n');
                    into.push(next);
                }
                '\\' => self.escape(into)?,
                letter => into.push(letter),
            }
        }
    }

    /// What stands after a backslash.
    fn escape(&mut self, into: &mut String) -> Result<(), Problem> {
        let Some((_, letter)) = self.letters.next() else { return self.problem("text has no end") };
        let code = match letter {
            '\n' => {
                self.line += 1;
                return Ok(());
            }
            '\r' => {
                if self.peek() == Some('\n') {
                    self.letters.next();
                }
                self.line += 1;
                return Ok(());
            }
            'a' => 7,
            'b' => 8,
            't' => 9,
            'n' => 10,
            'v' => 11,
            'f' => 12,
            'r' => 13,
            '\\' | '\'' | '"' => u32::from(letter),
            '0'..='7' => {
                let start = self.position() - 1;
                while self.position() - start < 3 && matches!(self.peek(), Some('0'..='7')) {
                    self.letters.next();
                }
                // At most three digits of base 8 fit.
                u32::from_str_radix(&self.text[start..self.position()], 8).unwrap_or_default()
            }
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            'N' => return self.problem("characters cannot be given by their names; use \\u"),
            other => {
                into.push('\\');
                into.push(other);
                return Ok(());
            }
        };
        match char::from_u32(code) {
            Some(letter) => into.push(letter),
            None => return self.problem("an escape is no character"),
        }
        Ok(())
    }

    /// The number that so many digits of base 16 are.
    fn code(&mut self, digits: usize) -> Result<u32, Problem> {
        let start = self.position();
        let written =
            self.text.get(start..start + digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match written.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                self.letters.nth(digits - 1);
                Ok(code)
            }
            None => self.problem(&format!("an escape wants {digits} digits of base 16")),
        }
    }

    /// Letters, digits and underscores.
    fn word(&mut self) -> &'text str {
        let start = self.position();
        while self.letters.next_if(|(_, letter)| letter.is_alphanumeric() || *letter == '_').is_some() {}
        &self.text[start..self.position()]
    }

    /// The end of a line, or `;` and what follows it.
    fn end_of_statement(&mut self) -> Result<(), Problem> {
        self.comment();
        match self.peek() {
            None | Some('\n' | '\r') => Ok(()),
            Some(';') => {
                self.letters.next();
                self.skip_spaces();
                Ok(())
            }
            Some(_) => self.problem("expected the end of the line: values are literals, nothing is computed"),
        }
    }

    fn skip_empty_lines(&mut self) -> Result<(), Problem> {
        let mut indented = false;
        loop {
            self.comment();
            match self.peek() {
                Some('\n') => {
                    self.letters.next();
                    self.line += 1;
                    indented = false;
                }
                Some('\r' | '\u{c}') => {
                    self.letters.next();
                }
                Some(' ' | '\t') => {
                    self.letters.next();
                    indented = true;
                }
                Some(_) if indented => return self.problem("unexpected indent"),
                _ => return Ok(()),
            }
        }
    }

    /// Spaces; within brackets also ends of lines and comments.
    fn skip_spaces(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t') => {}
                Some('\r') if self.brackets > 0 => {}
                Some('\n') if self.brackets > 0 => self.line += 1,
                Some('#') if self.brackets > 0 => {
                    self.comment();
                    continue;
                }
                Some('\\') if self.text[self.position()..].starts_with("\\\n") => {
                    self.letters.next();
                    self.line += 1;
                }
                _ => return,
            }
            self.letters.next();
        }
    }

    fn comment(&mut self) {
        if self.peek() == Some('#') {
            while self.letters.next_if(|(_, letter)| *letter != '\n').is_some() {}
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.letters.peek().map(|(_, letter)| *letter)
    }

    fn position(&mut self) -> usize {
        self.letters.peek().map_or(self.text.len(), |(position, _)| *position)
    }

    fn take(&mut self, wanted: char) -> bool {
        self.letters.next_if(|(_, letter)| *letter == wanted).is_some()
    }

    fn problem<T>(&self, reason: &str) -> Result<T, Problem> {
        Err(Problem { line: self.line, reason: reason.to_owned() })
    }
}

/// What a prefix of text says.
#[derive(Clone, Copy, Default)]
struct Prefix {
    /// Backslashes stand for themselves.
    raw: bool,
}

impl Prefix {
    fn of(word: &str) -> Option<Self> {
        match word {
            "u" | "U" => Some(Self { raw: false }),
            "r" | "R" => Some(Self { raw: true }),
            _ => None,
        }
    }
}

/// A number without its sign, as Python writes them.
fn number(written: &str) -> Option<Value> {
    let small = written.to_ascii_lowercase();
    for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = small.strip_prefix(prefix) {
            // An underscore may stand right after the prefix too.
            let digits = without_underscores(digits.strip_prefix('_').unwrap_or(digits), base)?;
            let unsigned = digits.starts_with(|first: char| first.is_digit(base));
            return i128::from_str_radix(&digits, base).ok().filter(|_| unsigned).map(Value::Integer);
        }
    }
    let digits = without_underscores(&small, 10)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // Zeros before other digits are an error in Python, as they were base 8 once.
        let misleading = digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|byte| byte != b'0');
        return digits.parse().ok().filter(|_| !misleading).map(Value::Integer);
    }
    // Words such as `inf`, which Rust would read, do not begin with a digit or a point.
    let begins = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    digits.parse().ok().filter(|_| begins).map(Value::Float)
}

/// The number without its underscores, or `None` where one does not stand between two digits.
fn without_underscores(written: &str, base: u32) -> Option<String> {
    let letters: Vec<char> = written.chars().collect();
    let is_digit = |letter: Option<&char>| letter.is_some_and(|letter| letter.is_digit(base));
    let fits = |index: usize| index > 0 && is_digit(letters.get(index - 1)) && is_digit(letters.get(index + 1));
    let all_fit = (0..letters.len()).filter(|index| letters[*index] == '_').all(fits);
    all_fit.then(|| written.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Vec<(String, Value)>, Problem> {
        let found = read(text, Path::new("/etc/site.conf"))?;
        Ok(found.into_iter().map(|assignment| (assignment.name, assignment.value)).collect())
    }

    #[test]
    fn literals_are_read_as_python_reads_them() {
        let text = |text: &str| Value::Text(text.to_owned());
        #[rustfmt::skip]
        let cases = [
            ("443",                     Value::Integer(443)),
            ("-1_000",                  Value::Integer(-1000)),
            ("0xFF",                    Value::Integer(255)),
            ("0o17",                    Value::Integer(15)),
            ("1.5",                     Value::Float(1.5)),
            ("-.5e-1",                  Value::Float(-0.05)),
            ("1e3",                     Value::Float(1000.0)),
            ("True",                    Value::Bool(true)),
            ("None",                    Value::None),
            ("'a\"b'",                  text("a\"b")),
            (r#""a\n\x41\u00e9\101\q""#, text("a\nAéA\\q")),
            (r"r'\d'",                  text("\\d")),
            ("u'x' 'y' \"z\"",          text("xyz")),
            ("'''one\ntwo'''",          text("one\ntwo")),
            ("('a'\n  'b')",            text("ab")),
            ("[1, 2,\n 3, # three\n]",  Value::List(vec![Value::Integer(1), Value::Integer(2), Value::Integer(3)])),
            ("('a',)",                  Value::List(vec![text("a")])),
            ("()",                      Value::List(vec![])),
            ("1, 2",                    Value::List(vec![Value::Integer(1), Value::Integer(2)])),
            ("__file__",                text("/etc/site.conf")),
            ("\\\n 1",                  Value::Integer(1)),
        ];
        for (literal, expected) in cases {
            assert_eq!(check(&format!("x = {literal}  # why\n")), Ok(vec![("x".to_owned(), expected)]), "{literal}");
        }
    }

    #[test]
    fn a_name_stands_for_what_was_assigned_to_it() {
        let found = check("# a site\nhost = 'db'\n\nmysql_host = host; port = 1\n").unwrap();
        assert_eq!(found[1], ("mysql_host".to_owned(), Value::Text("db".to_owned())));
        assert_eq!(found[2], ("port".to_owned(), Value::Integer(1)));
    }

    #[test]
    fn what_is_no_literal_is_refused_with_its_line() {
        #[rustfmt::skip]
        let cases = [
            ("import os",           1, "nothing can be imported"),
            ("a = 1\nb = 60 * 60",  2, "expected the end of the line"),
            ("a = os.environ['x']", 1, "os has no value here"),
            ("a = f'{b}'",          1, "text with the prefix f"),
            ("a = b'x'",            1, "text with the prefix b"),
            ("a = {}",              1, "a dictionary"),
            ("a = 'x",              1, "text has no end"),
            ("a = '''x\n\n",        1, "text has no end"),
            ("a = [1\nb = 2",       2, "expected `,` or `]`"),
            ("  a = 1",             1, "unexpected indent"),
            ("a == 1",              1, "expected `name = value`"),
            ("if x:\n",             1, "expected `name = value`"),
            ("a = 017",             1, "017 is no number"),
            ("a = 1__0",            1, "1__0 is no number"),
            ("a = '\\xg1'",         1, "an escape wants 2 digits"),
            ("a =",                 1, "expected a value"),
        ];
        for (text, line, reason) in cases {
            let problem = check(text).unwrap_err();
            assert_eq!(problem.line, line, "{text:?}: {problem:?}");
            assert!(problem.reason.starts_with(reason), "{text:?}: {problem:?}");
        }
        assert!(check(&format!("a = {}", "[".repeat(100_000))).is_err());
    }
}
