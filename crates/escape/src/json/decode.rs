//! JSON into values.

use serde::de::DeserializeOwned;

/// Reads a value from JSON, text or bytes in UTF-8.
///
/// Numbers are exact: floating point is read to the nearest value. Into a
/// [`serde_json::Value`], whole numbers beyond 64 bits become floating point. Unlike Python's reader it
/// refuses `NaN` and `Infinity`, which are no JSON, and nesting deeper than 128. Tornado's `json_decode`.
///
/// # Errors
///
/// What [`serde_json`] says, with line and column: no JSON, or not of the type that was asked for.
///
/// # Examples
///
/// ```
/// let sizes: Vec<u32> = firewhirl_escape::json_decode("[1, 2]")?;
/// assert_eq!(sizes, [1, 2]);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn json_decode<Value: DeserializeOwned>(json: impl AsRef<[u8]>) -> Result<Value, serde_json::Error> {
    let json = json.as_ref();
    // Python's reader of bytes knows the mark with which some editors begin UTF-8.
    serde_json::from_slice(json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json))
}
