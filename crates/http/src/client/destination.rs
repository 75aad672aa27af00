//! Where a request goes: all that has to be equal for a connection to be used again.

use std::borrow::Cow;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use firewhirl_tcp::Family;

use super::proxy::Proxy;
use super::secure::Tls;

/// Where a request goes, and by which way: what connections are kept under.
///
/// Two requests share connections if their destinations are equal in everything. Made once for many
/// requests and handed to each as an `Rc`, it is found without a look at its text.
///
/// # Examples
///
/// ```
/// use firewhirl_http::client::{Destination, Scheme};
///
/// let direct = Destination::new(Scheme::Http, "example.com", 80);
/// assert_eq!(direct.authority(), "example.com");
/// assert_ne!(direct, direct.clone().unix_socket("/run/example.sock"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    scheme: Scheme,
    host: String,
    port: u16,
    /// What `Host` says, made once for all requests.
    authority: String,
    unix_socket: Option<PathBuf>,
    proxy: Option<Proxy>,
    source: Source,
    family: Family,
    versions: Versions,
    /// Of no meaning in clear.
    pub(super) tls: Tls,
}

/// Where a connection comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Source {
    #[default]
    Any,
    Ip(IpAddr),
    Interface(String),
}

/// What is spoken with the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP in clear.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The port that a URL of this scheme stands for without one.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// Its name in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Which versions of HTTP a connection may speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Versions {
    /// HTTP/1.1 in clear; over TLS whichever of HTTP/2 and HTTP/1.1 the server prefers.
    #[default]
    Any,
    /// HTTP/1.1 alone.
    Http1,
    /// HTTP/2 alone; in clear without asking first ("prior knowledge").
    Http2,
}

impl Destination {
    /// A host, by name or address (of version 6 without brackets), and a port.
    pub fn new(scheme: Scheme, host: impl Into<String>, port: u16) -> Self {
        let mut host = host.into();
        host.make_ascii_lowercase();
        let authority =
            if port == scheme.default_port() { bracketed(&host).into_owned() } else { with_port(&host, port) };
        Self {
            scheme,
            host,
            port,
            authority,
            unix_socket: None,
            proxy: None,
            source: Source::default(),
            family: Family::Any,
            versions: Versions::default(),
            tls: Default::default(),
        }
    }

    /// Connects to the Unix socket at `path`; host and port are then only what the server is told.
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.unix_socket = Some(path.into());
        self
    }

    /// Goes through a proxy. Default: straight to the host.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// The address of this machine to connect from. Default: the system chooses.
    pub fn source_ip(mut self, ip: IpAddr) -> Self {
        self.source = Source::Ip(ip);
        self
    }

    /// The network interface of this machine to connect from, by its address or (on Linux) its name.
    /// Tornado's `network_interface`. Default: the system chooses.
    pub fn network_interface(mut self, address_or_name: &str) -> Self {
        self.source = match address_or_name.parse() {
            Ok(ip) => Source::Ip(ip),
            Err(_) => Source::Interface(address_or_name.to_owned()),
        };
        self
    }

    /// Keeps to one address family; Tornado's `allow_ipv6=False` is [`Family::V4`]. Default: either.
    pub fn family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }

    /// Which versions of HTTP may be spoken. Default: [`Versions::Any`].
    pub fn versions(mut self, versions: Versions) -> Self {
        self.versions = versions;
        self
    }

    /// The origin that its requests are for.
    pub(super) fn origin(&self) -> (Scheme, &str, u16) {
        (self.scheme, &self.host, self.port)
    }

    /// What is spoken with the host.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host in lower case; an address of version 6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What `Host` says: the host, in brackets where it is an address of version 6, and the port
    /// unless it is the scheme's.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The host and always the port, as the target of CONNECT has them.
    pub(crate) fn host_and_port(&self) -> String {
        with_port(&self.host, self.port)
    }

    pub(crate) fn unix_socket_path(&self) -> Option<&Path> {
        self.unix_socket.as_deref()
    }

    /// The host and port to connect to: the proxy's, or else its own.
    pub fn next_hop(&self) -> (&str, u16) {
        match &self.proxy {
            Some(proxy) => (proxy.host(), proxy.port()),
            None => (&self.host, self.port),
        }
    }

    /// The proxy that it goes through.
    pub fn through(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// The proxy that requests themselves are handed to, rather than asked for a tunnel.
    pub(super) fn forwarding_proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|_| self.scheme == Scheme::Http)
    }

    /// Whether a tunnel is needed, so that the proxy does not see what is sent.
    pub(super) fn is_tunnelled(&self) -> bool {
        self.proxy.is_some() && self.scheme == Scheme::Https
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn address_family(&self) -> Family {
        self.family
    }

    pub(crate) fn allowed_versions(&self) -> Versions {
        self.versions
    }
}

fn with_port(host: &str, port: u16) -> String {
    format!("{}:{port}", bracketed(host))
}

/// A host as a URL has it.
fn bracketed(host: &str) -> Cow<'_, str> {
    if host.contains(':') { Cow::Owned(format!("[{host}]")) } else { Cow::Borrowed(host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_has_brackets_where_needed_and_the_port_unless_it_is_the_schemes() {
        #[rustfmt::skip]
        const CASES: &[(Scheme, &str, u16, &str)] = &[
            (Scheme::Http,  "Example.COM", 80,   "example.com"),
            (Scheme::Http,  "example.com", 443,  "example.com:443"),
            (Scheme::Https, "example.com", 443,  "example.com"),
            (Scheme::Https, "example.com", 8443, "example.com:8443"),
            (Scheme::Http,  "::1",         80,   "[::1]"),
            (Scheme::Http,  "::1",         8000, "[::1]:8000"),
        ];
        for &(scheme, host, port, expected) in CASES {
            assert_eq!(Destination::new(scheme, host, port).authority(), expected);
        }
    }
}
