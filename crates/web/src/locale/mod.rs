//! Pages in the visitor's language: translations, and dates, numbers and lists as his locale writes them.
//!
//! ```
//! use firewhirl_web::locale::{Locales, fill};
//!
//! let locales = Locales::new().csv("es_LA", b"\"Hello, %(name)s\",\"Hola, %(name)s\"\n")?;
//! let locale = locales.closest(["es-MX", "es-LA", "en"]);
//! assert_eq!(locale.code(), "es_LA");
//! assert_eq!(fill(locale.translate("Hello, %(name)s"), &[("name", &"Ada")]), "Hola, Ada");
//! # Ok::<(), firewhirl_web::locale::TranslationError>(())
//! ```
//!
//! Tornado's `locale`, from the same files: CSV, and gettext's `.mo`. What is loaded there for the whole
//! process is here a value, [`Locales`], which an application is given with
//! [`Application::locales`](crate::Application::locales). The parsers know bytes alone; only `loading` reads files.

mod accept_language;
mod catalog;
mod csv;
mod error;
mod format_date;
mod language;
mod loading;
mod locales;
mod mo;
mod names;
mod placeholders;
mod plural_forms;
mod po;
mod text;
mod translations;

pub use accept_language::accepted_languages;
pub use error::{TranslationError, TranslationProblem};
pub use format_date::{FormattedDate, FormattedDay};
pub use language::Locale;
pub use locales::Locales;
pub use names::LOCALE_NAMES;
pub use placeholders::fill;
pub use plural_forms::{PluralForms, PluralFormsError};
