//! A request as the server's code sees it: read-only, its head in one block, its fields as spans.
//!
//! Tornado's `HTTPServerRequest`. Nothing is built that nobody asks for: a field is looked up in the
//! head's own bytes, the [`HeaderMap`] is made at the first call of [`Request::headers`].

use std::cell::OnceCell;
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

use firewhirl_tcp::Peer;

use crate::http1::{BodyLength, RequestHead};
use crate::xheaders::Downstream;

/// A request: its head, whom it came from, and its body once that was read.
///
/// One small box, so that moving it costs nothing; a server reuses the box and its buffers for the
/// requests that follow. Tornado's `HTTPServerRequest`.
#[derive(Default)]
pub struct Request(Box<Parts>);

#[derive(Default)]
struct Parts {
    head: RequestHead,
    headers: OnceCell<HeaderMap>,
    downstream: Downstream,
    body: Bytes,
    began: Option<Instant>,
}

impl Request {
    /// The head as it came: the request line and the fields, up to the first empty line.
    #[inline]
    pub fn head_bytes(&self) -> &[u8] {
        self.0.head.bytes()
    }

    /// The method, e.g. `GET`; one that the RFCs don't know is here too.
    #[inline]
    pub fn method(&self) -> &Method {
        self.0.head.method()
    }

    /// The request target as it came: `/story/1?page=2`.
    #[inline]
    pub fn uri(&self) -> &str {
        self.0.head.target()
    }

    /// The target's path, not percent-decoded; of an absolute-form target the path in it.
    #[inline]
    pub fn path(&self) -> &str {
        self.0.head.path()
    }

    /// What follows the first `?` of the target; empty where there is none.
    #[inline]
    pub fn query(&self) -> &str {
        self.0.head.query().unwrap_or_default()
    }

    /// The protocol's version, HTTP/1.0 or HTTP/1.1.
    #[inline]
    pub fn version(&self) -> Version {
        self.0.head.version()
    }

    /// The value of the first field of this name, in whatever case; `None` where there is none or
    /// where its bytes are no UTF-8 (see [`header_bytes`](Self::header_bytes)).
    #[inline]
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.header_bytes(name)?).ok()
    }

    /// The bytes of the first field of this name, in whatever case.
    #[inline]
    pub fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.head.field(name)
    }

    /// The values of all fields of this name, in their order.
    pub fn header_values<'request>(&'request self, name: &'request str) -> impl Iterator<Item = &'request [u8]> {
        self.0.head.field_values(name)
    }

    /// All fields, name and value, as they came.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.head.fields()
    }

    /// All fields as a map of the `http` crate, built at the first call.
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers.get_or_init(|| {
            let mut map = HeaderMap::with_capacity(self.0.head.field_count());
            for (name, value) in self.fields() {
                // The head was parsed by stricter rules than these, so that both are always valid.
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value)) {
                    map.append(name, value);
                }
            }
            map
        })
    }

    /// The host that the request is for, with its port if it names one: the authority of an
    /// absolute-form target, else the `Host` field, else (HTTP/1.0) `127.0.0.1`.
    #[inline]
    pub fn host(&self) -> &str {
        self.0.head.host()
    }

    /// [`host`](Self::host) in lower case and without its port.
    pub fn host_name(&self) -> String {
        let host = self.host();
        let without_port = match host.rfind(':') {
            // The colon of an IPv6 literal is inside its brackets.
            Some(colon) if !host[colon..].contains(']') => &host[..colon],
            _ => host,
        };
        without_port.to_ascii_lowercase()
    }

    /// The address of the client: of the connection, or, with `xheaders`, of the client that the
    /// proxy in front names. `None` on a Unix socket without such a proxy.
    #[inline]
    pub fn remote_ip(&self) -> Option<IpAddr> {
        self.0.downstream.remote_ip()
    }

    /// The other end of the connection itself, whatever a proxy says.
    pub fn peer(&self) -> Peer {
        self.0.downstream.peer()
    }

    /// `http` or `https`, as the client spoke it: by the connection, the `protocol` setting, or what
    /// the proxy in front says.
    #[inline]
    pub fn protocol(&self) -> &str {
        self.0.downstream.protocol()
    }

    /// Whether the server believes what the proxy in front says of the client: its `xheaders` setting.
    #[inline]
    pub fn xheaders(&self) -> bool {
        self.0.downstream.is_believed()
    }

    /// The protocols that the client offers to go on with: the value of `Upgrade`, if `Connection` lists
    /// it (RFC 9110, section 7.8).
    #[inline]
    pub fn upgrade(&self) -> Option<&[u8]> {
        self.0.head.upgrade()
    }

    /// Where the body ends, as the head says.
    #[inline]
    pub fn body_length(&self) -> BodyLength {
        self.0.head.body_length()
    }

    /// The body, once [`Exchange::read_body`](crate::Exchange::read_body) or the web layer has read
    /// it whole; empty before.
    #[inline]
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// The whole URL: protocol, host and target.
    pub fn full_url(&self) -> String {
        format!("{}://{}{}", self.protocol(), self.host(), self.uri())
    }

    /// When the head arrived; `None` of a request that came over no connection.
    #[inline]
    pub fn began(&self) -> Option<Instant> {
        self.0.began
    }

    /// The time since the head arrived.
    pub fn request_time(&self) -> Duration {
        // By the loop's clock, which a test may have paused.
        let now = tokio::time::Instant::now().into_std();
        self.0.began.map(|began| now.saturating_duration_since(began)).unwrap_or_default()
    }

    /// Sets the body: for the layer that reads it whole.
    pub fn set_body(&mut self, body: Bytes) {
        self.0.body = body;
    }

    /// Whom it came from, and how.
    #[cfg(feature = "tls")]
    pub(crate) fn downstream(&self) -> &Downstream {
        &self.0.downstream
    }

    /// The parsed head.
    #[inline]
    pub(crate) fn head(&self) -> &RequestHead {
        &self.0.head
    }

    /// The head, to be parsed into.
    #[inline]
    pub(crate) fn head_mut(&mut self) -> &mut RequestHead {
        &mut self.0.head
    }

    /// Begins the life of the request whose head was just parsed.
    pub(crate) fn begin(&mut self, downstream: Downstream, now: Instant) {
        let parts = &mut *self.0;
        parts.headers.take();
        parts.downstream = downstream;
        parts.body = Bytes::new();
        parts.began = Some(now);
    }

    /// Forgets what belongs to one request, keeping the buffers.
    pub(crate) fn reset(&mut self) {
        let parts = &mut *self.0;
        parts.headers.take();
        parts.body = Bytes::new();
    }
}

/// Without fields and body, which may hold secrets; Tornado's `repr`.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("protocol", &self.protocol())
            .field("host", &self.host())
            .field("method", &self.method())
            .field("uri", &self.uri())
            .field("version", &self.version())
            .field("remote_ip", &self.remote_ip())
            .finish()
    }
}
