//! Tornado's regular expressions of paths: matched whole, their groups the parameters, reversed where
//! that can be done.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use firewhirl_escape::{UrlPart, url_escape};
use regex::{CaptureLocations, Regex};

/// A regular expression, compiled and ready to match whole paths. Tornado's `PathMatches`.
pub(crate) struct Pattern {
    regex: Regex,
    /// The groups' names; none where the groups are unnamed.
    names: Vec<String>,
    /// What reversing puts between the arguments; `None` where the pattern cannot be reversed.
    literals: Option<Vec<String>>,
    /// Kept from match to match, so that a match allocates nothing.
    locations: RefCell<CaptureLocations>,
}

impl Pattern {
    /// Compiles a pattern, which is anchored at both ends.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        // The text alone first, so that an error shows what was written.
        Regex::new(text).map_err(PatternError::Regex)?;
        let regex = Regex::new(&format!("^(?:{text})$")).map_err(PatternError::Regex)?;
        let groups = regex.captures_len() - 1;
        let names: Vec<String> = regex.capture_names().flatten().map(str::to_owned).collect();
        if !names.is_empty() && names.len() != groups {
            return Err(PatternError::MixedGroups);
        }
        let locations = RefCell::new(regex.capture_locations());
        Ok(Self { literals: literals(text, groups), names, locations, regex })
    }

    /// The names of the groups; none where they are unnamed.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether `path` matches; says where each group's value is, `None` for one that took no part.
    pub(crate) fn matches(&self, path: &str, mut value: impl FnMut(Option<Range<usize>>)) -> bool {
        let mut locations = self.locations.borrow_mut();
        if self.regex.captures_read(&mut locations, path).is_none() {
            return false;
        }
        for group in 1..locations.len() {
            value(locations.get(group).map(|(start, end)| start..end));
        }
        true
    }

    /// The path with `arguments` in place of the groups.
    pub(crate) fn reverse(&self, arguments: &[String]) -> Result<String, ReverseProblem> {
        let literals = self.literals.as_ref().ok_or(ReverseProblem::Irreversible)?;
        if arguments.len() + 1 != literals.len() {
            return Err(ReverseProblem::Arguments { expected: literals.len() - 1 });
        }
        let mut path = literals[0].clone();
        for (argument, literal) in arguments.iter().zip(&literals[1..]) {
            path.push_str(&url_escape(argument, UrlPart::Path));
            path.push_str(literal);
        }
        Ok(path)
    }
}

/// The literal text around each group, if there is nothing in the pattern but text and plain groups.
/// Tornado's `_find_groups`: groups in groups, and classes such as `\d` outside of any, are too much.
fn literals(text: &str, groups: usize) -> Option<Vec<String>> {
    let text = text.strip_prefix('^').unwrap_or(text);
    let text = text.strip_suffix('$').unwrap_or(text);
    if text.matches('(').count() != groups {
        return None;
    }
    let mut pieces = text.split('(');
    let mut literals = vec![unescape(pieces.next()?)?];
    for piece in pieces {
        literals.push(unescape(piece.split_once(')')?.1)?);
    }
    Some(literals)
}

/// Undoes what escaping does to literal text; `None` for an escape that means more than its character.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(characters.next().filter(|escaped| !escaped.is_ascii_alphanumeric())?),
            _ => plain.push(character),
        }
    }
    Some(plain)
}

/// Why a text is no pattern of a route.
#[derive(Debug)]
pub(crate) enum PatternError {
    Regex(regex::Error),
    MixedGroups,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regex(error) => error.fmt(f),
            Self::MixedGroups => {
                f.write_str("groups must either be all named or all unnamed; `(?:..)` is a group that is no parameter")
            }
        }
    }
}

/// Why a URL cannot be made of a route and arguments.
#[derive(Debug, PartialEq)]
pub(crate) enum ReverseProblem {
    Irreversible,
    Arguments { expected: usize },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pattern, path, and the values of its groups if it matches.
    type Case = (&'static str, &'static str, Option<&'static [Option<&'static str>]>);

    #[rustfmt::skip]
    const MATCHES: &[Case] = &[
        ("/hello",               "/hello",    Some(&[])),
        ("/hello",               "/hello/x",  None),
        ("/hello",               "/x/hello",  None),
        ("/hello$",              "/hello",    Some(&[])),
        ("^/hello$",             "/hello",    Some(&[])),
        ("/args/(\\d+)/(.*)",    "/args/12/a%2Fb%20c+d", Some(&[Some("12"), Some("a%2Fb%20c+d")])),
        ("/opt/(a)?",            "/opt/",     Some(&[None])),
        ("/opt/(a)?",            "/opt/a",    Some(&[Some("a")])),
        ("/(?P<x>[a-z]+)",       "/abc",      Some(&[Some("abc")])),
        ("/(?:a|b)/(c)",         "/b/c",      Some(&[Some("c")])),
        ("/a|/b",                "/b",        Some(&[])),
        ("/a|/b",                "/ab",       None),
    ];

    #[test]
    fn a_path_matches_whole_and_gives_its_groups() {
        for &(text, path, expected) in MATCHES {
            let pattern = Pattern::parse(text).unwrap();
            let mut values = Vec::new();
            let matched = pattern.matches(path, |span| values.push(span.map(|span| &path[span])));
            assert_eq!(matched.then_some(&values[..]), expected, "{text} on {path}");
        }
    }

    #[test]
    fn named_and_unnamed_groups_do_not_mix() {
        assert!(matches!(Pattern::parse("/(?P<a>.)/(.)"), Err(PatternError::MixedGroups)));
        assert!(matches!(Pattern::parse("/(a"), Err(PatternError::Regex(_))));
        assert!(matches!(Pattern::parse("/a)(b"), Err(PatternError::Regex(_))));
    }

    /// Pattern, arguments, and the path that they make.
    #[rustfmt::skip]
    const REVERSED: &[(&str, &[&str], Result<&str, ReverseProblem>)] = &[
        ("/hello",                          &[],               Ok("/hello")),
        ("^/([0-9]{4})/([a-z-]+)/$",        &["2012", "a-b"],  Ok("/2012/a-b/")),
        ("/args/([^/]+)",                   &["a/b c"],        Ok("/args/a/b%20c")),
        ("/(?P<id>[0-9]+)/x",               &["7"],            Ok("/7/x")),
        ("/a\\.b\\-c",                      &[],               Ok("/a.b-c")),
        ("/(a)/(b)",                        &["1"],            Err(ReverseProblem::Arguments { expected: 2 })),
        ("/api/v1/\\d+/(.*)",               &["1"],            Err(ReverseProblem::Irreversible)),
        ("/((a)b)",                         &["1", "2"],       Err(ReverseProblem::Irreversible)),
        ("/(?:a)/(b)",                      &["1"],            Err(ReverseProblem::Irreversible)),
    ];

    #[test]
    fn a_pattern_of_text_and_plain_groups_is_reversed() {
        for (text, arguments, expected) in REVERSED {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            let reversed = Pattern::parse(text).unwrap().reverse(&arguments);
            assert_eq!(reversed.as_deref(), expected.as_ref().map(|path| *path), "{text}");
        }
    }
}
