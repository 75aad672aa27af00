//! What a server of HTTP is set to: limits, timeouts, and how far it believes a proxy in front.
//!
//! Plain values that enter at the top, in [`HttpServer`](crate::HttpServer)'s methods, and are passed
//! down. Tornado's arguments of `HTTPServer` and its `HTTP1ConnectionParameters`.

mod http2;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::limits::Limits;

pub use http2::Http2Options;
#[cfg(feature = "http2")]
pub(crate) use http2::KeepAlive;

/// How a server treats its connections; the methods of [`HttpServer`](crate::HttpServer) of the same
/// names set it.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) no_keep_alive: bool,
    pub(crate) decompress_request: bool,
    pub(crate) xheaders: bool,
    pub(crate) trusted_downstream: Vec<IpAddr>,
    pub(crate) secure: bool,
    /// Whether HTTP/2 is spoken with clients that want to; `None` means where it is built in.
    pub(crate) speaks_http2: Option<bool>,
    pub(crate) http2: Http2Options,
}

/// Something was asked for that a cargo feature would have built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingFeature {
    /// The feature of the `firewhirl` crate.
    pub feature: &'static str,
}

impl fmt::Display for MissingFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this program was built without it: switch the feature `{}` of `firewhirl` on", self.feature)
    }
}

impl std::error::Error for MissingFeature {}

/// How long a slow peer is waited for, phase by phase.
#[derive(Clone, Debug)]
pub(crate) struct Timeouts {
    /// From the first byte of a head (or the connection's start) to its last.
    pub(crate) header: Duration,
    /// Between an answer and the next request.
    pub(crate) idle: Duration,
    /// Without progress in a body; see [`Patience`](crate::timeouts::Patience).
    pub(crate) body: Duration,
    /// Without progress in sending.
    pub(crate) write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            body: Duration::from_secs(60),
            write: Duration::from_secs(60),
        }
    }
}

/// Defines the methods once for every builder that holds [`ServerOptions`].
macro_rules! server_option_methods {
    ($($options:ident)?) => {
        /// Bytes a request's body may have, also after inflating; a longer one is answered 413. A
        /// handler may allow itself another size. Default: 100 MiB, as in Tornado.
        pub fn max_body_size(mut self, bytes: u64) -> Self {
            self.$($options.)?limits = self.$($options.)?limits.max_body_size(bytes);
            self
        }

        /// Bytes of a request's body that a handler which streams it gets at a time, at most. Default:
        /// 64 KiB, as in Tornado.
        pub fn chunk_size(mut self, bytes: usize) -> Self {
            self.$($options.)?limits = self.$($options.)?limits.chunk_size(bytes);
            self
        }

        /// Bytes a request's head may have; a longer one is answered 431. Default: 64 KiB, as in Tornado.
        pub fn max_header_size(mut self, bytes: usize) -> Self {
            self.$($options.)?limits = self.$($options.)?limits.max_header_size(bytes);
            self
        }

        /// All the limits on what a request may hold.
        pub fn limits(mut self, limits: crate::limits::Limits) -> Self {
            self.$($options.)?limits = limits;
            self
        }

        /// How long a connection may stay silent between two requests; then it is closed without a
        /// word. Default: 75 s (Tornado waits an hour).
        pub fn idle_connection_timeout(mut self, time: std::time::Duration) -> Self {
            self.$($options.)?timeouts.idle = time;
            self
        }

        /// How long a head may take from its first byte (of a new connection: from its start) to its
        /// last; a slower one is answered 408. Default: 30 s.
        pub fn header_timeout(mut self, time: std::time::Duration) -> Self {
            self.$($options.)?timeouts.header = time;
            self
        }

        /// How long a body is waited for. Each 500 bytes that arrive buy another second, up to this
        /// time again, so that a slow upload goes on and a dribbled one ends, with 408. Only time
        /// spent waiting counts, not a handler's own. Default: 60 s.
        pub fn body_timeout(mut self, time: std::time::Duration) -> Self {
            self.$($options.)?timeouts.body = time;
            self
        }

        /// How long a client is waited for that does not take its answer; counted as for
        /// [`body_timeout`](Self::body_timeout). Then the connection is closed. Default: 60 s.
        pub fn write_timeout(mut self, time: std::time::Duration) -> Self {
            self.$($options.)?timeouts.write = time;
            self
        }

        /// Whether each connection is closed after one answer. Default: `false`.
        pub fn no_keep_alive(mut self, on: bool) -> Self {
            self.$($options.)?no_keep_alive = on;
            self
        }

        /// Whether bodies with `Content-Encoding: gzip` are inflated; the field is then called
        /// `X-Consumed-Content-Encoding`. Default: `false`.
        pub fn decompress_request(mut self, on: bool) -> Self {
            self.$($options.)?decompress_request = on;
            self
        }

        /// Whether the fields of a proxy in front are believed: `X-Real-Ip`, `X-Forwarded-For`,
        /// `X-Scheme`, `X-Forwarded-Proto`. Default: `false`.
        pub fn xheaders(mut self, on: bool) -> Self {
            self.$($options.)?xheaders = on;
            self
        }

        /// The proxies that `X-Forwarded-For` may name and that are passed over in it. Default: none.
        pub fn trusted_downstream(mut self, proxies: impl IntoIterator<Item = std::net::IpAddr>) -> Self {
            self.$($options.)?trusted_downstream = proxies.into_iter().collect();
            self
        }

        /// Whether requests count as `https` although they arrive in clear, because a proxy in front
        /// speaks TLS and says nothing. Tornado's `protocol="https"`. Default: `false`.
        pub fn behind_https(mut self, on: bool) -> Self {
            self.$($options.)?secure = on;
            self
        }

        /// Whether HTTP/2 is spoken with clients that want to: over TLS those that choose `h2`, in clear
        /// those that begin with its preface (RFC 9113, section 3). Default: `true` with the feature
        /// `http2`; without it, `true` is an error when the server starts.
        pub fn http2(mut self, on: bool) -> Self {
            self.$($options.)?speaks_http2 = Some(on);
            self
        }

        /// How HTTP/2 is spoken.
        pub fn http2_options(mut self, options: crate::options::Http2Options) -> Self {
            self.$($options.)?http2 = options;
            self
        }
    };
}
pub(crate) use server_option_methods;

impl ServerOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    server_option_methods!();

    /// Says what was asked for and is not built in.
    pub(crate) fn check_features(&self) -> Result<(), MissingFeature> {
        match self.speaks_http2 {
            Some(true) if !crate::http2::AVAILABLE => Err(MissingFeature { feature: "http2" }),
            _ => Ok(()),
        }
    }

    /// Whether HTTP/2 is spoken with clients that want to.
    pub(crate) fn offers_http2(&self) -> bool {
        crate::http2::AVAILABLE && self.speaks_http2.unwrap_or(true)
    }
}
