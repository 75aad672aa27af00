//! The error codes of HTTP/2 (RFC 9113, section 7).

use std::fmt;

/// Why a peer has ended a stream, or a connection, of HTTP/2.
///
/// # Examples
///
/// ```
/// use firewhirl_http::Http2ErrorCode;
///
/// assert_eq!(Http2ErrorCode::REFUSED_STREAM.to_string(), "REFUSED_STREAM");
/// assert_eq!(Http2ErrorCode::from(0x99).to_string(), "0x99");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Http2ErrorCode(u32);

/// Defines the codes and their names as a table.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        impl Http2ErrorCode {
            $($(#[$doc])* pub const $name: Self = Self($code);)*

            fn name(self) -> Option<&'static str> {
                Some(match self.0 {
                    $($code => stringify!($name),)*
                    _ => return None,
                })
            }
        }
    };
}

codes! {
    /// No error: the end of something that was in order.
    NO_ERROR = 0x0;
    /// A rule was broken for which there is no other code.
    PROTOCOL_ERROR = 0x1;
    /// The peer is at fault itself.
    INTERNAL_ERROR = 0x2;
    /// More was sent than the window allows.
    FLOW_CONTROL_ERROR = 0x3;
    /// Settings were not acknowledged in time.
    SETTINGS_TIMEOUT = 0x4;
    /// A frame came for a stream that was half-closed.
    STREAM_CLOSED = 0x5;
    /// A frame had a size that it must not have.
    FRAME_SIZE_ERROR = 0x6;
    /// The stream was refused before anything was done: it may be tried again.
    REFUSED_STREAM = 0x7;
    /// Nobody is interested in the stream any more.
    CANCEL = 0x8;
    /// A header block could not be decompressed.
    COMPRESSION_ERROR = 0x9;
    /// What was connected to by CONNECT has ended.
    CONNECT_ERROR = 0xa;
    /// The peer is asked to do less.
    ENHANCE_YOUR_CALM = 0xb;
    /// The transport is not safe enough.
    INADEQUATE_SECURITY = 0xc;
    /// HTTP/1.1 is to be used instead.
    HTTP_1_1_REQUIRED = 0xd;
}

impl Http2ErrorCode {
    /// The number.
    pub fn code(self) -> u32 {
        self.0
    }
}

impl From<u32> for Http2ErrorCode {
    fn from(code: u32) -> Self {
        Self(code)
    }
}

impl fmt::Display for Http2ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#x}", self.0),
        }
    }
}
