//! The `Cookie` header of a request, read as browsers write it rather than as the RFCs say.
//!
//! What is read here never fails: a malformed cookie is another site's, or another program's on the
//! same host, and no reason to refuse the request.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::headers::is_token_byte;

/// Reads a `Cookie` header into names and values. Tornado's `parse_cookie`.
///
/// Of a name that comes twice the last value holds, at the place of the first. A cookie without `=`
/// has no name. Values in double quotes are unquoted, with their `\"` and `\054` escapes.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::parse_cookie;
///
/// let cookies = parse_cookie(r#"a=1; theme="dark\054 wide"; a=2"#);
/// assert_eq!(cookies, [("a", "2".into()), ("theme", "dark, wide".into())]);
/// ```
pub fn parse_cookie(header: &str) -> Vec<(&str, Cow<'_, str>)> {
    let mut cookies: Vec<(&str, Cow<'_, str>)> = Vec::new();
    // A header of many small cookies must not cost the square of their number.
    let mut places = HashMap::new();
    for chunk in header.split(';') {
        let (name, value) = chunk.split_once('=').unwrap_or(("", chunk));
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() && value.is_empty() {
            continue;
        }
        let place = *places.entry(name).or_insert(cookies.len());
        match cookies.get_mut(place) {
            Some(cookie) => cookie.1 = unquote(value),
            None => cookies.push((name, unquote(value))),
        }
    }
    cookies
}

/// Reads the cookies of a request: those of [`parse_cookie`] whose names may be a cookie's.
///
/// Tornado's `request.cookies`, which drops the others without a word.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::request_cookies;
///
/// let names: Vec<_> = request_cookies("expires=1; p=q; a b=c; h").into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["p"]);
/// ```
pub fn request_cookies(header: &str) -> Vec<(&str, Cow<'_, str>)> {
    let mut cookies = parse_cookie(header);
    cookies.retain(|(name, _)| is_cookie_name(name));
    cookies
}

/// Whether a cookie can have this name: a token, or colons, and not the name of an attribute.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::is_cookie_name;
///
/// assert!(is_cookie_name("user:theme"));
/// assert!(!is_cookie_name("Path"));
/// ```
pub fn is_cookie_name(name: &str) -> bool {
    const ATTRIBUTES: [&str; 10] =
        ["expires", "path", "comment", "domain", "max-age", "secure", "httponly", "version", "samesite", "partitioned"];
    !name.is_empty()
        && name.bytes().all(|byte| is_token_byte(byte) || byte == b':')
        && !ATTRIBUTES.iter().any(|attribute| name.eq_ignore_ascii_case(attribute))
}

/// Takes the quotes off a value, and the backslashes off what they escape.
fn unquote(value: &str) -> Cow<'_, str> {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return Cow::Borrowed(value);
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut unquoted = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        unquoted.push_str(plain);
        rest = match escaped.as_bytes() {
            &[high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', ..] => {
                unquoted.push(char::from((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0')));
                &escaped[3..]
            }
            _ => match escaped.chars().next() {
                Some(character) => {
                    unquoted.push(character);
                    &escaped[character.len_utf8()..]
                }
                // A backslash at the end escapes nothing.
                None => {
                    unquoted.push('\\');
                    ""
                }
            },
        };
    }
    unquoted.push_str(rest);
    Cow::Owned(unquoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: &[(&str, &str)]) {
        let cookies = parse_cookie(header);
        let found: Vec<_> = cookies.iter().map(|(name, value)| (*name, &value[..])).collect();
        assert_eq!(found, expected, "{header:?}");
    }

    #[test]
    fn cookies_are_read_as_browsers_write_them() {
        check("chips=ahoy; vienna=finger", &[("chips", "ahoy"), ("vienna", "finger")]);
        // Every semicolon separates, also one between quotes.
        check(
            r#"keebler="E=mc2; L=\"Loves\"; fudge=\012;""#,
            &[("keebler", "\"E=mc2"), ("L", r#"\"Loves\""#), ("fudge", r"\012"), ("", "\"")],
        );
        check("keebler=E=mc2", &[("keebler", "E=mc2")]);
        check("key:term=value:term", &[("key:term", "value:term")]);
        check("a=b; c=[; d=r; f=h", &[("a", "b"), ("c", "["), ("d", "r"), ("f", "h")]);
        check("a=b; Domain=example.com", &[("a", "b"), ("Domain", "example.com")]);
        check("a=b; h=i; a=c", &[("a", "c"), ("h", "i")]);
        check("abc=def; unnamed; lang=en", &[("abc", "def"), ("", "unnamed"), ("lang", "en")]);
        check("a=b; \"; c=d", &[("a", "b"), ("", "\""), ("c", "d")]);
        check("a b c=d e = f; gh=i", &[("a b c", "d e = f"), ("gh", "i")]);
        check("a   b,c<>@:/[]?{}=d  \"  =e,f g", &[("a   b,c<>@:/[]?{}", "d  \"  =e,f g")]);
        check("saint=Andr\u{e9} Bessette", &[("saint", "Andr\u{e9} Bessette")]);
        check("  =  b  ;  ;  =  ;   c  =  ;  ", &[("", "b"), ("c", "")]);
        check("", &[]);
        check(
            r#"a=b; c="d"; e="f\054g"; h; =i; j=; k=l=m; a=2; ;  n  =  o  "#,
            &[("a", "2"), ("c", "d"), ("e", "f,g"), ("", "i"), ("j", ""), ("k", "l=m"), ("n", "o")],
        );
    }

    #[test]
    fn quoted_values_are_unquoted() {
        const CASES: &[(&str, &str)] = &[
            (r#"a="b=\"""#, "b=\""),
            (r#"a="b=\\""#, "b=\\"),
            (r#"a="b=\=""#, "b=="),
            (r#"a="b=\n""#, "b=n"),
            (r#"a="b=\042""#, "b=\""),
            (r#"a="b=\134""#, "b=\\"),
            (r#"a="b=\377""#, "b=\u{ff}"),
            (r#"a="b=\400""#, "b=400"),
            (r#"a="b=\42""#, "b=42"),
            (r#"a="b=\\042""#, "b=\\042"),
            (r#"a="b=\\134""#, "b=\\134"),
            (r#"a="b=\\\"""#, "b=\\\""),
            (r#"a="b=\\\042""#, "b=\\\""),
            (r#"a="b=\134\"""#, "b=\\\""),
            (r#"a="b=\134\042""#, "b=\\\""),
            (r#"a="\""#, "\\"),
            ("a=\"\\\u{6d4b}\"", "\u{6d4b}"),
            (r#"a="""#, ""),
            (r#"a=""#, "\""),
        ];
        for &(header, value) in CASES {
            check(header, &[("a", value)]);
        }
    }

    #[test]
    fn names_that_no_cookie_can_have_are_dropped() {
        let names = |header| request_cookies(header).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(r#"expires=1; $Path=x; a b=c; p=q; "z"=1; h; a:b=3"#), ["$Path", "p", "a:b"]);
        assert_eq!(names("Secure=1; HTTPONLY=2; SameSite=3; \u{e9}=4; __Host-x=5"), ["__Host-x"]);
    }

    #[test]
    fn large_headers_take_linear_time() {
        // Quadratic work would take minutes at these sizes; the bound only tells the two apart.
        let begun = std::time::Instant::now();
        for escape in [r"\\", r"\134"] {
            let header = format!("a=\"b={}\"", escape.repeat(1_000_000));
            let cookies = parse_cookie(&header);
            assert_eq!(cookies[0].1.len(), 1_000_002);
            assert!(cookies[0].1.starts_with("b=\\") && cookies[0].1.ends_with("\\\\\\"));
        }
        let many: String = (0..200_000).map(|number| format!("{number}=;")).collect();
        assert_eq!(parse_cookie(&many).len(), 200_000);
        assert!(begun.elapsed().as_secs() < 20);
    }
}
