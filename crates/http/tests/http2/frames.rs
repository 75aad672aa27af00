//! Frames put together and taken apart by hand (RFC 9113, section 4; RFC 7541), so that a test can send
//! what no library would.

#![allow(dead_code, reason = "each test uses its part of it")]

use std::rc::Rc;

use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::{Serve, ServerOptions, serve_stream};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;
pub(crate) const PRIORITISED: u8 = 0x20;

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const FLOW_CONTROL_ERROR: u32 = 3;
pub(crate) const STREAM_CLOSED: u32 = 5;
pub(crate) const FRAME_SIZE_ERROR: u32 = 6;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const COMPRESSION_ERROR: u32 = 9;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame as it is sent.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A setting in a SETTINGS frame.
pub(crate) fn setting(id: u16, value: u32) -> Vec<u8> {
    [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()
}

pub(crate) fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = settings.iter().flat_map(|&(id, value)| setting(id, value)).collect();
    frame(SETTINGS, 0, 0, payload)
}

pub(crate) fn window_update(stream: u32, increment: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, increment.to_be_bytes())
}

pub(crate) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, code.to_be_bytes())
}

/// A field line of a header block, neither indexed nor compressed.
pub(crate) fn field(name: &str, value: &str) -> Vec<u8> {
    let mut line = vec![0];
    for text in [name, value] {
        length(&mut line, text.len());
        line.extend_from_slice(text.as_bytes());
    }
    line
}

/// A length in seven bits and what follows them (RFC 7541, section 5.1).
fn length(out: &mut Vec<u8>, length: usize) {
    let Some(mut rest) = length.checked_sub(127) else { return out.push(length as u8) };
    out.push(127);
    while rest >= 128 {
        out.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    out.push(rest as u8);
}

/// The header block of a request.
pub(crate) fn request(method: &str, path: &str) -> Vec<u8> {
    [field(":method", method), field(":scheme", "http"), field(":path", path), field(":authority", "a")].concat()
}

/// A GET that ends with its head.
pub(crate) fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, request("GET", path))
}

/// A POST whose body follows.
pub(crate) fn post(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, request("POST", path))
}

/// A frame that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The number at a place of the payload.
    pub(crate) fn number(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    /// The error code of a RST_STREAM or GOAWAY frame.
    pub(crate) fn code(&self) -> u32 {
        self.number(if self.kind == GOAWAY { 4 } else { 0 })
    }

    /// Whether this is the head of an answer with one of the statuses that HPACK has a byte for.
    pub(crate) fn is_status(&self, status: u16) -> bool {
        let bytes = [(200, 0x88), (204, 0x89), (206, 0x8a), (304, 0x8b), (400, 0x8c), (404, 0x8d), (500, 0x8e)];
        self.kind == HEADERS && bytes.iter().any(|&(own, byte)| own == status && self.payload[0] == byte)
    }

    pub(crate) fn ends_stream(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }
}

/// A client that sends whatever a test wants.
pub(crate) struct RawClient {
    pub(crate) stream: IoStream,
}

impl RawClient {
    /// A connection to a service; nothing is sent yet.
    pub(crate) fn to(service: impl Serve, options: ServerOptions) -> Self {
        let (near, far) = IoStream::pair().unwrap();
        IoLoop::current().spawn_callback(serve_stream(near, Rc::new(service), options));
        Self { stream: far }
    }

    /// A connection over which both sides have said hello.
    pub(crate) async fn hello(service: impl Serve, options: ServerOptions) -> Result<Self> {
        Self::hello_with(service, options, &[]).await
    }

    /// As [`hello`](Self::hello), with settings.
    pub(crate) async fn hello_with(service: impl Serve, options: ServerOptions, own: &[(u16, u32)]) -> Result<Self> {
        let mut client = Self::to(service, options);
        client.send([PREFACE, &settings(own)].concat());
        let (mut theirs, mut acknowledged) = (false, false);
        while !(theirs && acknowledged) {
            let frame = client.next().await?.expect("the server says hello");
            if frame.kind == SETTINGS && frame.flags & ACK == 0 {
                theirs = true;
                client.send(self::frame(SETTINGS, ACK, 0, []));
            }
            acknowledged |= frame.kind == SETTINGS && frame.flags & ACK != 0;
        }
        Ok(client)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write(bytes.as_ref());
    }

    /// The next frame; `None` once the server has closed.
    pub(crate) async fn next(&mut self) -> Result<Option<Frame>> {
        let Ok(head) = self.stream.read_bytes(9).await else { return Ok(None) };
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes(head[5..9].try_into()?) & 0x7FFF_FFFF;
        let payload = if length == 0 { Vec::new() } else { self.stream.read_bytes(length).await?.to_vec() };
        Ok(Some(Frame { kind, flags, stream, payload }))
    }

    /// The next frame for which `wanted` holds, the others passed over.
    pub(crate) async fn next_where(&mut self, wanted: impl Fn(&Frame) -> bool) -> Result<Frame> {
        let mut passed = Vec::new();
        while let Some(frame) = self.next().await? {
            if wanted(&frame) {
                return Ok(frame);
            }
            passed.push(frame);
        }
        panic!("the server closed without it, after {passed:?}");
    }

    /// All frames until the server closes.
    pub(crate) async fn until_closed(&mut self) -> Result<Vec<Frame>> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await? {
            frames.push(frame);
        }
        Ok(frames)
    }

    /// Sends a PING and waits for its answer: all that was sent before it has been seen.
    pub(crate) async fn ping(&mut self) -> Result<Vec<Frame>> {
        self.send(frame(PING, 0, 0, b"are you "));
        let mut passed = Vec::new();
        while let Some(frame) = self.next().await? {
            if frame.kind == PING && frame.flags & ACK != 0 {
                return Ok(passed);
            }
            passed.push(frame);
        }
        panic!("the server closed instead of answering, after {passed:?}");
    }
}
