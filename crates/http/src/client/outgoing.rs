//! One message to be sent on one connection, and its body.
//!
//! Nothing is added to it but framing: which fields a request has is decided above.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;

use super::body_stream::BodyStream;
use super::destination::Destination;
use super::error::HttpClientError;
use super::pool_options::PoolOptions;
use crate::error::OutputError;
use crate::headers::Headers;
use crate::http1::ResponseHead;
use crate::limits::Limits;

/// One message to be sent on one connection: no redirects, nothing added but framing.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
/// use firewhirl_http::client::{Destination, OutgoingRequest, Scheme};
///
/// let destination = Rc::new(Destination::new(Scheme::Http, "example.com", 80));
/// let mut request = OutgoingRequest::new(destination, http::Method::GET, "/");
/// request.headers.set("User-Agent", "Firewhirl")?;
/// assert_eq!(request.headers.get("Host").as_deref(), Some("example.com"));
/// # Ok::<(), firewhirl_http::InvalidHeader>(())
/// ```
#[non_exhaustive]
pub struct OutgoingRequest {
    /// Where it goes.
    pub destination: Rc<Destination>,
    /// The method.
    pub method: Method,
    /// The request target in origin form, such as `/path?query`; `*` of OPTIONS; host and port of CONNECT.
    pub target: String,
    /// Its fields, complete but for those that say where the body ends; `Host` first.
    pub headers: Headers,
    /// Its body.
    pub body: OutgoingBody,
    /// Whether the server is asked first if it wants the body (RFC 9110, section 10.1.1). The body is
    /// sent once it says so, or has said nothing for a second. Default: `false`.
    pub expect_100_continue: bool,
    /// How long making a connection may take: look-up, TCP, TLS, the proxy's tunnel. It also bounds the
    /// wait in the queue. Default: 20 s, as in Tornado; `None` for no limit.
    pub connect_timeout: Option<Duration>,
    /// How long all of it may take, from being handed over to the response's end. Default: 20 s, as in
    /// Tornado; `None` for no limit.
    pub request_timeout: Option<Duration>,
    /// The limits on its response, where not those of the pool.
    pub limits: Option<Limits>,
    /// What is told of responses that come before the final one: 100, 103.
    pub on_informational: Option<InformationalHook>,
}

impl OutgoingRequest {
    /// A request without a body and with a `Host`.
    pub fn new(destination: Rc<Destination>, method: Method, target: impl Into<String>) -> Self {
        let mut headers = Headers::with_capacity(HEAD_SIZE, HEAD_LINES);
        // A host with a control character is refused when it is sent, for it leaves the field out.
        let _ = headers.set("Host", destination.authority());
        Self::with_headers(destination, method, target, headers)
    }

    /// A request without a body and with these fields, `Host` among them.
    pub fn with_headers(
        destination: Rc<Destination>,
        method: Method,
        target: impl Into<String>,
        headers: Headers,
    ) -> Self {
        Self {
            destination,
            method,
            target: target.into(),
            headers,
            body: OutgoingBody::Empty,
            expect_100_continue: false,
            connect_timeout: Some(DEFAULT_TIMEOUT),
            request_timeout: Some(DEFAULT_TIMEOUT),
            limits: None,
            on_informational: None,
        }
    }

    /// Sets the fields that say where the body ends and what becomes of the connection, unless the caller
    /// has.
    pub(super) fn frame(&mut self, options: &PoolOptions) -> Result<(), HttpClientError> {
        if !self.headers.contains("Host") {
            return Err(OutputError::NoHost.into());
        }
        let length = match &self.body {
            OutgoingBody::Empty => None,
            OutgoingBody::Whole(body) => Some(body.len() as u64),
            OutgoingBody::Stream(stream) => stream.length(),
        };
        let is_framed = self.headers.contains("Content-Length") || self.headers.contains("Transfer-Encoding");
        // Neither a number nor a token has what a field may not have.
        if let Some(length) = length.filter(|_| !is_framed) {
            let _ = self.headers.set("Content-Length", length);
        } else if matches!(self.body, OutgoingBody::Stream(_)) && !is_framed {
            let _ = self.headers.set("Transfer-Encoding", "chunked");
        }
        if self.expect_100_continue {
            let _ = self.headers.set("Expect", "100-continue");
        }
        if options.keeps_none() && !self.headers.contains("Connection") {
            let _ = self.headers.set("Connection", "close");
        }
        if let Some(proxy) = self.destination.forwarding_proxy() {
            let authorization = proxy.authorization(&self.method, &self.wire_target(), self.body.at_hand())?;
            if let Some(authorization) = authorization {
                let _ = self.headers.set("Proxy-Authorization", authorization);
            }
        }
        Ok(())
    }

    /// The target as the next hop wants it.
    pub(crate) fn wire_target(&self) -> Cow<'_, str> {
        if self.destination.forwarding_proxy().is_none() || self.method == Method::CONNECT {
            return Cow::Borrowed(&self.target);
        }
        // RFC 9112, section 3.2.4: an asterisk is left out where the whole URL is given.
        let target = if self.target == "*" { "" } else { &self.target };
        Cow::Owned(format!("{}://{}{target}", self.destination.scheme().as_str(), self.destination.authority()))
    }

    /// Whether it may be sent again after a connection has ended without an answer: a server that did
    /// act on it has then done so twice (RFC 9110, section 9.2.2).
    pub(super) fn is_repeatable(&self) -> bool {
        self.method.is_idempotent() && !matches!(self.body, OutgoingBody::Stream(_))
    }
}

/// Room for what most requests have, so that their fields are one allocation.
const HEAD_SIZE: usize = 512;
const HEAD_LINES: usize = 16;

/// What is told of the heads of responses that come before the final one.
pub type InformationalHook = Box<dyn FnMut(&ResponseHead)>;

/// How long a server that was asked may take to say whether it wants the body. It need not answer at
/// all: "a client SHOULD NOT wait for an indefinite period before sending the content" (RFC 9110,
/// section 10.1.1).
pub(crate) const CONTINUE_PATIENCE: Duration = Duration::from_secs(1);

/// How long connecting, and a request as a whole, may take unless said otherwise: Tornado's 20 s.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);

/// The body of a request.
#[derive(Default)]
#[non_exhaustive]
pub enum OutgoingBody {
    /// None at all.
    #[default]
    Empty,
    /// All of it, which may be no bytes.
    Whole(Bytes),
    /// What somebody writes while it is being sent. Tornado's `body_producer`.
    Stream(BodyStream),
}

impl OutgoingBody {
    /// Its bytes, none of them where there is no body; `None` if they are yet to be written.
    pub(super) fn at_hand(&self) -> Option<&[u8]> {
        match self {
            Self::Empty => Some(b""),
            Self::Whole(body) => Some(body),
            Self::Stream(_) => None,
        }
    }
}

impl fmt::Debug for OutgoingBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Whole(body) => write!(f, "Whole({} bytes)", body.len()),
            Self::Stream(stream) => stream.fmt(f),
        }
    }
}

impl fmt::Debug for OutgoingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Fields may hold credentials, and do not belong into a log.
        f.debug_struct("OutgoingRequest")
            .field("destination", &self.destination)
            .field("method", &self.method)
            .field("target", &self.target)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
