//! The types that one value of an option can have, and how each is read and shown.
//!
//! A type is anything that text can be parsed as and that can show itself. Some are read as Tornado
//! reads them rather than as Rust does: booleans, numbers (which may have spaces around and underscores
//! inside), dates and durations.

use std::any::{Any, TypeId, type_name};
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::{Value, datetime, timedelta};

/// A default that says which type one value of an option has.
///
/// It is one of these; `Kind` only keeps them apart, and is inferred:
///
/// | default | the option's type | how it is read |
/// |---|---|---|
/// | `"text"` | `String` | as it is |
/// | integers, floats | the same | decimal; `1_000` and spaces around are fine |
/// | `bool` | `bool` | `true`, `t`, `1`, `yes`, `y`, `on`, or `false`, `f`, `0`, `no`, `n`, `off`, in any case; nothing else |
/// | [`Duration`], [`SignedDuration`] | the same | numbers with units, summed: `1.5 min 2s`, `1h 30m`; plain numbers are seconds |
/// | [`DateTime`] | the same | `2013-04-28 05:16`, and nine formats more (see the guide) |
/// | [`PathBuf`] | the same | as it is |
/// | [`choice`]`(Mode::Fast)` | `Mode`, a `clap::ValueEnum` | one of its names |
/// | anything with `FromStr` and `Display` | the same | by its `FromStr` |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of an option",
    note = "implement `FromStr` and `Display` for it (and `Clone`; it has to be `Send + Sync`), or derive `clap::ValueEnum` and give `choice(default)`"
)]
pub trait OptionType<Kind>: Sized {
    /// The type of the option.
    type Value: Clone + Send + Sync + 'static;
    /// The default as the option's type.
    fn into_value(self) -> Self::Value;
    /// How the type is read and shown.
    fn read() -> Read<Self::Value>;
}

/// The kind of types that have `FromStr` and `Display`.
#[derive(Debug)]
pub enum FromText {}

/// The kind of types that are known by name.
#[derive(Debug)]
pub enum Given {}

/// How one value of a type is read and shown.
pub struct Read<T> {
    pub(super) class: Class,
    pub(super) parse: fn(&str) -> Result<T, String>,
    pub(super) plain: fn(&T) -> Value,
    /// The names of all the values, where they can be counted.
    pub(super) names: Vec<String>,
}

/// What a type is, as far as it matters to reading plain values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Bool,
    Integer,
    Float,
    Text,
    DateTime,
    Duration,
    Other,
}

impl<T> Read<T> {
    /// Reads a plain value, as a config file has it.
    pub(super) fn take(&self, value: &Value) -> Result<T, String> {
        let fits = match value {
            Value::Text(_) => true,
            Value::Bool(_) => self.class == Class::Bool,
            Value::Integer(_) => {
                matches!(self.class, Class::Integer | Class::Float | Class::Duration | Class::Other)
            }
            Value::Float(_) => matches!(self.class, Class::Float | Class::Duration | Class::Other),
            Value::DateTime(_) => self.class == Class::DateTime,
            Value::None | Value::List(_) => false,
        };
        if fits {
            (self.parse)(&value.to_string())
        } else {
            Err(format!("is required to be {} ({} given)", self.expected(), value.kind()))
        }
    }

    /// What a message says that is expected.
    pub(super) fn expected(&self) -> String {
        match self.class {
            _ if !self.names.is_empty() => format!("one of {}", self.names.join(", ")),
            Class::Bool => "true or false".to_owned(),
            Class::Integer => "an integer".to_owned(),
            Class::Float => "a number".to_owned(),
            Class::Text => "text".to_owned(),
            Class::DateTime => "a date or a time of day".to_owned(),
            Class::Duration => "a duration such as 1h 30m".to_owned(),
            Class::Other => format!("a {}", short_name::<T>()),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T> OptionType<FromText> for T
where
    T: FromStr<Err: Display> + Display + Clone + Send + Sync + 'static,
{
    type Value = T;

    fn into_value(self) -> T {
        self
    }

    fn read() -> Read<T> {
        let class = class::<T>();
        let parse: fn(&str) -> Result<T, String> = match class {
            Class::Bool => |text| parse_bool(text).map(same),
            Class::DateTime => |text| datetime::parse(text).map(same),
            Class::Duration => |text| timedelta::parse(text).map(same),
            Class::Integer | Class::Float => |text| parse_with(number(text), text),
            Class::Text | Class::Other => |text| parse_with(Some(text.into()), text),
        };
        Read { class, parse, plain, names: Vec::new() }
    }
}

impl OptionType<Given> for &str {
    type Value = String;

    fn into_value(self) -> String {
        self.to_owned()
    }

    fn read() -> Read<String> {
        <String as OptionType<FromText>>::read()
    }
}

impl OptionType<Given> for Duration {
    type Value = Self;

    fn into_value(self) -> Self {
        self
    }

    fn read() -> Read<Self> {
        Read {
            class: Class::Duration,
            parse: |text| {
                let duration = timedelta::parse(text)?;
                Self::try_from(duration).map_err(|_| format!("'{text}' is a negative duration"))
            },
            plain: |value| Value::Text(timedelta::display(value.as_micros(), false)),
            names: Vec::new(),
        }
    }
}

impl OptionType<Given> for PathBuf {
    type Value = Self;

    fn into_value(self) -> Self {
        self
    }

    fn read() -> Read<Self> {
        Read {
            class: Class::Text,
            parse: |text| Ok(text.into()),
            plain: |value| Value::Text(value.to_string_lossy().into_owned()),
            names: Vec::new(),
        }
    }
}

impl OptionType<Given> for &std::path::Path {
    type Value = PathBuf;

    fn into_value(self) -> PathBuf {
        self.to_path_buf()
    }

    fn read() -> Read<PathBuf> {
        <PathBuf as OptionType<Given>>::read()
    }
}

/// A default of a type that derives `clap::ValueEnum`: see [`choice`].
#[derive(Clone, Copy, Debug)]
pub struct Choice<T>(pub T);

/// Makes a `clap::ValueEnum` the type of an option, which then takes the names of its values.
///
/// Without a default: `None::<Choice<Mode>>`; several: `[choice(Mode::Fast)]`.
///
/// # Examples
///
/// ```
/// use firewhirl_run::options::{OptionParser, choice};
///
/// #[derive(Clone, Debug, PartialEq, clap::ValueEnum)]
/// enum Mode { Fast, Careful }
///
/// let options = OptionParser::new();
/// let mode = options.define("mode", choice(Mode::Careful));
/// options.parse_command_line(["program", "--mode=fast"])?;
/// assert_eq!(mode.get(), Mode::Fast);
///
/// let error = options.parse_command_line(["program", "--mode=slow"]).unwrap_err();
/// assert_eq!(error.to_string(), "command line: option 'mode': expected one of fast, careful, got 'slow'");
/// # Ok::<(), firewhirl_run::options::Error>(())
/// ```
pub fn choice<T: ValueEnum>(default: T) -> Choice<T> {
    Choice(default)
}

impl<T: ValueEnum + Clone + Send + Sync + 'static> OptionType<Given> for Choice<T> {
    type Value = T;

    fn into_value(self) -> T {
        self.0
    }

    fn read() -> Read<T> {
        let visible =
            T::value_variants().iter().filter_map(ValueEnum::to_possible_value).filter(|name| !name.is_hide_set());
        Read {
            class: Class::Other,
            parse: |text| T::from_str(text, false).map_err(|_| unexpected(&Self::read().expected(), text, "")),
            plain: |value| {
                value.to_possible_value().map_or(Value::None, |name| Value::Text(name.get_name().to_owned()))
            },
            names: visible.map(|name| name.get_name().to_owned()).collect(),
        }
    }
}

/// Every type whose text is read in a way of our own, and the numbers.
fn class<T: 'static>() -> Class {
    fn any_of(wanted: TypeId, types: &[TypeId]) -> bool {
        types.contains(&wanted)
    }
    let wanted = TypeId::of::<T>();
    macro_rules! ids {
        ($($one:ty)*) => { &[$(TypeId::of::<$one>()),*] };
    }
    match wanted {
        _ if any_of(wanted, ids!(bool)) => Class::Bool,
        _ if any_of(wanted, ids!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize)) => Class::Integer,
        _ if any_of(wanted, ids!(f32 f64)) => Class::Float,
        _ if any_of(wanted, ids!(String)) => Class::Text,
        _ if any_of(wanted, ids!(DateTime)) => Class::DateTime,
        _ if any_of(wanted, ids!(SignedDuration)) => Class::Duration,
        _ => Class::Other,
    }
}

/// The value as the type that it is known to have.
fn same<From: 'static, To: 'static>(value: From) -> To {
    let value: Box<dyn Any> = Box::new(value);
    // `class` has told that `To` is this very type.
    *value.downcast().unwrap_or_else(|_| unreachable!("{} is no {}", type_name::<From>(), type_name::<To>()))
}

fn plain<T: Display + 'static>(value: &T) -> Value {
    let text = || value.to_string();
    let any: &dyn Any = value;
    match class::<T>() {
        Class::Bool => any.downcast_ref().copied().map_or_else(|| Value::Text(text()), Value::Bool),
        Class::Integer => text().parse().map_or_else(|_| Value::Text(text()), Value::Integer),
        Class::Float => text().parse().map_or_else(|_| Value::Text(text()), Value::Float),
        Class::DateTime => any.downcast_ref().copied().map_or_else(|| Value::Text(text()), Value::DateTime),
        Class::Duration => match any.downcast_ref::<SignedDuration>() {
            Some(value) => Value::Text(timedelta::display(value.as_micros().unsigned_abs(), value.is_negative())),
            None => Value::Text(text()),
        },
        Class::Text | Class::Other => Value::Text(text()),
    }
}

fn parse_with<T: FromStr<Err: Display> + 'static>(cleaned: Option<String>, text: &str) -> Result<T, String> {
    let expected = || {
        Read::<T> { class: class::<T>(), parse: |_| Err(String::new()), plain: |_| Value::None, names: Vec::new() }
            .expected()
    };
    match cleaned {
        Some(cleaned) => cleaned.parse().map_err(|error: T::Err| unexpected(&expected(), text, &error.to_string())),
        None => Err(unexpected(&expected(), text, "")),
    }
}

/// What a message says of text that was not expected.
pub(super) fn unexpected(expected: &str, text: &str, detail: &str) -> String {
    let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
    format!("expected {expected}, got '{text}'{detail}")
}

/// The number without the spaces around and the underscores between two digits that Python allows, or
/// `None` where an underscore stands elsewhere.
fn number(text: &str) -> Option<String> {
    let text = text.trim();
    let between_digits = |index: usize| {
        let bytes = text.as_bytes();
        index > 0 && bytes[index - 1].is_ascii_digit() && bytes.get(index + 1).is_some_and(u8::is_ascii_digit)
    };
    text.match_indices('_').all(|(index, _)| between_digits(index)).then(|| text.replace('_', ""))
}

fn parse_bool(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "y" | "on" => Ok(true),
        "false" | "f" | "0" | "no" | "n" | "off" => Ok(false),
        _ => Err(unexpected("true or false", text, "")),
    }
}

/// The name of a type without the modules around it: `Option<IpAddr>`.
pub(super) fn short_name<T: ?Sized>() -> &'static str {
    let full = type_name::<T>();
    // Arguments of a generic type would keep their modules, so the whole is kept where there are any.
    if full.contains('<') { full } else { full.rsplit("::").next().unwrap_or(full) }
}

#[cfg(test)]
mod tests {
    use super::{number, parse_bool};

    #[test]
    fn booleans_take_no_word_that_they_do_not_know() {
        #[rustfmt::skip]
        let cases = [
            ("true", Some(true)),   ("True", Some(true)),   ("t", Some(true)),   ("1", Some(true)),  ("YES", Some(true)), ("on", Some(true)),
            ("false", Some(false)), ("FALSE", Some(false)), ("F", Some(false)),  ("0", Some(false)), ("no", Some(false)), ("off", Some(false)),
            ("", None), ("2", None), ("ture", None), ("none", None), (" true", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_bool(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn numbers_may_have_underscores_between_digits_and_spaces_around() {
        #[rustfmt::skip]
        let cases = [("1_000", Some("1000")), (" 7 ", Some("7")), ("_1", None), ("1_", None), ("1__0", None), ("-_1", None)];
        for (text, expected) in cases {
            assert_eq!(number(text).as_deref(), expected, "{text:?}");
        }
    }
}
