//! What answers a scrape: a handler for `/metrics`, and an application of its own for a port of its own.

use std::io;
use std::time::Duration;

use firewhirl_event::Result;
use firewhirl_http::{HttpServer, HttpServerHandle};
use firewhirl_tcp::BindOptions;
use firewhirl_web::traffic::{self, BoundsInUse};
use firewhirl_web::{Application, Context, Handler};

use super::exposition::{Exposition, Format, Kind};
use super::{framework, process, registry};
use crate::health::Health;

/// The figures of this process, as a handler: `.route("/metrics", Metrics::new())`.
///
/// One answer is about all workers of the process, whichever of them is asked, and waits for none: a loop
/// that is blocked shows in it. It is in OpenMetrics where the client's `Accept` asks for it, else in
/// Prometheus' text format. Counting begins with the first value of this type that is made.
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_run::metrics::Metrics;
/// use firewhirl_web::Application;
///
/// async fn app() -> Result<Application> {
///     Ok(Application::new()
///         .get("/", async |cx| cx.write("Hello, world"))
///         .route("/metrics", Metrics::new()))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Metrics {
    labels: Vec<(String, String)>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Begins to count, and tells of it.
    pub fn new() -> Self {
        traffic::count_requests();
        firewhirl_event::take_pulses();
        Self { labels: Vec::new() }
    }

    /// Gives every figure a label, such as the number of the process where there are several. Prometheus
    /// itself adds which machine and port it asked.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// Sets the bounds of the buckets into which requests fall by the time they take, for the whole process.
    /// Default: 17, from 100 microseconds to 30 seconds.
    ///
    /// # Errors
    ///
    /// [`BoundsInUse`] once requests have been counted by others.
    pub fn request_time_bounds(self, bounds: impl IntoIterator<Item = Duration>) -> Result<Self, BoundsInUse> {
        traffic::set_request_time_bounds(bounds)?;
        Ok(self)
    }

    /// The figures as text: what a scrape is answered with.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_run::metrics::{Format, Metrics};
    ///
    /// let text = Metrics::new().label("task", "3").text(Format::Text);
    /// assert!(text.contains("\nfirewhirl_connections_open{task=\"3\"} 0\n"));
    /// ```
    pub fn text(&self, format: Format) -> String {
        let labels: Vec<(&str, &str)> =
            self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut exposition = Exposition::new(format, &labels);
        exposition
            .family(Kind::Gauge, "firewhirl_build_info", "Always 1; its label says which Firewhirl it is.")
            .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1_u64);
        framework::requests(&mut exposition);
        framework::http(&mut exposition);
        framework::connections(&mut exposition);
        framework::loops(&mut exposition);
        process::collect(&mut exposition);
        registry::collect(&mut exposition);
        exposition.finish()
    }

    /// An application that answers at `/metrics`, and for [`Health`] at `/healthz` and `/readyz`. It is not
    /// logged who asks.
    pub fn application(&self, health: &Health) -> Application {
        Application::new().route("/metrics", self.clone()).mount("", health.router()).log_function(|_| ())
    }

    /// Serves the [`application`](Self::application) on a port of its own, on this thread's loop: on the
    /// loopback interface, unless `options` name another.
    ///
    /// Where one port serves the figures and another the public, nobody outside can read them, and a
    /// service that has stopped to listen, or has no worker free, still says so.
    ///
    /// # Errors
    ///
    /// Those of [`bind_sockets`](firewhirl_tcp::bind_sockets).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use firewhirl_event::{IoLoop, Result};
    /// use firewhirl_http::HttpServer;
    /// use firewhirl_run::health::Health;
    /// use firewhirl_run::metrics::Metrics;
    /// use firewhirl_web::Application;
    ///
    /// # async fn app() -> Result<Application> { Ok(Application::new()) }
    /// # fn main() -> Result {
    /// let server = HttpServer::new(app).bind(8888)?.start(0)?;
    /// let health = Health::new().server(server.handle().readiness());
    /// Metrics::new().serve(9100, None, &health)?;
    /// IoLoop::current().start()
    /// # }
    /// ```
    pub fn serve(&self, port: u16, options: Option<BindOptions>, health: &Health) -> io::Result<HttpServerHandle> {
        let options = options.unwrap_or_else(|| BindOptions::default().address("127.0.0.1"));
        let (metrics, health) = (self.clone(), health.clone());
        let server = HttpServer::new(async move || Ok(metrics.application(&health))).listen_with(port, &options)?;
        Ok(server.handle())
    }
}

// No hint for somebody whose own type is no handler.
#[diagnostic::do_not_recommend]
impl Handler for Metrics {
    async fn get(&mut self, cx: &Context) -> Result {
        let wished = cx.request.header("Accept").map(Format::accepted).unwrap_or_default();
        let format = registry::format_for(wished);
        cx.automatic_etag(false);
        cx.set_header("Content-Type", format.content_type())?;
        cx.set_header("Cache-Control", "no-store")?;
        cx.set_header("Vary", "Accept")?;
        cx.write(self.text(format))
    }
}
