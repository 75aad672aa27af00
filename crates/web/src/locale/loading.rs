//! Translations from folders, laid out as Tornado and gettext have them.
//!
//! Files are read when a worker starts, before it serves anybody, so that reading them may block.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use encoding_rs::{Encoding, UTF_8};
use firewhirl_event::log_targets::GEN;
use tracing::{debug, error};

use super::catalog::Catalog;
use super::csv::Csv;
use super::error::{Fault, TranslationError, TranslationProblem};
use super::locales::{self, Locales};
use super::text;
use super::translations::Translations;

impl Locales {
    /// Reads every `LOCALE.csv` of a folder, in place of all translations that there were. Tornado's
    /// `load_translations`.
    ///
    /// A row is a text, its translation and, if there is one for one and another for many, `singular` or
    /// `plural`:
    ///
    /// ```csv
    /// "I love you","Te amo"
    /// "%(name)s liked this","A %(name)s le gustó esto","singular"
    /// "%(name)s liked this","A %(name)s les gustó esto","plural"
    /// ```
    ///
    /// Files are UTF-8, or UTF-16 with a byte order mark. One whose name is none of a locale is logged and
    /// left out.
    ///
    /// # Errors
    ///
    /// [`TranslationError`] for a folder or a file that cannot be read.
    pub fn load_translations(self, directory: impl AsRef<Path>) -> Result<Self, TranslationError> {
        self.load_csv(directory.as_ref(), UTF_8)
    }

    /// As [`load_translations`](Self::load_translations), from files of another encoding, such as `latin1`.
    ///
    /// # Errors
    ///
    /// As of `load_translations`, and where there is no such encoding.
    pub fn load_translations_with_encoding(
        self,
        directory: impl AsRef<Path>,
        encoding: &str,
    ) -> Result<Self, TranslationError> {
        let directory = directory.as_ref();
        let encoding = text::encoding(encoding).map_err(|problem| Fault::from(problem).within(directory))?;
        self.load_csv(directory, encoding)
    }

    fn load_csv(mut self, directory: &Path, encoding: &'static Encoding) -> Result<Self, TranslationError> {
        self.clear();
        for path in entries(directory)? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let Some(code) = name.strip_suffix(".csv") else { continue };
            if !is_locale(code) {
                error!(target: GEN, "Unrecognized locale {code:?} (path: {})", path.display());
                continue;
            }
            let csv = read(&path).and_then(|bytes| Csv::parse(&bytes, encoding, name));
            self.insert(code, Translations::Csv(csv.map_err(|fault| fault.within(&path))?));
        }
        self.tell();
        Ok(self)
    }

    /// Reads `LOCALE/LC_MESSAGES/DOMAIN.mo` below a folder for every locale, in place of all translations that
    /// there were; where there is none, the `.po` of the same name. Tornado's `load_gettext_translations`.
    ///
    /// What `pt_BR` has no translation for it has from `pt`, if that is there.
    ///
    /// # Errors
    ///
    /// [`TranslationError`] for a folder or a file that cannot be read. (Tornado logs it and goes on without.)
    pub fn load_gettext_translations(
        mut self,
        directory: impl AsRef<Path>,
        domain: &str,
    ) -> Result<Self, TranslationError> {
        self.clear();
        let mut catalogs: Vec<(String, Rc<Catalog>)> = Vec::new();
        for folder in entries(directory.as_ref())? {
            let Some(code) = folder.file_name().and_then(|name| name.to_str()) else { continue };
            let messages = folder.join("LC_MESSAGES");
            let files = ["mo", "po"].map(|ending| messages.join(format!("{domain}.{ending}")));
            let Some(path) = files.iter().find(|path| path.exists()) else { continue };
            let catalog = read(path).and_then(|bytes| locales::catalog(&bytes));
            catalogs.push((code.to_owned(), Rc::new(catalog.map_err(|fault| fault.within(path))?)));
        }
        for (code, catalog) in &catalogs {
            let language = code.split_once('_').map_or("", |(language, _)| language);
            let of_language = catalogs.iter().find(|(other, _)| other == language).map(|(_, catalog)| catalog);
            let chain = [Some(catalog), of_language].into_iter().flatten().cloned();
            self.insert(code, Translations::Gettext(chain.collect()));
        }
        self.tell();
        Ok(self)
    }

    fn tell(&self) {
        debug!(target: GEN, "Supported locales: {:?}", self.supported_locales());
    }
}

/// What is in a folder, in order.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, TranslationError> {
    let read = || {
        let entries = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path()));
        let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    read().map_err(|error| Fault::from(TranslationProblem::Unreadable(error)).within(directory))
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    Ok(fs::read(path).map_err(TranslationProblem::Unreadable)?)
}

/// Whether a file's name is that of a locale: `es`, `es_LA`.
fn is_locale(code: &str) -> bool {
    let (language, territory) = code.split_once('_').unwrap_or((code, "A"));
    let is_language = !language.is_empty() && language.bytes().all(|byte| byte.is_ascii_lowercase());
    is_language && !territory.is_empty() && territory.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_that_of_a_locale() {
        let cases = ["es", "es_LA", "fil_PH", "ES", "es_la", "es_", "_LA", "es-LA", "zh_Hant", "a.b", ""];
        let expected = [true, true, true, false, false, false, false, false, false, false, false];
        assert_eq!(cases.map(is_locale), expected);
    }
}
