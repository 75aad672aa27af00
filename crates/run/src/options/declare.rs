//! Options declared as statics, at the top level of the module that uses them.
//!
//! A static cannot run code before `main`, so the declarations are collected by the linker (`inventory`)
//! and become options when the program's set is first asked for.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::OnceLock;

use super::{Defined, Error, OptionParser, options};

/// Declares options of the program as statics, with their help as documentation.
///
/// Each is [`define`](super::define)d before the first source is read, without a call: a module has its
/// options beside their use, as Tornado's modules do. The option's name is the static's in small letters.
/// After the default come, by commas, the methods of [`Defined`] that say more: `metavar = ".."`,
/// `group = ".."`, `choices = [..]`, `callback = |value| ..`.
///
/// Like a module of Python that nobody imports, a crate that the program does not use at all declares
/// nothing.
///
/// # Examples
///
/// ```standalone_crate
/// use firewhirl_run::options::{declare_options, options};
///
/// declare_options! {
///     /// Main user DB
///     pub static MYSQL_HOST: String = "127.0.0.1:3306";
///
///     /// Connections to it, at most
///     static MYSQL_CONNECTIONS: u32 = 10, metavar = "N", group = "mysql";
/// }
///
/// options().parse_command_line(["site", "--mysql-connections=20"])?;
/// assert_eq!(MYSQL_HOST.get(), "127.0.0.1:3306");
/// assert_eq!(MYSQL_CONNECTIONS.get(), 20);
/// # Ok::<(), firewhirl_run::options::Error>(())
/// ```
#[macro_export]
macro_rules! declare_options {
    ($(
        $(#[doc = $help:literal])*
        $visibility:vis static $NAME:ident: $Value:ty = $default:expr $(, $method:ident = $argument:expr)*;
    )*) => {$(
        $(#[doc = $help])*
        $visibility static $NAME: $crate::options::Declared<$Value> = {
            $crate::options::inventory::submit! {
                $crate::options::Declaration::new(
                    stringify!($NAME),
                    &[$($help),*],
                    ::std::panic::Location::caller(),
                    |declaration, parser| {
                        let defined: $crate::options::Defined<$Value> = declaration.define(parser, $default)?;
                        $(let defined = defined.$method($argument);)*
                        drop(defined);
                        Ok(())
                    },
                )
            }
            $crate::options::Declared::new(stringify!($NAME))
        };
    )*};
}

/// An option that [`declare_options!`](super::declare_options) has declared: it is used as the [`Defined`]
/// that it stands for.
pub struct Declared<T> {
    name: &'static str,
    defined: OnceLock<Defined<T>>,
}

impl<T> Declared<T> {
    #[doc(hidden)]
    pub const fn new(name: &'static str) -> Self {
        Self { name, defined: OnceLock::new() }
    }
}

impl<T: Clone + Send + Sync + 'static> Deref for Declared<T> {
    type Target = Defined<T>;

    fn deref(&self) -> &Defined<T> {
        self.defined.get_or_init(|| {
            // The set defines all declarations when it is made, this one's with this very type.
            let index = options().index(&self.name.to_lowercase());
            Defined::new(options().clone(), index.unwrap_or_else(|| unreachable!("{} is not declared", self.name)))
        })
    }
}

impl<T> fmt::Debug for Declared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Declared").field(&self.name).finish()
    }
}

/// What a declaration leaves with the linker.
#[doc(hidden)]
pub struct Declaration {
    name: &'static str,
    help: &'static [&'static str],
    place: &'static Location<'static>,
    define: fn(&Self, &OptionParser) -> Result<(), Error>,
}

inventory::collect!(Declaration);

impl Declaration {
    /// Made by the macro alone.
    pub const fn new(
        name: &'static str,
        help: &'static [&'static str],
        place: &'static Location<'static>,
        define: fn(&Self, &OptionParser) -> Result<(), Error>,
    ) -> Self {
        Self { name, help, place, define }
    }

    /// Defines the option; called by the macro alone.
    ///
    /// # Errors
    ///
    /// As [`OptionParser::try_define`].
    pub fn define<D: super::OptionDefault<Kind>, Kind>(
        &self,
        parser: &OptionParser,
        default: D,
    ) -> Result<Defined<D::Value>, Error> {
        let defined = parser.define_at(&self.name.to_lowercase(), default, self.place)?;
        let help: Vec<&str> = self.help.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        Ok(if help.is_empty() { defined } else { defined.help(help.join(" ")) })
    }
}

/// Defines what all modules declare, in the order of the sources.
pub(super) fn define_declared(parser: &OptionParser) {
    let mut declarations: Vec<&Declaration> = inventory::iter::<Declaration>.into_iter().collect();
    declarations.sort_by_key(|declaration| (declaration.place.file(), declaration.place.line(), declaration.name));
    for declaration in declarations {
        if let Err(error) = (declaration.define)(declaration, parser) {
            panic!("{error}");
        }
    }
}
