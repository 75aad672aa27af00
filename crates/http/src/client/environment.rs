//! The proxies that the environment names: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`.
//!
//! There is no standard; this is what curl does. `HTTP_PROXY` in capitals is not read, since a CGI program
//! has a visitor's header `Proxy` under that name.

use std::net::Ipv6Addr;

use super::destination::Scheme;
use super::proxy::Proxy;
use super::url::{Credentials, RequestUrl};
use crate::httputil::split_host_and_port;

/// Which proxy is asked for what.
#[derive(Clone, Debug, Default)]
pub(super) struct ProxyEnvironment {
    http: Option<EnvironmentProxy>,
    https: Option<EnvironmentProxy>,
    no_proxy: Vec<Exception>,
}

/// A proxy that the environment names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EnvironmentProxy {
    host: String,
    port: u16,
    is_secure: bool,
    credentials: Option<Credentials>,
}

/// What is asked directly.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    Everything,
    /// A host or a domain with all below it, and a port if only that one is meant.
    Domain(String, Option<u16>),
}

impl ProxyEnvironment {
    /// Reads the variables; one that is no URL of a proxy is passed over.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let proxy = |names: &[&str]| {
            let value = names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()))?;
            EnvironmentProxy::parse(&value)
        };
        let no_proxy = variable("no_proxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
        Self {
            http: proxy(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            https: proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            no_proxy: no_proxy.split([',', ' ']).filter_map(Exception::parse).collect(),
        }
    }

    /// The proxy for a URL, if it is not to be asked for directly.
    pub(super) fn proxy_for(&self, url: &RequestUrl) -> Option<&EnvironmentProxy> {
        let proxy = match url.scheme() {
            Scheme::Http => self.http.as_ref(),
            Scheme::Https => self.https.as_ref(),
        };
        proxy.filter(|_| !self.no_proxy.iter().any(|exception| exception.is_for(url)))
    }
}

impl EnvironmentProxy {
    /// `http://me:secret@proxy:3128`, or the same without its scheme, or `https://`; a port that is not said is
    /// 1080, or 443 of `https://`, as curl has it.
    fn parse(value: &str) -> Option<Self> {
        let (is_secure, rest) = match value.split_once("://") {
            None | Some(("http", _)) => (false, value.trim_start_matches("http://")),
            Some(("https", rest)) => (true, rest),
            Some(_) => return None,
        };
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // As a URL of https, so that a port of 80 is not one that was left out.
        let url = RequestUrl::parse(&format!("https://{rest}")).ok()?;
        let is_given = is_secure || url.as_str().ends_with(&format!(":{}", url.port()));
        let port = if is_given { url.port() } else { 1080 };
        Some(Self { host: url.host().to_owned(), port, is_secure, credentials: url.credentials().cloned() })
    }

    pub(super) fn proxy(&self) -> Proxy {
        let proxy = Proxy::new(&self.host, self.port).secure(self.is_secure);
        match &self.credentials {
            Some(Credentials { username, password }) => proxy.credentials(username, password),
            None => proxy,
        }
    }
}

impl Exception {
    fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "" => None,
            "*" => Some(Self::Everything),
            domain => {
                // An IPv6 address without brackets has no port behind it.
                let (host, port) = match domain.parse::<Ipv6Addr>() {
                    Ok(_) => (domain, None),
                    Err(_) => split_host_and_port(domain),
                };
                let host = host.trim_start_matches("*.").trim_start_matches('.').trim_matches(['[', ']']);
                Some(Self::Domain(host.to_ascii_lowercase(), port))
            }
        }
    }

    fn is_for(&self, url: &RequestUrl) -> bool {
        match self {
            Self::Everything => true,
            Self::Domain(domain, port) => {
                let is_below = || url.host().strip_suffix(domain.as_str()).is_some_and(|below| below.ends_with('.'));
                (url.host() == domain || is_below()) && port.is_none_or(|port| port == url.port())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> ProxyEnvironment {
        let value = |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.to_string());
        ProxyEnvironment::read(value)
    }

    /// Variables, a URL, and the proxy that is asked.
    type Case = (&'static [(&'static str, &'static str)], &'static str, Option<(&'static str, u16)>);

    #[test]
    fn the_variable_of_the_scheme_says_which_proxy_is_asked() {
        #[rustfmt::skip]
        const CASES: &[Case] = &[
            (&[],                                                     "http://a/",  None),
            (&[("http_proxy", "http://p:3128")],                      "http://a/",  Some(("p", 3128))),
            (&[("http_proxy", "http://p:3128")],                      "https://a/", None),
            (&[("http_proxy", "p:80")],                               "http://a/",  Some(("p", 80))),
            (&[("http_proxy", "http://p:80/")],                       "http://a/",  Some(("p", 80))),
            (&[("http_proxy", "p:443")],                              "http://a/",  Some(("p", 443))),
            (&[("http_proxy", "http://p")],                           "http://a/",  Some(("p", 1080))),
            (&[("http_proxy", "[::1]:3128")],                         "http://a/",  Some(("::1", 3128))),
            (&[("HTTP_PROXY", "http://p:1")],                         "http://a/",  None),
            (&[("HTTPS_PROXY", "http://p:1")],                        "https://a/", Some(("p", 1))),
            (&[("https_proxy", "http://p:1"), ("HTTPS_PROXY", "q:1")], "https://a/", Some(("p", 1))),
            (&[("all_proxy", "http://p:1")],                          "https://a/", Some(("p", 1))),
            (&[("http_proxy", "https://p")],                          "http://a/",  Some(("p", 443))),
            (&[("http_proxy", "https://p:80")],                       "http://a/",  Some(("p", 80))),
            (&[("http_proxy", "socks5://p:1")],                       "http://a/",  None),
            (&[("http_proxy", "p:port")],                             "http://a/",  None),
            (&[("http_proxy", ""), ("all_proxy", "p:1")],             "http://a/",  Some(("p", 1))),
        ];
        for &(variables, url, expected) in CASES {
            let url = RequestUrl::parse(url).unwrap();
            let environment = environment(variables);
            let proxy = environment.proxy_for(&url).map(|proxy| (proxy.host.as_str(), proxy.port));
            assert_eq!(proxy, expected, "{variables:?}");
        }
        let environment = environment(&[("http_proxy", "http://me:secret@p:1")]);
        let proxy = environment.proxy_for(&RequestUrl::parse("http://a/").unwrap()).unwrap();
        assert_eq!(proxy.credentials.as_ref().unwrap().password, "secret");
    }

    #[test]
    fn what_no_proxy_names_is_asked_directly() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, bool)] = &[
            ("",                      "http://a.example/",      true),
            ("*",                     "http://a.example/",      false),
            ("a.example",             "http://a.example/",      false),
            ("A.Example",             "http://a.example:81/",   false),
            ("example",               "http://a.example/",      false),
            (".example",              "http://a.example/",      false),
            ("*.example",             "http://a.example/",      false),
            ("ample",                 "http://a.example/",      true),
            ("b, a.example:81",       "http://a.example:81/",   false),
            ("b a.example:81",        "http://a.example/",      true),
            ("127.0.0.1,::1",         "http://127.0.0.1:8000/", false),
            ("127.0.0.1,::1",         "http://[::1]:8000/",     false),
            ("a.example.org",         "http://a.example/",      true),
        ];
        for &(no_proxy, url, expected) in CASES {
            let environment = environment(&[("http_proxy", "p:1"), ("no_proxy", no_proxy)]);
            let url = RequestUrl::parse(url).unwrap();
            assert_eq!(environment.proxy_for(&url).is_some(), expected, "{no_proxy} {}", url.as_str());
        }
    }
}
