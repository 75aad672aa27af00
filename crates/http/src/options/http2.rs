//! How HTTP/2 is spoken: windows, frames, and how many streams a connection may have.

use std::time::Duration;

/// The settings of HTTP/2, of a server and of a client alike.
///
/// Tornado has no HTTP/2. The defaults are for a service on the open internet; a peer can make a
/// connection hold as much memory as its windows are wide.
///
/// # Examples
///
/// ```
/// use firewhirl_http::Http2Options;
///
/// let options = Http2Options::new().max_concurrent_streams(250).initial_stream_window(1024 * 1024);
/// ```
#[derive(Clone, Debug)]
pub struct Http2Options {
    pub(crate) max_concurrent_streams: u32,
    pub(crate) initial_stream_window: u32,
    pub(crate) initial_connection_window: u32,
    pub(crate) max_frame_size: u32,
    pub(crate) max_send_buffer: usize,
    pub(crate) keep_alive: Option<KeepAlive>,
}

/// When a silent connection is asked whether its peer is there.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "http2"), expect(dead_code, reason = "only HTTP/2 has PING"))]
pub(crate) struct KeepAlive {
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

/// The largest window there is (RFC 9113, section 6.9.1).
const WINDOW_MAX: u32 = (1 << 31) - 1;

/// The smallest window that a connection can be given: it begins with this one.
const CONNECTION_WINDOW_MIN: u32 = 65_535;

impl Default for Http2Options {
    fn default() -> Self {
        Self {
            max_concurrent_streams: 128,
            initial_stream_window: 256 * 1024,
            initial_connection_window: 1024 * 1024,
            max_frame_size: 16 * 1024,
            max_send_buffer: 256 * 1024,
            keep_alive: None,
        }
    }
}

impl Http2Options {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Streams that the peer may have open at a time, at least one; those beyond it are refused, to be tried
    /// again. A server runs twice as many handlers for one connection at most, those included whose client
    /// has given up. Default: 128.
    pub fn max_concurrent_streams(mut self, streams: u32) -> Self {
        self.max_concurrent_streams = streams.max(1);
        self
    }

    /// Bytes of one message's body that the peer may send before they are read, up to 2 GiB. Default: 256 KiB.
    pub fn initial_stream_window(mut self, bytes: u32) -> Self {
        self.initial_stream_window = bytes.min(WINDOW_MAX);
        self
    }

    /// Bytes of all bodies of a connection together that the peer may send before they are read: 64 KiB to
    /// 2 GiB. Default: 1 MiB.
    pub fn initial_connection_window(mut self, bytes: u32) -> Self {
        self.initial_connection_window = bytes.clamp(CONNECTION_WINDOW_MIN, WINDOW_MAX);
        self
    }

    /// Bytes that a frame of the peer's may have: 16 KiB to 16 MiB. Default: 16 KiB.
    pub fn max_frame_size(mut self, bytes: u32) -> Self {
        self.max_frame_size = bytes.clamp(1 << 14, (1 << 24) - 1);
        self
    }

    /// Bytes of one message's body that wait in the connection, beyond those that wait in the exchange,
    /// however wide the peer's window. Default: 256 KiB.
    pub fn max_send_buffer(mut self, bytes: u32) -> Self {
        self.max_send_buffer = bytes.max(1) as usize;
        self
    }

    /// Asks a peer that has been silent for `interval` with a PING whether it is there; one that stays
    /// silent for `timeout` more is gone. Default: nobody is asked, and idle connections end by the idle
    /// timeout.
    pub fn keep_alive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.keep_alive = Some(KeepAlive { interval, timeout });
        self
    }
}
