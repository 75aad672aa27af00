//! A server on this machine for as long as a test needs it: the server's half of Tornado's
//! `AsyncHTTPTestCase`.

use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::log_targets;
use firewhirl_http::{BuildApplication, HttpServer, HttpServerHandle, Serve};
use firewhirl_tcp::{BindOptions, Family, Peer, bind_sockets};

use crate::failure::ON_A_PAUSED_CLOCK;
use crate::seeds::seed_of_part;
use crate::{Client, expect_log, gathering, seed};

/// How long connections that are still open at the end may take to end by themselves.
const GRACE: Duration = Duration::from_millis(100);

/// Binds a listening socket of 127.0.0.1 to a port that nobody uses, and gives both.
///
/// Tornado's `bind_unused_port`.
///
/// # Errors
///
/// What the system says; it has run out of ports or of file descriptors.
///
/// # Examples
///
/// ```
/// let (socket, port) = firewhirl_testing::bind_unused_port()?;
/// assert_eq!(socket.local_addr()?.to_string(), format!("127.0.0.1:{port}"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn bind_unused_port() -> io::Result<(TcpListener, u16)> {
    let sockets = bind_sockets(0, &BindOptions::default().address("127.0.0.1").family(Family::V4))?;
    let socket = sockets.into_iter().next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let port = socket.local_addr()?.port();
    Ok((socket, port))
}

/// An HTTP server on an unused port of 127.0.0.1, on the loop of the test that made it.
///
/// It stops listening when it is dropped. [`http_test`](crate::http_test) is this with a test around it.
///
/// # Examples
///
/// Two services, one of which asks the other:
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_testing::{TestServer, run_test};
/// use firewhirl_web::Application;
///
/// async fn stories() -> Result<Application> {
///     Ok(Application::new().get("/first", async |cx| cx.write("Once upon a time")))
/// }
///
/// run_test(async {
///     let stories = TestServer::start(stories)?;
///     let behind = stories.client();
///     let front = TestServer::start(async move || {
///         let behind = behind.clone();
///         Ok(Application::new().get("/", async move |cx| cx.write(behind.get("/first").await?.text().as_ref())))
///     })?;
///     assert_eq!(front.client().get("/").await?.text(), "Once upon a time");
///     Ok(())
/// });
/// ```
pub struct TestServer {
    server: HttpServerHandle,
    client: Client,
}

impl TestServer {
    /// Serves what `builder` builds, as [`HttpServer::new`] takes it.
    ///
    /// It listens from now on. If the builder fails, the loop stops with its error, and so does the test.
    ///
    /// # Errors
    ///
    /// Those of [`bind_unused_port`]; on a [paused clock](crate::AsyncTest::paused_clock)
    /// [`Unsupported`](io::ErrorKind::Unsupported).
    pub fn start<Service: Serve>(builder: impl BuildApplication<Service>) -> io::Result<Self> {
        Self::serve(HttpServer::new(builder))
    }

    /// Has a server with options of its own listen on an unused port. Tornado's `get_http_server`.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_http::HttpServer;
    /// use firewhirl_testing::{TestServer, run_test};
    /// use firewhirl_web::Application;
    ///
    /// run_test(async {
    ///     let echo = async || Ok(Application::new().post("/", async |cx| cx.write(cx.request.body().clone())));
    ///     let server = TestServer::serve(HttpServer::new(echo).max_body_size(5))?;
    ///     let client = server.client();
    ///     assert_eq!(client.post("/").body("12345").await?.text(), "12345");
    ///     assert_eq!(client.post("/").body("123456").await?.status(), 413);
    ///     Ok(())
    /// });
    /// ```
    pub fn serve<Builder>(server: HttpServer<Builder>) -> io::Result<Self> {
        refuse_on_paused_clock()?;
        let (socket, port) = bind_unused_port()?;
        let server = server.add_sockets([socket])?.handle();
        Ok(Self { server, client: Client::new(port) })
    }

    /// Serves what `builder` builds with `workers` workers, in this process: the test's loop and threads with
    /// loops of their own, each with a service of its own.
    ///
    /// What they log is the test's to [expect](crate::expect_log), and work that fails in them fails it.
    /// Which worker answers is the kernel's to say. The threads end with the test.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and where there can be no more threads.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_tcp::worker_index;
    /// use firewhirl_testing::{TestServer, run_test};
    /// use firewhirl_web::Application;
    ///
    /// run_test(async {
    ///     let who = async || Ok(Application::new().get("/", async |cx| cx.write(format!("{:?}", worker_index()))));
    ///     let server = TestServer::start_workers(who, 2)?;
    ///     let answer = server.client().get("/").await?;
    ///     assert!(["Some(0)", "Some(1)"].contains(&answer.text().as_ref()));
    ///     server.close().await;
    ///     Ok(())
    /// });
    /// ```
    pub fn start_workers<Builder, Service>(builder: Builder, workers: usize) -> io::Result<Self>
    where
        Builder: BuildApplication<Service> + Clone + Send,
        Service: Serve,
    {
        refuse_on_paused_clock()?;
        let address = BindOptions::default().address("127.0.0.1").family(Family::V4);
        let server = HttpServer::new(builder).bind_with(0, &address)?.start(workers)?;
        let port = server.port().ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { server: server.handle(), client: Client::new(port) })
    }

    /// Joins a server to its clients by streams in memory: without sockets, so that it may go by a
    /// [paused clock](crate::AsyncTest::paused_clock).
    ///
    /// `network` makes the two ends of each connection from a number of its own, which comes from the test's
    /// [`seed`]: `|_| MemoryPair::new()` for connections without faults, `MemoryPair::faulty` for such with
    /// them. To the server all clients are at 127.0.0.1.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::iostream::MemoryPair;
    /// use firewhirl_http::HttpServer;
    /// use firewhirl_testing::{AsyncTest, TestServer};
    /// use firewhirl_web::Application;
    ///
    /// AsyncTest::new().paused_clock().run(async {
    ///     let app = async || Ok(Application::new().get("/", async |cx| cx.write("Hello")));
    ///     let server = TestServer::serve_in_memory(HttpServer::new(app).no_keep_alive(true), MemoryPair::slow);
    ///     assert_eq!(server.client().get("/").await?.text(), "Hello");
    ///     Ok(())
    /// });
    /// ```
    pub fn serve_in_memory<Builder: 'static>(
        server: HttpServer<Builder>,
        network: impl Fn(u64) -> MemoryPair + 'static,
    ) -> Self {
        Self::serve_pairs(server, by_seed(network))
    }

    /// Serves the far ends of what `pairs` makes for each connection, which is given its number.
    pub(crate) fn serve_pairs<Builder: 'static>(
        server: HttpServer<Builder>,
        pairs: impl Fn(u64) -> MemoryPair + 'static,
    ) -> Self {
        let (handle, connections) = (server.handle(), Cell::new(0_u64));
        let client = Client::over_streams(move || {
            let number = connections.replace(connections.get() + 1);
            let (near, far) = pairs(number).streams();
            server.handle_stream(far, peer(number));
            near
        });
        Self { server: handle, client }
    }

    /// A client of this server. Tornado's `http_client`, with `fetch`.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The port; 0 of a server in memory. Tornado's `get_http_port`.
    pub fn port(&self) -> u16 {
        self.client.port().unwrap_or(0)
    }

    /// The whole URL of a path. Tornado's `get_url`.
    pub fn url(&self, path: &str) -> String {
        self.client.url(path)
    }

    /// The server itself: to stop or drain it, and for its counters. Tornado's `http_server`.
    pub fn http_server(&self) -> &HttpServerHandle {
        &self.server
    }

    /// Stops the server and ends its connections; those that a tenth of a second later still go on are
    /// cut off.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the server stopped.
    pub async fn close(self) {
        // A test may end in the middle of anything.
        let _cut_off = expect_log(log_targets::GEN, "[0-9]+ connections cut off").optional();
        self.server.drain(GRACE).await;
    }
}

/// Sockets do not go with a clock that jumps.
fn refuse_on_paused_clock() -> io::Result<()> {
    match gathering::is_clock_paused() {
        true => Err(io::Error::new(io::ErrorKind::Unsupported, ON_A_PAUSED_CLOCK)),
        false => Ok(()),
    }
}

/// Gives a network numbers that come from the test's seed in place of the connections' own.
pub(crate) fn by_seed(network: impl Fn(u64) -> MemoryPair) -> impl Fn(u64) -> MemoryPair {
    move |number| network(seed_of_part(seed(), number))
}

/// Who is at the other end of connection `number`: each has a port of its own, of those that the kernel gives.
fn peer(number: u64) -> Peer {
    let port = 49_152 + (number % 16_384) as u16;
    SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.server.stop();
    }
}
