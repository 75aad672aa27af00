//! Placeholders in translated texts, as Python's `%` operator fills them: `%(name)s`.

use std::fmt::{Display, Write};

/// Fills the placeholders of a text: `%(name)s` or `%(name)d` is the value of that name, `%%` is `%`.
///
/// What else follows a `%`, and a name that there is no value for, stays as it is: a translator's mistake is
/// then seen on the page, and is none of the program's.
///
/// # Examples
///
/// ```
/// use firewhirl_web::locale::fill;
///
/// let text = "%(name)s has read %(percent)d%% of it";
/// assert_eq!(fill(text, &[("name", &"Ada"), ("percent", &95)]), "Ada has read 95% of it");
/// ```
pub fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        filled.push_str(before);
        rest = match placeholder(after) {
            Some(("", rest)) => {
                filled.push('%');
                rest
            }
            Some((name, rest)) if let Some((_, value)) = values.iter().find(|(own, _)| *own == name) => {
                // Writing to a string fails only where the value's own `Display` does.
                let _: std::fmt::Result = write!(filled, "{value}");
                rest
            }
            _ => {
                filled.push('%');
                after
            }
        };
    }
    filled.push_str(rest);
    filled
}

/// The name of the placeholder that `after` begins with, its `%` aside, and what follows it; no name for `%%`.
fn placeholder(after: &str) -> Option<(&str, &str)> {
    if let Some(rest) = after.strip_prefix('%') {
        return Some(("", rest));
    }
    let (name, rest) = after.strip_prefix('(')?.split_once(')')?;
    let rest = rest.strip_prefix(['s', 'd'])?;
    (!name.is_empty()).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_mistakes_stay_visible() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str)] = &[
            ("",                    ""),
            ("plain",               "plain"),
            ("%(a)s",               "1"),
            ("%(a)d-%(b)s!",        "1-two!"),
            ("%%(a)s",              "%(a)s"),
            ("100%% %(a)s",         "100% 1"),
            ("100% %(a)s",          "100% 1"),
            ("%(c)s",               "%(c)s"),
            ("%(a)x %(a",           "%(a)x %(a"),
            ("%()s %",              "%()s %"),
        ];
        for (text, expected) in CASES {
            assert_eq!(fill(text, &[("a", &1), ("b", &"two")]), *expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(fill("%(a)s", &[("a", &"%(b)s"), ("b", &"x")]), "%(b)s");
    }
}
