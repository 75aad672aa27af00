//! The trailer section of a chunked body (RFC 9112, section 7.1.2; RFC 9110, section 6.5).
//!
//! Fields that come after the content are kept apart from those of the head, and those that would
//! have had to be known before it are dropped: what was routed, framed and authorised by the head
//! must not change behind it.

use super::fields::{parse_field_line, refuse_field_line};
use super::lines::LineCursor;
use crate::error::{ProtocolError, ProtocolErrorKind};
use crate::limits::Limits;

/// Reads a trailer section as it arrives.
#[derive(Clone, Debug, Default)]
pub(super) struct Trailers {
    section: Option<Box<Section>>,
}

#[derive(Clone, Debug, Default)]
struct Section {
    /// The lines that have arrived.
    bytes: Vec<u8>,
    cursor: LineCursor,
    /// Those that may be used, each with its CRLF.
    kept: Vec<u8>,
    count: usize,
}

impl Trailers {
    /// Reads what is there; gives the bytes that were of the section and whether it is complete.
    pub(super) fn read(&mut self, input: &[u8], limits: &Limits) -> Result<(usize, bool), ProtocolError> {
        // Nearly always there are none.
        if self.section.is_none() && input.starts_with(b"\r\n") {
            return Ok((2, true));
        }
        self.section.get_or_insert_default().read(input, limits)
    }

    /// The fields that may be used, each line with its CRLF.
    pub(super) fn lines(&self) -> &[u8] {
        self.section.as_ref().map_or(&[], |section| &section.kept)
    }
}

impl Section {
    fn read(&mut self, input: &[u8], limits: &Limits) -> Result<(usize, bool), ProtocolError> {
        let before = self.bytes.len();
        // A byte beyond the limit is kept to see that there is one.
        let taken = input.len().min(limits.trailer_size.saturating_sub(before));
        self.bytes.extend_from_slice(&input[..taken]);
        loop {
            let line = match self.cursor.next(&self.bytes, limits.trailer_size, false) {
                Ok(Some(line)) => line,
                Ok(None) => return Ok((taken, false)),
                Err(fault) => {
                    let line = self.cursor.fault_excerpt(&self.bytes, limits.trailer_size);
                    return Err(refuse_field_line(fault, line, ProtocolErrorKind::TrailerTooLarge));
                }
            };
            if line.is_empty() {
                return Ok((self.cursor.start() - before, true));
            }
            if self.count >= limits.fields {
                return Err(ProtocolError::new(ProtocolErrorKind::TooManyFields, &self.bytes[line]));
            }
            self.count += 1;
            let field = parse_field_line(&self.bytes[line.clone()], line.start)?;
            if is_allowed(field.name.text(&self.bytes)) {
                self.kept.extend_from_slice(&self.bytes[line]);
                self.kept.extend_from_slice(b"\r\n");
            }
        }
    }
}

/// Whether a field may come after the content. RFC 9110, section 6.5.1, forbids what is for framing,
/// routing, modifying a request, authentication, controlling a response, and reading the content.
fn is_allowed(name: &str) -> bool {
    #[rustfmt::skip]
    const FORBIDDEN: &[&str] = &[
        "Content-Length", "Transfer-Encoding", "Trailer", "Connection", "Keep-Alive", "Upgrade", "TE", "Host",
        "Expect", "Max-Forwards", "Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
        "If-Range", "Cache-Control", "Pragma", "Authorization", "Proxy-Authorization", "Proxy-Connection",
        "WWW-Authenticate", "Proxy-Authenticate", "Authentication-Info", "Cookie", "Set-Cookie", "Age", "Date",
        "Expires", "Location", "Retry-After", "Vary", "Warning", "Content-Encoding", "Content-Type",
        "Content-Range", "Content-Disposition", "Content-Language", "Content-Location", "Forwarded",
        "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "X-Scheme", "Origin", "Referer",
    ];
    !FORBIDDEN.iter().any(|forbidden| forbidden.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_the_head_had_to_say_are_not_kept() {
        let input = b"Checksum: 1\r\nContent-Length: 3\r\nHOST: evil\r\ncookie: a=b\r\nX-Time: 2\r\n\r\nrest";
        for step in [1, 5, input.len()] {
            let mut trailers = Trailers::default();
            let (mut at, mut complete) = (0, false);
            while !complete {
                let end = (at + step).min(input.len());
                let consumed;
                (consumed, complete) = trailers.read(&input[at..end], &Limits::default()).unwrap();
                at += consumed;
            }
            assert_eq!(at, input.len() - 4);
            assert_eq!(trailers.lines(), b"Checksum: 1\r\nX-Time: 2\r\n");
        }
    }
}
