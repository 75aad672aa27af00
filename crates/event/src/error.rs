//! The one wide error of the places where a user's code runs, and the one timeout error.
//!
//! A TCP handler, the function that builds an application, a verb, a task: there any
//! `std::error::Error` enters by `?`, and the layers above read their own part back out of it by
//! [`Error::downcast_ref`]. Inside the framework errors stay typed.

use std::error::Error as StdError;
use std::fmt;

/// A result whose value is nothing and whose error is the wide one, unless said otherwise.
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
///
/// fn port(text: &str) -> Result<u16> {
///     Ok(text.parse()?)
/// }
/// assert_eq!(port("8888").unwrap(), 8888);
/// assert_eq!(port("none").unwrap_err().to_string(), "invalid digit found in string");
/// ```
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// Whatever went wrong where a user's code runs.
///
/// It is not itself a `std::error::Error`, so that `?` can turn every such error into it.
/// `Debug`, which is what `fn main() -> Result` prints, shows the message and its causes, a line each.
///
/// # Examples
///
/// The type that went in comes out again:
///
/// ```
/// use firewhirl_event::{Error, TimeoutError};
///
/// let error = Error::from(TimeoutError::new("the database did not answer"));
/// assert!(error.is::<TimeoutError>());
/// assert_eq!(error.to_string(), "the database did not answer");
/// ```
pub struct Error(Box<dyn StdError + Send + Sync>);

impl Error {
    /// Makes an error of a message alone.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = firewhirl_event::Error::message("no story has this number");
    /// assert_eq!(error.to_string(), "no story has this number");
    /// ```
    pub fn message(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// Whether the error is a `Cause`.
    pub fn is<Cause: StdError + 'static>(&self) -> bool {
        self.0.is::<Cause>()
    }

    /// The error as the `Cause` that it was made of, if it was.
    pub fn downcast_ref<Cause: StdError + 'static>(&self) -> Option<&Cause> {
        self.0.downcast_ref()
    }

    /// Takes the `Cause` out, or gives the error back unchanged.
    ///
    /// # Errors
    ///
    /// The error itself where it is something else.
    pub fn downcast<Cause: StdError + 'static>(self) -> std::result::Result<Cause, Self> {
        self.0.downcast().map(|cause| *cause).map_err(Self)
    }

    /// The first `Cause` among the error and what caused it.
    pub fn find<Cause: StdError + 'static>(&self) -> Option<&Cause> {
        let mut at: Option<&(dyn StdError + 'static)> = Some(&*self.0);
        while let Some(error) = at {
            if let Some(cause) = error.downcast_ref() {
                return Some(cause);
            }
            at = error.source();
        }
        None
    }

    /// The error as the standard library's trait, for what wants one.
    pub fn as_std(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0
    }
}

impl<Cause: StdError + Send + Sync + 'static> From<Cause> for Error {
    fn from(cause: Cause) -> Self {
        Self(Box::new(cause))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Time ran out: the one error for it, whatever was waited for.
///
/// Tornado's `TimeoutError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeoutError {
    message: std::borrow::Cow<'static, str>,
}

impl TimeoutError {
    /// Says what did not happen in time.
    pub fn new(message: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self { message: message.into() }
    }
}

impl Default for TimeoutError {
    fn default() -> Self {
        Self::new("timed out")
    }
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for TimeoutError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(TimeoutError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the story could not be read")
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn debug_shows_the_chain_of_causes() {
        let error = Error::from(Outer(TimeoutError::default()));
        assert_eq!(format!("{error:?}"), "the story could not be read\n  caused by: timed out");
        assert!(error.find::<TimeoutError>().is_some());
        assert!(!error.is::<TimeoutError>());
    }

    #[test]
    fn what_went_in_comes_out() {
        let error = Error::from(TimeoutError::new("no"));
        let error = error.downcast::<fmt::Error>().unwrap_err();
        assert_eq!(error.downcast::<TimeoutError>().unwrap(), TimeoutError::new("no"));
    }
}
