//! Reads the text of a scrape and believes nothing: whatever the formats do not allow is a panic.

use std::collections::{BTreeMap, BTreeSet};

use firewhirl_run::metrics::Format;

/// Labels of a sample.
pub(crate) type Labels = BTreeMap<String, String>;

/// All samples of a scrape, by name and labels.
#[derive(Debug, Default)]
pub(crate) struct Scrape {
    pub(crate) samples: BTreeMap<(String, Labels), f64>,
    /// The kind of each family.
    pub(crate) kinds: BTreeMap<String, String>,
}

impl Scrape {
    /// The value of the sample with exactly these labels.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.samples.get(&(name.to_owned(), own(labels))).copied()
    }

    /// The sum of all samples of this name which have these labels and perhaps others.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |own: &Labels| labels.iter().all(|(label, value)| own.get(*label).is_some_and(|own| own == value));
        self.samples.iter().filter(|((own, labels), _)| own == name && has(labels)).map(|(_, value)| value).sum()
    }

    /// The values that a label has in the samples of this name.
    pub(crate) fn values_of(&self, name: &str, label: &str) -> BTreeSet<String> {
        let samples = self.samples.keys().filter(|(own, _)| own == name);
        samples.filter_map(|(_, labels)| labels.get(label).cloned()).collect()
    }

    /// Panics unless every counter and bucket is at least what it was in an earlier scrape.
    pub(crate) fn follows(&self, earlier: &Self) {
        for ((name, labels), before) in &earlier.samples {
            if ["_total", "_bucket", "_count", "_sum"].iter().any(|suffix| name.ends_with(suffix)) {
                let now = self.samples.get(&(name.clone(), labels.clone()));
                assert!(now.is_some_and(|now| now >= before), "{name} {labels:?} was {before} and is {now:?}");
            }
        }
    }
}

/// Reads a whole scrape.
pub(crate) fn parse(format: Format, text: &str) -> Scrape {
    let mut scrape = Scrape::default();
    let mut described = BTreeSet::new();
    let mut family: Option<(String, String)> = None;
    let mut ended = false;
    assert!(text.ends_with('\n'), "the last line has no end");
    for line in text.lines() {
        assert!(!ended && !line.is_empty(), "after the end, or empty: {line:?}");
        if line == "# EOF" {
            assert_eq!(format, Format::OpenMetrics);
            ended = true;
        } else if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (word, name, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or_default());
            assert!(is_name(name), "{line}");
            match word {
                "HELP" => assert!(described.insert(("HELP", name.to_owned())), "two helps: {line}"),
                "UNIT" => {
                    assert_eq!(format, Format::OpenMetrics);
                    assert!(name.ends_with(&format!("_{rest}")), "{line}");
                }
                "TYPE" => {
                    assert!(["counter", "gauge", "histogram"].contains(&rest), "{line}");
                    let is_total = name.ends_with("_total");
                    let may = if format == Format::Text { is_total == (rest == "counter") } else { !is_total };
                    assert!(may, "not how a counter is announced: {line}");
                    let known = scrape.kinds.insert(name.to_owned(), rest.to_owned());
                    assert!(known.is_none(), "two families: {line}");
                    family = Some((name.to_owned(), rest.to_owned()));
                }
                _ => panic!("neither help nor type: {line}"),
            }
        } else {
            let (name, labels, value) = sample(line);
            let (family, kind) = family.as_ref().unwrap_or_else(|| panic!("before any type: {line}"));
            let suffix = name.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("not of {family}: {line}"));
            let suffixes: &[&str] = match (kind.as_str(), format) {
                ("histogram", _) => &["_bucket", "_sum", "_count"],
                ("counter", Format::OpenMetrics) => &["_total"],
                _ => &[""],
            };
            assert!(suffixes.contains(&suffix), "not of {family}: {line}");
            assert_eq!(suffix == "_bucket", labels.contains_key("le"), "{line}");
            assert!(kind == "gauge" || value >= 0.0, "{line}");
            assert!(scrape.samples.insert((name, labels), value).is_none(), "there twice: {line}");
        }
    }
    assert_eq!(ended, format == Format::OpenMetrics, "the mark at the end");
    for (family, _) in scrape.kinds.iter().filter(|(_, kind)| *kind == "histogram") {
        check_histogram(&scrape, family);
    }
    scrape
}

/// Buckets ascend, hold what those before them hold, and the last holds all.
fn check_histogram(scrape: &Scrape, family: &str) {
    let mut buckets: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for ((name, labels), value) in &scrape.samples {
        if *name == format!("{family}_bucket") {
            let mut labels = labels.clone();
            let bound = number(&labels.remove("le").unwrap());
            buckets.entry(labels).or_default().push((bound, *value));
        }
    }
    for (labels, mut buckets) in buckets {
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        assert!(buckets.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{family} {labels:?}");
        let last = buckets[buckets.len() - 1];
        let count = scrape.samples[&(format!("{family}_count"), labels.clone())];
        assert_eq!(last, (f64::INFINITY, count), "{family} {labels:?}");
        assert!(scrape.samples.contains_key(&(format!("{family}_sum"), labels.clone())), "{family} {labels:?}");
    }
}

/// `name{label="value",..} number`
fn sample(line: &str) -> (String, Labels, f64) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no value: {line}"));
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
            assert!(is_name(label) && !label.contains(':'), "{line}");
            let (value, after) = quoted(after);
            assert!(labels.insert(label.to_owned(), value).is_none(), "a label twice: {line}");
            match after.strip_prefix(',') {
                Some(more) => rest = more,
                None => {
                    rest = after.strip_prefix('}').unwrap_or_else(|| panic!("no end of labels: {line}"));
                    break;
                }
            }
        }
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("no space: {line}"));
    (name.to_owned(), labels, number(value))
}

/// A label's value up to its closing quote, and what follows that.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.push(match characters.next().map(|(_, escaped)| escaped) {
                Some('n') => '\n',
                Some(escaped @ ('\\' | '"')) => escaped,
                other => panic!("an escape that there is not: {other:?} in {text}"),
            }),
            character => value.push(character),
        }
    }
    panic!("a value without its end: {text}");
}

fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        digits => {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b".-+e".contains(&byte));
            assert!(plain, "no number: {digits}");
            digits.parse().unwrap_or_else(|error| panic!("{digits}: {error}"))
        }
    }
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    !name.is_empty() && name.bytes().all(fits) && !name.starts_with(|first: char| first.is_ascii_digit())
}

fn own(labels: &[(&str, &str)]) -> Labels {
    labels.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect()
}
