//! `Via`: by whom a message was handed on, and whether that was us (RFC 9110, section 7.6.3).

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;

use http::Version;

/// The name that a proxy has in `Via`.
#[derive(Clone, Debug)]
pub(super) struct Pseudonym {
    name: String,
    /// The values to be added, by the version that the message came in: made once, sent often.
    values: [String; 3],
}

/// Tells this process's proxies from those of others, which may stand one behind the other.
static PROCESS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Pseudonym {
    /// A name of the program's choice.
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), values: ["1.0", "1.1", "2"].map(|version| format!("{version} {name}")) }
    }

    /// A name for a proxy to these targets, the same on all workers of the process: so a request that comes
    /// back is known on whichever worker that is, and a proxy before another one is not taken for it.
    pub(super) fn of_targets<'target>(targets: impl Iterator<Item = &'target str>) -> Self {
        let targets: Vec<&str> = targets.collect();
        Self::new(&format!("firewhirl-{:08x}", PROCESS.hash_one(targets) as u32))
    }

    /// The value to add to a message that came in this version.
    pub(super) fn value(&self, version: Version) -> &str {
        match version {
            Version::HTTP_10 => &self.values[0],
            Version::HTTP_2 => &self.values[2],
            _ => &self.values[1],
        }
    }

    /// Whether a message with these `Via` fields was handed on by this proxy already: it goes round.
    pub(super) fn is_in<'head>(&self, mut values: impl Iterator<Item = &'head [u8]>) -> bool {
        values.any(|value| value.split(|&byte| byte == b',').any(|element| self.is_received_by(element)))
    }

    /// Of `1.1 name (comment)` the name is the second word.
    fn is_received_by(&self, element: &[u8]) -> bool {
        let mut words = element.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        words.nth(1).is_some_and(|name| name.eq_ignore_ascii_case(self.name.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_went_through_us_is_known() {
        #[rustfmt::skip]
        const CASES: &[(&[&str], bool)] = &[
            (&[],                                         false),
            (&["1.1 front"],                              true),
            (&["1.0 FRONT (a comment)"],                  true),
            (&["1.1 other, HTTP/2\tfront"],               true),
            (&["1.1 other", "1.1 front"],                 true),
            (&["1.1 other (front)"],                      false),
            (&["1.1 frontier"],                           false),
            (&["front"],                                  false),
            (&[""],                                       false),
        ];
        for &(values, expected) in CASES {
            let values = values.iter().map(|value| value.as_bytes());
            assert_eq!(Pseudonym::new("front").is_in(values.clone()), expected, "{:?}", values.collect::<Vec<_>>());
        }
    }

    #[test]
    fn each_version_has_its_value() {
        let front = Pseudonym::new("front");
        assert_eq!(front.value(Version::HTTP_10), "1.0 front");
        assert_eq!(front.value(Version::HTTP_11), "1.1 front");
        assert_eq!(front.value(Version::HTTP_2), "2 front");
    }

    #[test]
    fn proxies_to_other_targets_have_other_names() {
        let name = |targets: &[&'static str]| Pseudonym::of_targets(targets.iter().copied()).name;
        assert_eq!(name(&["http://a/"]), name(&["http://a/"]));
        assert_ne!(name(&["http://a/"]), name(&["http://a/base"]));
        assert_ne!(name(&["http://a/"]), name(&["http://a/", "http://b/"]));
    }
}
