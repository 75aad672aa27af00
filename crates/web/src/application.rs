//! The application: routes, settings, resources; what a server serves.

use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;
use std::time::Instant;

use firewhirl_event::Result;
use firewhirl_http::{Exchange, Serve};

use crate::context::Context;
use crate::entry::{Entry, HandlerEntry};
use crate::handler::Handler;
use crate::lingering::Lingering;
use crate::live::Live;
use crate::resources::Resources;
use crate::router::Router;
use crate::routes::{Added, Routes, route_methods};
use crate::routing::{Host, RouteErrors, UrlArguments};
use crate::settings::Settings;

/// A web application: routes and what is set for all of them.
///
/// It is built by a function that runs once a worker, on its loop, so that what handlers and closures
/// hold may be `Rc`s. Routes are tried in the order in which they were added, the first match wins.
/// Tornado's `Application`.
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_http::HttpServer;
/// use firewhirl_web::{Application, url};
///
/// async fn app() -> Result<Application> {
///     Ok(Application::new()
///         .get("/", async |cx| cx.write("Hello, world"))
///         .get(url("/story/{id}").name("story"), async |cx| {
///             cx.write(format!("this is story {}", cx.path::<u64>("id")?))
///         }))
/// }
///
/// let server = HttpServer::new(app);
/// # let _ = server;
/// ```
#[derive(Default)]
pub struct Application {
    routes: Routes,
    settings: Settings,
    resources: Resources,
    default_handler: Option<Rc<dyn Entry>>,
    live: OnceCell<Rc<Live>>,
}

impl Application {
    /// Makes an application without routes.
    pub fn new() -> Self {
        Self::default()
    }

    route_methods!();

    /// Adds routes that are for some hosts alone. They are tried before those of all hosts, in the order
    /// in which hosts were added; a path that they do not have goes on to the others. Tornado's
    /// `add_handlers`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::{Application, Router, regex};
    ///
    /// let application = Application::new()
    ///     .host("admin.example.com", Router::new().get("/", async |cx| cx.write("admin")))
    ///     .host(regex(r"(www\.)?example\.com"), Router::new().get("/", async |cx| cx.write("home")));
    /// # assert!(application.check().is_ok());
    /// ```
    #[track_caller]
    pub fn host(mut self, host: impl Into<Host>, router: Router) -> Self {
        let added = Added::Host { host: host.into(), routes: router.into_routes() };
        self.routes_mut().push(std::panic::Location::caller(), added);
        self
    }

    /// The host whose routes answer where no other route does, whatever host the request names. Default:
    /// none. Without TLS it lets any name reach those routes, as in Tornado.
    pub fn default_host(mut self, name: impl Into<String>) -> Self {
        self.settings.default_host = Some(name.into().to_ascii_lowercase());
        self.changed()
    }

    /// The handler of what no route answers. Default: a 404. Tornado's `default_handler_class`.
    pub fn default_handler(mut self, handler: impl Handler + 'static) -> Self {
        self.default_handler = Some(Rc::new(HandlerEntry::new(handler)));
        self.changed()
    }

    /// Gives the requests of this worker a value, which they get with
    /// [`Context::resource`]; one of each type, a later one takes the place of the one before.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::Application;
    ///
    /// struct Motto(&'static str);
    ///
    /// let application = Application::new()
    ///     .resource(Motto("All the news"))
    ///     .get("/", async |cx| cx.write(cx.resource::<Motto>()?.0));
    /// # let _ = application;
    /// ```
    pub fn resource<T: 'static>(mut self, value: T) -> Self {
        self.resources.insert(Rc::new(value));
        self.changed()
    }

    /// Debug mode: [`autoreload`](Self::autoreload) and [`serve_traceback`](Self::serve_traceback) on,
    /// [`compiled_template_cache`](Self::compiled_template_cache) and
    /// [`static_hash_cache`](Self::static_hash_cache) off; each set alone wins. Default: `false`.
    pub fn debug(mut self, on: bool) -> Self {
        self.settings.debug = on;
        self.changed()
    }

    /// Whether a change of the source restarts the program. Default: as [`debug`](Self::debug).
    pub fn autoreload(mut self, on: bool) -> Self {
        self.settings.autoreload = Some(on);
        self.changed()
    }

    /// Whether a template is read once. Default: unless [`debug`](Self::debug).
    pub fn compiled_template_cache(mut self, on: bool) -> Self {
        self.settings.compiled_template_cache = Some(on);
        self.changed()
    }

    /// Whether a static file's hash is computed once. Default: unless [`debug`](Self::debug).
    pub fn static_hash_cache(mut self, on: bool) -> Self {
        self.settings.static_hash_cache = Some(on);
        self.changed()
    }

    /// Whether an error's page tells the error with its causes. Default: as [`debug`](Self::debug).
    pub fn serve_traceback(mut self, on: bool) -> Self {
        self.settings.serve_traceback = Some(on);
        self.changed()
    }

    /// Whether answers to GET and HEAD with status 200 get an `Etag` of their body's hash, and are
    /// answered 304 where the client has that body. Default: `true`, as in Tornado. A route and a
    /// response can say otherwise: [`Url::automatic_etag`](crate::Url::automatic_etag),
    /// [`Context::automatic_etag`].
    pub fn automatic_etag(mut self, on: bool) -> Self {
        self.settings.automatic_etag = Some(on);
        self.changed()
    }

    /// Where visitors log in, if no site says otherwise. Default: none.
    pub fn login_url(mut self, url: impl Into<String>) -> Self {
        self.settings.login_url = Some(url.into());
        self.changed()
    }

    /// What is done at the end of each request in place of the access log's line.
    pub fn log_function(mut self, log: impl Fn(&Context) + 'static) -> Self {
        self.settings.log_function = Some(Rc::new(log));
        self.changed()
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Finds out what is wrong with the routes, if anything is. The server does so when it starts.
    ///
    /// # Errors
    ///
    /// All that is wrong, each with the line that added it.
    pub fn check(&self) -> std::result::Result<(), RouteErrors> {
        self.live().map(|_| ())
    }

    /// The URL of a named route. Tornado's `reverse_url`.
    ///
    /// # Errors
    ///
    /// [`ReverseError`](crate::ReverseError) for a name that no route has and for the wrong number of arguments, and
    /// [`RouteErrors`] where the routes themselves are wrong.
    pub fn reverse_url(&self, name: &str, arguments: impl UrlArguments) -> Result<String> {
        Ok(self.live()?.reverse(name, &arguments.into_arguments())?)
    }

    /// Every route with its name, verbs and the line that added it, in the order in which they are
    /// tried; none where a route is wrong.
    pub fn routes(&self) -> Vec<RouteInfo> {
        let Ok(live) = self.live() else { return Vec::new() };
        let info = |route: &Rc<crate::live::Route>| RouteInfo {
            url: route.url.clone(),
            name: route.name.clone(),
            target: route.entry.describe(),
            location: route.location,
        };
        live.routes().map(info).collect()
    }

    /// The handlers of this worker that go on a minute or longer after their clients left, by route.
    pub fn lingering(&self) -> Vec<Lingering> {
        self.live.get().map_or_else(Vec::new, |live| live.departures.lingering(Instant::now()))
    }

    /// The compiled application.
    pub(crate) fn live(&self) -> std::result::Result<&Rc<Live>, RouteErrors> {
        if let Some(live) = self.live.get() {
            return Ok(live);
        }
        let (settings, resources) = (self.settings.clone(), self.resources.clone());
        let live = Live::new(&self.routes, settings, resources, self.default_handler.clone())?;
        Ok(self.live.get_or_init(|| Rc::new(live)))
    }

    fn routes_mut(&mut self) -> &mut Routes {
        self.live.take();
        &mut self.routes
    }

    /// What was compiled holds no longer.
    fn changed(mut self) -> Self {
        self.live.take();
        self
    }
}

impl Serve for Application {
    async fn serve(&self, exchange: &mut Exchange) -> Result {
        self.live()?.serve(exchange).await;
        Ok(())
    }

    fn start(&self) -> Result {
        Ok(self.check()?)
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").field("settings", &self.settings).field("routes", &self.routes()).finish()
    }
}

/// One line of the list of routes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouteInfo {
    /// The URL as it was added, prefixes included.
    pub url: String,
    /// Its name.
    pub name: Option<String>,
    /// The handler's type or `function`, and the verbs.
    pub target: String,
    /// The line that added it.
    pub location: &'static std::panic::Location<'static>,
}

impl fmt::Display for RouteInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.url, self.target)?;
        match &self.name {
            Some(name) => write!(f, "  name={name}  {}", self.location),
            None => write!(f, "  {}", self.location),
        }
    }
}
