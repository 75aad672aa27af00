//! What the process has to tell beside what the framework counts: the program's own figures, and those of
//! libraries that write their text themselves.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::exposition::{Exposition, Format, Kind};

/// A family of figures that can be told.
pub(crate) trait Collect: Send + Sync + 'static {
    fn collect(&self, exposition: &mut Exposition<'_>);

    fn as_any(&self) -> &dyn Any;
}

/// A function that writes figures of its own.
type Collector = Arc<dyn Fn(&mut String) + Send + Sync>;

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { families: BTreeMap::new(), collectors: Vec::new() });

struct Registry {
    families: BTreeMap<String, Registered>,
    collectors: Vec<(Format, Collector)>,
}

struct Registered {
    kind: Kind,
    labels: Vec<String>,
    family: Arc<dyn Collect>,
}

/// Adds figures that another library has: `collector` appends them, as text, at every scrape.
///
/// `format` is the one that it writes. Where there is one that writes Prometheus' text format, all is
/// told in that; the figures of one that writes OpenMetrics can be told in either. The families in it
/// have to have names of their own. The function runs on the loop that is asked, so it must not block.
///
/// # Examples
///
/// The registry of the `prometheus` crate:
///
/// ```text
/// metrics::register_collector(Format::Text, |text| {
///     let _ = prometheus::TextEncoder::new().encode_utf8(&prometheus::gather(), text);
/// });
/// ```
///
/// A figure that is worked out when it is asked for:
///
/// ```
/// use firewhirl_run::metrics::{self, Format};
///
/// metrics::register_collector(Format::OpenMetrics, |text| {
///     text.push_str("# TYPE shop_open gauge\nshop_open 1\n");
/// });
/// ```
pub fn register_collector(format: Format, collector: impl Fn(&mut String) + Send + Sync + 'static) {
    lock().collectors.push((format, Arc::new(collector)));
}

/// The format in which all that there is can be told to who would rather have `wished`.
pub(crate) fn format_for(wished: Format) -> Format {
    let only_text = lock().collectors.iter().any(|(format, _)| *format == Format::Text);
    if only_text { Format::Text } else { wished }
}

/// Tells all of it.
pub(crate) fn collect(exposition: &mut Exposition<'_>) {
    let (families, collectors) = {
        let registry = lock();
        let families: Vec<_> = registry.families.values().map(|registered| registered.family.clone()).collect();
        let collectors: Vec<_> = registry.collectors.iter().map(|(_, collector)| collector.clone()).collect();
        (families, collectors)
    };
    for family in families {
        family.collect(exposition);
    }
    // Not under the lock: they are anybody's code.
    for collector in collectors {
        let mut text = String::new();
        collector(&mut text);
        exposition.add_foreign(&text);
    }
}

/// The family of this name: the one that is there, or else what `make` makes.
#[track_caller]
pub(crate) fn register<Family: Collect + Clone>(
    name: &str,
    labels: &[&str],
    kind: Kind,
    make: impl FnOnce() -> Family,
) -> Family {
    check_name(name, labels);
    let mut registry = lock();
    if let Some(there) = registry.families.get(name) {
        if let Some(family) = there.family.as_any().downcast_ref::<Family>()
            && there.labels == labels
        {
            return family.clone();
        }
        let (kind, labels) = (there.kind.name(), there.labels.join(", "));
        // Not with the lock held, which would be everybody's panic.
        drop(registry);
        panic!("there is a {kind} `{name}` with the labels [{labels}] already");
    }
    let told = told_names(name, kind);
    let other = registry.families.iter().find(|(other, registered)| {
        let others = told_names(other, registered.kind);
        told.iter().any(|name| others.contains(name))
    });
    if let Some(other) = other.map(|(other, _)| other.clone()) {
        drop(registry);
        panic!("lines of `{name}` could not be told from those of `{other}`: give it another name");
    }
    let family = make();
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    registry.families.insert(name.to_owned(), Registered { kind, labels, family: Arc::new(family.clone()) });
    family
}

/// The names that lines of a family begin with.
fn told_names(name: &str, kind: Kind) -> Vec<String> {
    let suffixes: &[&str] = match kind {
        Kind::Counter => &["", "_total"],
        Kind::Gauge => &[""],
        Kind::Histogram => &["", "_bucket", "_sum", "_count"],
    };
    suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect()
}

#[track_caller]
fn check_name(name: &str, labels: &[&str]) {
    let is_name = |name: &str, colons: bool| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || colons && c == ':';
        !name.is_empty() && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    assert!(is_name(name, true), "`{name}` is no name of a figure: letters, digits, `_` and `:` make one");
    let ours = name.starts_with("firewhirl_") || name.starts_with("process_");
    assert!(!ours, "`{name}` could not be told from the framework's own figures: begin it with the program's name");
    for (place, label) in labels.iter().enumerate() {
        assert!(
            is_name(label, false) && !label.starts_with("__"),
            "`{label}` is no name of a label of `{name}`: letters, digits and `_` make one, not beginning with `__`"
        );
        assert!(!labels[..place].contains(label), "`{name}` has the label `{label}` twice");
    }
}

fn lock() -> MutexGuard<'static, Registry> {
    // A panic under the lock cannot leave the lists half changed.
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use crate::metrics::{Counter, Gauge, Histogram};

    #[test]
    fn who_asks_for_the_same_figure_gets_the_same() {
        let one = Counter::with_labels("registry_same_total", "", ["kind"]);
        let other = Counter::with_labels("registry_same", "", ["kind"]);
        one.of(["a"]).add(2);
        other.of(["a"]).increment();
        assert_eq!((one.of(["a"]).value(), one.of(["b"]).value()), (3, 0));
        let parcels = Histogram::new("registry_parcels", "", [1.0, f64::INFINITY]);
        parcels.observe(1.0);
        assert_eq!(Histogram::new("registry_parcels", "", [1.0]).count(), 1);
    }

    #[test]
    fn what_could_not_be_told_apart_is_refused() {
        let refused = |register: fn()| {
            let panic = std::panic::catch_unwind(register).unwrap_err();
            panic.downcast_ref::<String>().cloned().unwrap_or_default()
        };
        Gauge::new("registry_refused", "");
        Histogram::new("registry_taken", "", [1.0]);
        #[rustfmt::skip]
        let cases: [(fn(), &str); 9] = [
            (|| drop(Counter::new("registry_refused", "")),                            "there is a gauge `registry_refused`"),
            (|| drop(Gauge::with_labels("registry_refused", "", ["kind"])),            "there is a gauge `registry_refused`"),
            (|| drop(Gauge::new("registry_taken_sum", "")),                            "could not be told from those of `registry_taken`"),
            (|| drop(Histogram::new("registry_taken", "", [2.0])),                     "with other bounds: [1.0]"),
            (|| drop(Histogram::new("registry_descends", "", [2.0, 1.0])),             "do not ascend"),
            (|| drop(Histogram::with_labels("registry_le", "", ["le"], [1.0])),        "cannot have a label `le`"),
            (|| drop(Gauge::new("4you", "")),                                          "`4you` is no name of a figure"),
            (|| drop(Gauge::new("process_luck", "")),                                  "the framework's own"),
            (|| drop(Gauge::with_labels("registry_twice", "", ["kind", "kind"])),      "has the label `kind` twice"),
        ];
        for (register, expected) in cases {
            let message = refused(register);
            assert!(message.contains(expected), "{expected:?} is not in: {message}");
        }
    }
}
