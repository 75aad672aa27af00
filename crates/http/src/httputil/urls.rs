//! Pieces of URLs: arguments added to a query, host and port apart, references resolved.

use firewhirl_escape::{UrlPart, url_escape, url_unescape_bytes};

/// Adds arguments to a URL's query, whether or not it has one. Tornado's `url_concat`.
///
/// The query that is there is written anew in the encoding of forms, arguments without a value
/// included; the fragment stays at the end.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::url_concat;
///
/// let url = url_concat("https://example.com/path?a=1&b#top", [("to", "/next page")]);
/// assert_eq!(url, "https://example.com/path?a=1&b=&to=%2Fnext+page#top");
/// ```
pub fn url_concat<Name: AsRef<str>, Value: AsRef<str>>(
    url: &str,
    arguments: impl IntoIterator<Item = (Name, Value)>,
) -> String {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut joined = String::with_capacity(url.len() + fragment.len() + 32);
    joined.push_str(path);
    let mut separator = '?';
    let mut push = |name: &[u8], value: &[u8]| {
        joined.push(std::mem::replace(&mut separator, '&'));
        joined.push_str(&url_escape(name, UrlPart::Query));
        joined.push('=');
        joined.push_str(&url_escape(value, UrlPart::Query));
    };
    for field in query.split('&').filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        push(
            &url_unescape_bytes(name.as_bytes(), UrlPart::Query),
            &url_unescape_bytes(value.as_bytes(), UrlPart::Query),
        );
    }
    for (name, value) in arguments {
        push(name.as_ref().as_bytes(), value.as_ref().as_bytes());
    }
    if !fragment.is_empty() {
        joined.push('#');
        joined.push_str(fragment);
    }
    joined
}

/// Takes a port off the end of a host. Tornado's `split_host_and_port`.
///
/// A number that no port can have, like anything else after the last colon, belongs to the host.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::split_host_and_port;
///
/// assert_eq!(split_host_and_port("example.com:8080"), ("example.com", Some(8080)));
/// assert_eq!(split_host_and_port("[::1]:80"), ("[::1]", Some(80)));
/// assert_eq!(split_host_and_port("example.com"), ("example.com", None));
/// ```
pub fn split_host_and_port(netloc: &str) -> (&str, Option<u16>) {
    match netloc.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            match port.parse() {
                Ok(port) => (host, Some(port)),
                Err(_) => (netloc, None),
            }
        }
        _ => (netloc, None),
    }
}

/// Turns a map of lists into pairs, a pair a value. Tornado's `qs_to_qsl`.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::{qs_to_qsl, url_concat};
///
/// let query = [("a", vec!["1", "3"]), ("b", vec!["2"])];
/// assert_eq!(url_concat("/", qs_to_qsl(query)), "/?a=1&a=3&b=2");
/// ```
pub fn qs_to_qsl<Name: Clone, Values: IntoIterator>(
    query: impl IntoIterator<Item = (Name, Values)>,
) -> impl Iterator<Item = (Name, Values::Item)> {
    query.into_iter().flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)))
}

/// Resolves a reference as seen from the URL on which it was found: what a `Location` means
/// (RFC 3986, section 5.2; Python's `urllib.parse.urljoin`).
///
/// `base` is a whole URL or a path alone. A reference that only repeats the scheme (`http:page`) is
/// taken as if the scheme were not there, as browsers and Python do. Nothing is encoded or checked.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::urljoin;
///
/// let base = "https://example.com/stories/12?page=2";
/// assert_eq!(urljoin(base, "13"), "https://example.com/stories/13");
/// assert_eq!(urljoin(base, "../login?next=/#form"), "https://example.com/login?next=/#form");
/// assert_eq!(urljoin(base, "//example.org/"), "https://example.org/");
/// assert_eq!(urljoin("/stories/12", "13"), "/stories/13");
/// ```
pub fn urljoin(base: &str, reference: &str) -> String {
    let base = Components::of(base);
    let mut target = Components::of(reference);
    if target.scheme.is_some_and(|scheme| base.scheme.is_none_or(|other| !scheme.eq_ignore_ascii_case(other))) {
        return target.written(&without_dot_segments(target.path));
    }
    target.scheme = base.scheme;
    if target.authority.is_some() {
        return target.written(&without_dot_segments(target.path));
    }
    target.authority = base.authority;
    if target.path.is_empty() {
        target.query = target.query.or(base.query);
        return target.written(base.path);
    }
    if target.path.starts_with('/') {
        return target.written(&without_dot_segments(target.path));
    }
    let directory = match base.path.rfind('/') {
        Some(slash) => &base.path[..=slash],
        None if base.authority.is_some() => "/",
        None => "",
    };
    target.written(&without_dot_segments(&format!("{directory}{}", target.path)))
}

/// The five parts of a URL or a relative reference, as RFC 3986, appendix B, takes them apart.
#[derive(Clone, Copy)]
struct Components<'url> {
    scheme: Option<&'url str>,
    authority: Option<&'url str>,
    path: &'url str,
    query: Option<&'url str>,
    fragment: Option<&'url str>,
}

impl<'url> Components<'url> {
    fn of(url: &'url str) -> Self {
        let (url, fragment) = cut(url, '#');
        let (url, query) = cut(url, '?');
        let (scheme, rest) = match url.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, url),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Self { scheme, authority, path, query, fragment }
    }

    /// The parts put together again, with another path (RFC 3986, section 5.3).
    fn written(&self, path: &str) -> String {
        let mut url = String::new();
        if let Some(scheme) = self.scheme {
            url.extend([scheme, ":"]);
        }
        if let Some(authority) = self.authority {
            url.extend(["//", authority]);
        } else if path.starts_with("//") {
            // Else its beginning would be read as a host.
            url.push_str("/.");
        }
        url.push_str(path);
        if let Some(query) = self.query {
            url.extend(["?", query]);
        }
        if let Some(fragment) = self.fragment {
            url.extend(["#", fragment]);
        }
        url
    }
}

/// What stands before and behind a mark, if it is there.
fn cut(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// A path whose `.` and `..` are done (RFC 3986, section 5.2.4); no `..` leads above the root.
fn without_dot_segments(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut done: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(usize::from(is_absolute)).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => drop(done.pop()),
            _ => {
                done.push(segment);
                continue;
            }
        }
        // What it stands for is a folder.
        if is_last {
            done.push("");
        }
    }
    let joined = done.join("/");
    if is_absolute { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_the_rfc_says() {
        // RFC 3986, sections 5.4.1 and 5.4.2, whole.
        const BASE: &str = "http://a/b/c/d;p?q";
        const CASES: &[(&str, &str)] = &[
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q#s"),
            ("g#s", "http://a/b/c/g#s"),
            ("g?y#s", "http://a/b/c/g?y#s"),
            (";x", "http://a/b/c/;x"),
            ("g;x", "http://a/b/c/g;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y#s"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("../../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("g#s/./x", "http://a/b/c/g#s/./x"),
            ("g#s/../x", "http://a/b/c/g#s/../x"),
            // Not strictly: as browsers do.
            ("http:g", "http://a/b/c/g"),
            ("HTTP:g", "http://a/b/c/g"),
        ];
        for &(reference, expected) in CASES {
            assert_eq!(urljoin(BASE, reference), expected, "{reference}");
        }
    }

    #[test]
    fn a_base_may_be_a_path_or_a_host_alone() {
        const CASES: &[(&str, &str, &str)] = &[
            ("/a/b?c", "/d", "/d"),
            ("/a/b?c", "d?e", "/a/d?e"),
            ("/a/b?c", "?d", "/a/b?d"),
            ("/a/b/c", "../d", "/a/d"),
            ("/a/b/c", "./d/../../e?f/..", "/a/e?f/.."),
            ("/a", "../../d", "/d"),
            ("/a", "http://b/c", "http://b/c"),
            ("/a", "//b/c", "//b/c"),
            ("/a", "/.//b/c", "/.//b/c"),
            ("http://b:80/a/c", "/d", "http://b:80/d"),
            ("http://b:80", "d", "http://b:80/d"),
            ("http://b:80", "?d", "http://b:80?d"),
            ("http://b/a//c", "../d", "http://b/a/d"),
            ("http://user@[::1]:80/a?b=/c", "d", "http://user@[::1]:80/d"),
            ("http://b/a:c", "d:80/e", "d:80/e"),
            ("http://b/a", "./d:80/e", "http://b/d:80/e"),
        ];
        for &(base, reference, expected) in CASES {
            assert_eq!(urljoin(base, reference), expected, "{reference} from {base}");
        }
    }

    #[test]
    fn arguments_are_added_to_what_is_there() {
        type Case<'text> = (&'text str, &'text [(&'text str, &'text str)], &'text str);
        const CASES: &[Case<'_>] = &[
            ("https://localhost/path", &[("y", "y"), ("z", "z")], "https://localhost/path?y=y&z=z"),
            ("https://localhost/path", &[("y", "/y"), ("z", "z")], "https://localhost/path?y=%2Fy&z=z"),
            ("https://localhost/path?", &[("y", "y"), ("z", "z")], "https://localhost/path?y=y&z=z"),
            ("https://localhost/path?x", &[("y", "y"), ("z", "z")], "https://localhost/path?x=&y=y&z=z"),
            ("https://localhost/path?x&", &[("y", "y"), ("z", "z")], "https://localhost/path?x=&y=y&z=z"),
            ("https://localhost/path?a=1&b=2", &[("y", "y"), ("z", "z")], "https://localhost/path?a=1&b=2&y=y&z=z"),
            ("https://localhost/path?r=1&t=2", &[], "https://localhost/path?r=1&t=2"),
            ("https://localhost/path#tab", &[("y", "y")], "https://localhost/path?y=y#tab"),
            ("https://localhost/path", &[("y", "y1"), ("y", "y2")], "https://localhost/path?y=y1&y=y2"),
            ("https://localhost/path?r=1&r=2", &[("y", "y")], "https://localhost/path?r=1&r=2&y=y"),
            ("/?a=%20+%2b&b=c%26d", &[("\u{e9}", "~")], "/?a=++%2B&b=c%26d&%C3%A9=~"),
            ("/#a?b", &[("y", "y")], "/?y=y#a?b"),
            ("?a=b?c", &[], "?a=b%3Fc"),
            ("", &[], ""),
        ];
        for &(url, arguments, expected) in CASES {
            assert_eq!(url_concat(url, arguments.iter().copied()), expected, "{url}");
        }
    }

    #[test]
    fn a_port_is_what_follows_the_last_colon() {
        const CASES: &[(&str, (&str, Option<u16>))] = &[
            ("example.com", ("example.com", None)),
            ("example.com:80", ("example.com", Some(80))),
            ("example.com:", ("example.com:", None)),
            (":80", (":80", None)),
            ("[::1]:80", ("[::1]", Some(80))),
            ("[::1]", ("[::1]", None)),
            ("a:1:2", ("a:1", Some(2))),
            ("a:+1", ("a:+1", None)),
            ("a:65536", ("a:65536", None)),
            ("", ("", None)),
        ];
        for &(netloc, expected) in CASES {
            assert_eq!(split_host_and_port(netloc), expected, "{netloc}");
        }
    }
}
