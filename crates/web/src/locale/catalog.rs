//! The messages of one gettext file, whether it was a `.mo` or a `.po`.

use std::collections::HashMap;

use super::error::Fault;
use super::plural_forms::PluralForms;

/// What stands between a context and its message, in a file's keys.
pub(super) const CONTEXT_SEPARATOR: char = '\u{4}';

/// Translated messages, with and without plural forms.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    messages: HashMap<String, String>,
    /// By the message of the first form.
    plurals: HashMap<String, Vec<String>>,
    plural_forms: PluralForms,
}

impl Catalog {
    /// An empty catalog of a file that has this header.
    pub(super) fn with_header(header: &str) -> Result<Self, Fault> {
        let plural_forms = match header_field(header, "Plural-Forms") {
            Some(forms) => PluralForms::parse(forms)?,
            None => PluralForms::default(),
        };
        Ok(Self { plural_forms, ..Self::default() })
    }

    pub(super) fn insert(&mut self, message: String, translation: String) {
        self.messages.insert(message, translation);
    }

    pub(super) fn insert_plural(&mut self, message: String, forms: Vec<String>) {
        self.plurals.insert(message, forms);
    }

    /// A message's translation; of one that has plural forms, the one for 1.
    pub(super) fn gettext(&self, message: &str) -> Option<&str> {
        let translation = self.messages.get(message).map(String::as_str);
        translation.or_else(|| self.ngettext(message, 1))
    }

    /// The translation of the form that belongs to `count`.
    pub(super) fn ngettext(&self, message: &str, count: i64) -> Option<&str> {
        let forms = self.plurals.get(message)?;
        forms.get(self.plural_forms.form(count)?).map(String::as_str)
    }
}

/// A field of the header, which is the translation of the empty message.
pub(super) fn header_field<'header>(header: &'header str, name: &str) -> Option<&'header str> {
    let fields = header.lines().filter_map(|line| line.split_once(':'));
    let mut values = fields.filter(|(own, _)| own.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    values.next()
}

/// The encoding that a header names.
pub(super) fn charset(header: &str) -> Option<&str> {
    let (_, charset) = header_field(header, "Content-Type")?.split_once("charset=")?;
    charset.split([';', ' ']).next()
}
