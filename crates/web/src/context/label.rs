//! What the log of blocked loops says of a request: which it is, and whose handler it is with.
//!
//! A request shows where its head and its route's description lie, which costs a few stores. They are put
//! into words only if it blocks the loop, by the watchdog's thread.

use firewhirl_event::watchdog::{Label, LabelCopy};

use super::Context;
use super::request_id;

impl Context {
    /// This request for the log of blocked loops.
    #[inline]
    pub(crate) fn label(&self) -> Label<'_> {
        Label::new(describe).text(&self.route().description).detail(self.request.head_bytes()).number(self.number)
    }
}

/// What a label says of a route: `/story/{id}, handler app::Story`.
pub(crate) fn describe_route(url: &str, handler: &str) -> String {
    format!("{url}, handler {handler}")
}

/// `GET /story/17 (request 5a1d0f2e9c000001), route /story/{id}, handler app::Story`
fn describe(copy: &LabelCopy) -> String {
    let mut lines = copy.detail.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).skip_while(|line| line.is_empty());
    let line = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let asked = line.rsplit_once(' ').map_or(&*line, |(asked, _version)| asked);
    let fields = lines.take_while(|line| !line.is_empty());
    let given = fields.filter_map(name_given).next().map(str::to_owned);
    let name = given.unwrap_or_else(|| format!("{:016x}", copy.number));
    format!("{} (request {name}), route {}", asked.escape_debug(), copy.text)
}

/// The name that a field line gives to the request.
fn name_given(line: &[u8]) -> Option<&str> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    if name.eq_ignore_ascii_case(b"X-Request-Id") { request_id::given(value) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(head: &str) -> String {
        let mut copy = LabelCopy::default();
        copy.text = describe_route("/story/{id}", "app::Story");
        copy.detail = head.as_bytes().to_vec();
        copy.number = 0x17;
        describe(&copy)
    }

    #[test]
    fn a_request_is_named_as_the_access_log_names_it() {
        let numbered = "GET /story/1?a=b (request 0000000000000017), route /story/{id}, handler app::Story";
        let named = "GET /story/1?a=b (request f3), route /story/{id}, handler app::Story";
        #[rustfmt::skip]
        let cases: &[(&str, &str, &str)] = &[
            ("no name",            "GET /story/1?a=b HTTP/1.1\r\nHost: a\r\n\r\n",                       numbered),
            ("a proxy's",          "GET /story/1?a=b HTTP/1.1\r\nHost: a\r\nx-request-id:  f3\r\n\r\n", named),
            ("lines before it",    "\r\n\r\nGET /story/1?a=b HTTP/1.1\r\nX-Request-Id: f3\r\n\r\n",      named),
            ("one that is not taken", "GET /story/1?a=b HTTP/1.1\r\nX-Request-Id: f 3\r\n\r\n",          numbered),
            ("one behind the head", "GET /story/1?a=b HTTP/1.1\r\nHost: a\r\n\r\nX-Request-Id: f3\r\n",  numbered),
            ("the head cut off",   "GET /story/1?a=b HTTP/1.1\r\nHost: a\r\nX-Requ",                     numbered),
        ];
        for (what, head, expected) in cases {
            assert_eq!(described(head), *expected, "{what}");
        }
    }

    #[test]
    fn a_target_cannot_forge_a_line_of_the_log() {
        assert!(described("GET /\x1b[31m HTTP/1.1\r\n\r\n").starts_with("GET /\\u{1b}[31m (request"));
    }
}
