//! A value without its type: what a config file can say, and what lists of options are read as.

use std::fmt;

use jiff::civil::DateTime;
use serde::ser::{Serialize, SerializeSeq, Serializer};

/// An option's value as plain data, for those who read options without knowing their types.
///
/// [`as_dict`](super::OptionParser::as_dict) and [`group_dict`](super::OptionParser::group_dict) give it;
/// it can be serialized. Types that are none of these are their text: a path, an address, a duration.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing was given, and there is no default. Python's `None`.
    None,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A date and a time of day, without a zone.
    DateTime(DateTime),
    /// The values of an option that takes several.
    List(Vec<Value>),
}

impl Value {
    /// What a message calls this kind of value.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "text",
            Self::DateTime(_) => "a date",
            Self::List(_) => "a list",
        }
    }
}

/// As the value would be given on the command line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => fmt::Debug::fmt(value, f),
            Self::Text(value) => value.fmt(f),
            Self::DateTime(value) => f.write_str(&super::datetime::display(*value)),
            Self::List(values) => {
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    value.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            // Formats know 64 bits; only numbers beyond ask them for more.
            Self::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (_, Ok(value)) => serializer.serialize_u64(value),
                _ => serializer.serialize_i128(*value),
            },
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::DateTime(_) => serializer.collect_str(self),
            Self::List(values) => {
                let mut sequence = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    sequence.serialize_element(value)?;
                }
                sequence.end()
            }
        }
    }
}
