//! What a redirect makes of a request (RFC 9110, section 15.4; the Fetch standard; Tornado's rules).
//!
//! Only judged here; the fetch does it. Nothing here knows a connection.

use std::borrow::Cow;
use std::fmt;

use http::{Method, StatusCode};

use super::request_error::RequestError;
use super::url::RequestUrl;
use crate::headers::Headers;
use crate::httputil::urljoin;

/// The request that follows one which was redirected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) url: RequestUrl,
    pub(crate) method: Method,
    /// Whether the body, and the headers that describe it, go along.
    pub(crate) keeps_body: bool,
    /// Whether it leaves the origin that the caller asked: nothing that was meant for that goes along.
    pub(crate) leaves_origin: bool,
}

impl Redirect {
    /// Whether a response with this status is one that can be followed, if it says where to.
    pub(crate) fn is_one(status: StatusCode) -> bool {
        matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
    }

    /// Where the response of `from` leads; `origin` is what the caller asked for in the first place.
    pub(crate) fn to(
        location: &[u8],
        status: StatusCode,
        method: &Method,
        from: &RequestUrl,
        origin: &RequestUrl,
    ) -> Result<Self, RequestError> {
        let mut url = RequestUrl::parse(&urljoin(from.as_str(), &text(location)))?;
        // RFC 9110, section 10.2.2: the fragment is inherited.
        url.inherit_fragment(from.fragment());
        let becomes_get = match status.as_u16() {
            303 => method != Method::HEAD,
            301 | 302 => method == Method::POST,
            _ => false,
        };
        let method = if becomes_get { Method::GET } else { method.clone() };
        let leaves_origin = !url.has_origin_of(origin);
        Ok(Self { url, method, keeps_body: !becomes_get, leaves_origin })
    }

    /// Takes out the headers that do not go along.
    pub(crate) fn strip(&self, headers: &mut Headers) {
        // It names the host that was left.
        headers.remove("Host");
        if !self.keeps_body {
            remove_all(headers, &CONTENT);
        }
        if self.leaves_origin {
            remove_all(headers, &CREDENTIALS);
        }
    }
}

/// What describes a body.
const CONTENT: [&str; 8] = [
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Transfer-Encoding",
    "Trailer",
    "Expect",
];

/// What lets somebody in. curl takes out the same.
const CREDENTIALS: [&str; 4] = ["Authorization", "Cookie", "Cookie2", "Proxy-Authorization"];

fn remove_all(headers: &mut Headers, names: &[&str]) {
    for name in names {
        headers.remove(name);
    }
}

/// The bytes of a `Location`. What is no text in it (it is to be ASCII) keeps its bytes by percent-encoding.
fn text(location: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(location) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(location.iter().fold(String::new(), |mut text, &byte| {
        if byte.is_ascii() {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    }))
}

/// A redirect that could not be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectError {
    /// Its `Location` is no URL, or none of HTTP.
    Location(RequestError),
    /// 307 or 308 to a request whose body was written while it was sent, by a
    /// [`body_producer`](super::Fetch::body_producer) that cannot write it again.
    BodyGone {
        /// Where it leads.
        location: String,
    },
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Location(error) => write!(f, "the server redirects to where one cannot go: {error}"),
            Self::BodyGone { location } => write!(
                f,
                "the server redirects to {location}, and the body cannot be written again; \
                 use `repeatable_body_producer`"
            ),
        }
    }
}

impl std::error::Error for RedirectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Location(error) => Some(error),
            Self::BodyGone { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(
        status: u16,
        method: &str,
        from: &str,
        location: &[u8],
        origin: &str,
    ) -> Result<Redirect, RequestError> {
        let status = StatusCode::from_u16(status).unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let parse = |url| RequestUrl::parse(url).unwrap();
        Redirect::to(location, status, &method, &parse(from), &parse(origin))
    }

    /// A method, and what becomes of it for each status: the new one, and whether its body goes along.
    type Rewritten = (&'static str, [(u16, &'static str, bool); 5]);

    #[test]
    fn the_method_is_rewritten_as_tornado_does() {
        #[rustfmt::skip]
        const CASES: &[Rewritten] = &[
            ("GET",    [(301, "GET",    true),  (302, "GET",    true),  (303, "GET",  false), (307, "GET",    true), (308, "GET",    true)]),
            ("HEAD",   [(301, "HEAD",   true),  (302, "HEAD",   true),  (303, "HEAD", true),  (307, "HEAD",   true), (308, "HEAD",   true)]),
            ("POST",   [(301, "GET",    false), (302, "GET",    false), (303, "GET",  false), (307, "POST",   true), (308, "POST",   true)]),
            ("PUT",    [(301, "PUT",    true),  (302, "PUT",    true),  (303, "GET",  false), (307, "PUT",    true), (308, "PUT",    true)]),
            ("DELETE", [(301, "DELETE", true),  (302, "DELETE", true),  (303, "GET",  false), (307, "DELETE", true), (308, "DELETE", true)]),
            ("OTHER",  [(301, "OTHER",  true),  (302, "OTHER",  true),  (303, "GET",  false), (307, "OTHER",  true), (308, "OTHER",  true)]),
        ];
        for &(method, outcomes) in CASES {
            for (status, expected, keeps_body) in outcomes {
                let redirect = redirect(status, method, "http://a/", b"/b", "http://a/").unwrap();
                assert_eq!(
                    (redirect.method.as_str(), redirect.keeps_body),
                    (expected, keeps_body),
                    "{status} {method}"
                );
            }
        }
        for status in [200, 300, 304, 305, 306, 400] {
            assert!(!Redirect::is_one(StatusCode::from_u16(status).unwrap()), "{status}");
        }
    }

    #[test]
    fn the_location_is_seen_from_where_it_was_sent() {
        #[rustfmt::skip]
        const CASES: &[(&str, &[u8], &str, bool)] = &[
            ("http://a/b/c",       b"d",                 "http://a/b/d",       false),
            ("http://a/b/c?d",     b"?e",                "http://a/b/c?e",     false),
            ("http://a/b",         b"//c/d",             "http://c/d",         true),
            ("http://a/b",         b"https://a/b",       "https://a/b",        true),
            ("http://a/b",         b"http://a:80/",      "http://a:80/",       false),
            ("http://a/b",         b"http://a:8000/",    "http://a:8000/",     true),
            ("http://a/b#top",     b"/c",                "http://a/c#top",     false),
            ("http://a/b#top",     b"/c#end",            "http://a/c#end",     false),
            ("http://a/b",         b"",                  "http://a/b",         false),
            ("http://a/b",         b"/caf\xc3\xa9 c",    "http://a/caf%C3%A9%20c", false),
            ("http://a/b",         b"/caf\xe9",          "http://a/caf%E9",    false),
            // From elsewhere and back: what was taken out there does not come back, but it is the origin.
            ("http://elsewhere/",  b"http://a/",         "http://a/",          false),
            ("http://elsewhere/",  b"/b",                "http://elsewhere/b", true),
        ];
        for &(from, location, expected, leaves_origin) in CASES {
            let redirect = redirect(302, "GET", from, location, "http://a/").unwrap();
            assert_eq!((redirect.url.as_str(), redirect.leaves_origin), (expected, leaves_origin), "{from}");
        }
        for wrong in [&b"ftp://a/"[..], b"h:5", b"javascript:alert(1)", b"http://", b"//", b"/\x01"] {
            assert!(redirect(302, "GET", "http://a/", wrong, "http://a/").is_err(), "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn what_was_meant_for_the_origin_or_the_body_stays_behind() {
        const FIELDS: &str = "Host: a\r\nAuthorization: x\r\nCookie: x\r\nProxy-Authorization: x\r\nContent-Type: x\r\n\
                              Content-Length: 1\r\nX-Id: 1\r\n";
        #[rustfmt::skip]
        const CASES: &[(u16, &str, &[&str])] = &[
            (307, "/b",        &["Authorization", "Cookie", "Proxy-Authorization", "Content-Type", "Content-Length", "X-Id"]),
            (303, "/b",        &["Authorization", "Cookie", "Proxy-Authorization", "X-Id"]),
            (307, "http://b/", &["Content-Type", "Content-Length", "X-Id"]),
            (303, "http://b/", &["X-Id"]),
        ];
        for &(status, location, expected) in CASES {
            let mut headers = Headers::parse(FIELDS).unwrap();
            redirect(status, "POST", "http://a/", location.as_bytes(), "http://a/").unwrap().strip(&mut headers);
            assert_eq!(headers.names().collect::<Vec<_>>(), expected, "{status} {location}");
        }
    }
}
