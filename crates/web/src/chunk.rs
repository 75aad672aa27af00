//! What can be written to a response: text, bytes, JSON.

use std::borrow::Cow;

use bytes::Bytes;
use firewhirl_escape::json_encode;
use firewhirl_event::Result;
use serde::Serialize;

/// A piece of a response's body.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written to a response",
    label = "expected text, bytes or JSON",
    note = "for anything that displays use `cx.write(value.to_string())`",
    note = "for JSON use `cx.write_json(&value)`, or `Json(value)`"
)]
pub trait Chunk {
    /// The `Content-Type` that the response gets with it. Default: none, so that what was set before
    /// stays.
    const CONTENT_TYPE: Option<&'static str> = None;

    /// Appends the chunk to the bytes that are to be sent.
    ///
    /// # Errors
    ///
    /// What the conversion into bytes gives, such as JSON of a map whose keys are no strings. Nothing
    /// of the chunk is sent then.
    fn append_to(self, body: &mut Vec<u8>) -> Result;
}

/// Nothing, for a `finish` without a last chunk.
impl Chunk for () {
    fn append_to(self, _: &mut Vec<u8>) -> Result {
        Ok(())
    }
}

macro_rules! chunk_of_bytes {
    ($([$($parameter:tt)*] $type:ty),* $(,)?) => {$(
        impl<$($parameter)*> Chunk for $type {
            #[inline]
            fn append_to(self, body: &mut Vec<u8>) -> Result {
                body.extend_from_slice(AsRef::<[u8]>::as_ref(&self));
                Ok(())
            }
        }
    )*};
}

chunk_of_bytes! {
    [] &str,
    [] String,
    [] &String,
    [] &[u8],
    [] Vec<u8>,
    [] &Vec<u8>,
    [] Bytes,
    [] &Bytes,
    [const LENGTH: usize] &[u8; LENGTH],
    [const LENGTH: usize] [u8; LENGTH],
}

impl Chunk for &&str {
    fn append_to(self, body: &mut Vec<u8>) -> Result {
        (*self).append_to(body)
    }
}

impl Chunk for Cow<'_, str> {
    fn append_to(self, body: &mut Vec<u8>) -> Result {
        body.extend_from_slice(self.as_bytes());
        Ok(())
    }
}

impl Chunk for &Cow<'_, str> {
    fn append_to(self, body: &mut Vec<u8>) -> Result {
        body.extend_from_slice(self.as_bytes());
        Ok(())
    }
}

impl Chunk for Cow<'_, [u8]> {
    fn append_to(self, body: &mut Vec<u8>) -> Result {
        body.extend_from_slice(&self);
        Ok(())
    }
}

impl Chunk for char {
    fn append_to(self, body: &mut Vec<u8>) -> Result {
        self.encode_utf8(&mut [0; 4]).append_to(body)
    }
}

/// The content type of JSON, as Tornado sends it.
pub(crate) const JSON_CONTENT_TYPE: &str = "application/json; charset=UTF-8";

/// A value written as JSON, with the content type of JSON.
///
/// The bytes are those of Tornado's `json_encode`: spaces after commas and colons, characters outside
/// of ASCII as `\u` escapes, `</` as `<\/`, so that it can stand inside a page's script.
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, Json};
///
/// let application = Application::new().get("/", async |cx| cx.write(Json(vec![1, 2])));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> Chunk for Json<T> {
    const CONTENT_TYPE: Option<&'static str> = Some(JSON_CONTENT_TYPE);

    fn append_to(self, body: &mut Vec<u8>) -> Result {
        body.extend_from_slice(json_encode(&self.0)?.as_bytes());
        Ok(())
    }
}

/// A JSON value, where Tornado writes a `dict`.
impl Chunk for serde_json::Value {
    const CONTENT_TYPE: Option<&'static str> = Some(JSON_CONTENT_TYPE);

    fn append_to(self, body: &mut Vec<u8>) -> Result {
        Json(self).append_to(body)
    }
}

impl Chunk for &serde_json::Value {
    const CONTENT_TYPE: Option<&'static str> = Some(JSON_CONTENT_TYPE);

    fn append_to(self, body: &mut Vec<u8>) -> Result {
        Json(self).append_to(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(chunk: impl Chunk) -> String {
        let mut body = b">".to_vec();
        chunk.append_to(&mut body).unwrap();
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn text_bytes_and_json_are_chunks() {
        assert_eq!(written("a"), ">a");
        assert_eq!(written(String::from("a")), ">a");
        assert_eq!(written(b"a"), ">a");
        assert_eq!(written(Bytes::from_static(b"a")), ">a");
        assert_eq!(written(Cow::Borrowed("a")), ">a");
        assert_eq!(written('\u{e9}'), ">\u{e9}");
        assert_eq!(written(()), ">");
        assert_eq!(written(serde_json::json!({"a": [1, "\u{e9}</"]})), r#">{"a": [1, "\u00e9<\/"]}"#);
    }

    #[test]
    fn nothing_is_left_of_json_that_cannot_be_written() {
        let mut body = b"before".to_vec();
        let map = std::collections::HashMap::from([(vec![1], 2)]);
        assert!(Json(map).append_to(&mut body).is_err());
        assert_eq!(body, b"before");
    }
}
