//! The fields of a response on its way back to the client.
//!
//! As with requests: fields about the connection end here, all others go on as they came, `Date` among
//! them. What the site around the route sets is added where the service behind has not said it itself.

use firewhirl_http::http1::ResponseHead;
use firewhirl_http::{Headers, InvalidHeader};

use super::hop_by_hop::{Nominated, is_hop_by_hop};
use super::location::Places;
use super::via::Pseudonym;

/// What decides about a response's fields, beside themselves.
#[derive(Clone, Copy, Default)]
pub(super) struct Outbound<'response> {
    /// Whether the connection goes on in another protocol.
    pub(super) is_switching: bool,
    /// Where URLs in fields are rewritten: from where, and to where.
    pub(super) places: Option<&'response Places>,
}

/// Makes the fields of the response that goes back, in place of what `headers` holds.
///
/// # Errors
///
/// [`InvalidHeader`] for a field that cannot be sent, which none that was parsed is.
pub(super) fn write_response_headers(
    headers: &mut Headers,
    head: &ResponseHead,
    outbound: &Outbound<'_>,
    pseudonym: Option<&Pseudonym>,
) -> Result<(), InvalidHeader> {
    let nominated = Nominated::read(head.field_values("Connection"));
    headers.clear();
    for (name, value) in head.fields() {
        if nominated.contains(name) {
            continue;
        }
        if is_hop_by_hop(name) {
            if outbound.is_switching && name.eq_ignore_ascii_case("upgrade") {
                headers.add(name, value)?;
            }
            continue;
        }
        match outbound.places.and_then(|places| places.rewritten(name, value)) {
            Some(rewritten) => headers.add(name, rewritten)?,
            None => headers.add(name, value)?,
        }
    }
    if let Some(pseudonym) = pseudonym {
        headers.add("Via", pseudonym.value(head.version()))?;
    }
    if outbound.is_switching {
        headers.add("Connection", "Upgrade")?;
    }
    Ok(())
}

/// Adds what the site around the route, and the proxy itself, say of every response. What the service behind
/// says goes before, but for lists to which both may add.
pub(super) fn add_own(headers: &mut Headers, own: &Headers) -> Result<(), InvalidHeader> {
    let adds_up = |name: &str| matches!(name, "Set-Cookie" | "Vary" | "Link");
    for name in own.names() {
        // Which server it is, and of what type its body, only who made the response can say.
        if matches!(name, "Server" | "Content-Type" | "Content-Length") || headers.contains(name) && !adds_up(name) {
            continue;
        }
        for (_, value) in own.iter().filter(|(other, _)| *other == name) {
            headers.add(name, value)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use firewhirl_http::Limits;

    use super::*;

    fn passed_back(head: &str, is_switching: bool) -> Headers {
        let mut parsed = ResponseHead::new();
        parsed.parse(head.as_bytes(), &http::Method::GET, &Limits::default()).unwrap().unwrap();
        let outbound = Outbound { is_switching, places: None };
        let mut headers = Headers::parse("Of: another\r\n").unwrap();
        write_response_headers(&mut headers, &parsed, &outbound, Some(&Pseudonym::new("front"))).unwrap();
        headers
    }

    #[test]
    fn fields_come_back_but_for_those_of_the_connection() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, bool, &str)] = &[
            ("order and repetition",     "HTTP/1.1 200 OK\r\nServer: a\r\nSet-Cookie: b\r\nDate: c\r\nSet-Cookie: d\r\nContent-Length: 3\r\n", false,
             "Server: a\r\nSet-Cookie: b\r\nSet-Cookie: d\r\nDate: c\r\nContent-Length: 3\r\nVia: 1.1 front\r\n"),
            ("fields of the connection", "HTTP/1.0 200 OK\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Authenticate: x\r\nUpgrade: h2c\r\nTrailer: a\r\n", false,
             "Via: 1.0 front\r\n"),
            ("chunks",                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nVia: 1.1 back\r\n", false,
             "Via: 1.1 back\r\nVia: 1.1 front\r\n"),
            ("another protocol",         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n", true,
             "Upgrade: websocket\r\nSec-Websocket-Accept: x\r\nVia: 1.1 front\r\nConnection: Upgrade\r\n"),
        ];
        for &(shows, head, is_switching, expected) in CASES {
            let headers = passed_back(&format!("{head}\r\n"), is_switching);
            assert_eq!(
                headers.as_bytes().escape_ascii().to_string(),
                expected.as_bytes().escape_ascii().to_string(),
                "{shows}"
            );
        }
    }

    #[test]
    fn what_the_site_sets_is_added_where_the_service_behind_says_nothing() {
        let mut headers =
            Headers::parse("Server: theirs\r\nDate: theirs\r\nX-Frame: theirs\r\nSet-Cookie: a=1\r\n").unwrap();
        let own =
            "Server: ours\r\nContent-Type: ours\r\nDate: ours\r\nX-Frame: ours\r\nX-Site: ours\r\nSet-Cookie: b=2\r\n";
        add_own(&mut headers, &Headers::parse(own).unwrap()).unwrap();
        let expected = "Server: theirs\r\nDate: theirs\r\nX-Frame: theirs\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Site: ours\r\n";
        assert_eq!(headers.as_bytes().escape_ascii().to_string(), expected.as_bytes().escape_ascii().to_string());
    }
}
