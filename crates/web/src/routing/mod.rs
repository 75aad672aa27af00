//! Which route answers a request: templates, regular expressions, hosts, groups, and names back into
//! URLs.
//!
//! Tornado's `routing`. Nothing here knows what a route leads to.

mod error;
mod host;
mod matcher;
mod pattern;
mod reverse;
mod table;
mod template;
mod url;

pub use error::{RouteError, RouteErrors};
pub use host::Host;
pub use reverse::{ReverseError, UrlArguments};
pub use url::{Url, regex, url};

pub(crate) use host::HostPattern;
pub(crate) use matcher::Matcher;
pub(crate) use table::Table;
pub(crate) use url::{RouteOptions, Source};
