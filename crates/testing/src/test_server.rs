//! A server on this machine for as long as a test needs it: the server's half of Tornado's
//! `AsyncHTTPTestCase`.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use firewhirl_event::{Result, log_targets};
use firewhirl_http::{HttpServer, HttpServerHandle, Serve};
use firewhirl_tcp::{BindOptions, Family, bind_sockets};

use crate::{Client, expect_log};

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
    port: u16,
}

impl TestServer {
    /// Serves what `builder` builds, as [`HttpServer::new`] takes it.
    ///
    /// It listens from now on. If the builder fails, the loop stops with its error, and so does the test.
    ///
    /// # Errors
    ///
    /// Those of [`bind_unused_port`].
    pub fn start<Builder, Service>(builder: Builder) -> io::Result<Self>
    where
        Builder: AsyncFn() -> Result<Service> + Clone + 'static,
        Service: Serve,
    {
        Self::serve(HttpServer::new(builder))
    }

    /// Has a server with options of its own listen on an unused port. Tornado's `get_http_server`.
    ///
    /// # Errors
    ///
    /// Those of [`bind_unused_port`].
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
    pub fn serve<Builder, Service>(server: HttpServer<Builder>) -> io::Result<Self>
    where
        Builder: AsyncFn() -> Result<Service> + Clone + 'static,
        Service: Serve,
    {
        let (socket, port) = bind_unused_port()?;
        let server = server.add_sockets([socket])?.handle();
        Ok(Self { server, port })
    }

    /// A client of this server. Tornado's `http_client`, with `fetch`.
    pub fn client(&self) -> Client {
        Client::new(self.port)
    }

    /// The port. Tornado's `get_http_port`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The whole URL of a path. Tornado's `get_url`.
    pub fn url(&self, path: &str) -> String {
        self.client().url(path)
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

impl Drop for TestServer {
    fn drop(&mut self) {
        self.server.stop();
    }
}
