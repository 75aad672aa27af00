//! What goes wrong between two sides of HTTP: the peer breaks its rules, or the application breaks ours.
//!
//! [`ProtocolError`] is the peer's fault and carries the status to answer it with and the section of
//! the RFC that it broke. [`OutputError`] is the fault of the code that writes a message here.

use std::fmt;

use http::StatusCode;

/// The peer sent what HTTP does not allow, or more than the [`Limits`](crate::Limits).
///
/// Small and without allocation. Says what was expected and shows the beginning of what came instead.
/// Tornado's `HTTPInputError`, with its messages.
///
/// # Examples
///
/// ```
/// use firewhirl_http::http1::RequestHead;
/// use firewhirl_http::Limits;
///
/// let error = RequestHead::new().parse(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", &Limits::default()).unwrap_err();
/// assert_eq!(error.to_string(), "Invalid header name 'Host '");
/// assert_eq!(error.status(), 400);
/// assert_eq!(error.section(), "RFC 9112, section 5.1");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ProtocolError {
    kind: ProtocolErrorKind,
    found: Found,
}

/// Defines the kinds of [`ProtocolError`] as a table.
macro_rules! protocol_errors {
    ($($(#[$doc:meta])* $kind:ident: $status:ident, $section:literal, $message:literal;)*) => {
        /// Which rule or limit it was.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ProtocolErrorKind {
            $($(#[$doc])* $kind,)*
        }

        impl ProtocolErrorKind {
            /// The status, the section, and the message; a `{}` in it stands for what came.
            const fn row(self) -> (StatusCode, &'static str, &'static str) {
                match self {
                    $(Self::$kind => (StatusCode::$status, $section, $message),)*
                }
            }
        }

        #[cfg(test)]
        const KINDS: &[ProtocolErrorKind] = &[$(ProtocolErrorKind::$kind,)*];
    };
}

protocol_errors! {
    /// The request line is not method, target and version with one space between.
    RequestLine: BAD_REQUEST, "RFC 9112, section 3", "Malformed HTTP request line: {}";
    /// The status line is not version, three digits and a reason.
    StatusLine: BAD_REQUEST, "RFC 9112, section 4", "Malformed HTTP status line: {}";
    /// No space within a request line's limit: a method like none that exists.
    MethodTooLong: NOT_IMPLEMENTED, "RFC 9112, section 3", "request method longer than any: {}";
    /// The target has none of the four forms, or not the one that its method asks for.
    Target: BAD_REQUEST, "RFC 9112, section 3.2", "Invalid request target: {}";
    /// The first line is over its limit.
    TargetTooLong: URI_TOO_LONG, "RFC 9110, section 15.5.15", "request line too long: {}";
    /// A version below 1.
    OldVersion: BAD_REQUEST, "RFC 9112, section 2.3", "Unexpected HTTP version {}";
    /// A version above 1, spoken in the form of version 1.
    NewVersion: HTTP_VERSION_NOT_SUPPORTED, "RFC 9110, section 15.6.6", "Unexpected HTTP version {}";
    /// The head is over its limit.
    HeadTooLarge: REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585, section 5", "header too large, at {}";
    /// There are more fields than the limit.
    TooManyFields: REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 6585, section 5", "too many header fields, at {}";
    /// The name of a field is no token; often there is a space before the colon.
    FieldName: BAD_REQUEST, "RFC 9112, section 5.1", "Invalid header name {}";
    /// A control character other than the tab in a field.
    FieldValue: BAD_REQUEST, "RFC 9110, section 5.5", "Invalid header value {}";
    /// A field line without its colon.
    NoColon: BAD_REQUEST, "RFC 9112, section 5", "no colon in header line {}";
    /// A line that begins with whitespace.
    Folding: BAD_REQUEST, "RFC 9112, section 5.2", "header line cannot start with whitespace, folding not supported: {}";
    /// A carriage return that no line feed follows.
    BareCarriageReturn: BAD_REQUEST, "RFC 9112, section 2.2", "carriage return without a line feed after {}";
    /// A line feed without its carriage return, where that is not allowed.
    BareLineFeed: BAD_REQUEST, "RFC 9112, section 2.2", "line feed without a carriage return after {}";
    /// HTTP/1.1 without a `Host`.
    MissingHost: BAD_REQUEST, "RFC 9112, section 3.2", "Missing Host header";
    /// More than one `Host`.
    MultipleHosts: BAD_REQUEST, "RFC 9112, section 3.2", "Multiple host headers not allowed: {}";
    /// A `Host` that is no host and port.
    InvalidHost: BAD_REQUEST, "RFC 9112, section 3.2", "Invalid Host header: {}";
    /// A `Content-Length` that is not digits alone.
    ContentLength: BAD_REQUEST, "RFC 9112, section 6.3", "Only integer Content-Length is allowed: {}";
    /// Several values of `Content-Length` that differ.
    UnequalLengths: BAD_REQUEST, "RFC 9112, section 6.3", "Multiple unequal Content-Lengths: {}";
    /// `Transfer-Encoding` beside `Content-Length`.
    BothLengths: BAD_REQUEST, "RFC 9112, section 6.3", "Message with both Transfer-Encoding and Content-Length";
    /// A `Transfer-Encoding` that does not say where the body ends.
    TransferEncoding: BAD_REQUEST, "RFC 9112, section 6.3", "Unsupported Transfer-Encoding {}";
    /// `Transfer-Encoding` in a message of HTTP/1.0.
    TransferEncodingVersion: BAD_REQUEST, "RFC 9112, section 6.1", "Transfer-Encoding {} in an HTTP/1.0 message";
    /// A coding before `chunked` that is not known here.
    TransferCoding: NOT_IMPLEMENTED, "RFC 9112, section 6.1", "Unsupported Transfer-Encoding {}";
    /// An expectation other than `100-continue`.
    Expectation: EXPECTATION_FAILED, "RFC 9110, section 10.1.1", "Unsupported Expect {}";
    /// A chunk does not begin with a size in hexadecimal digits.
    ChunkSize: BAD_REQUEST, "RFC 9112, section 7.1", "invalid chunk size, at {}";
    /// A chunk extension is not `;name` or `;name=value`.
    ChunkExtension: BAD_REQUEST, "RFC 9112, section 7.1.1", "invalid chunk extension, at {}";
    /// More chunk extensions than the limit.
    ChunkExtensionsTooLarge: PAYLOAD_TOO_LARGE, "RFC 9112, section 7.1.1", "chunk extensions too large";
    /// A chunk is longer or shorter than its size says.
    ChunkEnd: BAD_REQUEST, "RFC 9112, section 7.1", "improperly terminated chunk, at {}";
    /// The trailer section is over its limit.
    TrailerTooLarge: REQUEST_HEADER_FIELDS_TOO_LARGE, "RFC 9112, section 7.1.2", "trailer section too large, at {}";
    /// The body is over its limit.
    BodyTooLarge: PAYLOAD_TOO_LARGE, "RFC 9110, section 15.5.14", "body too large";
    /// The peer closed in the middle of a message.
    Incomplete: BAD_REQUEST, "RFC 9112, section 8", "connection closed before the message was complete";
    /// A response that has no body announces one.
    BodyNotAllowed: BAD_REQUEST, "RFC 9112, section 6.3", "a response with status code {} should not have a body";
    /// More informational responses than a client waits through.
    TooManyInformational: BAD_REQUEST, "RFC 9110, section 15.2", "Too many 1xx responses";
    /// The server switches to a protocol that was not asked for.
    UnaskedSwitch: BAD_REQUEST, "RFC 9110, section 15.2.2", "switched to a protocol that was not asked for";
}

impl ProtocolError {
    #[cold]
    pub(crate) fn new(kind: ProtocolErrorKind, found: &[u8]) -> Self {
        Self { kind, found: Found::of(found) }
    }

    /// Which rule or limit it was.
    pub fn kind(&self) -> ProtocolErrorKind {
        self.kind
    }

    /// The status that a server answers with before it closes; of a response's faults, which nobody
    /// is to be told of, 400.
    pub fn status(&self) -> StatusCode {
        self.kind.row().0
    }

    /// Where the rule stands, such as `RFC 9112, section 6.3`.
    pub fn section(&self) -> &'static str {
        self.kind.row().1
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.kind.row().2;
        match message.split_once("{}") {
            Some((before, after)) => write!(f, "{before}{}{after}", self.found),
            None => f.write_str(message),
        }
    }
}

impl fmt::Debug for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self}; {})", self.kind, self.section())
    }
}

impl std::error::Error for ProtocolError {}

/// The beginning of what a peer sent, kept to be shown: quoted, escaped, and cut.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Found {
    bytes: [u8; Found::SHOWN],
    length: u8,
    cut: bool,
}

impl Found {
    const SHOWN: usize = 40;

    fn of(found: &[u8]) -> Self {
        let shown = &found[..found.len().min(Self::SHOWN)];
        let mut bytes = [0; Self::SHOWN];
        bytes[..shown.len()].copy_from_slice(shown);
        Self { bytes, length: shown.len() as u8, cut: found.len() > Self::SHOWN }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.bytes[..usize::from(self.length)];
        write!(f, "'{}'{}", shown.escape_ascii(), if self.cut { "..." } else { "" })
    }
}

/// The application wrote what cannot be sent as a message of HTTP.
///
/// Tornado's `HTTPOutputError`, and what it asserts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputError {
    /// A second head.
    HeadTwice,
    /// A body, or its end, before a head.
    NoHead,
    /// Anything after the end.
    AfterEnd,
    /// More bytes of body than the `Content-Length` that was given.
    MoreThanLength,
    /// The end, this many bytes before the `Content-Length` that was given.
    LessThanLength {
        /// The bytes that were promised and not written.
        missing: u64,
    },
    /// A body with a status that has none: 1xx, 204, 205, 304.
    BodyNotAllowed {
        /// The status.
        status: StatusCode,
    },
    /// A `Content-Length` that is not one number.
    ContentLength,
    /// A `Content-Length` beside a `Transfer-Encoding`.
    BothLengths,
    /// A reason phrase with a control character, or a request target with a space.
    StartLine,
    /// A `Transfer-Encoding` of the program's own in an answer of HTTP/2, which has none.
    TransferEncoding,
    /// 101 to a client that did not ask for another protocol.
    UnaskedSwitch,
    /// A request without a valid `Host`.
    NoHost,
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeadTwice => f.write_str("the head was written before"),
            Self::NoHead => f.write_str("a body needs a head before it"),
            Self::AfterEnd => f.write_str("the message was finished before"),
            Self::MoreThanLength => f.write_str("Tried to write more data than Content-Length"),
            Self::LessThanLength { missing } => write!(f, "Tried to write {missing} bytes less than Content-Length"),
            Self::BodyNotAllowed { status } => write!(f, "Cannot send body with status code {}", status.as_u16()),
            Self::ContentLength => f.write_str("Content-Length must be one number"),
            Self::BothLengths => f.write_str("a message has a Content-Length or a Transfer-Encoding, not both"),
            Self::StartLine => f.write_str("a reason phrase or a request target cannot hold control characters"),
            Self::NoHost => f.write_str("a request needs a Host that is a host and a port"),
            Self::TransferEncoding => {
                f.write_str("HTTP/2 has no Transfer-Encoding: write the body without its framing")
            }
            Self::UnaskedSwitch => f.write_str("101 needs a client that asked for another protocol with Upgrade"),
        }
    }
}

impl std::error::Error for OutputError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_names_its_section_and_a_status_of_failure() {
        for &kind in KINDS {
            let error = ProtocolError::new(kind, b"x");
            assert!(error.section().starts_with("RFC "), "{kind:?}");
            assert!(error.status().is_client_error() || error.status().is_server_error(), "{kind:?}");
            assert!(!error.to_string().ends_with('.'), "{kind:?}");
        }
    }

    #[test]
    fn what_came_is_shown_escaped_and_cut() {
        let error = ProtocolError::new(ProtocolErrorKind::FieldValue, b"a\x01b\xff");
        assert_eq!(error.to_string(), r"Invalid header value 'a\x01b\xff'");
        let error = ProtocolError::new(ProtocolErrorKind::FieldValue, &[b'a'; 41]);
        assert_eq!(error.to_string(), format!("Invalid header value '{}'...", "a".repeat(40)));
    }
}
