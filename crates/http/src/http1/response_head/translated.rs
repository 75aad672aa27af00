//! The head of a response of HTTP/2, put down as one of HTTP/1.1 is (RFC 9113, section 8.3.2).
//!
//! So whatever looks at a response knows one kind of head. Names are in small letters, as they came, and
//! there is no reason phrase.

use http::{HeaderMap, Method, StatusCode, Version};

use super::super::fields::{Field, Span};
use super::super::framing::{BodyLength, MessageField};
use super::{ResponseHead, Stage};
use crate::error::{ProtocolError, ProtocolErrorKind};
use crate::limits::Limits;

impl ResponseHead {
    /// Takes on the response to a request of this `method`; `ended` says that no body follows.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if it breaks a rule of HTTP or a limit.
    pub(crate) fn translate(
        &mut self,
        status: StatusCode,
        fields: &HeaderMap,
        method: &Method,
        ended: bool,
        limits: &Limits,
    ) -> Result<(), ProtocolError> {
        self.clear();
        self.stage = Stage::End;
        self.version = Version::HTTP_2;
        self.status = status;
        self.bytes.extend_from_slice(b"HTTP/2.0 ");
        self.bytes.extend_from_slice(status.as_str().as_bytes());
        self.reason = Span::of(self.bytes.len(), 0);
        self.bytes.extend_from_slice(b"\r\n");
        for (name, value) in fields {
            let (name, value) = (name.as_str().as_bytes(), value.as_bytes());
            if self.fields.len() >= limits.fields {
                return Err(ProtocolError::new(ProtocolErrorKind::TooManyFields, name));
            }
            if MessageField::named(name) == Some(MessageField::ContentLength) {
                self.framing.note(name, value)?;
            }
            let name_at = Span::of(self.bytes.len(), name.len());
            self.bytes.extend_from_slice(name);
            self.bytes.extend_from_slice(b": ");
            self.fields.push(Field { name: name_at, value: Span::of(self.bytes.len(), value.len()) });
            self.bytes.extend_from_slice(value);
            self.bytes.extend_from_slice(b"\r\n");
        }
        self.bytes.extend_from_slice(b"\r\n");
        let never_has_body = status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
            || *method == Method::HEAD;
        self.body_length = match self.framing.content_length() {
            _ if ended || never_has_body => BodyLength::None,
            Some(length) => BodyLength::Length(length),
            None => BodyLength::UntilClose,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_reads_as_one_of_http_1_1_does() {
        let mut fields = HeaderMap::new();
        fields.append("content-length", "3".parse().unwrap());
        fields.append("set-cookie", "a=1".parse().unwrap());
        fields.append("set-cookie", "b=2".parse().unwrap());
        let mut head = ResponseHead::new();
        let limits = Limits::default().max_fields(3);
        head.translate(StatusCode::OK, &fields, &Method::GET, false, &limits).unwrap();
        assert_eq!((head.version(), head.status(), head.reason()), (Version::HTTP_2, StatusCode::OK, &b""[..]));
        assert_eq!((head.content_length(), head.body_length()), (Some(3), BodyLength::Length(3)));
        assert_eq!(head.field_values("Set-Cookie").collect::<Vec<_>>(), [b"a=1", b"b=2"]);
        head.translate(StatusCode::OK, &fields, &Method::HEAD, true, &limits).unwrap();
        assert_eq!((head.content_length(), head.body_length()), (Some(3), BodyLength::None));
        fields.append("x", "y".parse().unwrap());
        let error = head.translate(StatusCode::OK, &fields, &Method::GET, false, &limits).unwrap_err();
        assert_eq!(error.kind(), ProtocolErrorKind::TooManyFields);
    }
}
