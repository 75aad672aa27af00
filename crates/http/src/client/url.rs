//! The URL of a request: which parts it has, and in which form they are sent.
//!
//! Stricter than a browser: what could be read in two ways (a backslash before the path, a control
//! character, a host that is not ASCII) is refused, since two readers who disagree are how a request ends up
//! somewhere else than the one who checked its URL thought.

use std::borrow::Cow;
use std::fmt::Write;
use std::net::Ipv6Addr;

use firewhirl_escape::{UrlPart, url_unescape};

use super::destination::Scheme;
use super::request_error::RequestError;
use crate::httputil::split_host_and_port;

/// A URL of `http` or `https` that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestUrl {
    /// The URL without its credentials, with what cannot be sent percent-encoded.
    text: String,
    /// Where in `text` the path begins, or what follows it if there is none.
    path: usize,
    /// Where in `text` the fragment begins, with its `#`; the text's end if there is none.
    fragment: usize,
    scheme: Scheme,
    /// In lower case; an IPv6 address without brackets.
    host: String,
    port: u16,
    credentials: Option<Credentials>,
}

/// Who asks, in the words of a URL or of a request.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.username)
    }
}

impl RequestUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, RequestError> {
        let unsupported = || RequestError::UnsupportedScheme { url: url.to_owned() };
        let (scheme, rest) = url.split_once(':').ok_or_else(unsupported)?;
        let scheme = match scheme {
            _ if scheme.eq_ignore_ascii_case("http") => Scheme::Http,
            _ if scheme.eq_ignore_ascii_case("https") => Scheme::Https,
            _ => return Err(unsupported()),
        };
        let refuse = |problem| RequestError::Url { url: without_credentials(url), problem };
        if url.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(refuse("it holds a control character"));
        }
        let rest = rest.strip_prefix("//").ok_or_else(|| refuse("expected http://host/path"))?;
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('\\') {
            return Err(refuse("a backslash is no slash"));
        }
        let (credentials, netloc) = match authority.rsplit_once('@') {
            Some((userinfo, netloc)) => (Some(Credentials::of(userinfo)), netloc),
            None => (None, authority),
        };
        let (host, port) = host_and_port(netloc, scheme).map_err(refuse)?;
        let mut text = String::with_capacity(url.len() + scheme.as_str().len());
        for part in [scheme.as_str(), "://", netloc] {
            text.push_str(part);
        }
        let path = text.len();
        let (target, tail) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
        push_sendable(&mut text, target);
        let fragment = text.len();
        push_sendable(&mut text, tail);
        Ok(Self { text, path, fragment, scheme, host, port, credentials })
    }

    /// What stands in the request line: the path, `/` if there is none, and the query.
    pub(crate) fn target(&self) -> Cow<'_, str> {
        let target = &self.text[self.path..self.fragment];
        if target.starts_with('/') { Cow::Borrowed(target) } else { Cow::Owned(format!("/{target}")) }
    }

    /// The whole URL, without credentials.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// [`as_str`](Self::as_str), without a copy.
    pub(crate) fn into_string(self) -> String {
        self.text
    }

    /// The fragment with its `#`, or nothing.
    pub(crate) fn fragment(&self) -> &str {
        &self.text[self.fragment..]
    }

    /// Puts a fragment at the end of a URL that has none.
    pub(crate) fn inherit_fragment(&mut self, fragment: &str) {
        if self.fragment().is_empty() {
            self.text.push_str(fragment);
        }
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Scheme, host and port: whose the credentials are.
    pub(crate) fn origin(&self) -> (Scheme, &str, u16) {
        (self.scheme, &self.host, self.port)
    }

    /// Whether what is meant for the one may be sent to the other (RFC 6454, section 5).
    pub(crate) fn has_origin_of(&self, other: &Self) -> bool {
        self.origin() == other.origin()
    }
}

impl Credentials {
    /// Takes apart what stands before the `@` of a URL.
    fn of(userinfo: &str) -> Self {
        let (username, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        let decoded = |text| url_unescape(text, UrlPart::Path).into_owned();
        Self { username: decoded(username), password: decoded(password) }
    }
}

/// The host in lower case and the port; what is wrong with them.
fn host_and_port(netloc: &str, scheme: Scheme) -> Result<(String, u16), &'static str> {
    let (host, port) = match split_host_and_port(netloc) {
        (host, Some(port)) => (host, port),
        // An empty port is the scheme's (RFC 3986, section 3.2.3).
        (host, None) => (host.strip_suffix(':').unwrap_or(host), scheme.default_port()),
    };
    if let Some(literal) = host.strip_prefix('[') {
        let literal = literal.strip_suffix(']').ok_or("an IPv6 address ends with a bracket")?;
        return match literal.parse::<Ipv6Addr>() {
            Ok(_) => Ok((literal.to_ascii_lowercase(), port)),
            Err(_) => Err("no IPv6 address in the brackets"),
        };
    }
    if !host.is_ascii() {
        return Err("a host is written in ASCII; use the form that begins with xn--");
    }
    match host.bytes().all(|byte| HOST[usize::from(byte)]) {
        true if host.is_empty() => Err("it has no host"),
        true => Ok((host.to_ascii_lowercase(), port)),
        false if host.contains(':') => Err("a port is a number below 65536, and an IPv6 address has brackets"),
        false => Err("a character that no host has"),
    }
}

/// What a host may hold that is a name or an IPv4 address (RFC 3986, section 3.2.2), but for escapes.
static HOST: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = b'!';
    while byte < 0x7F {
        bytes[byte as usize] = byte.is_ascii_alphanumeric() || holds(b"-._~!$&'()*+,;=", byte);
        byte += 1;
    }
    bytes
};

/// What is sent of a path or a query as it is.
static SENDABLE: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = b'!';
    while byte < 0x7F {
        bytes[byte as usize] = !holds(b"\"<>`", byte);
        byte += 1;
    }
    bytes
};

const fn holds(bytes: &[u8], wanted: u8) -> bool {
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] == wanted {
            return true;
        }
        index += 1;
    }
    false
}

/// Adds what follows the host, with each byte percent-encoded that would end the target or that servers
/// refuse. Escapes that are there stay.
fn push_sendable(text: &mut String, part: &str) {
    let is_sendable = |byte: u8| SENDABLE[usize::from(byte)];
    if part.bytes().all(is_sendable) {
        return text.push_str(part);
    }
    for byte in part.bytes() {
        if is_sendable(byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

/// A URL that may be malformed, to be shown: passwords do not belong into messages.
fn without_credentials(url: &str) -> String {
    let Some(start) = url.find("//").map(|slashes| slashes + 2) else { return url.to_owned() };
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |end| start + end);
    match url[start..end].rfind('@') {
        Some(at) => format!("{}{}", &url[..start], &url[start + at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_as_it_will_be_sent() {
        #[rustfmt::skip]
        const CASES: &[(&str, Scheme, &str, u16, &str, &str)] = &[
            ("http://example.com",               Scheme::Http,  "example.com", 80,   "/",              "http://example.com"),
            ("HTTP://Example.COM/",              Scheme::Http,  "example.com", 80,   "/",              "http://Example.COM/"),
            ("https://example.com/a?b#c",        Scheme::Https, "example.com", 443,  "/a?b",           "https://example.com/a?b#c"),
            ("http://example.com?b",             Scheme::Http,  "example.com", 80,   "/?b",            "http://example.com?b"),
            ("http://example.com:/",             Scheme::Http,  "example.com", 80,   "/",              "http://example.com:/"),
            ("http://example.com:8080/a%2Fb",    Scheme::Http,  "example.com", 8080, "/a%2Fb",         "http://example.com:8080/a%2Fb"),
            ("http://[::1]:81/",                 Scheme::Http,  "::1",         81,   "/",              "http://[::1]:81/"),
            ("https://[FE80::1]",                Scheme::Https, "fe80::1",     443,  "/",              "https://[FE80::1]"),
            ("http://a/caf\u{e9} x?q=\u{fc}<\"", Scheme::Http,  "a",           80,   "/caf%C3%A9%20x?q=%C3%BC%3C%22", "http://a/caf%C3%A9%20x?q=%C3%BC%3C%22"),
            ("http://a/b{c}|d^e[1]\\f",          Scheme::Http,  "a",           80,   "/b{c}|d^e[1]\\f", "http://a/b{c}|d^e[1]\\f"),
            ("http://a//b/../c?/../#?",          Scheme::Http,  "a",           80,   "//b/../c?/../",  "http://a//b/../c?/../#?"),
            ("http://me:secret@a/b",             Scheme::Http,  "a",           80,   "/b",             "http://a/b"),
            ("http://a_b.c-d/",                  Scheme::Http,  "a_b.c-d",     80,   "/",              "http://a_b.c-d/"),
        ];
        for &(url, scheme, host, port, target, text) in CASES {
            let parsed = RequestUrl::parse(url).unwrap();
            assert_eq!((parsed.scheme(), parsed.host(), parsed.port()), (scheme, host, port), "{url}");
            assert_eq!((&*parsed.target(), parsed.as_str()), (target, text), "{url}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        const CASES: &[(&str, &str)] = &[
            ("example.com/", "Unsupported url scheme: example.com/"),
            ("localhost:8888/", "Unsupported url scheme: localhost:8888/"),
            ("ftp://example.com/", "Unsupported url scheme: ftp://example.com/"),
            ("h:5", "Unsupported url scheme: h:5"),
            ("", "Unsupported url scheme: "),
            (" http://a/", "Unsupported url scheme:  http://a/"),
            ("http:a", "invalid URL \"http:a\": expected http://host/path"),
            ("http://", "invalid URL \"http://\": it has no host"),
            (
                "http://:80/",
                "invalid URL \"http://:80/\": a port is a number below 65536, and an IPv6 address has brackets",
            ),
            (
                "http://a:70000/",
                "invalid URL \"http://a:70000/\": a port is a number below 65536, and an IPv6 address has brackets",
            ),
            (
                "http://::1/",
                "invalid URL \"http://::1/\": a port is a number below 65536, and an IPv6 address has brackets",
            ),
            ("http://[::1/", "invalid URL \"http://[::1/\": an IPv6 address ends with a bracket"),
            ("http://[g::1]/", "invalid URL \"http://[g::1]/\": no IPv6 address in the brackets"),
            ("http://a b/", "invalid URL \"http://a b/\": a character that no host has"),
            ("http://a%2Eb/", "invalid URL \"http://a%2Eb/\": a character that no host has"),
            ("http://good\\@evil/", "invalid URL \"http://evil/\": a backslash is no slash"),
            (
                "http://b\u{fc}cher/",
                "invalid URL \"http://b\u{fc}cher/\": a host is written in ASCII; use the form that begins with xn--",
            ),
            ("http://a/\r\nHost: b", "invalid URL \"http://a/\\r\\nHost: b\": it holds a control character"),
            ("http://me:secret@a/\t", "invalid URL \"http://a/\\t\": it holds a control character"),
        ];
        for &(url, expected) in CASES {
            let error = RequestUrl::parse(url).expect_err(url).to_string();
            assert_eq!(error, expected, "{url}");
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        const CASES: &[(&str, Option<(&str, &str)>)] = &[
            ("http://a/", None),
            ("http://me:secret@a/", Some(("me", "secret"))),
            ("http://me@a/", Some(("me", ""))),
            ("http://:secret@a/", Some(("", "secret"))),
            ("http://m%40e:a%3Ab:c@a/", Some(("m@e", "a:b:c"))),
            ("http://m@e:secret@a/", Some(("m@e", "secret"))),
            ("http://a/@b", None),
        ];
        for &(url, expected) in CASES {
            let parsed = RequestUrl::parse(url).unwrap();
            let found = parsed.credentials().map(|found| (found.username.as_str(), found.password.as_str()));
            assert_eq!(found, expected, "{url}");
            assert!(!format!("{parsed:?}").contains("secret"), "{url}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        const CASES: &[(&str, &str, bool)] = &[
            ("http://a/b", "http://a:80/c?d", true),
            ("http://a/", "http://A/", true),
            ("http://u:p@a/", "http://a/", true),
            ("http://a/", "https://a/", false),
            ("http://a/", "http://a:81/", false),
            ("http://a/", "http://b/", false),
            ("http://a:443/", "https://a:443/", false),
        ];
        for &(one, other, expected) in CASES {
            let (one, other) = (RequestUrl::parse(one).unwrap(), RequestUrl::parse(other).unwrap());
            assert_eq!(one.has_origin_of(&other), expected, "{} {}", one.as_str(), other.as_str());
        }
    }
}
