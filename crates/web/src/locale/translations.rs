//! What a locale's translations come from: nothing, a CSV file, or gettext's files.

use std::rc::Rc;

use super::catalog::{CONTEXT_SEPARATOR, Catalog};
use super::csv::Csv;

/// The translations of one locale.
#[derive(Debug)]
pub(super) enum Translations {
    /// None: the language of the program itself.
    None,
    Csv(Csv),
    /// The locale's own file, then that of its language alone, which `pt_BR` has what it lacks from.
    Gettext(Vec<Rc<Catalog>>),
}

impl Translations {
    pub(super) fn translate(&self, message: &str) -> Option<&str> {
        match self {
            // gettext keeps a file's header under the empty message.
            _ if message.is_empty() => None,
            Self::None => None,
            Self::Csv(csv) => csv.translate(message),
            Self::Gettext(catalogs) => catalogs.iter().find_map(|catalog| catalog.gettext(message)),
        }
    }

    pub(super) fn translate_plural(&self, message: &str, plural_message: &str, count: i64) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Csv(csv) => csv.translate_plural(message, plural_message, count),
            Self::Gettext(catalogs) => catalogs.iter().find_map(|catalog| catalog.ngettext(message, count)),
        }
    }

    /// A message's translation within a context; a CSV file has no contexts.
    pub(super) fn pgettext(&self, context: &str, message: &str) -> Option<&str> {
        match self {
            Self::Gettext(_) => self.translate(&within(context, message)),
            Self::None | Self::Csv(_) => self.translate(message),
        }
    }

    /// As [`pgettext`](Self::pgettext), of a message with plural forms: without a translation in its context it
    /// has the one of no context.
    pub(super) fn pgettext_plural(
        &self,
        context: &str,
        message: &str,
        plural_message: &str,
        count: i64,
    ) -> Option<&str> {
        let in_context = match self {
            Self::Gettext(_) => self.translate_plural(&within(context, message), plural_message, count),
            Self::None | Self::Csv(_) => None,
        };
        in_context.or_else(|| self.translate_plural(message, plural_message, count))
    }

    /// Whether a context makes no difference where somebody might expect it to.
    pub(super) fn lacks_contexts(&self) -> bool {
        matches!(self, Self::Csv(csv) if !csv.is_empty())
    }
}

fn within(context: &str, message: &str) -> String {
    format!("{context}{CONTEXT_SEPARATOR}{message}")
}
