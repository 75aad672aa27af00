//! A test with a server and a client: Tornado's `AsyncHTTPTestCase`.

use std::time::Duration;

use firewhirl_event::Result;
use firewhirl_http::{HttpServer, Serve};

use crate::{AsyncTest, Client, TestServer};

/// Runs a test with a client of the service that `builder` builds; both are on one loop.
///
/// The service is served on an unused port of 127.0.0.1. At the end of the test the server stops and
/// connections are closed. [`HttpTest`] is the same with options, [`AsyncTest`] says when a test fails.
/// Tornado's `AsyncHTTPTestCase` with `get_app` and `fetch`.
///
/// # Panics
///
/// If the test fails.
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_testing::http_test;
/// use firewhirl_web::{Application, url};
///
/// async fn app() -> Result<Application> {
///     Ok(Application::new()
///         .get("/", async |cx| cx.write("Hello, world"))
///         .post("/greet", async |cx| cx.write(format!("Hello, {}", cx.argument("name")?))))
/// }
///
/// // Below #[test]:
/// fn it_greets() {
///     http_test(app, async |client| {
///         assert_eq!(client.get("/").await?.text(), "Hello, world");
///         assert_eq!(client.post("/greet").form(&[("name", "Ann")]).await?.text(), "Hello, Ann");
///         assert_eq!(client.get("/nowhere").await?.status(), 404);
///         Ok(())
///     });
/// }
/// # it_greets();
/// ```
#[track_caller]
pub fn http_test<Builder, Service, T>(builder: Builder, test: impl AsyncFnOnce(Client) -> Result<T>) -> T
where
    Builder: AsyncFn() -> Result<Service> + Clone + 'static,
    Service: Serve,
{
    HttpTest::new(builder).run(test)
}

/// A test with a server and a client, with options; [`http_test`] has none.
///
/// # Examples
///
/// A service behind a proxy:
///
/// ```
/// use std::time::Duration;
/// use firewhirl_testing::HttpTest;
/// use firewhirl_web::Application;
///
/// async fn app() -> firewhirl_event::Result<Application> {
///     Ok(Application::new().get("/", async |cx| cx.write(cx.request.protocol())))
/// }
///
/// HttpTest::new(app).server(|server| server.xheaders(true)).timeout(Duration::from_secs(2)).run(async |client| {
///     assert_eq!(client.get("/").header("X-Scheme", "https").await?.text(), "https");
///     Ok(())
/// });
/// ```
#[must_use = "no test runs until `run` is called"]
pub struct HttpTest<Builder> {
    builder: Builder,
    configure: Box<Configure<Builder>>,
    test: AsyncTest,
}

type Configure<Builder> = dyn FnOnce(HttpServer<Builder>) -> HttpServer<Builder>;

impl<Builder, Service> HttpTest<Builder>
where
    Builder: AsyncFn() -> Result<Service> + Clone + 'static,
    Service: Serve,
{
    /// A test of the service that `builder` builds, as [`HttpServer::new`] takes it.
    pub fn new(builder: Builder) -> Self {
        Self { builder, configure: Box::new(|server| server), test: AsyncTest::new() }
    }

    /// Sets the server's options before it listens. Tornado's `get_httpserver_options`.
    pub fn server(mut self, configure: impl FnOnce(HttpServer<Builder>) -> HttpServer<Builder> + 'static) -> Self {
        self.configure = Box::new(configure);
        self
    }

    /// How long the test may take. Default: [`async_test_timeout`](crate::async_test_timeout).
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.test = self.test.timeout(limit);
        self
    }

    /// Runs the test and gives its value.
    ///
    /// # Panics
    ///
    /// If the test fails, with every reason.
    #[track_caller]
    pub fn run<T>(self, test: impl AsyncFnOnce(Client) -> Result<T>) -> T {
        let Self { builder, configure, test: runner } = self;
        runner.run(async move {
            let server = TestServer::serve(configure(HttpServer::new(builder)))?;
            let ended = test(server.client()).await;
            server.close().await;
            ended
        })
    }
}
