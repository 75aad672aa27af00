//! What the fields of a head say about the message itself: where its body ends, and what becomes of
//! the connection (RFC 9112, sections 6 and 9; RFC 9110, sections 7.6.1, 7.8 and 10.1.1).
//!
//! Here is where smuggling is fought. Two parties that disagree on where a message ends can be made
//! to disagree on whose the next one is, so whatever leaves room for a second reading is refused:
//! both lengths at once, lengths that differ, codings other than one `chunked`.

use crate::error::{ProtocolError, ProtocolErrorKind};

use super::lines::{is_token, trim};

/// Where the body of a message ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyLength {
    /// There is none.
    #[default]
    None,
    /// After so many bytes.
    Length(u64),
    /// After the last chunk and its trailers; in HTTP/2, where the chunks are frames, at the end of the stream.
    Chunked,
    /// Where the connection ends; responses alone.
    UntilClose,
}

/// What is known of a head's framing so far, a field at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct FramingFields {
    content_length: Option<Number>,
    transfer_encoding: TransferEncoding,
    pub(super) close: bool,
    pub(super) keep_alive: bool,
    pub(super) upgrade: bool,
    pub(super) expects_continue: bool,
}

/// The fields that concern the message itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageField {
    Host,
    Expect,
    Upgrade,
    Connection,
    ContentLength,
    TransferEncoding,
}

impl MessageField {
    /// The field of this name, in whatever case.
    #[inline]
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        // By length first, so that most others cost one jump.
        let (field, is_it) = match name.len() {
            4 => (Self::Host, is_named(name, b"host")),
            6 => (Self::Expect, is_named(name, b"expect")),
            7 => (Self::Upgrade, is_named(name, b"upgrade")),
            10 => (Self::Connection, is_named(name, b"connection")),
            14 => (Self::ContentLength, is_named(name, b"content-length")),
            17 => (Self::TransferEncoding, is_named(name, b"transfer-encoding")),
            _ => return None,
        };
        is_it.then_some(field)
    }
}

/// Whether a token is the one of letters and hyphens that is given in small letters.
///
/// Of a length that the compiler knows, so that words are compared, not letters.
#[inline(always)]
fn is_named<const LENGTH: usize>(token: &[u8], lower: &[u8; LENGTH]) -> bool {
    let Some(token) = token.first_chunk::<LENGTH>() else { return false };
    // This bit makes letters small; and it makes no other character of a token a letter or a hyphen.
    token[0] | 0x20 == lower[0]
        && (0..LENGTH).fold(0, |differing, at| differing | ((token[at] | 0x20) ^ lower[at])) == 0
}

/// The transfer codings of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum TransferEncoding {
    #[default]
    None,
    /// `chunked`, and nothing else.
    Chunked,
    /// Others, and then `chunked`.
    OthersChunked,
    /// The last is another than `chunked`.
    Unframed,
}

/// A number as it was written: values that only a number compares as equal (`3`, `03`) differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    value: u64,
    digits: usize,
}

impl FramingFields {
    /// Takes note of a field, if it is one that says something of framing or connection.
    #[inline]
    pub(super) fn note(&mut self, name: &[u8], value: &[u8]) -> Result<(), ProtocolError> {
        MessageField::named(name).map_or(Ok(()), |field| self.note_field(field, value))
    }

    /// Takes note of what a field says of framing or connection.
    #[inline]
    pub(super) fn note_field(&mut self, field: MessageField, value: &[u8]) -> Result<(), ProtocolError> {
        match field {
            MessageField::Expect => self.note_expect(value),
            MessageField::Connection => self.note_connection(value),
            MessageField::ContentLength => return self.note_content_length(value),
            MessageField::TransferEncoding => return self.note_transfer_encoding(value),
            MessageField::Host | MessageField::Upgrade => {}
        }
        Ok(())
    }

    pub(super) fn content_length(&self) -> Option<u64> {
        self.content_length.map(|number| number.value)
    }

    /// Where a request's body ends; `coding` is the value of its `Transfer-Encoding`.
    pub(super) fn request_length(&self, is_http_10: bool, coding: &[u8]) -> Result<BodyLength, ProtocolError> {
        match (self.transfer_encoding, self.content_length) {
            (TransferEncoding::None, None) => Ok(BodyLength::None),
            (TransferEncoding::None, Some(Number { value: 0, .. })) => Ok(BodyLength::None),
            (TransferEncoding::None, Some(number)) => Ok(BodyLength::Length(number.value)),
            // RFC 9112, section 6.1: of HTTP/1.0 "MUST treat the message as if the framing is faulty,
            // even if a Content-Length is present".
            _ if is_http_10 => Err(ProtocolError::new(ProtocolErrorKind::TransferEncodingVersion, coding)),
            (_, Some(_)) => Err(ProtocolError::new(ProtocolErrorKind::BothLengths, coding)),
            (TransferEncoding::Chunked, None) => Ok(BodyLength::Chunked),
            // Section 6.1: "SHOULD respond with 501".
            (TransferEncoding::OthersChunked, None) => {
                Err(ProtocolError::new(ProtocolErrorKind::TransferCoding, coding))
            }
            // Section 6.3: "the message body length cannot be determined reliably; the server MUST
            // respond with the 400 (Bad Request) status code".
            (TransferEncoding::Unframed, None) => Err(ProtocolError::new(ProtocolErrorKind::TransferEncoding, coding)),
        }
    }

    /// Where a response's body ends that may have one; `coding` is the value of its `Transfer-Encoding`.
    pub(super) fn response_length(&self, is_http_10: bool, coding: &[u8]) -> Result<BodyLength, ProtocolError> {
        match (self.transfer_encoding, self.content_length) {
            (TransferEncoding::None, None) => Ok(BodyLength::UntilClose),
            (TransferEncoding::None, Some(Number { value: 0, .. })) => Ok(BodyLength::None),
            (TransferEncoding::None, Some(number)) => Ok(BodyLength::Length(number.value)),
            _ if is_http_10 => Err(ProtocolError::new(ProtocolErrorKind::TransferEncodingVersion, coding)),
            (_, Some(_)) => Err(ProtocolError::new(ProtocolErrorKind::BothLengths, coding)),
            (TransferEncoding::Chunked, None) => Ok(BodyLength::Chunked),
            // None of these was asked for with TE, so none can be undone.
            (_, None) => Err(ProtocolError::new(ProtocolErrorKind::TransferCoding, coding)),
        }
    }

    /// Whether the fields let the connection go on after the message.
    #[inline]
    pub(super) fn is_persistent(&self, is_http_10: bool) -> bool {
        !self.close && (!is_http_10 || self.keep_alive)
    }

    fn note_content_length(&mut self, value: &[u8]) -> Result<(), ProtocolError> {
        for element in value.split(|&byte| byte == b',') {
            let number = parse_number(trim(element)).map_err(|kind| ProtocolError::new(kind, value))?;
            if self.content_length.is_some_and(|earlier| earlier != number) {
                return Err(ProtocolError::new(ProtocolErrorKind::UnequalLengths, value));
            }
            self.content_length = Some(number);
        }
        Ok(())
    }

    fn note_transfer_encoding(&mut self, value: &[u8]) -> Result<(), ProtocolError> {
        for element in value.split(|&byte| byte == b',') {
            let coding = trim(element);
            // "chunked" ends the body, so nothing can come after it, not even a second one. Empty
            // elements, and parameters, which it has none of, are what attacks are made of.
            let ended = matches!(self.transfer_encoding, TransferEncoding::Chunked | TransferEncoding::OthersChunked);
            if ended || !is_token(coding) {
                return Err(ProtocolError::new(ProtocolErrorKind::TransferEncoding, value));
            }
            self.transfer_encoding = match (coding.eq_ignore_ascii_case(b"chunked"), self.transfer_encoding) {
                (true, TransferEncoding::None) => TransferEncoding::Chunked,
                (true, _) => TransferEncoding::OthersChunked,
                (false, _) => TransferEncoding::Unframed,
            };
        }
        Ok(())
    }

    fn note_connection(&mut self, value: &[u8]) {
        // What nearly all clients send.
        if value == b"keep-alive" {
            self.keep_alive = true;
            return;
        }
        for option in value.split(|&byte| byte == b',') {
            let option = trim(option);
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            self.upgrade |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }

    fn note_expect(&mut self, value: &[u8]) {
        self.expects_continue |= value.eq_ignore_ascii_case(b"100-continue");
    }
}

/// Digits alone. A number beyond 64 bits is larger than any limit.
fn parse_number(text: &[u8]) -> Result<Number, ProtocolErrorKind> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(ProtocolErrorKind::ContentLength);
    }
    let mut value = 0_u64;
    for &digit in text {
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u64::from(digit - b'0')))
            .ok_or(ProtocolErrorKind::BodyTooLarge)?;
    }
    Ok(Number { value, digits: text.len() })
}

/// The one number of an outgoing `Content-Length`.
pub(crate) fn outgoing_length(value: &[u8]) -> Option<u64> {
    parse_number(value).ok().map(|number| number.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProtocolErrorKind::{
        BodyTooLarge, BothLengths, ContentLength, TransferCoding, TransferEncoding, TransferEncodingVersion,
        UnequalLengths,
    };

    fn framing(fields: &str) -> Result<FramingFields, ProtocolErrorKind> {
        let mut framing = FramingFields::default();
        for line in fields.split_terminator('\n') {
            let (name, value) = line.split_once(':').unwrap();
            framing.note(name.as_bytes(), trim(value.as_bytes())).map_err(|error| error.kind())?;
        }
        Ok(framing)
    }

    #[test]
    fn a_request_says_where_its_body_ends_in_one_way_or_is_refused() {
        #[rustfmt::skip]
        const CASES: &[(&str, Result<BodyLength, ProtocolErrorKind>)] = &[
            ("",                                                    Ok(BodyLength::None)),
            ("Content-Length: 0",                                   Ok(BodyLength::None)),
            ("Content-Length: 3",                                   Ok(BodyLength::Length(3))),
            ("content-length:\t3 ",                                 Ok(BodyLength::Length(3))),
            ("Content-Length: 0003",                                Ok(BodyLength::Length(3))),
            ("Content-Length: 18446744073709551615",                Ok(BodyLength::Length(u64::MAX))),
            ("Content-Length: 18446744073709551616",                Err(BodyTooLarge)),
            ("Content-Length: 99999999999999999999999999999999999", Err(BodyTooLarge)),
            ("Content-Length: 3, 3",                                Ok(BodyLength::Length(3))),
            ("Content-Length: 3\nContent-Length: 3",                Ok(BodyLength::Length(3))),
            ("Content-Length: 3, 4",                                Err(UnequalLengths)),
            ("Content-Length: 3\nContent-Length: 4",                Err(UnequalLengths)),
            ("Content-Length: 3\nContent-Length: 03",               Err(UnequalLengths)),
            ("Content-Length: 3,",                                  Err(ContentLength)),
            ("Content-Length: ,3",                                  Err(ContentLength)),
            ("Content-Length: +3",                                  Err(ContentLength)),
            ("Content-Length: -3",                                  Err(ContentLength)),
            ("Content-Length: 3 3",                                 Err(ContentLength)),
            ("Content-Length: 0x3",                                 Err(ContentLength)),
            ("Content-Length: 1_0",                                 Err(ContentLength)),
            ("Content-Length: 3.0",                                 Err(ContentLength)),
            ("Content-Length: \"3\"",                               Err(ContentLength)),
            ("Content-Length: ;3",                                  Err(ContentLength)),
            ("Content-Length: \u{663}",                             Err(ContentLength)),
            ("Content-Length:",                                     Err(ContentLength)),
            ("Transfer-Encoding: chunked",                          Ok(BodyLength::Chunked)),
            ("transfer-encoding: CHUNKED",                          Ok(BodyLength::Chunked)),
            ("Transfer-Encoding: gzip, chunked",                    Err(TransferCoding)),
            ("Transfer-Encoding: gzip\nTransfer-Encoding: chunked", Err(TransferCoding)),
            ("Transfer-Encoding: identity, chunked",                Err(TransferCoding)),
            ("Transfer-Encoding: chunked, chunked",                 Err(TransferEncoding)),
            ("Transfer-Encoding: chunked\nTransfer-Encoding: chunked", Err(TransferEncoding)),
            ("Transfer-Encoding: chunked, gzip",                    Err(TransferEncoding)),
            ("Transfer-Encoding: chunked, identity",                Err(TransferEncoding)),
            ("Transfer-Encoding: identity",                         Err(TransferEncoding)),
            ("Transfer-Encoding: gzip",                             Err(TransferEncoding)),
            ("Transfer-Encoding: xchunked",                         Err(TransferEncoding)),
            ("Transfer-Encoding: chunked;a=b",                      Err(TransferEncoding)),
            ("Transfer-Encoding: \"chunked\"",                      Err(TransferEncoding)),
            ("Transfer-Encoding: chun ked",                         Err(TransferEncoding)),
            ("Transfer-Encoding: \u{a0}chunked",                    Err(TransferEncoding)),
            ("Transfer-Encoding: ,chunked",                         Err(TransferEncoding)),
            ("Transfer-Encoding: chunked,",                         Err(TransferEncoding)),
            ("Transfer-Encoding:",                                  Err(TransferEncoding)),
            ("Transfer-Encoding: chunked\nContent-Length: 3",       Err(BothLengths)),
            ("Content-Length: 0\nTransfer-Encoding: chunked",       Err(BothLengths)),
            ("Content-Length: 3\nTransfer-Encoding: identity",      Err(BothLengths)),
        ];
        for &(fields, expected) in CASES {
            let found =
                framing(fields).and_then(|framing| framing.request_length(false, b"").map_err(|error| error.kind()));
            assert_eq!(found, expected, "{fields}");
        }
        let old = framing("Transfer-Encoding: chunked").unwrap().request_length(true, b"");
        assert_eq!(old.map_err(|error| error.kind()), Err(TransferEncodingVersion));
    }

    #[test]
    fn a_response_may_end_with_its_connection() {
        #[rustfmt::skip]
        const CASES: &[(&str, Result<BodyLength, ProtocolErrorKind>)] = &[
            ("",                                                    Ok(BodyLength::UntilClose)),
            ("Content-Length: 3, 3",                                Ok(BodyLength::Length(3))),
            ("Content-Length: 3, 4",                                Err(UnequalLengths)),
            ("Transfer-Encoding: chunked",                          Ok(BodyLength::Chunked)),
            ("Transfer-Encoding: gzip, chunked",                    Err(TransferCoding)),
            ("Transfer-Encoding: gzip",                             Err(TransferCoding)),
            ("Transfer-Encoding: chunked\nContent-Length: 3",       Err(BothLengths)),
        ];
        for &(fields, expected) in CASES {
            let found =
                framing(fields).and_then(|framing| framing.response_length(false, b"").map_err(|error| error.kind()));
            assert_eq!(found, expected, "{fields}");
        }
    }

    #[test]
    fn connection_is_a_list_in_which_close_wins() {
        #[rustfmt::skip]
        const CASES: &[(&str, bool, bool)] = &[
            // fields                                         1.1     1.0
            ("",                                              true,  false),
            ("Connection: close",                             false, false),
            ("Connection: Close",                             false, false),
            ("Connection: keep-alive",                        true,  true),
            ("Connection: Keep-Alive, Upgrade",               true,  true),
            ("Connection: upgrade , close",                   false, false),
            ("Connection: keep-alive, close",                 false, false),
            ("Connection: close\nConnection: keep-alive",     false, false),
            ("Connection: ,, keep-alive,",                    true,  true),
            ("Connection: closed",                            true,  false),
            ("Connection:",                                   true,  false),
        ];
        for &(fields, now, old) in CASES {
            let framing = framing(fields).unwrap();
            assert_eq!((framing.is_persistent(false), framing.is_persistent(true)), (now, old), "{fields}");
        }
        assert!(framing("Connection: keep-alive, Upgrade").unwrap().upgrade);
    }
}
