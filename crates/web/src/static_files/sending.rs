//! What of a file a request gets, and sending it.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use firewhirl_event::Result;
use firewhirl_http::httputil::{
    ByteRanges, ByteRangesPiece, Conditions, Precondition, Validators, content_range, parse_request_range,
    parse_request_ranges, resolve_ranges,
};
use http::{Method, StatusCode};

use super::content_type;
use super::source::StaticFile;
use crate::context::Context;

/// How long a URL with a version may be kept. Tornado's `CACHE_MAX_AGE`.
const KEPT_FOR: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Bytes that are read, and sent, at once.
const CHUNK: u64 = 256 * 1024;

/// Bytes up to which a body is sent with its head.
const SHORT: u64 = 64 * 1024;

/// Sets what the answer says of the file.
pub(super) fn set_headers(cx: &Context, path: &str, file: &StaticFile) -> Result {
    cx.set_header("Accept-Ranges", "bytes")?;
    if let Some(etag) = &file.etag {
        cx.set_etag(etag)?;
    }
    if let Some(modified) = file.modified {
        cx.set_header("Last-Modified", modified)?;
    }
    cx.set_header("Content-Type", file.content_type.as_deref().unwrap_or_else(|| content_type::of(path)))?;
    if let Some(coding) = file.content_encoding {
        cx.set_header("Content-Encoding", coding)?;
    }
    if file.varies {
        cx.add_header("Vary", "Accept-Encoding")?;
    }
    let asked = cx.query_argument_or("v", "")?;
    if !asked.is_empty() {
        // Another version's URL is answered too, for a page from before a deploy or from after it, but not to be
        // kept: Tornado has it kept for ten years, whatever it says.
        let is_current = file.version.as_ref().is_none_or(|version| asked == *version);
        let (expires, cache) = match is_current {
            true => (KEPT_FOR, format!("max-age={}", KEPT_FOR.as_secs())),
            false => (Duration::ZERO, "no-cache".to_owned()),
        };
        cx.set_header("Expires", SystemTime::now() + expires)?;
        cx.set_header("Cache-Control", cache)?;
    }
    cx.automatic_etag(false);
    Ok(())
}

/// What the request gets.
enum Answer {
    NotModified,
    PreconditionFailed,
    Whole,
    Part(Range<u64>),
    Parts(Vec<Range<u64>>),
    NotSatisfiable,
}

/// Answers the request with the file, all of it or a part.
pub(super) async fn send(cx: &Context, file: &StaticFile) -> Result {
    match judge(cx, file) {
        Answer::NotModified => {
            cx.set_status(StatusCode::NOT_MODIFIED);
            Ok(())
        }
        Answer::PreconditionFailed => cx.send_error(StatusCode::PRECONDITION_FAILED).await,
        Answer::NotSatisfiable => {
            cx.set_status(StatusCode::RANGE_NOT_SATISFIABLE);
            cx.set_header("Content-Type", "text/plain")?;
            cx.set_header("Content-Range", format!("bytes */{}", file.length))
        }
        Answer::Whole => send_range(cx, file, 0..file.length).await,
        Answer::Part(range) => {
            cx.set_status(StatusCode::PARTIAL_CONTENT);
            cx.set_header("Content-Range", content_range(&range, file.length))?;
            send_range(cx, file, range).await
        }
        Answer::Parts(ranges) => {
            let parts = ByteRanges::new(ranges, file.length, cx.response_header("Content-Type").as_deref());
            cx.set_status(StatusCode::PARTIAL_CONTENT);
            cx.set_header("Content-Type", parts.content_type())?;
            cx.set_header("Content-Length", parts.content_length())?;
            if *cx.request.method() == Method::HEAD {
                return Ok(());
            }
            for piece in parts.pieces() {
                match piece {
                    ByteRangesPiece::Framing(text) => cx.write(text)?,
                    ByteRangesPiece::Body(range) => stream(cx, file, range).await?,
                }
            }
            Ok(())
        }
    }
}

fn judge(cx: &Context, file: &StaticFile) -> Answer {
    let etag = cx.response_header("Etag");
    let mut validators = Validators::new().date(SystemTime::now());
    if let Some(etag) = &etag {
        validators = validators.etag(etag);
    }
    if let Some(modified) = file.modified {
        validators = validators.last_modified(modified);
    }
    let method = cx.request.method();
    match Conditions::of_fields(cx.request.fields()).evaluate(method, Some(&validators)) {
        Precondition::NotModified => Answer::NotModified,
        Precondition::Failed => Answer::PreconditionFailed,
        Precondition::MetWithoutRange => Answer::Whole,
        Precondition::Met => part(cx.request.header("Range"), file.length),
    }
}

/// What a `Range` header asks for of so many bytes.
fn part(header: Option<&str>, length: u64) -> Answer {
    let Some(header) = header else { return Answer::Whole };
    let resolved = match parse_request_range(header) {
        Some(range) => range.resolve(length).map(|range| vec![range]),
        None => match parse_request_ranges(header) {
            Some(ranges) => resolve_ranges(&ranges, length),
            None => return Answer::Whole,
        },
    };
    match resolved.as_deref() {
        Err(_) => Answer::NotSatisfiable,
        Ok([range]) if *range == (0..length) => Answer::Whole,
        Ok([range]) => Answer::Part(range.clone()),
        Ok(ranges) => Answer::Parts(ranges.to_vec()),
    }
}

async fn send_range(cx: &Context, file: &StaticFile, range: Range<u64>) -> Result {
    let length = range.end - range.start;
    if *cx.request.method() == Method::HEAD {
        return cx.set_header("Content-Length", length);
    }
    if length <= SHORT {
        return cx.write(file.content.read(range).await?);
    }
    cx.set_header("Content-Length", length)?;
    stream(cx, file, range).await
}

/// Sends a range as fast as the client takes it.
async fn stream(cx: &Context, file: &StaticFile, range: Range<u64>) -> Result {
    let mut start = range.start;
    while start < range.end {
        let end = range.end.min(start + CHUNK);
        cx.write(file.content.read(start..end).await?)?;
        cx.flush().await?;
        start = end;
    }
    Ok(())
}
