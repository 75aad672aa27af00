//! What a server wants before it answers: the challenges of `WWW-Authenticate` and `Proxy-Authenticate`
//! (RFC 9110, section 11).
//!
//! Several challenges may stand in one field, separated by the same commas as the parameters of each.

use std::borrow::Cow;

use crate::headers::is_token_byte;

/// One challenge: a scheme with its parameters, or with one opaque piece of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The authentication scheme, as the server wrote it: `Basic`, `Digest`. Compared without case.
    pub scheme: String,
    /// The text that some schemes have in place of parameters, such as `Negotiate`.
    pub token68: Option<String>,
    /// The parameters: names in small letters, values without quotes and escapes.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Whether it is of this scheme.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The first parameter of this name, which is to be in small letters.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Reads the challenges of a `WWW-Authenticate` or `Proxy-Authenticate` field. From where it is malformed on
/// it is passed over.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::parse_challenges;
///
/// let challenges = parse_challenges(r#"Digest realm="a, b", qop="auth", Basic realm="c""#);
/// assert!(challenges[0].is("digest"));
/// assert_eq!(challenges[0].parameter("realm"), Some("a, b"));
/// assert_eq!(challenges[1].parameter("realm"), Some("c"));
/// ```
pub fn parse_challenges(field: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = field;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (token, after) = split_token(rest);
        if token.is_empty() {
            return challenges;
        }
        let value = after.trim_start_matches([' ', '\t']).strip_prefix('=');
        match (challenges.last_mut(), value) {
            (Some(challenge), Some(value)) => {
                let Some((value, after)) = split_value(value.trim_start_matches([' ', '\t'])) else {
                    return challenges;
                };
                challenge.parameters.push((token.to_ascii_lowercase(), value.into_owned()));
                rest = after;
            }
            // A parameter before any scheme.
            (None, Some(_)) => return challenges,
            (_, None) => {
                let (token68, after) = split_token68(after);
                let token68 = token68.map(str::to_owned);
                challenges.push(Challenge { scheme: token.to_owned(), token68, parameters: Vec::new() });
                rest = after;
            }
        }
    }
}

/// Reads the parameters of an `Authentication-Info` field (RFC 7615).
pub(crate) fn parse_authentication_info(field: &str) -> Challenge {
    // It is a challenge without the scheme.
    let with_scheme = format!("Info {field}");
    parse_challenges(&with_scheme).into_iter().next().unwrap_or_default()
}

fn split_token(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !is_token_byte(byte)).unwrap_or(text.len());
    text.split_at(end)
}

/// A token or a quoted string, and what follows.
fn split_value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, after) = split_token(text);
        return Some((Cow::Borrowed(token), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    loop {
        match characters.next()? {
            (end, '"') => return Some((Cow::Owned(value), &quoted[end + 1..])),
            (_, '\\') => value.push(characters.next()?.1),
            (_, character) => value.push(character),
        }
    }
}

/// The opaque text of a scheme, if what follows the scheme is that and no parameter, and what follows it.
fn split_token68(text: &str) -> (Option<&str>, &str) {
    let is_of_token68 = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    let begun = text.trim_start_matches([' ', '\t']);
    let end = begun.bytes().position(|byte| !is_of_token68(byte)).unwrap_or(begun.len());
    let padding = begun[end..].bytes().take_while(|&byte| byte == b'=').count();
    let (token68, after) = begun.split_at(end + padding);
    let is_alone = after.trim_start_matches([' ', '\t']).bytes().next().is_none_or(|byte| byte == b',');
    if end > 0 && is_alone { (Some(token68), after) } else { (None, text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_told_apart() {
        const CASES: &[(&str, &str)] = &[
            ("", ""),
            ("Basic", "Basic"),
            ("Basic realm=\"x\"", "Basic realm=x"),
            ("basic REALM = x", "basic realm=x"),
            ("Basic realm=\"a\\\"b\\\\c, d=e\"", "Basic realm=a\"b\\c, d=e"),
            ("Basic realm=\"x\", charset=\"UTF-8\"", "Basic realm=x charset=UTF-8"),
            ("Basic realm=\"x\", Digest realm=y, nonce=\"z\"", "Basic realm=x | Digest realm=y nonce=z"),
            ("Negotiate, Basic realm=x", "Negotiate | Basic realm=x"),
            ("Negotiate, Basic", "Negotiate | Basic"),
            ("Negotiate YWJj==, Basic realm=x", "Negotiate YWJj== | Basic realm=x"),
            ("Bearer a.b-c~/+", "Bearer a.b-c~/+"),
            (", ,Basic realm=x ,, a=b,", "Basic realm=x a=b"),
            (
                "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
                "Newauth realm=apps type=1 title=Login to \"apps\" | Basic realm=simple",
            ),
            ("realm=x, Basic", ""),
            ("Basic realm=\"unfinished, a=b", "Basic"),
            ("Basic realm=x; a=b", "Basic realm=x"),
            ("Digest realm=\"\u{e4}\"", "Digest realm=\u{e4}"),
        ];
        for &(field, expected) in CASES {
            let shown: Vec<String> = parse_challenges(field)
                .into_iter()
                .map(|challenge| {
                    let parameters = challenge.parameters.iter().map(|(name, value)| format!("{name}={value}"));
                    let parts = std::iter::once(challenge.scheme.clone()).chain(challenge.token68.clone());
                    parts.chain(parameters).collect::<Vec<_>>().join(" ")
                })
                .collect();
            assert_eq!(shown.join(" | "), expected, "{field:?}");
        }
    }

    #[test]
    fn long_fields_take_linear_time() {
        let field = format!("Digest {}", "a=\"\\\"\", ".repeat(200_000));
        assert_eq!(parse_challenges(&field)[0].parameters.len(), 200_000);
        assert_eq!(parse_challenges(&"Basic, ".repeat(200_000)).len(), 200_000);
        assert_eq!(parse_authentication_info("nextnonce=\"x\"").parameter("nextnonce"), Some("x"));
    }
}
