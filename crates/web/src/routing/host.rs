//! Which hosts a group of routes is for: a name, all names below one, or Tornado's regular expression.

use std::fmt;

use regex::Regex;

use super::url::{Source, Url};

/// The hosts of a group of routes, for [`Application::host`](crate::Application::host).
///
/// A string is a host's name, without a port (`example.com`), or, with a `*.` before it, all names
/// below one (`*.example.com`); [`regex`](crate::regex) makes an expression that the whole name, in
/// lower case, has to match. Tornado's `HostMatches`.
#[derive(Clone, Debug)]
pub struct Host {
    pattern: Text,
}

#[derive(Clone, Debug)]
enum Text {
    Name(String),
    Regex(String),
}

impl From<&str> for Host {
    fn from(name: &str) -> Self {
        Self { pattern: Text::Name(name.to_ascii_lowercase()) }
    }
}

impl From<String> for Host {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<Url> for Host {
    fn from(url: Url) -> Self {
        match url.source {
            Source::Template(name) => Self::from(name),
            Source::Regex(pattern) => Self { pattern: Text::Regex(pattern) },
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pattern {
            Text::Name(text) | Text::Regex(text) => f.write_str(text),
        }
    }
}

/// A host, ready to match.
#[derive(Debug)]
pub(crate) enum HostPattern {
    Name(String),
    /// With its leading dot.
    Below(String),
    Regex(Regex),
}

impl HostPattern {
    /// Reads a host.
    pub(crate) fn parse(host: &Host) -> Result<Self, HostError> {
        match &host.pattern {
            Text::Regex(text) => Regex::new(&format!("^(?:{text})$")).map(Self::Regex).map_err(HostError::Regex),
            Text::Name(name) => {
                let (below, bare) = match name.strip_prefix('*') {
                    Some(bare) => (true, bare),
                    None => (false, name.as_str()),
                };
                if bare.is_empty() || bare.contains(['*', '/', ' ']) || below != bare.starts_with('.') {
                    return Err(HostError::Name);
                }
                Ok(if below { Self::Below(bare.to_owned()) } else { Self::Name(bare.to_owned()) })
            }
        }
    }

    /// Whether a host's name, in lower case and without its port, matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Name(own) => own == name,
            Self::Below(ending) => name.len() > ending.len() && name.ends_with(ending.as_str()),
            Self::Regex(regex) => regex.is_match(name),
        }
    }
}

/// Why a text is no host.
#[derive(Debug)]
pub(crate) enum HostError {
    Name,
    Regex(regex::Error),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => {
                f.write_str("a host is a name without port such as `example.com`, `*.example.com`, or `regex(r\"..\")`")
            }
            Self::Regex(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::regex;

    #[test]
    fn a_host_is_a_name_all_below_one_or_an_expression() {
        #[rustfmt::skip]
        let cases: &[(Host, &str, bool)] = &[
            ("example.com".into(),                 "example.com",       true),
            ("Example.COM".into(),                 "example.com",       true),
            ("example.com".into(),                 "www.example.com",   false),
            ("example.com".into(),                 "examplexcom",       false),
            ("*.example.com".into(),               "www.example.com",   true),
            ("*.example.com".into(),               "a.b.example.com",   true),
            ("*.example.com".into(),               "example.com",       false),
            ("*.example.com".into(),               ".example.com",      false),
            (regex(r"(www\.)?example\.com").into(), "www.example.com",  true),
            (regex(r"(www\.)?example\.com").into(), "example.com",      true),
            (regex(r"(www\.)?example\.com").into(), "example.com.evil", false),
            (regex(r".*").into(),                  "",                  true),
        ];
        for (host, name, expected) in cases {
            assert_eq!(HostPattern::parse(host).unwrap().matches(name), *expected, "{host} on {name}");
        }
    }

    #[test]
    fn a_text_that_is_no_host_is_refused() {
        for text in ["", "*", "*example.com", "a.*.com", "http://example.com", ".example.com"] {
            assert!(matches!(HostPattern::parse(&text.into()), Err(HostError::Name)), "{text}");
        }
    }
}
