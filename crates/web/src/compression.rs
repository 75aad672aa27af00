//! Which responses are compressed, and with what. Tornado's `GZipContentEncoding`, with br and zstd beside
//! gzip.
//!
//! This file decides, and makes the head say so; how a body then goes through its encoder is in
//! `context/outgoing.rs`.

use std::fmt;
use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_http::content_coding::{AcceptEncoding, ContentCoding, Encoder};
use firewhirl_http::{Headers, Request};
use http::StatusCode;

/// How responses are compressed; see [`Application::compression`](crate::Application::compression).
///
/// # Examples
///
/// ```
/// use firewhirl_http::content_coding::ContentCoding;
/// use firewhirl_web::{Application, Compression};
///
/// let compression = Compression::new().codings(&[ContentCoding::Gzip]).level(ContentCoding::Gzip, 9).min_length(200);
/// let application = Application::new().compression(compression);
/// # let _ = application;
/// ```
#[derive(Clone)]
pub struct Compression {
    codings: Rc<[ContentCoding]>,
    levels: [u8; ContentCoding::ALL.len()],
    min_length: usize,
    content_types: Rc<[String]>,
}

/// What is text though its type does not begin with `text/`: Tornado's list.
const CONTENT_TYPES: [&str; 7] = [
    "application/javascript",
    "application/x-javascript",
    "application/xml",
    "application/atom+xml",
    "application/json",
    "application/xhtml+xml",
    "image/svg+xml",
];

impl Default for Compression {
    fn default() -> Self {
        let offered = [ContentCoding::Zstd, ContentCoding::Brotli, ContentCoding::Gzip];
        Self {
            codings: offered.into_iter().filter(|coding| coding.is_supported()).collect(),
            levels: ContentCoding::ALL.map(ContentCoding::default_level),
            min_length: 1024,
            content_types: CONTENT_TYPES.map(str::to_owned).into(),
        }
    }
}

impl Compression {
    /// Compression as it is by default.
    pub fn new() -> Self {
        Self::default()
    }

    /// The codings that are offered, the one that is liked best first: it is taken if a client likes several
    /// equally. What this program was built without is left out. Default: zstd, br, gzip.
    ///
    /// deflate is not offered unless it is named here: its name has been understood in two ways.
    pub fn codings(mut self, codings: &[ContentCoding]) -> Self {
        self.codings = codings.iter().copied().filter(|coding| coding.is_supported()).collect();
        self
    }

    /// The level of a coding, brought into its [`levels`](ContentCoding::levels). Default: 6 for gzip and
    /// deflate, 4 for br, 3 for zstd. Higher ones make little less of a page, and take the loop's time for it.
    pub fn level(mut self, coding: ContentCoding, level: u8) -> Self {
        self.levels[coding as usize] = level;
        self
    }

    /// Bytes that a whole body has to have at least to be compressed. Default: 1024, as in Tornado. What is
    /// flushed in parts is compressed whatever its size.
    pub fn min_length(mut self, bytes: usize) -> Self {
        self.min_length = bytes;
        self
    }

    /// Compresses responses of this type as well. Default: all of `text/` but event streams, and Tornado's
    /// list: JavaScript, JSON, XML, Atom, XHTML, SVG.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        let added = content_type.into().to_ascii_lowercase();
        self.content_types = self.content_types.iter().cloned().chain([added]).collect();
        self
    }

    /// Decides about a response whose head is about to leave, and changes the head accordingly. `length` is
    /// that of a whole body; `None` is one that comes in parts.
    pub(crate) fn begin(
        &self,
        request: &Request,
        status: StatusCode,
        headers: &mut Headers,
        length: Option<usize>,
        is_wanted: bool,
    ) -> Result<Option<Encoder>> {
        add_vary(headers)?;
        let accepted = AcceptEncoding::parse(request.header_values("Accept-Encoding"));
        let Some(coding) = accepted.preferred(&self.codings).filter(|_| is_wanted) else { return Ok(None) };
        if status == StatusCode::NOT_MODIFIED {
            weaken_etag(headers)?;
        }
        if length.is_some_and(|length| length < self.min_length) || !self.is_compressible(status, headers) {
            return Ok(None);
        }
        let encoder = Encoder::new(coding, self.levels[coding as usize], length.map(|length| length as u64))?;
        headers.set("Content-Encoding", coding.token())?;
        headers.remove("Content-Length");
        weaken_etag(headers)?;
        Ok(Some(encoder))
    }

    /// Whether the response has a body that may be compressed, and is worth it.
    fn is_compressible(&self, status: StatusCode, headers: &Headers) -> bool {
        // A part is of the body as it is, and its numbers would be wrong.
        let is_part = status == StatusCode::PARTIAL_CONTENT || headers.contains("Content-Range");
        let has_body = !crate::context::has_no_content(status);
        let no_transform = |value: &str| value.split(',').any(|part| part.trim().eq_ignore_ascii_case("no-transform"));
        has_body
            && !is_part
            && !headers.contains("Content-Encoding")
            && !headers.get("Cache-Control").is_some_and(|value| no_transform(&value))
            && headers.get("Content-Type").is_some_and(|value| self.is_compressible_type(&value))
    }

    fn is_compressible_type(&self, content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_text = essence.starts_with("text/") && essence != "text/event-stream";
        is_text || self.content_types.contains(&essence)
    }
}

impl fmt::Debug for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compression")
            .field("codings", &self.codings)
            .field("min_length", &self.min_length)
            .finish_non_exhaustive()
    }
}

/// Says that the response depends on `Accept-Encoding`: always, since another client may get another one.
fn add_vary(headers: &mut Headers) -> Result {
    let Some(vary) = headers.get("Vary").map(|vary| vary.into_owned()) else {
        return Ok(headers.set("Vary", "Accept-Encoding")?);
    };
    let says_so = |name: &str| name == "*" || name.eq_ignore_ascii_case("Accept-Encoding");
    if vary.split(',').map(str::trim).any(says_so) {
        return Ok(());
    }
    Ok(headers.set("Vary", format!("{vary}, Accept-Encoding"))?)
}

/// Makes the entity tag a weak one. The compressed body is another one than the tag was made of, and "strong
/// validators are unique across all versions of all representations" (RFC 9110, section 8.8.1); Tornado
/// leaves it strong. On a 304 too: it has to be the tag that the client was given.
fn weaken_etag(headers: &mut Headers) -> Result {
    if let Some(strong) = headers.get_bytes("Etag").filter(|tag| tag.starts_with(b"\"")) {
        let weak = [b"W/", strong].concat();
        headers.set("Etag", weak.as_slice())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_text_is_compressible() {
        const CASES: &[(&str, bool)] = &[
            ("text/html; charset=UTF-8", true),
            ("TEXT/plain", true),
            ("application/json; charset=UTF-8", true),
            ("image/svg+xml", true),
            ("application/javascript", true),
            ("application/wasm", true),
            ("text/event-stream", false),
            ("image/png", false),
            ("application/octet-stream", false),
            ("application/jsonx", false),
            ("", false),
        ];
        let compression = Compression::new().content_type("application/WASM");
        for &(content_type, expected) in CASES {
            assert_eq!(compression.is_compressible_type(content_type), expected, "{content_type}");
        }
    }

    #[test]
    fn vary_names_accept_encoding_once() {
        const CASES: &[(&[&str], &str)] = &[
            (&[], "Accept-Encoding"),
            (&["Cookie"], "Cookie, Accept-Encoding"),
            (&["Cookie", "Accept-Language"], "Cookie,Accept-Language, Accept-Encoding"),
            (&["accept-encoding , Cookie"], "accept-encoding , Cookie"),
            (&["*"], "*"),
        ];
        for &(before, expected) in CASES {
            let mut headers = Headers::new();
            before.iter().for_each(|value| headers.add("Vary", *value).unwrap());
            add_vary(&mut headers).unwrap();
            assert_eq!(headers.get("Vary").as_deref(), Some(expected));
        }
    }
}
