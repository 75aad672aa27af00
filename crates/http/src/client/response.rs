//! A response, whole: Tornado's `HTTPResponse`.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};
use serde::de::DeserializeOwned;

use super::error::HttpClientError;
use super::incoming::header_map;
use super::request::HttpRequest;
use super::time_info::TimeInfo;
use crate::http1::ResponseHead;
use crate::httputil::reason_phrase;

/// A response with its body. Tornado's `HTTPResponse`.
///
/// # Examples
///
/// ```no_run
/// # use firewhirl_http::client::AsyncHttpClient;
/// # async fn example() -> firewhirl_event::Result {
/// let response = AsyncHttpClient::new().fetch("http://localhost:8888/").await?;
/// println!("{} {}", response.code(), response.reason());
/// println!("{}", response.header("Content-Type").unwrap_or("no type"));
/// println!("{}", response.text());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpResponse {
    pub(super) request: Box<HttpRequest>,
    pub(super) head: ResponseHead,
    pub(super) header_map: OnceLock<Box<HeaderMap>>,
    pub(super) body: Bytes,
    pub(super) effective_url: String,
    pub(super) start_time: SystemTime,
    pub(super) time_info: TimeInfo,
}

impl HttpResponse {
    /// The request that was made, as the caller gave it: of a redirected one the first. It can be fetched again.
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The status as a number. Tornado's `code`.
    pub fn code(&self) -> u16 {
        self.status().as_u16()
    }

    /// The status, which compares to numbers too: `response.status() == 200`.
    pub fn status(&self) -> StatusCode {
        self.head.status()
    }

    /// What the server says of the status, or else what the RFCs do.
    pub fn reason(&self) -> Cow<'_, str> {
        reason(&self.head)
    }

    /// The version that the server speaks.
    pub fn version(&self) -> Version {
        self.head.version()
    }

    /// The value of the first header line of this name, in whatever case; `None` also where it is no UTF-8, for
    /// which [`header_bytes`](Self::header_bytes) is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.header_bytes(name)?).ok()
    }

    /// The bytes of the first header line of this name.
    pub fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        self.head.field(name)
    }

    /// The values of all header lines of this name, in their order.
    pub fn header_values<'response>(&'response self, name: &str) -> impl Iterator<Item = &'response [u8]> {
        self.head.field_values(name)
    }

    /// All header lines, name and value, as they came.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.head.fields()
    }

    /// All header lines as a map of the `http` crate, built at the first call.
    pub fn headers(&self) -> &HeaderMap {
        self.header_map.get_or_init(|| Box::new(header_map(&self.head)))
    }

    /// The body, its framing and its compression taken off. Empty where it went to a
    /// [`streaming_callback`](super::Fetch::streaming_callback).
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Takes the body out.
    pub fn into_body(self) -> Bytes {
        self.body
    }

    /// The body as text; what is no UTF-8 in it is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as a value in JSON.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// The URL that gave the response, after redirects; without credentials.
    pub fn effective_url(&self) -> &str {
        &self.effective_url
    }

    /// When the request was made, by the wall clock.
    pub fn start_time(&self) -> SystemTime {
        self.start_time
    }

    /// How long it took, the wait in the queue aside; of a redirected request the last one alone.
    pub fn request_time(&self) -> Duration {
        self.time_info.total
    }

    /// How long each phase took.
    pub fn time_info(&self) -> &TimeInfo {
        &self.time_info
    }

    /// Whether the status is one of success: 200 to 299.
    pub fn is_success(&self) -> bool {
        self.status().is_success()
    }

    /// The error that the fetch would have failed with, if the status is none of success. Tornado's `error`.
    pub fn error(&self) -> Option<HttpClientError> {
        (!self.is_success()).then(|| HttpClientError::Status(Box::new(self.clone())))
    }

    /// Gives the response if its status is one of success.
    ///
    /// # Errors
    ///
    /// [`HttpClientError::Status`] with the response if it is not.
    pub fn rethrow(self) -> Result<Self, HttpClientError> {
        if self.is_success() { Ok(self) } else { Err(HttpClientError::Status(Box::new(self))) }
    }
}

/// The reason phrase, with that of the table where the server sent none.
pub(super) fn reason(head: &ResponseHead) -> Cow<'_, str> {
    match head.reason() {
        [] => Cow::Borrowed(reason_phrase(head.status().as_u16())),
        reason => String::from_utf8_lossy(reason),
    }
}

/// Without headers and body, which may hold secrets.
impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("request", &self.request)
            .field("code", &self.code())
            .field("reason", &self.reason())
            .field("effective_url", &self.effective_url)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("request_time", &self.request_time())
            .finish()
    }
}
