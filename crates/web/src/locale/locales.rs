//! The locales that an application has, and which of them is nearest to what a visitor asks for.

use std::collections::BTreeMap;
use std::rc::Rc;

use encoding_rs::UTF_8;

use super::catalog::Catalog;
use super::csv::Csv;
use super::error::{Fault, TranslationError};
use super::language::Locale;
use super::translations::Translations;
use super::{mo, po};

/// The locales of an application.
///
/// One of them is the default: the language that the program's own texts are in, which needs no translations.
/// An application is given them with [`Application::locales`](crate::Application::locales). What Tornado's module
/// `locale` keeps for the process.
///
/// # Examples
///
/// ```no_run
/// use firewhirl_event::Result;
/// use firewhirl_web::Application;
/// use firewhirl_web::locale::Locales;
///
/// async fn app() -> Result<Application> {
///     let locales = Locales::new().load_translations("translations")?;
///     Ok(Application::new().locales(locales).get("/", async |cx| {
///         let locale = cx.locale().await?;
///         cx.write(locale.translate("Hello, world"))
///     }))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Locales {
    default: Rc<Locale>,
    translated: BTreeMap<String, Rc<Locale>>,
}

impl Locales {
    /// The default locale alone, which is `en_US`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes another locale the default. Tornado's `set_default_locale`.
    pub fn default_locale(mut self, code: &str) -> Self {
        self.default = Rc::new(Locale::new(code, Translations::None));
        self
    }

    /// Adds the translations of a locale from the content of a CSV file, which may be part of the program by
    /// `include_bytes!`. See [`load_translations`](Self::load_translations).
    ///
    /// # Errors
    ///
    /// [`TranslationError`] for what is no such file.
    pub fn csv(self, code: &str, content: &[u8]) -> Result<Self, TranslationError> {
        let name = format!("{code}.csv");
        let translations = Csv::parse(content, UTF_8, &name).map(Translations::Csv);
        self.added(code, &name, translations)
    }

    /// Adds the translations of a locale from the content of a gettext file, `.mo` or `.po`.
    ///
    /// # Errors
    ///
    /// [`TranslationError`] for what is neither.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::locale::Locales;
    ///
    /// let file = r#"
    /// msgctxt "law"
    /// msgid "right"
    /// msgstr "le droit"
    /// "#;
    /// let locale = Locales::new().gettext("fr_FR", file.as_bytes())?.closest(["fr-FR"]);
    /// assert_eq!(locale.pgettext("law", "right"), "le droit");
    /// # Ok::<(), firewhirl_web::locale::TranslationError>(())
    /// ```
    pub fn gettext(self, code: &str, content: &[u8]) -> Result<Self, TranslationError> {
        let translations = catalog(content).map(|catalog| Translations::Gettext(vec![Rc::new(catalog)]));
        self.added(code, code, translations)
    }

    fn added(
        mut self,
        code: &str,
        name: &str,
        translations: Result<Translations, Fault>,
    ) -> Result<Self, TranslationError> {
        let translations = translations.map_err(|fault| fault.within(name))?;
        self.insert(code, translations);
        Ok(self)
    }

    pub(super) fn insert(&mut self, code: &str, translations: Translations) {
        self.translated.insert(code.to_owned(), Rc::new(Locale::new(code, translations)));
    }

    /// Forgets all translations.
    pub(super) fn clear(&mut self) {
        self.translated.clear();
    }

    /// The codes of all locales, the default one's among them, in order. Tornado's `get_supported_locales`.
    pub fn supported_locales(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.translated.keys().map(String::as_str).chain([self.default.code()]).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// The locale of exactly this code. Tornado's `Locale.get`.
    pub fn get(&self, code: &str) -> Option<Rc<Locale>> {
        let default = Some(&self.default).filter(|default| default.code() == code);
        self.translated.get(code).or(default).cloned()
    }

    /// The locale of the first code that there is one for, else the default. Tornado's `locale.get`.
    ///
    /// A code is `pt_BR` or `pt-BR`, in letters of any case; where there is no such locale, that of the language
    /// alone, `pt`, will do. Codes of three parts (`zh-Hant-TW`) are passed over.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::locale::Locales;
    ///
    /// let locales = Locales::new().csv("pt_BR", b"")?.csv("de", b"")?;
    /// assert_eq!(locales.closest(["fr", "pt-br"]).code(), "pt_BR");
    /// assert_eq!(locales.closest(["de-AT", "pt-BR"]).code(), "de");
    /// assert_eq!(locales.closest(["pt", "fr"]).code(), "en_US");
    /// # Ok::<(), firewhirl_web::locale::TranslationError>(())
    /// ```
    pub fn closest<Code: AsRef<str>>(&self, codes: impl IntoIterator<Item = Code>) -> Rc<Locale> {
        let found = codes.into_iter().find_map(|code| self.close(code.as_ref()));
        found.or_else(|| self.get(self.default.code())).unwrap_or_else(|| Rc::clone(&self.default))
    }

    fn close(&self, code: &str) -> Option<Rc<Locale>> {
        let code = code.replace('-', "_");
        let parts: Vec<&str> = code.split('_').collect();
        let exact = match parts[..] {
            [""] => return None,
            [language] => self.get(language),
            [language, territory] => self.get(&format!("{}_{}", language.to_lowercase(), territory.to_uppercase())),
            _ => return None,
        };
        exact.or_else(|| self.get(&parts[0].to_lowercase()))
    }
}

impl Default for Locales {
    fn default() -> Self {
        Self { default: Rc::new(Locale::new("en_US", Translations::None)), translated: BTreeMap::new() }
    }
}

/// Reads a gettext file of either format.
pub(super) fn catalog(content: &[u8]) -> Result<Catalog, Fault> {
    // No text begins with the bytes that a `.mo` file does: neither of them is UTF-8.
    match content {
        [0xde, 0x12, 0x04, 0x95, ..] | [0x95, 0x04, 0x12, 0xde, ..] => mo::parse(content),
        _ => po::parse(content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_locale_is_tornados() {
        let locales = Locales::new().csv("fr_FR", b"").unwrap().csv("en", b"").unwrap().csv("zh_TW", b"").unwrap();
        #[rustfmt::skip]
        const CASES: &[(&[&str], &str)] = &[
            (&[],                       "en_US"),
            (&["", "fr_FR"],            "fr_FR"),
            (&["FR-fr"],                "fr_FR"),
            (&["fr"],                   "en_US"),
            (&["fr", "en_GB"],          "en"),
            (&["en-US"],                "en_US"),
            (&["EN"],                   "en"),
            (&["zh-Hant-TW", "zh-tw"],  "zh_TW"),
            (&["zh"],                   "en_US"),
            (&["_"],                    "en_US"),
        ];
        for (codes, expected) in CASES {
            assert_eq!(locales.closest(*codes).code(), *expected, "{codes:?}");
        }
    }

    #[test]
    fn the_default_needs_no_translations_and_may_have_some() {
        let locales = Locales::new().default_locale("pt_BR");
        assert_eq!(locales.supported_locales(), ["pt_BR"]);
        assert_eq!(locales.closest(["en_US"]).code(), "pt_BR");
        let locales = locales.csv("pt_BR", b"a,b").unwrap();
        assert_eq!(locales.supported_locales(), ["pt_BR"]);
        assert_eq!(locales.closest(["xx"]).translate("a"), "b");
        assert!(locales.get("pt").is_none());
    }
}
