//! A group of routes, to be mounted under a prefix or a host.

use crate::routes::{Mount, Mounted, MountedKind, Routes, route_methods};

/// A group of routes that is mounted under a prefix or a host, with a site of its own if it has one.
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, Router};
///
/// let admin = Router::new()
///     .get("/", async |cx| cx.write("the dashboard"))
///     .get("/users", async |cx| cx.write("the users"));
/// let application = Application::new().mount("/admin", admin);
/// # assert!(application.check().is_ok());
/// ```
#[derive(Default)]
pub struct Router {
    routes: Routes,
}

impl Router {
    /// Makes a group without routes.
    pub fn new() -> Self {
        Self::default()
    }

    route_methods!();

    /// Asks that whoever uses these routes be logged in, those of the groups and services in it too:
    /// [`Url::authenticated`](crate::Url::authenticated) for all of them. What is not found in the group
    /// is a 404 to everybody.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::{Application, Context, Router, Site};
    ///
    /// struct Admin;
    ///
    /// impl Site for Admin {
    ///     type User = String;
    ///
    ///     async fn current_user(&self, cx: &Context) -> Result<Option<String>> {
    ///         Ok(cx.request.header("X-Admin").map(str::to_owned))
    ///     }
    /// }
    ///
    /// let admin = Router::new().site(Admin).authenticated().get("/", async |cx| cx.write("the dashboard"));
    /// let application = Application::new().login_url("/login").mount("/admin", admin);
    /// # assert!(application.check().is_ok());
    /// ```
    #[track_caller]
    pub fn authenticated(mut self) -> Self {
        self.routes.authenticated = Some(std::panic::Location::caller());
        self
    }

    fn routes_mut(&mut self) -> &mut Routes {
        &mut self.routes
    }

    pub(crate) fn into_routes(self) -> Routes {
        self.routes
    }
}

/// That a router is mounted, not a service.
#[doc(hidden)]
pub enum OfRouter {}

impl Mount<OfRouter> for Router {
    fn into_mounted(self) -> Mounted {
        Mounted(MountedKind::Routes(self.routes))
    }
}
