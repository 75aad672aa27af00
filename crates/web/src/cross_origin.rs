//! Whether a request that changes something comes from a page of this site: by what browsers say about it.
//!
//! Every browser in use says with `Sec-Fetch-Site` (Fetch Metadata) where a request comes from, over HTTPS and from
//! the machine itself; older ones and those without TLS say at least the `Origin`. What says neither is no browser, and carries
//! nobody's cookies but its own.

use std::fmt;

/// What a request says of where it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Provenance<'request> {
    pub(crate) sec_fetch_site: Option<&'request str>,
    pub(crate) origin: Option<&'request str>,
    pub(crate) host: &'request str,
}

impl Provenance<'_> {
    /// Whether the request is one of this site's own, or of an origin that is trusted.
    pub(crate) fn check(&self, is_trusted: impl FnOnce(&str) -> bool) -> Result<(), CrossOrigin> {
        let is_own = match self.sec_fetch_site {
            // A page of this site; or no page at all, but a bookmark or a typed address.
            Some("same-origin" | "none") => true,
            Some(_) => false,
            None => self.origin.is_none_or(|origin| self.is_own(origin)),
        };
        if is_own || self.origin.is_some_and(|origin| !origin.is_empty() && is_trusted(origin)) {
            return Ok(());
        }
        Err(CrossOrigin {
            sec_fetch_site: self.sec_fetch_site.map(str::to_owned),
            origin: self.origin.map(str::to_owned),
        })
    }

    /// Whether an origin is this site's, by its host and port: its scheme is known for sure only where no proxy
    /// stands in front.
    fn is_own(&self, origin: &str) -> bool {
        let rest = ["http://", "https://"].into_iter().find_map(|scheme| origin.strip_prefix(scheme));
        let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
        authority.is_some_and(|authority| !authority.is_empty() && authority.eq_ignore_ascii_case(self.host))
    }
}

/// A request from another site, or from another origin of this one; answered 403.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CrossOrigin {
    sec_fetch_site: Option<String>,
    origin: Option<String>,
}

impl fmt::Display for CrossOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.origin.as_deref().unwrap_or("none");
        match &self.sec_fetch_site {
            Some(site) => write!(f, "Sec-Fetch-Site {} & origin {origin:?} not allowed", site.escape_debug()),
            None => write!(f, "Origin {origin:?} not allowed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_is_told_by_what_browsers_say() {
        #[rustfmt::skip]
        const CASES: &[(Option<&str>, Option<&str>, bool)] = &[
            // Sec-Fetch-Site, Origin, whether it may; the host is `www.example.com:8000`.
            (Some("same-origin"), None,                                   true),
            (Some("same-origin"), Some("https://evil.com"),               true),
            (Some("none"),        None,                                   true),
            (Some("none"),        Some("null"),                           true),
            (Some("same-site"),   None,                                   false),
            (Some("same-site"),   Some("https://api.example.com"),        false),
            (Some("same-site"),   Some("https://trusted.com"),            true),
            (Some("cross-site"),  None,                                   false),
            (Some("cross-site"),  Some("http://www.example.com:8000"),    false),
            (Some("cross-site"),  Some("https://trusted.com"),            true),
            (Some("cross-site"),  Some(""),                               false),
            (Some("Same-Origin"), None,                                   false),
            (Some(""),            None,                                   false),
            (Some("same-origin,cross-site"), None,                        false),
            (None,                None,                                   true),
            (None,                Some("http://www.example.com:8000"),    true),
            (None,                Some("https://WWW.EXAMPLE.COM:8000"),   true),
            (None,                Some("http://www.example.com:8000/foo"), true),
            (None,                Some("http://www.example.com"),         false),
            (None,                Some("http://www.example.com:8000@evil.com"), false),
            (None,                Some("www.example.com:8000"),           false),
            (None,                Some("app://www.example.com:8000"),     false),
            (None,                Some("https://evil.com"),               false),
            (None,                Some("https://trusted.com"),            true),
            (None,                Some("https://trusted.com/"),           false),
            (None,                Some("http://trusted.com"),             false),
            (None,                Some("null"),                           false),
            (None,                Some(""),                               false),
        ];
        for &(sec_fetch_site, origin, allowed) in CASES {
            let provenance = Provenance { sec_fetch_site, origin, host: "www.example.com:8000" };
            let checked = provenance.check(|origin| origin == "https://trusted.com");
            assert_eq!(checked.is_ok(), allowed, "{provenance:?}");
        }
    }

    #[test]
    fn a_request_without_a_host_is_of_no_origin() {
        for origin in ["null", "://", "", "http:///x"] {
            let provenance = Provenance { sec_fetch_site: None, origin: Some(origin), host: "" };
            assert!(provenance.check(|_| false).is_err(), "{origin:?}");
        }
    }

    #[test]
    fn a_refusal_reads_as_in_tornado() {
        let refused = |sec_fetch_site, origin| {
            Provenance { sec_fetch_site, origin, host: "a" }.check(|_| false).unwrap_err().to_string()
        };
        assert_eq!(
            refused(Some("cross-site"), Some("null")),
            "Sec-Fetch-Site cross-site & origin \"null\" not allowed"
        );
        assert_eq!(refused(Some("x\n"), None), "Sec-Fetch-Site x\\n & origin \"none\" not allowed");
        assert_eq!(refused(None, Some("http://b")), "Origin \"http://b\" not allowed");
    }
}
