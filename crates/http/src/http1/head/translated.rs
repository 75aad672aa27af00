//! The head of a request of HTTP/2, put down as one of HTTP/1.1 is (RFC 9113, sections 8.2 and 8.3).
//!
//! So whatever looks at a request knows one kind of head. The control data (`:method`, `:path`,
//! `:authority`) become the request line and `host`, each field a line; names are in small letters, as
//! they came. What HTTP/2 itself forbids was refused before this, with the stream.

use http::{HeaderMap, Method, Uri, Version, header};

use super::super::fields::{Field, Span};
use super::super::framing::{BodyLength, MessageField};
use super::super::lines::trim;
use super::{Host, RequestHead, Stage};
use crate::error::{ProtocolError, ProtocolErrorKind};
use crate::limits::Limits;

impl RequestHead {
    /// Takes on a request as HTTP/2 brings it; `ended` says that no body follows.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if it breaks a rule of HTTP or a limit.
    pub(crate) fn translate(
        &mut self,
        method: Method,
        uri: &Uri,
        fields: &HeaderMap,
        ended: bool,
        limits: &Limits,
    ) -> Result<(), ProtocolError> {
        self.clear();
        self.stage = Stage::End;
        self.version = Version::HTTP_2;
        self.method = method;
        self.put_request_line(uri, limits)?;
        self.put_host(uri, fields)?;
        for (name, value) in fields {
            match *name {
                // Both are put down once, whatever number of them there are.
                header::HOST => continue,
                header::COOKIE if self.field("cookie").is_some() => continue,
                header::COOKIE => self.put_cookies(fields),
                _ => self.put_field(name.as_str(), value.as_bytes())?,
            }
            if self.fields.len() > limits.fields {
                return Err(ProtocolError::new(ProtocolErrorKind::TooManyFields, name.as_str().as_bytes()));
            }
        }
        self.bytes.extend_from_slice(b"\r\n");
        if self.host == Host::Missing {
            return Err(ProtocolError::new(ProtocolErrorKind::MissingHost, b""));
        }
        self.body_length = match self.framing.content_length() {
            _ if ended => BodyLength::None,
            Some(length) => BodyLength::Length(length),
            None => BodyLength::Chunked,
        };
        Ok(())
    }

    fn put_request_line(&mut self, uri: &Uri, limits: &Limits) -> Result<(), ProtocolError> {
        let target = match uri.path_and_query() {
            Some(path) if self.method != Method::CONNECT => path.as_str(),
            _ => uri.authority().map_or("", |authority| authority.as_str()),
        };
        self.bytes.extend_from_slice(self.method.as_str().as_bytes());
        self.bytes.push(b' ');
        let start = self.bytes.len();
        self.bytes.extend_from_slice(target.as_bytes());
        let end = self.bytes.len();
        self.bytes.extend_from_slice(b" HTTP/2.0\r\n");
        if self.bytes.len() > limits.start_line {
            return Err(ProtocolError::new(ProtocolErrorKind::TargetTooLong, &self.bytes));
        }
        if !self.target.parse(&self.bytes, start..end, &self.method) {
            return Err(ProtocolError::new(ProtocolErrorKind::Target, target.as_bytes()));
        }
        Ok(())
    }

    /// Puts down whom the request is for: the authority that it names, and else its `Host`. RFC 9113,
    /// section 8.3.1: "A server SHOULD treat a request as malformed if it contains a Host header field that
    /// identifies an entity that differs from the entity in the ":authority" pseudo-header field."
    fn put_host(&mut self, uri: &Uri, fields: &HeaderMap) -> Result<(), ProtocolError> {
        let authority = uri.authority().map(|authority| authority.as_str().as_bytes());
        let mut hosts = fields.get_all(header::HOST).iter().map(|host| host.as_bytes());
        let Some(host) = authority.or_else(|| hosts.next()) else { return Ok(()) };
        if let Some(other) = hosts.find(|other| !other.eq_ignore_ascii_case(host)) {
            return Err(ProtocolError::new(ProtocolErrorKind::MultipleHosts, &[host, other].join(&b',')));
        }
        self.note_host(host)?;
        self.put_line("host", host);
        Ok(())
    }

    /// Puts the crumbs of a cookie together. RFC 9113, section 8.2.3: "these MUST be concatenated into a
    /// single octet string using the two-octet delimiter of 0x3b, 0x20".
    fn put_cookies(&mut self, fields: &HeaderMap) {
        let mut crumbs = fields.get_all(header::COOKIE).iter().map(|crumb| crumb.as_bytes());
        let Some(first) = crumbs.next() else { return };
        let name = self.put_name("cookie");
        let start = self.bytes.len();
        self.bytes.extend_from_slice(first);
        for crumb in crumbs {
            self.bytes.extend_from_slice(b"; ");
            self.bytes.extend_from_slice(crumb);
        }
        self.fields.push(Field { name, value: Span::new(start, self.bytes.len()) });
        self.bytes.extend_from_slice(b"\r\n");
    }

    fn put_field(&mut self, name: &str, value: &[u8]) -> Result<(), ProtocolError> {
        // RFC 9113, section 8.2.1: "A field value MUST NOT start or end with an ASCII whitespace character".
        if trim(value).len() != value.len() {
            return Err(ProtocolError::new(ProtocolErrorKind::FieldValue, value));
        }
        match MessageField::named(name.as_bytes()) {
            Some(MessageField::Expect) if !value.eq_ignore_ascii_case(b"100-continue") => {
                return Err(ProtocolError::new(ProtocolErrorKind::Expectation, value));
            }
            Some(field) => self.framing.note_field(field, value)?,
            None => {}
        }
        self.put_line(name, value);
        Ok(())
    }

    fn put_line(&mut self, name: &str, value: &[u8]) {
        let name = self.put_name(name);
        let value_start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.fields.push(Field { name, value: Span::of(value_start, value.len()) });
        self.bytes.extend_from_slice(b"\r\n");
    }

    fn put_name(&mut self, name: &str) -> Span {
        let span = Span::of(self.bytes.len(), name.len());
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b": ");
        span
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;
    use ProtocolErrorKind::{Expectation, FieldValue, InvalidHost, MissingHost, MultipleHosts, TooManyFields};

    fn translated(uri: &str, fields: &[(&str, &str)]) -> Result<String, ProtocolErrorKind> {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        let mut head = RequestHead::new();
        let limits = Limits::default().max_fields(4);
        head.translate(Method::GET, &uri.parse().unwrap(), &map, true, &limits).map_err(|error| error.kind())?;
        let lines: Vec<_> =
            head.fields().map(|(name, value)| format!("{name}: {}\r\n", String::from_utf8_lossy(value))).collect();
        let text = String::from_utf8(head.bytes().to_vec()).unwrap();
        assert_eq!(text, format!("GET {} HTTP/2.0\r\n{}\r\n", head.target(), lines.concat()));
        Ok(format!("{} {} {}", head.host(), head.target(), lines[1..].concat().trim_end()))
    }

    #[test]
    fn a_request_reads_as_one_of_http_1_1_does() {
        #[rustfmt::skip]
        #[allow(clippy::type_complexity, reason = "a table")]
        const CASES: &[(&str, &[(&str, &str)], Result<&str, ProtocolErrorKind>)] = &[
            ("http://a/b?c",  &[("accept", "*/*")],                         Ok("a /b?c accept: */*")),
            ("http://a:81/",  &[("host", "A:81")],                          Ok("a:81 / ")),
            ("/b",            &[("host", "a")],                             Ok("a /b ")),
            ("/b",            &[],                                          Err(MissingHost)),
            ("http://a/",     &[("host", "b")],                             Err(MultipleHosts)),
            ("/",             &[("host", "a"), ("host", "b")],              Err(MultipleHosts)),
            ("http://u@a/",   &[],                                          Err(InvalidHost)),
            ("/",             &[("host", "a b")],                           Err(InvalidHost)),
            ("http://a/",     &[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")], Ok("a / cookie: a=1; b=2\r\nx: y")),
            ("http://a/",     &[("x", "y "), ],                             Err(FieldValue)),
            ("http://a/",     &[("x", "\ty"), ],                            Err(FieldValue)),
            ("http://a/",     &[("x", "")],                                 Ok("a / x:")),
            ("http://a/",     &[("expect", "100-continue")],                Ok("a / expect: 100-continue")),
            ("http://a/",     &[("expect", "more")],                        Err(Expectation)),
            ("http://a/",     &[("a", ""), ("b", ""), ("c", "")],           Ok("a / a: \r\nb: \r\nc:")),
            ("http://a/",     &[("a", ""), ("b", ""), ("c", ""), ("d", "")], Err(TooManyFields)),
        ];
        for (uri, fields, expected) in CASES {
            assert_eq!(translated(uri, fields).as_deref(), expected.as_ref().map(|text| *text), "{uri} {fields:?}");
        }
    }
}
