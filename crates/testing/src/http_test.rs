//! A test with a server and a client: Tornado's `AsyncHTTPTestCase`.

use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::Result;
use firewhirl_event::iostream::MemoryPair;
use firewhirl_http::{BuildApplication, HttpServer, Serve, ServerOptions};

use crate::secure::Https;
use crate::test_server::by_seed;
use crate::{AsyncTest, Client, Response, TestServer};

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
pub fn http_test<Service: Serve, T>(
    builder: impl BuildApplication<Service>,
    test: impl AsyncFnOnce(Client) -> Result<T>,
) -> T {
    HttpTest::new(builder).run(test)
}

/// Builds a service, asks it for a path, and gives the answer: a test in one line.
///
/// With [`HttpTest::in_memory`], so that no answer takes long. Tornado's `AsyncHTTPTestCase.fetch`.
///
/// # Panics
///
/// If there is no answer.
///
/// # Examples
///
/// ```
/// use firewhirl_testing::fetch;
/// use firewhirl_web::Application;
///
/// async fn app() -> firewhirl_event::Result<Application> {
///     Ok(Application::new().get("/", async |cx| cx.write("Hello, world")))
/// }
///
/// assert_eq!(fetch(app, "/").text(), "Hello, world");
/// assert_eq!(fetch(app, "/nowhere").status(), 404);
/// ```
#[track_caller]
pub fn fetch<Service: Serve>(builder: impl BuildApplication<Service>, path: &str) -> Response {
    let place = std::panic::Location::caller();
    HttpTest::new(builder).in_memory().run(async |client| Ok(client.fetch_from(place, http::Method::GET, path).await?))
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
pub struct HttpTest<Service> {
    builder: Box<Builder<Service>>,
    configure: Box<Configure>,
    pairs: Option<Box<Pairs>>,
    pub(crate) https: Https,
    test: AsyncTest,
}

/// The function that builds the service, without its type.
type Builder<Service> = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Service>>>>;
type Configure = dyn FnOnce(ServerOptions) -> ServerOptions;
/// Makes the two ends of a connection by its number.
type Pairs = dyn Fn(u64) -> MemoryPair;

impl<Service: Serve> HttpTest<Service> {
    /// A test of the service that `builder` builds, as [`HttpServer::new`] takes it.
    pub fn new(builder: impl BuildApplication<Service>) -> Self {
        Self {
            builder: boxed(builder),
            configure: Box::new(|options| options),
            pairs: None,
            https: Default::default(),
            test: AsyncTest::new(),
        }
    }

    /// Sets the server's options. Tornado's `get_httpserver_options`.
    pub fn server(mut self, configure: impl FnOnce(ServerOptions) -> ServerOptions + 'static) -> Self {
        self.configure = Box::new(configure);
        self
    }

    /// How long the test may take. Default: [`async_test_timeout`](crate::async_test_timeout); in memory, a
    /// day of the test's own time.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.test = self.test.timeout(limit);
        self
    }

    /// Has the test fail if it leaves tasks behind, as [`AsyncTest::leave_nothing`].
    pub fn leave_nothing(mut self) -> Self {
        self.test = self.test.leave_nothing();
        self
    }

    /// Joins server and client in memory, on a [clock that jumps](AsyncTest::paused_clock) whenever all of
    /// them wait: an hour of waiting takes no time, and happens in the same order each time.
    ///
    /// To the server all clients are at 127.0.0.1.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::{IoLoop, coroutine::sleep};
    /// use firewhirl_testing::HttpTest;
    /// use firewhirl_web::Application;
    ///
    /// async fn app() -> firewhirl_event::Result<Application> {
    ///     Ok(Application::new().get("/poll", async |cx| {
    ///         sleep(Duration::from_secs(30)).await;
    ///         cx.write("nothing new")
    ///     }))
    /// }
    ///
    /// HttpTest::new(app).in_memory().run(async |client| {
    ///     let begun = IoLoop::current().time();
    ///     assert_eq!(client.get("/poll").await?.text(), "nothing new");
    ///     assert_eq!((IoLoop::current().time() - begun).as_secs(), 30);
    ///     Ok(())
    /// });
    /// ```
    pub fn in_memory(self) -> Self {
        self.pairs(|_| MemoryPair::new())
    }

    /// As [`in_memory`](Self::in_memory), over a network that loses nothing but is slow: what it carries is cut
    /// at random places and comes late, as the test's [`seed`](crate::seed) says.
    pub fn slow_network(self) -> Self {
        self.network(|seed| MemoryPair::slow(seed).latency(LATENCY))
    }

    /// As [`in_memory`](Self::in_memory), over a network with every fault, as the test's
    /// [`seed`](crate::seed) says: reads and writes are cut and come late, and of four connections one ends
    /// early and one is reset in the middle. For tests with [`for_seeds`](crate::for_seeds).
    pub fn faults(self) -> Self {
        self.network(|seed| MemoryPair::faulty(seed).latency(LATENCY))
    }

    /// As [`in_memory`](Self::in_memory), each connection being what `network` makes from a number of its own,
    /// which comes from the test's [`seed`](crate::seed).
    ///
    /// # Examples
    ///
    /// Every connection breaks in the middle of its answer:
    ///
    /// ```
    /// use firewhirl_event::iostream::MemoryPair;
    /// use firewhirl_testing::HttpTest;
    /// use firewhirl_web::Application;
    ///
    /// async fn app() -> firewhirl_event::Result<Application> {
    ///     Ok(Application::new().get("/", async |cx| cx.write("x".repeat(1000))))
    /// }
    ///
    /// HttpTest::new(app).network(|_| MemoryPair::new().reset_after(500)).run(async |client| {
    ///     assert!(client.get("/").await.is_err());
    ///     Ok(())
    /// });
    /// ```
    pub fn network(self, network: impl Fn(u64) -> MemoryPair + 'static) -> Self {
        self.pairs(by_seed(network))
    }

    fn pairs(mut self, pairs: impl Fn(u64) -> MemoryPair + 'static) -> Self {
        self.pairs = Some(Box::new(pairs));
        self.test = self.test.paused_clock();
        self
    }

    /// Has what is built changed before it is served.
    pub(crate) fn changed(mut self, change: impl Fn(Service) -> Result<Service> + 'static) -> Self {
        let (builder, change) = (Rc::new(self.builder), Rc::new(change));
        self.builder = boxed(async move || change(builder().await?));
        self
    }

    /// Runs the test and gives its value.
    ///
    /// # Panics
    ///
    /// If the test fails, with every reason.
    #[track_caller]
    pub fn run<T>(self, test: impl AsyncFnOnce(Client) -> Result<T>) -> T {
        match self.try_run(test) {
            Ok(value) => value,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// As [`run`](Self::run), for a harness that reports failures in its own way.
    ///
    /// # Errors
    ///
    /// [`TestFailure`](crate::TestFailure), with every reason. Panics of the test go on to the caller.
    #[track_caller]
    pub fn try_run<T>(self, test: impl AsyncFnOnce(Client) -> Result<T>) -> Result<T, crate::TestFailure> {
        let Self { builder, configure, pairs, https, test: runner } = self;
        runner.try_run(async move {
            let server = HttpServer::new(async move || builder().await).options(configure(ServerOptions::new()));
            let server = https.server(server)?;
            let server = match pairs {
                Some(pairs) => TestServer::serve_pairs(server, pairs),
                None => TestServer::serve(server)?,
            };
            let ended = test(https.client(server.client())?).await;
            server.close().await;
            ended
        })
    }
}

/// How late what a slow network carries may come, at most.
const LATENCY: Duration = Duration::from_millis(100);

fn boxed<Service: Serve>(builder: impl BuildApplication<Service>) -> Box<Builder<Service>> {
    let builder = Rc::new(builder);
    Box::new(move || {
        let builder = builder.clone();
        Box::pin(async move { builder().await })
    })
}
