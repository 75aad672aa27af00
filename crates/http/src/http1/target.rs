//! The request target in its four forms, and what a host may look like (RFC 9112, section 3.2; RFC 3986).

use std::net::Ipv6Addr;
use std::ops::Range;

use http::Method;

use super::blocks::{BLOCK, leading_plain};
use super::fields::Span;
use super::lines::REGISTERED_NAME;

/// A target taken apart, to be parsed into again and again.
///
/// It is kept as text of its own, so that its parts, which routing asks for more than once, need no
/// second look for UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    text: String,
    parts: Parts,
}

/// Where in a target its parts are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parts {
    authority: Option<Span>,
    path: Span,
    query: Option<Span>,
    form: Form,
}

/// RFC 9112, sections 3.2.1 to 3.2.4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// `/path?query`, what nearly all requests have.
    #[default]
    Origin,
    /// `http://host/path?query`, which proxies are sent, and which every server has to understand.
    Absolute,
    /// `host:port`, for CONNECT alone.
    Authority,
    /// `*`, the server as a whole: for OPTIONS, and for methods that HTTP itself does not define.
    Asterisk,
}

impl Target {
    /// Takes apart the target that is at `place` in its line; whether it is one, and one that the
    /// method may have. Only then there are parts to ask for.
    #[inline]
    pub(super) fn parse(&mut self, line: &[u8], place: Range<usize>, method: &Method) -> bool {
        let Some(target) = line.get(place.clone()) else { return false };
        // What nearly all requests have needs but one look.
        let (query, end) = scan(line, place.start);
        let parts = if target.starts_with(b"/") && end == place.end && *method != Method::CONNECT {
            Some(Parts::of_path(0, query.map(|mark| mark - place.start), target.len()))
        } else {
            parse_parts(target, method)
        };
        let Some(parts) = parts else { return false };
        self.parts = parts;
        self.keep(target)
    }

    /// Forgets the target, keeps its memory.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.parts = Parts::default();
    }

    /// The target as it came.
    #[inline]
    pub(super) fn whole(&self) -> &str {
        &self.text
    }

    /// Host and port, where the target says them.
    #[inline]
    pub(super) fn authority(&self) -> Option<&str> {
        self.parts.authority.map(|span| span.part(&self.text))
    }

    /// The path; empty where an absolute-form target has none, and for CONNECT.
    #[inline]
    pub(super) fn path(&self) -> &str {
        self.parts.path.part(&self.text)
    }

    /// What follows the first question mark.
    #[inline]
    pub(super) fn query(&self) -> Option<&str> {
        self.parts.query.map(|span| span.part(&self.text))
    }

    #[inline]
    pub(super) fn form(&self) -> Form {
        self.parts.form
    }

    /// Takes a copy as text; whether it is text.
    #[inline]
    fn keep(&mut self, target: &[u8]) -> bool {
        self.text.clear();
        let text = std::str::from_utf8(target);
        self.text.push_str(text.unwrap_or_default());
        text.is_ok()
    }
}

impl Parts {
    /// Path and query of what begins at `start`, whose first question mark is at `mark`.
    #[inline]
    fn of_path(start: usize, mark: Option<usize>, end: usize) -> Self {
        Self {
            path: Span::new(start, mark.unwrap_or(end)),
            query: mark.map(|mark| Span::new(mark + 1, end)),
            ..Self::default()
        }
    }
}

/// Passes over visible ASCII characters, but for `#`: gives the first question mark, and where they end.
#[inline]
fn scan(line: &[u8], start: usize) -> (Option<usize>, usize) {
    let (mut mark, mut at) = (None, start);
    loop {
        at += plain_length(line.get(at..).unwrap_or_default());
        if line.get(at) != Some(&b'?') {
            return (mark, at);
        }
        mark = mark.or(Some(at));
        at += 1;
    }
}

/// How many visible ASCII characters come before the first `#` or `?`.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    let mut length = 0;
    while let Some(block) = bytes.get(length..).and_then(<[u8]>::first_chunk) {
        let plain = leading_plain(block);
        length += plain;
        if plain < BLOCK {
            return length;
        }
    }
    let is_plain = |byte: &&u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'?');
    length + bytes.get(length..).unwrap_or_default().iter().take_while(is_plain).count()
}

/// The parts of a target of whichever form.
fn parse_parts(target: &[u8], method: &Method) -> Option<Parts> {
    if !is_visible(target) {
        return None;
    }
    let whole = Span::of(0, target.len());
    if *method == Method::CONNECT {
        let (host, port) = split_port(target)?;
        // RFC 9110, section 9.3.6: "A server MUST reject a CONNECT request that targets an empty or
        // invalid port number", and 0 is no port to connect to.
        let reachable = is_host(host) && port.is_some_and(|port| port.iter().any(|&digit| digit != b'0'));
        return reachable.then_some(Parts { authority: Some(whole), form: Form::Authority, ..Parts::default() });
    }
    match target {
        [b'/', ..] => Some(Parts::of_path(0, memchr::memchr(b'?', target), target.len())),
        b"*" if has_asterisk_form(method) => Some(Parts { path: whole, form: Form::Asterisk, ..Parts::default() }),
        _ => parse_absolute(target),
    }
}

/// Whether a method may be for the server as a whole. RFC 9112, section 3.2.4, knows OPTIONS; what the
/// methods of other standards ask for is theirs to say, such as UPnP's `M-SEARCH *`.
fn has_asterisk_form(method: &Method) -> bool {
    let others = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::TRACE, Method::PATCH];
    !others.contains(method)
}

/// An absolute-form target: of the two schemes that name a resource of this server.
fn parse_absolute(target: &[u8]) -> Option<Parts> {
    let colon = target.iter().position(|&byte| byte == b':')?;
    let (scheme, rest) = (&target[..colon], target[colon..].strip_prefix(b"://")?);
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return None;
    }
    let length = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    // RFC 9110, section 4.2.1: "A recipient that processes such a URI reference MUST reject it as
    // invalid" where the host is empty; and 4.2.4 has user information treated as an error.
    if !is_authority(&rest[..length]) {
        return None;
    }
    let start = target.len() - rest.len();
    let path = start + length;
    let mark = memchr::memchr(b'?', &target[path..]).map(|mark| path + mark);
    let authority = Some(Span::of(start, length));
    Some(Parts { authority, form: Form::Absolute, ..Parts::of_path(path, mark, target.len()) })
}

/// Whether there is nothing but visible characters, and no fragment, which only clients know.
///
/// RFC 3986 has fewer (no quotes, no braces, no letters beyond ASCII), but browsers and curl send
/// them; what is not ASCII must be UTF-8, for a target is text.
fn is_visible(target: &[u8]) -> bool {
    let is_invisible = |&byte: &u8| byte <= b' ' || byte == 0x7F || byte == b'#';
    !target.is_empty() && !target.iter().any(is_invisible) && std::str::from_utf8(target).is_ok()
}

/// Whether this is a host, with a port or without: what `Host` may hold.
#[inline]
pub(super) fn is_authority(authority: &[u8]) -> bool {
    split_port(authority).is_some_and(|(host, _)| is_host(host))
}

/// Parts host and port; `None` if what stands in the port's place is none.
fn split_port(authority: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let length = match authority {
        [b'[', ..] => authority.iter().position(|&byte| byte == b']')? + 1,
        _ => authority.iter().position(|&byte| byte == b':').unwrap_or(authority.len()),
    };
    match authority.split_at(length) {
        (host, []) => Some((host, None)),
        (host, [b':', port @ ..]) => is_port(port).then_some((host, Some(port))),
        _ => None,
    }
}

/// Digits, or nothing; but no number that no port has.
fn is_port(port: &[u8]) -> bool {
    let mut number = 0_u32;
    port.iter().all(|&byte| {
        number = (number * 10).saturating_add(u32::from(byte.wrapping_sub(b'0')));
        byte.is_ascii_digit() && number <= u32::from(u16::MAX)
    })
}

/// An IP literal in brackets, an IPv4 address, or a registered name.
fn is_host(host: &[u8]) -> bool {
    if let [b'[', literal @ .., b']'] = host {
        return is_ip_literal(literal);
    }
    if host.iter().all(|&byte| REGISTERED_NAME[usize::from(byte)]) {
        return !host.is_empty();
    }
    let mut rest = host;
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => after,
            (&byte, after) if REGISTERED_NAME[usize::from(byte)] => after,
            _ => return false,
        };
    }
    true
}

/// An IPv6 address, or one of a version to come (`v1.x`).
fn is_ip_literal(literal: &[u8]) -> bool {
    if let [b'v' | b'V', future @ ..] = literal {
        let Some(dot) = future.iter().position(|&byte| byte == b'.') else { return false };
        let (version, address) = (&future[..dot], &future[dot + 1..]);
        let is_address_byte = |&byte: &u8| REGISTERED_NAME[usize::from(byte)] || byte == b':' || byte == b',';
        return !version.is_empty()
            && version.iter().all(u8::is_ascii_hexdigit)
            && !address.is_empty()
            && address.iter().all(is_address_byte);
    }
    std::str::from_utf8(literal).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_one_of_four_forms() {
        /// Method, target, and what it says: authority, path, query.
        type Case = (&'static str, &'static [u8], Option<(Option<&'static str>, &'static str, Option<&'static str>)>);

        #[rustfmt::skip]
        const CASES: &[Case] = &[
            ("GET",     b"/",                           Some((None, "/", None))),
            ("GET",     b"/a?b",                        Some((None, "/a", Some("b")))),
            ("GET",     b"/a?",                         Some((None, "/a", Some("")))),
            ("GET",     b"/a?b?c",                      Some((None, "/a", Some("b?c")))),
            ("GET",     b"//a/b",                       Some((None, "//a/b", None))),
            ("GET",     b"/a/path/beyond/16/bytes?a=b?&c=/and/its/query", Some((None, "/a/path/beyond/16/bytes", Some("a=b?&c=/and/its/query")))),
            ("GET",     "/a/path/of/caf\u{e9}s?in=Z\u{fc}rich".as_bytes(), Some((None, "/a/path/of/caf\u{e9}s", Some("in=Z\u{fc}rich")))),
            ("GET",     b"/a/path/beyond/16/bytes?a=b#c", None),
            ("GET",     b"/a/path/beyond/16/by tes",    None),
            ("GET",     b"/a/path/beyond/16\xe9bytes", None),
            ("GET",     b"/a%2Fb%",                     Some((None, "/a%2Fb%", None))),
            ("GET",     b"/{a}|\"b\"\\^`<>",            Some((None, "/{a}|\"b\"\\^`<>", None))),
            ("GET",     "/\u{e9}".as_bytes(),           Some((None, "/\u{e9}", None))),
            ("GET",     b"/\xe9",                       None),
            ("GET",     b"/\xc0\xaf",                   None),
            ("GET",     b"/a#b",                        None),
            ("GET",     b"",                            None),
            ("GET",     b"a",                           None),
            ("GET",     b"a/b",                         None),
            ("GET",     b"?a",                          None),
            ("GET",     b"*",                           None),
            ("GET",     b"/\x7f",                       None),
            ("OPTIONS", b"*",                           Some((None, "*", None))),
            ("M-SEARCH", b"*",                          Some((None, "*", None))),
            ("OPTIONS", b"**",                          None),
            ("OPTIONS", b"/a",                          Some((None, "/a", None))),
            ("GET",     b"http://a/b?c",                Some((Some("a"), "/b", Some("c")))),
            ("GET",     b"HTTPS://a:8443/b",            Some((Some("a:8443"), "/b", None))),
            ("GET",     b"http://a",                    Some((Some("a"), "", None))),
            ("GET",     b"http://a?c",                  Some((Some("a"), "", Some("c")))),
            ("GET",     b"http://[::1]:80/",            Some((Some("[::1]:80"), "/", None))),
            ("OPTIONS", b"http://a",                    Some((Some("a"), "", None))),
            ("GET",     b"http:///b",                   None),
            ("GET",     b"http://",                     None),
            ("GET",     b"http:/a",                     None),
            ("GET",     b"http:a",                      None),
            ("GET",     b"http://user@a/",              None),
            ("GET",     b"http://user:pass@a/",         None),
            ("GET",     b"http://a:b/",                 None),
            ("GET",     b"ftp://a/",                    None),
            ("GET",     b"a:80",                        None),
            ("CONNECT", b"a:80",                        Some((Some("a:80"), "", None))),
            ("CONNECT", b"[::1]:443",                   Some((Some("[::1]:443"), "", None))),
            ("CONNECT", b"a",                           None),
            ("CONNECT", b"a:",                          None),
            ("CONNECT", b":80",                         None),
            ("CONNECT", b"a:65536",                     None),
            ("CONNECT", b"a:0",                         None),
            ("CONNECT", b"/",                           None),
            ("CONNECT", b"*",                           None),
            ("CONNECT", b"http://a/",                   None),
        ];
        for &(method, target, expected) in CASES {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            for after in ["", " HTTP/1.1", " ?#/a/longer/line/behind/it"] {
                let line = [b"GET ", target, after.as_bytes()].concat();
                let mut parsed = Target::default();
                let found = parsed.parse(&line, 4..4 + target.len(), &method);
                let parts = found.then(|| (parsed.authority(), parsed.path(), parsed.query()));
                assert_eq!(parts, expected, "{method} {}", target.escape_ascii());
                assert!(!found || parsed.whole().as_bytes() == target, "{method} {}", target.escape_ascii());
            }
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        #[rustfmt::skip]
        const CASES: &[(&[u8], bool)] = &[
            (b"example.com",        true),
            (b"EXAMPLE.com.",       true),
            (b"a_b.c~d",            true),
            (b"xn--bcher-kva.ch",   true),
            (b"a%20b",              true),
            (b"127.0.0.1:8888",     true),
            (b"a:",                 true),
            (b"a:65535",            true),
            (b"[::1]",              true),
            (b"[::1]:80",           true),
            (b"[::ffff:1.2.3.4]",   true),
            (b"[v1.a:b]",           true),
            (b"",                   false),
            (b":80",                false),
            (b"a:65536",            false),
            (b"a:99999999999999999999", false),
            (b"a:-1",               false),
            (b"a:8x",               false),
            (b"a:80:80",            false),
            (b"a b",                false),
            (b"a\tb",               false),
            (b"a,b",                false),
            (b"a/b",                false),
            (b"a?b",                false),
            (b"a#b",                false),
            (b"a@b",                false),
            (b"user:pass@a",        false),
            (b"http://a",           false),
            (b"a%2",                false),
            (b"a%zz",               false),
            (b"a\\b",               false),
            (b"<a>",                false),
            (b"\xe9",               false),
            (b"::1",                false),
            (b"[::1",               false),
            (b"::1]",               false),
            (b"[]",                 false),
            (b"[a]",                false),
            (b"[127.0.0.1]",        false),
            (b"[::1%25eth0]",       false),
            (b"[::1]a",             false),
            (b"[v1]",               false),
            (b"[v.a]",              false),
            (b"[v1.]",              false),
        ];
        for &(host, expected) in CASES {
            assert_eq!(is_authority(host), expected, "{}", host.escape_ascii());
        }
    }
}
