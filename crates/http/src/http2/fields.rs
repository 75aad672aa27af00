//! Our header blocks as `h2` takes them: the fields of an answer that HTTP/2 has too.

use http::header::{CONNECTION, CONTENT_LENGTH, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName};

use super::recent_fields;
use crate::headers::Headers;

/// Puts the fields in a map; those that are a connection's own are left out. RFC 9113, section 8.2.2:
/// "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header fields."
pub(super) fn to_map(headers: &Headers) -> HeaderMap {
    let lines = headers.lines();
    let mut map = HeaderMap::with_capacity(lines.len());
    for (name, value) in lines {
        if let Some((name, value)) = recent_fields::translated(name, value) {
            map.append(name, value);
        }
    }
    map
}

/// Whether a field speaks of a connection of HTTP/1.1.
pub(super) fn is_connections_own(name: &HeaderName) -> bool {
    matches!(*name, CONNECTION | TRANSFER_ENCODING | UPGRADE | TE)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

/// The fields that may come after a body: none of its framing.
pub(super) fn to_trailers(headers: &Headers) -> HeaderMap {
    let mut map = to_map(headers);
    map.remove(CONTENT_LENGTH);
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_speaks_of_a_connection_is_left_out() {
        let headers = Headers::parse(
            "Server: a\r\nConnection: close\r\nKeep-Alive: 5\r\nTransfer-Encoding: chunked\r\nUpgrade: b\r\n\
             Proxy-Connection: c\r\nSet-Cookie: d=1\r\nSet-Cookie: e=2\r\nX-Own: \u{e9}\r\n",
        )
        .unwrap();
        let map = to_map(&headers);
        let lines: Vec<_> = map.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        assert_eq!(
            lines,
            [("server", &b"a"[..]), ("set-cookie", b"d=1"), ("set-cookie", b"e=2"), ("x-own", "\u{e9}".as_bytes())]
        );
    }
}
