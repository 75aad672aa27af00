//! How a request is fetched: the part of Tornado's `HTTPRequest` that its client has defaults for.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use super::destination::Versions;
use super::outgoing::DEFAULT_TIMEOUT;
use super::request::HttpRequest;
use super::ssl_options::Given;

/// The options of one request, which mostly has none: then they are a null pointer, and a request that is
/// handed from one to the next is small.
#[derive(Clone, Default)]
pub(super) struct Options(Option<Box<RequestOptions>>);

impl Options {
    /// Whether nothing was set.
    pub(super) fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl Deref for Options {
    type Target = RequestOptions;

    fn deref(&self) -> &RequestOptions {
        static NONE: LazyLock<RequestOptions> = LazyLock::new(RequestOptions::default);
        self.0.as_deref().unwrap_or_else(|| &NONE)
    }
}

impl DerefMut for Options {
    fn deref_mut(&mut self) -> &mut RequestOptions {
        self.0.get_or_insert_default()
    }
}

/// What was set, and nothing else.
#[derive(Clone, Default)]
pub(super) struct RequestOptions {
    pub(super) connect_timeout: Option<Option<Duration>>,
    pub(super) request_timeout: Option<Option<Duration>>,
    pub(super) follow_redirects: Option<bool>,
    pub(super) max_redirects: Option<u32>,
    pub(super) user_agent: Option<String>,
    pub(super) decompress_response: Option<bool>,
    pub(super) allow_nonstandard_methods: Option<bool>,
    pub(super) expect_100_continue: Option<bool>,
    pub(super) auth_username: Option<String>,
    pub(super) auth_password: Option<String>,
    pub(super) auth_mode: Option<AuthMode>,
    pub(super) proxy_host: Option<String>,
    pub(super) proxy_port: Option<u16>,
    pub(super) proxy_username: Option<String>,
    pub(super) proxy_password: Option<String>,
    pub(super) proxy_auth_mode: Option<AuthMode>,
    pub(super) validate_cert: Option<bool>,
    pub(super) ca_certs: Option<PathBuf>,
    pub(super) client_cert: Option<PathBuf>,
    pub(super) client_key: Option<PathBuf>,
    pub(super) ssl_options: Option<Given>,
    pub(super) network_interface: Option<String>,
    pub(super) allow_ipv6: Option<bool>,
    pub(super) unix_socket: Option<PathBuf>,
    pub(super) versions: Option<Versions>,
    pub(super) max_header_size: Option<usize>,
    pub(super) max_body_size: Option<u64>,
}

/// How a name and a password are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthMode {
    /// With every request, in Base64, which hides nothing: only over TLS (RFC 7617).
    #[default]
    Basic,
    /// As a digest with which the server's challenge is answered, so that the password does not cross the
    /// network; costs a second request where no challenge is known yet (RFC 7616).
    Digest,
}

/// How it is fetched. What is not set is the client's default, and else what is said here.
impl HttpRequest {
    /// How long making a connection may take: look-up, TCP, TLS, the proxy's tunnel. `None` or zero for no
    /// limit. Default: 20 s.
    pub fn connect_timeout(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.options.connect_timeout = Some(limit(time.into()));
        self
    }

    /// How long all of it may take: the wait in the queue, redirects, the response's last byte. `None` or zero for no
    /// limit, which a response that is streamed for long needs. Default: 20 s. Tornado begins anew with each
    /// redirect.
    pub fn request_timeout(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.options.request_timeout = Some(limit(time.into()));
        self
    }

    /// Whether redirects (301, 302, 303, 307 and 308 with a `Location`) are followed, or are the response. Default:
    /// `true`.
    ///
    /// A 303 is followed with GET, as are 301 and 302 in answer to POST; the others with the same method and
    /// body. Where a redirect leads to another scheme, host or port, credentials stay behind.
    pub fn follow_redirects(mut self, on: bool) -> Self {
        self.options.follow_redirects = Some(on);
        self
    }

    /// So many redirects are followed; the one after them is the response. Default: 5.
    pub fn max_redirects(mut self, count: u32) -> Self {
        self.options.max_redirects = Some(count);
        self
    }

    /// What is sent as `User-Agent`, in place of a header of that name too. Default: `Firewhirl/` and the version.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.options.user_agent = Some(name.into());
        self
    }

    /// Whether a compressed response is asked for, and decompressed: gzip and deflate, and br and zstd with the cargo
    /// features of these names. Default: `true`.
    ///
    /// The header `Content-Encoding` of such a response is called `X-Consumed-Content-Encoding`. Limits on its
    /// size are about what it was before it was compressed.
    pub fn decompress_response(mut self, on: bool) -> Self {
        self.options.decompress_response = Some(on);
        self
    }

    /// Whether any method may be sent, and any of them with a body or without. Default: `false`.
    pub fn allow_nonstandard_methods(mut self, on: bool) -> Self {
        self.options.allow_nonstandard_methods = Some(on);
        self
    }

    /// Whether the server is asked first if it wants the body. It is sent when the server says so, or has
    /// said nothing for a second. Default: `false`.
    pub fn expect_100_continue(mut self, on: bool) -> Self {
        self.options.expect_100_continue = Some(on);
        self
    }

    /// The name to log in with. One in the URL wins over it.
    pub fn auth_username(mut self, name: impl Into<String>) -> Self {
        self.options.auth_username = Some(name.into());
        self
    }

    /// The password to log in with.
    pub fn auth_password(mut self, password: impl Into<String>) -> Self {
        self.options.auth_password = Some(password.into());
        self
    }

    /// How name and password are sent. Default: [`AuthMode::Basic`].
    pub fn auth_mode(mut self, mode: AuthMode) -> Self {
        self.options.auth_mode = Some(mode);
        self
    }

    /// The host of the HTTP proxy to ask by, which needs a [`proxy_port`](Self::proxy_port). `http://` is asked for
    /// there, `https://` through a tunnel (CONNECT). An empty name is no proxy, where the client has one by default.
    pub fn proxy_host(mut self, host: impl Into<String>) -> Self {
        self.options.proxy_host = Some(host.into());
        self
    }

    /// The port of the proxy.
    pub fn proxy_port(mut self, port: u16) -> Self {
        self.options.proxy_port = Some(port);
        self
    }

    /// The name to log in to the proxy with.
    pub fn proxy_username(mut self, name: impl Into<String>) -> Self {
        self.options.proxy_username = Some(name.into());
        self
    }

    /// The password to log in to the proxy with. Default: empty.
    pub fn proxy_password(mut self, password: impl Into<String>) -> Self {
        self.options.proxy_password = Some(password.into());
        self
    }

    /// How name and password are sent to the proxy. Default: [`AuthMode::Basic`].
    pub fn proxy_auth_mode(mut self, mode: AuthMode) -> Self {
        self.options.proxy_auth_mode = Some(mode);
        self
    }

    /// Whether the server's certificate has to be valid, and its own. Without, whoever is on the way can be the
    /// server. Default: `true`.
    pub fn validate_cert(mut self, on: bool) -> Self {
        self.options.validate_cert = Some(on);
        self
    }

    /// The PEM file of the authorities that are trusted, in place of the system's.
    pub fn ca_certs(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.ca_certs = Some(path.into());
        self
    }

    /// The PEM file of our certificate, for servers that ask for one.
    pub fn client_cert(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.client_cert = Some(path.into());
        self
    }

    /// The PEM file of the key of our certificate. Default: it is in [`client_cert`](Self::client_cert) too.
    pub fn client_key(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.client_key = Some(path.into());
        self
    }

    /// The network interface of this machine to connect from, by its address or, on Linux, its name. Default: the
    /// system chooses.
    pub fn network_interface(mut self, address_or_name: impl Into<String>) -> Self {
        self.options.network_interface = Some(address_or_name.into());
        self
    }

    /// Whether addresses of IPv6 are connected to. Default: `true`.
    pub fn allow_ipv6(mut self, on: bool) -> Self {
        self.options.allow_ipv6 = Some(on);
        self
    }

    /// Connects to this Unix socket; the URL's host and port are then only what the server is told. A redirect to
    /// another origin leaves it.
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.unix_socket = Some(path.into());
        self
    }

    /// Which versions of HTTP may be spoken. Default: [`Versions::Any`].
    pub fn versions(mut self, versions: Versions) -> Self {
        self.options.versions = Some(versions);
        self
    }

    /// Bytes that the head of the response may have. Default: the client's
    /// [`max_header_size`](super::ClientOptions::max_header_size).
    pub fn max_header_size(mut self, bytes: usize) -> Self {
        self.options.max_header_size = Some(bytes);
        self
    }

    /// Bytes that the body of the response may have, once it is decompressed. Default: the client's
    /// [`max_body_size`](super::ClientOptions::max_body_size).
    pub fn max_body_size(mut self, bytes: u64) -> Self {
        self.options.max_body_size = Some(bytes);
        self
    }
}

/// Zero is no limit, as in Tornado.
fn limit(time: Option<Duration>) -> Option<Duration> {
    time.filter(|time| !time.is_zero())
}

/// What a request and its client's defaults come to together.
#[derive(Clone, Copy)]
pub(super) struct Effective<'options> {
    pub(super) request: &'options RequestOptions,
    pub(super) defaults: &'options RequestOptions,
}

impl<'options> Effective<'options> {
    /// What the request says, or else the client.
    pub(super) fn get<T>(self, field: impl Fn(&'options RequestOptions) -> Option<T>) -> Option<T> {
        field(self.request).or_else(|| field(self.defaults))
    }

    pub(super) fn is_on(self, field: impl Fn(&'options RequestOptions) -> Option<bool>, default: bool) -> bool {
        self.get(field).unwrap_or(default)
    }

    pub(super) fn connect_timeout(self) -> Option<Duration> {
        self.get(|options| options.connect_timeout).unwrap_or(Some(DEFAULT_TIMEOUT))
    }

    pub(super) fn request_timeout(self) -> Option<Duration> {
        self.get(|options| options.request_timeout).unwrap_or(Some(DEFAULT_TIMEOUT))
    }

    pub(super) fn follow_redirects(self) -> bool {
        self.is_on(|options| options.follow_redirects, true)
    }

    pub(super) fn max_redirects(self) -> u32 {
        self.get(|options| options.max_redirects).unwrap_or(5)
    }

    pub(super) fn decompress_response(self) -> bool {
        self.is_on(|options| options.decompress_response, true)
    }

    pub(super) fn allow_nonstandard_methods(self) -> bool {
        self.is_on(|options| options.allow_nonstandard_methods, false)
    }

    pub(super) fn auth_mode(self) -> AuthMode {
        self.get(|options| options.auth_mode).unwrap_or_default()
    }

    pub(super) fn expect_100_continue(self) -> bool {
        self.is_on(|options| options.expect_100_continue, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_wins_over_the_clients_defaults() {
        let defaults = HttpRequest::default().user_agent("default").max_redirects(1).connect_timeout(None);
        let request = HttpRequest::new("http://a/").user_agent("own").request_timeout(Duration::ZERO);
        let effective = Effective { request: &request.options, defaults: &defaults.options };
        assert_eq!(effective.get(|options| options.user_agent.as_deref()), Some("own"));
        assert_eq!(effective.max_redirects(), 1);
        assert_eq!((effective.connect_timeout(), effective.request_timeout()), (None, None));
        assert!(effective.follow_redirects() && effective.decompress_response());

        let nothing = RequestOptions::default();
        let effective = Effective { request: &nothing, defaults: &nothing };
        assert_eq!(effective.request_timeout(), Some(Duration::from_secs(20)));
        assert_eq!((effective.max_redirects(), effective.expect_100_continue()), (5, false));
    }
}
