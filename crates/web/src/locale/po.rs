//! gettext's source format, `.po`, so that translations can be loaded without being compiled first.
//!
//! The manual of gettext, "The Format of PO Files". As `msgfmt` does, messages without a translation and those
//! that are marked as fuzzy are left out.

use std::borrow::Cow;
use std::collections::HashSet;

use encoding_rs::UTF_8;

use super::catalog::{CONTEXT_SEPARATOR, Catalog, charset};
use super::error::{Fault, TranslationProblem};
use super::text;

/// Reads a catalog.
pub(super) fn parse(bytes: &[u8]) -> Result<Catalog, Fault> {
    let text = decode(bytes)?;
    let entries = entries(&text)?;
    let mut catalog = match entries.iter().find(|entry| entry.is_header()) {
        Some(header) => Catalog::with_header(header.translations.first().map_or("", String::as_str))
            .map_err(|fault| Fault { line: Some(header.line), ..fault })?,
        None => Catalog::default(),
    };
    let mut seen = HashSet::new();
    for entry in entries {
        let key = entry.key();
        if !seen.insert(key.clone()) {
            return Err(Fault::at(entry.line, TranslationProblem::Duplicate(entry.message)));
        }
        let is_translated = entry.translations.first().is_some_and(|translation| !translation.is_empty());
        if entry.is_header() || entry.is_fuzzy || !is_translated {
            continue;
        }
        let Entry { has_plural, mut translations, .. } = entry;
        match has_plural {
            true => catalog.insert_plural(key, translations),
            false => catalog.insert(key, translations.swap_remove(0)),
        }
    }
    Ok(catalog)
}

/// The text, in the encoding that the header names.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    let lossy = String::from_utf8_lossy(bytes);
    // Only the first message can be the header, and what names an encoding is ASCII.
    let header = entries(lossy.split("\n\n").next().unwrap_or_default()).ok().and_then(|entries| {
        let header = entries.into_iter().find(Entry::is_header)?;
        header.translations.into_iter().next()
    });
    match header.as_deref().and_then(charset) {
        // What a template has in its place.
        None | Some("CHARSET") => text::decode(bytes, UTF_8),
        Some(name) => text::decode(bytes, text::encoding(name)?),
    }
}

/// One message with its translations.
#[derive(Default)]
struct Entry {
    line: usize,
    is_fuzzy: bool,
    context: Option<String>,
    message: String,
    has_plural: bool,
    /// The second message of a plural is looked up by nobody.
    plural_message: String,
    translations: Vec<String>,
}

impl Entry {
    fn is_header(&self) -> bool {
        self.message.is_empty() && self.context.is_none()
    }

    fn key(&self) -> String {
        match &self.context {
            Some(context) => format!("{context}{CONTEXT_SEPARATOR}{}", self.message),
            None => self.message.clone(),
        }
    }
}

/// What a text in quotes belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// A message is to come.
    Begin,
    Context,
    Message,
    PluralMessage,
    Translation,
}

fn entries(text: &str) -> Result<Vec<Entry>, Fault> {
    let mut entries = Vec::new();
    let (mut entry, mut part) = (Entry::default(), Part::Begin);
    let mut last = 0;
    for (number, line) in text.lines().enumerate().map(|(number, line)| (number + 1, line.trim())) {
        last = number;
        let unexpected = || Fault::at(number, TranslationProblem::UnexpectedLine(line.to_owned()));
        let ends_entry = line.starts_with('#') || is_keyword(line, "msgctxt") || is_keyword(line, "msgid");
        if part == Part::Translation && ends_entry {
            entries.push(std::mem::take(&mut entry));
            part = Part::Begin;
        }
        if let Some(comment) = line.strip_prefix('#') {
            // Flags stand before the message that they are of; what is obsolete is a comment.
            let is_flags =
                comment.strip_prefix(',').is_some_and(|flags| flags.split(',').any(|flag| flag.trim() == "fuzzy"));
            entry.is_fuzzy |= is_flags;
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let (keyword, quoted) = line.split_at(line.find('"').ok_or_else(unexpected)?);
        let quoted =
            unquote(quoted).ok_or_else(|| Fault::at(number, TranslationProblem::InvalidText(quoted.to_owned())))?;
        part = match (keyword.trim_end(), part) {
            ("", part) => part,
            ("msgctxt", Part::Begin) => {
                entry.context = Some(String::new());
                Part::Context
            }
            ("msgid", Part::Begin | Part::Context) => {
                entry.line = number;
                Part::Message
            }
            ("msgid_plural", Part::Message) => {
                entry.has_plural = true;
                Part::PluralMessage
            }
            ("msgstr", Part::Message) => {
                entry.translations.push(String::new());
                Part::Translation
            }
            (form, Part::PluralMessage | Part::Translation)
                if entry.has_plural && form == format!("msgstr[{}]", entry.translations.len()) =>
            {
                entry.translations.push(String::new());
                Part::Translation
            }
            _ => return Err(unexpected()),
        };
        match part {
            Part::Begin => return Err(unexpected()),
            Part::Context => entry.context.get_or_insert_default().push_str(&quoted),
            Part::Message => entry.message.push_str(&quoted),
            Part::PluralMessage => entry.plural_message.push_str(&quoted),
            Part::Translation => entry.translations.last_mut().ok_or_else(unexpected)?.push_str(&quoted),
        }
    }
    match part {
        Part::Begin => {}
        Part::Translation => entries.push(entry),
        _ => return Err(Fault::at(last, TranslationProblem::UnexpectedLine("the end of the file".to_owned()))),
    }
    Ok(entries)
}

/// Whether a line begins with this keyword, and not with one that is longer.
fn is_keyword(line: &str, keyword: &str) -> bool {
    line.strip_prefix(keyword).is_some_and(|rest| rest.starts_with([' ', '\t', '"']))
}

/// Takes off the quotes and C's escapes. The codes of escapes are bytes of UTF-8, several for a letter.
fn unquote(quoted: &str) -> Option<String> {
    let mut inside = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = Vec::with_capacity(inside.len());
    while let Some((plain, escaped)) = inside.split_once('\\') {
        if plain.contains('"') {
            return None;
        }
        text.extend_from_slice(plain.as_bytes());
        let byte;
        (byte, inside) = escape(escaped)?;
        text.push(byte);
    }
    if inside.contains('"') {
        return None;
    }
    text.extend_from_slice(inside.as_bytes());
    String::from_utf8(text).ok()
}

/// The byte that an escape stands for, its backslash aside, and what follows it.
fn escape(escaped: &str) -> Option<(u8, &str)> {
    let first = *escaped.as_bytes().first()?;
    let byte = match first {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'v' => 11,
        b'"' | b'\\' | b'\'' | b'?' => first,
        b'x' => return code(&escaped[1..], 16, 2),
        _ => return code(escaped, 8, 3),
    };
    Some((byte, &escaped[1..]))
}

/// The byte of a code of at most so many digits, and what follows it.
fn code(text: &str, radix: u32, most: usize) -> Option<(u8, &str)> {
    let digits = text.chars().take(most).take_while(|digit| digit.is_digit(radix)).count();
    let (code, rest) = text.split_at(digits);
    Some((u8::from_str_radix(code, radix).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
# A comment.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=n>1;\n"

#: page.html:3
msgid "school"
msgstr "\303\251cole"

msgctxt "law"
msgid "right"
msgstr "le "
"droit"

#, fuzzy
msgid "guess"
msgstr "x"

#, c-format
msgid "%d club"
msgid_plural "%d clubs"
msgstr[0] "%d club"
msgstr[1] "%d clubs!"

msgid "open"
msgstr ""

msgid "a \"b\"\n\tc\\"
msgstr "tab\x09é"
#~ msgid "old"
#~ msgstr "vieux"
"#;

    fn problem(text: &str) -> String {
        parse(text.as_bytes()).err().map(|fault| fault.within("fr.po").to_string()).unwrap_or_default()
    }

    #[test]
    fn messages_are_read() {
        let catalog = parse(FILE.as_bytes()).ok().unwrap();
        #[rustfmt::skip]
        let cases = [
            ("law\u{4}right",        Some("le droit")),
            ("right",                None),
            ("guess",                None),
            ("open",                 None),
            ("old",                  None),
            ("",                     None),
            ("%d club",              Some("%d club")),
            ("a \"b\"\n\tc\\",       Some("tab\té")),
        ];
        for (message, expected) in cases {
            assert_eq!(catalog.gettext(message), expected, "{message:?}");
        }
        assert_eq!([1, 2].map(|count| catalog.ngettext("%d club", count).unwrap()), ["%d club", "%d clubs!"]);
    }

    #[test]
    fn the_header_names_the_encoding() {
        let file =
            b"msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=KOI8-R\\n\"\n\nmsgid \"a\"\nmsgstr \"\xc1\"\n";
        assert_eq!(parse(file).ok().unwrap().gettext("a"), Some("\u{430}"));
    }

    #[test]
    fn problems_are_told_with_their_line() {
        #[rustfmt::skip]
        let cases = [
            ("msgid \"a\"\nmsgstr \"b\nc\"",                    "fr.po:2: `\"b` is no text"),
            ("msgid \"a\"\nmsgstr \"\\q\"",                     "fr.po:2: `\"\\q\"` is no text"),
            ("msgid \"a\"\nmsgstr \"\\777\"",                   "fr.po:2: `\"\\777\"` is no text"),
            ("msgid \"a\"",                                     "fr.po:1: unexpected `the end of the file`"),
            ("msgstr \"a\"",                                    "fr.po:1: unexpected `msgstr \"a\"`"),
            ("\"a\"",                                           "fr.po:1: unexpected `\"a\"`"),
            ("msgid \"a\"\nmsgid_plural \"b\"\nmsgstr[1] \"c\"","fr.po:3: unexpected `msgstr[1] \"c\"`"),
            ("msgid \"a\"\nmsgstr[0] \"c\"",                    "fr.po:2: unexpected `msgstr[0] \"c\"`"),
            ("\n\nhello",                                       "fr.po:3: unexpected `hello`"),
            ("msgid \"a\"\nmsgstr \"b\"\nmsgid \"a\"\nmsgstr \"c\"", "fr.po:3: the message `a` is there already"),
            ("msgid \"\"\nmsgstr \"Plural-Forms: plural=x;\"",  "fr.po:1: unexpected `x` in the plural expression"),
        ];
        for (text, expected) in cases {
            assert!(problem(text).starts_with(expected), "{text:?}: {}", problem(text));
        }
    }

    #[test]
    fn a_file_may_be_cut_off_anywhere() {
        for (length, _) in FILE.char_indices() {
            // An error or fewer messages, but no panic.
            let _: Result<Catalog, Fault> = parse(&FILE.as_bytes()[..length]);
        }
    }
}
