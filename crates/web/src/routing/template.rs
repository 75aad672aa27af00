//! Path templates: `/story/{id}`, `/{year}-{month}`, `/files/{*path}`.
//!
//! A parameter is a part of one segment and not empty; a rest takes what is left. Matching is one pass
//! over the path: between two parameters of a segment the literal is looked for at its first place, a
//! segment's last literal at the segment's end, which finds a match wherever there is one.

use std::fmt;
use std::ops::Range;

use firewhirl_escape::{UrlPart, url_escape};

/// A template, read and ready to match.
#[derive(Debug)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
    names: Vec<String>,
}

#[derive(Debug, PartialEq)]
enum Piece {
    Literal(String),
    Parameter,
    Rest,
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        if !text.starts_with('/') {
            return Err(TemplateError::NoSlash);
        }
        if text.contains(['?', '#']) {
            return Err(TemplateError::Query);
        }
        let mut template = Self { pieces: Vec::new(), names: Vec::new() };
        let mut literal = String::new();
        let mut rest = text;
        while let Some(brace) = rest.find(['{', '}']) {
            encode_literal(&rest[..brace], &mut literal);
            let at_brace = &rest[brace..];
            if at_brace.starts_with("{{") || at_brace.starts_with("}}") {
                literal.push_str(if at_brace.starts_with('{') { "%7B" } else { "%7D" });
                rest = &at_brace[2..];
                continue;
            }
            let Some((name, after)) = at_brace.strip_prefix('{').and_then(|inside| inside.split_once('}')) else {
                return Err(TemplateError::Brace);
            };
            template.push_literal(&mut literal);
            template.push_parameter(name)?;
            rest = after;
        }
        encode_literal(rest, &mut literal);
        template.push_literal(&mut literal);
        match template.pieces.iter().position(|piece| *piece == Piece::Rest) {
            Some(position) if position + 1 < template.pieces.len() => Err(TemplateError::AfterRest),
            _ => Ok(template),
        }
    }

    fn push_literal(&mut self, literal: &mut String) {
        if !literal.is_empty() {
            self.pieces.push(Piece::Literal(std::mem::take(literal)));
        }
    }

    fn push_parameter(&mut self, inside: &str) -> Result<(), TemplateError> {
        let name = inside.strip_prefix('*').unwrap_or(inside);
        let mut characters = name.chars();
        let first_is_letter = characters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
        if !first_is_letter || !characters.all(|other| other.is_alphanumeric() || other == '_') {
            return Err(TemplateError::Name(inside.to_owned()));
        }
        if self.names.iter().any(|other| other == name) {
            return Err(TemplateError::Twice(name.to_owned()));
        }
        if !matches!(self.pieces.last(), Some(Piece::Literal(_))) {
            return Err(TemplateError::Adjacent(name.to_owned()));
        }
        self.names.push(name.to_owned());
        self.pieces.push(if inside.starts_with('*') { Piece::Rest } else { Piece::Parameter });
        Ok(())
    }

    /// The names of the parameters, in their order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The path that a template without parameters stands for.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match &self.pieces[..] {
            [Piece::Literal(path)] => Some(path),
            _ => None,
        }
    }

    /// What every matching path begins with.
    pub(crate) fn literal_start(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Literal(start)) => start,
            _ => "",
        }
    }

    /// The template with its parameters' names left out: equal for templates that match the same paths.
    pub(crate) fn shape(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(literal) => literal.clone(),
            Piece::Parameter => "{}".to_owned(),
            Piece::Rest => "{*}".to_owned(),
        };
        self.pieces.iter().map(piece).collect()
    }

    /// Whether `path` matches; says where each parameter's value is.
    pub(crate) fn matches(&self, path: &str, mut value: impl FnMut(Range<usize>)) -> bool {
        let mut at = 0;
        for (index, piece) in self.pieces.iter().enumerate() {
            let rest = &path[at..];
            at += match piece {
                Piece::Literal(literal) if rest.starts_with(literal.as_str()) => literal.len(),
                Piece::Literal(_) => return false,
                Piece::Rest => {
                    value(at..path.len());
                    rest.len()
                }
                Piece::Parameter => {
                    let segment = rest.split('/').next().unwrap_or_default();
                    let Some(length) = self.parameter_length(index, segment).filter(|&length| length > 0) else {
                        return false;
                    };
                    value(at..at + length);
                    length
                }
            };
        }
        at == path.len()
    }

    /// How much of `segment` belongs to the parameter that is the piece at `index`.
    fn parameter_length(&self, index: usize, segment: &str) -> Option<usize> {
        let Some(Piece::Literal(next)) = self.pieces.get(index + 1) else { return Some(segment.len()) };
        let (in_segment, ends_segment) = match next.find('/') {
            Some(slash) => (&next[..slash], true),
            None => (next.as_str(), index + 2 == self.pieces.len()),
        };
        if ends_segment {
            return segment.strip_suffix(in_segment).map(str::len);
        }
        // From the second character on, since a parameter is not empty.
        let second = segment.chars().next()?.len_utf8();
        segment[second..].find(in_segment).map(|found| found + second)
    }

    /// The path with `arguments` in place of the parameters; `None` if their number differs.
    pub(crate) fn reverse(&self, arguments: &[String]) -> Option<String> {
        if arguments.len() != self.names.len() {
            return None;
        }
        let mut path = String::new();
        let mut arguments = arguments.iter();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => path.push_str(literal),
                // A slash would begin another segment.
                Piece::Parameter => path.push_str(&url_escape(arguments.next()?, UrlPart::Path).replace('/', "%2F")),
                Piece::Rest => path.push_str(&url_escape(arguments.next()?, UrlPart::Path)),
            }
        }
        Some(path)
    }
}

/// Appends literal text as a client sends it: what a path cannot hold is percent-encoded, an escape
/// that is there already stays.
fn encode_literal(text: &str, literal: &mut String) {
    for character in text.chars() {
        if character.is_ascii_graphic() && !"\"<>\\^`|".contains(character) {
            literal.push(character);
        } else {
            let mut bytes = [0; 4];
            literal.push_str(&url_escape(character.encode_utf8(&mut bytes), UrlPart::Path));
        }
    }
}

/// Why a text is no template.
#[derive(Debug, PartialEq)]
pub(crate) enum TemplateError {
    NoSlash,
    Query,
    Brace,
    Name(String),
    Twice(String),
    Adjacent(String),
    AfterRest,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSlash => f.write_str("a path begins with `/`"),
            Self::Query => f.write_str("a path holds neither `?` nor `#`: read the query with `cx.argument(..)`"),
            Self::Brace => {
                f.write_str("a brace is not closed or not opened; write `{{` and `}}` for braces themselves")
            }
            Self::Name(name) => write!(
                f,
                "`{{{name}}}` is no parameter: its name is made of letters, digits and `_`, and for a regular expression use `regex(r\"..\")`"
            ),
            Self::Twice(name) => write!(f, "the parameter `{name}` is there twice"),
            Self::Adjacent(name) => write!(f, "nothing separates the parameter `{name}` from the one before it"),
            Self::AfterRest => f.write_str("`{*..}` takes the rest of the path, so nothing can follow it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Template, path, and the values of its parameters if it matches.
    #[rustfmt::skip]
    const MATCHES: &[(&str, &str, Option<&[&str]>)] = &[
        ("/",                    "/",                 Some(&[])),
        ("/",                    "",                  None),
        ("/story/{id}",          "/story/1",          Some(&["1"])),
        ("/story/{id}",          "/story/",           None),
        ("/story/{id}",          "/story/1/",         None),
        ("/story/{id}",          "/story/1/2",        None),
        ("/story/{id}",          "/story/a%2Fb",      Some(&["a%2Fb"])),
        ("/story/{id}/",         "/story/1/",         Some(&["1"])),
        ("/{a}/{b}",             "/x/y",              Some(&["x", "y"])),
        ("/{a}/{b}",             "//y",               None),
        ("/{name}.html",         "/a.html",           Some(&["a"])),
        ("/{name}.html",         "/a.html.html",      Some(&["a.html"])),
        ("/{name}.html",         "/.html",            None),
        ("/{name}.html",         "/a/b.html",         None),
        ("/{year}-{month}",      "/2024-02",          Some(&["2024", "02"])),
        ("/{year}-{month}",      "/2024-02-03",       Some(&["2024", "02-03"])),
        ("/{year}-{month}",      "/-02",              None),
        ("/{year}-{month}",      "/--02",             Some(&["-", "02"])),
        ("/{year}-{month}",      "/2024-",            None),
        ("/{a}-{b}.x/{c}",       "/1-2.x/3",          Some(&["1", "2", "3"])),
        ("/{a}-{b}.x/{c}",       "/1-2.y/3",          None),
        ("/v{major}/at",         "/v2/at",            Some(&["2"])),
        ("/files/{*path}",       "/files/a/b.txt",    Some(&["a/b.txt"])),
        ("/files/{*path}",       "/files/",           Some(&[""])),
        ("/files/{*path}",       "/files",            None),
        ("/{{{a}}}",             "/%7Bx%7D",          Some(&["x"])),
        ("/caf\u{e9}",           "/caf%C3%A9",        Some(&[])),
        ("/{a}-{b}",             "/\u{e9}-x",         Some(&["\u{e9}", "x"])),
    ];

    #[test]
    fn a_path_matches_whole_and_gives_its_parameters() {
        for &(text, path, expected) in MATCHES {
            let template = Template::parse(text).unwrap();
            let mut values = Vec::new();
            let matched = template.matches(path, |span| values.push(&path[span]));
            assert_eq!(matched.then_some(&values[..]), expected, "{text} on {path}");
        }
    }

    #[test]
    fn a_text_that_is_no_template_says_why() {
        use TemplateError::*;
        let cases = [
            ("story", NoSlash),
            ("/a?b", Query),
            ("/{id", Brace),
            ("/id}", Brace),
            ("/{}", Name(String::new())),
            ("/{1}", Name("1".into())),
            ("/{id:int}", Name("id:int".into())),
            ("/{a}/{a}", Twice("a".into())),
            ("/{a}{b}", Adjacent("b".into())),
            ("/{*a}/b", AfterRest),
        ];
        for (text, error) in cases {
            assert_eq!(Template::parse(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn a_template_is_reversed_with_its_arguments_encoded() {
        let reverse = |text: &str, arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            Template::parse(text).unwrap().reverse(&arguments)
        };
        assert_eq!(reverse("/story/{id}", &["a/b c"]).as_deref(), Some("/story/a%2Fb%20c"));
        assert_eq!(reverse("/files/{*path}", &["a b/c"]).as_deref(), Some("/files/a%20b/c"));
        assert_eq!(reverse("/{a}-{b}", &["1", "2"]).as_deref(), Some("/1-2"));
        assert_eq!(reverse("/{a}-{b}", &["1"]), None);
        assert_eq!(reverse("/caf\u{e9}", &[]).as_deref(), Some("/caf%C3%A9"));
    }
}
