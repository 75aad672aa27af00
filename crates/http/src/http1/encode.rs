//! The first lines and the connection fields of what goes out (RFC 9112, sections 3, 4 and 9.6).

use http::StatusCode;

use crate::error::OutputError;

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

/// The line of every registered status, ready to be sent.
macro_rules! standard_lines {
    ($($code:literal $reason:literal;)*) => {
        #[inline]
        fn standard_line(status: StatusCode) -> Option<&'static [u8]> {
            match status.as_u16() {
                $($code => Some(concat!("HTTP/1.1 ", $code, " ", $reason, "\r\n").as_bytes()),)*
                _ => None,
            }
        }

        #[cfg(test)]
        const STANDARD: &[(u16, &str)] = &[$(($code, $reason)),*];
    };
}

standard_lines! {
    100 "Continue";
    101 "Switching Protocols";
    102 "Processing";
    103 "Early Hints";
    200 "OK";
    201 "Created";
    202 "Accepted";
    203 "Non-Authoritative Information";
    204 "No Content";
    205 "Reset Content";
    206 "Partial Content";
    207 "Multi-Status";
    208 "Already Reported";
    226 "IM Used";
    300 "Multiple Choices";
    301 "Moved Permanently";
    302 "Found";
    303 "See Other";
    304 "Not Modified";
    305 "Use Proxy";
    307 "Temporary Redirect";
    308 "Permanent Redirect";
    400 "Bad Request";
    401 "Unauthorized";
    402 "Payment Required";
    403 "Forbidden";
    404 "Not Found";
    405 "Method Not Allowed";
    406 "Not Acceptable";
    407 "Proxy Authentication Required";
    408 "Request Timeout";
    409 "Conflict";
    410 "Gone";
    411 "Length Required";
    412 "Precondition Failed";
    413 "Payload Too Large";
    414 "URI Too Long";
    415 "Unsupported Media Type";
    416 "Range Not Satisfiable";
    417 "Expectation Failed";
    418 "I'm a teapot";
    421 "Misdirected Request";
    422 "Unprocessable Entity";
    423 "Locked";
    424 "Failed Dependency";
    425 "Too Early";
    426 "Upgrade Required";
    428 "Precondition Required";
    429 "Too Many Requests";
    431 "Request Header Fields Too Large";
    451 "Unavailable For Legal Reasons";
    500 "Internal Server Error";
    501 "Not Implemented";
    502 "Bad Gateway";
    503 "Service Unavailable";
    504 "Gateway Timeout";
    505 "HTTP Version Not Supported";
    506 "Variant Also Negotiates";
    507 "Insufficient Storage";
    508 "Loop Detected";
    510 "Not Extended";
    511 "Network Authentication Required";
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

    fn status_line(code: u16, reason: Option<&str>) -> Result<String, OutputError> {
        let mut out = Vec::new();
        write_status_line(&mut out, StatusCode::from_u16(code).unwrap(), reason)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_standard_status_has_its_line() {
        for &(code, reason) in STANDARD {
            assert_eq!(status_line(code, None).unwrap(), format!("HTTP/1.1 {code} {reason}\r\n"));
        }
        for code in 100..1000 {
            let known = StatusCode::from_u16(code).unwrap().canonical_reason();
            let ours = STANDARD.iter().any(|&(standard, _)| standard == code);
            assert_eq!(ours, known.is_some(), "{code} {known:?}");
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
