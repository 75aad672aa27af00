//! The fields of a request on its way to the service behind: what of the client's goes on, and what is added.
//!
//! Fields about the connection end here (RFC 9110, section 7.6.1), framing is made anew, all others go on in
//! their order and as often as they came. Copied once, straight from the head's own bytes.

use firewhirl_http::http1::BodyLength;
use firewhirl_http::{Headers, InvalidHeader};
use http::Version;

use super::forwarded::{self, Said, Way};
use super::hop_by_hop::{Nominated, is_hop_by_hop};
use super::via::Pseudonym;

/// What of a request decides about its fields, beside themselves.
#[derive(Clone, Copy)]
pub(super) struct Inbound<'request> {
    pub(super) version: Version,
    pub(super) way: Way<'request>,
    /// What `Host` is to say.
    pub(super) host: &'request str,
    /// The protocols that the client offers to go on with, if they may be passed on.
    pub(super) upgrade: Option<&'request [u8]>,
    pub(super) body_length: BodyLength,
    /// What remains of `Max-Forwards`, where it counts.
    pub(super) max_forwards: Option<u64>,
}

/// Bytes and lines that our own fields take, roughly.
const OWN_FIELDS: (usize, usize) = (512, 12);

/// Bytes that a field has at least, roughly.
const FIELD: usize = 24;

/// Makes the fields of the request that goes on; whether the client had named it is the second. `size` is
/// what the head had in bytes, `connection` has the values of its `Connection` fields, `text` is memory to put
/// values together in.
///
/// # Errors
///
/// [`InvalidHeader`] for a field that cannot be sent, which none that was parsed is.
pub(super) fn request_headers<'head>(
    fields: impl Iterator<Item = (&'head str, &'head [u8])>,
    connection: impl Iterator<Item = &'head [u8]>,
    size: usize,
    inbound: &Inbound<'_>,
    pseudonym: Option<&Pseudonym>,
    text: &mut String,
) -> Result<(Headers, IsNamed), InvalidHeader> {
    let nominated = Nominated::read(connection);
    let mut headers = Headers::with_capacity(size + OWN_FIELDS.0, size / FIELD + OWN_FIELDS.1);
    headers.add("Host", inbound.host)?;
    let mut said = Said::default();
    let mut cookies = Vec::new();
    let mut is_named = IsNamed(false);
    let mut takes_trailers = false;
    let mut has_length = false;
    for (name, value) in fields {
        if nominated.contains(name) {
            continue;
        }
        match Field::of(name) {
            Field::Other if is_hop_by_hop(name) => {
                takes_trailers |= name.len() == 2 && lists_trailers(value);
            }
            Field::Other => headers.add(name, value)?,
            Field::RequestId => {
                is_named.0 = true;
                headers.add(name, value)?;
            }
            // RFC 9113, section 8.2.3: HTTP/2 may send it in pieces, which HTTP/1.1 has as one.
            Field::Cookie if inbound.version == Version::HTTP_2 => {
                if !cookies.is_empty() {
                    cookies.extend_from_slice(b"; ");
                }
                cookies.extend_from_slice(value);
            }
            Field::Cookie => headers.add(name, value)?,
            Field::Forwarded if inbound.way.is_believed => Said::add(&mut said.forwarded, value),
            Field::XForwardedFor if inbound.way.is_believed => Said::add(&mut said.x_forwarded_for, value),
            Field::XForwardedHost if inbound.way.is_believed => Said::add(&mut said.x_forwarded_host, value),
            Field::Length => has_length = true,
            Field::MaxForwards if inbound.max_forwards.is_none() => headers.add(name, value)?,
            // What we say ourselves, below.
            Field::Forwarded | Field::XForwardedFor | Field::XForwardedHost | Field::MaxForwards | Field::Ours => {}
        }
    }
    if !cookies.is_empty() {
        headers.add("Cookie", cookies)?;
    }
    if let Some(left) = inbound.max_forwards {
        headers.add("Max-Forwards", left)?;
    }
    if let Some(pseudonym) = pseudonym {
        headers.add("Via", pseudonym.value(inbound.version))?;
    }
    forwarded::add(&mut headers, &inbound.way, &said, text)?;
    match inbound.body_length {
        BodyLength::Length(length) => headers.add("Content-Length", length)?,
        BodyLength::Chunked => headers.add("Transfer-Encoding", "chunked")?,
        // A method whose requests have bodies says also that there is none (RFC 9110, section 8.6).
        _ if has_length => headers.add("Content-Length", 0)?,
        _ => {}
    }
    if let Some(protocols) = inbound.upgrade {
        headers.add("Upgrade", protocols)?;
        headers.add("Connection", "Upgrade")?;
    }
    if takes_trailers {
        // RFC 9110, section 10.1.4: who sends it "MUST also send a TE connection option".
        headers.add("Te", "trailers")?;
        let connection = if inbound.upgrade.is_some() { "Upgrade, TE" } else { "TE" };
        headers.set("Connection", connection)?;
    }
    Ok((headers, is_named))
}

/// Whether the client has named its request with `X-Request-Id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IsNamed(pub(super) bool);

/// The protocols that may be passed on of those that a client offers to go on with; `None` where none may.
///
/// HTTP in another version, and TLS, are between the client and us alone: a service behind that took them up
/// would be out of reach for all that this proxy is to see to.
pub(super) fn passable_upgrade(offered: &[u8]) -> Option<&[u8]> {
    let is_ours = |protocol: &[u8]| {
        let protocol = protocol.trim_ascii();
        let name = protocol.split(|&byte| byte == b'/').next().unwrap_or_default();
        [&b"h2c"[..], b"h2", b"http", b"tls", b""].iter().any(|ours| name.eq_ignore_ascii_case(ours))
    };
    if offered.split(|&byte| byte == b',').any(is_ours) { None } else { Some(offered) }
}

fn lists_trailers(value: &[u8]) -> bool {
    value.split(|&byte| byte == b',').any(|coding| {
        let coding = coding.split(|&byte| byte == b';').next().unwrap_or_default();
        coding.trim_ascii().eq_ignore_ascii_case(b"trailers")
    })
}

/// What is done about a field by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Other,
    Cookie,
    RequestId,
    Length,
    MaxForwards,
    Forwarded,
    XForwardedFor,
    XForwardedHost,
    /// We say it, whatever came.
    Ours,
}

impl Field {
    fn of(name: &str) -> Self {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match name.len() {
            4 if is("host") => Self::Ours,
            6 if is("cookie") => Self::Cookie,
            6 if is("expect") => Self::Ours,
            8 => Self::claim(name, "x-scheme", Self::Ours),
            9 if is("forwarded") => Self::Forwarded,
            9 => Self::claim(name, "x-real-ip", Self::Ours),
            12 if is("max-forwards") => Self::MaxForwards,
            12 if is("x-request-id") => Self::RequestId,
            14 if is("content-length") => Self::Length,
            15 => Self::claim(name, "x-forwarded-for", Self::XForwardedFor),
            16 => Self::claim(name, "x-forwarded-host", Self::XForwardedHost),
            17 => Self::claim(name, "x-forwarded-proto", Self::Ours),
            _ => Self::Other,
        }
    }

    /// A field by which a proxy says who its client is. Services that see fields as variables (CGI, WSGI)
    /// cannot tell `X_Real_Ip` from `X-Real-Ip`, so a name with underscores is not let through in its place.
    fn claim(name: &str, known: &str, field: Self) -> Self {
        if name.eq_ignore_ascii_case(known) {
            return field;
        }
        let same = |(byte, known): (u8, u8)| byte.eq_ignore_ascii_case(&known) || (byte, known) == (b'_', b'-');
        if name.bytes().zip(known.bytes()).all(same) { Self::Ours } else { Self::Other }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use firewhirl_http::Limits;
    use firewhirl_http::http1::RequestHead;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

    /// The fields that go on, without those that tell of the way.
    fn passed_on(head: &str, version: Version) -> String {
        let mut parsed = RequestHead::new();
        parsed.parse(head.as_bytes(), &Limits::default()).unwrap().unwrap();
        let way = Way { peer: Some(PEER), client: Some(PEER), protocol: "http", host: "a", is_believed: false };
        let inbound = Inbound {
            version,
            way,
            host: "a",
            upgrade: parsed.upgrade().and_then(passable_upgrade),
            body_length: parsed.body_length(),
            max_forwards: None,
        };
        let front = Pseudonym::new("front");
        let connection = parsed.field_values("Connection");
        let text = &mut String::new();
        let made = request_headers(parsed.fields(), connection, head.len(), &inbound, Some(&front), text);
        let headers = made.unwrap().0;
        let told = ["X-Real-Ip", "X-Forwarded-For", "X-Forwarded-Proto", "X-Scheme", "X-Forwarded-Host", "Forwarded"];
        let lines = headers.iter().filter(|(name, _)| !told.contains(name));
        lines.map(|(name, value)| format!("{name}: {}|", value.escape_ascii())).collect()
    }

    #[test]
    fn fields_go_on_but_for_those_of_the_connection() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, &str)] = &[
            ("nothing more than needed", "GET / HTTP/1.1\r\nHost: a\r\n",
             "Host: a|Via: 1.1 front|"),
            ("order and repetition",     "GET / HTTP/1.1\r\nB: 1\r\nHost: a\r\nA: 2\r\nB: 3\r\n",
             "Host: a|B: 1|B: 3|A: 2|Via: 1.1 front|"),
            ("fields of the connection", "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\nProxy-Authorization: x\r\nProxy-Connection: close\r\nTE: gzip\r\nTrailer: X\r\nA: 1\r\n",
             "Host: a|A: 1|Via: 1.1 front|"),
            ("fields that it names",     "GET / HTTP/1.1\r\nHost: a\r\nX-Hop: 1\r\nConnection: close, x-hop\r\nA: 1\r\n",
             "Host: a|A: 1|Via: 1.1 front|"),
            ("not what we say",          "GET / HTTP/1.1\r\nHost: a\r\nConnection: host, via, x-real-ip\r\n",
             "Host: a|Via: 1.1 front|"),
            ("trailers can be taken",    "GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=0.5, Trailers\r\nConnection: TE\r\n",
             "Host: a|Via: 1.1 front|Te: trailers|Connection: TE|"),
            ("a length",                 "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nA: 1\r\n",
             "Host: a|A: 1|Via: 1.1 front|Content-Length: 3|"),
            ("a length of nothing",      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n",
             "Host: a|Via: 1.1 front|Content-Length: 0|"),
            ("chunks",                   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n",
             "Host: a|Via: 1.1 front|Transfer-Encoding: chunked|"),
            ("other proxies",            "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 cache\r\n",
             "Host: a|Via: 1.0 cache|Via: 1.1 front|"),
            ("a WebSocket",              "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
             "Host: a|Sec-Websocket-Version: 13|Via: 1.1 front|Upgrade: websocket|Connection: Upgrade|"),
            ("an upgrade that is not one", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n",
             "Host: a|Via: 1.1 front|"),
            ("HTTP/2 in clear",          "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n",
             "Host: a|Via: 1.1 front|"),
            ("claims of the client",     "GET / HTTP/1.1\r\nHost: a\r\nX-Real-Ip: 9\r\nX-Forwarded-For: 9\r\nForwarded: for=9\r\nx_real_ip: 9\r\nX-Forwarded_Proto: 9\r\nX-Forwarded-Server: 9\r\n",
             "Host: a|X-Forwarded-Server: 9|Via: 1.1 front|"),
            ("names of the request",     "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: 7\r\nTraceparent: 00-1-2-01\r\n",
             "Host: a|X-Request-Id: 7|Traceparent: 00-1-2-01|Via: 1.1 front|"),
            ("cookies",                  "GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\n",
             "Host: a|Cookie: a=1|Cookie: b=2|Via: 1.1 front|"),
        ];
        for (shows, head, expected) in CASES {
            assert_eq!(passed_on(&format!("{head}\r\n"), Version::HTTP_11), *expected, "{shows}");
        }
    }

    #[test]
    fn cookies_in_pieces_become_one() {
        let head = "GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nA: 1\r\nCookie: b=2\r\n\r\n";
        assert_eq!(passed_on(head, Version::HTTP_2), "Host: a|A: 1|Cookie: a=1; b=2|Via: 2 front|");
    }

    #[test]
    fn only_protocols_that_are_not_http_are_passed_on() {
        #[rustfmt::skip]
        const CASES: &[(&[u8], bool)] = &[
            (b"websocket",        true),
            (b"WebSocket, chat/2", true),
            (b"h2c",              false),
            (b"websocket, H2C",   false),
            (b"HTTP/2.0",         false),
            (b"TLS/1.0",          false),
            (b"",                 false),
        ];
        for &(offered, expected) in CASES {
            assert_eq!(passable_upgrade(offered).is_some(), expected, "{}", offered.escape_ascii());
        }
    }
}
