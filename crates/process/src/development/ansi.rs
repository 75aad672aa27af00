//! A terminal's colours in a page: what cargo and panics print, as HTML.

use std::fmt::Write;

/// A terminal's text as HTML: its colours as `<span>`s with classes, all else escaped.
///
/// The classes are those of [`ANSI_STYLE`]. Sequences that do not colour (cursor movements, titles,
/// links) are left out. It goes inside a `<pre>`.
///
/// # Examples
///
/// ```
/// use firewhirl_process::development::ansi_to_html;
///
/// let html = ansi_to_html("\u{1b}[1;31merror\u{1b}[0m: expected `Vec<u8>`");
/// assert_eq!(html, r#"<span class="ansi-bold ansi-1">error</span>: expected `Vec&lt;u8&gt;`"#);
/// ```
pub fn ansi_to_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 4);
    let mut style = Style::default();
    let mut rest = text;
    while let Some(escape) = rest.find('\u{1b}') {
        style.write(&mut html, &rest[..escape]);
        rest = &rest[escape + 1..];
        let (sequence, after) = take_sequence(rest);
        if let Some(parameters) = sequence.strip_prefix('[').and_then(|sequence| sequence.strip_suffix('m')) {
            style.apply(parameters);
        }
        rest = after;
    }
    style.write(&mut html, rest);
    html
}

/// A terminal's text without its colours.
///
/// # Examples
///
/// ```
/// assert_eq!(firewhirl_process::development::ansi_to_text("\u{1b}[1;31merror\u{1b}[0m: no"), "error: no");
/// ```
pub fn ansi_to_text(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(escape) = rest.find('\u{1b}') {
        plain.push_str(&rest[..escape]);
        (_, rest) = take_sequence(&rest[escape + 1..]);
    }
    plain + rest
}

/// The colours of [`ansi_to_html`] on a dark ground, as CSS.
pub const ANSI_STYLE: &str = "\
.ansi-bold{font-weight:bold}.ansi-dim{opacity:.7}.ansi-italic{font-style:italic}.ansi-underline{text-decoration:underline}
.ansi-0{color:#7a7f8a}.ansi-1{color:#ff6b68}.ansi-2{color:#8fd46b}.ansi-3{color:#f5c65d}
.ansi-4{color:#6cb2ff}.ansi-5{color:#d69aff}.ansi-6{color:#5fd3d3}.ansi-7{color:#e8e8e8}
";

/// What the next letters look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Style {
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    /// One of the eight colours; the bright ones are the same.
    colour: Option<u8>,
}

impl Style {
    /// Does what a sequence of numbers says (ECMA-48, `SGR`).
    fn apply(&mut self, parameters: &str) {
        let mut numbers = parameters.split([';', ':']).map(|number| number.parse::<u16>().unwrap_or(0));
        while let Some(number) = numbers.next() {
            match number {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                3 => self.italic = true,
                4 => self.underline = true,
                22 => (self.bold, self.dim) = (false, false),
                23 => self.italic = false,
                24 => self.underline = false,
                30..=37 => self.colour = u8::try_from(number - 30).ok(),
                90..=97 => self.colour = u8::try_from(number - 90).ok(),
                39 => self.colour = None,
                38 => {
                    if let Some(colour) = extended(&mut numbers) {
                        self.colour = Some(colour);
                    }
                }
                48 => {
                    extended(&mut numbers);
                }
                _ => {}
            }
        }
    }

    fn write(self, html: &mut String, text: &str) {
        if text.is_empty() {
            return;
        }
        let plain = self == Self::default();
        if !plain {
            html.push_str("<span class=\"");
            let flags =
                [(self.bold, "bold"), (self.dim, "dim"), (self.italic, "italic"), (self.underline, "underline")];
            let mut classes: Vec<String> =
                flags.iter().filter(|(on, _)| *on).map(|(_, name)| format!("ansi-{name}")).collect();
            classes.extend(self.colour.map(|colour| format!("ansi-{colour}")));
            // Writing into a `String` does not fail.
            let _ = write!(html, "{}\">", classes.join(" "));
        }
        for letter in text.chars() {
            match letter {
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '&' => html.push_str("&amp;"),
                '"' => html.push_str("&quot;"),
                '\'' => html.push_str("&#x27;"),
                '\n' | '\t' => html.push(letter),
                letter if letter.is_control() => {}
                letter => html.push(letter),
            }
        }
        if !plain {
            html.push_str("</span>");
        }
    }
}

/// The colour that `5;n` stands for; of `2;r;g;b` none, there are eight here.
fn extended(numbers: &mut impl Iterator<Item = u16>) -> Option<u8> {
    match numbers.next() {
        Some(5) => numbers.next().filter(|number| *number < 16).and_then(|number| u8::try_from(number % 8).ok()),
        Some(2) => {
            numbers.by_ref().take(3).for_each(drop);
            None
        }
        _ => None,
    }
}

/// Splits what follows an escape character into its sequence and the rest.
fn take_sequence(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let end = match bytes.first() {
        // Ends with its first letter.
        Some(b'[') => bytes.iter().skip(1).position(|byte| (0x40..=0x7e).contains(byte)).map(|at| at + 2),
        // A title or a link: ends with a bell, or with an escape and a backslash.
        Some(b']') => {
            let bell = text.find('\u{7}').map(|at| at + 1);
            let string_end = text.find("\u{1b}\\").map(|at| at + 2);
            [bell, string_end].into_iter().flatten().min()
        }
        Some(byte) if byte.is_ascii() => Some(1),
        _ => Some(0),
    };
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_become_classes_and_the_rest_is_text() {
        #[rustfmt::skip]
        let cases = [
            ("plain",                "a\nb\tc",                            "a\nb\tc"),
            ("markup",               "<b>\"&'</b>",                        "&lt;b&gt;&quot;&amp;&#x27;&lt;/b&gt;"),
            ("a colour",             "\x1b[31mred\x1b[0m.",                "<span class=\"ansi-1\">red</span>."),
            ("markup in a colour",   "\x1b[31m<i>\x1b[m",                  "<span class=\"ansi-1\">&lt;i&gt;</span>"),
            ("bold and bright",      "\x1b[1m\x1b[94mx\x1b[0m",            "<span class=\"ansi-bold ansi-4\">x</span>"),
            ("out of 256",           "\x1b[38;5;9mx\x1b[39my",             "<span class=\"ansi-1\">x</span>y"),
            ("out of millions",      "\x1b[38;2;1;2;3mx",                  "x"),
            ("a ground",             "\x1b[48;5;1mx",                      "x"),
            ("back to normal",       "\x1b[1;3mx\x1b[22;23my",             "<span class=\"ansi-bold ansi-italic\">x</span>y"),
            ("no colour at all",     "\x1b[2K\x1b[1Ax",                    "x"),
            ("a link",               "\x1b]8;;http://x\x1b\\t\x1b]8;;\x07u", "tu"),
            ("an escape at the end", "x\x1b",                              "x"),
            ("cut in the middle",    "x\x1b[31",                           "x"),
            ("other controls",       "a\x08\rb\x00",                       "ab"),
            ("beyond ASCII",         "\x1bé\x1b[32mß\x1b[0m",              "é<span class=\"ansi-2\">ß</span>"),
        ];
        for (shows, text, expected) in cases {
            assert_eq!(ansi_to_html(text), expected, "{shows}");
        }
    }
}
