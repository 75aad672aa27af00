//! Text from anywhere made fit for a log: nothing in it begins a line of its own or drives a terminal.
//!
//! A request's path, a header, a name that a visitor gave himself end up in log lines. A line feed in
//! one of them would forge a line, an escape sequence would move the cursor of whoever reads the log,
//! and a character that turns the direction of writing would show the line as something else.

use std::fmt::Write;

/// What every line but the first begins with, as in Tornado.
const INDENT: &str = "\n    ";

/// Appends `text`, its further lines indented by four spaces and what is not to be printed escaped as
/// Python's `repr` does it.
pub(super) fn push_printable(line: &mut String, text: &str) {
    push_parts(line, text, |line, control| match control {
        '\n' => line.push_str(INDENT),
        '\t' => line.push('\t'),
        other => push_escape(line, other),
    });
}

/// Appends `text` as a field's value: bare if it is one word, in quotes and on one line otherwise.
pub(super) fn push_value(line: &mut String, text: &str) {
    let is_bare = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\') || !byte.is_ascii();
    if !text.is_empty() && text.as_bytes().iter().all(is_bare) {
        return push_printable(line, text);
    }
    line.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => line.extend(['\\', character]),
            control if is_control(control) => push_escape(line, control),
            other => line.push(other),
        }
    }
    line.push('"');
}

/// Whether a character would do something else in a log than to be read.
pub(super) fn is_control(character: char) -> bool {
    matches!(character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Ends of lines and of paragraphs, then what turns the direction of writing.
        | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Appends `text`, and has `control` append each of its control characters.
pub(super) fn push_parts(line: &mut String, text: &str, mut control: impl FnMut(&mut String, char)) {
    // Nearly every text is printable ASCII and is copied as a whole.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return line.push_str(text);
    }
    let mut rest = text;
    while let Some(position) = rest.find(is_control) {
        let (before, from) = rest.split_at(position);
        line.push_str(before);
        let mut characters = from.chars();
        if let Some(character) = characters.next() {
            control(line, character);
        }
        rest = characters.as_str();
    }
    line.push_str(rest);
}

fn push_escape(line: &mut String, character: char) {
    match character {
        '\n' => line.push_str("\\n"),
        '\r' => line.push_str("\\r"),
        '\t' => line.push_str("\\t"),
        // Writing to a string does not fail.
        low if low <= '\u{ff}' => drop(write!(line, "\\x{:02x}", u32::from(low))),
        high => drop(write!(line, "\\u{:04x}", u32::from(high))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, push: fn(&mut String, &str)) -> String {
        let mut line = String::new();
        push(&mut line, text);
        line
    }

    #[test]
    fn a_message_begins_no_line_and_drives_no_terminal() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, &str)] = &[
            ("plain",              "200 GET / (::1)",            "200 GET / (::1)"),
            ("a forged line",      "x\n[I 260608 12:58:49 a:1]", "x\n    [I 260608 12:58:49 a:1]"),
            ("a carriage return",  "secret\rpublic",             "secret\\rpublic"),
            ("an escape sequence", "\x1b[2Jgone",                "\\x1b[2Jgone"),
            ("one of eight bits",  "\u{9b}2Jgone",               "\\x9b2Jgone"),
            ("a zero and a bell",  "a\0b\x07",                   "a\\x00b\\x07"),
            ("backspaces",         "ab\x08\x7f",                 "ab\\x08\\x7f"),
            ("vertical movement",  "a\x0b\x0cb",                 "a\\x0b\\x0cb"),
            ("other line ends",    "a\u{85}b\u{2028}c\u{2029}",  "a\\x85b\\u2028c\\u2029"),
            ("text turned around", "\u{202e}gpj.exe\u{2066}",    "\\u202egpj.exe\\u2066"),
            ("other languages",    "caf\u{e9} \u{5e9}\u{5dc}",   "caf\u{e9} \u{5e9}\u{5dc}"),
            ("tabs stay",          "a\tb",                       "a\tb"),
            ("nothing",            "",                           ""),
        ];
        for &(case, text, expected) in CASES {
            assert_eq!(shown(text, push_printable), expected, "{case}");
        }
    }

    #[test]
    fn a_value_is_one_word_or_in_quotes() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, &str)] = &[
            ("a word",          "users",          "users"),
            ("other letters",   "\u{e9}t\u{e9}",  "\u{e9}t\u{e9}"),
            ("nothing",         "",               r#""""#),
            ("two words",       "a b",            r#""a b""#),
            ("a forged field",  "x admin=true",   r#""x admin=true""#),
            ("quotes",          r#"say "hi""#,    r#""say \"hi\"""#),
            ("a backslash",     r"a\b",           r#""a\\b""#),
            ("a line feed",     "a\nb",           r#""a\nb""#),
            ("a tab",           "a\tb",           r#""a\tb""#),
            ("a wide control",  "\u{202e}x",      r"\u202ex"),
        ];
        for &(case, text, expected) in CASES {
            assert_eq!(shown(text, push_value), expected, "{case}");
        }
    }
}
