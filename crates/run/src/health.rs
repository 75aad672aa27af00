//! What a service tells those who watch over it: that it lives, and whether it is ready for requests.
//!
//! The two are asked apart because they have different consequences. A service that does not live is
//! started anew; one that is not ready only gets no new requests: while it starts, while something that
//! it needs is missing, and, above all, from the moment on that its end is announced until it has gone.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::{WaitIterator, with_timeout};
use firewhirl_event::log_targets::GEN;
use firewhirl_event::{Error, IoLoop, Result};
use firewhirl_http::{Readiness, Stage};
use firewhirl_web::{Context, Router};
use tracing::{info, warn};

/// Answers at `/healthz` whether the service lives, and at `/readyz` whether it is ready. Cheap to clone: the
/// clones are one.
///
/// `/healthz` is 200 whenever the loop that is asked turns. `/readyz` is 503 while the server that is asked,
/// or one that was named with [`server`](Self::server), starts or is about to end, and while a
/// [`check`](Self::check) fails; else 200. Its text says which; why a check fails is only in the log.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{Error, Result};
/// use firewhirl_run::health::Health;
/// use firewhirl_web::Application;
///
/// async fn app() -> Result<Application> {
///     let health = Health::new().check("disk", async || match std::path::Path::new("/tmp").exists() {
///         true => Ok(()),
///         false => Err(Error::message("no place for uploads")),
///     });
///     Ok(Application::new()
///         .get("/", async |cx| cx.write("Hello, world"))
///         .mount("", health.router()))
/// }
/// ```
#[derive(Clone, Default)]
pub struct Health {
    state: Rc<State>,
}

struct State {
    checks: RefCell<Vec<Rc<Check>>>,
    servers: RefCell<Vec<Readiness>>,
    timeout: Cell<Duration>,
}

impl Default for State {
    fn default() -> Self {
        Self { checks: RefCell::default(), servers: RefCell::default(), timeout: Cell::new(Duration::from_secs(1)) }
    }
}

/// Something that the service needs.
struct Check {
    name: String,
    begin: Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result>>>>,
    failed_last: Cell<bool>,
}

/// Why a service is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unready {
    /// A server is not built yet.
    Starting,
    /// The end of a server was announced.
    Ending,
    /// These checks fail.
    Failing(Vec<String>),
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("starting"),
            Self::Ending => f.write_str("shutting down"),
            Self::Failing(names) => f.write_str(&names.join(", ")),
        }
    }
}

impl std::error::Error for Unready {}

impl Health {
    /// A service that is ready as soon as its server is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has the service be not ready while `check` fails: a ping of the database, say. It is run anew each
    /// time that somebody asks, all checks at once; so it should be quick. One that panics or takes longer
    /// than the [`timeout`](Self::timeout) has failed.
    ///
    /// That what a service needs is missing for a moment is no reason to fail it: where all instances need
    /// the same, they all get no requests then, not even those that could be answered without.
    pub fn check(self, name: impl Into<String>, check: impl AsyncFn() -> Result + 'static) -> Self {
        let check = Rc::new(check);
        let begin = move || -> Pin<Box<dyn Future<Output = Result>>> {
            let check = check.clone();
            Box::pin(async move { check().await })
        };
        let check = Check { name: name.into(), begin: Box::new(begin), failed_last: Cell::new(false) };
        self.state.checks.borrow_mut().push(Rc::new(check));
        self
    }

    /// How long a check may take. Default: 1 s.
    pub fn timeout(self, time: Duration) -> Self {
        self.state.timeout.set(time);
        self
    }

    /// Has the service be ready only if this server is too; for probes that come to another one. The server
    /// that is asked need not be named.
    pub fn server(self, readiness: Readiness) -> Self {
        self.state.servers.borrow_mut().push(readiness);
        self
    }

    /// Whether the service is ready.
    ///
    /// # Errors
    ///
    /// Why it is not: of servers first, then of checks.
    ///
    /// # Cancel safety
    ///
    /// Checks that have begun go on.
    pub async fn ready(&self) -> Result<(), Unready> {
        for server in &*self.state.servers.borrow() {
            is_serving(server)?;
        }
        // Each in a task of its own, so that a panic is that check's alone.
        let timeout = self.state.timeout.get();
        let checks = self.state.checks.borrow().clone();
        let mut running = WaitIterator::keyed(checks.into_iter().map(|check| {
            let result = IoLoop::current().spawn(with_timeout(timeout, (check.begin)()));
            (check, result)
        }));
        let mut failing = Vec::new();
        while let Some(result) = running.next().await {
            let Some(check) = running.current_index() else { continue };
            let result = match result {
                Ok(Ok(result)) => result,
                Ok(Err(timeout)) => Err(timeout.into()),
                Err(panicked) => Err(panicked.into()),
            };
            check.note(&result);
            if result.is_err() {
                failing.push(check.name.clone());
            }
        }
        if failing.is_empty() {
            return Ok(());
        }
        failing.sort_unstable();
        Err(Unready::Failing(failing))
    }

    /// The two routes, to be mounted where an application wants them: `.mount("", health.router())`.
    pub fn router(&self) -> Router {
        let health = self.clone();
        Router::new().get("/healthz", async |cx| answer(cx, "ok\n")).get("/readyz", async move |cx| {
            let ready = match is_serving(&cx.server_readiness()) {
                Ok(()) => health.ready().await,
                not_serving => not_serving,
            };
            match ready {
                Ok(()) => answer(cx, "ready\n"),
                Err(why) => {
                    cx.set_status(503);
                    answer(cx, &format!("not ready: {why}\n"))
                }
            }
        })
    }
}

fn is_serving(server: &Readiness) -> Result<(), Unready> {
    match server.stage() {
        Stage::Starting => Err(Unready::Starting),
        Stage::Ending => Err(Unready::Ending),
        _ => Ok(()),
    }
}

fn answer(cx: &Context, text: &str) -> Result {
    cx.automatic_etag(false);
    cx.set_header("Content-Type", "text/plain; charset=utf-8")?;
    cx.set_header("Cache-Control", "no-store")?;
    cx.write(text)
}

impl Check {
    /// Logs what is new.
    fn note(&self, result: &Result<(), Error>) {
        let failed_last = self.failed_last.replace(result.is_err());
        match result {
            Err(error) if !failed_last => warn!(target: GEN, "not ready: {} failed: {error:#}", self.name),
            Ok(()) if failed_last => info!(target: GEN, "{} is well again", self.name),
            _ => {}
        }
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks: Vec<String> = self.state.checks.borrow().iter().map(|check| check.name.clone()).collect();
        f.debug_struct("Health").field("checks", &checks).field("servers", &self.state.servers.borrow()).finish()
    }
}
