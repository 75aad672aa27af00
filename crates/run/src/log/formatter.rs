//! Records as lines to read: Tornado's `LogFormatter`.

use std::borrow::Cow;
use std::fmt::Write;

use firewhirl_event::log_targets::ACCESS;
use tracing::Level;

use super::clock::DateFormat;
use super::colour::{self, Color};
use super::pattern::{Name, Pattern, Piece};
use super::printable::{push_printable, push_value};
use super::{LogError, Record, Value};

/// Makes lines of records.
///
/// Python's `logging.Formatter`. [`LogFormatter`] and [`JsonFormatter`](super::JsonFormatter) are such.
///
/// # Examples
///
/// ```
/// use firewhirl_run::log::{Formatter, LogLayer, Record, Stderr};
///
/// struct Terse;
///
/// impl Formatter for Terse {
///     fn format(&self, record: &Record<'_>, line: &mut String) {
///         line.push_str(record.level_name());
///         line.push(' ');
///         line.push_str(&record.message().replace('\n', " "));
///     }
/// }
///
/// let layer = LogLayer::new(Terse, Stderr::new());
/// # let _ = layer;
/// ```
pub trait Formatter: Send + Sync {
    /// Appends a record to `line`, which is empty; the line feed at its end is the output's.
    fn format(&self, record: &Record<'_>, line: &mut String);

    /// Whether it asks for [`Record::request`]: what it does not show is not made.
    fn shows_request(&self) -> bool {
        false
    }
}

/// Makes lines such as `[I 260608 12:58:49 web:2444] message`.
///
/// The level's letter, the local time, the module and the line, then the message; behind it the fields as
/// `name=value`, and those of the spans around it as `span.name=value`. Further lines are indented by four
/// spaces; whatever else could begin a line, move a cursor or turn text around is shown escaped, so that
/// a visitor's text can do nothing in a log but be read. On a terminal with colours the part in brackets
/// has the level's colour.
///
/// The fields of an access line are left out, as its text says them already. Tornado's `LogFormatter`.
///
/// # Examples
///
/// ```
/// use firewhirl_run::log::LogFormatter;
///
/// let formatter = LogFormatter::new()
///     .fmt("%(asctime)s.%(msecs)03d %(levelname)-8s %(name)s: %(message)s")?
///     .datefmt("%Y-%m-%d %H:%M:%S")?
///     .color(false);
/// # let _ = formatter;
/// # Ok::<(), firewhirl_run::log::LogError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LogFormatter {
    pattern: Pattern,
    dates: DateFormat,
    color: Color,
    colors: [Option<u8>; 5],
    request_id: bool,
}

impl LogFormatter {
    /// The pattern of a line.
    pub const DEFAULT_FORMAT: &'static str =
        "%(color)s[%(levelname)1.1s %(asctime)s %(module)s:%(lineno)d]%(end_color)s %(message)s";

    /// The format of a date, as `strftime` has it.
    pub const DEFAULT_DATE_FORMAT: &'static str = "%y%m%d %H:%M:%S";

    /// The levels' colours: blue, green, yellow and red as in Tornado, and magenta for what is below
    /// debug, where Tornado has it for what is above error.
    pub const DEFAULT_COLORS: [(Level, u8); 5] =
        [(Level::TRACE, 5), (Level::DEBUG, 4), (Level::INFO, 2), (Level::WARN, 3), (Level::ERROR, 1)];

    /// Tornado's format, coloured where that is possible.
    pub fn new() -> Self {
        let formatter = Self {
            pattern: Pattern::default(),
            dates: DateFormat::default(),
            color: Color::Auto,
            colors: [None; 5],
            request_id: false,
        };
        formatter.colors(Self::DEFAULT_COLORS)
    }

    /// Sets the pattern of a line, as Python writes it: `%(name)s` with a width, a precision, `-` and `0`
    /// as there.
    ///
    /// The names: `color` and `end_color`, around what is coloured; `levelname`, `asctime`, `msecs`,
    /// `created`, `name` (the target), `module`, `lineno`, `filename`, `pathname`, `process`,
    /// `threadName`, `message`; and, which Python has not, `fields`, `request_id`, `trace_id`, `span_id`.
    /// Where there is no `fields` they stand behind the message. Default:
    /// [`DEFAULT_FORMAT`](Self::DEFAULT_FORMAT).
    ///
    /// # Errors
    ///
    /// [`LogError::Pattern`] for another name, and for one that is not closed.
    pub fn fmt(mut self, pattern: &str) -> Result<Self, LogError> {
        self.pattern = Pattern::parse(pattern)?;
        Ok(self)
    }

    /// Sets the format of `asctime`, as `strftime` has it. Default:
    /// [`DEFAULT_DATE_FORMAT`](Self::DEFAULT_DATE_FORMAT).
    ///
    /// # Errors
    ///
    /// [`LogError::DateFormat`] for what `strftime` does not know.
    pub fn datefmt(mut self, format: &str) -> Result<Self, LogError> {
        self.dates = DateFormat::parse(format)?;
        Ok(self)
    }

    /// Sets where lines are coloured; `true` is [`Color::Auto`]. Default: where the output is a terminal
    /// with colours, and never in files.
    pub fn color(mut self, color: impl Into<Color>) -> Self {
        self.color = color.into();
        self
    }

    /// Sets the levels' colours, each one of a terminal's 256; a level without one is not coloured.
    /// Default: [`DEFAULT_COLORS`](Self::DEFAULT_COLORS).
    pub fn colors(mut self, colors: impl IntoIterator<Item = (Level, u8)>) -> Self {
        self.colors = [None; 5];
        for (level, color) in colors {
            self.colors[colour::index(level)] = Some(color);
        }
        self
    }

    /// Whether a line that belongs to a request ends with ` request_id=..`. Default: `false`, as in
    /// Tornado. A pattern with `%(request_id)s` shows it at its place instead.
    pub fn request_id(mut self, on: bool) -> Self {
        self.request_id = on;
        self
    }

    fn push_name(&self, name: Name, record: &Record<'_>, text: &mut String) {
        let request = record.request();
        match name {
            Name::Color => self.push_color(record, text),
            Name::EndColor => {
                if self.color_of(record).is_some() {
                    text.push_str("\x1b[0m");
                }
            }
            Name::Level => text.push_str(record.level_name()),
            Name::AscTime => self.dates.push(record.time(), text),
            Name::Target => text.push_str(record.target()),
            Name::Module => text.push_str(record.module()),
            Name::File => text.push_str(record.file().and_then(|file| file.rsplit('/').next()).unwrap_or_default()),
            Name::Path => text.push_str(record.file().unwrap_or_default()),
            Name::Thread => text.push_str(std::thread::current().name().unwrap_or("unnamed")),
            Name::Message => self.push_message(record, text),
            Name::Fields => push_fields(record, text),
            Name::RequestId => text.push_str(request.map_or("-", |request| request.id())),
            Name::TraceId => text.push_str(request.and_then(|request| request.trace_id()).unwrap_or("-")),
            Name::SpanId => text.push_str(request.and_then(|request| request.span_id()).unwrap_or("-")),
            // Numbers are the pattern's own matter.
            Name::LineNumber | Name::Milliseconds | Name::Created | Name::Process => {}
        }
    }

    fn push_message(&self, record: &Record<'_>, text: &mut String) {
        push_printable(text, record.message());
        let has_fields = self.pattern.names(Name::Fields);
        if !has_fields && (record.target() != ACCESS || !record.spans().is_empty()) {
            let start = text.len();
            push_fields(record, text);
            if text.len() > start {
                text.insert(start, ' ');
            }
        }
        if self.request_id
            && !self.pattern.names(Name::RequestId)
            && let Some(request) = record.request()
        {
            text.push_str(" request_id=");
            push_value(text, request.id());
        }
    }

    fn push_color(&self, record: &Record<'_>, text: &mut String) {
        let digit = |number: u8| char::from(b'0' + number);
        match self.color_of(record) {
            Some(color @ 0..8) => text.extend(["\x1b[3", digit(color).encode_utf8(&mut [0; 4]), "m"]),
            Some(color) => text.extend(["\x1b[38;5;", &color.to_string(), "m"]),
            None => {}
        }
    }

    fn color_of(&self, record: &Record<'_>) -> Option<u8> {
        if self.color.applies_to(record.color_support()) { self.colors[colour::index(record.level())] } else { None }
    }
}

impl Default for LogFormatter {
    fn default() -> Self {
        Self::new()
    }
}

impl Formatter for LogFormatter {
    fn format(&self, record: &Record<'_>, line: &mut String) {
        for piece in self.pattern.pieces() {
            match piece {
                Piece::Text(text) => line.push_str(text),
                // Nearly every pattern has it, and bare.
                Piece::Name(Name::LineNumber, layout) if layout.is_plain() => {
                    // Writing to a string does not fail.
                    let _ = write!(line, "{}", record.line().unwrap_or(0));
                }
                Piece::Name(name, layout) if layout.is_plain() && !name.is_number() => {
                    self.push_name(*name, record, line);
                }
                Piece::Name(name, layout) => {
                    let mut text = String::new();
                    if let Some(number) = name.number(record) {
                        layout.push_number(line, number);
                    } else {
                        self.push_name(*name, record, &mut text);
                        layout.push_text(line, &text);
                    }
                }
            }
        }
    }

    fn shows_request(&self) -> bool {
        self.request_id || [Name::RequestId, Name::TraceId, Name::SpanId].iter().any(|name| self.pattern.names(*name))
    }
}

/// Appends the fields as `name=value`, with a space between each two, then those of the spans around.
fn push_fields(record: &Record<'_>, text: &mut String) {
    let start = text.len();
    let mut push = |span: Option<&str>, name: &str, value: Value<'_>| {
        if text.len() > start {
            text.push(' ');
        }
        if let Some(span) = span {
            text.push_str(span);
            text.push('.');
        }
        push_printable(text, name);
        text.push('=');
        match value {
            Value::Text(value) => push_value(text, value),
            // What a program shows on purpose stands as it is shown, on several lines if it has them.
            other => push_printable(text, &shown(&other)),
        }
    };
    if record.target() != ACCESS {
        record.fields(|name, value| push(None, name, value));
    }
    for span in record.spans() {
        span.fields(|name, value| push(Some(span.name()), name, value));
    }
}

fn shown(value: &Value<'_>) -> Cow<'static, str> {
    match value {
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        other => {
            let mut text = String::new();
            other.push_to(&mut text);
            text.into()
        }
    }
}
