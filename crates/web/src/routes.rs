//! The list of routes that an application and its groups are built of.
//!
//! Whatever is wrong in it is found when the server starts, all at once, each with the line that added
//! it: a builder that returned a `Result` at every step could not be written in one go.

use std::panic::Location;
use std::rc::Rc;

use crate::entry::{Entry, FunctionEntry};
use crate::routing::{Host, Url};
use crate::site::SiteHooks;

/// Routes in the order in which they were added, and the site that holds for them.
#[derive(Default)]
pub(crate) struct Routes {
    pub(crate) additions: Vec<Addition>,
    pub(crate) site: Option<AddedSite>,
    /// Where all of these routes ask for a login: the line that said so.
    pub(crate) authenticated: Option<&'static Location<'static>>,
}

/// A site, with the line that added it.
pub(crate) struct AddedSite {
    pub(crate) hooks: Rc<dyn SiteHooks>,
    pub(crate) location: &'static Location<'static>,
}

/// One call of a builder's method.
pub(crate) struct Addition {
    pub(crate) location: &'static Location<'static>,
    pub(crate) what: Added,
}

pub(crate) enum Added {
    Handler { url: Url, entry: Rc<dyn Entry> },
    Function { url: Url, entry: FunctionEntry },
    Group { prefix: String, routes: Routes },
    Service { prefix: String, entry: Rc<dyn Entry> },
    Host { host: Host, routes: Routes },
}

impl Routes {
    pub(crate) fn push(&mut self, location: &'static Location<'static>, what: Added) {
        self.additions.push(Addition { location, what });
    }
}

/// What can be mounted under a prefix: a [`Router`](crate::Router), a [`Proxy`](crate::Proxy), or a tower
/// service.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be mounted",
    label = "expected a `Router`, a `proxy(..)` or a tower `Service`",
    note = "a service takes `http::Request<Body>`, answers `http::Response` with a body of `Bytes`, and is `Clone`",
    note = "for a handler use `.route(..)`, for a function `.get(..)`"
)]
pub trait Mount<Kind> {
    #[doc(hidden)]
    fn into_mounted(self) -> Mounted;
}

/// What tells a service, which answers all that it is given, from a router, which may not.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a router cannot be a fallback",
    label = "expected a `proxy(..)` or a tower `Service`",
    note = "`.mount(\"\", router)` adds a router's routes; what no route answers goes to the fallback"
)]
pub trait AnswersAll {}

/// What a [`Mount`] has made itself into.
#[doc(hidden)]
pub struct Mounted(pub(crate) MountedKind);

pub(crate) enum MountedKind {
    Routes(Routes),
    Service(Rc<dyn Entry>),
}

impl Mounted {
    pub(crate) fn under(self, prefix: String) -> Added {
        match self.0 {
            MountedKind::Routes(routes) => Added::Group { prefix, routes },
            MountedKind::Service(entry) => Added::Service { prefix, entry },
        }
    }
}

/// The methods that add routes, the same for `Application` and `Router`; both have `routes_mut`.
macro_rules! route_methods {
    () => {
        /// Adds a handler for a URL.
        ///
        /// The value is a prototype, cloned afresh for each request.
        ///
        /// # Examples
        ///
        /// ```
        /// use firewhirl_event::Result;
        /// use firewhirl_web::{Application, Context, Handler, Router, url};
        ///
        /// #[derive(Clone)]
        /// struct Story;
        ///
        /// impl Handler for Story {
        ///     async fn get(&mut self, cx: &Context) -> Result {
        ///         cx.write(format!("story {}", cx.path::<u64>("id")?))
        ///     }
        /// }
        ///
        /// let router = Router::new().route(url("/story/{id}").name("story"), Story);
        /// # assert!(Application::new().mount("", router).check().is_ok());
        /// ```
        #[track_caller]
        pub fn route(
            mut self,
            url: impl Into<$crate::routing::Url>,
            handler: impl $crate::handler::Handler + 'static,
        ) -> Self {
            self.add_handler(url.into(), handler, ::std::panic::Location::caller());
            self
        }

        /// Adds a function that answers GET, and HEAD where there is none for it.
        ///
        /// A closure is written `async |cx| ..` or, where it captures, `async move |cx| ..`; the old form
        /// `|cx| async move { .. }` cannot borrow the context. Verbs added one by one for a URL come together.
        #[track_caller]
        pub fn get(self, url: impl Into<$crate::routing::Url>, function: impl $crate::function::HandlerFn) -> Self {
            self.on(::http::Method::GET, url, function)
        }

        /// Adds a function that answers POST.
        #[track_caller]
        pub fn post(self, url: impl Into<$crate::routing::Url>, function: impl $crate::function::HandlerFn) -> Self {
            self.on(::http::Method::POST, url, function)
        }

        /// Adds a function that answers PUT.
        #[track_caller]
        pub fn put(self, url: impl Into<$crate::routing::Url>, function: impl $crate::function::HandlerFn) -> Self {
            self.on(::http::Method::PUT, url, function)
        }

        /// Adds a function that answers PATCH.
        #[track_caller]
        pub fn patch(self, url: impl Into<$crate::routing::Url>, function: impl $crate::function::HandlerFn) -> Self {
            self.on(::http::Method::PATCH, url, function)
        }

        /// Adds a function that answers DELETE.
        #[track_caller]
        pub fn delete(self, url: impl Into<$crate::routing::Url>, function: impl $crate::function::HandlerFn) -> Self {
            self.on(::http::Method::DELETE, url, function)
        }

        /// Adds a function that answers all methods that a handler has verbs for, those left out that
        /// have functions of their own.
        #[track_caller]
        pub fn any(mut self, url: impl Into<$crate::routing::Url>, function: impl $crate::function::HandlerFn) -> Self {
            self.add_function(None, url.into(), ::std::rc::Rc::new(function), ::std::panic::Location::caller());
            self
        }

        /// Adds a function that answers a method, be it one that no verb has, such as WebDAV's.
        /// Tornado's `SUPPORTED_METHODS`.
        ///
        /// # Examples
        ///
        /// ```
        /// use firewhirl_web::Router;
        /// use http::Method;
        ///
        /// let propfind = Method::from_bytes(b"PROPFIND")?;
        /// let router = Router::new().on(propfind, "/files/{*path}", async |cx| cx.write("<multistatus/>"));
        /// # Ok::<(), http::method::InvalidMethod>(())
        /// ```
        #[track_caller]
        pub fn on(
            mut self,
            method: ::http::Method,
            url: impl Into<$crate::routing::Url>,
            function: impl $crate::function::HandlerFn,
        ) -> Self {
            let function = ::std::rc::Rc::new(function);
            self.add_function(Some(method), url.into(), function, ::std::panic::Location::caller());
            self
        }

        /// Adds everything of a router, a proxy, or a tower service, under a prefix.
        ///
        /// A router's routes have the prefix before their own URL; its `/` answers the prefix alone as
        /// well. A service gets every path below the prefix, without it; where nothing is left, `/`. A proxy
        /// gets them as they came, unless it [takes the prefix away](crate::Proxy::strip_prefix).
        /// An empty prefix makes a group that only has a site of its own.
        ///
        /// # Examples
        ///
        /// ```
        /// use firewhirl_web::{Application, Router, url};
        ///
        /// let admin = Router::new().get(url("/user/{id}").name("user"), async |cx| cx.write("a user"));
        /// let application = Application::new().mount("/admin", admin);
        /// assert_eq!(application.reverse_url("user", 7)?, "/admin/user/7");
        /// # Ok::<(), firewhirl_event::Error>(())
        /// ```
        #[track_caller]
        pub fn mount<Kind>(mut self, prefix: &str, mounted: impl $crate::routes::Mount<Kind>) -> Self {
            let added = mounted.into_mounted().under(prefix.to_owned());
            self.routes_mut().push(::std::panic::Location::caller(), added);
            self
        }

        /// Sets the site that holds for all of these routes, and for what is not found among them.
        #[track_caller]
        pub fn site(mut self, site: impl $crate::site::Site) -> Self {
            let location = ::std::panic::Location::caller();
            let hooks = ::std::rc::Rc::new(site);
            self.routes_mut().site = Some($crate::routes::AddedSite { hooks, location });
            self
        }

        fn add_handler<H: $crate::handler::Handler + 'static>(
            &mut self,
            mut url: $crate::routing::Url,
            handler: H,
            location: &'static ::std::panic::Location<'static>,
        ) {
            url.options.stream_request_body |= H::STREAM_REQUEST_BODY;
            let entry = ::std::rc::Rc::new($crate::entry::HandlerEntry::new(handler));
            self.routes_mut().push(location, $crate::routes::Added::Handler { url, entry });
        }

        fn add_function(
            &mut self,
            method: Option<::http::Method>,
            url: $crate::routing::Url,
            function: ::std::rc::Rc<dyn $crate::entry::Function>,
            location: &'static ::std::panic::Location<'static>,
        ) {
            let entry = $crate::entry::FunctionEntry::of(method, function);
            self.routes_mut().push(location, $crate::routes::Added::Function { url, entry });
        }
    };
}
pub(crate) use route_methods;
