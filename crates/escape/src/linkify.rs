//! Links in plain text.
//!
//! Tornado finds them by a regular expression; here it is a scanner that reads each character a
//! bounded number of times, so that no text makes it slow. In the expression's terms a link is
//!
//! ```text
//! \b ( [\w-]+ : /{1,3}  |  www. )  ( run last | "(" run ")" )+
//!     run  = ( [^\s&()] | "&amp;" | "&quot;" )*
//!     last = any character but white space and punctuation (of which "-", "/", "_" and "\" may end a link)
//! ```
//!
//! A word character is what Rust calls alphanumeric, and the underscore.

use std::fmt::Write as _;

use crate::html::xhtml_escape;

/// Turns plain text into HTML in which every URL is a link.
///
/// The text is escaped first. A URL has one of the permitted protocols or starts with `www.`;
/// punctuation at its end is no part of it, parentheses are if they are balanced. Tornado's `linkify`.
///
/// # Examples
///
/// ```
/// use firewhirl_escape::{LinkifyOptions, linkify};
///
/// assert_eq!(
///     linkify("Hello http://tornadoweb.org!", &LinkifyOptions::new()),
///     r#"Hello <a href="http://tornadoweb.org">http://tornadoweb.org</a>!"#,
/// );
/// ```
pub fn linkify(text: &str, options: &LinkifyOptions<'_>) -> String {
    let escaped = xhtml_escape(text);
    let text = &*escaped;
    let mut linked = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = next_link(text, &mut at) {
        linked.push_str(&text[copied..found.start]);
        copied = found.end;
        options.write_link(&text[found.start..found.end], found.protocol, &mut linked);
    }
    linked.push_str(&text[copied..]);
    linked
}

/// What [`linkify`] makes a link and how that looks.
///
/// # Examples
///
/// ```
/// use firewhirl_escape::{LinkifyOptions, linkify};
///
/// let options = LinkifyOptions::new().extra_params(r#"rel="nofollow""#).permitted_protocols(["https"]);
/// assert_eq!(
///     linkify("https://a.org or ftp://b.org", &options),
///     r#"<a href="https://a.org" rel="nofollow">https://a.org</a> or ftp://b.org"#,
/// );
/// ```
pub struct LinkifyOptions<'options> {
    shorten: bool,
    extra_params: ExtraParams<'options>,
    require_protocol: bool,
    permitted_protocols: Vec<&'options str>,
}

enum ExtraParams<'options> {
    Same(&'options str),
    Of(Box<dyn Fn(&str) -> String + 'options>),
}

impl<'options> LinkifyOptions<'options> {
    /// Tornado's defaults: whole URLs, nothing extra, `www.` will do, `http` and `https`.
    pub fn new() -> Self {
        Self {
            shorten: false,
            extra_params: ExtraParams::Same(""),
            require_protocol: false,
            permitted_protocols: vec!["http", "https"],
        }
    }

    /// Whether URLs longer than 30 characters are shown cut: the host and the beginning of the
    /// path, with the whole in the link's title. Default: no.
    pub fn shorten(mut self, shorten: bool) -> Self {
        self.shorten = shorten;
        self
    }

    /// Text for every link's tag, such as `rel="nofollow"`. It is not escaped. Default: none.
    pub fn extra_params(mut self, params: &'options str) -> Self {
        self.extra_params = ExtraParams::Same(params);
        self
    }

    /// Text for a link's tag, made of what the link points to. Neither is escaped any further.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_escape::{LinkifyOptions, linkify};
    ///
    /// let options = LinkifyOptions::new().extra_params_of(|href| {
    ///     if href.starts_with("http://example.com") { "class=own".into() } else { String::new() }
    /// });
    /// assert_eq!(
    ///     linkify("www.other.org", &options),
    ///     r#"<a href="http://www.other.org" >www.other.org</a>"#,
    /// );
    /// ```
    pub fn extra_params_of(mut self, params: impl Fn(&str) -> String + 'options) -> Self {
        self.extra_params = ExtraParams::Of(Box::new(params));
        self
    }

    /// Whether only URLs with a protocol become links, not those that start with `www.`. Default: no.
    pub fn require_protocol(mut self, require: bool) -> Self {
        self.require_protocol = require;
        self
    }

    /// The protocols that become links, without the colon. `javascript` among them would be a hole.
    /// Default: `http`, `https`.
    pub fn permitted_protocols(mut self, protocols: impl IntoIterator<Item = &'options str>) -> Self {
        self.permitted_protocols = protocols.into_iter().collect();
        self
    }

    /// Writes a URL as a link, or as it is if it may not be one.
    fn write_link(&self, url: &str, protocol: Option<Protocol<'_>>, output: &mut String) {
        let permitted = match &protocol {
            Some(protocol) => self.permitted_protocols.contains(&protocol.name),
            None => !self.require_protocol,
        };
        if !permitted {
            output.push_str(url);
            return;
        }
        let start = output.len() + "<a href=\"".len();
        output.push_str("<a href=\"");
        output.push_str(if protocol.is_none() { "http://" } else { "" });
        output.push_str(url);
        let href = output[start..].to_owned();
        output.push('"');
        match &self.extra_params {
            ExtraParams::Same("") => {}
            ExtraParams::Same(params) => output.extend([" ", params.trim()]),
            ExtraParams::Of(params) => output.extend([" ", params(&href).trim()]),
        }
        let before_path = protocol.map_or(0, |protocol| protocol.length);
        match self.shorten.then(|| shortened(url, before_path)).flatten() {
            // Writing to a string cannot fail.
            Some(short) => drop(write!(output, " title=\"{href}\">{short}</a>")),
            None => output.extend([">", url, "</a>"]),
        }
    }
}

impl Default for LinkifyOptions<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// The URL as it is shown when it is too long; `before_path` bytes of it are the protocol.
///
/// Lengths are characters. An entity is never cut in two, and nothing is shortened to more than it was.
fn shortened(url: &str, before_path: usize) -> Option<String> {
    const LONG: usize = 30;
    let length = url.chars().count();
    if length <= LONG {
        return None;
    }
    let mut parts = url[before_path..].splitn(3, '/');
    let host = parts.next().unwrap_or_default();
    let mut short = match parts.next() {
        Some(path) => {
            let path = first_characters(path, 8).split(['?', '.']).next().unwrap_or_default();
            format!("{}{host}/{path}", &url[..before_path])
        }
        None => url.to_owned(),
    };
    if short.chars().count() > LONG * 3 / 2 {
        short = first_characters(&short, LONG).to_owned();
    }
    if short == url {
        return None;
    }
    if let Some(entity) = short.rfind('&')
        && short[..entity].chars().count() > LONG - 5
    {
        short.truncate(entity);
    }
    short.push_str("...");
    (short.chars().count() < length).then_some(short)
}

fn first_characters(text: &str, number: usize) -> &str {
    text.char_indices().nth(number).map_or(text, |(end, _)| &text[..end])
}

struct Link<'text> {
    start: usize,
    end: usize,
    protocol: Option<Protocol<'text>>,
}

struct Protocol<'text> {
    name: &'text str,
    /// Bytes of the name, the colon and the slashes.
    length: usize,
}

/// Finds the first link at or after `at`, and moves `at` to where the search goes on.
fn next_link<'text>(text: &'text str, at: &mut usize) -> Option<Link<'text>> {
    loop {
        // A link begins within a run of word characters and hyphens, and only one run is ever read at a time.
        let run = *at + text[*at..].find(is_name)?;
        let run_end = end_of(text, run, is_name);
        *at = run_end;
        let link = with_protocol(text, run, run_end).or_else(|| with_www(text, run, run_end));
        if let Some(link) = link {
            *at = link.end;
            return Some(link);
        }
    }
}

/// A link whose protocol is the run, from the first place on where a word begins or ends.
fn with_protocol(text: &str, run: usize, run_end: usize) -> Option<Link<'_>> {
    let slashes = text[run_end..].strip_prefix(':')?.bytes().take(3).take_while(|&byte| byte == b'/').count();
    let start = (run..run_end).find(|&start| is_boundary(text, start))?;
    // With fewer slashes the rest of them may be the body: "http:// " links "http:/" and "/".
    (1..=slashes).rev().find_map(|slashes| {
        let length = run_end + 1 + slashes - start;
        let end = end_of_body(text, start + length)?;
        Some(Link { start, end, protocol: Some(Protocol { name: &text[start..run_end], length }) })
    })
}

/// A link that starts with "www." as the end of the run.
fn with_www(text: &str, run: usize, run_end: usize) -> Option<Link<'_>> {
    let start = run_end.checked_sub(3).filter(|&start| start >= run)?;
    if !is_boundary(text, start) || !text[start..].starts_with("www.") {
        return None;
    }
    let end = end_of_body(text, run_end + 1)?;
    Some(Link { start, end, protocol: None })
}

/// Where the longest body that begins at `at` ends, if there is one.
fn end_of_body(text: &str, mut at: usize) -> Option<usize> {
    let mut end = None;
    while let Some(further) = run(text, at).1.or_else(|| end_of_parentheses(text, at)) {
        at = further;
        end = Some(at);
    }
    end
}

fn end_of_parentheses(text: &str, at: usize) -> Option<usize> {
    text[at..].strip_prefix('(')?;
    let (end, _) = run(text, at + 1);
    text[end..].starts_with(')').then_some(end + 1)
}

/// Where the characters end that may be within a link, and where the last one of them ends that
/// may be its last.
fn run(text: &str, start: usize) -> (usize, Option<usize>) {
    let mut at = start;
    let mut last = None;
    while let Some(character) = text[at..].chars().next() {
        at += match character {
            '(' | ')' => break,
            '&' => match ["&amp;", "&quot;"].iter().find(|entity| text[at..].starts_with(**entity)) {
                Some(entity) => entity.len(),
                None => break,
            },
            _ if is_space(character) => break,
            _ => character.len_utf8(),
        };
        if !character.is_ascii_punctuation() || matches!(character, '-' | '/' | '_' | '\\') {
            last = Some(at);
        }
    }
    (at, last)
}

fn end_of(text: &str, start: usize, belongs: fn(char) -> bool) -> usize {
    text[start..].find(|character| !belongs(character)).map_or(text.len(), |length| start + length)
}

/// Whether a word begins or ends at `at`; never inside a character.
fn is_boundary(text: &str, at: usize) -> bool {
    text.is_char_boundary(at)
        && text[..at].chars().next_back().is_some_and(is_word) != text[at..].chars().next().is_some_and(is_word)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// What a protocol may consist of.
fn is_name(character: char) -> bool {
    is_word(character) || character == '-'
}

/// White space as Python has it, which counts four control characters more than Unicode.
fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}
