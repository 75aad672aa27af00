//! Records for machines: an object a line.

use std::fmt::Write;

use super::clock::timestamp;
use super::printable::push_parts;
use super::{Formatter, Record, Value};

/// Makes a line of JSON of each record.
///
/// | key | value |
/// |---|---|
/// | `timestamp` | RFC 3339, in UTC, with microseconds |
/// | `level` | `DEBUG`, `INFO`, `WARNING`, `ERROR`, and `TRACE` |
/// | `target` | the stream: `firewhirl::access` and the like, or the path of the module |
/// | `module`, `line` | where in the source, if that is known |
/// | `message` | the message, without fields |
/// | `request_id`, `trace_id`, `span_id` | of the request during which it was logged; a field or a span's field of such a name is taken before |
/// | `fields` | the other fields as an object, if there are any |
/// | `spans` | the spans around it, outermost first, each with its `name` and its fields, if there are any |
///
/// Numbers and truth values stay what they are; a float that JSON has no word for, bytes, errors (with
/// their causes) and all else is text. Control characters are escaped, those of eight bits and those that
/// turn the direction of writing as well, so that a log can be looked at in a terminal.
///
/// # Examples
///
/// ```text
/// {"timestamp":"2026-06-08T10:58:49.120034Z","level":"INFO","target":"firewhirl::access","module":"access_log","line":31,
///  "message":"200 GET /story/7 (1.2.3.4) 1.20ms","request_id":"52fdfc072182654f",
///  "fields":{"status":200,"method":"GET","uri":"/story/7","remote_ip":"1.2.3.4","duration_ms":1.2,"route":"/story/{id}"}}
/// ```
///
/// (It is one line; here it is folded.)
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonFormatter;

impl JsonFormatter {
    /// A formatter.
    pub fn new() -> Self {
        Self
    }
}

/// The names that stand at the top wherever they come from.
const IDS: [&str; 3] = ["request_id", "trace_id", "span_id"];

impl Formatter for JsonFormatter {
    fn format(&self, record: &Record<'_>, line: &mut String) {
        // Writing to a string does not fail.
        let _ =
            write!(line, "{{\"timestamp\":\"{:.6}\",\"level\":\"{}\"", timestamp(record.time()), record.level_name());
        push_text_member(line, "target", record.target());
        if let Some(number) = record.line() {
            push_text_member(line, "module", record.module());
            let _ = write!(line, ",\"line\":{number}");
        }
        push_text_member(line, "message", record.message());
        push_ids(line, record);
        push_fields(line, record);
        push_spans(line, record);
        line.push('}');
    }

    fn shows_request(&self) -> bool {
        true
    }
}

/// Appends the ids: an event's own, else a span's from the inside out, else the request's.
fn push_ids(line: &mut String, record: &Record<'_>) {
    let request = record.request();
    let of_request = [
        request.map(|request| request.id()),
        request.and_then(|request| request.trace_id()),
        request.and_then(|request| request.span_id()),
    ];
    for (id, of_request) in IDS.iter().zip(of_request) {
        let mut found = None;
        let mut look = |name: &str, value: Value<'_>| {
            if name == *id {
                let mut text = String::new();
                value.push_to(&mut text);
                found = Some(text);
            }
        };
        for span in record.spans() {
            span.fields(&mut look);
        }
        record.fields(&mut look);
        if let Some(text) = found.as_deref().or(of_request) {
            push_text_member(line, id, text);
        }
    }
}

fn push_fields(line: &mut String, record: &Record<'_>) {
    let mut is_first = true;
    record.fields(|name, value| {
        if !IDS.contains(&name) {
            line.push_str(if is_first { ",\"fields\":{" } else { "," });
            is_first = false;
            push_member(line, name, value);
        }
    });
    if !is_first {
        line.push('}');
    }
}

fn push_spans(line: &mut String, record: &Record<'_>) {
    for (index, span) in record.spans().iter().enumerate() {
        line.push_str(if index == 0 { ",\"spans\":[{" } else { ",{" });
        push_member(line, "name", Value::Text(span.name()));
        span.fields(|name, value| {
            line.push(',');
            push_member(line, name, value);
        });
        line.push('}');
    }
    if !record.spans().is_empty() {
        line.push(']');
    }
}

fn push_text_member(line: &mut String, name: &str, text: &str) {
    line.push(',');
    push_member(line, name, Value::Text(text));
}

fn push_member(line: &mut String, name: &str, value: Value<'_>) {
    push_string(line, name);
    line.push(':');
    match value {
        Value::Bool(_) | Value::Integer(_) => value.push_to(line),
        Value::Float(number) if number.is_finite() => value.push_to(line),
        Value::Text(text) => push_string(line, text),
        other => {
            let mut text = String::new();
            other.push_to(&mut text);
            push_string(line, &text);
        }
    }
}

/// Appends a string of JSON (RFC 8259, section 7).
fn push_string(line: &mut String, text: &str) {
    line.push('"');
    for part in text.split_inclusive(['"', '\\']) {
        let (plain, quoted) = match part.as_bytes().last() {
            Some(byte @ (b'"' | b'\\')) => (&part[..part.len() - 1], Some(char::from(*byte))),
            _ => (part, None),
        };
        push_parts(line, plain, push_escape);
        line.extend(quoted.iter().flat_map(|quoted| ['\\', *quoted]));
    }
    line.push('"');
}

fn push_escape(line: &mut String, control: char) {
    match control {
        '\n' => line.push_str("\\n"),
        '\r' => line.push_str("\\r"),
        '\t' => line.push_str("\\t"),
        // All of them are below U+FFFF. Writing to a string does not fail.
        other => drop(write!(line, "\\u{:04x}", u32::from(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_one_that_parsers_read_and_terminals_survive() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, &str)] = &[
            ("plain",           "GET /",          r#""GET /""#),
            ("nothing",         "",               r#""""#),
            ("quotes",          r#"a"b\c"#,       r#""a\"b\\c""#),
            ("quotes alone",    r#""\"#,          r#""\"\\""#),
            ("ends of lines",   "a\r\nb\tc",      r#""a\r\nb\tc""#),
            ("control bytes",   "\x1b[2J\0\x7f",  r#""\u001b[2J\u0000\u007f""#),
            ("of eight bits",   "\u{9b}2J",       r#""\u009b2J""#),
            ("turned text",     "\u{202e}x",      r#""\u202ex""#),
            ("other letters",   "caf\u{e9}",      "\"caf\u{e9}\""),
        ];
        for &(case, text, expected) in CASES {
            let mut line = String::new();
            push_string(&mut line, text);
            assert_eq!(line, expected, "{case}");
            assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text, "{case}");
        }
    }
}
