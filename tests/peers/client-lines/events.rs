//! The lines that go out: what has come of a request, each with its id.
//!
//! | line | when |
//! |---|---|
//! | `{"id", "header"}` | a line of the head has come, if they were asked for |
//! | `{"id", "chunk"}` | a part of the body has come, if they were asked for |
//! | `{"id", "code", "reason", "headers", "body", "effective_url"}` | there is a response |
//! | `{"id", "error", "kind", "code"}` | there is none |

use std::fmt::Display;
use std::io::Write;

use firewhirl::http::HttpResponse;
use serde_json::{Value, json};

/// Tells what comes of one request.
#[derive(Clone, Copy)]
pub(crate) struct Events {
    id: u64,
}

impl Events {
    pub(crate) fn of(id: u64) -> Self {
        Self { id }
    }

    pub(crate) fn header(self, line: &str) {
        self.say(json!({ "header": line }));
    }

    /// By hand, for there may be much of it.
    pub(crate) fn chunk(self, chunk: &[u8]) {
        let mut line = format!(r#"{{"id":{},"chunk":""#, self.id).into_bytes();
        write_escaped(&mut line, chunk);
        line.extend_from_slice(b"\"}\n");
        let _ = std::io::stdout().write_all(&line);
    }

    pub(crate) fn end(self, response: &HttpResponse) {
        let headers: Vec<_> = response.fields().map(|(name, value)| (name, latin1(value))).collect();
        self.say(json!({
            "code": response.code(),
            "reason": response.reason(),
            "headers": headers,
            "body": latin1(response.body()),
            "effective_url": response.effective_url(),
        }));
    }

    pub(crate) fn error(self, error: &impl Display, kind: &str, code: u16) {
        self.say(json!({ "error": error.to_string(), "kind": kind, "code": code }));
    }

    pub(crate) fn value_error(self, text: &str) {
        self.error(&text, "value", 599);
    }

    fn say(self, mut event: Value) {
        event["id"] = self.id.into();
        // Nobody reads any more where it fails, and the input will end.
        let _ = writeln!(std::io::stdout(), "{event}");
    }
}

/// Writes bytes as characters of a JSON string, run by run of equal ones.
fn write_escaped(line: &mut Vec<u8>, bytes: &[u8]) {
    for run in bytes.chunk_by(|one, other| one == other) {
        let byte = run[0];
        match byte {
            b' ' | b'!' | b'#'..=b'[' | b']'..=b'~' => line.extend_from_slice(run),
            _ => line.extend_from_slice(format!("\\u{byte:04x}").repeat(run.len()).as_bytes()),
        }
    }
}

/// A character a byte.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}
