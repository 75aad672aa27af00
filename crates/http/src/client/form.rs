//! Values as forms: `application/x-www-form-urlencoded` (WHATWG URL, section 5.2).
//!
//! By way of JSON, which knows every shape that a value of serde's can have; what has no place in a form is
//! refused then.

use std::fmt;

use firewhirl_escape::{UrlPart, url_escape};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Writes a struct, a map or a list of pairs as a form, in its order.
pub(super) fn form_urlencoded(fields: &(impl Serialize + ?Sized)) -> Result<String, String> {
    let json = serde_json::to_string(fields).map_err(|error| error.to_string())?;
    let fields: Fields = serde_json::from_str(&json).map_err(|_| "expected a map or a list of pairs")?;
    let mut form = String::new();
    for (name, value) in fields.0 {
        match value {
            Value::Array(values) => values.into_iter().try_for_each(|value| push(&mut form, &name, value))?,
            value => push(&mut form, &name, value)?,
        }
    }
    Ok(form)
}

fn push(form: &mut String, name: &str, value: Value) -> Result<(), String> {
    let value = match value {
        Value::Null => return Ok(()),
        Value::String(text) => text,
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => return Err(format!("{name} is neither text nor number")),
    };
    if !form.is_empty() {
        form.push('&');
    }
    form.push_str(&url_escape(name, UrlPart::Query));
    form.push('=');
    form.push_str(&url_escape(&value, UrlPart::Query));
    Ok(())
}

/// The fields in their order, which a map of `serde_json` would not keep.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map or a list of pairs")
    }

    fn visit_map<Map: MapAccess<'de>>(self, mut map: Map) -> Result<Fields, Map::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }

    fn visit_seq<Pairs: SeqAccess<'de>>(self, mut pairs: Pairs) -> Result<Fields, Pairs::Error> {
        let mut fields = Vec::new();
        while let Some(field) = pairs.next_element()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }

    fn visit_unit<E>(self) -> Result<Fields, E> {
        Ok(Fields(Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_the_fields_that_a_browser_would_send() {
        #[rustfmt::skip]
        let cases: [(Value, Result<&str, &str>); 11] = [
            (json!({"a": "b"}),                       Ok("a=b")),
            (json!({}),                               Ok("")),
            (json!(null),                             Ok("")),
            (json!([["z", "1"], ["a", 2], ["z", 3]]), Ok("z=1&a=2&z=3")),
            (json!({"a": [1, "x", true], "b": null}), Ok("a=1&a=x&a=true")),
            (json!({"a b": "c d/\u{e9}&=+~"}),        Ok("a+b=c+d%2F%C3%A9%26%3D%2B~")),
            (json!({"a": -1.5, "b": false}),          Ok("a=-1.5&b=false")),
            (json!({"a": ""}),                        Ok("a=")),
            (json!({"a": {"b": 1}}),                  Err("a is neither text nor number")),
            (json!({"a": [[1]]}),                     Err("a is neither text nor number")),
            (json!(["a", "b"]),                       Err("expected a map or a list of pairs")),
        ];
        for (value, expected) in cases {
            let form = form_urlencoded(&value);
            assert_eq!(form.as_deref().map_err(String::as_str), expected, "{value}");
        }
    }

    #[test]
    fn the_order_of_a_struct_is_kept() {
        #[derive(Serialize)]
        struct Story {
            title: &'static str,
            pages: u64,
            author: Option<String>,
        }
        let story = Story { title: "Once", pages: u64::MAX, author: None };
        assert_eq!(form_urlencoded(&story).unwrap(), "title=Once&pages=18446744073709551615");
        assert_eq!(form_urlencoded(&BTreeMap::from([("k", 'v')])).unwrap(), "k=v");
        assert_eq!(form_urlencoded(&vec![("k", 1_u8)]).unwrap(), "k=1");
    }
}
