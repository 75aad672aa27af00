//! What is asked for: Tornado's `HTTPRequest`.
//!
//! A plain value: it can be kept, cloned, sent to another thread and fetched again. What runs while it is
//! fetched (a body that is written, callbacks) is given to the [`Fetch`](super::Fetch). How it is fetched is
//! said by the methods in `request_options.rs`.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use http::Method;
use serde::Serialize;

use super::form::form_urlencoded;
use super::request_error::RequestError;
use super::request_options::Options;
use crate::headers::{Headers, IntoHeaderValue, InvalidHeader};

/// A request to be made by a client. Tornado's `HTTPRequest`.
///
/// What is not set is the client's [default](super::ClientOptions::defaults). A mistake in what it is given
/// comes out when it is fetched. A URL alone is a request too: whatever takes a request takes `&str`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_http::HttpRequest;
///
/// let request = HttpRequest::new("https://example.com/stories")
///     .method("POST")
///     .json(&["once", "upon"])
///     .request_timeout(Duration::from_secs(5));
/// assert_eq!(request.body_bytes().unwrap(), r#"["once","upon"]"#);
/// ```
#[derive(Clone)]
pub struct HttpRequest {
    url: String,
    method: Method,
    headers: Headers,
    body: Option<Bytes>,
    pub(super) options: Options,
    mistake: Option<RequestError>,
}

impl HttpRequest {
    /// A GET of this URL, `http://` or `https://`.
    ///
    /// A name and a password in it (`http://me:secret@example.com/`) are those of
    /// [`auth_username`](Self::auth_username) and win over them; percent-escapes in them are decoded. What is
    /// not ASCII in path and query is percent-encoded; the fragment is not sent.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// The method. Default: GET.
    ///
    /// GET, HEAD, POST, PUT, DELETE, PATCH and OPTIONS are known; POST, PUT and PATCH need a body, which may be
    /// empty, and the others must have none. All this is lifted by
    /// [`allow_nonstandard_methods`](Self::allow_nonstandard_methods).
    pub fn method(mut self, method: impl AsRef<str>) -> Self {
        let name = method.as_ref();
        match Method::from_bytes(name.as_bytes()) {
            Ok(method) => self.method = method,
            Err(_) => self.note(RequestError::UnknownMethod { method: name.to_owned() }),
        }
        self
    }

    /// Adds a header line; a name may have several.
    ///
    /// It takes the place of what the client would have sent under this name, `Host` and `User-Agent` among
    /// them. Where the body ends is said by the client; for a
    /// [`body_producer`](super::Fetch::body_producer) by a `Content-Length` that is given here.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_http::HttpRequest;
    /// let request = HttpRequest::new("http://localhost/").header("Accept", "application/json").header("X-Id", 7);
    /// assert_eq!(request.header_fields().get("x-id").as_deref(), Some("7"));
    /// ```
    pub fn header(mut self, name: impl AsRef<str>, value: impl IntoHeaderValue) -> Self {
        let added = self.headers.add(name, value);
        self.note_invalid(added);
        self
    }

    /// Sets all header lines at once, in place of those that are there.
    pub fn headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// The body: text or bytes, whole.
    ///
    /// A POST without a `Content-Type` says that it is a form.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// A value in JSON as the body, with `Content-Type: application/json`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_http::HttpRequest;
    /// let request = HttpRequest::new("http://localhost/").method("PUT").json(&Some(1));
    /// assert_eq!(request.header_fields().get("Content-Type").as_deref(), Some("application/json"));
    /// ```
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body(body).content_type("application/json"),
            Err(error) => {
                self.note(RequestError::Json { problem: error.to_string() });
                self
            }
        }
    }

    /// A form as the body, with `Content-Type: application/x-www-form-urlencoded`: a struct, a map, or a list of
    /// pairs.
    ///
    /// A list as a value is the name several times, `None` leaves it out.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_http::HttpRequest;
    /// let request = HttpRequest::new("http://localhost/").method("POST").form(&[("name", "Ben & Co"), ("age", "7")]);
    /// assert_eq!(request.body_bytes().unwrap(), "name=Ben+%26+Co&age=7");
    /// ```
    pub fn form(mut self, fields: &(impl Serialize + ?Sized)) -> Self {
        match form_urlencoded(fields) {
            Ok(body) => self.body(body).content_type("application/x-www-form-urlencoded"),
            Err(problem) => {
                self.note(RequestError::Form { problem });
                self
            }
        }
    }

    /// Asks for the resource only if it has changed since; else the answer is 304, which is an error like every
    /// status outside 200 to 299.
    pub fn if_modified_since(mut self, time: SystemTime) -> Self {
        let set = self.headers.set("If-Modified-Since", time);
        self.note_invalid(set);
        self
    }

    /// The URL as it was given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The method that was set.
    pub fn http_method(&self) -> &Method {
        &self.method
    }

    /// The headers that were set.
    pub fn header_fields(&self) -> &Headers {
        &self.headers
    }

    /// The body that was set.
    pub fn body_bytes(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// What was wrong with what it was given, if anything was.
    pub(super) fn mistake(&self) -> Option<&RequestError> {
        self.mistake.as_ref()
    }

    fn content_type(mut self, content_type: &'static str) -> Self {
        let set = self.headers.set("Content-Type", content_type);
        self.note_invalid(set);
        self
    }

    /// The first mistake is the one that is told.
    fn note(&mut self, mistake: RequestError) {
        self.mistake.get_or_insert(mistake);
    }

    fn note_invalid(&mut self, outcome: Result<(), InvalidHeader>) {
        if let Err(invalid) = outcome {
            self.note(invalid.into());
        }
    }
}

/// A GET of no URL: what a client's [defaults](super::ClientOptions::defaults) are made of.
impl Default for HttpRequest {
    fn default() -> Self {
        Self {
            url: String::new(),
            method: Method::GET,
            headers: Headers::new(),
            body: None,
            options: Options::default(),
            mistake: None,
        }
    }
}

impl From<&str> for HttpRequest {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<String> for HttpRequest {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

impl From<&String> for HttpRequest {
    fn from(url: &String) -> Self {
        Self::new(url.as_str())
    }
}

impl From<&HttpRequest> for HttpRequest {
    fn from(request: &HttpRequest) -> Self {
        request.clone()
    }
}

/// Without headers and body, which may hold secrets.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("method", &self.method).field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mistake_is_kept_for_the_fetch() {
        let cases: [(HttpRequest, &str); 5] = [
            (HttpRequest::new("http://a/").method("G T"), "unknown method G T"),
            (HttpRequest::new("http://a/").header("a b", "c"), "Invalid header name 'a b'"),
            (HttpRequest::new("http://a/").header("a", "b\r\nc: d"), r"Invalid header value 'b\r\nc: d'"),
            (
                HttpRequest::new("http://a/").form("text"),
                "the value cannot be written as a form: expected a map or a list of pairs",
            ),
            (HttpRequest::new("http://a/").header("a", "b\nc").method("G T"), r"Invalid header value 'b\nc'"),
        ];
        for (request, expected) in cases {
            assert_eq!(request.mistake().expect(expected).to_string(), expected);
        }
        assert!(HttpRequest::new("http://a/").method(Method::PATCH).body("").mistake().is_none());
    }

    #[test]
    fn a_request_is_a_plain_value_for_any_thread() {
        fn check<T: Send + Sync + Clone + 'static>() {}
        check::<HttpRequest>();
    }

    #[test]
    fn debugging_shows_neither_headers_nor_body() {
        let request = HttpRequest::new("http://a/").header("Authorization", "secret").method("POST").body("secret");
        let request = request.auth_username("me").auth_password("secret");
        assert!(!format!("{request:?}").contains("secret"));
    }
}
