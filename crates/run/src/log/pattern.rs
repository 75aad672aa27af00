//! The pattern of a line, in Python's notation: `%(name)s`, with width, precision, `-` and `0`.

use std::process;
use std::time::UNIX_EPOCH;

use super::{LogError, LogFormatter, Record};

/// A pattern, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Name(Name, Layout),
}

/// What a pattern may name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Name {
    Color,
    EndColor,
    Level,
    AscTime,
    Milliseconds,
    Created,
    Target,
    Module,
    LineNumber,
    File,
    Path,
    Process,
    Thread,
    Message,
    Fields,
    RequestId,
    TraceId,
    SpanId,
}

#[rustfmt::skip]
const NAMES: &[(&str, Name)] = &[
    ("color",      Name::Color),
    ("end_color",  Name::EndColor),
    ("levelname",  Name::Level),
    ("asctime",    Name::AscTime),
    ("msecs",      Name::Milliseconds),
    ("created",    Name::Created),
    ("name",       Name::Target),
    ("module",     Name::Module),
    ("lineno",     Name::LineNumber),
    ("filename",   Name::File),
    ("pathname",   Name::Path),
    ("process",    Name::Process),
    ("threadName", Name::Thread),
    ("message",    Name::Message),
    ("fields",     Name::Fields),
    ("request_id", Name::RequestId),
    ("trace_id",   Name::TraceId),
    ("span_id",    Name::SpanId),
];

/// How wide a value stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Layout {
    left: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Kind {
    #[default]
    Text,
    Integer,
    Float,
}

impl Default for Pattern {
    fn default() -> Self {
        // A test parses it.
        Self::parse(LogFormatter::DEFAULT_FORMAT).unwrap_or_else(|_| Self(Vec::new()))
    }
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, LogError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            literal.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                literal.push('%');
                rest = after;
                continue;
            }
            let error = |problem| LogError::Pattern { part: format!("%{}", first_word(after)), problem };
            let named = after.strip_prefix('(').and_then(|after| after.split_once(')'));
            let (name, after) = named.ok_or_else(|| error("expected `%(name)s`, or `%%` for a per cent sign"))?;
            let known = NAMES.iter().find(|(known, _)| *known == name);
            let (_, name) =
                known.ok_or_else(|| error("no such name; the names are those that `LogFormatter::fmt` lists"))?;
            let (layout, after) = Layout::parse(after).ok_or_else(|| error("expected s, d or f behind the name"))?;
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            if layout.kind != Kind::Text && !name.is_number() {
                return Err(error("is a text: write s behind it"));
            }
            pieces.push(Piece::Name(*name, layout));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self(pieces))
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Whether the pattern names this.
    pub(super) fn names(&self, name: Name) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Name(own, _) if *own == name))
    }
}

fn first_word(text: &str) -> &str {
    text.split_inclusive([')', ' ']).next().unwrap_or(text)
}

impl Name {
    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Milliseconds | Self::Created | Self::LineNumber | Self::Process)
    }

    /// The value of what is a number.
    pub(super) fn number(self, record: &Record<'_>) -> Option<f64> {
        let since_epoch = || record.time().duration_since(UNIX_EPOCH).unwrap_or_default();
        Some(match self {
            Self::Milliseconds => f64::from(since_epoch().subsec_millis()),
            Self::Created => since_epoch().as_secs_f64(),
            Self::LineNumber => f64::from(record.line().unwrap_or(0)),
            Self::Process => f64::from(process::id()),
            _ => return None,
        })
    }
}

impl Layout {
    /// Reads what follows a name, up to its letter.
    fn parse(text: &str) -> Option<(Self, &str)> {
        let mut layout = Self::default();
        let mut rest = text;
        loop {
            match rest.as_bytes().first()? {
                b'-' => layout.left = true,
                b'0' => layout.zeros = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        (layout.width, rest) = number(rest)?;
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = number(after)?;
            layout.precision = Some(precision);
            rest = after;
        }
        layout.kind = match rest.as_bytes().first()? {
            b's' => Kind::Text,
            b'd' | b'i' => Kind::Integer,
            b'f' => Kind::Float,
            _ => return None,
        };
        Some((layout, &rest[1..]))
    }

    /// Whether a text stands as it is.
    pub(super) fn is_plain(&self) -> bool {
        self.width == 0 && self.precision.is_none()
    }

    pub(super) fn push_text(&self, line: &mut String, text: &str) {
        let end =
            self.precision.and_then(|precision| text.char_indices().nth(precision)).map_or(text.len(), |(end, _)| end);
        self.push_padded(line, &text[..end], ' ');
    }

    pub(super) fn push_number(&self, line: &mut String, number: f64) {
        let text = match self.kind {
            Kind::Float => format!("{number:.precision$}", precision = self.precision.unwrap_or(6)),
            // Python shows what is no integer with `%s` in full.
            Kind::Text => number.to_string(),
            Kind::Integer => format!("{number:.0}"),
        };
        self.push_padded(line, &text, if self.zeros && !self.left { '0' } else { ' ' });
    }

    fn push_padded(&self, line: &mut String, text: &str, padding: char) {
        let missing = self.width.saturating_sub(text.chars().count());
        if self.left {
            line.push_str(text);
        }
        line.extend(std::iter::repeat_n(padding, missing));
        if !self.left {
            line.push_str(text);
        }
    }
}

/// The digits at the start of a text as a number, 0 if there are none.
fn number(text: &str) -> Option<(usize, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit())?;
    let (digits, rest) = text.split_at(end);
    // A width that no line has is a mistake.
    let number = if digits.is_empty() { 0 } else { digits.parse().ok().filter(|number| *number <= 10_000)? };
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_pattern_is_tornados() {
        let pattern = Pattern::default();
        assert_eq!(Pattern::parse(LogFormatter::DEFAULT_FORMAT).unwrap(), pattern);
        assert!(pattern.names(Name::Message) && !pattern.names(Name::Fields));
    }

    #[test]
    fn what_no_pattern_has_is_an_error_that_names_it() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str)] = &[
            ("%(levelname)q",      "%(levelname)"),
            ("%(levelname)",       "%(levelname)"),
            ("x %(colour)s",       "%(colour)"),
            ("%(message",          "%(message"),
            ("100% sure",          "% "),
            ("%(message)d",        "%(message)"),
            ("%(name)99999999s",   "%(name)"),
            ("%",                  "%"),
        ];
        for &(text, expected) in CASES {
            match Pattern::parse(text) {
                Err(LogError::Pattern { part, .. }) => assert_eq!(part, expected, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn values_stand_as_wide_as_asked() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str)] = &[
            ("s",     "[WARNING]"),
            ("1.1s",  "[W]"),
            ("9s",    "[  WARNING]"),
            ("-9s",   "[WARNING  ]"),
            ("-4.2s", "[WA  ]"),
            ("3s",    "[WARNING]"),
        ];
        for &(layout, expected) in CASES {
            let mut line = "[".to_owned();
            Layout::parse(layout).unwrap().0.push_text(&mut line, "WARNING");
            assert_eq!(line + "]", expected, "{layout}");
        }
        #[rustfmt::skip]
        const NUMBERS: &[(&str, f64, &str)] = &[
            ("d",    7.0,   "7"),
            ("03d",  7.0,   "007"),
            ("3d",   7.0,   "  7"),
            ("-3d",  7.0,   "7  "),
            (".2f",  7.125, "7.12"),
            ("s",    7.5,   "7.5"),
        ];
        for &(layout, number, expected) in NUMBERS {
            let mut line = String::new();
            Layout::parse(layout).unwrap().0.push_number(&mut line, number);
            assert_eq!(line, expected, "{layout}");
        }
    }
}
