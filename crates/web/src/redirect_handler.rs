//! A handler that sends its visitors elsewhere, to a URL made of the path's parameters.
//!
//! What comes from the request can be put into the path of that URL, never before it: a link to this
//! site that leads to another is what phishers look for. So the result is read as browsers read it, who
//! take `\` for `/` and skip tabs, and has to have scheme and host of the template.

use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_http::httputil::url_concat;
use http::StatusCode;

use crate::context::Context;
use crate::errors::HttpError;
use crate::handler::Handler;

/// Redirects every GET to another URL. Tornado's `RedirectHandler`.
///
/// In the URL `{0}` and `{name}` stand for parameters of the path, `{}` for the next one, `{{` and `}}`
/// for braces; a group that took no part in the match is empty. The arguments of the query are copied.
/// The status is 301, unless [`permanent`](Self::permanent) says otherwise.
///
/// A parameter that would change the scheme or the host, or that brings in control characters, is
/// answered 400. Therefore none can stand in them: `https://{0}/` never redirects.
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, RedirectHandler, regex};
///
/// let application = Application::new()
///     .route("/old", RedirectHandler::new("/new"))
///     .route(regex(r"/photos/([^/]*)/(.*)"), RedirectHandler::new("https://photos.example.com/{1}?by={0}"))
///     .route("/today", RedirectHandler::new("/2026/11/23").permanent(false));
/// # assert!(application.check().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct RedirectHandler {
    template: Rc<Template>,
    permanent: bool,
}

impl RedirectHandler {
    /// Redirects to `url`, which may be relative.
    pub fn new(url: impl AsRef<str>) -> Self {
        Self { template: Rc::new(Template::parse(url.as_ref())), permanent: true }
    }

    /// Whether browsers may remember it: 301, else 302. Default: `true`.
    pub fn permanent(mut self, on: bool) -> Self {
        self.permanent = on;
        self
    }
}

// No hint for somebody whose own type is no handler.
#[diagnostic::do_not_recommend]
impl Handler for RedirectHandler {
    async fn get(&mut self, cx: &Context) -> Result {
        let url = self.template.fill(|parameter| match parameter {
            Parameter::Number(number) => cx.path_option::<String>(*number),
            Parameter::Name(name) => cx.path_option::<String>(name.as_str()),
        })?;
        let query = cx.query_map()?;
        let url = match query.is_empty() {
            true => url,
            false => {
                let text = String::from_utf8_lossy;
                url_concat(&url, query.iter().map(|(name, value)| (text(name), text(value))))
            }
        };
        self.template.check(&url)?;
        match self.permanent {
            true => cx.redirect_permanently(url),
            false => cx.redirect(url),
        }
    }
}

/// A URL with gaps.
#[derive(Debug, Default)]
struct Template {
    /// What comes before the first gap.
    start: String,
    /// Each gap with what follows it.
    gaps: Vec<(Parameter, String)>,
}

#[derive(Debug, PartialEq)]
enum Parameter {
    Number(usize),
    Name(String),
}

impl Template {
    /// Reads the syntax of Python's `str.format`, as far as it names values; a brace that is not closed
    /// stands for itself.
    fn parse(text: &str) -> Self {
        let mut template = Self::default();
        let mut unnumbered = 0..;
        let mut rest = text;
        while let Some(brace) = rest.find(['{', '}']) {
            template.push_text(&rest[..brace]);
            rest = &rest[brace..];
            let gap = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
            if rest.starts_with("{{") || rest.starts_with("}}") {
                template.push_text(&rest[..1]);
                rest = &rest[2..];
            } else if let Some((name, after)) = gap {
                let number = if name.is_empty() { unnumbered.next() } else { name.parse().ok() };
                let parameter = number.map_or_else(|| Parameter::Name(name.to_owned()), Parameter::Number);
                template.gaps.push((parameter, String::new()));
                rest = after;
            } else {
                template.push_text(&rest[..1]);
                rest = &rest[1..];
            }
        }
        template.push_text(rest);
        template
    }

    fn push_text(&mut self, text: &str) {
        self.gaps.last_mut().map_or(&mut self.start, |(_, after)| after).push_str(text);
    }

    fn fill(&self, mut value: impl FnMut(&Parameter) -> Result<Option<String>>) -> Result<String> {
        let mut url = self.start.clone();
        for (parameter, after) in &self.gaps {
            url.push_str(&value(parameter)?.unwrap_or_default());
            url.push_str(after);
        }
        Ok(url)
    }

    /// Refuses what the client has made of the template.
    fn check(&self, url: &str) -> Result<(), HttpError> {
        let refuse = |message| Err(HttpError::new(StatusCode::BAD_REQUEST).message(message));
        let (scheme, host) = scheme_and_host(&self.start);
        // A host that only a gap can give, or that only a browser finds, as in `https:///host`.
        let open = !self.gaps.is_empty() && host.is_empty() && matches!(scheme.as_str(), "http" | "https");
        if open || scheme_and_host(url) != (scheme, host) {
            return refuse("Redirect URL cannot change the scheme or netloc");
        }
        if url.bytes().any(|byte| byte != b'\t' && byte.is_ascii_control()) {
            return refuse("Redirect URL contains invalid characters");
        }
        Ok(())
    }
}

/// The scheme of a URL and its host with user and port, both in lower case, as a browser reads them
/// (<https://url.spec.whatwg.org/#concept-basic-url-parser>); of a relative one both are empty.
fn scheme_and_host(url: &str) -> (String, String) {
    let url: String = url
        .trim_matches(|character| character <= ' ')
        .chars()
        .filter(|character| !matches!(character, '\t' | '\n' | '\r'))
        .map(|character| if character == '\\' { '/' } else { character })
        .collect();
    let (scheme, rest) = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => ("", url.as_str()),
    };
    // At the start of a URL any number of slashes is as good as two.
    let authority = match rest.strip_prefix("//") {
        Some(after) if scheme.is_empty() => after.trim_start_matches('/'),
        Some(after) => after,
        None => "",
    };
    let host = authority.split(['/', '?', '#']).next().unwrap_or_default();
    (scheme.to_ascii_lowercase(), host.to_lowercase())
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_in_order() {
        #[rustfmt::skip]
        let cases = [
            ("/dst",              "/dst"),
            ("/{1}/{0}/{2}",      "/b/a/c"),
            ("/{}/{}{}",          "/a/bc"),
            ("/{name}/x",         "/name!/x"),
            ("/{{0}}/{0}",        "/{0}/a"),
            ("/open}close/{",     "/open}close/{"),
            ("",                  ""),
        ];
        for (template, expected) in cases {
            let filled = Template::parse(template).fill(|parameter| {
                Ok(Some(match parameter {
                    Parameter::Number(number) => ["a", "b", "c"][*number].to_owned(),
                    Parameter::Name(name) => format!("{name}!"),
                }))
            });
            assert_eq!(filled.unwrap(), expected, "{template}");
        }
    }

    #[test]
    fn scheme_and_host_are_those_that_a_browser_sees() {
        #[rustfmt::skip]
        let cases = [
            ("/path",                      "",           ""),
            ("path:with/colon",            "path",       ""),
            ("/path:with/colon",           "",           ""),
            ("https://Example.com/x",      "https",      "example.com"),
            ("HTTPS://me@example.com:80",  "https",      "me@example.com:80"),
            ("//example.com?x",            "",           "example.com"),
            ("////example.com#x",          "",           "example.com"),
            (" \x01//example.com/",        "",           "example.com"),
            ("/\\example.com",             "",           "example.com"),
            ("/\t/example.com",            "",           "example.com"),
            ("https:///example.com",       "https",      ""),
            ("https:example.com",          "https",      ""),
            ("javascript:alert(1)",        "javascript", ""),
        ];
        for (url, scheme, host) in cases {
            assert_eq!(scheme_and_host(url), (scheme.to_owned(), host.to_owned()), "{url:?}");
        }
    }

    #[test]
    fn a_parameter_changes_neither_scheme_nor_host() {
        #[rustfmt::skip]
        let cases = [
            ("/{0}/b",              "a",                true),
            ("/{0}/b",              "a/b",              true),
            ("/{0}/b",              "/example.com",     false),
            ("/{0}/b",              "\\example.com",    false),
            ("/{0}/b",              "\t/example.com",   false),
            ("{0}",                 "foo/bar",          true),
            ("{0}",                 "\u{ff0f}\u{ff0f}", true),
            ("{0}",                 "https://evil.com", false),
            ("{0}",                 "//[",              false),
            ("{0}",                 "a\0b",             false),
            ("{0}",                 "a\nb",             false),
            ("https://{0}",         "evil.com",         false),
            ("https:{0}",           "//evil.com",       false),
            ("https://good.com{0}", "/x",               true),
            ("https://good.com{0}", ".evil.com/x",      false),
            ("https://good.com{0}", "@evil.com/x",      false),
            ("https://good.com{0}", ":8080/x",          false),
        ];
        for (template, value, allowed) in cases {
            let template = Template::parse(template);
            let url = template.fill(|_| Ok(Some(value.to_owned()))).unwrap();
            assert_eq!(template.check(&url).is_ok(), allowed, "{url:?}");
        }
    }
}
