//! A route's URL, compiled: a path without parameters, a template or a regular expression.

use std::ops::Range;

use super::pattern::{Pattern, ReverseProblem};
use super::reverse::ReverseError;
use super::template::Template;
use super::url::Source;

/// Tells whether a path is a route's, and where its parameters are.
pub(crate) enum Matcher {
    Template(Template),
    Pattern(Pattern),
    /// Everything below a prefix, the prefix itself too.
    Below(String),
}

impl Matcher {
    /// Compiles a URL.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub(crate) fn new(source: &Source) -> Result<Self, String> {
        match source {
            Source::Template(text) => Template::parse(text).map(Self::Template).map_err(|error| error.to_string()),
            Source::Regex(text) => Pattern::parse(text).map(Self::Pattern).map_err(|error| error.to_string()),
        }
    }

    /// The names of the parameters; none where they are numbered.
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::Template(template) => template.names(),
            Self::Pattern(pattern) => pattern.names(),
            Self::Below(_) => &[],
        }
    }

    /// The one path that matches, where there is only one.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match self {
            Self::Template(template) => template.as_literal(),
            Self::Pattern(_) | Self::Below(_) => None,
        }
    }

    /// What every matching path begins with.
    pub(crate) fn literal_start(&self) -> &str {
        match self {
            Self::Template(template) => template.literal_start(),
            Self::Pattern(_) => "",
            Self::Below(prefix) => prefix,
        }
    }

    /// Equal for two that match the same paths but name their parameters differently.
    pub(crate) fn shape(&self) -> Option<String> {
        match self {
            Self::Template(template) => Some(template.shape()),
            Self::Pattern(_) | Self::Below(_) => None,
        }
    }

    /// Whether the path, as it came, matches; says where each parameter is. What it said of a path that
    /// then does not match is void.
    pub(crate) fn matches(&self, path: &str, mut value: impl FnMut(Option<Range<usize>>)) -> bool {
        match self {
            Self::Template(template) => template.matches(path, |span| value(Some(span))),
            Self::Pattern(pattern) => pattern.matches(path, value),
            Self::Below(prefix) => {
                path.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }

    /// What of a matching path is below the prefix; of any other route all of it.
    pub(crate) fn below<'path>(&self, path: &'path str) -> &'path str {
        match self {
            Self::Below(prefix) => path.strip_prefix(prefix.as_str()).unwrap_or(path),
            Self::Template(_) | Self::Pattern(_) => path,
        }
    }

    /// The path with arguments in place of the parameters; `url` is for the error.
    pub(crate) fn reverse(&self, url: &str, arguments: &[String]) -> Result<String, ReverseError> {
        let given = arguments.len();
        let wrong = |expected| ReverseError::Arguments { url: url.to_owned(), expected, given };
        match self {
            Self::Template(template) => template.reverse(arguments).ok_or_else(|| wrong(template.names().len())),
            Self::Pattern(pattern) => pattern.reverse(arguments).map_err(|problem| match problem {
                ReverseProblem::Arguments { expected } => wrong(expected),
                ReverseProblem::Irreversible => ReverseError::Irreversible { url: url.to_owned() },
            }),
            Self::Below(prefix) if arguments.is_empty() => Ok(prefix.clone()),
            Self::Below(_) => Err(wrong(0)),
        }
    }
}
