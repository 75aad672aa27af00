//! What the `Authorization` header of HTTP's Basic scheme is made of (RFC 7617).

use unicode_normalization::UnicodeNormalization;

/// Joins a user name and a password in the way of the Basic scheme, before its Base64.
///
/// Both are normalized (Unicode's NFC), since the same letters can be typed in several ways and a
/// server compares bytes. Tornado's `encode_username_password`.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::encode_username_password;
///
/// assert_eq!(encode_username_password("Aladdin", "open sesame"), b"Aladdin:open sesame");
/// assert_eq!(encode_username_password("e\u{301}", ""), "\u{e9}:".as_bytes());
/// ```
pub fn encode_username_password(username: &str, password: &str) -> Vec<u8> {
    let mut joined = String::with_capacity(username.len() + 1 + password.len());
    joined.extend(username.nfc());
    joined.push(':');
    joined.extend(password.nfc());
    joined.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_are_normalized() {
        const CASES: &[(&str, &str, &str)] = &[
            ("", "", ":"),
            ("me", "secret:word", "me:secret:word"),
            ("jos\u{e9}", "e\u{301}", "jos\u{e9}:\u{e9}"),
            ("\u{212b}", "A\u{30a}", "\u{c5}:\u{c5}"),
            ("\u{1100}\u{1161}", "x", "\u{ac00}:x"),
        ];
        for &(username, password, expected) in CASES {
            assert_eq!(encode_username_password(username, password), expected.as_bytes());
        }
    }
}
