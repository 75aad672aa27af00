//! One connection of HTTP/1.1 on a client: the codec joined to a stream.
//!
//! The counterpart of the server's [`connection`](super::connection). The task that fetches drives it,
//! in short polls: no task and no timer is its own. Request and response go on at the same time, so that
//! a server may answer before it has read, and a body may be written while its answer is read. What may
//! come and go on the wire is the [codec](super::codec)'s to say; which request is sent on which
//! connection, and until when, is the [pool](crate::client)'s.
//!
//! This file holds the state, and the connection's life between two exchanges; the request is in
//! `sending.rs`, the response in `receiving.rs`.

mod receiving;
mod sending;

use std::task::Context;
use std::time::{Duration, Instant};

use firewhirl_event::IoStream;
use firewhirl_event::iostream::StreamLimits;

use super::codec::ClientCodec;
use super::response_head::ResponseHead;
use crate::limits::Limits;
use sending::Upload;

/// A connection, and the exchange that it is at.
pub(crate) struct ClientConnection {
    stream: IoStream,
    /// The stream's own limits, which it gets back when it is handed out.
    stream_limits: StreamLimits,
    codec: ClientCodec,
    upload: Upload,
    /// Whether bytes have come since the codec last asked for more.
    unseen: bool,
    /// Whether the stream has nothing to read, as this poll of the task has found already.
    looked: bool,
    /// Whether a byte of the response has come.
    heard: bool,
    /// Whether the server takes no more of the request.
    deaf: bool,
    method_is_connect: bool,
    requests: u32,
    /// Until when the server keeps it open between two requests, where it has said so.
    server_patience: Option<Duration>,
    pub(crate) idle_since: Option<Instant>,
}

impl ClientConnection {
    pub(crate) fn new(stream: IoStream, limits: Limits) -> Self {
        // How much may wait to be sent is looked at here, where a part is taken only if there is room.
        let stream_limits = stream.limits();
        let stream = stream.with_limits(stream_limits.max_write_buffer_size(usize::MAX));
        stream.set_nodelay(true);
        Self {
            stream,
            stream_limits,
            codec: ClientCodec::new(limits),
            upload: Upload::Done,
            unseen: false,
            looked: false,
            heard: false,
            deaf: false,
            method_is_connect: false,
            requests: 0,
            server_patience: None,
            idle_since: None,
        }
    }

    /// Whether it has carried a request before, so that the server may have closed it meanwhile.
    pub(crate) fn is_reused(&self) -> bool {
        self.requests > 1
    }

    /// Whether a byte of the response has come.
    pub(crate) fn has_heard(&self) -> bool {
        self.heard
    }

    /// Whether nothing has come on an idle connection: no end of it, and no bytes, which nobody can
    /// have asked for. It holds no buffer after that.
    pub(crate) fn poll_is_quiet(&mut self, context: &mut Context<'_>) -> bool {
        let is_quiet = self.stream.buffer().is_empty() && self.stream.poll_fill(context).is_pending();
        self.looked = is_quiet;
        is_quiet
    }

    /// How long it may be idle, by what the server has said.
    pub(crate) fn server_patience(&self) -> Option<Duration> {
        self.server_patience
    }

    /// Notes what a response says of how long its server keeps the connection (`Keep-Alive: timeout=5`).
    pub(crate) fn note_patience(&mut self, head: &ResponseHead) {
        if let Some(value) = head.field("Keep-Alive") {
            self.server_patience = keep_alive_timeout(value);
        }
    }

    /// Makes ready for another request; whether there can be one.
    pub(crate) fn next_request(&mut self) -> bool {
        let is_clean = matches!(self.upload, Upload::Done)
            && !self.deaf
            && self.codec.request_done()
            && self.codec.response_done()
            && !self.stream.writing()
            && !self.stream.is_eof()
            && self.stream.buffer().is_empty();
        is_clean && self.codec.next_request()
    }

    /// The stream, for another protocol; bytes of it that came with the response are in its buffer.
    pub(crate) fn into_stream(self) -> IoStream {
        self.stream.with_limits(self.stream_limits)
    }
}

/// The seconds of `timeout=N` in a `Keep-Alive` field.
fn keep_alive_timeout(value: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?;
    let mut parameters = text.split(',').map(str::trim);
    let seconds = parameters.find_map(|parameter| {
        let (name, seconds) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("timeout").then_some(seconds)
    })?;
    seconds.trim().trim_matches('"').parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_say_how_long_it_keeps_a_connection() {
        #[rustfmt::skip]
        const CASES: &[(&str, Option<u64>)] = &[
            ("timeout=5",              Some(5)),
            ("timeout=5, max=100",     Some(5)),
            ("max=100, Timeout = 20",  Some(20)),
            ("timeout=\"5\"",          Some(5)),
            ("timeout=0",              Some(0)),
            ("max=100",                None),
            ("timeout=soon",           None),
            ("",                       None),
        ];
        for &(value, expected) in CASES {
            assert_eq!(keep_alive_timeout(value.as_bytes()), expected.map(Duration::from_secs), "{value}");
        }
    }
}
