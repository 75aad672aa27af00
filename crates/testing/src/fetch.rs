//! One request of the test's client: what it is made of, and its way there and back.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use firewhirl_event::{IoStream, Result as EventResult};
use firewhirl_http::http1::ClientCodec;
use firewhirl_http::httputil::{split_host_and_port, url_concat, urljoin};
use firewhirl_http::{Headers, IntoHeaderValue, Limits};
use firewhirl_tcp::TcpClient;
use http::Method;
use serde::Serialize;

use crate::fetch_error::{FetchError, FetchErrorKind};
use crate::outgoing::{BodyWriter, Outgoing, Producer};
use crate::{Client, Response, gathering};

/// A request to be made: await it.
///
/// `Host` and `Connection: close` are added, and where there is a body, or the method is POST, PUT or
/// PATCH, `Content-Length`; a [`header`](Self::header) of the same name takes their place. A mistake
/// in what it is given comes out when it is awaited. The answer is read whole; it has no time limit but
/// the test's, which then says what was waited for. A redirect is an answer, unless it is
/// [to be followed](Self::follow_redirects).
///
/// # Errors
///
/// [`FetchError`] if there is no answer; a status is none.
///
/// # Cancel safety
///
/// Dropping the future closes the connection, as [`leave_after`](Self::leave_after) does.
#[must_use = "no request is made until this is awaited"]
pub struct Fetch {
    client: Client,
    method: Method,
    path: String,
    headers: Headers,
    body: Option<Bytes>,
    producer: Option<Producer>,
    redirects: u32,
    leaves_after: Option<Duration>,
    mistake: Option<FetchErrorKind>,
    place: &'static Location<'static>,
}

impl Fetch {
    pub(crate) fn new(client: Client, method: Method, path: String, place: &'static Location<'static>) -> Self {
        let headers = Headers::new();
        Self {
            client,
            method,
            path,
            headers,
            body: None,
            producer: None,
            redirects: 0,
            leaves_after: None,
            mistake: None,
            place,
        }
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

    /// Has the body made while it is sent: each part is a chunk of its own, unless there is a header
    /// `Content-Length`. The answer is read meanwhile, and may come before the end. Tornado's
    /// `body_producer`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::coroutine::sleep;
    /// use firewhirl_testing::HttpTest;
    /// # use firewhirl_web::Application;
    /// # async fn app() -> firewhirl_event::Result<Application> {
    /// #     Ok(Application::new().post("/", async |cx| cx.write(cx.request.body().clone())))
    /// # }
    ///
    /// HttpTest::new(app).in_memory().run(async |client| {
    ///     let upload = client.post("/").body_producer(async |body| {
    ///         for part in ["slow ", "and ", "steady"] {
    ///             sleep(Duration::from_secs(10)).await;
    ///             body.write(part).await?;
    ///         }
    ///         Ok(())
    ///     });
    ///     assert_eq!(upload.await?.text(), "slow and steady");
    ///     Ok(())
    /// });
    /// ```
    pub fn body_producer(mut self, producer: impl AsyncFnOnce(BodyWriter) -> EventResult + 'static) -> Self {
        self.producer = Some(Box::new(|body| Box::pin(async move { producer(body).await })));
        self
    }

    /// Follows redirects, up to five of them, and gives the last answer: a 303 with GET, as also a POST that
    /// was answered 301 or 302, and the others with the same request. Tornado's `follow_redirects`, which
    /// here is off unless asked for, so that a test sees what the server sent.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_testing::http_test;
    /// # use firewhirl_web::Application;
    /// # async fn app() -> firewhirl_event::Result<Application> {
    /// #     Ok(Application::new().get("/", async |cx| cx.write("Hello")).get("/old", async |cx| cx.redirect("/")))
    /// # }
    /// http_test(app, async |client| {
    ///     assert_eq!(client.get("/old").follow_redirects().await?.text(), "Hello");
    ///     Ok(())
    /// });
    /// ```
    pub fn follow_redirects(mut self) -> Self {
        self.redirects = 5;
        self
    }

    /// Leaves in the middle: closes the connection if the answer is not complete after this time, which is
    /// an error. Default: it stays.
    ///
    /// # Examples
    ///
    /// A handler runs to its end although its client has left:
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc, time::Duration};
    /// use firewhirl_event::coroutine::sleep;
    /// use firewhirl_testing::HttpTest;
    /// use firewhirl_web::Application;
    ///
    /// let written = Rc::new(Cell::new(false));
    /// let done = written.clone();
    /// let app = async move || {
    ///     let done = done.clone();
    ///     Ok(Application::new().post("/order", async move |cx| {
    ///         sleep(Duration::from_secs(10)).await;
    ///         done.set(true);
    ///         cx.write("written")
    ///     }))
    /// };
    /// HttpTest::new(app).in_memory().run(async |client| {
    ///     assert!(client.post("/order").leave_after(Duration::from_secs(5)).await.is_err());
    ///     sleep(Duration::from_secs(10)).await;
    ///     Ok(())
    /// });
    /// assert!(written.get());
    /// ```
    pub fn leave_after(mut self, time: Duration) -> Self {
        self.leaves_after = Some(time);
        self
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
        loop {
            let request = format!("{} {}", self.method, self.path);
            let _waiting = gathering::wait_for(format!("the answer to {request}, from {}", self.place));
            let answered = match self.leaves_after {
                None => self.exchange().await,
                Some(time) => tokio::time::timeout(time, self.exchange()).await.unwrap_or(Err(FetchErrorKind::Left)),
            };
            match answered {
                Ok(response) if self.redirect(&response) => {}
                _ => return answered.map_err(|kind| FetchError::new(request, kind)),
            }
        }
    }

    /// Whether it is to be asked again, elsewhere.
    fn redirect(&mut self, response: &Response) -> bool {
        let status = response.status().as_u16();
        let Some(location) = response.header("Location") else { return false };
        if self.redirects == 0 || !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return false;
        }
        self.redirects -= 1;
        let becomes_get = status == 303 && self.method != Method::HEAD || status < 303 && self.method == Method::POST;
        if becomes_get {
            (self.method, self.body) = (Method::GET, None);
            for name in ["Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding"] {
                self.headers.remove(name);
            }
        }
        self.path = resolved(&self.path, location);
        true
    }

    async fn exchange(&mut self) -> Result<Response, FetchErrorKind> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        let elsewhere = Elsewhere::parse(&self.path)?;
        let (host, target) = match &elsewhere {
            Some(url) => (url.authority.clone(), url.target.clone()),
            None => (self.client.host(), self.path.clone()),
        };
        // Those of the server under test are nobody else's.
        let jar = self.client.cookie_jar().filter(|_| elsewhere.is_none());
        let cookie_host = self.headers.get("Host").unwrap_or(Cow::Borrowed(&host)).into_owned();
        let cookie_url = format!("https://{cookie_host}{target}");
        let cookies = jar.and_then(|jar| jar.header(&cookie_url));
        let mut codec = ClientCodec::new(Limits::default());
        let mut output = Vec::new();
        codec.write_head(&mut output, &self.method, &target, &self.all_headers(&host, cookies)?)?;
        let mut outgoing = match self.producer.take() {
            Some(producer) => Outgoing::begin(producer),
            None => {
                if let Some(body) = &self.body {
                    codec.write_body(&mut output, body)?;
                }
                codec.write_end(&mut output, None)?;
                Outgoing::nothing()
            }
        };

        let mut stream = match &elsewhere {
            Some(url) => url.connect().await?,
            None => self.client.connect().await?,
        };
        stream.write_bytes(output.into());
        let response = Response::receive(&mut stream, &mut codec, &mut outgoing).await?;
        if let Some(jar) = jar {
            for line in response.headers().get_list("Set-Cookie") {
                jar.set(&cookie_url, &line);
            }
        }
        Ok(response)
    }

    /// The headers with those that a request has to have.
    fn all_headers(&self, host: &str, cookies: Option<String>) -> Result<Headers, FetchErrorKind> {
        let mut headers = Headers::new();
        headers.set("Host", host)?;
        headers.set("Connection", "close")?;
        let takes_body = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        let is_chunked = self.headers.contains("Transfer-Encoding");
        if let Some(cookies) = cookies {
            headers.set("Cookie", cookies)?;
        }
        if self.producer.is_some() {
            if !self.headers.contains("Content-Length") {
                headers.set("Transfer-Encoding", "chunked")?;
            }
        } else if (self.body.is_some() || takes_body) && !is_chunked {
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

/// Where a redirect leads, seen from what was asked for.
fn resolved(base: &str, location: &str) -> String {
    let url = urljoin(base, location.split('#').next().unwrap_or_default());
    // A path has no scheme to hand on.
    if url.starts_with("//") { format!("http:{url}") } else { url }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_seen_from_where_it_was_sent() {
        const CASES: &[(&str, &str, &str)] = &[
            ("/a/b?c", "d?e", "/a/d?e"),
            ("/a", "d#e", "/d"),
            ("/a", "http://b/c", "http://b/c"),
            ("/a", "//b/c", "http://b/c"),
            ("http://b:80", "d", "http://b:80/d"),
        ];
        for &(base, location, expected) in CASES {
            assert_eq!(resolved(base, location), expected, "{location} from {base}");
        }
    }

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
