//! Who the client is and what it asked for, told to the service behind: `Forwarded` (RFC 7239) and the
//! `X-` fields from before it, among them those that Tornado's `xheaders` reads.
//!
//! What a client says of these itself is worth nothing, unless the server believes the proxy in front of it
//! (`xheaders`): only then is what came added to, else it is replaced.

use std::fmt::Write;
use std::net::IpAddr;

use firewhirl_http::{Headers, InvalidHeader};

/// By which way a request came to us.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'request> {
    /// The other end of the connection; `None` on a Unix socket.
    pub(super) peer: Option<IpAddr>,
    /// The client, whom a proxy in front may have named.
    pub(super) client: Option<IpAddr>,
    /// `http` or `https`.
    pub(super) protocol: &'request str,
    /// Host and port, as the client asked for them.
    pub(super) host: &'request str,
    /// Whether the proxy in front is believed.
    pub(super) is_believed: bool,
}

/// What the proxy in front has said, if it is believed; each field's lines joined to one list.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) forwarded: String,
    pub(super) x_forwarded_for: String,
    pub(super) x_forwarded_host: String,
}

impl Said {
    /// Adds a line to a list.
    pub(super) fn add(list: &mut String, line: &[u8]) {
        // What is no text is no list of hosts and addresses.
        let Ok(line) = std::str::from_utf8(line) else { return };
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(line);
    }
}

/// Adds the fields that tell of the way. `text` is memory to put them together in.
pub(super) fn add(headers: &mut Headers, way: &Way<'_>, said: &Said, text: &mut String) -> Result<(), InvalidHeader> {
    let is_behind_proxy = way.is_believed && way.client != way.peer;
    text.clear();
    if let Some(client) = way.client {
        write_address(text, client);
        headers.add("X-Real-Ip", text.as_str())?;
    }
    let is_said = !said.x_forwarded_for.is_empty();
    // What stands there now is all there is to say of a client of our own.
    if is_said || is_behind_proxy || way.client != way.peer {
        if is_said || !is_behind_proxy {
            text.clear();
            text.push_str(&said.x_forwarded_for);
        }
        if let Some(peer) = way.peer {
            if !text.is_empty() {
                text.push_str(", ");
            }
            write_address(text, peer);
        }
    }
    if !text.is_empty() {
        headers.add("X-Forwarded-For", text.as_str())?;
    }
    headers.add("X-Forwarded-Proto", way.protocol)?;
    headers.add("X-Scheme", way.protocol)?;
    headers
        .add("X-Forwarded-Host", if said.x_forwarded_host.is_empty() { way.host } else { &said.x_forwarded_host })?;
    text.clear();
    text.push_str(&said.forwarded);
    if is_behind_proxy && text.is_empty() {
        // The proxy in front does not speak RFC 7239; what it knows stands before what we know.
        write_element(text, way.client, way);
    }
    write_element(text, way.peer, way);
    headers.add("Forwarded", text.as_str())
}

/// Appends one element of `Forwarded`: what was asked for, and by whom.
fn write_element(list: &mut String, node: Option<IpAddr>, way: &Way<'_>) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.push_str("for=");
    match node {
        // RFC 7239, section 6: an address of version 6 stands in brackets, and since a token has no colon, in
        // quotes.
        Some(address @ IpAddr::V6(_)) => {
            list.push_str("\"[");
            write_address(list, address);
            list.push_str("]\"");
        }
        Some(address) => write_address(list, address),
        None => list.push_str("unknown"),
    }
    list.push_str(";host=");
    write_value(list, way.host);
    list.push_str(";proto=");
    list.push_str(way.protocol);
}

/// Appends an address; one of version 4 digit by digit, since `fmt` costs several times as much.
fn write_address(list: &mut String, address: IpAddr) {
    let IpAddr::V4(address) = address else {
        // Writing into a `String` does not fail.
        let _ = write!(list, "{address}");
        return;
    };
    for (place, octet) in address.octets().into_iter().enumerate() {
        if place > 0 {
            list.push('.');
        }
        for (power, is_shown) in [(100, octet >= 100), (10, octet >= 10), (1, true)] {
            if is_shown {
                list.push(char::from(b'0' + octet / power % 10));
            }
        }
    }
}

/// Appends a token as it is, any other text in quotes.
fn write_value(list: &mut String, value: &str) {
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !value.is_empty() && value.bytes().all(is_token_byte) {
        return list.push_str(value);
    }
    list.push('"');
    let mut rest = value;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\')) {
        let (plain, escaped) = rest.split_at(at);
        let (first, after) = escaped.split_at(1);
        list.push_str(plain);
        list.push('\\');
        list.push_str(first);
        rest = after;
    }
    list.push_str(rest);
    list.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(peer: &str, client: &str, is_believed: bool, said: [&str; 3]) -> String {
        let way = Way {
            peer: peer.parse().ok(),
            client: client.parse().ok(),
            protocol: "https",
            host: "example.com:8443",
            is_believed,
        };
        let [forwarded, x_forwarded_for, x_forwarded_host] = said.map(str::to_owned);
        let mut headers = Headers::new();
        let said = Said { forwarded, x_forwarded_for, x_forwarded_host };
        add(&mut headers, &way, &said, &mut "of before".to_owned()).unwrap();
        let lines: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.escape_ascii())).collect();
        lines.join("\n").replace("\\\"", "\"")
    }

    #[test]
    fn the_client_is_told_of_in_every_way_that_services_read() {
        let element = |node: &str| format!("for={node};host=\"example.com:8443\";proto=https");
        let expected = |real: &str, list: &str, host: &str, forwarded: &str| {
            let real = if real.is_empty() { String::new() } else { format!("X-Real-Ip: {real}\n") };
            let list = if list.is_empty() { String::new() } else { format!("X-Forwarded-For: {list}\n") };
            format!(
                "{real}{list}X-Forwarded-Proto: https\nX-Scheme: https\nX-Forwarded-Host: {host}\nForwarded: {forwarded}"
            )
        };
        let (own, none) = ("example.com:8443", ["", "", ""]);
        #[rustfmt::skip]
        let cases = [
            ("a client of our own",   told("1.2.3.4", "1.2.3.4", false, none),
             expected("1.2.3.4", "1.2.3.4", own, &element("1.2.3.4"))),
            ("of version 6",          told("2001:db8::7", "2001:db8::7", false, none),
             expected("2001:db8::7", "2001:db8::7", own, &element("\"[2001:db8::7]\""))),
            ("over a Unix socket",    told("", "", false, none),
             expected("", "", own, &element("unknown"))),
            ("a proxy with one name for the client", told("10.0.0.1", "1.2.3.4", true, none),
             expected("1.2.3.4", "1.2.3.4, 10.0.0.1", own, &format!("{}, {}", element("1.2.3.4"), element("10.0.0.1")))),
            ("a proxy with lists",    told("10.0.0.1", "1.2.3.4", true, ["for=9.9.9.9", "9.9.9.9, 1.2.3.4", "www.example.com"]),
             expected("1.2.3.4", "9.9.9.9, 1.2.3.4, 10.0.0.1", "www.example.com", &format!("for=9.9.9.9, {}", element("10.0.0.1")))),
            ("a proxy over a Unix socket", told("", "1.2.3.4", true, ["", "1.2.3.4", ""]),
             expected("1.2.3.4", "1.2.3.4", own, &format!("{}, {}", element("1.2.3.4"), element("unknown")))),
            ("a believed proxy that says nothing", told("10.0.0.1", "10.0.0.1", true, none),
             expected("10.0.0.1", "10.0.0.1", own, &element("10.0.0.1"))),
        ];
        for (shows, told, expected) in cases {
            assert_eq!(told, expected, "{shows}");
        }
    }

    #[test]
    fn addresses_are_written_as_everywhere() {
        for text in ["0.0.0.0", "1.20.100.255", "99.10.9.200", "2001:db8::7", "::ffff:1.2.3.4"] {
            let mut written = String::new();
            write_address(&mut written, text.parse().unwrap());
            assert_eq!(written, text.parse::<IpAddr>().unwrap().to_string());
        }
    }

    #[test]
    fn a_host_cannot_break_out_of_its_quotes() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str)] = &[
            ("example.com",   "example.com"),
            ("example.com:1", "\"example.com:1\""),
            ("[::1]:1",       "\"[::1]:1\""),
            ("a\";for=b\\",   "\"a\\\";for=b\\\\\""),
            ("",              "\"\""),
        ];
        for &(host, expected) in CASES {
            let mut list = String::new();
            write_value(&mut list, host);
            assert_eq!(list, expected);
        }
    }
}
