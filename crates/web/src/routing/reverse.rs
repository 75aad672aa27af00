//! URLs made of a route's name and its arguments.

use std::borrow::Cow;
use std::fmt::{self, Display};

/// The arguments of `reverse_url`: nothing, one value, or several in a tuple, array or slice.
///
/// In a tuple each may be anything that displays.
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, url};
///
/// let application = Application::new()
///     .get(url("/").name("home"), async |cx| cx.write("home"))
///     .get(url("/{year}/{slug}").name("post"), async |cx| cx.write("post"));
/// assert_eq!(application.reverse_url("home", ())?, "/");
/// assert_eq!(application.reverse_url("post", (2024, "a b"))?, "/2024/a%20b");
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no argument of a URL",
    label = "expected a text, a number, or a tuple of arguments",
    note = "for a value of a type of your own write `(value,)`: in a tuple anything that displays will do"
)]
pub trait UrlArguments {
    /// The arguments as text.
    fn into_arguments(self) -> Vec<String>;
}

impl UrlArguments for () {
    fn into_arguments(self) -> Vec<String> {
        Vec::new()
    }
}

macro_rules! single_arguments {
    ($($type:ty),*) => {$(
        impl UrlArguments for $type {
            fn into_arguments(self) -> Vec<String> {
                vec![self.to_string()]
            }
        }
    )*};
}
single_arguments!(&str, String, &String, Cow<'_, str>, char, bool);
single_arguments!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64);

macro_rules! tuple_arguments {
    ($($name:ident)+) => {
        #[allow(non_snake_case, reason = "each value is named as its type")]
        impl<$($name: Display),+> UrlArguments for ($($name,)+) {
            fn into_arguments(self) -> Vec<String> {
                let ($($name,)+) = self;
                vec![$($name.to_string()),+]
            }
        }
    };
}
tuple_arguments!(A);
tuple_arguments!(A B);
tuple_arguments!(A B C);
tuple_arguments!(A B C D);
tuple_arguments!(A B C D E);
tuple_arguments!(A B C D E F);

impl<T: Display> UrlArguments for &[T] {
    fn into_arguments(self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

impl<T: Display> UrlArguments for Vec<T> {
    fn into_arguments(self) -> Vec<String> {
        self.as_slice().into_arguments()
    }
}

impl<T: Display, const COUNT: usize> UrlArguments for [T; COUNT] {
    fn into_arguments(self) -> Vec<String> {
        self.as_slice().into_arguments()
    }
}

/// Why there is no URL for a name and its arguments: the program's fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReverseError {
    /// No route has this name.
    Unknown {
        /// The name.
        name: String,
    },
    /// The route takes another number of arguments.
    Arguments {
        /// The route's URL.
        url: String,
        /// How many it takes.
        expected: usize,
        /// How many there were.
        given: usize,
    },
    /// The route's regular expression cannot be reversed: it has groups in groups, or a class outside
    /// of any group.
    Irreversible {
        /// The regular expression.
        url: String,
    },
}

impl fmt::Display for ReverseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name } => write!(f, "{name} not found in named urls"),
            Self::Arguments { url, expected, given } => {
                write!(f, "the url `{url}` takes {expected} arguments, {given} were given")
            }
            Self::Irreversible { url } => write!(f, "Cannot reverse url regex {url}"),
        }
    }
}

impl std::error::Error for ReverseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_or_several_are_arguments() {
        assert!(().into_arguments().is_empty());
        assert_eq!(7.into_arguments(), ["7"]);
        assert_eq!("a".into_arguments(), ["a"]);
        assert_eq!((1, "b", std::net::Ipv4Addr::LOCALHOST).into_arguments(), ["1", "b", "127.0.0.1"]);
        assert_eq!([1, 2].into_arguments(), ["1", "2"]);
    }
}
