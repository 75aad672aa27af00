//! What defining an option gives: a handle that says more about the option, and reads it.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

use super::errors::CallbackResult;
use super::{Error, OptionParser, Source};

/// An option that was defined. It reads and sets the option's value, and says more about it.
///
/// Cheap to clone, and `Send + Sync`: a module keeps it beside the code that uses the option.
///
/// # Examples
///
/// ```
/// use firewhirl_run::options::define;
///
/// let port = define("port", 8888_u16).help("port to listen on").metavar("PORT").group("server");
/// assert_eq!(port.get(), 8888);
/// ```
pub struct Defined<T> {
    parser: OptionParser,
    index: usize,
    value: PhantomData<fn() -> T>,
}

impl<T: Clone + Send + Sync + 'static> Defined<T> {
    pub(super) fn new(parser: OptionParser, index: usize) -> Self {
        Self { parser, index, value: PhantomData }
    }

    /// What `--help` says of the option; its default is added there. Default: nothing.
    pub fn help(self, text: impl Into<String>) -> Self {
        self.parser.change(self.index, |entry| entry.help = Some(text.into()));
        self
    }

    /// What stands for the value in `--help`: `--port=METAVAR`. Default: nothing, as in Tornado.
    pub fn metavar(self, name: impl Into<String>) -> Self {
        self.parser.change(self.index, |entry| entry.metavar = Some(name.into()));
        self
    }

    /// The group under which `--help` lists the option, and which
    /// [`group_dict`](OptionParser::group_dict) gives. Default: the file that defines it.
    pub fn group(self, name: impl Into<String>) -> Self {
        self.parser.change(self.index, |entry| entry.group = name.into());
        self
    }

    /// The only values that the option takes, as they are written on the command line. Default: all of
    /// its type. A type that derives `clap::ValueEnum` has them by [`choice`](super::choice).
    pub fn choices<Name: Into<String>>(self, names: impl IntoIterator<Item = Name>) -> Self {
        self.parser.change(self.index, |entry| entry.choices = names.into_iter().map(Into::into).collect());
        self
    }

    /// Runs `callback` with the new value whenever the option is given one, by whatever source, also
    /// while the sources are still being read. It may use the options itself. If it fails, so does what
    /// gave the value, which stays.
    ///
    /// # Examples
    ///
    /// A config file that is read at its place on the command line: flags before it are overridden by
    /// it, flags after it override it.
    ///
    /// ```
    /// use firewhirl_run::options::{define, options};
    ///
    /// define("config", "").help("path to config file").callback(|path: &String| {
    ///     options().not_final().parse_config_file(path)
    /// });
    /// ```
    pub fn callback<Outcome: CallbackResult>(self, callback: impl Fn(&T) -> Outcome + Send + Sync + 'static) -> Self {
        self.parser.add_callback(self.index, move |value| match value.downcast_ref() {
            Some(value) => callback(value).into_error(),
            None => None,
        });
        self
    }

    /// The option's value: what was given last, else its default.
    pub fn get(&self) -> T {
        self.with(T::clone)
    }

    /// What `look` makes of the option's value, without a copy of it. The options may be used meanwhile.
    pub fn with<Outcome>(&self, look: impl FnOnce(&T) -> Outcome) -> Outcome {
        let value = self.parser.value_at(self.index);
        // An option's value is always of the type that it was defined with, which is this one's.
        look(value.downcast_ref().unwrap_or_else(|| unreachable!("the option has another type")))
    }

    /// Gives the option a value, and runs its callbacks. Tornado's `options.name = value`.
    ///
    /// # Errors
    ///
    /// [`Error::BadValue`] if it is none of the [`choices`](Self::choices); what a callback said.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), Error> {
        self.parser.assign(self.index, std::sync::Arc::new(value), Source::Program(Location::caller()))
    }

    /// Where the value came from.
    pub fn source(&self) -> Source {
        self.parser.source_at(self.index)
    }

    /// The option's name, as it was defined.
    pub fn name(&self) -> String {
        self.parser.name_at(self.index)
    }
}

impl<T> Clone for Defined<T> {
    fn clone(&self) -> Self {
        Self { parser: self.parser.clone(), index: self.index, value: PhantomData }
    }
}

impl<T> fmt::Debug for Defined<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Defined").field(&self.parser.name_at(self.index)).finish()
    }
}
