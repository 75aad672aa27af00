//! What the `Authorization` header of HTTP's Basic scheme is made of (RFC 7617).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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

/// The value of `Authorization`, or of `Proxy-Authorization`, by the Basic scheme (RFC 7617).
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::basic_authorization;
///
/// assert_eq!(basic_authorization("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// ```
pub fn basic_authorization(username: &str, password: &str) -> String {
    let mut value = String::from("Basic ");
    STANDARD.encode_string(encode_username_password(username, password), &mut value);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_come_out() {
        assert_eq!(basic_authorization("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(basic_authorization("test", "123\u{a3}"), "Basic dGVzdDoxMjPCow==");
        assert_eq!(basic_authorization("", ""), "Basic Og==");
    }

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
