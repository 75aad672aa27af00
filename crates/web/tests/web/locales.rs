//! The visitor's locale: what his browser asks for, what he chose, and translated pages.

use std::cell::Cell;
use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_web::locale::{Locale, Locales, TranslationError};
use firewhirl_web::{Application, Context, NoUser, Router, Site};

use crate::support::get;

fn locales() -> Locales {
    let locales = Locales::new().csv("fr_FR", "school,école".as_bytes()).unwrap();
    locales.csv("de", b"school,Schule").unwrap()
}

async fn school(cx: &Context) -> Result {
    let locale = cx.locale().await?;
    cx.write(format!("{} {}", locale.code(), locale.translate("school")))
}

#[test]
fn the_browser_says_which_languages_it_likes() {
    let application = Rc::new(Application::new().locales(locales()).get("/", school));
    #[rustfmt::skip]
    const CASES: &[(&str, &str)] = &[
        ("fr-FR;q=0.9",             "fr_FR école"),
        ("fr-FR; q=0.9",            "fr_FR école"),
        ("fr-FR;q=0",               "en_US school"),
        ("fr-FR;q=-1",              "en_US school"),
        ("it, de-AT;q=0.1",         "de Schule"),
        ("*",                       "en_US school"),
        ("",                        "en_US school"),
    ];
    for (header, expected) in CASES {
        assert_eq!(get("/").header("Accept-Language", header).to(&application).body, *expected, "{header:?}");
    }
    assert_eq!(get("/").to(&application).body, "en_US school");
    let twice = get("/").header("Accept-Language", "it").header("Accept-Language", "de;q=0.3");
    assert_eq!(twice.to(&application).body, "de Schule");
}

#[test]
fn a_browser_that_says_nothing_has_the_default_that_is_asked_for() {
    let application = Rc::new(
        Application::new()
            .locales(locales())
            .get("/", async |cx| cx.write(cx.browser_locale_or("de-CH").code().to_owned())),
    );
    assert_eq!(get("/").to(&application).body, "de");
    assert_eq!(get("/").header("Accept-Language", "fr-FR;q=0").to(&application).body, "de");
    assert_eq!(get("/").header("Accept-Language", "fr-FR").to(&application).body, "fr_FR");
}

/// A site whose visitors choose in a query.
struct Chosen(Rc<Cell<u32>>);

impl Site for Chosen {
    type User = NoUser;

    async fn user_locale(&self, cx: &Context) -> Result<Option<Rc<Locale>>> {
        self.0.set(self.0.get() + 1);
        let chosen = cx.query_argument_or("lang", "")?;
        Ok(cx.locales().get(&chosen))
    }
}

#[test]
fn what_the_visitor_chose_comes_before_what_his_browser_likes() {
    let asked = Rc::new(Cell::new(0));
    let application = Application::new().locales(locales()).site(Chosen(asked.clone()));
    let application = Rc::new(application.get("/", async |cx| {
        let (one, other) = (cx.locale().await?, cx.locale().await?);
        assert!(Rc::ptr_eq(&one, &other));
        school(cx).await
    }));
    assert_eq!(get("/?lang=de").header("Accept-Language", "fr-FR").to(&application).body, "de Schule");
    assert_eq!(asked.take(), 1);
    assert_eq!(get("/?lang=it").header("Accept-Language", "fr-FR").to(&application).body, "fr_FR école");
    assert_eq!(asked.take(), 1);
    assert_eq!(get("/").to(&application).body, "en_US school");
}

#[test]
fn a_group_without_the_hook_asks_the_site_around_it() {
    struct Inner;
    impl Site for Inner {
        type User = NoUser;
    }
    let application = Application::new().locales(locales()).site(Chosen(Rc::default()));
    let application = Rc::new(application.mount("/group", Router::new().site(Inner).get("/", school)));
    assert_eq!(get("/group?lang=de").to(&application).body, "de Schule");
}

#[test]
fn a_prepare_may_set_the_locale_and_then_nobody_is_asked() {
    struct Lazy;
    impl Site for Lazy {
        type User = NoUser;
        async fn prepare(&self, cx: &Context) -> Result {
            cx.set_locale(cx.locales().closest(["de"]));
            Ok(())
        }
        async fn user_locale(&self, _: &Context) -> Result<Option<Rc<Locale>>> {
            Err(firewhirl_event::Error::message("asked in vain"))
        }
    }
    let application = Rc::new(Application::new().locales(locales()).site(Lazy).get("/", school));
    assert_eq!(get("/").to(&application).body, "de Schule");
}

#[test]
fn a_file_that_is_malformed_is_told_with_its_place() {
    let folder = std::env::temp_dir().join(format!("firewhirl-malformed-{}", std::process::id()));
    let messages = folder.join("fr/LC_MESSAGES");
    std::fs::create_dir_all(&messages).unwrap();
    std::fs::write(messages.join("site.po"), "msgid \"a\"\nmsgstr \"b\"\n\nmsgid a\n").unwrap();
    std::fs::write(folder.join("fr.csv"), b"a,b\n\xff,c\n").unwrap();
    let told =
        |loaded: std::result::Result<Locales, TranslationError>| loaded.map_err(|error| error.to_string()).unwrap_err();
    let [po, csv, none] = [
        told(Locales::new().load_gettext_translations(&folder, "site")),
        told(Locales::new().load_translations(&folder)),
        told(Locales::new().load_translations(folder.join("nowhere"))),
    ];
    let unknown = told(Locales::new().load_translations_with_encoding(&folder, "klingon"));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(po.contains("site.po:4: unexpected `msgid a`"), "{po}");
    assert!(csv.contains("fr.csv:2: is no text in UTF-8"), "{csv}");
    assert!(none.contains("nowhere: cannot be read"), "{none}");
    assert!(unknown.contains("there is no encoding `klingon`"), "{unknown}");
}
