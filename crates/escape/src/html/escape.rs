//! Text into HTML: the five characters that mean something there.

use std::borrow::Cow;

/// Escapes text so that it is itself within HTML or XML, in an attribute's quotes as well.
///
/// `&` becomes `&amp;`, `<` `&lt;`, `>` `&gt;`, `"` `&quot;` and `'` `&#x27;`. Text without any of
/// them comes back as it is, without a copy. Tornado's `xhtml_escape`, in templates `escape`.
///
/// # Examples
///
/// ```
/// use firewhirl_escape::xhtml_escape;
///
/// assert_eq!(xhtml_escape("<b title='R&D'>"), "&lt;b title=&#x27;R&amp;D&#x27;&gt;");
/// ```
pub fn xhtml_escape(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| replacement(byte).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + text.len() / 8 + 8);
    xhtml_escape_into(text, &mut escaped);
    Cow::Owned(escaped)
}

/// Appends the escaped text to `output`, for those who are writing a page already.
///
/// # Examples
///
/// ```
/// let mut page = String::from("<p>");
/// firewhirl_escape::xhtml_escape_into("1 < 2", &mut page);
/// assert_eq!(page, "<p>1 &lt; 2");
/// ```
pub fn xhtml_escape_into(text: &str, output: &mut String) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if let Some(replacement) = replacement(byte) {
            output.push_str(&text[plain..at]);
            output.push_str(replacement);
            plain = at + 1;
        }
    }
    output.push_str(&text[plain..]);
}

fn replacement(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'&' => "&amp;",
        b'<' => "&lt;",
        b'>' => "&gt;",
        b'"' => "&quot;",
        b'\'' => "&#x27;",
        _ => return None,
    })
}
