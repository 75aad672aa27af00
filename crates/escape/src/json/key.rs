//! The keys of JSON objects: strings, and what Python turns into them.

use serde::{Serialize, Serializer, ser::Impossible};

use super::encode::JsonError;
use super::scalar::{write_float, write_integer, write_single_float, write_string};

/// Writes a key in quotes: strings, numbers, booleans and nothing, as `json.dumps` does.
pub(super) struct KeyEncoder<'output> {
    pub(super) output: &'output mut String,
}

impl KeyEncoder<'_> {
    fn quoted(self, write: impl FnOnce(&mut String)) -> Result<(), JsonError> {
        self.output.push('"');
        write(self.output);
        self.output.push('"');
        Ok(())
    }
}

/// Methods that write a whole number in quotes.
macro_rules! integers {
    ($($method:ident: $number:ty),*) => {$(
        fn $method(self, number: $number) -> Result<(), JsonError> {
            self.quoted(|output| write_integer(number, output))
        }
    )*};
}

impl Serializer for KeyEncoder<'_> {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Impossible<(), JsonError>;
    type SerializeTuple = Impossible<(), JsonError>;
    type SerializeTupleStruct = Impossible<(), JsonError>;
    type SerializeTupleVariant = Impossible<(), JsonError>;
    type SerializeMap = Impossible<(), JsonError>;
    type SerializeStruct = Impossible<(), JsonError>;
    type SerializeStructVariant = Impossible<(), JsonError>;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    );

    fn serialize_str(self, text: &str) -> Result<(), JsonError> {
        write_string(text, self.output);
        Ok(())
    }

    fn serialize_char(self, character: char) -> Result<(), JsonError> {
        self.serialize_str(character.encode_utf8(&mut [0; 4]))
    }

    fn serialize_bool(self, value: bool) -> Result<(), JsonError> {
        self.quoted(|output| output.push_str(if value { "true" } else { "false" }))
    }

    fn serialize_f32(self, number: f32) -> Result<(), JsonError> {
        self.quoted(|output| write_single_float(number, output))
    }

    fn serialize_f64(self, number: f64) -> Result<(), JsonError> {
        self.quoted(|output| write_float(number, output))
    }

    fn serialize_none(self) -> Result<(), JsonError> {
        self.quoted(|output| output.push_str("null"))
    }

    fn serialize_some<Value: Serialize + ?Sized>(self, value: &Value) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        self.serialize_none()
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

    fn serialize_bytes(self, _: &[u8]) -> Result<(), JsonError> {
        Err(JsonError::key("bytes"))
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), JsonError> {
        Err(JsonError::key(name))
    }

    fn serialize_newtype_variant<Value: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &Value,
    ) -> Result<(), JsonError> {
        Err(JsonError::key(name))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, JsonError> {
        Err(JsonError::key("a sequence"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, JsonError> {
        Err(JsonError::key("a tuple"))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, JsonError> {
        Err(JsonError::key(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, JsonError> {
        Err(JsonError::key(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, JsonError> {
        Err(JsonError::key("a map"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, JsonError> {
        Err(JsonError::key(name))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, JsonError> {
        Err(JsonError::key(name))
    }
}
