//! Forms, queries, paths and JSON as values of a type, through serde, with errors that name the field.
//!
//! A form is a list of names with texts. A field of a type takes the text of its name (of several the
//! last): a number is parsed, `on`, `true`, `1` and `yes` are true, an empty text is none for an
//! `Option`, a `Vec` takes all texts of its name, a unit variant of an enum is its name.

use std::fmt;
use std::str::FromStr;

use http::StatusCode;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// What the client sent does not fit the type that it is read as; answered 400 (415 for a body that is
/// no form at all).
///
/// Unlike other errors' messages it is told to the client, who can mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormError {
    status: StatusCode,
    field: Option<String>,
    problem: String,
}

impl FormError {
    /// A problem with the whole of it.
    pub(crate) fn whole(status: StatusCode, problem: impl fmt::Display) -> Self {
        Self { status, field: None, problem: problem.to_string() }
    }

    fn of_field(field: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self { status: StatusCode::BAD_REQUEST, field: Some(field.into()), problem: problem.to_string() }
    }

    /// The field that does not fit, `None` if it is the whole.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The status to answer with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Says which field it was, where that is not known yet.
    fn in_field(mut self, field: &str) -> Self {
        self.field.get_or_insert_with(|| field.to_owned());
        self
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "field `{field}`: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

impl std::error::Error for FormError {}

impl de::Error for FormError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::whole(StatusCode::BAD_REQUEST, message)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of_field(field, "is missing")
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::of_field(field, "is unknown")
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::of_field(field, "is there twice")
    }
}

/// Reads names with their texts, in order, as a value.
pub(crate) fn read<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, FormError> {
    T::deserialize(Fields { pairs })
}

/// Reads JSON as a value.
pub(crate) fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FormError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        match path.as_str() {
            "." => FormError::whole(StatusCode::BAD_REQUEST, error.inner()),
            _ => FormError::of_field(path, error.inner()),
        }
    })?;
    json.end().map_err(|error| FormError::whole(StatusCode::BAD_REQUEST, error))?;
    Ok(value)
}

/// All fields, as a map from names to values.
#[derive(Clone, Copy)]
struct Fields<'form> {
    pairs: &'form [(String, String)],
}

impl<'form> Deserializer<'form> for Fields<'form> {
    type Error = FormError;

    fn deserialize_any<V: Visitor<'form>>(self, visitor: V) -> Result<V::Value, FormError> {
        MapAccessDeserializer::new(FieldAccess { pairs: self.pairs, next: 0 }).deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'form>>(self, visitor: V) -> Result<V::Value, FormError> {
        if self.pairs.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'form>>(self, _: &'static str, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'form>>(self, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_unit()
    }

    fn deserialize_seq<V: Visitor<'form>>(self, _: V) -> Result<V::Value, FormError> {
        Err(de::Error::custom("a form is no list"))
    }

    forward_to_deserialize_any! { <V: Visitor<'form>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit_struct tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// Goes through the names, each at its first place.
struct FieldAccess<'form> {
    pairs: &'form [(String, String)],
    next: usize,
}

impl<'form> MapAccess<'form> for FieldAccess<'form> {
    type Error = FormError;

    fn next_key_seed<K: DeserializeSeed<'form>>(&mut self, seed: K) -> Result<Option<K::Value>, FormError> {
        let is_repeated = |at: usize| self.pairs[..at].iter().any(|(earlier, _)| *earlier == self.pairs[at].0);
        while self.next < self.pairs.len() && is_repeated(self.next) {
            self.next += 1;
        }
        let Some((name, _)) = self.pairs.get(self.next) else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'form>>(&mut self, seed: V) -> Result<V::Value, FormError> {
        let (name, _) = &self.pairs[self.next];
        let value = FieldValue { name, pairs: &self.pairs[self.next..] };
        self.next += 1;
        seed.deserialize(value).map_err(|error| error.in_field(name))
    }
}

/// The methods that read a text as a number, a truth value, a character or a variant; the same for a
/// field and for one text of a list.
macro_rules! read_text {
    ($lifetime:lifetime, $text:expr) => {
        read_text! { @numbers $lifetime, $text,
            deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
            deserialize_i64 visit_i64 i64, deserialize_i128 visit_i128 i128, deserialize_u8 visit_u8 u8,
            deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
            deserialize_u128 visit_u128 u128, deserialize_f32 visit_f32 f32, deserialize_f64 visit_f64 f64,
            deserialize_char visit_char char
        }

        fn deserialize_bool<V: Visitor<$lifetime>>(self, visitor: V) -> Result<V::Value, FormError> {
            visitor.visit_bool(Text($text(&self)).parse_bool()?)
        }

        fn deserialize_enum<V: Visitor<$lifetime>>(
            self,
            _: &'static str,
            _: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, FormError> {
            visitor.visit_enum(Text($text(&self)))
        }
    };
    (@numbers $lifetime:lifetime, $text:expr, $($method:ident $visit:ident $type:ident),*) => {$(
        fn $method<V: Visitor<$lifetime>>(self, visitor: V) -> Result<V::Value, FormError> {
            visitor.$visit(Text($text(&self)).parse(stringify!($type))?)
        }
    )*};
}

/// The texts of one name: the first of `pairs` and those after it that have the same.
#[derive(Clone, Copy)]
struct FieldValue<'form> {
    name: &'form str,
    pairs: &'form [(String, String)],
}

impl<'form> FieldValue<'form> {
    fn texts(self) -> impl Iterator<Item = &'form str> {
        self.pairs.iter().filter(move |(name, _)| name == self.name).map(|(_, text)| text.as_str())
    }

    fn text(self) -> &'form str {
        self.texts().last().unwrap_or_default()
    }
}

impl<'form> Deserializer<'form> for FieldValue<'form> {
    type Error = FormError;

    fn deserialize_any<V: Visitor<'form>>(self, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_borrowed_str(self.text())
    }

    fn deserialize_option<V: Visitor<'form>>(self, visitor: V) -> Result<V::Value, FormError> {
        if self.text().is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'form>>(self, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_seq(TextSequence { texts: self.texts() })
    }

    fn deserialize_tuple<V: Visitor<'form>>(self, _: usize, visitor: V) -> Result<V::Value, FormError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'form>>(self, _: &'static str, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'form>>(self, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_unit()
    }

    read_text!('form, |value: &Self| value.text());

    forward_to_deserialize_any! { <V: Visitor<'form>>
        str string bytes byte_buf unit_struct tuple_struct map struct identifier ignored_any
    }
}

/// One text of a list.
struct Text<'form>(&'form str);

impl<'form> Text<'form> {
    fn parse<T: FromStr<Err: fmt::Display>>(&self, what: &str) -> Result<T, FormError> {
        self.0
            .parse()
            .map_err(|problem| de::Error::custom(format_args!("`{}` is no {what}: {problem}", excerpt(self.0))))
    }

    fn parse_bool(&self) -> Result<bool, FormError> {
        match self.0 {
            "true" | "on" | "1" | "yes" => Ok(true),
            "false" | "off" | "0" | "no" | "" => Ok(false),
            other => Err(de::Error::custom(format_args!("`{}` is neither true nor false", excerpt(other)))),
        }
    }
}

/// So much of a text as an error shows.
fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

impl<'form> Deserializer<'form> for Text<'form> {
    type Error = FormError;

    fn deserialize_any<V: Visitor<'form>>(self, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'form>>(self, visitor: V) -> Result<V::Value, FormError> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'form>>(self, _: &'static str, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_newtype_struct(self)
    }

    read_text!('form, |text: &Self| text.0);

    forward_to_deserialize_any! { <V: Visitor<'form>>
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A unit variant, by its name.
impl<'form> EnumAccess<'form> for Text<'form> {
    type Error = FormError;
    type Variant = UnitVariant;

    fn variant_seed<V: DeserializeSeed<'form>>(self, seed: V) -> Result<(V::Value, UnitVariant), FormError> {
        let name: BorrowedStrDeserializer<'form, FormError> = BorrowedStrDeserializer::new(self.0);
        Ok((seed.deserialize(name)?, UnitVariant))
    }
}

struct UnitVariant;

impl<'form> VariantAccess<'form> for UnitVariant {
    type Error = FormError;

    fn unit_variant(self) -> Result<(), FormError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'form>>(self, _: T) -> Result<T::Value, FormError> {
        Err(de::Error::custom("a text is no variant with values"))
    }

    fn tuple_variant<V: Visitor<'form>>(self, _: usize, _: V) -> Result<V::Value, FormError> {
        Err(de::Error::custom("a text is no variant with values"))
    }

    fn struct_variant<V: Visitor<'form>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, FormError> {
        Err(de::Error::custom("a text is no variant with values"))
    }
}

struct TextSequence<Texts> {
    texts: Texts,
}

impl<'form, Texts: Iterator<Item = &'form str>> SeqAccess<'form> for TextSequence<Texts> {
    type Error = FormError;

    fn next_element_seed<T: DeserializeSeed<'form>>(&mut self, seed: T) -> Result<Option<T::Value>, FormError> {
        self.texts.next().map(|text| seed.deserialize(Text(text))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Profile {
        name: String,
        age: u8,
        #[serde(default)]
        newsletter: bool,
        nickname: Option<String>,
        #[serde(default)]
        topics: Vec<u32>,
        #[serde(default)]
        theme: Theme,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Theme {
        #[default]
        Light,
        Dark,
    }

    fn check(form: &str) -> Result<Profile, String> {
        let pairs: Vec<(String, String)> = form
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect();
        read(&pairs).map_err(|error| error.to_string())
    }

    #[test]
    fn a_form_is_read_as_a_struct() {
        let full = check("name=Ada&age=36&newsletter=on&nickname=&topics=1&topics=2&theme=dark&unknown=x").unwrap();
        let expected = Profile {
            name: "Ada".into(),
            age: 36,
            newsletter: true,
            nickname: None,
            topics: vec![1, 2],
            theme: Theme::Dark,
        };
        assert_eq!(full, expected);
        assert_eq!(check("age=1&name=x&age=2").unwrap().age, 2);
    }

    #[test]
    fn an_error_names_its_field() {
        let cases = [
            ("age=1", "field `name`: is missing"),
            ("name=x&age=old", "field `age`: `old` is no u8: invalid digit found in string"),
            ("name=x&age=300", "field `age`: `300` is no u8: number too large to fit in target type"),
            ("name=x&age=1&newsletter=perhaps", "field `newsletter`: `perhaps` is neither true nor false"),
            ("name=x&age=1&topics=1&topics=b", "field `topics`: `b` is no u32: invalid digit found in string"),
            ("name=x&age=1&theme=blue", "field `theme`: unknown variant `blue`, expected `light` or `dark`"),
        ];
        for (form, message) in cases {
            assert_eq!(check(form).unwrap_err(), message, "{form}");
        }
    }

    #[test]
    fn json_names_its_field_by_its_path() {
        #[derive(Debug, Deserialize)]
        struct Order {
            #[allow(dead_code, reason = "only its errors matter here")]
            lines: Vec<Profile>,
        }
        let error = read_json::<Order>(br#"{"lines": [{"name": "x", "age": "old"}]}"#).unwrap_err();
        assert_eq!(error.field(), Some("lines[0].age"));
        assert!(read_json::<Order>(b"{").unwrap_err().to_string().contains("EOF"));
        assert!(read_json::<u8>(b"1 2").is_err());
        assert_eq!(read_json::<u8>(b" 1 ").unwrap(), 1);
    }
}
