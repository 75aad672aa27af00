//! One locale: what a page is translated with.

use std::cell::Cell;

use firewhirl_event::log_targets::GEN;
use tracing::warn;

use super::names;
use super::placeholders::fill;
use super::translations::Translations;

/// A locale: translates, and writes dates, numbers and lists as is usual in it.
///
/// Comes from [`Locales`](super::Locales), as a rule by [`Context::locale`](crate::Context::locale). Tornado's
/// `Locale`.
///
/// # Examples
///
/// ```
/// use firewhirl_web::locale::Locales;
///
/// let locale = Locales::new().csv("fr_FR", "school,école".as_bytes())?.closest(["fr"]);
/// assert_eq!(locale.code(), "en_US");
/// let locale = Locales::new().csv("fr", "school,école".as_bytes())?.closest(["fr-CA"]);
/// assert_eq!((locale.code(), locale.translate("school")), ("fr", "école"));
/// # Ok::<(), firewhirl_web::locale::TranslationError>(())
/// ```
#[derive(Debug)]
pub struct Locale {
    code: String,
    translations: Translations,
    /// Whether it was logged that CSV files know no contexts: once will do.
    has_warned: Cell<bool>,
}

impl Locale {
    pub(super) fn new(code: impl Into<String>, translations: Translations) -> Self {
        Self { code: code.into(), translations, has_warned: Cell::new(false) }
    }

    /// The code, such as `pt_BR`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What its speakers call it, `Unknown` where that is not known: see [`LOCALE_NAMES`](super::LOCALE_NAMES).
    pub fn name(&self) -> &'static str {
        names::name(&self.code).unwrap_or("Unknown")
    }

    /// Whether it is written from right to left.
    pub fn is_rtl(&self) -> bool {
        ["fa", "ar", "he"].iter().any(|language| self.code.starts_with(language))
    }

    /// Translates a text; one that has no translation stays as it is.
    pub fn translate<'text>(&'text self, message: &'text str) -> &'text str {
        self.translations.translate(message).unwrap_or(message)
    }

    /// Translates a text that depends on a number: `message` is meant for 1, `plural_message` for all others.
    ///
    /// The number is not put into the text: that does [`fill`](super::fill()).
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::locale::{Locales, fill};
    ///
    /// let locale = Locales::new().closest(["en"]);
    /// let text = |count: usize| fill(locale.translate_plural("one story", "%(n)d stories", count), &[("n", &count)]);
    /// assert_eq!([0, 1, 2].map(text), ["0 stories", "one story", "2 stories"]);
    /// ```
    pub fn translate_plural<'text>(
        &'text self,
        message: &'text str,
        plural_message: &'text str,
        count: impl TryInto<i64>,
    ) -> &'text str {
        let count = number(count);
        let translation = self.translations.translate_plural(message, plural_message, count);
        translation.unwrap_or(if count == 1 { message } else { plural_message })
    }

    /// Translates a text that means different things in different contexts: `pgettext("law", "right")`.
    ///
    /// CSV files have no contexts; with them it is [`translate`](Self::translate), which is logged.
    pub fn pgettext<'text>(&'text self, context: &str, message: &'text str) -> &'text str {
        self.warn_of_context();
        self.translations.pgettext(context, message).unwrap_or(message)
    }

    /// As [`pgettext`](Self::pgettext), of a text that depends on a number.
    pub fn pgettext_plural<'text>(
        &'text self,
        context: &str,
        message: &'text str,
        plural_message: &'text str,
        count: impl TryInto<i64>,
    ) -> &'text str {
        self.warn_of_context();
        let count = number(count);
        let translation = self.translations.pgettext_plural(context, message, plural_message, count);
        translation.unwrap_or(if count == 1 { message } else { plural_message })
    }

    fn warn_of_context(&self) {
        if self.translations.lacks_contexts() && !self.has_warned.replace(true) {
            warn!(target: GEN, "pgettext is not supported by CSV translations, such as those of {}", self.code);
        }
    }

    /// Joins parts with commas and a last "and".
    ///
    /// # Examples
    ///
    /// ```
    /// # let locale = firewhirl_web::locale::Locales::new().closest(["en"]);
    /// assert_eq!(locale.list(&["A", "B", "C"]), "A, B and C");
    /// ```
    pub fn list(&self, parts: &[impl AsRef<str>]) -> String {
        let Some((last, before)) = parts.split_last() else { return String::new() };
        if before.is_empty() {
            return last.as_ref().to_owned();
        }
        let comma = if self.code.starts_with("fa") { " و " } else { ", " };
        let commas = before.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(comma);
        fill(self.translate("%(commas)s and %(last)s"), &[("commas", &commas), ("last", &last.as_ref())])
    }

    /// A number with commas between its thousands, in English; in any other locale its digits alone.
    ///
    /// # Examples
    ///
    /// ```
    /// # let locale = firewhirl_web::locale::Locales::new().closest(["en"]);
    /// assert_eq!(locale.friendly_number(1_234_567), "1,234,567");
    /// ```
    pub fn friendly_number(&self, value: impl TryInto<i128>) -> String {
        let value = value.try_into().unwrap_or(i128::MAX);
        if !self.is_american() {
            return value.to_string();
        }
        let digits = value.unsigned_abs().to_string();
        let mut text = String::from(if value < 0 { "-" } else { "" });
        for (position, digit) in digits.char_indices() {
            if position > 0 && (digits.len() - position).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }

    /// Whether numbers have commas and hours are counted to twelve.
    pub(super) fn is_american(&self) -> bool {
        matches!(&self.code[..], "en" | "en_US")
    }
}

/// A count of whatever type; what is too large is as large as can be.
fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(code: &str) -> Locale {
        Locale::new(code, Translations::None)
    }

    #[test]
    fn numbers_are_grouped_in_english_alone() {
        #[rustfmt::skip]
        const CASES: &[(i128, &str)] = &[
            (0,           "0"),
            (999,         "999"),
            (1000,        "1,000"),
            (1_000_000,   "1,000,000"),
            (-1234,       "-1,234"),
            (-123_456,    "-123,456"),
            (i128::MIN,   "-170,141,183,460,469,231,731,687,303,715,884,105,728"),
        ];
        for &(value, expected) in CASES {
            assert_eq!(locale("en_US").friendly_number(value), expected);
            assert_eq!(locale("de").friendly_number(value), value.to_string());
        }
    }

    #[test]
    fn a_locale_knows_its_name_and_its_direction() {
        assert_eq!(locale("pt_BR").name(), "Português (Brasil)");
        assert_eq!(locale("tlh").name(), "Unknown");
        assert_eq!(["ar_AR", "fa_IR", "he_IL", "en_US"].map(|code| locale(code).is_rtl()), [true, true, true, false]);
    }
}
