//! The application: routes, settings, resources; what a server serves.

use std::cell::OnceCell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use firewhirl_event::{IoLoop, Result};
use firewhirl_http::{Exchange, Request, Serve};
use firewhirl_process::autoreload;

use crate::compression::Compression;
use crate::context::Context;
use crate::cookie::CookieOptions;
use crate::entry::HandlerEntry;
use crate::handler::Handler;
use crate::lingering::Lingering;
use crate::live::{Fallback, Live};
use crate::live_reload;
use crate::locale::Locales;
use crate::output_transform::OutputTransform;
use crate::resources::{MissingResource, Resources};
use crate::route_info::{self, RouteInfo};
use crate::router::Router;
use crate::routes::{Added, AnswersAll, Mount, MountedKind, Routes, route_methods};
use crate::routing::{Host, RouteErrors, UrlArguments, regex, url};
use crate::settings::Settings;
use crate::signed_value::Secrets;
use crate::static_files::{IntoStaticFiles, StaticSource, StaticUrls};
use crate::xsrf::XsrfVersion;

/// A web application: routes and what is set for all of them.
///
/// It is built by a function that runs once a worker, on its loop, so that what handlers and closures
/// hold may be `Rc`s. Routes are tried in the order in which they were added, the first match wins.
/// Tornado's `Application`.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{IoLoop, Result};
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
    fallback: Option<Fallback>,
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
        self.routes_mut().push(Location::caller(), added);
        self
    }

    /// Serves static files below a prefix, which may be given with or without a slash at its end:
    /// `static/site.css` at `/static/site.css`.
    ///
    /// The files may be a directory's path, a [`Directory`](crate::Directory) with its options, files
    /// [in the program](crate::Embedded), or a [`StaticFileHandler`](crate::StaticFileHandler) over any source. The
    /// first that an application is given are those whose URLs [`Context::static_url`] makes; if there is a
    /// `favicon.ico` or a `robots.txt` among them, it is at `/favicon.ico` or `/robots.txt` as well. Tornado's
    /// `static_path`, `static_url_prefix`, `static_handler_class` and `static_handler_args`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::{Application, Directory};
    ///
    /// let application = Application::new()
    ///     .static_files("/static", "static")
    ///     .static_files("/media", Directory::new("/srv/media").allowed_symlink_directory("/srv/archive"));
    /// # assert!(application.check().is_ok());
    /// ```
    #[track_caller]
    pub fn static_files(mut self, prefix: &str, files: impl IntoStaticFiles) -> Self {
        let (location, prefix) = (Location::caller(), format!("{}/", prefix.trim_end_matches('/')));
        let handler = files.into_static_files();
        if self.settings.static_urls.is_none() {
            self.settings.static_urls = Some(StaticUrls::new(prefix.clone(), handler.source()));
            for (name, pattern) in [("favicon.ico", r"/(favicon\.ico)"), ("robots.txt", r"/(robots\.txt)")] {
                if prefix != "/" && handler.source().has(name) {
                    self.add_handler(regex(pattern), handler.clone(), location);
                }
            }
        }
        self.add_handler(url(format!("{prefix}{{*path}}")), handler, location);
        self
    }

    /// The host whose routes answer where no other route does, whatever host the request names. Default:
    /// none. Without TLS it lets any name reach those routes, as in Tornado.
    pub fn default_host(mut self, name: impl Into<String>) -> Self {
        self.settings.default_host = Some(name.into().to_ascii_lowercase());
        self.changed()
    }

    /// The handler of what no route answers. Default: a 404. Tornado's `default_handler_class`.
    ///
    /// It takes the place of a [`fallback`](Self::fallback).
    #[track_caller]
    pub fn default_handler<H: Handler + 'static>(mut self, handler: H) -> Self {
        self.fallback = Some(Fallback {
            entry: Rc::new(HandlerEntry::new(handler)),
            answers_all: false,
            streams_body: H::STREAM_REQUEST_BODY,
            location: Location::caller(),
        });
        self.changed()
    }

    /// Hands all that no route answers to another service: to a [`proxy`](crate::proxy()), or to a tower
    /// service, be it an axum `Router`. Default: a 404. Tornado's `FallbackHandler`.
    ///
    /// What no route of a mounted group answers goes there too, through that group's site: its `prepare`
    /// runs, and where the group asks for a login, so does the fallback for what lies in it. A method that
    /// a route has no verb for is answered 405 as ever: the route is the one that answers. It takes the place
    /// of a [`default_handler`](Self::default_handler).
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::{Application, proxy};
    ///
    /// let application = Application::new()
    ///     .get("/hello", async |cx| cx.write("this route has moved"))
    ///     .fallback(proxy("http://127.0.0.1:8000"));
    /// # assert!(application.check().is_ok());
    /// ```
    #[track_caller]
    pub fn fallback<Kind: AnswersAll>(mut self, service: impl Mount<Kind>) -> Self {
        if let MountedKind::Service(entry) = service.into_mounted().0 {
            let location = Location::caller();
            self.fallback = Some(Fallback { entry, answers_all: true, streams_body: true, location });
        }
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

    /// Gives the requests of this worker a value under a name, which they get with
    /// [`Context::named_resource`]: where there are several of one type, or a test is to put another in its
    /// place. A later one takes the place of the one before.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::Application;
    ///
    /// let application = Application::new()
    ///     .named_resource("motto", "All the news")
    ///     .get("/", async |cx| cx.write(*cx.named_resource::<&str>("motto")?));
    /// # let _ = application;
    /// ```
    pub fn named_resource<T: 'static>(mut self, name: impl Into<String>, value: T) -> Self {
        self.resources.insert_named(name.into(), value);
        self.changed()
    }

    /// Puts a value in place of the [`resource`](Self::resource) of its type: for tests.
    ///
    /// # Errors
    ///
    /// [`MissingResource`] if there is none, so that nothing is replaced in vain.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::Application;
    ///
    /// struct Motto(&'static str);
    ///
    /// let application = Application::new().resource(Motto("All the news"));
    /// assert!(application.replace_resource(Motto("No news")).is_ok());
    /// assert!(Application::new().replace_resource(Motto("No news")).is_err());
    /// ```
    pub fn replace_resource<T: 'static>(mut self, value: T) -> std::result::Result<Self, MissingResource> {
        self.resources.replace(value)?;
        Ok(self.changed())
    }

    /// Puts a value in place of the [`named_resource`](Self::named_resource) of this name: for tests.
    ///
    /// # Errors
    ///
    /// [`MissingResource`] if there is none, or one of another type.
    pub fn replace_named_resource<T: 'static>(
        mut self,
        name: &str,
        value: T,
    ) -> std::result::Result<Self, MissingResource> {
        self.resources.replace_named(name, value)?;
        Ok(self.changed())
    }

    /// Debug mode: [`autoreload`](Self::autoreload) and [`serve_traceback`](Self::serve_traceback) on,
    /// [`compiled_template_cache`](Self::compiled_template_cache) and
    /// [`static_hash_cache`](Self::static_hash_cache) off; each set alone wins. Default: `false`.
    pub fn debug(mut self, on: bool) -> Self {
        self.settings.debug = on;
        self.changed()
    }

    /// Whether a change of the source restarts the program, and pages in browsers load themselves again.
    /// Default: as [`debug`](Self::debug), and under `firewhirl dev` always.
    ///
    /// It begins with the server, and is for one process; see
    /// [`autoreload`](firewhirl_process::autoreload). HTML pages that a browser navigates to get a
    /// `<script>` of this server's, which uses two paths below `/_firewhirl/`.
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

    /// Whether responses are compressed, for clients that take it. Default: `false`, as in Tornado.
    ///
    /// Text of 1 KiB and more is, with zstd or br where this program has them and the client likes them as well
    /// as gzip. Error pages are too. What has a `Content-Encoding`, is a part (206), or has a `Cache-Control`
    /// with `no-transform`, is left as it is, and so are event streams. Every response says `Vary:
    /// Accept-Encoding`; the `Etag` of a compressed one becomes weak. What has to be known about secrets in
    /// compressed responses is told at [`Context::leave_uncompressed`].
    pub fn compress_response(mut self, on: bool) -> Self {
        self.settings.compression = on.then(|| self.settings.compression.take().unwrap_or_default());
        self.changed()
    }

    /// Compresses responses in this way; as [`compress_response`](Self::compress_response) otherwise.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.settings.compression = Some(compression);
        self.changed()
    }

    /// Changes every response on its way out by what `make` makes for its request; see [`OutputTransform`].
    /// Several see a response in the order in which they were added, and before it is compressed.
    pub fn add_transform<Transform: OutputTransform + 'static>(
        mut self,
        make: impl Fn(&Request) -> Transform + 'static,
    ) -> Self {
        self.settings.transforms.add(make);
        self.changed()
    }

    /// Where visitors log in, if no site says otherwise. Default: none.
    pub fn login_url(mut self, url: impl Into<String>) -> Self {
        self.settings.login_url = Some(url.into());
        self.changed()
    }

    /// The secret with which [signed cookies](Context::set_signed_cookie) are signed: 32 random bytes or more, the
    /// same in all processes of a service, and the same as that of a Tornado service whose cookies are to be read.
    /// Default: none.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::Application;
    ///
    /// let secret = std::env::var("COOKIE_SECRET").unwrap_or_default();
    /// let application = Application::new().cookie_secret(secret);
    /// # let _ = application;
    /// ```
    pub fn cookie_secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        // An empty one would sign nothing: anybody has it.
        self.settings.secrets = Some(secret).filter(|secret| !secret.as_ref().is_empty()).map(Secrets::new);
        self.changed()
    }

    /// Several secrets, each with a version, in place of one: that of `key_version` signs, those of all versions
    /// are read. So a secret can be replaced while cookies signed with the old one are about. Tornado's settings
    /// `cookie_secret`, a dictionary there, and `key_version`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::Application;
    ///
    /// let application = Application::new().cookie_secrets(2, [(1, "the old one"), (2, "the new one")]);
    /// # let _ = application;
    /// ```
    pub fn cookie_secrets<Secret: AsRef<[u8]>>(
        mut self,
        key_version: u64,
        secrets: impl IntoIterator<Item = (u64, Secret)>,
    ) -> Self {
        self.settings.secrets = Some(Secrets::versions(key_version, secrets));
        self.changed()
    }

    /// Whether every request but GET, HEAD and OPTIONS needs the visitor's XSRF token: in the field `_xsrf` of its
    /// form or query, or in the header `X-XSRFToken`. Default: `false`, as in Tornado. Without it the answer is 403,
    /// before any `prepare`. See [`Context::xsrf_form_html`].
    ///
    /// What a route hands to another service, be it by [`proxy`](crate::proxy()), is checked there; a route of
    /// one's own can be excepted, [`Url::xsrf_cookies`](crate::Url::xsrf_cookies).
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::Application;
    ///
    /// let application = Application::new()
    ///     .xsrf_cookies(true)
    ///     .get("/", async |cx| cx.write(format!(r#"<form method="post">{}</form>"#, cx.xsrf_form_html()?)))
    ///     .post("/", async |cx| cx.write("sent from the form"));
    /// # assert!(application.check().is_ok());
    /// ```
    pub fn xsrf_cookies(mut self, on: bool) -> Self {
        self.settings.forgery.xsrf_cookies = on;
        self.changed()
    }

    /// The name of the cookie with the XSRF token. Default: `_xsrf`; with `__Host-` before it and
    /// [`secure`](CookieOptions::secure) no other host can set it. Form fields are called `_xsrf` all the same.
    pub fn xsrf_cookie_name(mut self, name: impl Into<String>) -> Self {
        self.settings.forgery.xsrf_cookie_name = name.into();
        self.changed()
    }

    /// How the XSRF token is written; both versions are read. Default: version 2.
    pub fn xsrf_cookie_version(mut self, version: XsrfVersion) -> Self {
        self.settings.forgery.xsrf_cookie_version = version;
        self.changed()
    }

    /// How the browser is to keep the cookie with the XSRF token. Tornado's setting `xsrf_cookie_kwargs`.
    pub fn xsrf_cookie_options(mut self, options: CookieOptions) -> Self {
        self.settings.forgery.xsrf_cookie_options = options;
        self.changed()
    }

    /// Whether requests other than GET, HEAD and OPTIONS are refused with 403 where their browser says that they
    /// come from another site, or from another origin of this one. Default: `true`; in Tornado 6.6 it is `false`,
    /// and announced to become `true`.
    ///
    /// Programs that are no browsers say nothing of the kind and are let through. Which other origins may is said by
    /// [`trusted_origins`](Self::trusted_origins), a site or a [route](crate::Url::cross_origin_protection); what a
    /// route hands to another service is checked there.
    pub fn cross_origin_protection(mut self, on: bool) -> Self {
        self.settings.forgery.cross_origin_protection = on;
        self.changed()
    }

    /// The origins whose requests are let through by
    /// [`cross_origin_protection`](Self::cross_origin_protection), each as browsers write it:
    /// `https://www.example.com`, with a port that is not the usual one, without a slash.
    pub fn trusted_origins<Origin: Into<String>>(mut self, origins: impl IntoIterator<Item = Origin>) -> Self {
        self.settings.forgery.trusted_origins = origins.into_iter().map(Into::into).collect();
        self.changed()
    }

    /// The locales that visitors may have, each with its translations. Default: `en_US` alone. See
    /// [`Context::locale`].
    pub fn locales(mut self, locales: Locales) -> Self {
        self.settings.locales = locales;
        self.changed()
    }

    /// What is done at the end of each request in place of the access log's line.
    pub fn log_function(mut self, log: impl Fn(&Context) + 'static) -> Self {
        self.settings.log_function = Some(Rc::new(log));
        self.changed()
    }

    /// Whether answers name the request in `X-Request-Id`, error pages too, so that who complains can say
    /// which it was. Default: `false`. See [`Context::request_id`].
    pub fn request_id_header(mut self, on: bool) -> Self {
        self.settings.request_id_header = on;
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
    /// tried; none where a route is wrong. `firewhirl routes` prints them.
    pub fn routes(&self) -> Vec<RouteInfo> {
        let Ok(live) = self.live() else { return Vec::new() };
        let mut routes: Vec<_> = live.routes().collect();
        // The `/` of a mounted group answers under two URLs.
        routes.dedup_by(|one, other| Rc::ptr_eq(one, other));
        routes.into_iter().map(|route| RouteInfo::of(route)).collect()
    }

    /// The handlers of this worker that go on a minute or longer after their clients left, by route.
    pub fn lingering(&self) -> Vec<Lingering> {
        self.live.get().map_or_else(Vec::new, |live| live.departed.lingering(IoLoop::current().time()))
    }

    /// The compiled application.
    pub(crate) fn live(&self) -> std::result::Result<&Rc<Live>, RouteErrors> {
        if let Some(live) = self.live.get() {
            return Ok(live);
        }
        let (settings, resources) = (self.settings.clone(), self.resources.clone());
        let live = Live::new(&self.routes, settings, resources, self.fallback.clone())?;
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
        let live = self.live()?;
        if live.live_reload && live_reload::answer_in_application(exchange).await? {
            return Ok(());
        }
        live.serve(exchange).await;
        Ok(())
    }

    fn start(&self) -> Result {
        self.check()?;
        route_info::tell_who_asks(&self.routes())?;
        if self.settings.autoreload() {
            autoreload::start();
        }
        Ok(())
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").field("settings", &self.settings).field("routes", &self.routes()).finish()
    }
}
