//! Values into JSON.
//!
//! The layout is Python's (`", "` and `": "`), enums are as in serde_json (their variant outermost).
//! A writer of our own, since serde_json writes `null` for what is no finite number and cannot be
//! told otherwise.

use std::error::Error as StdError;
use std::fmt;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant, Serializer,
};

use super::key::KeyEncoder;
use super::scalar::{write_float, write_integer, write_single_float, write_string};

/// Writes a value as JSON, byte for byte what Tornado's `json_encode` gives.
///
/// `", "` and `": "` between, all in ASCII, floating point as in Python (`1e+16`, `NaN`), and never
/// the characters `</`, so that it can stand in a page's `<script>`. Fields and maps keep their order.
///
/// # Errors
///
/// [`JsonError`] if the value's own `Serialize` fails, or a map's key is no string, number,
/// boolean or nothing.
///
/// # Examples
///
/// ```
/// use std::collections::BTreeMap;
/// use firewhirl_escape::json_encode;
///
/// let page = BTreeMap::from([("html", "</p>"), ("title", "é")]);
/// assert_eq!(json_encode(&page)?, r#"{"html": "<\/p>", "title": "\u00e9"}"#);
/// assert_eq!(json_encode(&[1e16, 1.0, f64::NAN])?, "[1e+16, 1.0, NaN]");
/// # Ok::<(), firewhirl_escape::JsonError>(())
/// ```
pub fn json_encode<Value: Serialize + ?Sized>(value: &Value) -> Result<String, JsonError> {
    let mut output = String::with_capacity(128);
    value.serialize(Encoder { output: &mut output })?;
    Ok(output)
}

/// Why a value could not be written as JSON: its own mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    message: String,
}

impl JsonError {
    pub(super) fn key(what: &str) -> Self {
        Self { message: format!("{what} cannot be the key of a JSON object; keys are strings, numbers or booleans") }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for JsonError {}

impl serde::ser::Error for JsonError {
    fn custom<Message: fmt::Display>(message: Message) -> Self {
        Self { message: message.to_string() }
    }
}

/// Writes one value.
struct Encoder<'output> {
    output: &'output mut String,
}

impl<'output> Encoder<'output> {
    fn write(self, text: &str) -> Result<(), JsonError> {
        self.output.push_str(text);
        Ok(())
    }

    /// Begins `{"variant": `, in which an enum's variant stands.
    fn begin_variant(&mut self, variant: &str) {
        self.output.push('{');
        write_string(variant, self.output);
        self.output.push_str(": ");
    }

    fn begin(self, open: char, close: &'static str) -> Compound<'output> {
        self.output.push(open);
        Compound { output: self.output, close, first: true }
    }
}

/// Methods that write a whole number.
macro_rules! integers {
    ($($method:ident: $number:ty),*) => {$(
        fn $method(self, number: $number) -> Result<(), JsonError> {
            write_integer(number, self.output);
            Ok(())
        }
    )*};
}

impl<'output> Serializer for Encoder<'output> {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Compound<'output>;
    type SerializeTuple = Compound<'output>;
    type SerializeTupleStruct = Compound<'output>;
    type SerializeTupleVariant = Compound<'output>;
    type SerializeMap = Compound<'output>;
    type SerializeStruct = Compound<'output>;
    type SerializeStructVariant = Compound<'output>;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    );

    fn serialize_bool(self, value: bool) -> Result<(), JsonError> {
        self.write(if value { "true" } else { "false" })
    }

    fn serialize_f32(self, number: f32) -> Result<(), JsonError> {
        write_single_float(number, self.output);
        Ok(())
    }

    fn serialize_f64(self, number: f64) -> Result<(), JsonError> {
        write_float(number, self.output);
        Ok(())
    }

    fn serialize_char(self, character: char) -> Result<(), JsonError> {
        self.serialize_str(character.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), JsonError> {
        write_string(text, self.output);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), JsonError> {
        self.collect_seq(bytes)
    }

    fn serialize_none(self) -> Result<(), JsonError> {
        self.write("null")
    }

    fn serialize_some<Value: Serialize + ?Sized>(self, value: &Value) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        self.write("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), JsonError> {
        self.write("null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), JsonError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<Value>(self, _: &'static str, value: &Value) -> Result<(), JsonError>
    where
        Value: Serialize + ?Sized,
    {
        value.serialize(self)
    }

    fn serialize_newtype_variant<Value: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &Value,
    ) -> Result<(), JsonError> {
        self.begin_variant(variant);
        value.serialize(Encoder { output: self.output })?;
        self.write("}")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'output>, JsonError> {
        Ok(self.begin('[', "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'output>, JsonError> {
        Ok(self.begin('[', "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'output>, JsonError> {
        Ok(self.begin('[', "]"))
    }

    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'output>, JsonError> {
        self.begin_variant(variant);
        Ok(self.begin('[', "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'output>, JsonError> {
        Ok(self.begin('{', "}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Compound<'output>, JsonError> {
        Ok(self.begin('{', "}"))
    }

    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'output>, JsonError> {
        self.begin_variant(variant);
        Ok(self.begin('{', "}}"))
    }
}

/// An array or an object that has begun.
struct Compound<'output> {
    output: &'output mut String,
    /// What ends it, and the variant around it if there is one.
    close: &'static str,
    first: bool,
}

impl Compound<'_> {
    fn separate(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.output.push_str(", ");
        }
    }

    fn value<Value: Serialize + ?Sized>(&mut self, value: &Value) -> Result<(), JsonError> {
        value.serialize(Encoder { output: self.output })
    }

    fn element<Value: Serialize + ?Sized>(&mut self, value: &Value) -> Result<(), JsonError> {
        self.separate();
        self.value(value)
    }

    fn field<Value: Serialize + ?Sized>(&mut self, name: &str, value: &Value) -> Result<(), JsonError> {
        self.separate();
        write_string(name, self.output);
        self.output.push_str(": ");
        self.value(value)
    }

    fn close(self) -> Result<(), JsonError> {
        self.output.push_str(self.close);
        Ok(())
    }
}

/// The parts of an array, under the name that each kind of it has in serde.
macro_rules! elements {
    ($($kind:ident :: $method:ident),*) => {$(
        impl $kind for Compound<'_> {
            type Ok = ();
            type Error = JsonError;

            fn $method<Value: Serialize + ?Sized>(&mut self, value: &Value) -> Result<(), JsonError> {
                self.element(value)
            }

            fn end(self) -> Result<(), JsonError> {
                self.close()
            }
        }
    )*};
}

elements!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

/// The parts of an object with known names, likewise.
macro_rules! fields {
    ($($kind:ident),*) => {$(
        impl $kind for Compound<'_> {
            type Ok = ();
            type Error = JsonError;

            fn serialize_field<Value>(&mut self, name: &'static str, value: &Value) -> Result<(), JsonError>
            where
                Value: Serialize + ?Sized,
            {
                self.field(name, value)
            }

            fn end(self) -> Result<(), JsonError> {
                self.close()
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_key<Key: Serialize + ?Sized>(&mut self, key: &Key) -> Result<(), JsonError> {
        self.separate();
        key.serialize(KeyEncoder { output: self.output })
    }

    fn serialize_value<Value: Serialize + ?Sized>(&mut self, value: &Value) -> Result<(), JsonError> {
        self.output.push_str(": ");
        self.value(value)
    }

    fn end(self) -> Result<(), JsonError> {
        self.close()
    }
}
