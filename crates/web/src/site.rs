//! The base handler of an application or of a group of routes: hooks that hold for all of it.

use std::any::{Any, TypeId, type_name};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task;

use firewhirl_event::{Error, Result};

use crate::context::Context;
use crate::handler::{Answer, answers};
use crate::locale::Locale;

/// What holds for an application, or for a group of its routes: Tornado's base handler.
///
/// Nearly every Tornado program derives its handlers from one class of its own. Rust has no
/// inheritance, so the same hooks are given once, with [`Application::site`](crate::Application::site)
/// or [`Router::site`](crate::Router::site), and nothing inside can forget them: 404s and redirects get
/// them too.
///
/// Of the sites around a route `prepare`, `default_headers` and `on_finish` run outer first, and a
/// `prepare` that has finished the response ends it there. Any other hook that a site does not write is
/// its outer's, and at last Tornado's default.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{Error, Result};
/// use firewhirl_web::{Application, Context, Site, Status};
///
/// struct User { name: String }
/// struct Blog;
///
/// impl Site for Blog {
///     type User = User;
///
///     async fn current_user(&self, cx: &Context) -> Result<Option<User>> {
///         let name = cx.request.header("X-User");
///         Ok(name.map(|name| User { name: name.to_owned() }))
///     }
///
///     fn login_url(&self, _: &Context) -> Option<String> {
///         Some("/login".into())
///     }
///
///     async fn write_error(&self, cx: &Context, error: &Error) -> Result {
///         cx.write(format!("Sorry ({})", error.status()))
///     }
/// }
///
/// let application = Application::new().site(Blog).get("/", async |cx| {
///     let user = cx.authenticated::<User>().await?;
///     cx.write(format!("Hello, {}", user.name))
/// });
/// # assert!(application.check().is_ok());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a site",
    label = "`Site` is not implemented for this",
    note = "a site is a struct with `impl Site for {Self}`, which says `type User = ..;` (or `NoUser`) and writes the hooks it needs"
)]
pub trait Site: 'static {
    /// The visitor, as `current_user` finds him; [`NoUser`] where there is none.
    type User: 'static;

    /// Runs before the handler's own `prepare`. If it finishes the response, nothing further runs.
    fn prepare(&self, cx: &Context) -> impl Answer {
        let _ = cx;
        Outer::<Result>::new()
    }

    /// Sets the headers that each response has, error pages included: it runs at the start and again
    /// when an error page takes the place of what was written. Tornado's `set_default_headers`.
    ///
    /// # Errors
    ///
    /// Of invalid headers; answered 500.
    fn default_headers(&self, cx: &Context) -> Result {
        let _ = cx;
        Ok(())
    }

    /// Finds out who the visitor is, `None` where nobody; asked once a request, when the handler asks
    /// [`Context::current_user`] or [`Context::authenticated`]. Tornado's `get_current_user`.
    fn current_user(&self, cx: &Context) -> impl Future<Output = Result<Option<Self::User>>> {
        let _ = cx;
        Outer::<Result<Option<Self::User>>>::new()
    }

    /// Where visitors log in; `None` asks the outer site, at last the setting
    /// [`login_url`](crate::Application::login_url). Tornado's `get_login_url`.
    fn login_url(&self, cx: &Context) -> Option<String> {
        let _ = cx;
        None
    }

    /// The visitor's locale, as he may have chosen it; `None` leaves it to his browser. Asked when the handler
    /// asks [`Context::locale`]; in it this would ask itself. Tornado's `get_user_locale`.
    fn user_locale(&self, cx: &Context) -> impl Future<Output = Result<Option<Rc<Locale>>>> {
        let _ = cx;
        Outer::<Result<Option<Rc<Locale>>>>::new()
    }

    /// Checks the XSRF token of a request, where that is wanted; `None` asks the outer site, at last
    /// [`Context::check_xsrf_cookie`]. It runs before any `prepare`.
    ///
    /// # Errors
    ///
    /// An [`HttpError`](crate::HttpError) 403, as a rule, where the request is refused.
    fn check_xsrf_cookie(&self, cx: &Context) -> Option<Result> {
        let _ = cx;
        None
    }

    /// Whether a request from this other origin may change something; `None` asks the outer site, at last the
    /// setting [`trusted_origins`](crate::Application::trusted_origins). It runs before any `prepare`, so that nobody
    /// is known yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::{Context, NoUser, Site};
    ///
    /// struct Company;
    ///
    /// impl Site for Company {
    ///     type User = NoUser;
    ///
    ///     fn check_trusted_origin(&self, _: &Context, origin: &str) -> Option<bool> {
    ///         Some(origin.starts_with("https://") && origin.ends_with(".example.com"))
    ///     }
    /// }
    /// ```
    fn check_trusted_origin(&self, cx: &Context, origin: &str) -> Option<bool> {
        let _ = (cx, origin);
        None
    }

    /// Writes the page of an error. The status is set already, and what was written before is gone.
    fn write_error(&self, cx: &Context, error: &Error) -> impl Answer {
        let _ = (cx, error);
        Outer::<Result>::new()
    }

    /// Logs an error that came out of a handler; `None` asks the outer site, at last Tornado's way: a
    /// warning of an [`HttpError`](crate::HttpError) that has a message, an error of any other.
    fn log_exception(&self, cx: &Context, error: &Error) -> Option<()> {
        let _ = (cx, error);
        None
    }

    /// Runs after the response was handed to the connection; nothing can be written any more.
    fn on_finish(&self, cx: &Context) {
        let _ = cx;
    }
}

/// The user of a site that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoUser {}

/// The future of a hook that a site does not write. It has no size, which is how the framework knows
/// to ask the outer site.
#[derive(Debug)]
#[must_use = "a hook that is not written has no effect"]
pub struct Outer<T>(PhantomData<T>);

impl<T> Outer<T> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

/// Never asked: the outer site is, before.
impl Future for Outer<Result> {
    type Output = Result;

    fn poll(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> task::Poll<Result> {
        task::Poll::Ready(Ok(()))
    }
}

/// Never asked: the outer site is, before.
impl<User> Future for Outer<Result<Option<User>>> {
    type Output = Result<Option<User>>;

    fn poll(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        task::Poll::Ready(Ok(None))
    }
}

/// A future on its worker's loop, on the heap.
pub(crate) type LocalFuture<'exchange, T> = Pin<Box<dyn Future<Output = T> + 'exchange>>;

/// A user of whatever type, `None` where nobody is logged in.
pub(crate) type AnyUser = Option<Rc<dyn Any>>;

/// A site of whatever type. A hook that is not written gives `None`.
pub(crate) trait SiteHooks {
    fn type_name(&self) -> &'static str;
    fn user(&self) -> UserType;
    fn has_current_user(&self) -> bool;
    fn prepare<'exchange>(&'exchange self, cx: &'exchange Context) -> Option<LocalFuture<'exchange, Result>>;
    fn default_headers(&self, cx: &Context) -> Result;
    fn current_user<'exchange>(
        &'exchange self,
        cx: &'exchange Context,
    ) -> Option<LocalFuture<'exchange, Result<AnyUser>>>;
    fn login_url(&self, cx: &Context) -> Option<String>;
    fn user_locale<'exchange>(
        &'exchange self,
        cx: &'exchange Context,
    ) -> Option<LocalFuture<'exchange, Result<Option<Rc<Locale>>>>>;
    fn write_error<'exchange>(
        &'exchange self,
        cx: &'exchange Context,
        error: &'exchange Error,
    ) -> Option<LocalFuture<'exchange, Result>>;
    fn check_xsrf_cookie(&self, cx: &Context) -> Option<Result>;
    fn check_trusted_origin(&self, cx: &Context, origin: &str) -> Option<bool>;
    fn log_exception(&self, cx: &Context, error: &Error) -> Option<()>;
    fn on_finish(&self, cx: &Context);
}

/// The type of a site's user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UserType {
    id: TypeId,
    pub(crate) name: &'static str,
}

impl UserType {
    pub(crate) fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T>() }
    }
}

impl PartialEq for UserType {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<S: Site> SiteHooks for S {
    fn type_name(&self) -> &'static str {
        type_name::<S>()
    }

    fn user(&self) -> UserType {
        UserType::of::<S::User>()
    }

    fn has_current_user(&self) -> bool {
        answers(&S::current_user)
    }

    fn prepare<'exchange>(&'exchange self, cx: &'exchange Context) -> Option<LocalFuture<'exchange, Result>> {
        if !answers(&S::prepare) {
            return None;
        }
        Some(Box::pin(Site::prepare(self, cx)))
    }

    fn default_headers(&self, cx: &Context) -> Result {
        Site::default_headers(self, cx)
    }

    fn current_user<'exchange>(
        &'exchange self,
        cx: &'exchange Context,
    ) -> Option<LocalFuture<'exchange, Result<AnyUser>>> {
        if !answers(&S::current_user) {
            return None;
        }
        Some(Box::pin(async move {
            let user = Site::current_user(self, cx).await?;
            Ok(user.map(|user| Rc::new(user) as Rc<dyn Any>))
        }))
    }

    fn login_url(&self, cx: &Context) -> Option<String> {
        Site::login_url(self, cx)
    }

    fn user_locale<'exchange>(
        &'exchange self,
        cx: &'exchange Context,
    ) -> Option<LocalFuture<'exchange, Result<Option<Rc<Locale>>>>> {
        if !answers(&S::user_locale) {
            return None;
        }
        Some(Box::pin(Site::user_locale(self, cx)))
    }

    fn write_error<'exchange>(
        &'exchange self,
        cx: &'exchange Context,
        error: &'exchange Error,
    ) -> Option<LocalFuture<'exchange, Result>> {
        if !answers_error(&S::write_error) {
            return None;
        }
        Some(Box::pin(Site::write_error(self, cx, error)))
    }

    fn check_xsrf_cookie(&self, cx: &Context) -> Option<Result> {
        Site::check_xsrf_cookie(self, cx)
    }

    fn check_trusted_origin(&self, cx: &Context, origin: &str) -> Option<bool> {
        Site::check_trusted_origin(self, cx, origin)
    }

    fn log_exception(&self, cx: &Context, error: &Error) -> Option<()> {
        Site::log_exception(self, cx, error)
    }

    fn on_finish(&self, cx: &Context) {
        Site::on_finish(self, cx);
    }
}

/// As [`answers`], of a method of two arguments.
const fn answers_error<A, B, C, R, F: FnOnce(A, B, C) -> R>(_: &F) -> bool {
    size_of::<R>() != 0
}
