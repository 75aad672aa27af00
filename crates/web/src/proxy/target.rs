//! Where requests are handed on to: the URL that the program gave, and what becomes of a request's target.

use std::fmt;
use std::rc::Rc;

use firewhirl_http::client::{Destination, Scheme, Versions};
use http::Uri;

/// A service behind the proxy.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) destination: Rc<Destination>,
    /// What stands before every path, without a slash at its end: empty, or `/base`.
    pub(super) base: String,
    /// What `Host` says where the client's is not kept.
    pub(super) authority: String,
    /// The URL as it was written, for the log.
    text: Rc<str>,
}

impl Target {
    /// Reads `http://host:port/base`, `https://host`, or `unix:/path/to/socket`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (destination, base) = match text.strip_prefix("unix:") {
            Some(path) => (unix(path)?, ""),
            None => tcp(text)?,
        };
        Ok(Self {
            authority: destination.authority().to_owned(),
            // Proxied requests switch protocols and have trailers: HTTP/1.1 can do all that a client may ask for.
            destination: Rc::new(destination.versions(Versions::Http1)),
            base: base.to_owned(),
            text: text.into(),
        })
    }

    /// The URL as it was written.
    pub(super) fn text(&self) -> &Rc<str> {
        &self.text
    }

    /// The target of the request to this service: what the client asked for as it came, neither decoded nor
    /// normalised, less `stripped` bytes of its path and behind the base.
    ///
    /// `asked` is the target as the client sent it: a path, or a whole URL.
    pub(super) fn request_target(&self, asked: &str, stripped: usize) -> String {
        let path = origin_form(asked);
        let rest = path.get(stripped..).unwrap_or_default();
        let mut target = String::with_capacity(self.base.len() + rest.len() + 1);
        target.push_str(&self.base);
        if !rest.starts_with('/') {
            target.push('/');
        }
        target.push_str(rest);
        target
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn unix(path: &str) -> Result<Destination, String> {
    if !path.starts_with('/') {
        return Err(format!("`unix:{path}` is no Unix socket: `unix:` is followed by the socket's whole path"));
    }
    Ok(Destination::new(Scheme::Http, "localhost", Scheme::Http.default_port()).unix_socket(path))
}

fn tcp(text: &str) -> Result<(Destination, &str), String> {
    let wrong = |what: &str| format!("`{text}` {what}: a target is `http://host:port`, `https://host` or `unix:/path`");
    let uri: Uri = text.parse().map_err(|_| wrong("is no URL"))?;
    let scheme = match uri.scheme_str() {
        Some("http") => Scheme::Http,
        Some("https") => Scheme::Https,
        _ => return Err(wrong("has no scheme that can be proxied")),
    };
    let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("has a user in it"));
    }
    if uri.query().is_some() || text.contains('#') {
        return Err(wrong("has more than a path"));
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(wrong("has no host"));
    }
    let port = match authority.as_str()[authority.host().len()..].strip_prefix(':') {
        Some(port) => port.parse().map_err(|_| wrong("has no port that there is"))?,
        None => scheme.default_port(),
    };
    // What stands behind the authority, as it was written.
    let start = text.find("://").map_or(0, |colon| colon + 3) + authority.as_str().len();
    Ok((Destination::new(scheme, host, port), text[start..].trim_end_matches('/')))
}

/// What of a request's target is path and query: all of it, unless it is a whole URL (RFC 9112, section
/// 3.2.2).
pub(super) fn origin_form(asked: &str) -> &str {
    if asked.starts_with('/') {
        return asked;
    }
    let Some((_, behind)) = asked.split_once("://") else { return asked };
    behind.find(['/', '?']).map_or("", |end| &behind[end..])
}

/// Whether a path has a segment that means "up from here", plain or encoded.
///
/// Such a path is not what the prefix before it says that it is: the service behind may take `/api/../admin`
/// for `/admin`, and the base of its target for nothing.
pub(super) fn climbs(path: &str) -> bool {
    // Nearly every path has no two dots, and no percent sign that may be one.
    if !path.contains("..") && !path.contains("%2") {
        return false;
    }
    let plain = path.replace("%2e", ".").replace("%2E", ".").replace("%2f", "/").replace("%2F", "/");
    plain.split(['/', '\\', ';']).any(|segment| segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_urls_and_unix_sockets() {
        let direct = |scheme, host, port| Destination::new(scheme, host, port).versions(Versions::Http1);
        let local = direct(Scheme::Http, "127.0.0.1", 8000);
        #[rustfmt::skip]
        let cases = [
            ("http://127.0.0.1:8000",       local.clone(),                               "",           "127.0.0.1:8000"),
            ("http://127.0.0.1:8000/",      local.clone(),                               "",           "127.0.0.1:8000"),
            ("http://127.0.0.1:8000/base/", local,                                       "/base",      "127.0.0.1:8000"),
            ("http://Example.com/a/B%20c",  direct(Scheme::Http, "example.com", 80),     "/a/B%20c",   "example.com"),
            ("https://example.com",         direct(Scheme::Https, "example.com", 443),   "",           "example.com"),
            ("http://[::1]:8000",           direct(Scheme::Http, "::1", 8000),           "",           "[::1]:8000"),
            ("unix:/run/app.sock",          direct(Scheme::Http, "localhost", 80).unix_socket("/run/app.sock"), "", "localhost"),
        ];
        for (text, destination, base, authority) in cases {
            let target = Target::parse(text).unwrap();
            assert_eq!(*target.destination, destination, "{text}");
            assert_eq!((&*target.base, &*target.authority, &*target.to_string()), (base, authority, text));
        }
    }

    #[test]
    fn what_is_no_target_is_said_so() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str)] = &[
            ("127.0.0.1:8000",          "has no scheme"),
            ("localhost:8000",          "has no scheme"),
            ("ftp://example.com",       "has no scheme"),
            ("/base",                   "has no scheme"),
            ("",                        "is no URL"),
            ("http://",                 "is no URL"),
            ("http://a b",              "is no URL"),
            ("http://user:key@a",       "has a user"),
            ("http://a/b?c",            "more than a path"),
            ("http://a/b#c",            "more than a path"),
            ("http://a:99999",          "has no port"),
            ("unix:app.sock",           "whole path"),
        ];
        for &(text, expected) in CASES {
            let problem = Target::parse(text).map(|target| target.to_string()).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }

    #[test]
    fn a_request_goes_on_as_it_came() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, usize, &str)] = &[
            // target                asked                        stripped  becomes
            ("http://a",             "/",                         0,        "/"),
            ("http://a",             "/x/%2F//y?b=%20+&c",        0,        "/x/%2F//y?b=%20+&c"),
            ("http://a",             "/x?",                       0,        "/x?"),
            ("http://a",             "/x/../y",                   0,        "/x/../y"),
            ("http://a/base",        "/x",                        0,        "/base/x"),
            ("http://a/base/",       "/",                         0,        "/base/"),
            ("http://a",             "/api/x?y",                  4,        "/x?y"),
            ("http://a",             "/api",                      4,        "/"),
            ("http://a",             "/api?y",                    4,        "/?y"),
            ("http://a/base",        "/api/",                     4,        "/base/"),
            ("http://a",             "http://b.example/x?y",      0,        "/x?y"),
            ("http://a",             "http://b.example?y",        0,        "/?y"),
            ("http://a",             "http://b.example",          0,        "/"),
            ("http://a",             "http://b.example/api/x",    4,        "/x"),
        ];
        for &(target, asked, stripped, expected) in CASES {
            assert_eq!(Target::parse(target).unwrap().request_target(asked, stripped), expected, "{asked}");
        }
    }

    #[test]
    fn a_path_that_climbs_is_known_however_it_is_written() {
        #[rustfmt::skip]
        const CASES: &[(&str, bool)] = &[
            ("/a/b",            false),
            ("/a..b/..c/d..",   false),
            ("/a/.../b",        false),
            ("/a%20b",          false),
            ("/..",             true),
            ("/a/../b",         true),
            ("/a/%2e%2E/b",     true),
            ("/a/.%2e",         true),
            ("/a%2f..%2Fb",     true),
            ("/a\\..\\b",       true),
            ("/a/..;x/b",       true),
        ];
        for &(path, expected) in CASES {
            assert_eq!(climbs(path), expected, "{path}");
        }
    }
}
