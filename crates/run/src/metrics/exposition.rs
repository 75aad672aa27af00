//! The text in which figures are told: Prometheus' own format, 0.0.4, and OpenMetrics 1.0.
//!
//! The two differ in how counters are announced, in what is escaped in help texts, and in the mark at
//! the end. Whoever writes here has to bring each family at once and each set of labels once.

use std::fmt::{self, Write};

use firewhirl_event::counting::Distribution;

/// The format of a text of figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus' text format, version 0.0.4, which everything that scrapes understands.
    #[default]
    Text,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The `Content-Type` of a text of this format.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The format that a client would rather have, by its `Accept` header; the text format where it does
    /// not say.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_run::metrics::Format;
    ///
    /// assert_eq!(Format::accepted("application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1"), Format::OpenMetrics);
    /// assert_eq!(Format::accepted("text/html,*/*;q=0.8"), Format::Text);
    /// ```
    pub fn accepted(accept: &str) -> Self {
        let mut wishes = [0.0_f64; 2];
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let (mut quality, mut version) = (1.0, None);
            for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
                let value = value.trim().trim_matches('"');
                match name.trim() {
                    name if name.eq_ignore_ascii_case("q") => quality = value.parse().unwrap_or(0.0),
                    name if name.eq_ignore_ascii_case("version") => version = Some(value.to_owned()),
                    _ => {}
                }
            }
            let understood = |ours: &str| version.as_deref().is_none_or(|version| version == ours);
            let place = match kind {
                kind if kind.eq_ignore_ascii_case("application/openmetrics-text") && understood("1.0.0") => 1,
                kind if kind.eq_ignore_ascii_case("text/plain") && understood("0.0.4") => 0,
                "text/*" | "*/*" => 0,
                _ => continue,
            };
            wishes[place] = wishes[place].max(quality);
        }
        if wishes[1] > 0.0 && wishes[1] >= wishes[0] { Self::OpenMetrics } else { Self::Text }
    }
}

/// What kind of figures a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A figure's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    Integer(u64),
    Float(f64),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(f64::INFINITY) => f.write_str("+Inf"),
            Self::Float(f64::NEG_INFINITY) => f.write_str("-Inf"),
            Self::Float(value) if value.is_nan() => f.write_str("NaN"),
            // With a point, as OpenMetrics wants the bounds of buckets.
            Self::Float(value) if value.fract() == 0.0 => write!(f, "{value:.1}"),
            Self::Float(value) => write!(f, "{value}"),
        }
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Integer(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Integer(value as u64)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

/// Labels of one figure: names with their values.
pub(crate) type Labels<'labels> = &'labels [(&'labels str, &'labels str)];

/// A text of figures while it is written.
pub(crate) struct Exposition<'labels> {
    text: String,
    format: Format,
    /// What every figure has.
    common: Labels<'labels>,
}

impl<'labels> Exposition<'labels> {
    pub(crate) fn new(format: Format, common: Labels<'labels>) -> Self {
        Self { text: String::new(), format, common }
    }

    /// Begins a family; a counter's name is without `_total`.
    pub(crate) fn family<'name>(&mut self, kind: Kind, name: &'name str, help: &str) -> Family<'_, 'labels, 'name> {
        let announced = if kind == Kind::Counter && self.format == Format::Text { "_total" } else { "" };
        let quotes = self.format == Format::OpenMetrics;
        // Writing into a `String` does not fail.
        let _ = writeln!(self.text, "# HELP {name}{announced} {}", Escaped { text: help, quotes });
        let _ = writeln!(self.text, "# TYPE {name}{announced} {}", kind.name());
        if self.format == Format::OpenMetrics {
            for unit in ["seconds", "bytes", "ratio"] {
                if name.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_')) {
                    let _ = writeln!(self.text, "# UNIT {name} {unit}");
                }
            }
        }
        Family { exposition: self, kind, name }
    }

    /// A family of one figure.
    pub(crate) fn one(&mut self, kind: Kind, name: &str, help: &str, value: impl Into<Value>) {
        self.family(kind, name, help).sample(&[], value);
    }

    /// Adds a text of the same format that somebody else has written, without its mark at the end.
    pub(crate) fn add_foreign(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.is_empty() && *line != "# EOF") {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    /// The whole text.
    pub(crate) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    fn line(&mut self, name: &str, suffix: &str, labels: Labels<'_>, bound: Option<Value>, value: Value) {
        self.text.push_str(name);
        self.text.push_str(suffix);
        let mut separator = '{';
        for (label, text) in self.common.iter().chain(labels) {
            let _ = write!(self.text, "{separator}{label}=\"{}\"", Escaped { text, quotes: true });
            separator = ',';
        }
        if let Some(bound) = bound {
            let _ = write!(self.text, "{separator}le=\"{bound}\"");
            separator = ',';
        }
        if separator == ',' {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }
}

/// A family of figures while it is written.
pub(crate) struct Family<'exposition, 'labels, 'name> {
    exposition: &'exposition mut Exposition<'labels>,
    kind: Kind,
    name: &'name str,
}

impl Family<'_, '_, '_> {
    /// Adds a counter's or a gauge's figure.
    pub(crate) fn sample(&mut self, labels: Labels<'_>, value: impl Into<Value>) {
        let suffix = if self.kind == Kind::Counter { "_total" } else { "" };
        self.exposition.line(self.name, suffix, labels, None, value.into());
    }

    /// Adds a histogram of times.
    pub(crate) fn times(&mut self, labels: Labels<'_>, times: &Distribution) {
        let bounds = times.bounds().iter().map(|bound| bound.as_secs_f64());
        self.histogram(labels, bounds, times.counts(), times.sum().as_secs_f64());
    }

    /// Adds a histogram, given how much fell into each bucket alone, the one above all bounds last.
    pub(crate) fn histogram(
        &mut self,
        labels: Labels<'_>,
        bounds: impl IntoIterator<Item = f64>,
        counts: &[u64],
        sum: f64,
    ) {
        let mut so_far = 0;
        for (bound, count) in bounds.into_iter().chain([f64::INFINITY]).zip(counts) {
            so_far += count;
            self.exposition.line(self.name, "_bucket", labels, Some(bound.into()), so_far.into());
        }
        self.exposition.line(self.name, "_sum", labels, None, sum.into());
        self.exposition.line(self.name, "_count", labels, None, so_far.into());
    }
}

/// A text within a line.
struct Escaped<'text> {
    text: &'text str,
    quotes: bool,
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.text;
        while let Some(at) = rest.find(['\\', '\n', '"']) {
            f.write_str(&rest[..at])?;
            f.write_str(match rest.as_bytes()[at] {
                b'\\' => "\\\\",
                b'\n' => "\\n",
                _ if self.quotes => "\\\"",
                _ => "\"",
            })?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firewhirl_event::counting::{Bounds, Histogram};
    use std::sync::LazyLock;
    use std::time::Duration;

    static BOUNDS: LazyLock<Bounds> = LazyLock::new(|| Bounds::new([100, 2_500_000].map(Duration::from_micros)));

    fn written(format: Format) -> String {
        let times = Histogram::new(&BOUNDS);
        [10, 100, 101, 3_000_000].map(Duration::from_micros).iter().for_each(|&time| times.observe(time));
        let mut exposition = Exposition::new(format, &[("task", "3")]);
        let mut family = exposition.family(Kind::Counter, "sent", "Sent, \"all\" of\nit: \\o/.");
        family.sample(&[], 7_u64);
        family.sample(&[("route", "a\\b\"c\nd")], 0.5);
        exposition.one(Kind::Gauge, "load_ratio", "Load.", f64::NAN);
        exposition.family(Kind::Histogram, "time_seconds", "Time.").times(&[("method", "GET")], &times.read());
        exposition.add_foreign("# TYPE other gauge\nother -Inf\n\n# EOF\n");
        exposition.finish()
    }

    #[test]
    fn the_text_format_is_written_by_its_rules() {
        let expected = r##"# HELP sent_total Sent, "all" of\nit: \\o/.
# TYPE sent_total counter
sent_total{task="3"} 7
sent_total{task="3",route="a\\b\"c\nd"} 0.5
# HELP load_ratio Load.
# TYPE load_ratio gauge
load_ratio{task="3"} NaN
# HELP time_seconds Time.
# TYPE time_seconds histogram
time_seconds_bucket{task="3",method="GET",le="0.0001"} 2
time_seconds_bucket{task="3",method="GET",le="2.5"} 3
time_seconds_bucket{task="3",method="GET",le="+Inf"} 4
time_seconds_sum{task="3",method="GET"} 3.000211
time_seconds_count{task="3",method="GET"} 4
# TYPE other gauge
other -Inf
"##;
        assert_eq!(written(Format::Text), expected);
    }

    #[test]
    fn openmetrics_announces_counters_without_total_and_says_where_it_ends() {
        let text = written(Format::OpenMetrics);
        for line in [
            r#"# HELP sent Sent, \"all\" of\nit: \\o/."#,
            "# TYPE sent counter",
            r#"sent_total{task="3"} 7"#,
            "# UNIT load_ratio ratio",
            "# UNIT time_seconds seconds",
        ] {
            assert!(text.lines().any(|own| own == line), "{line} is not in:\n{text}");
        }
        assert!(text.ends_with("\nother -Inf\n# EOF\n"), "{text}");
    }

    #[test]
    fn the_format_is_the_one_that_is_asked_for() {
        #[rustfmt::skip]
        let cases = [
            ("nothing",                     "",                                                          Format::Text),
            ("anything",                    "*/*",                                                       Format::Text),
            ("a browser",                   "text/html,application/xml;q=0.9,*/*;q=0.8",                 Format::Text),
            ("Prometheus 2",                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Format::OpenMetrics),
            ("Prometheus 3, no escaping",   "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", Format::OpenMetrics),
            ("text rather",                 "application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.7", Format::Text),
            ("OpenMetrics never",           "application/openmetrics-text;q=0,*/*;q=0.1",                Format::Text),
            ("a version of the future",     "application/openmetrics-text;version=2.0.0",                Format::Text),
            ("any version, odd letters",    "Application/OpenMetrics-Text",                              Format::OpenMetrics),
            ("a version in quotes",         "application/openmetrics-text;version=\"1.0.0\"",            Format::OpenMetrics),
        ];
        for (name, accept, expected) in cases {
            assert_eq!(Format::accepted(accept), expected, "{name}");
        }
    }

    #[test]
    fn numbers_are_written_as_the_formats_have_them() {
        for (value, expected) in [
            (Value::from(u64::MAX), "18446744073709551615"),
            (0.0.into(), "0.0"),
            (1e21.into(), "1000000000000000000000.0"),
            (0.0000001.into(), "0.0000001"),
            (f64::INFINITY.into(), "+Inf"),
        ] {
            assert_eq!(value.to_string(), expected);
        }
    }
}
