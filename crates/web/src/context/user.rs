//! The visitor, as the site knows him.

use std::any::{Any, type_name};
use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;

use firewhirl_escape::{UrlPart, url_escape};
use firewhirl_event::locks::Lock;
use firewhirl_event::{Error, Result};
use http::{Method, StatusCode};

use super::Context;
use crate::errors::{Finish, HttpError};
use crate::site::{AnyUser, NoUser, UserType};

/// The visitor, once he was asked for.
#[derive(Default)]
pub(super) struct UserCache {
    found: RefCell<Option<AnyUser>>,
    /// Held while the site is asked, so that futures that ask together share its answer. Made with the
    /// first question: most requests have none.
    asking: OnceCell<Lock>,
}

impl UserCache {
    fn get(&self) -> Option<AnyUser> {
        self.found.borrow().clone()
    }

    pub(super) fn clear(&mut self) {
        *self.found.get_mut() = None;
        self.asking.take();
    }
}

impl Context {
    /// The visitor, `None` where nobody is logged in. The site's
    /// [`current_user`](crate::Site::current_user) is asked once a request, however many ask here; in it
    /// this would wait for itself.
    ///
    /// # Errors
    ///
    /// [`WrongUser`], a 500, if the site's user is of another type; the site's own errors.
    ///
    /// # Cancel safety
    ///
    /// The site is asked anew next time.
    pub async fn current_user<User: 'static>(&self) -> Result<Option<Rc<User>>> {
        self.check_user_type::<User>()?;
        Ok(self.any_user().await?.and_then(|user| user.downcast().ok()))
    }

    /// The visitor, of whatever type he is.
    async fn any_user(&self) -> Result<AnyUser> {
        if let Some(user) = self.user.get() {
            return Ok(user);
        }
        let _asking = self.user.asking.get_or_init(Lock::new).acquire().await;
        match self.user.get() {
            // Whoever held the lock has found him.
            Some(user) => Ok(user),
            None => self.ask_sites().await,
        }
    }

    /// Asks the innermost site that knows, and keeps its answer.
    async fn ask_sites(&self) -> Result<AnyUser> {
        let mut user = None;
        for site in self.route().sites.iter().rev() {
            if let Some(asked) = site.current_user(self) {
                user = asked.await?;
                break;
            }
        }
        // The site may have set one by hand meanwhile.
        Ok(self.user.found.borrow_mut().get_or_insert(user).clone())
    }

    /// Sets the visitor for the rest of this request, as a `prepare` may; the site is not asked then.
    ///
    /// # Errors
    ///
    /// [`WrongUser`], a 500, if the site's user is of another type.
    pub fn set_current_user<User: 'static>(&self, user: Option<User>) -> Result {
        self.check_user_type::<User>()?;
        // The one before is dropped outside of the borrow.
        drop(self.user.found.replace(Some(user.map(|user| Rc::new(user) as Rc<dyn Any>))));
        Ok(())
    }

    /// The visitor, who has to be logged in. Tornado's `@authenticated`.
    ///
    /// Where nobody is, a GET or HEAD is sent to the login page, with `next` saying where to go back to,
    /// and the handler ends; any other method is answered 403. A route or a group can say it of itself,
    /// which nothing in it can then forget: [`Url::authenticated`](crate::Url::authenticated).
    ///
    /// # Errors
    ///
    /// [`Finish`] after the redirect and [`HttpError`] 403, both to be let through by `?`;
    /// [`LoginUrlRequired`], a 500, if neither a site nor the settings say where the login page is; those
    /// of [`current_user`](Self::current_user).
    ///
    /// # Cancel safety
    ///
    /// As [`current_user`](Self::current_user).
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_event::Result;
    /// # use firewhirl_web::Context;
    /// # struct User { name: String }
    /// async fn profile(cx: &Context) -> Result {
    ///     let user = cx.authenticated::<User>().await?;
    ///     cx.write(format!("Hello, {}", user.name))
    /// }
    /// ```
    pub async fn authenticated<User: 'static>(&self) -> Result<Rc<User>> {
        match self.current_user::<User>().await? {
            Some(user) => Ok(user),
            None => Err(self.ask_to_log_in()),
        }
    }

    /// [`authenticated`](Self::authenticated), of a route that says that it asks for a login.
    pub(crate) async fn require_login(&self) -> Result {
        match self.any_user().await? {
            Some(_) => Ok(()),
            // The question that a browser asks before a request to another origin carries no cookie.
            None if *self.request.method() == Method::OPTIONS => Ok(()),
            None => Err(self.ask_to_log_in()),
        }
    }

    /// What a visitor who is not logged in is answered, as the error that ends the handler.
    fn ask_to_log_in(&self) -> Error {
        if !self.is_get_or_head() {
            return HttpError::new(StatusCode::FORBIDDEN).into();
        }
        self.redirect_to_login().err().unwrap_or_else(|| Finish::new().into())
    }

    fn redirect_to_login(&self) -> Result {
        let mut url = self.login_url()?;
        if !url.contains('?') {
            // A login page elsewhere needs to know the whole way back.
            let is_elsewhere = url.contains("://") || url.starts_with("//");
            let next = if is_elsewhere { self.request.full_url() } else { self.request.uri().to_owned() };
            url.push_str("?next=");
            url.push_str(&url_escape(&next, UrlPart::Query));
        }
        self.redirect(url)
    }

    /// Whether somebody has found out already, or said, that the visitor is logged in.
    pub(super) fn is_known_to_be_logged_in(&self) -> bool {
        matches!(*self.user.found.borrow(), Some(Some(_)))
    }

    /// Where visitors log in: as the innermost site says that says it, else as the settings do.
    /// Tornado's `get_login_url`.
    ///
    /// # Errors
    ///
    /// [`LoginUrlRequired`], a 500, if nothing says it.
    pub fn login_url(&self) -> Result<String> {
        let of_site = self.route().sites.iter().rev().find_map(|site| site.login_url(self));
        let url = of_site.or_else(|| self.settings().login_url().map(str::to_owned));
        Ok(url.ok_or(LoginUrlRequired)?)
    }

    fn check_user_type<User: 'static>(&self) -> Result<(), WrongUser> {
        let of_site = self.route().sites.last().map_or_else(UserType::of::<NoUser>, |site| site.user());
        if of_site == UserType::of::<User>() {
            return Ok(());
        }
        Err(WrongUser { asked_for: type_name::<User>(), of_site: of_site.name })
    }
}

/// The site's user is of another type than was asked for: the program's fault, answered 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongUser {
    asked_for: &'static str,
    of_site: &'static str,
}

impl fmt::Display for WrongUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the user was asked for as `{}`, the site's user is `{}`", self.asked_for, self.of_site)
    }
}

impl std::error::Error for WrongUser {}

/// Nothing says where visitors log in: the program's fault, answered 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginUrlRequired;

impl fmt::Display for LoginUrlRequired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("You must define the 'login_url' setting in your application to use authenticated()")
    }
}

impl std::error::Error for LoginUrlRequired {}
