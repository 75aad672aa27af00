//! What a route is added under: a path template or a regular expression, a name, and what else holds
//! for this route alone.

use std::time::Duration;

use crate::trailing_slash::TrailingSlash;

/// The URL of a route, with its name and its options; made by [`url`] and [`regex`](regex()).
///
/// Wherever one is expected a plain string does as well: it is a template. Tornado's `URLSpec`.
#[derive(Clone, Debug)]
pub struct Url {
    pub(crate) source: Source,
    pub(crate) name: Option<String>,
    pub(crate) options: RouteOptions,
}

/// A pattern as it was written; text that cannot be matched is found out when the server starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    Template(String),
    Regex(String),
}

impl Source {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Template(text) | Self::Regex(text) => text,
        }
    }
}

/// What holds for one route.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteOptions {
    pub(crate) stream_request_body: bool,
    pub(crate) cancel_on_disconnect: bool,
    pub(crate) automatic_etag: Option<bool>,
    pub(crate) max_body_size: Option<u64>,
    pub(crate) body_timeout: Option<Duration>,
    pub(crate) trailing_slash: Option<TrailingSlash>,
    pub(crate) authenticated: bool,
    pub(crate) xsrf_cookies: Option<bool>,
    pub(crate) cross_origin_protection: Option<bool>,
}

impl RouteOptions {
    /// Joins what was said at two places about one URL.
    pub(crate) fn merge(&mut self, other: Self) {
        self.stream_request_body |= other.stream_request_body;
        self.cancel_on_disconnect |= other.cancel_on_disconnect;
        self.automatic_etag = other.automatic_etag.or(self.automatic_etag);
        self.max_body_size = other.max_body_size.or(self.max_body_size);
        self.body_timeout = other.body_timeout.or(self.body_timeout);
        self.trailing_slash = other.trailing_slash.or(self.trailing_slash);
        self.authenticated |= other.authenticated;
        self.xsrf_cookies = other.xsrf_cookies.or(self.xsrf_cookies);
        self.cross_origin_protection = other.cross_origin_protection.or(self.cross_origin_protection);
    }

    /// Leaves it to what answers whether a request is forged.
    pub(crate) fn without_forgery_checks(mut self) -> Self {
        self.xsrf_cookies = Some(false);
        self.cross_origin_protection = Some(false);
        self
    }
}

/// Makes a URL of a path template.
///
/// `{id}` stands for a part of one segment that is not empty, `{*rest}` at the end for whatever
/// follows, slashes included, and also for nothing; `{{` and `}}` are braces. Everything else stands
/// for itself. Parameters are percent-decoded after the match, so that a `%2F` can be inside one.
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, url};
///
/// let application = Application::new()
///     .get(url("/story/{id}").name("story"), async |cx| cx.write(cx.path::<String>("id")?))
///     .get("/{year}-{month}/{*rest}", async |cx| cx.write(cx.path::<String>("rest")?));
/// assert_eq!(application.reverse_url("story", 17)?, "/story/17");
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub fn url(template: impl Into<String>) -> Url {
    Url { source: Source::Template(template.into()), name: None, options: RouteOptions::default() }
}

/// Makes a URL of a regular expression, as Tornado's routes are.
///
/// The whole path has to match, before percent-decoding. Its groups are the parameters: all named
/// (`(?P<id>[0-9]+)`, read by name) or all unnamed (read by number, from 0); a group that took no
/// part in the match is none. The syntax is that of the `regex` crate: Python's but for look-around and
/// backreferences.
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, regex};
///
/// let application = Application::new()
///     .get(regex(r"/old/([0-9]+)").name("old"), async |cx| cx.redirect(format!("/story/{}", cx.path::<u64>(0)?)));
/// assert_eq!(application.reverse_url("old", 17)?, "/old/17");
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub fn regex(pattern: impl Into<String>) -> Url {
    Url { source: Source::Regex(pattern.into()), name: None, options: RouteOptions::default() }
}

impl Url {
    /// Names the route, for `reverse_url`. A name can be given once in an application.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Asks that the visitor be logged in. Tornado's `@authenticated`, said of the URL and so of all its
    /// verbs; a group has it for all its routes: [`Router::authenticated`](crate::Router::authenticated).
    ///
    /// After the sites' `prepare` and before the handler's, whoever is not logged in is answered as
    /// [`Context::authenticated`](crate::Context::authenticated) answers: a GET or HEAD with the login page,
    /// anything else with 403. OPTIONS is answered to everybody, for the question that a browser asks
    /// before a request to another origin carries no cookie. The handler gets the user, who is known by
    /// then, by that same method. `firewhirl routes` shows which routes ask.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::{Application, Context, Site, url};
    ///
    /// struct User { name: String }
    /// struct Blog;
    ///
    /// impl Site for Blog {
    ///     type User = User;
    ///
    ///     async fn current_user(&self, cx: &Context) -> Result<Option<User>> {
    ///         Ok(cx.request.header("X-User").map(|name| User { name: name.to_owned() }))
    ///     }
    /// }
    ///
    /// let application = Application::new()
    ///     .site(Blog)
    ///     .login_url("/login")
    ///     .get(url("/profile").authenticated(), async |cx| {
    ///         let user = cx.authenticated::<User>().await?;
    ///         cx.write(format!("Hello, {}", user.name))
    ///     });
    /// # assert!(application.check().is_ok());
    /// # assert!(application.routes()[0].requires_login);
    /// ```
    pub fn authenticated(mut self) -> Self {
        self.options.authenticated = true;
        self
    }

    /// Whether requests of this URL that may change something need an XSRF token. Default: what
    /// [`Application::xsrf_cookies`](crate::Application::xsrf_cookies) says. An API that is no browser's and knows its
    /// clients by something else than a cookie needs none.
    pub fn xsrf_cookies(mut self, on: bool) -> Self {
        self.options.xsrf_cookies = Some(on);
        self
    }

    /// Whether requests of this URL that may change something are refused where they come from other sites.
    /// Default: what [`Application::cross_origin_protection`](crate::Application::cross_origin_protection) says. What
    /// pages of all sites may call must not go by cookies.
    pub fn cross_origin_protection(mut self, on: bool) -> Self {
        self.options.cross_origin_protection = Some(on);
        self
    }

    /// Leaves the request's body to the handler, which reads it a chunk at a time with
    /// `cx.body().next().await`. Default: the body is read whole before the handler runs. Tornado's
    /// `@stream_request_body`.
    pub fn stream_request_body(mut self) -> Self {
        self.options.stream_request_body = true;
        self
    }

    /// Ends the handler where it waits when its client leaves. Default: a handler runs to its end.
    ///
    /// What the handler holds is dropped in the middle of its work, so this is for what only reads.
    pub fn cancel_on_disconnect(mut self) -> Self {
        self.options.cancel_on_disconnect = true;
        self
    }

    /// Whether answers of this route get an `Etag` of their body's hash. Default: what the
    /// application's [`automatic_etag`](crate::Application::automatic_etag) says.
    pub fn automatic_etag(mut self, on: bool) -> Self {
        self.options.automatic_etag = Some(on);
        self
    }

    /// Bytes a request's body may have at this route; a longer one is answered 413. Default: the
    /// server's `max_body_size`.
    pub fn max_body_size(mut self, bytes: u64) -> Self {
        self.options.max_body_size = Some(bytes);
        self
    }

    /// How long the client may take to send its body to this route before it is answered 408.
    /// Default: the server's `body_timeout`.
    pub fn body_timeout(mut self, time: Duration) -> Self {
        self.options.body_timeout = Some(time);
        self
    }

    /// Sends a GET or HEAD whose path has no slash at its end to the same path with one, for good; other
    /// methods get a 404. The URL has to match both forms. Tornado's `@addslash`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::{Application, regex};
    ///
    /// let application = Application::new()
    ///     .get(regex("/blog/?").add_slash(), async |cx| cx.write("the newest stories"));
    /// # assert!(application.check().is_ok());
    /// ```
    pub fn add_slash(mut self) -> Self {
        self.options.trailing_slash = Some(TrailingSlash::Added);
        self
    }

    /// Sends a GET or HEAD whose path ends with slashes to the same path without them, for good; other
    /// methods get a 404. The root keeps its own. The URL has to match both forms. Tornado's
    /// `@removeslash`.
    pub fn remove_slash(mut self) -> Self {
        self.options.trailing_slash = Some(TrailingSlash::Removed);
        self
    }
}

impl From<&str> for Url {
    fn from(template: &str) -> Self {
        url(template)
    }
}

impl From<String> for Url {
    fn from(template: String) -> Self {
        url(template)
    }
}

impl From<&String> for Url {
    fn from(template: &String) -> Self {
        url(template.as_str())
    }
}
