//! The list of an application's routes, for people and for `firewhirl routes`.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::panic::Location;

use serde_json::{Value, json};

use crate::live::Route;

/// Names the file to which an application that starts adds its routes: a line, a JSON array.
const ROUTES: &str = "FIREWHIRL_ROUTES";

/// One line of the list of routes; [`Application::routes`](crate::Application::routes) gives all.
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, url};
///
/// let application = Application::new().get(url("/story/{id}").name("story"), async |cx| cx.write("a story"));
/// let route = &application.routes()[0];
/// assert_eq!((route.url.as_str(), route.name.as_deref()), ("/story/{id}", Some("story")));
/// assert_eq!(route.verbs, ["GET", "HEAD", "OPTIONS"]);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouteInfo {
    /// The URL as it was added, prefixes included; of a service the prefix.
    pub url: String,
    /// The hosts that it is for; `None` where it is for all.
    pub host: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The methods that it answers; none of a service, which decides that itself.
    pub verbs: Vec<String>,
    /// What answers: the handler's type, or the functions' names.
    pub handler: String,
    /// The type of the innermost site around it.
    pub site: Option<&'static str>,
    /// Whether the route, or a group around it, was declared to ask for a login. A handler that asks by
    /// calling [`Context::authenticated`](crate::Context::authenticated) cannot be told from one that
    /// does not.
    pub requires_login: bool,
    /// The line that added it.
    pub location: &'static Location<'static>,
}

impl RouteInfo {
    pub(crate) fn of(route: &Route) -> Self {
        let verbs = route.entry.allow().into_iter().flat_map(|allow| allow.split(", "));
        Self {
            url: route.url.clone(),
            host: route.host.clone(),
            name: route.name.clone(),
            verbs: verbs.map(str::to_owned).collect(),
            handler: route.entry.name(),
            site: route.sites.last().map(|site| site.type_name()),
            requires_login: route.options.authenticated,
            location: route.location,
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "url": self.url,
            "host": self.host,
            "name": self.name,
            "verbs": self.verbs,
            "handler": self.handler,
            "site": self.site,
            "login": self.requires_login,
            "location": self.location.to_string(),
        })
    }
}

impl fmt::Display for RouteInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}  {}", self.url, self.verbs.join(" "), self.handler)?;
        if let Some(host) = &self.host {
            write!(f, "  host={host}")?;
        }
        if let Some(name) = &self.name {
            write!(f, "  name={name}")?;
        }
        if let Some(site) = self.site {
            write!(f, "  site={site}")?;
        }
        if self.requires_login {
            f.write_str("  login")?;
        }
        write!(f, "  {}", self.location)
    }
}

/// Tells `firewhirl routes`, if it was that which started the program, what there is to be served.
///
/// # Errors
///
/// What the system says of the file.
pub(crate) fn tell_who_asks(routes: &[RouteInfo]) -> io::Result<()> {
    let Some(path) = std::env::var_os(ROUTES) else { return Ok(()) };
    let mut line = Value::from_iter(routes.iter().map(RouteInfo::to_json)).to_string();
    line.push('\n');
    // One write, so that the lines of several workers stay whole.
    OpenOptions::new().append(true).create(true).open(path)?.write_all(line.as_bytes())
}
