//! What holds of any bytes that are given as translations, or as a browser's languages; for a test and for a fuzzer.

use firewhirl_web::locale::{Locales, PluralForms, accepted_languages, fill};

/// Reads the bytes as everything that `locale` reads, and asserts what has to hold.
pub(crate) fn check(bytes: &[u8]) {
    for locales in [Locales::new().csv("xx", bytes), Locales::new().gettext("xx", bytes)] {
        match locales {
            Ok(locales) => something_is_always_said(&locales),
            Err(error) => assert!(error.to_string().starts_with("xx"), "{error}"),
        }
    }
    let text = String::from_utf8_lossy(bytes);
    a_form_has_a_number_or_there_is_none(&text);
    languages_are_parts_of_the_header(&text);
    what_is_not_there_is_not_filled(&text);
}

fn something_is_always_said(locales: &Locales) {
    let locale = locales.closest(["xx"]);
    assert_eq!(locale.translate("\u{1}never heard of"), "\u{1}never heard of");
    assert_eq!(locale.pgettext("\u{1}", "x\u{1}"), "x\u{1}");
    for count in [-1, 0, 1, 2, 5, 11, 100, i64::MAX, i64::MIN] {
        let untranslated = locale.translate_plural("\u{1}a", "\u{1}b", count);
        assert_eq!(untranslated, if count == 1 { "\u{1}a" } else { "\u{1}b" });
        // Whatever is said, it is said without a panic.
        let _: [&str; 2] = [locale.translate_plural("a", "b", count), locale.pgettext_plural("c", "a", "b", count)];
    }
}

fn a_form_has_a_number_or_there_is_none(text: &str) {
    for header in [text.to_owned(), format!("nplurals=2; plural={text};")] {
        if let Ok(forms) = PluralForms::parse(&header) {
            for count in [-7, 0, 1, 2, i64::MAX, i64::MIN] {
                // Any number will do, or none.
                let _: Option<usize> = forms.form(count);
            }
        }
    }
}

fn languages_are_parts_of_the_header(text: &str) {
    let languages = accepted_languages(text);
    assert!(languages.len() <= text.split(',').count(), "{text:?}");
    assert!(languages.iter().all(|language| text.contains(language) && language.trim() == *language), "{text:?}");
    let locales = Locales::new();
    assert_eq!(locales.closest(&languages).code(), "en_US");
}

fn what_is_not_there_is_not_filled(text: &str) {
    assert_eq!(fill(text, &[]), text.replace("%%", "%"), "{text:?}");
}
