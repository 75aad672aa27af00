//! A set of options: what is defined in it, and what it holds.
//!
//! One lock around all of it. No code of the program's runs under the lock, so that a callback, or a type
//! that is being read, can read and set options, define more, and read a config file.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::errors::{self, CallbackResult};
use super::nearest::nearest;
use super::scope::Turns;
use super::shape::{AnyValue, Shape};
use super::types::{short_name, unexpected};
use super::{Defined, Error, OptionDefault, Source, Sources, UnknownNames, Value};

/// Where every set has the option `help`, which it defines first.
pub(super) const HELP: usize = 0;

/// A set of options, of a program or of a part of it. Cheap to clone: the clones are one set.
///
/// [`options`](super::options()) is the program's, and most programs need no other; a subcommand may have
/// one of its own. Every set has the option `help`.
#[derive(Clone)]
pub struct OptionParser(Arc<Inside>);

struct Inside {
    state: RwLock<State>,
    /// Who overrides values for a while.
    turns: Turns,
}

/// All that changes.
pub(super) struct State {
    entries: Vec<Entry>,
    /// Where an entry stands, by its name with dashes.
    indices: HashMap<String, usize>,
    parse_callbacks: Vec<ParseCallback>,
    /// `None`: by what a config file is written in.
    unknown_names: Option<UnknownNames>,
    exit_on_help: bool,
    /// What clap's programs read beside the command line.
    sources: Sources,
    /// What is to be logged as soon as parsing ends, since the log itself is set up then.
    warnings: Vec<String>,
}

/// An option.
#[derive(Clone)]
pub(super) struct Entry {
    /// As it was defined.
    pub(super) name: String,
    pub(super) place: &'static Location<'static>,
    pub(super) help: Option<String>,
    pub(super) metavar: Option<String>,
    pub(super) group: String,
    /// Empty: whatever the type takes.
    pub(super) choices: Vec<String>,
    pub(super) shape: Arc<dyn Shape>,
    pub(super) default: AnyValue,
    value: Option<(AnyValue, Source)>,
    callbacks: Vec<Callback>,
}

type Callback = Arc<dyn Fn(&(dyn Any + Send + Sync)) -> Option<Box<dyn StdError + Send + Sync>> + Send + Sync>;
type ParseCallback = Arc<dyn Fn() -> Option<Box<dyn StdError + Send + Sync>> + Send + Sync>;

impl OptionParser {
    /// A set with no option but `help`.
    pub fn new() -> Self {
        let parser = Self(Arc::new(Inside {
            state: RwLock::new(State {
                entries: Vec::new(),
                indices: HashMap::new(),
                parse_callbacks: Vec::new(),
                unknown_names: None,
                exit_on_help: true,
                sources: Sources::new(),
                warnings: Vec::new(),
            }),
            turns: Turns::default(),
        }));
        parser.define("help", None::<bool>).help("show this help information").group("");
        parser
    }

    /// Defines an option. The type of the option is that of its default; see [`OptionDefault`] for which
    /// there are, and for options with several values or perhaps none.
    ///
    /// What it gives reads the option, and says more about it: [`help`](Defined::help),
    /// [`metavar`](Defined::metavar), [`group`](Defined::group), [`choices`](Defined::choices),
    /// [`callback`](Defined::callback).
    ///
    /// # Panics
    ///
    /// If the name is already taken, or cannot be one; [`try_define`](Self::try_define) gives the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::path::PathBuf;
    /// use firewhirl_run::options::OptionParser;
    ///
    /// let options = OptionParser::new();
    /// let debug = options.define("debug", false).help("restart on every change");
    /// let template_path = options.define("template_path", None::<PathBuf>).group("application");
    /// let ports = options.define("ports", Vec::<u16>::new());
    ///
    /// options.parse_command_line(["site", "--debug", "--ports=8000:8003,9000"])?;
    /// assert!(debug.get());
    /// assert_eq!(template_path.get(), None);
    /// assert_eq!(ports.get(), [8000, 8001, 8002, 8003, 9000]);
    /// # Ok::<(), firewhirl_run::options::Error>(())
    /// ```
    #[track_caller]
    pub fn define<D: OptionDefault<Kind>, Kind>(&self, name: &str, default: D) -> Defined<D::Value> {
        match self.define_at(name, default, Location::caller()) {
            Ok(defined) => defined,
            Err(error) => panic!("{error}"),
        }
    }

    /// Defines an option, as [`define`](Self::define) does.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyDefined`] and [`Error::BadName`].
    #[track_caller]
    pub fn try_define<D: OptionDefault<Kind>, Kind>(&self, name: &str, default: D) -> Result<Defined<D::Value>, Error> {
        self.define_at(name, default, Location::caller())
    }

    pub(super) fn define_at<D: OptionDefault<Kind>, Kind>(
        &self,
        name: &str,
        default: D,
        place: &'static Location<'static>,
    ) -> Result<Defined<D::Value>, Error> {
        let allowed = |letter: char| !(letter.is_whitespace() || letter.is_control() || letter == '=');
        if !name.starts_with(|first: char| first.is_alphanumeric() || first == '_') || !name.chars().all(allowed) {
            return Err(Error::BadName { name: name.to_owned(), place });
        }
        let mut state = self.write();
        if let Some(index) = state.indices.get(&normalized(name)) {
            return Err(Error::AlreadyDefined {
                name: name.to_owned(),
                first: state.entries[*index].place,
                second: place,
            });
        }
        let index = state.entries.len();
        state.indices.insert(normalized(name), index);
        state.entries.push(Entry {
            name: name.to_owned(),
            place,
            help: None,
            metavar: None,
            group: file_of(place).to_owned(),
            choices: Vec::new(),
            shape: D::form().0,
            default: Arc::new(default.into_value()),
            value: None,
            callbacks: Vec::new(),
        });
        drop(state);
        Ok(Defined::new(self.clone(), index))
    }

    /// The value of an option. Tornado's `options.name` and `options["name"]`.
    ///
    /// # Errors
    ///
    /// [`Error::Unrecognized`] if there is no such option, [`Error::WrongType`] if it has another type than
    /// `T`.
    pub fn get<T: Clone + 'static>(&self, name: &str) -> Result<T, Error> {
        let index = self.find(name)?;
        self.value_at(index).downcast_ref::<T>().cloned().ok_or_else(|| Error::WrongType {
            option: name.to_owned(),
            required: self.read().entries[index].shape.type_name(),
            given: short_name::<T>(),
        })
    }

    /// The value of an option whose type is not known, as plain data.
    ///
    /// # Errors
    ///
    /// [`Error::Unrecognized`] if there is no such option.
    pub fn get_value(&self, name: &str) -> Result<Value, Error> {
        let index = self.find(name)?;
        let shape = self.shape_at(index);
        Ok(shape.plain(&self.value_at(index)))
    }

    /// Gives an option a value of its type, and runs its callbacks. Tornado's `options.name = value`.
    ///
    /// What [`define`](Self::define) would make of `value` is what counts: `"text"` fits an option of
    /// type `String`, and a value one that is optional.
    ///
    /// # Errors
    ///
    /// [`Error::Unrecognized`] if there is no such option, [`Error::WrongType`] if it has another type,
    /// [`Error::BadValue`] if the value is none of its choices; what a callback said.
    #[track_caller]
    pub fn set<T: 'static>(&self, name: &str, value: T) -> Result<(), Error> {
        let source = Source::Program(Location::caller());
        let index = self.find(name)?;
        let shape = self.shape_at(index);
        let value = shape.accept(Box::new(value)).ok_or_else(|| Error::WrongType {
            option: name.to_owned(),
            required: shape.type_name(),
            given: short_name::<T>(),
        })?;
        self.assign(index, value, source)
    }

    /// Where an option's value came from.
    ///
    /// # Errors
    ///
    /// [`Error::Unrecognized`] if there is no such option.
    pub fn source(&self, name: &str) -> Result<Source, Error> {
        self.find(name).map(|index| self.source_at(index))
    }

    /// Whether there is an option of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// The names of all options, as they were defined and in that order.
    pub fn names(&self) -> Vec<String> {
        self.read().entries.iter().map(|entry| entry.name.clone()).collect()
    }

    /// The names and values of all options, in the order of their definitions.
    pub fn items(&self) -> Vec<(String, Value)> {
        self.items_where(|_| true)
    }

    /// The names and values of all options.
    pub fn as_dict(&self) -> BTreeMap<String, Value> {
        self.items().into_iter().collect()
    }

    /// The groups that there are: those named, and the files of the other definitions.
    pub fn groups(&self) -> BTreeSet<String> {
        self.read().entries.iter().map(|entry| entry.group.clone()).collect()
    }

    /// The names and values of the options of a group; of all, if its name is empty.
    pub fn group_dict(&self, group: &str) -> BTreeMap<String, Value> {
        self.items_where(|entry| group.is_empty() || entry.group == group).into_iter().collect()
    }

    /// Runs `callback` at the end of every parse that is [final](Self::not_final). The log is set up in one.
    pub fn add_parse_callback<Outcome: CallbackResult>(&self, callback: impl Fn() -> Outcome + Send + Sync + 'static) {
        self.write().parse_callbacks.push(Arc::new(move || callback().into_error()));
    }

    /// Runs the parse callbacks, as the end of a final parse does.
    ///
    /// # Errors
    ///
    /// What the first one said that failed; those after it do not run.
    pub fn run_parse_callbacks(&self) -> Result<(), Error> {
        let callbacks = self.read().parse_callbacks.clone();
        for callback in callbacks {
            if let Some(cause) = callback() {
                return Err(errors::of_callback(None, cause));
            }
        }
        for warning in std::mem::take(&mut self.write().warnings) {
            tracing::warn!(target: firewhirl_event::log_targets::GEN, "{warning}");
        }
        Ok(())
    }

    /// The same set for parses that are not the last: they leave the parse callbacks to a later one.
    /// Tornado's `final=False`.
    ///
    /// # Examples
    ///
    /// ```
    /// # let options = firewhirl_run::options::OptionParser::new();
    /// options.define("port", 8888_u16);
    /// options.add_parse_callback(|| println!("all is known"));
    ///
    /// options.not_final().parse_command_line(["site", "--port=80"])?;    // prints nothing
    /// options.parse_environment("SITE")?;                                // prints it
    /// # Ok::<(), firewhirl_run::options::Error>(())
    /// ```
    pub fn not_final(&self) -> NotFinal<'_> {
        NotFinal(self)
    }

    /// What is done with names in a config file that are no options. Default: they are refused in TOML,
    /// and warned of in a Tornado config file.
    pub fn unknown_names(&self, rule: UnknownNames) {
        self.write().unknown_names = Some(rule);
    }

    /// Whether `--help` prints the help on the standard output and ends the program with status 0.
    /// Otherwise the parse ends with [`Error::HelpRequested`]. Default: `true`.
    pub fn exit_on_help(&self, on: bool) {
        self.write().exit_on_help = on;
    }
}

/// What the other files of this module do with a set.
impl OptionParser {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.read().indices.get(&normalized(name)).copied()
    }

    fn find(&self, name: &str) -> Result<usize, Error> {
        self.index(name).ok_or_else(|| self.unrecognized(name, None))
    }

    pub(super) fn unrecognized(&self, name: &str, source: Option<Source>) -> Error {
        Error::Unrecognized { name: name.to_owned(), nearest: self.nearest(name, source.as_ref()), source }
    }

    /// The name that is nearest to one that there is not, written as where it was given.
    pub(super) fn nearest(&self, name: &str, source: Option<&Source>) -> Option<String> {
        let state = self.read();
        let found = nearest(&normalized(name), state.indices.keys().map(String::as_str))?;
        Some(match source {
            Some(Source::CommandLine) => found.to_owned(),
            _ => state.entries[state.indices[found]].name.clone(),
        })
    }

    /// The names and values of some options, shown after the lock is gone.
    fn items_where(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<(String, Value)> {
        let of = |entry: &Entry| (entry.name.clone(), entry.shape.clone(), entry.current().clone());
        let found: Vec<_> = self.read().entries.iter().filter(|entry| wanted(entry)).map(of).collect();
        found.into_iter().map(|(name, shape, value)| (name, shape.plain(&value))).collect()
    }

    pub(super) fn shape_at(&self, index: usize) -> Arc<dyn Shape> {
        self.read().entries[index].shape.clone()
    }

    pub(super) fn value_at(&self, index: usize) -> AnyValue {
        self.read().entries[index].current().clone()
    }

    pub(super) fn source_at(&self, index: usize) -> Source {
        self.read().entries[index].value.as_ref().map_or(Source::Default, |(_, source)| source.clone())
    }

    pub(super) fn name_at(&self, index: usize) -> String {
        self.read().entries[index].name.clone()
    }

    pub(super) fn change(&self, index: usize, change: impl FnOnce(&mut Entry)) {
        change(&mut self.write().entries[index]);
    }

    pub(super) fn add_callback(
        &self,
        index: usize,
        callback: impl Fn(&(dyn Any + Send + Sync)) -> Option<Box<dyn StdError + Send + Sync>> + Send + Sync + 'static,
    ) {
        self.write().entries[index].callbacks.push(Arc::new(callback));
    }

    /// Reads text for an option, and checks it against the choices.
    pub(super) fn parse_value(&self, index: usize, text: &str, source: &Source) -> Result<AnyValue, Error> {
        self.checked(index, text, source, |shape| shape.parse(text))
    }

    /// Reads a plain value for an option, and checks it against the choices.
    pub(super) fn take_value(&self, index: usize, value: &Value, source: &Source) -> Result<AnyValue, Error> {
        self.checked(index, &value.to_string(), source, |shape| shape.take(value))
    }

    fn checked(
        &self,
        index: usize,
        text: &str,
        source: &Source,
        read: impl FnOnce(&dyn Shape) -> Result<AnyValue, String>,
    ) -> Result<AnyValue, Error> {
        let (shape, choices) = self.shape_and_choices(index);
        let value = read(&*shape).and_then(|value| check(&*shape, &choices, &value).map(|()| value));
        value.map_err(|reason| Error::BadValue {
            option: self.name_at(index),
            source: source.clone(),
            value: text.to_owned(),
            reason,
        })
    }

    fn shape_and_choices(&self, index: usize) -> (Arc<dyn Shape>, Vec<String>) {
        let state = self.read();
        let entry = &state.entries[index];
        (entry.shape.clone(), entry.choices.clone())
    }

    /// Stores a value and runs the option's callbacks.
    pub(super) fn assign(&self, index: usize, value: AnyValue, source: Source) -> Result<(), Error> {
        let (shape, choices) = self.shape_and_choices(index);
        if let Err(reason) = check(&*shape, &choices, &value) {
            let text = shape.plain(&value).to_string();
            return Err(Error::BadValue { option: self.name_at(index), source, value: text, reason });
        }
        let (name, callbacks) = {
            let mut state = self.write();
            let entry = &mut state.entries[index];
            entry.value = Some((value.clone(), source.clone()));
            (entry.name.clone(), entry.callbacks.clone())
        };
        for callback in callbacks {
            if let Some(cause) = callback(&*value) {
                return Err(errors::of_callback(Some((name, source)), cause));
            }
        }
        if index == HELP && value.downcast_ref() == Some(&Some(true)) { self.give_help() } else { Ok(()) }
    }

    pub(super) fn sources(&self) -> Sources {
        self.read().sources.clone()
    }

    pub(super) fn set_sources(&self, sources: Sources) {
        self.write().sources = sources;
    }

    /// What happens when help is asked for.
    fn give_help(&self) -> Result<(), Error> {
        if self.read().exit_on_help {
            // To a closed pipe there is nobody to tell that it is closed.
            let _ = self.print_help(&mut std::io::stdout().lock());
            std::process::exit(0);
        }
        Err(Error::HelpRequested(self.help_text()))
    }

    /// Remembers something to log when parsing has ended.
    pub(super) fn warn_later(&self, warning: String) {
        self.write().warnings.push(warning);
    }

    /// Values and their sources, to be put back later.
    pub(super) fn snapshot(&self) -> Vec<Option<(AnyValue, Source)>> {
        self.read().entries.iter().map(|entry| entry.value.clone()).collect()
    }

    /// Puts values back; options that were defined since go back to their defaults. No callback runs.
    pub(super) fn restore(&self, values: Vec<Option<(AnyValue, Source)>>) {
        let mut values = values.into_iter();
        for entry in &mut self.write().entries {
            entry.value = values.next().flatten();
        }
    }
}

/// The same set, for a parse that is not the last; see [`OptionParser::not_final`].
#[derive(Clone, Copy, Debug)]
pub struct NotFinal<'parser>(pub(super) &'parser OptionParser);

impl State {
    /// To be cloned before a value is shown, which is not to happen under the lock.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn unknown_names(&self) -> Option<UnknownNames> {
        self.unknown_names
    }
}

impl Entry {
    /// The value: what was given last, else the default.
    fn current(&self) -> &AnyValue {
        self.value.as_ref().map_or(&self.default, |(value, _)| value)
    }

    /// The names that the option takes; none if there are too many to count.
    pub(super) fn possible(&self) -> &[String] {
        if self.choices.is_empty() { self.shape.names() } else { &self.choices }
    }
}

impl Default for OptionParser {
    fn default() -> Self {
        Self::new()
    }
}

/// Names, no values: these may be secrets.
impl fmt::Debug for OptionParser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OptionParser").field(&self.names()).finish()
    }
}

/// The name as it is looked for, and as the command line shows it.
pub(super) fn normalized(name: &str) -> String {
    name.replace('_', "-")
}

/// The file of a definition, as help and groups name it: of a package from a registry without the path
/// to the registry.
fn file_of(place: &'static Location<'static>) -> &'static str {
    let file = place.file();
    let package = file.split_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/'));
    package.map_or(file, |(_, path)| path)
}

/// Says what is wrong with a value that is none of the choices, where there are any.
fn check(shape: &dyn Shape, choices: &[String], value: &AnyValue) -> Result<(), String> {
    if choices.is_empty() {
        return Ok(());
    }
    let wrong = |value: &Value| {
        let text = value.to_string();
        (!choices.contains(&text)).then(|| unexpected(&format!("one of {}", choices.join(", ")), &text, ""))
    };
    let complaint = match shape.plain(value) {
        Value::None => None,
        Value::List(values) => values.iter().find_map(wrong),
        value => wrong(&value),
    };
    complaint.map_or(Ok(()), Err)
}
