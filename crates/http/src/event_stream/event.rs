//! One event, and how it is written.

use std::time::Duration;

/// An event as it is sent, or as it was received.
///
/// # Examples
///
/// ```
/// use firewhirl_http::event_stream::ServerSentEvent;
///
/// let event = ServerSentEvent::new("two\nlines").event("note").id("7");
/// let mut stream = String::new();
/// event.write_to(&mut stream);
/// assert_eq!(stream, "id: 7\nevent: note\ndata: two\ndata: lines\n\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerSentEvent {
    pub(super) data: Option<String>,
    pub(super) event: Option<String>,
    pub(super) id: Option<String>,
    pub(super) retry: Option<Duration>,
}

impl ServerSentEvent {
    /// An event with this data, of any number of lines.
    pub fn new(data: impl Into<String>) -> Self {
        Self { data: Some(data.into()), ..Self::default() }
    }

    /// Without data, which no client shows to its program: it only says the delay before a client that was cut
    /// off comes back.
    pub fn retry_only(delay: Duration) -> Self {
        Self::default().retry(delay)
    }

    /// What kind of event it is. Default: `message`.
    ///
    /// Line ends in it, which would end it, become spaces.
    pub fn event(mut self, event: impl Into<String>) -> Self {
        self.event = Some(in_one_line(event.into()));
        self
    }

    /// What a client that was cut off tells as its last, so that it gets those after it. Line ends in it become
    /// spaces, and so does NUL, with which it would be ignored.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(in_one_line(id.into()).replace('\0', " "));
        self
    }

    /// How long a client waits before it comes back after it was cut off.
    pub fn retry(mut self, delay: Duration) -> Self {
        self.retry = Some(delay);
        self
    }

    /// Its data; empty if it has none.
    pub fn data(&self) -> &str {
        self.data.as_deref().unwrap_or_default()
    }

    /// Its kind: `message` unless it says another.
    pub fn kind(&self) -> &str {
        self.event.as_deref().unwrap_or("message")
    }

    /// The id that was set with it or, of one that was received, last before it; empty if there was none.
    pub fn last_id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Writes it, with the empty line that ends it.
    pub fn write_to(&self, stream: &mut String) {
        let mut field = |name: &str, value: &str| {
            stream.push_str(name);
            stream.push_str(": ");
            stream.push_str(value);
            stream.push('\n');
        };
        if let Some(id) = &self.id {
            field("id", id);
        }
        if let Some(event) = &self.event {
            field("event", event);
        }
        if let Some(delay) = self.retry {
            field("retry", &delay.as_millis().to_string());
        }
        if let Some(data) = &self.data {
            // The three ends of lines that there are; `lines` would pass over a last one.
            data.replace("\r\n", "\n").split(['\n', '\r']).for_each(|line| field("data", line));
        }
        stream.push('\n');
    }
}

impl From<&str> for ServerSentEvent {
    fn from(data: &str) -> Self {
        Self::new(data)
    }
}

impl From<String> for ServerSentEvent {
    fn from(data: String) -> Self {
        Self::new(data)
    }
}

fn in_one_line(text: String) -> String {
    if text.contains(['\r', '\n']) { text.replace(['\r', '\n'], " ") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_in_lines() {
        let cases = [
            (ServerSentEvent::new("a"), "data: a\n\n"),
            (ServerSentEvent::new(""), "data: \n\n"),
            (ServerSentEvent::new("a\n"), "data: a\ndata: \n\n"),
            (ServerSentEvent::new("a\r\nb\rc\n\nd"), "data: a\ndata: b\ndata: c\ndata: \ndata: d\n\n"),
            (ServerSentEvent::new(" a: b"), "data:  a: b\n\n"),
            (ServerSentEvent::new("a").event("tick").id("1"), "id: 1\nevent: tick\ndata: a\n\n"),
            (ServerSentEvent::new("a").event("x\ndata: evil\r\n"), "event: x data: evil  \ndata: a\n\n"),
            (ServerSentEvent::new("a").id("1\0\n2"), "id: 1  2\ndata: a\n\n"),
            (ServerSentEvent::new("a").id(""), "id: \ndata: a\n\n"),
            (ServerSentEvent::retry_only(Duration::from_millis(1500)), "retry: 1500\n\n"),
            (ServerSentEvent::from("a"), "data: a\n\n"),
        ];
        for (event, expected) in cases {
            let mut stream = String::new();
            event.write_to(&mut stream);
            assert_eq!(stream, expected, "{event:?}");
        }
    }
}
