//! URLs in a response's fields, as its client is to see them: `Location`, `Content-Location`, and the paths
//! of cookies.
//!
//! A service that is told the client's host makes URLs that are right as they are. Those that are not begin
//! with the service's own address, or do not know under which prefix it is mounted.

use super::target::Target;

/// From where to where URLs are rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// The service's own address, such as `http://127.0.0.1:8000`.
    origin: String,
    /// What stands before every path there: empty, or `/base`.
    base: String,
    /// What stands before every path here: empty, or the prefix that is taken away.
    prefix: String,
}

impl Places {
    /// The places of a service whose requests lose `prefix` on their way to it.
    pub(super) fn new(target: &Target, prefix: &str) -> Self {
        let origin = format!("{}://{}", target.destination.scheme().as_str(), target.authority);
        Self { origin, base: target.base.clone(), prefix: prefix.to_owned() }
    }

    /// The value of a field with its URL as it is seen from here; `None` where it stays as it is.
    pub(super) fn rewritten(&self, name: &str, value: &[u8]) -> Option<String> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let value = || std::str::from_utf8(value).ok();
        match name.len() {
            8 if is("location") => self.url(value()?),
            16 if is("content-location") => self.url(value()?),
            10 if is("set-cookie") => self.cookie(value()?),
            _ => None,
        }
    }

    /// A URL: one at the service's own address becomes a path here; so does a path there.
    fn url(&self, url: &str) -> Option<String> {
        let own = url.get(..self.origin.len()).filter(|start| start.eq_ignore_ascii_case(&self.origin));
        let path = match own.map(|origin| &url[origin.len()..]) {
            Some("") => "/",
            Some(path) if path.starts_with(['/', '?', '#']) => path,
            Some(_) => return None,
            // `//host/path` is a URL without its scheme.
            None if url.starts_with('/') && !url.starts_with("//") => url,
            None => return None,
        };
        let below = self.below_base(path)?;
        // Two slashes at its beginning would make it another host's.
        let slash = if below.starts_with('/') { "" } else { "/" };
        let rewritten = format!("{}{slash}{below}", self.prefix);
        if rewritten.starts_with("//") || rewritten == url { None } else { Some(rewritten) }
    }

    /// A path here in place of the one there, in a cookie's `Path`.
    fn cookie(&self, cookie: &str) -> Option<String> {
        let mut parts: Vec<&str> = cookie.split(';').collect();
        let is_path = |part: &&str| part.split('=').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("path"));
        // The first part is name and value; of several attributes of one name the last counts.
        let place = parts.iter().skip(1).rposition(is_path)? + 1;
        let path = parts[place].split_once('=')?.1.trim();
        let rewritten = format!("{}{}", self.prefix, self.below_base(path)?);
        let rewritten = if rewritten.is_empty() { "/" } else { &rewritten };
        if rewritten == path {
            return None;
        }
        let part = format!(" Path={rewritten}");
        parts[place] = &part;
        Some(parts.join(";"))
    }

    /// What of a path there is below the base.
    fn below_base<'path>(&self, path: &'path str) -> Option<&'path str> {
        let below = path.strip_prefix(self.base.as_str())?;
        (self.base.is_empty() || below.is_empty() || below.starts_with(['/', '?', '#'])).then_some(below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_rewritten_to_what_the_client_can_follow() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, &str, Option<&str>)] = &[
            // target           prefix  URL                       becomes
            ("http://a:1",      "",     "http://a:1/x?y",         Some("/x?y")),
            ("http://a:1",      "",     "HTTP://A:1/x",           Some("/x")),
            ("http://a:1",      "",     "http://a:1",             Some("/")),
            ("http://a:1",      "",     "http://a:1?y",           Some("/?y")),
            ("http://a:1",      "",     "http://a:12/x",          None),
            ("http://a:1",      "",     "https://a:1/x",          None),
            ("http://a:1",      "",     "http://b/x",             None),
            ("http://a:1",      "",     "/x",                     None),
            ("http://a:1",      "",     "x",                      None),
            ("http://a:1",      "",     "//b/x",                  None),
            ("http://a:1",      "",     "http://a:1//b/x",        None),
            ("http://a:1",      "/api", "http://a:1/x",           Some("/api/x")),
            ("http://a:1",      "/api", "/x",                     Some("/api/x")),
            ("http://a:1",      "/api", "/",                      Some("/api/")),
            ("http://a:1/base", "",     "/base/x",                Some("/x")),
            ("http://a:1/base", "/api", "http://a:1/base/x",      Some("/api/x")),
            ("http://a:1/base", "/api", "/base",                  Some("/api/")),
            ("http://a:1/base", "/api", "/basement",              None),
            ("http://a:1/base", "/api", "/other",                 None),
        ];
        for &(target, prefix, url, expected) in CASES {
            let places = Places::new(&Target::parse(target).unwrap(), prefix);
            assert_eq!(places.url(url).as_deref(), expected, "{url} of {target} at {prefix}");
            assert_eq!(places.rewritten("LOCATION", url.as_bytes()).as_deref(), expected);
        }
    }

    #[test]
    fn a_cookie_is_sent_where_its_path_is() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, &str, Option<&str>)] = &[
            ("http://a",      "",     "a=1; Path=/",               None),
            ("http://a",      "/api", "a=1",                       None),
            ("http://a",      "/api", "a=1; Path=/",               Some("a=1; Path=/api/")),
            ("http://a",      "/api", "a=1;path=/x; Secure",       Some("a=1; Path=/api/x; Secure")),
            ("http://a/base", "",     "a=1; Path=/base",           Some("a=1; Path=/")),
            ("http://a/base", "/api", "a=1; Path=/base/x",         Some("a=1; Path=/api/x")),
            ("http://a/base", "/api", "a=1; Path=/",               None),
            ("http://a",      "/api", "path=/; Secure",            None),
        ];
        for &(target, prefix, cookie, expected) in CASES {
            let places = Places::new(&Target::parse(target).unwrap(), prefix);
            assert_eq!(places.rewritten("Set-Cookie", cookie.as_bytes()).as_deref(), expected, "{cookie}");
        }
    }
}
