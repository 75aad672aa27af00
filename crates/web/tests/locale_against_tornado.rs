//! The same files, texts, dates and numbers to our locales and to Tornado's: the answers must be the same.
//!
//! `FIREWHIRL_PYTHON` names a Python with `tornado==6.6.1`. Without it these tests say that they were skipped;
//! with `FIREWHIRL_REQUIRE_PEERS=1` they fail then.

#[path = "../../../tests/support/peers.rs"]
mod peers;
#[path = "../../../tests/support/random.rs"]
mod random;
#[path = "../../../tests/support/tornado.rs"]
mod tornado;

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use firewhirl_web::locale::{LOCALE_NAMES, Locale, Locales, accepted_languages};
use random::Random;
use serde_json::{Value, json};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/locale_against_tornado.py");

/// Calls of Tornado, each with the answer that is ours.
#[derive(Default)]
struct Comparison {
    calls: Vec<(Value, Value)>,
}

impl Comparison {
    fn add(&mut self, call: Value, ours: impl Into<Value>) {
        self.calls.push((call, ours.into()));
    }

    /// Has Tornado load what our locales were loaded from.
    fn load(&mut self, call: Value, ours: &Locales) {
        self.add(call, json!(ours.supported_locales()));
    }

    /// Compares all, of which there are at least so many.
    fn check(self, least: usize) {
        assert!(self.calls.len() >= least, "only {} cases", self.calls.len());
        let Some(answers) = tornado::ask(SCRIPT, self.calls.iter().map(|(call, _)| call.clone()).collect()) else {
            return;
        };
        for ((call, ours), theirs) in self.calls.iter().zip(answers) {
            assert_eq!(*ours, theirs, "{call}");
        }
    }
}

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("firewhirl-locale-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of it in the folder for temporary files harms nobody.
        let _: std::io::Result<()> = fs::remove_dir_all(&self.0);
    }
}

/// French as a CSV file has it, with words in another order, forms and mistakes.
const FRENCH: &str = r#"school,école
"%(time)s","à %(time)s"
"%(weekday)s","le %(weekday)s"
"%(weekday)s at %(time)s","%(weekday)s à %(time)s"
"%(month_name)s %(day)s, %(year)s at %(time)s","le %(day)s %(month_name)s %(year)s à %(time)s"
"%(month_name)s %(day)s","le %(day)s %(month_name)s"
"%(weekday)s, %(month_name)s %(day)s","%(weekday)s %(day)s %(month_name)s"
"%(commas)s and %(last)s","%(commas)s et %(last)s"
yesterday,hier
January,janvier
July,juillet
Monday,lundi
Sunday,dimanche
1 second ago,il y a 1 seconde,singular
%(seconds)d seconds ago,il y a %(seconds)d secondes,plural
1 hour ago,il y a une heure,singular
%(hours)d hours ago,il y a %(hours)d heures,plural
likes,aime,singular
like,aiment,plural
like,comme
mistake,faute,several
  spaces  ,  espaces  
alone
"a ""quoted"", word","un ""mot"""
"two
lines","deux
lignes"
later,d'abord
later,plus tard
"#;

fn french(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("fr_FR.csv", FRENCH.as_bytes());
    folder.write("en_GB.csv", b"color,colour\n");
    folder.write("fa.csv", "school,مدرسه\n".as_bytes());
    folder.write("zh_CN.csv", "\u{feff}school,学校\r\nMonday,星期一\r\n".as_bytes());
    folder.write("Klingon.csv", b"school,DuSaQ\n");
    folder.write("readme.txt", b"no translations");
    folder
}

/// Unix time in microseconds, as Python counts.
fn moment(microseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(microseconds).unwrap())
}

#[test]
fn dates_are_tornados() {
    const SECOND: i64 = 1_000_000;
    const MINUTE: i64 = 60 * SECOND;
    const DAY: i64 = 1440 * MINUTE;
    let folder = french("dates");
    let locales = Locales::new().load_translations(folder.path()).unwrap();
    let mut comparison = Comparison::default();
    comparison.load(json!(["csv", folder.path()]), &locales);
    // A leap day's evening, a January's morning, a Sunday at midnight.
    let nows = [1_709_240_399_500_000, 1_704_096_061_000_000, 1_720_915_200_000_000];
    let near = [0, 1, 49, 50, 59, 60, 89, 90, 150, 2999, 3000, 5399, 5400, 9000, 43_200, 86_399];
    let mut ages: Vec<i64> = near.iter().map(|seconds| seconds * SECOND).collect();
    ages.extend([1, 2, 3, 4, 5, 6, 333, 334, 335, 366, 4000].map(|days| days * DAY));
    ages.extend([DAY - 1, DAY + 3 * 60 * MINUTE, DAY + 1430 * MINUTE, 5 * DAY - SECOND / 2, 334 * DAY - 1]);
    // The future: within a minute, beyond it, near a whole day.
    ages.extend([-1, -59 * SECOND, -60 * SECOND, -61 * SECOND, -DAY, -DAY - 30 * SECOND, -DAY + 30 * SECOND]);
    let mut random = Random(7);
    ages.extend((0..40).map(|_| (random.next() % (700 * DAY as u64)) as i64));
    for (position, age) in ages.iter().enumerate() {
        for bits in 0..8 {
            let (now, code) = (nows[(position + bits) % 3], ["en_US", "en_GB", "fr_FR", "zh_CN", "fa"][position % 5]);
            for code in [code, ["fr_FR", "en_US"][bits % 2]] {
                let gmt_offset = [0, 300, -330, 1439][(position + bits / 2) % 4];
                let [relative, shorter, full_format] = [bits & 1 == 0, bits & 2 != 0, bits & 4 != 0];
                let options = json!({
                    "gmt_offset": gmt_offset, "relative": relative, "shorter": shorter, "full_format": full_format,
                });
                let locale = locales.closest([code]);
                let ours = locale.format_date(moment(now - age)).now(moment(now)).gmt_offset(gmt_offset);
                let ours = ours.relative(relative).shorter(shorter).full_format(full_format).to_string();
                comparison.add(json!(["format_date", code, now - age, now, options]), ours);
                let day = locale.format_day(moment(now - age)).gmt_offset(gmt_offset).dow(shorter).to_string();
                let options = json!({ "gmt_offset": gmt_offset, "dow": shorter });
                comparison.add(json!(["format_day", code, now - age, options]), day);
            }
        }
    }
    comparison.check(2000);
}

#[test]
fn csv_translations_are_tornados() {
    let folder = french("csv");
    let locales = Locales::new().load_translations(folder.path()).unwrap();
    let mut comparison = Comparison::default();
    comparison.load(json!(["csv", folder.path()]), &locales);
    let messages = [
        "school",
        "color",
        "like",
        "likes",
        "mistake",
        "spaces",
        "  spaces  ",
        "alone",
        "a \"quoted\", word",
        "two\nlines",
        "later",
        "Monday",
        "",
        "never heard of",
    ];
    for code in ["fr_FR", "en_GB", "zh_CN", "fa", "en_US"] {
        let locale = locales.closest([code]);
        for message in messages {
            comparison.add(json!(["translate", code, message]), locale.translate(message));
            comparison.add(json!(["pgettext", code, "context", message]), locale.pgettext("context", message));
            for count in [-1, 0, 1, 2] {
                let ours = locale.translate_plural("likes", message, count);
                comparison.add(json!(["translate", code, "likes", message, count]), ours);
                let ours = locale.pgettext_plural("context", message, "like", count);
                comparison.add(json!(["pgettext", code, "context", message, "like", count]), ours);
            }
        }
        for parts in [&[][..], &["A"], &["A", "B"], &["A", "B", "%(last)s", "D"]] {
            comparison.add(json!(["list", code, parts]), locale.list(parts));
        }
        // Of a negative number of three, six or nine digits Tornado writes `-,123,456`.
        for number in [0, 7, 999, 1000, 12_345, 123_456, 1_234_567, 1_234_567_890_123_i64, -1, -12, -1234, -12_345_678]
        {
            comparison.add(json!(["friendly_number", code, number.to_string()]), locale.friendly_number(number));
        }
    }
    comparison.check(600);
}

#[test]
fn encodings_are_tornados() {
    let mut comparison = Comparison::default();
    let text = "school,école\n\"€\",\"zwei\nZeilen\"\n";
    let utf_16 =
        |bytes: fn(u16) -> [u8; 2]| ["\u{feff}", text].concat().encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let files = [
        ("utf-8", text.as_bytes().to_vec()),
        ("bom", ["\u{feff}", text].concat().into_bytes()),
        ("utf-16-le", utf_16(u16::to_le_bytes)),
        ("utf-16-be", utf_16(u16::to_be_bytes)),
    ];
    let folders = files.map(|(name, content)| {
        let folder = Folder::new(name);
        folder.write("fr_FR.csv", &content);
        folder
    });
    for folder in &folders {
        let locales = Locales::new().load_translations(folder.path()).unwrap();
        comparison.load(json!(["csv", folder.path()]), &locales);
        compare_messages(&mut comparison, &locales, "fr_FR", &["school", "€"]);
    }
    let folder = Folder::new("koi8");
    folder.write("ru_RU.csv", b"school,\xdb\xcb\xcf\xcc\xc1\n");
    let locales = Locales::new().load_translations_with_encoding(folder.path(), "koi8-r").unwrap();
    comparison.load(json!(["csv", folder.path(), "koi8-r"]), &locales);
    assert_eq!(locales.closest(["ru_RU"]).translate("school"), "школа");
    compare_messages(&mut comparison, &locales, "ru_RU", &["school"]);
    comparison.check(14);
}

fn compare_messages(comparison: &mut Comparison, locales: &Locales, code: &str, messages: &[&str]) {
    for message in messages {
        comparison.add(json!(["translate", code, message]), locales.closest([code]).translate(message));
    }
}

/// Plural forms as their languages have them.
#[rustfmt::skip]
const PLURALS: &[(&str, usize, &str)] = &[
    ("ja",    1, "0"),
    ("de",    2, "n != 1"),
    ("fr",    2, "n>1"),
    ("lv",    3, "(n%10==1 && n%100!=11 ? 0 : n != 0 ? 1 : 2)"),
    ("ga",    5, "n==1 ? 0 : n==2 ? 1 : (n>2 && n<7) ? 2 :(n>6 && n<11) ? 3 : 4"),
    ("ro",    3, "n==1 ? 0 : (n==0 || (n%100 > 0 && n%100 < 20)) ? 1 : 2"),
    ("lt",    3, "(n%10==1 && n%100!=11 ? 0 : n%10>=2 && (n%100<10 || n%100>=20) ? 1 : 2)"),
    ("ru",    3, "n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"),
    ("cs",    3, "(n==1) ? 0 : (n>=2 && n<=4) ? 1 : 2"),
    ("pl",    3, "n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"),
    ("sl",    4, "n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3"),
    ("ar",    6, "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5"),
    ("cy",    4, "(n==1) ? 0 : (n==2) ? 1 : (n != 8 && n != 11) ? 2 : 3"),
    ("mk",    2, "n==1 || n%10==1 ? 0 : 1"),
    // A form that the file lacks.
    ("xx",    2, "n > 5 ? 7 : n == 1"),
    ("xy",    3, "!(n==1) && n/10 == 1 ? 1 : (n*2-1) % 5 >= 2 ? 2 : 0"),
];

/// One message of a catalog: its key, and one translation or several forms.
type Message = (String, String, Vec<String>);

fn messages(code: &str, count: usize, expression: &str) -> Vec<Message> {
    let header = format!(
        "Language: {code}\nContent-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals={count}; plural={expression};\n"
    );
    let forms = |word: &str| (0..count).map(|form| format!("{word} ä{form} %(n)d")).collect();
    vec![
        (String::new(), String::new(), vec![header]),
        ("%(n)d club".into(), "%(n)d clubs".into(), forms("club")),
        ("Monday".into(), String::new(), vec!["M\"o\\n\ntag".into()]),
        ("law\u{4}right".into(), String::new(), vec!["Recht".into()]),
        ("right".into(), String::new(), vec!["richtig".into()]),
        ("stick\u{4}%(n)d club".into(), "%(n)d clubs".into(), forms("stick")),
    ]
}

/// As `msgfmt` writes it.
fn mo(messages: &[Message]) -> Vec<u8> {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = messages
        .iter()
        .map(|(message, plural, forms)| {
            let original = if plural.is_empty() { message.clone() } else { format!("{message}\0{plural}") };
            (original.into_bytes(), forms.join("\0").into_bytes())
        })
        .collect();
    pairs.sort();
    let count = pairs.len() as u32;
    let mut bytes: Vec<u8> =
        [0x9504_12de, 0, count, 28, 28 + 8 * count, 0, 0].into_iter().flat_map(u32::to_le_bytes).collect();
    let texts: Vec<&Vec<u8>> =
        pairs.iter().map(|(original, _)| original).chain(pairs.iter().map(|(_, text)| text)).collect();
    let mut place = 28 + 16 * count;
    for text in &texts {
        bytes.extend([text.len() as u32, place].into_iter().flat_map(u32::to_le_bytes));
        place += text.len() as u32 + 1;
    }
    texts.iter().for_each(|text| bytes.extend(text.iter().chain(&[0])));
    bytes
}

/// The same messages as a translator has them.
fn po(messages: &[Message]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
    let mut text = String::new();
    for (message, plural, forms) in messages {
        let message = match message.split_once('\u{4}') {
            Some((context, message)) => {
                text += &format!("msgctxt {}\n", quoted(context));
                message
            }
            None => message,
        };
        text += &format!("msgid {}\n", quoted(message));
        if plural.is_empty() {
            text += &format!("msgstr {}\n\n", quoted(&forms[0]));
            continue;
        }
        text += &format!("msgid_plural {}\n", quoted(plural));
        for (number, form) in forms.iter().enumerate() {
            text += &format!("msgstr[{number}] {}\n", quoted(form));
        }
        text += "\n";
    }
    text
}

#[test]
fn gettext_translations_are_tornados_from_either_format() {
    let compiled = Folder::new("mo");
    let source = Folder::new("po");
    for (code, count, expression) in PLURALS {
        let messages = messages(code, *count, expression);
        compiled.write(&format!("{code}/LC_MESSAGES/site.mo"), &mo(&messages));
        source.write(&format!("{code}/LC_MESSAGES/site.po"), po(&messages).as_bytes());
    }
    for (folder, ending) in [(&compiled, "mo"), (&source, "po")] {
        let locales = Locales::new().load_gettext_translations(folder.path(), "site");
        let locales = locales.unwrap_or_else(|error| panic!("{ending}: {error}"));
        let mut comparison = Comparison::default();
        comparison.load(json!(["gettext", compiled.path(), "site"]), &locales);
        for (code, _, _) in PLURALS {
            let locale = locales.get(code).unwrap();
            compare_gettext(&mut comparison, &locale);
        }
        comparison.check(5000);
    }
}

fn compare_gettext(comparison: &mut Comparison, locale: &Rc<Locale>) {
    let code = locale.code();
    for message in ["%(n)d club", "Monday", "right", "law\u{4}right", "Tuesday", "%(n)d clubs"] {
        comparison.add(json!(["translate", code, message]), locale.translate(message));
        for context in ["law", "stick", "none"] {
            comparison.add(json!(["pgettext", code, context, message]), locale.pgettext(context, message));
        }
    }
    let (one, many) = ("%(n)d club", "%(n)d clubs");
    let counts = (0..=130_i64).chain([200, 201, 211, 1000, 1001, 1_000_000, 123_456_789_012, -1, -2, -11]);
    for count in counts {
        let ours = locale.translate_plural(one, many, count);
        comparison.add(json!(["translate", code, one, many, count]), ours);
        comparison.add(json!(["translate", code, many, one, count]), locale.translate_plural(many, one, count));
        for context in ["stick", "none"] {
            let ours = locale.pgettext_plural(context, one, many, count);
            comparison.add(json!(["pgettext", code, context, one, many, count]), ours);
        }
    }
}

#[test]
fn a_territory_falls_back_on_its_language_as_in_tornado() {
    let folder = Folder::new("territory");
    let message = |key: &str, text: &str| (key.to_owned(), String::new(), vec![text.to_owned()]);
    let header = ("".to_owned(), "".to_owned(), vec!["Content-Type: text/plain; charset=UTF-8\n".to_owned()]);
    folder.write("pt/LC_MESSAGES/site.mo", &mo(&[header.clone(), message("bus", "autocarro"), message("a", "á")]));
    folder.write("pt_BR/LC_MESSAGES/site.mo", &mo(&[header, message("bus", "ônibus")]));
    let locales = Locales::new().load_gettext_translations(folder.path(), "site").unwrap();
    let mut comparison = Comparison::default();
    comparison.load(json!(["gettext", folder.path(), "site"]), &locales);
    for code in ["pt_BR", "en_US"] {
        compare_messages(&mut comparison, &locales, code, &["bus", "a", "b"]);
    }
    comparison.check(7);
}

#[test]
fn the_file_that_tornado_tests_with_reads_the_same() {
    let Some(answers) = tornado::ask(SCRIPT, vec![json!(["package"])]) else { return };
    let folder = Path::new(answers[0].as_str().unwrap()).join("test/gettext_translations");
    let locales = Locales::new().load_gettext_translations(&folder, "tornado_test").unwrap();
    let locale = locales.closest(["fr-fr"]);
    let mut comparison = Comparison::default();
    comparison.load(json!(["gettext", folder, "tornado_test"]), &locales);
    comparison.add(json!(["translate", "fr_FR", "school"]), locale.translate("school"));
    assert_eq!(locale.translate("school"), "école");
    for (context, message) in [("law", "right"), ("good", "right"), ("", "right"), ("organization", "club")] {
        comparison.add(json!(["pgettext", "fr_FR", context, message]), locale.pgettext(context, message));
    }
    for (context, count) in [("organization", 1), ("organization", 2), ("stick", 1), ("stick", 0), ("x", 1), ("x", 2)] {
        let ours = locale.pgettext_plural(context, "club", "clubs", count);
        comparison.add(json!(["pgettext", "fr_FR", context, "club", "clubs", count]), ours);
    }
    comparison.check(12);
}

#[test]
fn the_locale_that_is_closest_is_tornados() {
    let folder = Folder::new("closest");
    for code in ["fr_FR", "en", "zh_TW", "pt_BR", "pt"] {
        folder.write(&format!("{code}.csv"), b"a,b");
    }
    let mut comparison = Comparison::default();
    let mut locales = Locales::new().load_translations(folder.path()).unwrap();
    comparison.load(json!(["csv", folder.path()]), &locales);
    let codes = ["fr", "FR", "_", "-", "en", "US", "us", "zh", "Hant", "TW", "pt", "br", "x", ""];
    let header =
        ["fr", "-FR", "en", "-US", "pt-br", ",", ", ", ";q=", "; q=", "0.5", "0", "1", "-1", "x", "*", "zh-TW"];
    let mut random = Random(9);
    for default in ["en_US", "pt_BR", "it"] {
        locales = locales.default_locale(default);
        comparison.load(json!(["default", default]), &locales);
        for _ in 0..400 {
            let codes: Vec<String> = (0..random.below(4)).map(|_| random.text(&codes, 4)).collect();
            let locale = locales.closest(&codes);
            let call = [vec!["describe".to_owned()], codes].concat();
            comparison.add(json!(call), json!([locale.code(), locale.name(), locale.is_rtl()]));

            let header = random.text(&header, 9);
            let languages = accepted_languages(&header);
            let ours = if languages.is_empty() { locales.closest(["en_US"]) } else { locales.closest(languages) };
            comparison.add(json!(["browser_locale", header.trim()]), ours.code());
        }
    }
    comparison.check(2400);
}

#[test]
fn the_names_are_tornados() {
    let ours: serde_json::Map<String, Value> =
        LOCALE_NAMES.iter().map(|(code, name)| ((*code).to_owned(), json!(name))).collect();
    let mut comparison = Comparison::default();
    assert_eq!(ours.len(), LOCALE_NAMES.len());
    comparison.add(json!(["names"]), ours);
    comparison.check(1);
}
