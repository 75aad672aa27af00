//! The client of a test: requests to the server under test, one a connection. Tornado's
//! `AsyncHTTPTestCase.fetch`.
//!
//! Deliberately small: no pool, and redirects and cookies only where they are asked for, so that a test sees
//! what the server sent.

use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use bytes::Bytes;
use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::client::CookieJar;
use firewhirl_http::client::{ClientOptions, Destination, Dial, Dialing};
use firewhirl_http::{AsyncHttpClient, HttpClientError, Serve, ServerOptions, serve_stream};
use firewhirl_tcp::{ConnectError, TcpClient};
use http::Method;

use crate::secure::Speaks;
use crate::{Fetch, FetchError, gathering};

/// Makes requests of one server; cheap to clone.
///
/// Each request has a connection of its own, and says so with `Connection: close`, as Tornado's simple
/// client does. A status of 400 or above is an answer like any other, and so is a redirect. What
/// needs more than one request a connection, or less than a whole one, gets a stream from
/// [`connect`](Self::connect).
///
/// # Examples
///
/// ```
/// use firewhirl_testing::http_test;
/// use firewhirl_web::Application;
///
/// # async fn app() -> firewhirl_event::Result<Application> {
/// #     Ok(Application::new().get("/", async |cx| cx.write("Hello")).get("/old", async |cx| cx.redirect("/")))
/// # }
/// http_test(app, async |client| {
///     let response = client.get("/old").await?;
///     assert_eq!(response.status(), 302);
///     assert_eq!(response.header("Location"), Some("/"));
///
///     let mut stream = client.connect().await?;
///     stream.write("GET / HTTP/1.0\r\n\r\n");
///     assert!(stream.read_until_close().await?.ends_with(b"Hello"));
///     Ok(())
/// });
/// ```
#[derive(Clone)]
pub struct Client {
    server: Server,
    pub(crate) speaks: Speaks,
    cookies: Option<CookieJar>,
}

/// Where the requests go.
#[derive(Clone)]
pub(crate) enum Server {
    /// A port of 127.0.0.1.
    Port(u16),
    /// Whatever makes connections.
    Connections(Rc<dyn Fn() -> IoStream>),
}

impl Client {
    /// A client of a server that listens on this port of 127.0.0.1.
    pub fn new(port: u16) -> Self {
        Self { server: Server::Port(port), speaks: Default::default(), cookies: None }
    }

    /// A client that is joined to a service by pairs of streams in memory: without sockets, so that
    /// nothing but the test decides when which bytes arrive.
    ///
    /// # Errors
    ///
    /// What the service says where it cannot be served ([`Serve::start`]), such as routes that
    /// cannot be matched.
    ///
    /// # Examples
    ///
    /// An idle connection is closed after its 75 seconds, which takes the test no time:
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_testing::{AsyncTest, Client};
    /// use firewhirl_web::Application;
    ///
    /// AsyncTest::new().paused_clock().run(async {
    ///     let client = Client::in_memory(Application::new().get("/", async |cx| cx.write("Hello")))?;
    ///     let mut stream = client.connect().await?;
    ///     stream.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ///     let begun = tokio::time::Instant::now();
    ///     assert!(stream.read_until_close().await?.ends_with(b"Hello"));
    ///     assert!(begun.elapsed() >= Duration::from_secs(75));
    ///     Ok(())
    /// });
    /// ```
    pub fn in_memory(service: impl Serve) -> Result<Self> {
        Self::over(service, ServerOptions::new(), MemoryPair::new)
    }

    /// As [`in_memory`](Self::in_memory), with a server's options, and with pairs that may be told to
    /// split, delay, truncate and reset what they carry.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// The same answer however the bytes arrive:
    ///
    /// ```
    /// use firewhirl_event::iostream::MemoryPair;
    /// use firewhirl_http::ServerOptions;
    /// use firewhirl_testing::{Client, run_test};
    /// use firewhirl_web::Application;
    ///
    /// run_test(async {
    ///     for seed in 0..10 {
    ///         let app = Application::new().get("/", async |cx| cx.write("Hello"));
    ///         let client = Client::over(app, ServerOptions::new(), move || MemoryPair::slow(seed))?;
    ///         assert_eq!(client.get("/").await?.text(), "Hello", "seed {seed}");
    ///     }
    ///     Ok(())
    /// });
    /// ```
    pub fn over(service: impl Serve, options: ServerOptions, pairs: impl Fn() -> MemoryPair + 'static) -> Result<Self> {
        service.start()?;
        let service = Rc::new(service);
        let connections = move || {
            let (near, far) = pairs().streams();
            IoLoop::current().spawn_callback(serve_stream(far, service.clone(), options.clone()));
            near
        };
        Ok(Self::over_streams(connections))
    }

    /// A client whose connections are the near ends of pairs that the function makes.
    pub(crate) fn over_streams(connections: impl Fn() -> IoStream + 'static) -> Self {
        Self { server: Server::Connections(Rc::new(connections)), speaks: Default::default(), cookies: None }
    }

    /// A client of the same server that keeps its cookies from one request to the next, as a browser does;
    /// it begins with none. Its clones share them. To it the server is a secure one, so that `Secure` cookies
    /// are kept and sent; a `Host` header of a request decides which domain it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_testing::http_test;
    /// use firewhirl_web::Application;
    ///
    /// async fn app() -> firewhirl_event::Result<Application> {
    ///     Ok(Application::new()
    ///         .get("/login", async |cx| cx.add_header("Set-Cookie", "user=ann; Path=/"))
    ///         .get("/", async |cx| cx.write(cx.request.header("Cookie").unwrap_or("nobody").to_owned())))
    /// }
    ///
    /// http_test(app, async |client| {
    ///     let browser = client.with_cookies();
    ///     browser.get("/login").await?;
    ///     assert_eq!(browser.get("/").await?.text(), "user=ann");
    ///     assert_eq!(browser.cookie("user").as_deref(), Some("ann"));
    ///     assert_eq!(client.get("/").await?.text(), "nobody");
    ///     Ok(())
    /// });
    /// ```
    pub fn with_cookies(&self) -> Self {
        Self { cookies: Some(CookieJar::new()), ..self.clone() }
    }

    /// The value of a cookie that it keeps; of several of the name, for different paths, that of the one that
    /// was made last.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.as_ref()?.cookies();
        cookies.iter().rev().find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
    }

    pub(crate) fn cookie_jar(&self) -> Option<&CookieJar> {
        self.cookies.as_ref()
    }

    /// A GET request, to be awaited.
    #[track_caller]
    pub fn get(&self, path: impl Into<String>) -> Fetch {
        self.fetch(Method::GET, path)
    }

    /// A HEAD request, to be awaited.
    #[track_caller]
    pub fn head(&self, path: impl Into<String>) -> Fetch {
        self.fetch(Method::HEAD, path)
    }

    /// A POST request, to be awaited once it has its body.
    #[track_caller]
    pub fn post(&self, path: impl Into<String>) -> Fetch {
        self.fetch(Method::POST, path)
    }

    /// A PUT request, to be awaited once it has its body.
    #[track_caller]
    pub fn put(&self, path: impl Into<String>) -> Fetch {
        self.fetch(Method::PUT, path)
    }

    /// A PATCH request, to be awaited once it has its body.
    #[track_caller]
    pub fn patch(&self, path: impl Into<String>) -> Fetch {
        self.fetch(Method::PATCH, path)
    }

    /// A DELETE request, to be awaited.
    #[track_caller]
    pub fn delete(&self, path: impl Into<String>) -> Fetch {
        self.fetch(Method::DELETE, path)
    }

    /// An OPTIONS request, to be awaited.
    #[track_caller]
    pub fn options(&self, path: impl Into<String>) -> Fetch {
        self.fetch(Method::OPTIONS, path)
    }

    /// A request, to be awaited.
    ///
    /// `path` goes into the request line as it is, its query included. If it begins with `http://` it is
    /// a whole URL, and the request goes there instead. Tornado's `fetch`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_testing::http_test;
    /// # use firewhirl_web::Application;
    /// # async fn app() -> firewhirl_event::Result<Application> {
    /// #     Ok(Application::new().get("/", async |cx| cx.write("Hello")))
    /// # }
    /// http_test(app, async |client| {
    ///     let response = client.fetch("PROPFIND".parse()?, "/").await?;
    ///     assert_eq!(response.status(), 405);
    ///     Ok(())
    /// });
    /// ```
    #[track_caller]
    pub fn fetch(&self, method: Method, path: impl Into<String>) -> Fetch {
        Fetch::new(self.clone(), method, path.into(), Location::caller())
    }

    /// A request that the line at `place` makes.
    pub(crate) fn fetch_from(&self, place: &'static Location<'static>, method: Method, path: &str) -> Fetch {
        Fetch::new(self.clone(), method, path.to_owned(), place)
    }

    /// A connection to the server, on which nothing has been sent.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if the server does not listen any more.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes what it had opened.
    pub async fn connect(&self) -> Result<IoStream, ConnectError> {
        self.speaks.open(self.server.connect().await?).await
    }

    /// A client like those of programs, for code that is given one: all that it fetches, whatever the host, it asks
    /// this server for, over sockets or in memory. Tornado's `get_http_client`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_http::AsyncHttpClient;
    /// use firewhirl_testing::HttpTest;
    /// # use firewhirl_web::Application;
    ///
    /// async fn first_story(client: &AsyncHttpClient) -> Result<String> {
    ///     Ok(client.fetch("http://stories.internal/first").await?.text().into_owned())
    /// }
    ///
    /// # async fn app() -> Result<Application> {
    /// #     Ok(Application::new().get("/first", async |cx| cx.write("Once upon a time")))
    /// # }
    /// HttpTest::new(app).in_memory().run(async |client| {
    ///     assert_eq!(first_story(&client.http_client()).await?, "Once upon a time");
    ///     Ok(())
    /// });
    /// ```
    pub fn http_client(&self) -> AsyncHttpClient {
        self.http_client_with(ClientOptions::new())
    }

    /// As [`http_client`](Self::http_client), with options.
    pub fn http_client_with(&self, options: ClientOptions) -> AsyncHttpClient {
        AsyncHttpClient::with(options.dial(self.clone()))
    }

    /// Sends these bytes as they are, and gives all that comes back until the server closes.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if the server does not listen any more, or the connection breaks.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_testing::http_test;
    /// # use firewhirl_web::Application;
    /// # async fn app() -> firewhirl_event::Result<Application> {
    /// #     Ok(Application::new().get("/", async |cx| cx.write("Hello")))
    /// # }
    /// http_test(app, async |client| {
    ///     let answer = client.raw("GET / HTTP/1.0\r\n\r\n").await?;
    ///     assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    ///     assert!(answer.ends_with(b"\r\n\r\nHello"));
    ///     Ok(())
    /// });
    /// ```
    #[track_caller]
    pub fn raw(&self, request: impl Into<Bytes>) -> impl Future<Output = Result<Bytes, FetchError>> {
        let (request, place) = (request.into(), Location::caller());
        async move {
            let _waiting = gathering::wait_for(format!("the end of the connection, from {place}"));
            let answered = async {
                let mut stream = self.connect().await?;
                stream.write_bytes(request);
                Ok(stream.read_until_close().await?)
            };
            answered.await.map_err(|kind| FetchError::new("raw request", kind))
        }
    }

    /// The whole URL of a path. Tornado's `get_url`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(firewhirl_testing::Client::new(8888).url("/a"), "http://127.0.0.1:8888/a");
    /// ```
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host())
    }

    /// What a request says in its `Host`.
    pub(crate) fn host(&self) -> String {
        self.server.host()
    }

    /// The port of the server, `None` where there is none. Tornado's `get_http_port`.
    pub fn port(&self) -> Option<u16> {
        match self.server {
            Server::Port(port) => Some(port),
            Server::Connections(_) => None,
        }
    }
}

impl Dial for Client {
    fn dial<'a>(&'a self, _destination: &'a Destination) -> Dialing<'a> {
        Box::pin(async { self.connect().await.map_err(HttpClientError::Connect) })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.server.host()).finish()
    }
}

impl Server {
    pub(crate) async fn connect(&self) -> Result<IoStream, ConnectError> {
        match self {
            Self::Port(port) => {
                let stream = TcpClient::new().connect(("127.0.0.1", *port)).await?;
                stream.set_nodelay(true);
                Ok(stream)
            }
            Self::Connections(connect) => Ok(connect()),
        }
    }

    /// What a request says in its `Host`.
    pub(crate) fn host(&self) -> String {
        match self {
            Self::Port(port) => format!("127.0.0.1:{port}"),
            Self::Connections(_) => "localhost".to_owned(),
        }
    }
}
