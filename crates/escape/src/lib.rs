//! Strings in and out of HTML, URLs and JSON: Tornado's `escape`.
//!
//! Every function gives what Tornado's gives, to the byte, so that a page, a link or a signature
//! made here is the one that was made there. What needs no change comes back without a copy.
//! Python's conversions between text and bytes (`utf8`, `to_unicode`, `native_str`,
//! `recursive_unicode`) have no counterpart: Rust's types say which of the two a value is.
//!
//! # Examples
//!
//! ```
//! use firewhirl_escape::{UrlPart, json_encode, url_escape, xhtml_escape};
//!
//! let query = "salt & pepper";
//! assert_eq!(xhtml_escape(query), "salt &amp; pepper");
//! assert_eq!(url_escape(query, UrlPart::Query), "salt+%26+pepper");
//! assert_eq!(json_encode(query)?, r#""salt & pepper""#);
//! # Ok::<(), firewhirl_escape::JsonError>(())
//! ```

mod html;
mod json;
mod linkify;
mod query;
mod text;
mod url;

pub use html::{xhtml_escape, xhtml_escape_into, xhtml_unescape};
pub use json::{JsonError, json_decode, json_encode};
pub use linkify::{LinkifyOptions, linkify};
pub use query::{QsError, QsField, QsOptions, parse_qs_bytes};
pub use text::{decode_latin1, squeeze};
pub use url::{UrlPart, url_escape, url_unescape, url_unescape_bytes};
