//! Reading what a codec makes of bytes, as text: one line a message, whatever way the bytes arrive.

#![allow(dead_code, reason = "each test target uses its part of it")]

mod random;

use firewhirl_http::http1::{BodyLength, ClientCodec, RequestHead, ResponseHead, ServerCodec};
use firewhirl_http::{Headers, Limits, ProtocolError};
use http::{Method, StatusCode};
pub(crate) use random::Random;

/// What a server reads in `pieces` of bytes. A line is a request (`POST /a?b @host "content"`, with
/// `close` behind it if it is the last), or what refuses it (`400 MissingHost`), or `...` if more
/// would have to come.
pub(crate) fn requests(pieces: &[&[u8]], limits: &Limits) -> String {
    let mut reading = Requests {
        codec: ServerCodec::new(limits.clone()),
        head: RequestHead::new(),
        content: Vec::new(),
        in_body: false,
        text: Vec::new(),
    };
    let mut buffer = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        match reading.read(&buffer) {
            Ok(Some(consumed)) => drop(buffer.drain(..consumed)),
            Ok(None) => return reading.text.join("\n"),
            Err(error) => {
                reading.text.push(refusal(&error));
                return reading.text.join("\n");
            }
        }
    }
    if reading.in_body || !buffer.is_empty() {
        reading.text.push("...".to_owned());
    }
    reading.text.join("\n")
}

struct Requests {
    codec: ServerCodec,
    head: RequestHead,
    content: Vec<u8>,
    in_body: bool,
    text: Vec<String>,
}

impl Requests {
    /// Reads all that is there; gives what was consumed, or `None` after the last request.
    fn read(&mut self, input: &[u8]) -> Result<Option<usize>, ProtocolError> {
        let mut at = 0;
        loop {
            if !self.in_body {
                let Some(consumed) = self.codec.read_head(&input[at..], &mut self.head)? else { return Ok(Some(at)) };
                at += consumed;
                self.in_body = true;
                self.content.clear();
            }
            while !self.codec.request_body_done() {
                let read = self.codec.read_body(&input[at..])?;
                self.content.extend_from_slice(&input[at..][read.data]);
                at += read.consumed;
                if read.consumed == 0 && !read.done {
                    return Ok(Some(at));
                }
            }
            self.in_body = false;
            self.text.push(self.request());
            let mut out = Vec::new();
            self.codec.write_head(&mut out, StatusCode::NO_CONTENT, None, &Headers::new()).unwrap();
            self.codec.write_end(&mut out, None).unwrap();
            if !self.codec.next_request() {
                return Ok(None);
            }
        }
    }

    fn request(&self) -> String {
        let head = &self.head;
        let mut line = format!("{} {}", head.method(), head.path());
        if let Some(query) = head.query() {
            line += &format!("?{query}");
        }
        line += &format!(" @{}", head.host());
        if head.body_length() != BodyLength::None {
            line += &format!(" \"{}\"", self.content.escape_ascii());
        }
        if !self.codec.request_trailers().is_empty() {
            line += &format!(" ({})", self.codec.request_trailers().escape_ascii());
        }
        if !self.codec.keep_alive() {
            line += " close";
        }
        line
    }
}

/// What a client reads in `pieces` of bytes, which asked with `method` again and again, at whose end
/// the connection closes. A line is a response (`200 OK "content"`), or what refuses it.
pub(crate) fn responses(method: &Method, pieces: &[&[u8]], limits: &Limits) -> String {
    let mut reading = Responses {
        codec: ClientCodec::new(limits.clone()),
        method: method.clone(),
        head: ResponseHead::new(),
        content: Vec::new(),
        in_body: false,
        text: Vec::new(),
    };
    reading.ask();
    let mut buffer = Vec::new();
    let mut outcome = Ok(Some(0));
    for piece in pieces {
        buffer.extend_from_slice(piece);
        outcome = reading.read(&buffer);
        match outcome {
            Ok(Some(consumed)) => drop(buffer.drain(..consumed)),
            _ => break,
        }
    }
    // Between two responses a server may close; in one, or before the final one, it may not.
    let is_between = reading.text.last().is_some_and(|last| !last.starts_with('1')) && !reading.in_body;
    if let Ok(Some(_)) = outcome
        && !(is_between && buffer.is_empty())
    {
        outcome = reading.codec.end_of_stream().map(|()| None);
        if outcome.is_ok() && reading.in_body {
            reading.text.push(reading.response());
        }
    }
    if let Err(error) = outcome {
        reading.text.push(refusal(&error));
    }
    reading.text.join("\n")
}

struct Responses {
    codec: ClientCodec,
    method: Method,
    head: ResponseHead,
    content: Vec<u8>,
    in_body: bool,
    text: Vec<String>,
}

impl Responses {
    fn ask(&mut self) {
        let mut headers = Headers::new();
        headers.set("Connection", "Upgrade").unwrap();
        headers.set("Upgrade", "other").unwrap();
        let mut out = Vec::new();
        self.codec.write_head(&mut out, &self.method, "/", &headers).unwrap();
        self.codec.write_end(&mut out, None).unwrap();
    }

    fn read(&mut self, input: &[u8]) -> Result<Option<usize>, ProtocolError> {
        let mut at = 0;
        loop {
            if !self.in_body {
                let Some(consumed) = self.codec.read_head(&input[at..], &mut self.head)? else { return Ok(Some(at)) };
                at += consumed;
                self.content.clear();
                if self.codec.is_switched() {
                    self.text.push(self.response());
                    return Ok(None);
                }
                if self.head.status().is_informational() {
                    self.text.push(self.response());
                    continue;
                }
                self.in_body = true;
            }
            while !self.codec.response_done() {
                let read = self.codec.read_body(&input[at..])?;
                self.content.extend_from_slice(&input[at..][read.data]);
                at += read.consumed;
                if read.consumed == 0 && !read.done {
                    return Ok(Some(at));
                }
            }
            self.in_body = false;
            self.text.push(self.response());
            if !self.codec.next_request() {
                return Ok(None);
            }
            self.ask();
        }
    }

    fn response(&self) -> String {
        let mut line = format!("{} {}", self.head.status().as_u16(), self.head.reason().escape_ascii());
        if self.head.body_length() != BodyLength::None {
            line += &format!(" \"{}\"", self.content.escape_ascii());
        }
        if !self.codec.response_trailers().is_empty() {
            line += &format!(" ({})", self.codec.response_trailers().escape_ascii());
        }
        if !self.codec.keep_alive() {
            line += " close";
        }
        line
    }
}

fn refusal(error: &ProtocolError) -> String {
    format!("{} {:?}", error.status().as_u16(), error.kind())
}

/// The input whole, byte by byte, and in pieces of three.
pub(crate) fn ways(input: &[u8]) -> [Vec<&[u8]>; 3] {
    [vec![input], input.chunks(1).collect(), input.chunks(3).collect()]
}
