//! What a pool of connections is set to.

use std::rc::Rc;
use std::time::Duration;

use firewhirl_tcp::{Resolver, SystemResolver};

use super::connector::{Dial, Dialler, Network};
use super::secure::Tls;
use crate::limits::Limits;
use crate::options::Http2Options;

/// What a [`ConnectionPool`](super::ConnectionPool) is set to.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_http::client::{ConnectionPool, PoolOptions};
///
/// let options = PoolOptions::new().max_clients(100).max_clients_per_host(8).idle_timeout(Duration::from_secs(20));
/// let pool = ConnectionPool::new(options);
/// ```
#[derive(Clone)]
pub struct PoolOptions {
    pub(super) max_clients: usize,
    pub(super) max_clients_per_host: usize,
    pub(super) idle_timeout: Duration,
    pub(super) max_idle: usize,
    pub(super) max_idle_per_host: usize,
    pub(super) limits: Limits,
    pub(super) max_buffer_size: usize,
    pub(super) dialler: Dialler,
    pub(super) tls: Tls,
    pub(super) http2: Http2Options,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            max_clients: 10,
            max_clients_per_host: 0,
            idle_timeout: Duration::from_secs(60),
            max_idle: 256,
            max_idle_per_host: 64,
            limits: Limits::default(),
            max_buffer_size: 100 * 1024 * 1024,
            dialler: Dialler::Network(Rc::new(Network::new(Rc::new(SystemResolver)))),
            tls: Default::default(),
            http2: Http2Options::default(),
        }
    }
}

impl PoolOptions {
    /// How HTTP/2 is spoken, where it is.
    pub fn http2_options(mut self, options: Http2Options) -> Self {
        self.http2 = options;
        self
    }

    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether each request has a connection of its own.
    pub(super) fn keeps_none(&self) -> bool {
        self.max_idle == 0 || self.max_idle_per_host == 0
    }

    /// Requests that may be under way at once; those beyond wait in the order in which they came.
    /// Default: 10, as in Tornado; 0 for no limit.
    pub fn max_clients(mut self, count: usize) -> Self {
        self.max_clients = count;
        self
    }

    /// Requests that may be under way at once to one destination; those beyond wait, without keeping
    /// others from theirs. Default: 0, which is no limit.
    pub fn max_clients_per_host(mut self, count: usize) -> Self {
        self.max_clients_per_host = count;
        self
    }

    /// How long a connection is kept that nobody uses; a shorter time that its server has told with
    /// `Keep-Alive: timeout=..` goes before. Default: 60 s, below what most servers allow.
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle_timeout = time;
        self
    }

    /// Connections that are kept while nobody uses them; of more, those go that have waited longest.
    /// 0 keeps none: each request has its own connection, as in Tornado. Default: 256.
    pub fn max_idle(mut self, count: usize) -> Self {
        self.max_idle = count;
        self
    }

    /// Connections to one destination that are kept while nobody uses them. Default: 64.
    pub fn max_idle_per_host(mut self, count: usize) -> Self {
        self.max_idle_per_host = count;
        self
    }

    /// The limits on a response: Tornado's `max_header_size`, `max_body_size`. A request may have its
    /// own. Default: [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Bytes of a response that may wait to be read. Default: 100 MiB, as in Tornado.
    pub fn max_buffer_size(mut self, bytes: usize) -> Self {
        self.max_buffer_size = bytes;
        self
    }

    /// Asks this resolver for addresses. Default: [`SystemResolver`]. Tornado's `resolver`, and with an
    /// [`OverrideResolver`](firewhirl_tcp::OverrideResolver) its `hostname_mapping`.
    pub fn resolver(mut self, resolver: impl Resolver + 'static) -> Self {
        self.dialler = Dialler::Network(Rc::new(Network::new(Rc::new(resolver))));
        self
    }

    /// Has streams made in another way than over the network: in memory, through a tunnel of one's own.
    /// The resolver is then not asked.
    pub fn dial(mut self, dial: impl Dial + 'static) -> Self {
        self.dialler = Dialler::Own(Rc::new(dial));
        self
    }
}
