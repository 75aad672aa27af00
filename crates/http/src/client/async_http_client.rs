//! The asynchronous client: Tornado's `AsyncHTTPClient`.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use firewhirl_event::IoLoop;

use super::fetch::Fetch;
use super::leg::Recent;
use super::login::Logins;
use super::options::{self, ClientOptions};
use super::pool::ConnectionPool;
use super::request::HttpRequest;
use super::ssl_options::ReadyTls;

/// An HTTP client of the loop. Tornado's `AsyncHTTPClient`.
///
/// Cheap to clone; the clones are the same client. It keeps connections for the requests that follow, which
/// Tornado's does not.
///
/// # Examples
///
/// ```
/// use firewhirl_event::IoLoop;
/// use firewhirl_http::client::AsyncHttpClient;
/// # use firewhirl_http::{Exchange, Headers, HttpServer};
/// # async fn hello(exchange: &mut Exchange) -> firewhirl_event::Result {
/// #     Ok(exchange.connection.respond(http::StatusCode::OK, None, &Headers::new(), b"Hello, world")?)
/// # }
/// # let server = HttpServer::new(async || Ok(hello)).listen(0)?;
/// # let port = server.port().unwrap();
///
/// IoLoop::current().run_sync(async move {
///     let client = AsyncHttpClient::new();
///     let response = client.fetch(format!("http://localhost:{port}/")).await?;
///     assert_eq!((response.code(), &*response.text()), (200, "Hello, world"));
///     Ok(())
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone)]
pub struct AsyncHttpClient {
    pub(super) shared: Rc<SharedClient>,
}

/// What the clones of a client share.
pub(super) struct SharedClient {
    pub(super) options: ClientOptions,
    pub(super) pool: ConnectionPool,
    pub(super) recent: RefCell<Option<Recent>>,
    pub(super) logins: RefCell<Logins>,
    pub(super) proxy_logins: RefCell<Logins>,
    pub(super) ready_tls: ReadyTls,
    closed: Cell<bool>,
}

/// The client that a loop's code shares.
struct LoopClient(AsyncHttpClient);

impl AsyncHttpClient {
    /// The client of the current loop, which all of its code shares; made when it is first asked for, and
    /// closed with the loop.
    ///
    /// # Panics
    ///
    /// As [`IoLoop::current`].
    pub fn new() -> Self {
        let make = || LoopClient(Self::with(ClientOptions::configured()));
        IoLoop::current().local(make).0.clone()
    }

    /// A client with these options, which nobody else has. Tornado's `force_instance=True`.
    ///
    /// It belongs to the loop on which it is used.
    pub fn with(options: ClientOptions) -> Self {
        let pool = ConnectionPool::new(options.pool_options());
        let (recent, closed) = (RefCell::default(), Cell::new(false));
        let (logins, proxy_logins) = (RefCell::default(), RefCell::default());
        let ready_tls = ReadyTls::default();
        Self { shared: Rc::new(SharedClient { options, pool, recent, logins, proxy_logins, ready_tls, closed }) }
    }

    /// Sets the options of every loop's shared client that is not made yet, in all threads: `options` is called
    /// on each loop.
    ///
    /// To be called early in `main`. Tornado's `AsyncHTTPClient.configure`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use firewhirl_http::client::{AsyncHttpClient, ClientOptions};
    ///
    /// AsyncHttpClient::configure(|| ClientOptions::new().max_clients(200));
    /// ```
    pub fn configure(options: impl Fn() -> ClientOptions + Send + Sync + 'static) {
        options::configure(options);
    }

    /// Fetches a URL, or a request: await what this gives.
    pub fn fetch<'callbacks>(&self, request: impl Into<HttpRequest>) -> Fetch<'callbacks> {
        Fetch::new(self.clone(), request.into())
    }

    /// What the client is set to.
    pub fn options(&self) -> &ClientOptions {
        &self.shared.options
    }

    /// Closes the connections that are idle and refuses further requests; those under way come to their end.
    ///
    /// Rarely needed: a client goes with its last clone. After the shared client is closed, the next
    /// [`new`](Self::new) makes another.
    pub fn close(&self) {
        self.shared.closed.set(true);
        self.shared.pool.close();
        if let Some(io_loop) = IoLoop::try_current()
            && let Some(kept) = io_loop.take_local::<LoopClient>()
            && !Rc::ptr_eq(&kept.0.shared, &self.shared)
        {
            let another = kept.0.clone();
            io_loop.local(|| LoopClient(another));
        }
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.get()
    }
}

/// The shared client of the current loop.
impl Default for AsyncHttpClient {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether they are the same client.
impl PartialEq for AsyncHttpClient {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for AsyncHttpClient {}

impl fmt::Debug for AsyncHttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncHttpClient").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}
