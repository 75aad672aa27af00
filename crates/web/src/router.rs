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
