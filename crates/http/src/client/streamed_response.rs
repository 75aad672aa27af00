//! A response whose body is read part by part, decompressed on the way.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use firewhirl_event::IoStream;
use http::{HeaderMap, StatusCode, Version};

use super::error::HttpClientError;
use super::incoming::IncomingResponse;
use super::request::HttpRequest;
use super::response::{HttpResponse, reason};
use super::time_info::TimeInfo;
use crate::content_coding::{ContentCodingError, Decoder, parse_content_encoding};
use crate::headers::Headers;

/// A response whose head is there; the body comes by [`next_chunk`](Self::next_chunk).
///
/// Nothing is read before it is asked for, so that a server sends no faster than its body is taken. Dropping it
/// before the end gives the request up.
pub struct StreamedResponse {
    pub(super) incoming: IncomingResponse,
    decoder: Option<Box<Decoder>>,
    request: Box<HttpRequest>,
    effective_url: String,
    start_time: SystemTime,
    redirect_time: Duration,
}

impl StreamedResponse {
    /// With when it all began, and how much of it went into redirects.
    pub(super) fn new(
        incoming: IncomingResponse,
        request: Box<HttpRequest>,
        effective_url: String,
        start_time: SystemTime,
        redirect_time: Duration,
    ) -> Self {
        Self { incoming, decoder: None, request, effective_url, start_time, redirect_time }
    }

    /// Has the body's codings undone, where it has some that are known here; others are the caller's.
    pub(super) fn decompress(mut self, max_body_size: u64) -> Result<Self, HttpClientError> {
        // A part of what was compressed is nothing that could be decompressed.
        if self.incoming.status() == StatusCode::PARTIAL_CONTENT {
            return Ok(self);
        }
        let codings = parse_content_encoding(self.incoming.header_values("Content-Encoding"));
        match codings.and_then(|codings| if codings.is_empty() { Ok(None) } else { Decoder::new(&codings).map(Some) }) {
            Ok(None) => {}
            Ok(Some(decoder)) => {
                self.decoder = Some(Box::new(decoder.max_size(max_body_size)));
                self.incoming.head_mut().rename_field("Content-Encoding", "X-Consumed-Content-Encoding");
            }
            Err(error @ ContentCodingError::TooMany { .. }) => return Err(error.into()),
            // One that was not asked for, and is not known here.
            Err(_) => {}
        }
        Ok(self)
    }

    /// The request that was made, as the caller gave it.
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The status as a number.
    pub fn code(&self) -> u16 {
        self.status().as_u16()
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.incoming.status()
    }

    /// What the server says of the status, or else what the RFCs do.
    pub fn reason(&self) -> Cow<'_, str> {
        reason(self.incoming.head())
    }

    /// The version that the server speaks.
    pub fn version(&self) -> Version {
        self.incoming.version()
    }

    /// The value of the first header line of this name; `None` also where it is no UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.incoming.header(name)
    }

    /// The values of all header lines of this name, in their order.
    pub fn header_values<'response>(&'response self, name: &str) -> impl Iterator<Item = &'response [u8]> {
        self.incoming.header_values(name)
    }

    /// All header lines, name and value, as they came.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.incoming.fields()
    }

    /// All header lines as a map of the `http` crate, built at the first call.
    pub fn headers(&self) -> &HeaderMap {
        self.incoming.headers()
    }

    /// The URL that gives the response, after redirects; without credentials.
    pub fn effective_url(&self) -> &str {
        &self.effective_url
    }

    /// How long each phase took, so far.
    pub fn time_info(&self) -> TimeInfo {
        TimeInfo { redirect: self.redirect_time, ..self.incoming.time_info() }
    }

    /// Whether the status is none of an error: 200 to 299, and 101 where another protocol was asked for.
    pub(super) fn is_success(&self) -> bool {
        self.status().is_success() || self.status() == StatusCode::SWITCHING_PROTOCOLS
    }

    /// The next part of the body, decompressed; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`HttpClientError`] if the server breaks a rule or a limit, closes too early, sends what cannot be decompressed,
    /// or time is over.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, HttpClientError> {
        let Some(decoder) = &mut self.decoder else { return self.incoming.next_chunk().await };
        loop {
            // A few bytes can become very many, and the loop has others to see to.
            tokio::task::coop::consume_budget().await;
            if let Some(chunk) = decoder.next_chunk()? {
                return Ok(Some(chunk));
            }
            match self.incoming.next_chunk().await? {
                Some(coded) => decoder.push(coded),
                None => {
                    decoder.finish()?;
                    return Ok(None);
                }
            }
        }
    }

    /// Reads the rest of the body, whole.
    ///
    /// # Errors
    ///
    /// As of [`next_chunk`](Self::next_chunk).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the request up.
    pub async fn read(mut self) -> Result<HttpResponse, HttpClientError> {
        let body = self.read_body().await?;
        let time_info = self.time_info();
        Ok(HttpResponse {
            request: self.request,
            head: self.incoming.into_head(),
            header_map: OnceLock::new(),
            body,
            effective_url: self.effective_url,
            start_time: self.start_time,
            time_info,
        })
    }

    async fn read_body(&mut self) -> Result<Bytes, HttpClientError> {
        let Some(first) = self.next_chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.next_chunk().await? else { return Ok(first) };
        let mut body = BytesMut::with_capacity(2 * (first.len() + second.len()));
        body.extend_from_slice(&first);
        body.extend_from_slice(&second);
        while let Some(chunk) = self.next_chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// The fields that came after a chunked body, once it has been read to its end.
    pub fn trailers(&self) -> Headers {
        self.incoming.trailers()
    }

    /// Takes the connection out, for the protocol that the server has switched to with 101.
    ///
    /// # Errors
    ///
    /// [`HttpClientError::NotUpgraded`] after any other status.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use firewhirl_http::client::AsyncHttpClient;
    /// # use firewhirl_http::HttpRequest;
    /// # async fn example() -> firewhirl_event::Result {
    /// let request = HttpRequest::new("http://localhost:8888/").header("Connection", "Upgrade").header("Upgrade", "echo");
    /// let mut stream = AsyncHttpClient::new().fetch(request).stream().await?.upgrade()?;
    /// stream.write("hello\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn upgrade(self) -> Result<IoStream, HttpClientError> {
        self.incoming.upgrade()
    }

    /// Tells the head line by line, as it came but for what was decompressed.
    pub(super) fn tell_head(&self, tell: &mut dyn FnMut(&str)) {
        let reason = String::from_utf8_lossy(self.incoming.head().reason());
        tell(&format!("{:?} {} {reason}\r\n", self.version(), self.code()));
        for (name, value) in self.fields() {
            tell(&format!("{name}: {}\r\n", String::from_utf8_lossy(value)));
        }
        tell("\r\n");
    }
}

impl fmt::Debug for StreamedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamedResponse")
            .field("request", &self.request)
            .field("code", &self.code())
            .field("effective_url", &self.effective_url)
            .finish_non_exhaustive()
    }
}
