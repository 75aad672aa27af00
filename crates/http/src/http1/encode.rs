//! The first lines and the connection fields of what goes out (RFC 9112, sections 3, 4 and 9.6).

use http::StatusCode;

use crate::error::OutputError;
use crate::httputil::RESPONSES;

/// Appends a status line. Without a `reason` the standard one stands, or `Unknown`, as in Tornado.
///
/// # Errors
///
/// [`OutputError::StartLine`] if the reason would end the line.
#[inline]
pub(super) fn write_status_line(
    out: &mut Vec<u8>,
    status: StatusCode,
    reason: Option<&str>,
) -> Result<(), OutputError> {
    match (reason, standard_line(status)) {
        (None, Some(line)) => out.extend_from_slice(line),
        (reason, _) => write_other_line(out, status, reason.unwrap_or("Unknown"))?,
    }
    Ok(())
}

#[cold]
fn write_other_line(out: &mut Vec<u8>, status: StatusCode, reason: &str) -> Result<(), OutputError> {
    if !reason.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7F)) {
        return Err(OutputError::StartLine);
    }
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(reason.as_bytes());
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// The line of a registered status, ready to be sent.
#[inline]
fn standard_line(status: StatusCode) -> Option<&'static [u8]> {
    let place = *PLACES.get(usize::from(status.as_u16()))?;
    let line = LINES.get(usize::from(place))?;
    line.bytes.get(..usize::from(line.length))
}

/// A status line, made when this is compiled.
#[derive(Clone, Copy)]
struct StatusLine {
    bytes: [u8; 64],
    length: u8,
}

/// The lines of all registered statuses, in the order of [`RESPONSES`].
static LINES: [StatusLine; RESPONSES.len()] = {
    let mut lines = [StatusLine { bytes: [0; 64], length: 0 }; RESPONSES.len()];
    let mut index = 0;
    while index < RESPONSES.len() {
        let (code, reason) = RESPONSES[index];
        let digits = [b'0' + (code / 100) as u8, b'0' + (code / 10 % 10) as u8, b'0' + (code % 10) as u8];
        lines[index] = lines[index].with(b"HTTP/1.1 ").with(&digits).with(b" ").with(reason.as_bytes()).with(b"\r\n");
        index += 1;
    }
    lines
};

/// Where each status code is among the [`LINES`]; beyond their end where it is not.
static PLACES: [u8; 600] = {
    let mut places = [u8::MAX; 600];
    let mut index = 0;
    while index < RESPONSES.len() {
        places[RESPONSES[index].0 as usize] = index as u8;
        index += 1;
    }
    places
};

impl StatusLine {
    const fn with(mut self, part: &[u8]) -> Self {
        let mut index = 0;
        while index < part.len() {
            self.bytes[self.length as usize] = part[index];
            self.length += 1;
            index += 1;
        }
        self
    }
}

/// Appends `lines`, complete field lines, but for those of `name`.
pub(super) fn write_lines_without(out: &mut Vec<u8>, lines: &[u8], name: &str) {
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        let is_named = line.get(name.len()) == Some(&b':') && line[..name.len()].eq_ignore_ascii_case(name.as_bytes());
        if !is_named {
            out.extend_from_slice(line);
        }
    }
}

/// Whether a list such as the value of `Connection` has this element.
pub(super) fn lists(value: &[u8], element: &str) -> bool {
    value.split(|&byte| byte == b',').any(|part| super::lines::trim(part).eq_ignore_ascii_case(element.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::httputil::reason_phrase;

    fn status_line(code: u16, reason: Option<&str>) -> Result<String, OutputError> {
        let mut out = Vec::new();
        write_status_line(&mut out, StatusCode::from_u16(code).unwrap(), reason)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_status_has_its_line() {
        for code in 100..1000 {
            let expected = format!("HTTP/1.1 {code} {}\r\n", reason_phrase(code));
            assert_eq!(status_line(code, None).unwrap(), expected);
        }
    }

    #[test]
    fn a_reason_of_ones_own_stays_on_its_line() {
        assert_eq!(status_line(200, Some("Fine")).unwrap(), "HTTP/1.1 200 Fine\r\n");
        assert_eq!(status_line(200, Some("")).unwrap(), "HTTP/1.1 200 \r\n");
        assert_eq!(status_line(499, None).unwrap(), "HTTP/1.1 499 Unknown\r\n");
        assert_eq!(status_line(200, Some("a\r\nSet-Cookie: b=c")), Err(OutputError::StartLine));
        assert_eq!(status_line(200, Some("a\0")), Err(OutputError::StartLine));
    }

    #[test]
    fn lines_of_one_name_can_be_left_out() {
        let mut out = Vec::new();
        write_lines_without(&mut out, b"A: b\r\nContent-Length: 3\r\nContent-Length-X: 1\r\n", "content-length");
        assert_eq!(out, b"A: b\r\nContent-Length-X: 1\r\n");
    }
}
