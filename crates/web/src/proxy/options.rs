//! What a proxy is set to, and how one is made.

use std::fmt;
use std::time::Duration;

use firewhirl_http::client::PoolOptions;

use super::target::Target;
use super::via::Pseudonym;

/// Hands requests on to another service: give it to [`Application::fallback`](crate::Application::fallback)
/// or [`mount`](crate::Application::mount).
///
/// So a service moves over one route at a time: what has moved is answered here, everything else as before,
/// by the same program under the same URLs. A target is `http://host:port`, `https://host` (cargo feature
/// `tls`), each with a path in front of all others if it has one, or `unix:/path/to/socket`. Of several
/// targets each gets its turn; one that cannot be connected to is passed over for some seconds.
///
/// Requests and responses are streamed in both directions and never held whole, connections to the service
/// behind are kept and used again, and what switches protocols (WebSocket) goes through as bytes. What
/// becomes of fields, errors and time is said at [`Proxy`]'s methods and in the guide, "Moving over".
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_web::{Application, proxy};
///
/// async fn app() -> Result<Application> {
///     Ok(Application::new()
///         .get("/hello", async |cx| cx.write("from here"))
///         .mount("/search", proxy("http://10.0.0.7:9200").strip_prefix())
///         .fallback(proxy("http://127.0.0.1:8000")))
/// }
/// # firewhirl_event::IoLoop::current().run_sync(async { app().await?.check()?; Ok(()) }).unwrap();
/// ```
///
/// A target that is none is found when the server starts:
///
/// ```
/// # use firewhirl_web::{Application, proxy};
/// let errors = Application::new().fallback(proxy("127.0.0.1:8000")).check().unwrap_err();
/// assert!(errors.to_string().contains("has no scheme"));
/// ```
pub fn proxy(targets: impl IntoTargets) -> Proxy {
    Proxy { targets: targets.into_targets(), options: Options::default() }
}

/// A proxy to one service or several equal ones; made by [`proxy`].
#[derive(Clone)]
#[must_use = "a proxy does nothing until it is given to `fallback` or `mount`"]
pub struct Proxy {
    pub(super) targets: Vec<String>,
    pub(super) options: Options,
}

/// What a proxy is set to.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) strip_prefix: bool,
    pub(super) preserve_host: bool,
    pub(super) rewrite_location: bool,
    pub(super) via: Via,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) upgrade_timeout: Duration,
    pub(super) max_body_size: Option<u64>,
    pub(super) max_header_size: usize,
    pub(super) max_connections: usize,
    pub(super) pool: PoolOptions,
}

/// How a proxy calls itself in `Via`.
#[derive(Clone, Debug)]
pub(super) enum Via {
    Own,
    Named(String),
    Nothing,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strip_prefix: false,
            preserve_host: true,
            rewrite_location: false,
            via: Via::Own,
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(60),
            read_timeout: Duration::from_secs(60),
            upgrade_timeout: Duration::from_secs(3600),
            max_body_size: None,
            max_header_size: 64 * 1024,
            max_connections: 0,
            pool: PoolOptions::default(),
        }
    }
}

impl Options {
    pub(super) fn pseudonym(&self, targets: &[Target]) -> Option<Pseudonym> {
        match &self.via {
            Via::Own => Some(Pseudonym::of_targets(targets.iter().map(|target| &**target.text()))),
            Via::Named(name) => Some(Pseudonym::new(name)),
            Via::Nothing => None,
        }
    }
}

impl Proxy {
    /// Takes the prefix away under which the proxy is mounted: at `/search` the service behind is asked
    /// for `/x` where the client asked for `/search/x`.
    ///
    /// Default: the path goes on as it came, as behind a `location` of nginx whose `proxy_pass` names no path,
    /// since what moves over keeps its URLs. As a fallback there is no prefix.
    pub fn strip_prefix(mut self) -> Self {
        self.options.strip_prefix = true;
        self
    }

    /// Whether the service behind sees the `Host` that the client asked for. Default: `true`, so that the
    /// URLs and cookies that it makes are right; else it sees the target's host.
    pub fn preserve_host(mut self, on: bool) -> Self {
        self.options.preserve_host = on;
        self
    }

    /// Whether responses are rewritten that name the service's own address: a `Location` or
    /// `Content-Location` that begins with the target, or does not know of a prefix that is
    /// [taken away](Self::strip_prefix), and the `Path` of cookies likewise. Default: `false`.
    pub fn rewrite_location(mut self, on: bool) -> Self {
        self.options.rewrite_location = on;
        self
    }

    /// How the proxy calls itself in `Via`, on requests and responses; `None` for no `Via` at all, and then
    /// requests that go round are not noticed. Default: `firewhirl-` and eight digits that tell one proxy
    /// from another and hold for one process.
    ///
    /// A name that cannot stand there (RFC 9110, section 5.6.2, `token`) is found when the server starts.
    pub fn via(mut self, name: Option<&str>) -> Self {
        self.options.via = name.map_or(Via::Nothing, |name| Via::Named(name.to_owned()));
        self
    }

    /// How long connecting to the service behind may take, TLS included; answered 504. Default: 5 s.
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.options.connect_timeout = time;
        self
    }

    /// How long the service behind may take until its response begins, from when it has the request, and
    /// how long it may leave a request's body untaken; answered 504. What the client takes to send its body
    /// does not count. Default: 60 s, as nginx's `proxy_read_timeout`; longer for long polling.
    pub fn response_timeout(mut self, time: Duration) -> Self {
        self.options.response_timeout = time;
        self
    }

    /// How long the service behind may pause between two parts of a response's body; the client's
    /// connection is broken off then. What the client takes to read does not count. Default: 60 s.
    pub fn read_timeout(mut self, time: Duration) -> Self {
        self.options.read_timeout = time;
        self
    }

    /// How long a connection that has switched protocols, such as a WebSocket, may pass nothing in either
    /// direction before it is closed. Default: an hour.
    pub fn upgrade_timeout(mut self, time: Duration) -> Self {
        self.options.upgrade_timeout = time;
        self
    }

    /// Bytes that a request's body may have; a longer one is answered 413, as soon as that is known.
    /// Default: no limit, whatever the server's is, since nothing of it is held here and the service
    /// behind has a limit of its own.
    pub fn max_body_size(mut self, bytes: u64) -> Self {
        self.options.max_body_size = Some(bytes);
        self
    }

    /// Bytes that the head of a response may have; a longer one is answered 502. Default: 64 KiB.
    pub fn max_header_size(mut self, bytes: usize) -> Self {
        self.options.max_header_size = bytes;
        self
    }

    /// How connections to the services behind are made and kept: how long an idle one stays, by which resolver
    /// names are looked up, which TLS is spoken. What the methods of the proxy say goes before; requests under
    /// way are not limited by [`PoolOptions::max_clients`] but by
    /// [`max_connections`](Self::max_connections). Default: [`PoolOptions::default`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_http::client::PoolOptions;
    /// use firewhirl_web::proxy;
    ///
    /// // A service that closes idle connections after two seconds without saying so.
    /// let behind = proxy("http://127.0.0.1:8000")
    ///     .pool_options(PoolOptions::new().idle_timeout(Duration::from_secs(1)));
    /// ```
    pub fn pool_options(mut self, options: PoolOptions) -> Self {
        self.options.pool = options;
        self
    }

    /// Requests of one worker that may be under way at once to each target; those beyond wait, no longer than
    /// [`connect_timeout`](Self::connect_timeout). WebSockets do not count. Default: no limit, which is 0.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.options.max_connections = count;
        self
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("targets", &self.targets).finish_non_exhaustive()
    }
}

/// What can be given to [`proxy`]: a target, or several.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no target of a proxy",
    label = "expected a URL such as `\"http://127.0.0.1:8000\"`, or a list of them"
)]
pub trait IntoTargets {
    /// The targets as texts.
    fn into_targets(self) -> Vec<String>;
}

impl IntoTargets for &str {
    fn into_targets(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl IntoTargets for String {
    fn into_targets(self) -> Vec<String> {
        vec![self]
    }
}

impl IntoTargets for &String {
    fn into_targets(self) -> Vec<String> {
        vec![self.clone()]
    }
}

impl<Target: Into<String>, const COUNT: usize> IntoTargets for [Target; COUNT] {
    fn into_targets(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<Target: Into<String>> IntoTargets for Vec<Target> {
    fn into_targets(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<Target: Clone + Into<String>> IntoTargets for &[Target] {
    fn into_targets(self) -> Vec<String> {
        self.iter().cloned().map(Into::into).collect()
    }
}
