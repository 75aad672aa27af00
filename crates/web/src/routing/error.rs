//! What is wrong with an application's routes, each with the line that added it.

use std::fmt;
use std::panic::Location;

/// All that is wrong with an application's routes; the server does not start with any.
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, url};
///
/// let application = Application::new()
///     .get("story/{id}", async |cx| cx.write("no slash"))
///     .get(url("/a").name("home"), async |cx| cx.write("a"))
///     .get(url("/b").name("home"), async |cx| cx.write("b"));
/// let errors = application.check().unwrap_err();
/// assert_eq!(errors.iter().count(), 2);
/// assert!(errors.to_string().contains("`story/{id}`: a path begins with `/`"));
/// ```
#[derive(Debug)]
pub struct RouteErrors {
    errors: Vec<RouteError>,
}

impl RouteErrors {
    pub(crate) fn new(errors: Vec<RouteError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self { errors }) }
    }

    /// Each of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &RouteError> {
        self.errors.iter()
    }
}

impl fmt::Display for RouteErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.errors[..] {
            [error] => write!(f, "a route is wrong: {error}"),
            errors => {
                write!(f, "{} routes are wrong:", errors.len())?;
                errors.iter().try_for_each(|error| write!(f, "\n  {error}"))
            }
        }
    }
}

impl std::error::Error for RouteErrors {}

/// One wrong route, or one wrong group of routes.
#[derive(Debug)]
pub struct RouteError {
    subject: String,
    location: &'static Location<'static>,
    problem: String,
}

impl RouteError {
    pub(crate) fn new(
        subject: impl Into<String>,
        location: &'static Location<'static>,
        problem: impl fmt::Display,
    ) -> Self {
        Self { subject: subject.into(), location, problem: problem.to_string() }
    }

    /// The URL, host or site that is wrong.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The line that added it.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {} (added at {})", self.subject, self.problem, self.location)
    }
}

impl std::error::Error for RouteError {}
