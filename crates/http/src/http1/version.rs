//! The version at the start or the end of a message's first line (RFC 9112, section 2.3).

use http::Version;

use crate::error::{ProtocolError, ProtocolErrorKind};

/// Reads `HTTP/` and two digits with a point between, in capitals; else `malformed` is wrong with
/// the `line`.
///
/// A later minor version promises to be understood as 1.1 (RFC 9110, section 2.5). Of another major
/// version nothing can be known, not even whether this is a request of it; a later one is told so.
#[inline]
pub(super) fn parse_version(
    version: &[u8],
    malformed: ProtocolErrorKind,
    line: &[u8],
) -> Result<Version, ProtocolError> {
    // Alone, this is a comparison of one word.
    if version == b"HTTP/1.1" {
        return Ok(Version::HTTP_11);
    }
    match version {
        b"HTTP/1.0" => Ok(Version::HTTP_10),
        [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', b'0'..=b'9'] => match major {
            b'0' => Err(ProtocolError::new(ProtocolErrorKind::OldVersion, version)),
            b'1' => Ok(Version::HTTP_11),
            _ => Err(ProtocolError::new(ProtocolErrorKind::NewVersion, version)),
        },
        _ => Err(ProtocolError::new(malformed, line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProtocolErrorKind::{NewVersion, OldVersion, RequestLine};

    #[test]
    fn every_1_x_is_understood_and_nothing_else() {
        #[rustfmt::skip]
        const CASES: &[(&[u8], Result<Version, ProtocolErrorKind>)] = &[
            (b"HTTP/1.1",  Ok(Version::HTTP_11)),
            (b"HTTP/1.0",  Ok(Version::HTTP_10)),
            (b"HTTP/1.2",  Ok(Version::HTTP_11)),
            (b"HTTP/1.9",  Ok(Version::HTTP_11)),
            (b"HTTP/0.9",  Err(OldVersion)),
            (b"HTTP/2.0",  Err(NewVersion)),
            (b"HTTP/3.0",  Err(NewVersion)),
            (b"HTTP/9.9",  Err(NewVersion)),
            (b"HTTP/2",    Err(RequestLine)),
            (b"HTTP/1.10", Err(RequestLine)),
            (b"HTTP/11.1", Err(RequestLine)),
            (b"HTTP/1,1",  Err(RequestLine)),
            (b"HTTP/1.",   Err(RequestLine)),
            (b"HTTP/1.x",  Err(RequestLine)),
            (b"HTTP/",     Err(RequestLine)),
            (b"HTTP1.1",   Err(RequestLine)),
            (b"http/1.1",  Err(RequestLine)),
            (b"HtTP/1.1",  Err(RequestLine)),
            (b"HTTPS/1.1", Err(RequestLine)),
            (b"",          Err(RequestLine)),
        ];
        for &(version, expected) in CASES {
            let found = parse_version(version, RequestLine, version).map_err(|error| error.kind());
            assert_eq!(found, expected, "{}", version.escape_ascii());
        }
    }
}
