//! How much of a message is taken from a peer before it is refused.
//!
//! Plain values that enter at the top and are passed down to the codec, which counts. A limit is on
//! what a peer can make us hold or do; how long it may take for it is a timeout, and not here.

/// The limits on one message, of either direction.
///
/// Tornado's `max_header_size` and `max_body_size` of `HTTP1ConnectionParameters`, and what Tornado
/// has fixed in its code.
///
/// # Examples
///
/// ```
/// use firewhirl_http::Limits;
///
/// let limits = Limits::default().max_body_size(2 * 1024 * 1024).bare_line_feed(false);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) header_size: usize,
    pub(crate) start_line: usize,
    pub(crate) fields: usize,
    pub(crate) body_size: u64,
    pub(crate) chunk_size: usize,
    pub(crate) chunk_extensions: u64,
    pub(crate) trailer_size: usize,
    pub(crate) bare_line_feed: bool,
}

/// Offsets within a head are kept in 32 bits.
const HEADER_SIZE_MAX: usize = 1024 * 1024 * 1024;

/// As many as a `HeaderMap` of the `http` crate can hold.
const FIELDS_MAX: usize = 24 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_size: 64 * 1024,
            start_line: 64 * 1024,
            fields: 256,
            body_size: 100 * 1024 * 1024,
            chunk_size: 64 * 1024,
            chunk_extensions: 16 * 1024,
            trailer_size: 8 * 1024,
            bare_line_feed: true,
        }
    }
}

impl Limits {
    /// Bytes a head may have, from its first line to the empty one; a longer request is answered 431.
    /// Default: 64 KiB, as in Tornado; at most 1 GiB.
    pub fn max_header_size(mut self, bytes: usize) -> Self {
        self.header_size = bytes.min(HEADER_SIZE_MAX);
        self
    }

    /// Bytes the first line of a message may have; a request whose line is longer is answered 414.
    /// Default: 64 KiB, so that [`max_header_size`](Self::max_header_size) alone decides, as in
    /// Tornado. RFC 9112, section 3, asks for 8,000 at least.
    pub fn max_start_line(mut self, bytes: usize) -> Self {
        self.start_line = bytes;
        self
    }

    /// Field lines a head or a trailer section may have; a request with more is answered 431.
    ///
    /// Default: 256, ten times what browsers send behind two proxies. Looking for a field takes time
    /// in proportion to their number, and a head of 64 KiB could hold 16,000. At most 24,576.
    pub fn max_fields(mut self, count: usize) -> Self {
        self.fields = count.min(FIELDS_MAX);
        self
    }

    /// Bytes a body may have once its framing is taken off; a longer request is answered 413.
    /// Default: 100 MiB, as in Tornado.
    pub fn max_body_size(mut self, bytes: u64) -> Self {
        self.body_size = bytes;
        self
    }

    /// Bytes of a body that are handed over at a time, at least one. Default: 64 KiB, as in Tornado.
    pub fn chunk_size(mut self, bytes: usize) -> Self {
        self.chunk_size = bytes.max(1);
        self
    }

    /// Bytes of chunk extensions in one body that carry no content: they may be as many as the
    /// content so far, and this many more. A request beyond that is answered 413. Default: 16 KiB.
    pub fn max_chunk_extensions(mut self, bytes: u64) -> Self {
        self.chunk_extensions = bytes;
        self
    }

    /// Bytes the trailer section after the last chunk may have; a request with a longer one is
    /// answered 431. Default: 8 KiB.
    pub fn max_trailer_size(mut self, bytes: usize) -> Self {
        self.trailer_size = bytes.min(HEADER_SIZE_MAX);
        self
    }

    /// Whether a line feed without its carriage return may end a line of a head (RFC 9112,
    /// section 2.2, leaves it to the recipient). In the framing of chunks it never may.
    /// Default: `true`, as in Tornado 6.6.
    pub fn bare_line_feed(mut self, allowed: bool) -> Self {
        self.bare_line_feed = allowed;
        self
    }
}
