//! Whether an option has one value, perhaps one, or several; and all of it without its type, so that
//! options of different types stand in one set.

use std::any::{Any, type_name};
use std::sync::Arc;

use super::types::{Class, short_name, unexpected};
use super::{OptionType, Read, Value};

/// Members that a range `x:y` of integers may have.
const RANGE_MAX: i128 = 1_000_000;

/// A value whose type only its option knows.
pub(super) type AnyValue = Arc<dyn Any + Send + Sync>;

/// A default, which says what type an option has, and how many values.
///
/// | default | the option has |
/// |---|---|
/// | an [`OptionType`] | one value |
/// | an `Option` of one | perhaps one: `None::<PathBuf>` |
/// | a `Vec` or an array of them | several, separated by commas; of integers also ranges `x:y`, both ends included |
///
/// `Kind` keeps them apart, and is inferred. `multiple=True` in Tornado is a list as the default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the default of an option",
    note = "a default is text, a number, a boolean, a `Duration`, a `DateTime`, a path, `choice(..)` of a `clap::ValueEnum`, \
            or anything that has `FromStr`, `Display` and `Clone` and is `Send + Sync`; an `Option`, a `Vec` or an array of one"
)]
pub trait OptionDefault<Kind> {
    /// The type of the option.
    type Value: Clone + Send + Sync + 'static;
    /// The default as the option's type.
    fn into_value(self) -> Self::Value;
    /// How the option is read and shown.
    fn form() -> Form;
}

/// The kind of options with one value.
#[derive(Debug)]
pub enum One<Kind> {
    /// Never made.
    #[doc(hidden)]
    Never(std::convert::Infallible, std::marker::PhantomData<Kind>),
}

/// The kind of options with perhaps a value.
#[derive(Debug)]
pub enum Optional<Kind> {
    /// Never made.
    #[doc(hidden)]
    Never(std::convert::Infallible, std::marker::PhantomData<Kind>),
}

/// The kind of options with several values.
#[derive(Debug)]
pub enum Many<Kind> {
    /// Never made.
    #[doc(hidden)]
    Never(std::convert::Infallible, std::marker::PhantomData<Kind>),
}

/// How an option is read and shown, whatever its type.
#[derive(Clone)]
pub struct Form(pub(super) Arc<dyn Shape>);

impl<Kind, T: OptionType<Kind>> OptionDefault<One<Kind>> for T {
    type Value = T::Value;

    fn into_value(self) -> T::Value {
        OptionType::into_value(self)
    }

    fn form() -> Form {
        Form(Arc::new(OneValue(T::read())))
    }
}

impl<Kind, T: OptionType<Kind>> OptionDefault<Optional<Kind>> for Option<T> {
    type Value = Option<T::Value>;

    fn into_value(self) -> Self::Value {
        self.map(OptionType::into_value)
    }

    fn form() -> Form {
        Form(Arc::new(PerhapsAValue(T::read())))
    }
}

impl<Kind, T: OptionType<Kind>> OptionDefault<Many<Kind>> for Vec<T> {
    type Value = Vec<T::Value>;

    fn into_value(self) -> Self::Value {
        self.into_iter().map(OptionType::into_value).collect()
    }

    fn form() -> Form {
        Form(Arc::new(Values(T::read())))
    }
}

impl<Kind, T: OptionType<Kind>, const LENGTH: usize> OptionDefault<Many<Kind>> for [T; LENGTH] {
    type Value = Vec<T::Value>;

    fn into_value(self) -> Self::Value {
        self.into_iter().map(OptionType::into_value).collect()
    }

    fn form() -> Form {
        Form(Arc::new(Values(T::read())))
    }
}

/// What an option's type can do, without naming the type.
pub(super) trait Shape: Send + Sync {
    /// Reads text as the command line and the environment have it.
    fn parse(&self, text: &str) -> Result<AnyValue, String>;
    /// Reads a plain value, as a config file has it.
    fn take(&self, value: &Value) -> Result<AnyValue, String>;
    /// Takes a value that the program sets, if it is of the type, or one that stands for it.
    fn accept(&self, value: Box<dyn Any>) -> Option<AnyValue>;
    /// Shows a value of the type.
    fn plain(&self, value: &AnyValue) -> Value;
    /// Whether the option alone means true.
    fn is_flag(&self) -> bool;
    /// The names of all the values there are, where they can be counted.
    fn names(&self) -> &[String];
    /// The name of the type.
    fn type_name(&self) -> &'static str;
}

struct OneValue<T>(Read<T>);

impl<T: Clone + Send + Sync + 'static> Shape for OneValue<T> {
    fn parse(&self, text: &str) -> Result<AnyValue, String> {
        (self.0.parse)(text).map(any)
    }

    fn take(&self, value: &Value) -> Result<AnyValue, String> {
        self.0.take(value).map(any)
    }

    fn accept(&self, value: Box<dyn Any>) -> Option<AnyValue> {
        accept_one(&self.0, value).map(any)
    }

    fn plain(&self, value: &AnyValue) -> Value {
        value.downcast_ref().map_or(Value::None, self.0.plain)
    }

    fn is_flag(&self) -> bool {
        self.0.class == Class::Bool
    }

    fn names(&self) -> &[String] {
        &self.0.names
    }

    fn type_name(&self) -> &'static str {
        short_name::<T>()
    }
}

struct PerhapsAValue<T>(Read<T>);

impl<T: Clone + Send + Sync + 'static> Shape for PerhapsAValue<T> {
    fn parse(&self, text: &str) -> Result<AnyValue, String> {
        (self.0.parse)(text).map(|value| any(Some(value)))
    }

    fn take(&self, value: &Value) -> Result<AnyValue, String> {
        match value {
            Value::None => Ok(any(None::<T>)),
            value => self.0.take(value).map(|value| any(Some(value))),
        }
    }

    fn accept(&self, value: Box<dyn Any>) -> Option<AnyValue> {
        match value.downcast::<Option<T>>() {
            Ok(value) => Some(any(*value)),
            Err(value) => accept_one(&self.0, value).map(|value| any(Some(value))),
        }
    }

    fn plain(&self, value: &AnyValue) -> Value {
        value.downcast_ref::<Option<T>>().and_then(Option::as_ref).map_or(Value::None, self.0.plain)
    }

    fn is_flag(&self) -> bool {
        self.0.class == Class::Bool
    }

    fn names(&self) -> &[String] {
        &self.0.names
    }

    fn type_name(&self) -> &'static str {
        short_name::<T>()
    }
}

struct Values<T>(Read<T>);

impl<T: Clone + Send + Sync + 'static> Shape for Values<T> {
    fn parse(&self, text: &str) -> Result<AnyValue, String> {
        let mut values = Vec::new();
        for part in text.split(',') {
            match part.split_once(':') {
                Some((first, last)) if self.0.class == Class::Integer => self.range(part, first, last, &mut values)?,
                _ => values.push((self.0.parse)(part)?),
            }
        }
        Ok(any(values))
    }

    fn take(&self, value: &Value) -> Result<AnyValue, String> {
        match value {
            Value::Text(text) => self.parse(text),
            Value::List(values) => {
                values.iter().map(|value| self.0.take(value)).collect::<Result<Vec<T>, _>>().map(any)
            }
            value => Err(format!(
                "is required to be a list or text with commas, each {} ({} given)",
                self.0.expected(),
                value.kind()
            )),
        }
    }

    fn accept(&self, value: Box<dyn Any>) -> Option<AnyValue> {
        match value.downcast::<Vec<T>>() {
            Ok(values) => Some(any(*values)),
            Err(value) => {
                let texts = value.downcast::<Vec<&'static str>>().ok()?;
                texts.into_iter().map(|text| accept_one(&self.0, Box::new(text))).collect::<Option<Vec<T>>>().map(any)
            }
        }
    }

    fn plain(&self, value: &AnyValue) -> Value {
        let values = value.downcast_ref::<Vec<T>>().map(Vec::as_slice).unwrap_or_default();
        Value::List(values.iter().map(self.0.plain).collect())
    }

    fn is_flag(&self) -> bool {
        false
    }

    fn names(&self) -> &[String] {
        &self.0.names
    }

    fn type_name(&self) -> &'static str {
        type_name::<Vec<T>>()
    }
}

impl<T> Values<T> {
    /// Adds the integers from `first` to `last`, both included; without a last one the first alone.
    fn range(&self, part: &str, first: &str, last: &str, values: &mut Vec<T>) -> Result<(), String> {
        // Each end is read as the option's own type first, which says best what is wrong with it.
        (self.0.parse)(first)?;
        if last.is_empty() {
            values.push((self.0.parse)(first)?);
            return Ok(());
        }
        (self.0.parse)(last)?;
        let end = |text: &str| match (self.0.plain)(&(self.0.parse)(text)?) {
            Value::Integer(number) => Ok(number),
            _ => Err(unexpected("a range of integers", part, "the numbers are too large")),
        };
        let (first, last) = (end(first)?, end(last)?);
        if last.saturating_sub(first) >= RANGE_MAX {
            return Err(unexpected("a range of at most a million integers", part, ""));
        }
        for number in first..=last {
            values.push((self.0.parse)(&number.to_string())?);
        }
        Ok(())
    }
}

/// A value of type `T`, or text in the program's source for a `String`.
fn accept_one<T: 'static>(read: &Read<T>, value: Box<dyn Any>) -> Option<T> {
    match value.downcast::<T>() {
        Ok(value) => Some(*value),
        Err(value) if read.class == Class::Text => (read.parse)(value.downcast_ref::<&'static str>()?).ok(),
        Err(_) => None,
    }
}

fn any<T: Send + Sync + 'static>(value: T) -> AnyValue {
    Arc::new(value)
}
