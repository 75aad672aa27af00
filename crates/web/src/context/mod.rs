//! One request and its response, as a handler has them.
//!
//! The response is behind cells, so that all methods take `&self`: an argument can be read while the
//! response is written, a database session can be held across a write, two futures can share an
//! exchange. No borrow of a cell outlives a method.

mod arguments;
mod body;
mod closing;
mod cookies;
mod current;
mod default_headers;
mod failure;
mod finish;
mod finish_later;
mod forgery;
mod form;
mod label;
mod locale;
mod outgoing;
mod path;
mod relay;
mod request_id;
mod request_local;
mod response;
mod signed_cookies;
mod user;

pub use body::BodyStream;
pub(crate) use finish::has_no_content;
pub use finish_later::{Later, Unfinished};
pub(crate) use label::describe_route;
pub(crate) use relay::UpstreamOf;
pub use request_id::RequestId;
pub(crate) use request_id::RequestNumbers;
pub use user::{LoginUrlRequired, WrongUser};

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Instant;

use firewhirl_event::Result;
use firewhirl_http::{HttpConnection, Readiness, Request, ResponseError};
use http::Method;

use crate::lingering::Departure;
use crate::live::{Live, Route};
use crate::path::PathValues;
use crate::resources::{MissingResource, Resources};
use crate::routing::UrlArguments;
use crate::settings::Settings;

use arguments::ArgumentCache;
use cookies::CookieCache;
use finish_later::Deferral;
use response::Response;
use user::UserCache;

/// A request and its response; what a verb gets beside `self`.
///
/// What a Tornado handler calls on `self` it calls here: [`argument`](Self::argument),
/// [`write`](Self::write), [`redirect`](Self::redirect) and so on.
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_web::Context;
///
/// async fn greet(cx: &Context) -> Result {
///     cx.set_header("Cache-Control", "no-store")?;
///     cx.write(format!("Hello, {} at {:?}", cx.argument("name")?, cx.request.remote_ip()))
/// }
/// ```
pub struct Context {
    /// The request. Tornado's `self.request`.
    pub request: Request,
    /// There as long as an exchange goes on, as all that is the application's: what waits for the next
    /// request keeps none alive.
    connection: Option<HttpConnection>,
    application: Option<Rc<Live>>,
    route: Option<Rc<Route>>,
    /// The request's own number, whatever name its client gives it.
    number: u64,
    /// The service behind that a proxy has sent the request to.
    upstream: RefCell<Option<Rc<str>>>,
    pub(crate) path_values: PathValues,
    response: Response,
    arguments: ArgumentCache,
    cookies: CookieCache,
    user: UserCache,
    locals: RefCell<Resources>,
    body_taken: Cell<bool>,
    deferral: Deferral,
    departure: RefCell<Option<Rc<Departure>>>,
    /// The context itself, while its exchange goes on: so a handler, which borrows it, can have it to
    /// keep.
    this: RefCell<Option<Rc<Context>>>,
}

impl Context {
    /// Makes a context without an exchange.
    pub(crate) fn new() -> Self {
        Self {
            request: Request::default(),
            connection: None,
            application: None,
            route: None,
            number: 0,
            upstream: RefCell::new(None),
            path_values: PathValues::default(),
            response: Response::default(),
            arguments: ArgumentCache::default(),
            cookies: CookieCache::default(),
            user: UserCache::default(),
            locals: RefCell::default(),
            body_taken: Cell::new(false),
            deferral: Deferral::default(),
            departure: RefCell::new(None),
            this: RefCell::new(None),
        }
    }

    /// Begins an exchange, its request in place: finds its route.
    pub(crate) fn begin(&mut self, application: &Rc<Live>, connection: HttpConnection) {
        self.response.begin(self.request.began().unwrap_or_else(Instant::now));
        self.route = Some(Rc::clone(application.find(&self.request, &mut self.path_values)));
        self.number = application.numbers.next();
        self.application = Some(Rc::clone(application));
        self.connection = Some(connection);
    }

    /// Forgets all that belongs to one exchange; the memory stays.
    pub(crate) fn end(&mut self) {
        self.connection = None;
        self.application = None;
        self.route = None;
        *self.upstream.get_mut() = None;
        self.response.end();
        self.arguments.clear();
        self.cookies.take();
        self.user.clear();
        self.locals.get_mut().clear();
        self.body_taken.set(false);
        self.deferral.clear();
        *self.departure.get_mut() = None;
    }

    /// Lets the handler have the context to keep, or no longer.
    pub(crate) fn set_this(&self, this: Option<Rc<Context>>) {
        *self.this.borrow_mut() = this;
    }

    pub(crate) fn connection(&self) -> &HttpConnection {
        // `begin` sets it before any handler sees the context, and `end` needs the context to itself.
        self.connection.as_ref().expect("an exchange goes on")
    }

    /// The connection for what reads from it or waits on it, while the exchange goes on.
    ///
    /// A [`Later`] may be kept longer than its exchange, and the connection then serves another request,
    /// which is none of its business.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Closed`] once the exchange is over.
    fn current_connection(&self) -> Result<&HttpConnection, ResponseError> {
        match *self.this.borrow() {
            Some(_) => Ok(self.connection()),
            None => Err(ResponseError::Closed),
        }
    }

    /// The request's own number, another one for each.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn application(&self) -> &Rc<Live> {
        // As of `connection`.
        self.application.as_ref().expect("an exchange goes on")
    }

    pub(crate) fn route(&self) -> &Rc<Route> {
        // As of `connection`.
        self.route.as_ref().expect("an exchange goes on")
    }

    /// Keeps what tells how long the handler goes on after its client left.
    pub(crate) fn set_departure(&self, departure: Rc<Departure>) {
        *self.departure.borrow_mut() = Some(departure);
    }

    /// The application's settings. Tornado's `self.settings`.
    pub fn settings(&self) -> &Settings {
        &self.application().settings
    }

    /// The URL of the request's route as it was added, such as `/story/{id}`: what requests are counted
    /// by.
    pub fn route_url(&self) -> &str {
        &self.route().url
    }

    /// How far the server of this request is in its life: whether its end was announced, say.
    pub fn server_readiness(&self) -> Readiness {
        self.connection().readiness()
    }

    /// The value of this type that the application was given with
    /// [`resource`](crate::Application::resource).
    ///
    /// # Errors
    ///
    /// [`MissingResource`] if it was given none; answered 500.
    pub fn resource<T: 'static>(&self) -> Result<Rc<T>> {
        Ok(self.application().resources.get().ok_or_else(MissingResource::of::<T>)?)
    }

    /// The value of this name that the application was given with
    /// [`named_resource`](crate::Application::named_resource).
    ///
    /// # Errors
    ///
    /// [`MissingResource`] if it was given none, or one of another type; answered 500.
    pub fn named_resource<T: 'static>(&self, name: &str) -> Result<Rc<T>> {
        Ok(self.application().resources.get_named(name)?)
    }

    /// The URL of a named route with these arguments.
    ///
    /// # Errors
    ///
    /// [`ReverseError`](crate::ReverseError) for a name that no route has and for the wrong number of
    /// arguments; answered 500.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::Context;
    ///
    /// async fn next(cx: &Context) -> Result {
    ///     cx.redirect(cx.reverse_url("story", cx.path::<u64>("id")? + 1)?)
    /// }
    /// ```
    pub fn reverse_url(&self, name: &str, arguments: impl UrlArguments) -> Result<String> {
        Ok(self.application().reverse(name, &arguments.into_arguments())?)
    }

    /// `GET /x (1.2.3.4)`, as log lines name a request. Tornado's `_request_summary`.
    pub(crate) fn request_summary(&self) -> RequestSummary<'_> {
        RequestSummary(&self.request)
    }

    fn is_get_or_head(&self) -> bool {
        matches!(*self.request.method(), Method::GET | Method::HEAD)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("request", &self.request)
            .field("route", &self.route().url)
            .field("status", &self.status())
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

/// Displays a request as log lines name it.
pub(crate) struct RequestSummary<'request>(&'request Request);

impl fmt::Display for RequestSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (", self.0.method(), self.0.uri())?;
        match self.0.remote_ip() {
            Some(address) => write!(f, "{address})"),
            // A Unix socket has no address.
            None => f.write_str("0.0.0.0)"),
        }
    }
}
