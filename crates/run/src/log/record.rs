//! One line's worth of log, before it is text: what a [`Formatter`](super::Formatter) is given.

use std::error::Error;
use std::fmt::{self, Debug, Write};
use std::sync::Arc;
use std::time::SystemTime;

use firewhirl_event::log_targets;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

use super::ColorSupport;
use super::request::Request;

/// What was logged: when, where, how serious, the message and the fields.
///
/// Python's `LogRecord`.
pub struct Record<'event> {
    pub(super) time: SystemTime,
    pub(super) level: Level,
    pub(super) target: &'event str,
    pub(super) file: Option<&'event str>,
    pub(super) line: Option<u32>,
    pub(super) module_path: Option<&'event str>,
    pub(super) message: &'event str,
    pub(super) event: Option<&'event Event<'event>>,
    pub(super) spans: &'event [Arc<Span>],
    pub(super) request: Option<&'event Request>,
    pub(super) color_support: ColorSupport,
}

impl<'event> Record<'event> {
    /// A record of a place in a program.
    pub(super) fn new(metadata: &'event Metadata<'event>, message: &'event str) -> Self {
        Self {
            time: SystemTime::now(),
            level: *metadata.level(),
            target: metadata.target(),
            file: metadata.file(),
            line: metadata.line(),
            module_path: metadata.module_path(),
            message,
            event: None,
            spans: &[],
            request: None,
            color_support: ColorSupport::No,
        }
    }

    /// A warning of the log's own.
    pub(super) fn remark(message: &'event str) -> Self {
        Self {
            time: SystemTime::now(),
            level: Level::WARN,
            target: log_targets::GEN,
            file: Some(file!()),
            line: Some(line!()),
            module_path: Some(module_path!()),
            message,
            event: None,
            spans: &[],
            request: None,
            color_support: ColorSupport::No,
        }
    }

    /// When it was logged.
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// How serious it is.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The stream: one of [`log_targets`](firewhirl_event::log_targets), or the path of the module.
    pub fn target(&self) -> &'event str {
        self.target
    }

    /// The message, without the fields; it may have several lines and any character.
    pub fn message(&self) -> &'event str {
        self.message
    }

    /// The source file's path.
    pub fn file(&self) -> Option<&'event str> {
        self.file
    }

    /// The line in the source file, from 1.
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// The module that logged it, as short as it is known by: the file's name without `.rs`, and for
    /// `mod.rs`, `lib.rs` and `main.rs`, which say nothing, the last part of the module's path.
    ///
    /// Python's `%(module)s`.
    pub fn module(&self) -> &'event str {
        let path = self.module_path.unwrap_or(self.target);
        let last = path.rsplit("::").next().unwrap_or(path);
        let Some(file) = self.file else { return last };
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        match name.strip_suffix(".rs").unwrap_or(name) {
            "mod" | "lib" | "main" => last,
            stem => stem,
        }
    }

    /// The level's name as Tornado and Python have it: `WARNING`, not `WARN`.
    pub fn level_name(&self) -> &'static str {
        match self.level {
            Level::ERROR => "ERROR",
            Level::WARN => "WARNING",
            Level::INFO => "INFO",
            Level::DEBUG => "DEBUG",
            _ => "TRACE",
        }
    }

    /// Visits the fields, the message aside, in their order.
    pub fn fields(&self, mut visit: impl FnMut(&'static str, Value<'_>)) {
        if let Some(event) = self.event {
            event.record(&mut Visitor(|name: &'static str, value: Value<'_>| {
                // What came by the `log` crate has its place among the fields.
                if name != "message" && !name.starts_with("log.") {
                    visit(name, value);
                }
            }));
        }
    }

    /// The spans around it, the outermost first.
    pub fn spans(&self) -> &[Arc<Span>] {
        self.spans
    }

    /// The request during whose handling it was logged, if it was during one.
    pub fn request(&self) -> Option<&'event Request> {
        self.request
    }

    /// What the output for which a line is made does with colours.
    pub fn color_support(&self) -> ColorSupport {
        self.color_support
    }
}

impl Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("level", &self.level)
            .field("target", &self.target)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

/// A field's value.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Value<'value> {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Integer(i128),
    /// A floating-point number; it may be none.
    Float(f64),
    /// A text.
    Text(&'value str),
    /// Bytes of whatever kind.
    Bytes(&'value [u8]),
    /// An error; its causes are worth showing.
    Error(&'value (dyn Error + 'static)),
    /// Whatever was given as `?value` or `%value`.
    Debug(&'value dyn Debug),
}

impl Value<'_> {
    /// Appends the value as text: an error with its causes, bytes as `b"\xe9"`.
    pub fn push_to(&self, text: &mut String) {
        // Writing to a string fails only if a value's own implementation does: the rest of it counts then.
        let _ = match self {
            Self::Bool(value) => write!(text, "{value}"),
            Self::Integer(value) => write!(text, "{value}"),
            Self::Float(value) => write!(text, "{value}"),
            Self::Text(value) => text.write_str(value),
            Self::Bytes(value) => write!(text, "b\"{}\"", value.escape_ascii()),
            Self::Debug(value) => write!(text, "{value:?}"),
            Self::Error(error) => {
                let mut written = write!(text, "{error}");
                let mut cause = error.source();
                while let Some(error) = cause {
                    written = written.and_then(|()| write!(text, ": {error}"));
                    cause = error.source();
                }
                written
            }
        };
    }
}

/// A span: its name, and its fields as they were recorded.
#[derive(Clone, Debug)]
pub struct Span {
    name: &'static str,
    fields: Vec<(&'static str, Kept)>,
}

impl Span {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, fields: Vec::new() }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Visits the fields in their order.
    pub fn fields(&self, mut visit: impl FnMut(&'static str, Value<'_>)) {
        for (name, value) in &self.fields {
            visit(name, value.get());
        }
    }

    /// Keeps the fields that `record` shows.
    pub(super) fn record(&mut self, record: impl FnOnce(&mut dyn Visit)) {
        record(&mut Visitor(|name, value: Value<'_>| self.keep(name, value)));
    }

    /// Keeps a field; one that was recorded before takes its new value.
    fn keep(&mut self, name: &'static str, value: Value<'_>) {
        let value = Kept::new(value);
        match self.fields.iter_mut().find(|(own, _)| *own == name) {
            Some((_, own)) => *own = value,
            None => self.fields.push((name, value)),
        }
    }
}

/// A value that outlives the line of code that gave it.
#[derive(Clone, Debug)]
enum Kept {
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    Formatted(Formatted),
}

impl Kept {
    fn new(value: Value<'_>) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(value),
            Value::Integer(value) => Self::Integer(value),
            Value::Float(value) => Self::Float(value),
            Value::Text(value) => Self::Text(value.to_owned()),
            other => {
                let mut text = String::new();
                other.push_to(&mut text);
                Self::Formatted(Formatted(text))
            }
        }
    }

    fn get(&self) -> Value<'_> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Integer(value) => Value::Integer(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Text(text) => Value::Text(text),
            Self::Formatted(text) => Value::Debug(text),
        }
    }
}

/// Text that was a value's `Debug` or `Display`.
#[derive(Clone)]
struct Formatted(String);

impl Debug for Formatted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Appends an event's message to `text`, as it comes.
///
/// # Errors
///
/// If a value of the message cannot be formatted.
pub(super) fn push_message(event: &Event<'_>, text: &mut String) -> fmt::Result {
    let mut result = Ok(());
    event.record(&mut Visitor(|name, value: Value<'_>| {
        if name == "message" {
            result = match value {
                Value::Debug(message) => write!(text, "{message:?}"),
                other => {
                    other.push_to(text);
                    Ok(())
                }
            };
        }
    }));
    result
}

/// Shows fields to a closure.
struct Visitor<F>(F);

impl<F: FnMut(&'static str, Value<'_>)> Visit for Visitor<F> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        (self.0)(field.name(), Value::Debug(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        (self.0)(field.name(), Value::Text(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        (self.0)(field.name(), Value::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        (self.0)(field.name(), Value::Integer(value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        (self.0)(field.name(), Value::Integer(value.into()));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        (self.0)(field.name(), Value::Integer(value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        (self.0)(field.name(), i128::try_from(value).map_or(Value::Debug(&value), Value::Integer));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        (self.0)(field.name(), Value::Float(value));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        (self.0)(field.name(), Value::Bytes(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        (self.0)(field.name(), Value::Error(value));
    }
}
