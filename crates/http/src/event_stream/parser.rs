//! Reading an event stream (the HTML standard, sections 9.2.5 and 9.2.6).

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use memchr::memchr2;

use super::ServerSentEvent;

/// Bytes that one event may have, unless set otherwise.
const EVENT_SIZE_MAX: usize = 1024 * 1024;

/// Makes events of the bytes of a stream, however they arrive.
///
/// What is not complete at the end of the stream is no event.
///
/// # Examples
///
/// ```
/// use firewhirl_http::event_stream::EventStreamParser;
///
/// let mut parser = EventStreamParser::new();
/// parser.push(b"event: note\nid: 7\nda")?;
/// assert_eq!(parser.next_event(), None);
/// parser.push(b"ta: hello\r\n\r\n")?;
/// let event = parser.next_event().unwrap();
/// assert_eq!((event.kind(), event.data(), event.last_id()), ("note", "hello", "7"));
/// # Ok::<(), firewhirl_http::event_stream::EventTooLong>(())
/// ```
#[derive(Debug)]
pub struct EventStreamParser {
    /// The line that has arrived in part.
    line: Vec<u8>,
    /// Whether the line before ended with a carriage return, to which a line feed may belong.
    after_carriage_return: bool,
    /// Whether no line has ended yet: before the first there may be a byte order mark.
    is_first_line: bool,
    event: Option<String>,
    data: Option<String>,
    /// The id that the next event has, unless it sets another.
    id: String,
    /// The id at the end of the last event that was complete.
    last_id: String,
    retry: Option<Duration>,
    ready: VecDeque<ServerSentEvent>,
    limit: usize,
}

impl Default for EventStreamParser {
    fn default() -> Self {
        Self {
            line: Vec::new(),
            after_carriage_return: false,
            is_first_line: true,
            event: None,
            data: None,
            id: String::new(),
            last_id: String::new(),
            retry: None,
            ready: VecDeque::new(),
            limit: EVENT_SIZE_MAX,
        }
    }
}

impl EventStreamParser {
    /// Makes one for a stream that begins.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes that one event may have, and one line. Default: 1 MiB.
    pub fn max_event_size(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Makes a parser for a stream that goes on after another: with the id that was last.
    pub fn last_event_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self.last_id = self.id.clone();
        self
    }

    /// A parser for the stream that comes after this one broke off: it knows the last id and the delay.
    #[must_use]
    pub fn following(&self) -> Self {
        let next = Self { retry: self.retry, limit: self.limit, ..Self::default() };
        next.last_event_id(self.last_id.as_str())
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    ///
    /// [`EventTooLong`]; the stream is to be given up then.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), EventTooLong> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_carriage_return) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = memchr2(b'\r', b'\n', bytes);
            let part = &bytes[..end.unwrap_or(bytes.len())];
            if self.line.len() + part.len() + self.data.as_ref().map_or(0, String::len) > self.limit {
                return Err(EventTooLong { limit: self.limit });
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else { return Ok(()) };
            self.after_carriage_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            let mut line = std::mem::take(&mut self.line);
            self.take_line(&line);
            line.clear();
            self.line = line;
        }
        Ok(())
    }

    /// The next event, if it is complete.
    pub fn next_event(&mut self) -> Option<ServerSentEvent> {
        self.ready.pop_front()
    }

    /// What to send as `Last-Event-ID` when the stream breaks off: the id of the last event that was complete.
    pub fn last_id(&self) -> &str {
        self.last_id.as_str()
    }

    /// How long the server wants its clients to wait before they come back, if it has said so.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    fn take_line(&mut self, line: &[u8]) {
        let without_mark = if self.is_first_line { line.strip_prefix(b"\xef\xbb\xbf") } else { None };
        self.is_first_line = false;
        let line = String::from_utf8_lossy(without_mark.unwrap_or(line));
        if line.is_empty() {
            return self.dispatch();
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "event" => self.event = (!value.is_empty()).then(|| value.to_owned()),
            // "If the field value does not contain U+0000 NULL", for no header could carry it back.
            "id" if !value.contains('\0') => self.id = value.to_owned(),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry);
            }
            // A comment, which has no name, or a field that nobody knows.
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let event = self.event.take();
        self.last_id.clone_from(&self.id);
        // Without data there is nothing to be told; an id stays.
        if let Some(data) = self.data.take() {
            let id = (!self.last_id.is_empty()).then(|| self.last_id.clone());
            self.ready.push_back(ServerSentEvent { data: Some(data), event, id, retry: None });
        }
    }
}

/// An event of the server's has more bytes than it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLong {
    /// Bytes that it may have.
    pub limit: usize,
}

impl fmt::Display for EventTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit;
        write!(f, "the server's event has more than {limit} bytes; raise `max_event_size` if it is expected")
    }
}

impl std::error::Error for EventTooLong {}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(event: &ServerSentEvent) -> String {
        format!("{}/{}/{:?}", event.kind(), event.last_id(), event.data())
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, &[&str])] = &[
            ("one",                     "data: a\n\n",                             &["message//\"a\""]),
            ("two lines",               "data: a\ndata: b\n\n",                    &["message//\"a\\nb\""]),
            ("one space is taken off",  "data:  a\ndata:b\n\n",                    &["message//\" a\\nb\""]),
            ("the standard's first",    "data: YHOO\ndata: +2\ndata: 10\n\n",      &["message//\"YHOO\\n+2\\n10\""]),
            ("the standard's second",   ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
                                        &["message/1/\"first event\"", "message//\"second event\"", "message//\" third event\""]),
            ("the standard's third",    "data\n\ndata\ndata\n\ndata:",             &["message//\"\"", "message//\"\\n\""]),
            ("carriage returns",        "data: a\rdata: b\r\r",                    &["message//\"a\\nb\""]),
            ("both",                    "data: a\r\n\r\ndata: b\r\n\r\n",          &["message//\"a\"", "message//\"b\""]),
            ("all ends of lines mixed", "data: a\rdata: b\ndata: c\r\n\n",         &["message//\"a\\nb\\nc\""]),
            ("a byte order mark",       "\u{feff}data: a\n\n",                     &["message//\"a\""]),
            ("a second mark",           "\u{feff}\u{feff}data: a\n\n",             &[]),
            ("a mark later",            "\n\u{feff}data: a\n\n",                   &[]),
            ("a kind",                  "event: x\ndata: a\n\ndata: b\n\n",        &["x//\"a\"", "message//\"b\""]),
            ("an empty kind",           "event: x\nevent:\ndata: a\n\n",           &["message//\"a\""]),
            ("a kind without data",     "event: x\n\ndata: a\n\n",                 &["message//\"a\""]),
            ("an id stays",             "id: 1\ndata: a\n\ndata: b\n\n",           &["message/1/\"a\"", "message/1/\"b\""]),
            ("an id without data",      "id: 1\n\ndata: a\n\n",                    &["message/1/\"a\""]),
            ("an id with NUL",          "id: 1\ndata: a\n\nid: 2\u{0}\ndata: b\n\n", &["message/1/\"a\"", "message/1/\"b\""]),
            ("comments",                ":\n: x\n:data: x\ndata: a\n:\n\n",        &["message//\"a\""]),
            ("unknown fields",          "foo: x\nDATA: x\n data: x\ndata : x\ndata: a\n\n", &["message//\"a\""]),
            ("a colon in it",           "data: a: b\n\n",                          &["message//\"a: b\""]),
            ("not complete",            "data: a\n",                               &[]),
            ("cut off",                 "data: a\n\ndata: b\nid: 2",               &["message//\"a\""]),
            ("other letters",           "data: \u{e4}\u{1f525}\n\n",               &["message//\"\u{e4}\u{1f525}\""]),
        ];
        for &(what, stream, expected) in CASES {
            for step in [1, 2, 3, stream.len()] {
                let mut parser = EventStreamParser::new();
                stream.as_bytes().chunks(step).for_each(|chunk| parser.push(chunk).unwrap());
                let events: Vec<String> =
                    std::iter::from_fn(|| parser.next_event()).map(|event| shown(&event)).collect();
                assert_eq!(events, expected, "{what}, {step} at a time");
            }
        }
    }

    #[test]
    fn a_retry_is_digits_and_nothing_else() {
        const CASES: &[(&str, Option<u64>)] = &[
            ("retry: 1500\n", Some(1500)),
            ("retry:0\n", Some(0)),
            ("retry: 10\nretry: x\n", Some(10)),
            ("retry: 10\nretry:\n", Some(10)),
            ("retry: -1\n", None),
            ("retry: 1.5\n", None),
            ("retry: 10 \n", None),
            ("retry: 99999999999999999999999\n", None),
        ];
        for &(stream, expected) in CASES {
            let mut parser = EventStreamParser::new();
            parser.push(stream.as_bytes()).unwrap();
            assert_eq!(parser.retry(), expected.map(Duration::from_millis), "{stream:?}");
        }
    }

    #[test]
    fn the_id_of_an_event_that_was_cut_off_is_not_the_last() {
        let mut parser = EventStreamParser::new();
        parser.push(b"id: 1\ndata: a\n\nid: 2\ndata: b\n").unwrap();
        assert_eq!(parser.last_id(), "1");
        parser.push(b"\n").unwrap();
        assert_eq!(parser.last_id(), "2");
    }

    #[test]
    fn what_is_no_utf_8_is_replaced() {
        let mut parser = EventStreamParser::new();
        parser.push(b"data: a\xffb\n\n").unwrap();
        assert_eq!(parser.next_event().unwrap().data(), "a\u{fffd}b");
    }

    #[test]
    fn an_event_without_end_ends_at_the_limit() {
        for endless in [&b"data: aaaaaaaaa"[..], b"data: aaaaaaaaa\n", b":aaaaaaaaaaaaaaa"] {
            let mut parser = EventStreamParser::new().max_event_size(1000);
            let ended = (0..1000).find_map(|_| parser.push(endless).err());
            assert_eq!(ended, Some(EventTooLong { limit: 1000 }), "{endless:?}");
        }
        let mut parser = EventStreamParser::new().max_event_size(1000);
        for _ in 0..1000 {
            parser.push(b": comments do not add up\ndata: nor do events\n\n").unwrap();
            assert!(parser.next_event().is_some());
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let events = [
            ServerSentEvent::new("a\nb").event("x").id("1"),
            ServerSentEvent::new(" \n\n:").id("1"),
            ServerSentEvent::new("").id("2"),
        ];
        let mut stream = String::new();
        events.iter().for_each(|event| event.write_to(&mut stream));
        let mut parser = EventStreamParser::new().last_event_id("0");
        parser.push(stream.as_bytes()).unwrap();
        for event in events {
            assert_eq!(parser.next_event(), Some(event));
        }
        assert_eq!(parser.last_id(), "2");
    }
}
