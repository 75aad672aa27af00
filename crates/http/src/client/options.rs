//! What a client is set to: how many requests at once, which connections are kept, what holds for a
//! request that does not say.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use firewhirl_tcp::Resolver;

use super::connector::Dial;
use super::cookie_jar::CookieJar;
use super::environment::ProxyEnvironment;
use super::pool_options::PoolOptions;
use super::request::HttpRequest;
use crate::limits::Limits;
use crate::options::Http2Options;

/// What an [`AsyncHttpClient`](super::AsyncHttpClient) is set to: the arguments of Tornado's
/// `SimpleAsyncHTTPClient`, and what a pool of connections has beside them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_http::client::{AsyncHttpClient, ClientOptions};
/// use firewhirl_http::HttpRequest;
///
/// let options = ClientOptions::new()
///     .max_clients(100)
///     .max_body_size(1024 * 1024)
///     .defaults(HttpRequest::default().user_agent("stories/1.0").request_timeout(Duration::from_secs(5)));
/// let client = AsyncHttpClient::with(options);
/// ```
#[derive(Clone, Default)]
pub struct ClientOptions {
    pub(super) pool: PoolOptions,
    pub(super) limits: Limits,
    pub(super) defaults: HttpRequest,
    pub(super) cookie_jar: Option<CookieJar>,
    pub(super) proxies: Option<ProxyEnvironment>,
}

/// What makes the options of a loop's client.
type MakeOptions = Arc<dyn Fn() -> ClientOptions + Send + Sync>;

/// What [`configure`] was given.
static CONFIGURED: RwLock<Option<MakeOptions>> = RwLock::new(None);

/// Sets what [`ClientOptions::configured`] makes.
pub(super) fn configure(make: impl Fn() -> ClientOptions + Send + Sync + 'static) {
    // Nothing panics under the lock.
    let before = CONFIGURED.write().unwrap_or_else(PoisonError::into_inner).replace(Arc::new(make));
    drop(before);
}

impl ClientOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// What [`AsyncHttpClient::configure`](super::AsyncHttpClient::configure) has set, or else the defaults.
    pub fn configured() -> Self {
        let configured = CONFIGURED.read().unwrap_or_else(PoisonError::into_inner).clone();
        configured.map_or_else(Self::new, |make| make())
    }

    /// Requests that may be under way at once; those beyond wait in the order in which they came, and the
    /// time counts. Default: 10, as in Tornado; 0 for no limit.
    pub fn max_clients(mut self, count: usize) -> Self {
        self.pool = self.pool.max_clients(count);
        self
    }

    /// Requests that may be under way at once to one host and port. Default: 0, which is no limit.
    pub fn max_clients_per_host(mut self, count: usize) -> Self {
        self.pool = self.pool.max_clients_per_host(count);
        self
    }

    /// How long a connection is kept that nobody uses. Default: 60 s.
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.pool = self.pool.idle_timeout(time);
        self
    }

    /// Connections that are kept while nobody uses them. 0 gives each request one of its own, as in Tornado.
    /// Default: 256.
    pub fn max_idle(mut self, count: usize) -> Self {
        self.pool = self.pool.max_idle(count);
        self
    }

    /// Connections to one host and port that are kept while nobody uses them. Default: 64.
    pub fn max_idle_per_host(mut self, count: usize) -> Self {
        self.pool = self.pool.max_idle_per_host(count);
        self
    }

    /// How HTTP/2 is spoken, where it is.
    pub fn http2_options(mut self, options: Http2Options) -> Self {
        self.pool = self.pool.http2_options(options);
        self
    }

    /// Bytes of a response that may wait to be read. Default: 100 MiB, as in Tornado.
    pub fn max_buffer_size(mut self, bytes: usize) -> Self {
        self.pool = self.pool.max_buffer_size(bytes);
        self
    }

    /// Bytes that the head of a response may have. Default: 64 KiB, as in Tornado.
    pub fn max_header_size(mut self, bytes: usize) -> Self {
        self.limits = self.limits.max_header_size(bytes);
        self
    }

    /// Bytes that the body of a response may have, once it is decompressed. Default: 100 MiB, as in Tornado.
    pub fn max_body_size(mut self, bytes: u64) -> Self {
        self.limits = self.limits.max_body_size(bytes);
        self
    }

    /// All the limits on a response at once.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Asks this resolver for addresses. With an [`OverrideResolver`](firewhirl_tcp::OverrideResolver) it is
    /// Tornado's `hostname_mapping`. Default: [`SystemResolver`](firewhirl_tcp::SystemResolver).
    pub fn resolver(mut self, resolver: impl Resolver + 'static) -> Self {
        self.pool = self.pool.resolver(resolver);
        self
    }

    /// Has streams made in another way than over the network; see [`Dial`].
    pub fn dial(mut self, dial: impl Dial + 'static) -> Self {
        self.pool = self.pool.dial(dial);
        self
    }

    /// What holds for a request that does not say: its options, and headers that it has not. Tornado's
    /// `defaults`.
    pub fn defaults(mut self, request: HttpRequest) -> Self {
        self.defaults = request;
        self
    }

    /// Keeps the cookies that servers set, and sends them back. Several clients may have one jar. Default: none,
    /// as in Tornado.
    ///
    /// A request with a header `Cookie` of its own sends that alone.
    pub fn cookie_jar(mut self, jar: CookieJar) -> Self {
        self.cookie_jar = Some(jar);
        self
    }

    /// Asks by the proxies that the environment names: `http_proxy`, `https_proxy`, `all_proxy`, and not where
    /// `no_proxy` says so. Read now. Default: the environment is not looked at, as in Tornado.
    ///
    /// A request's own [`proxy_host`](HttpRequest::proxy_host) goes before.
    pub fn proxy_from_environment(mut self) -> Self {
        self.proxies = Some(ProxyEnvironment::read(|name| std::env::var(name).ok()));
        self
    }

    /// What the pool of connections is set to.
    pub(super) fn pool_options(&self) -> PoolOptions {
        self.pool.clone().limits(self.limits.clone())
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("max_clients", &self.pool.max_clients)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
