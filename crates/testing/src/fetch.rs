//! One request of the test's client: what it is made of, and its way there and back.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;

use bytes::Bytes;
use firewhirl_event::IoStream;
use firewhirl_http::http1::ClientCodec;
use firewhirl_http::httputil::{split_host_and_port, url_concat};
use firewhirl_http::{Headers, IntoHeaderValue, Limits};
use firewhirl_tcp::TcpClient;
use http::Method;
use serde::Serialize;

use crate::client::Server;
use crate::fetch_error::{FetchError, FetchErrorKind};
use crate::{Response, gathering};

/// A request to be made: await it.
///
/// `Host` and `Connection: close` are added, and where there is a body, or the method is POST, PUT or
/// PATCH, `Content-Length`; a [`header`](Self::header) of the same name takes their place. A mistake
/// in what it is given comes out when it is awaited. The answer is read whole; it has no time limit but
/// the test's, which then says what was waited for.
///
/// # Errors
///
/// [`FetchError`] if there is no answer; a status is none.
///
/// # Cancel safety
///
/// Dropping the future closes the connection.
#[must_use = "no request is made until this is awaited"]
pub struct Fetch {
    server: Server,
    method: Method,
    path: String,
    headers: Headers,
    body: Option<Bytes>,
    mistake: Option<FetchErrorKind>,
    place: &'static Location<'static>,
}

impl Fetch {
    pub(crate) fn new(server: Server, method: Method, path: String, place: &'static Location<'static>) -> Self {
        Self { server, method, path, headers: Headers::new(), body: None, mistake: None, place }
    }

    /// Adds a header line; a name may have several.
    pub fn header(mut self, name: impl AsRef<str>, value: impl IntoHeaderValue) -> Self {
        if let Err(invalid) = self.headers.add(name, value) {
            self.mistake(FetchErrorKind::Header(invalid));
        }
        self
    }

    /// Adds arguments to the query.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_testing::http_test;
    /// # use firewhirl_web::Application;
    /// # async fn app() -> firewhirl_event::Result<Application> {
    /// #     Ok(Application::new().get("/", async |cx| cx.write(cx.argument("q")?)))
    /// # }
    /// http_test(app, async |client| {
    ///     assert_eq!(client.get("/").query(&[("q", "cats & dogs")]).await?.text(), "cats & dogs");
    ///     Ok(())
    /// });
    /// ```
    pub fn query(mut self, arguments: &[(&str, &str)]) -> Self {
        self.path = url_concat(&self.path, arguments.iter().copied());
        self
    }

    /// Gives the request a body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Gives the request a form as its body: `application/x-www-form-urlencoded`.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let query = url_concat("", fields.iter().copied());
        let body = query.strip_prefix('?').unwrap_or_default().to_owned();
        self.body(body).content_type("application/x-www-form-urlencoded")
    }

    /// Gives the request a value in JSON as its body: `application/json`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_testing::http_test;
    /// # use firewhirl_web::Application;
    /// # async fn app() -> firewhirl_event::Result<Application> {
    /// #     Ok(Application::new().post("/", async |cx| {
    /// #         assert_eq!(cx.request.header("Content-Type"), Some("application/json"));
    /// #         cx.write(cx.request.body().clone())
    /// #     }))
    /// # }
    /// http_test(app, async |client| {
    ///     let answer: Vec<u8> = client.post("/").json(&[1, 2, 3]).await?.json()?;
    ///     assert_eq!(answer, [1, 2, 3]);
    ///     Ok(())
    /// });
    /// ```
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body(body).content_type("application/json"),
            Err(error) => {
                self.mistake(FetchErrorKind::Json(error));
                self
            }
        }
    }

    fn content_type(mut self, content_type: &'static str) -> Self {
        // The name is a token, and the value has no control character.
        let _ = self.headers.set("Content-Type", content_type);
        self
    }

    /// The first mistake is the one that is told.
    fn mistake(&mut self, mistake: FetchErrorKind) {
        self.mistake.get_or_insert(mistake);
    }

    async fn run(mut self) -> Result<Response, FetchError> {
        let request = format!("{} {}", self.method, self.path);
        let _waiting = gathering::wait_for(format!("the answer to {request}, from {}", self.place));
        self.exchange().await.map_err(|kind| FetchError::new(request, kind))
    }

    async fn exchange(&mut self) -> Result<Response, FetchErrorKind> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        let elsewhere = Elsewhere::parse(&self.path)?;
        let (host, target) = match &elsewhere {
            Some(url) => (url.authority.clone(), url.target.clone()),
            None => (self.server.host(), self.path.clone()),
        };
        let mut codec = ClientCodec::new(Limits::default());
        let mut output = Vec::new();
        codec.write_head(&mut output, &self.method, &target, &self.all_headers(&host)?)?;
        if let Some(body) = &self.body {
            codec.write_body(&mut output, body)?;
        }
        codec.write_end(&mut output, None)?;

        let mut stream = match elsewhere {
            Some(url) => url.connect().await?,
            None => self.server.connect().await?,
        };
        stream.write_bytes(output.into());
        Response::receive(&mut stream, &mut codec).await
    }

    /// The headers with those that a request has to have.
    fn all_headers(&self, host: &str) -> Result<Headers, FetchErrorKind> {
        let mut headers = Headers::new();
        headers.set("Host", host)?;
        headers.set("Connection", "close")?;
        let takes_body = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        let is_chunked = self.headers.contains("Transfer-Encoding");
        if (self.body.is_some() || takes_body) && !is_chunked {
            headers.set("Content-Length", self.body.as_ref().map_or(0, Bytes::len))?;
        }
        for name in self.headers.names() {
            headers.remove(name);
        }
        for (name, value) in self.headers.iter() {
            headers.add(name, value)?;
        }
        Ok(headers)
    }
}

impl IntoFuture for Fetch {
    type Output = Result<Response, FetchError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

/// A whole URL in place of a path.
struct Elsewhere {
    authority: String,
    target: String,
}

impl Elsewhere {
    /// `None` if it is a path.
    fn parse(url: &str) -> Result<Option<Self>, FetchErrorKind> {
        if url.starts_with("https://") {
            return Err(FetchErrorKind::Url("only http:// is spoken here"));
        }
        let Some(rest) = url.strip_prefix("http://") else { return Ok(None) };
        let (authority, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.is_empty() || authority.contains('@') {
            return Err(FetchErrorKind::Url("expected http://host:port/path"));
        }
        let target = target.split('#').next().unwrap_or_default();
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Some(Self { authority: authority.to_owned(), target }))
    }

    async fn connect(&self) -> Result<IoStream, FetchErrorKind> {
        let (host, port) = split_host_and_port(&self.authority);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok(TcpClient::new().connect((host, port.unwrap_or(80))).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_url_says_where_and_what() {
        type Case<'text> = (&'text str, Option<(&'text str, &'text str)>);
        const CASES: &[Case<'_>] = &[
            ("/path", None),
            ("*", None),
            ("http://127.0.0.1:80/path?a=1", Some(("127.0.0.1:80", "/path?a=1"))),
            ("http://example.com", Some(("example.com", "/"))),
            ("http://example.com?a=/", Some(("example.com", "/?a=/"))),
            ("http://[::1]:8888/a#b", Some(("[::1]:8888", "/a"))),
        ];
        for &(url, expected) in CASES {
            let parsed = Elsewhere::parse(url).unwrap();
            let parsed = parsed.as_ref().map(|url| (url.authority.as_str(), url.target.as_str()));
            assert_eq!(parsed, expected, "{url}");
        }
        for wrong in ["https://example.com/", "http://", "http:///path", "http://user@example.com/"] {
            assert!(Elsewhere::parse(wrong).is_err(), "{wrong}");
        }
    }
}
