//! Which format a signed value has.

use super::v2;

/// A format of signed values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignedValueVersion {
    /// Three parts and HMAC-SHA1, for what still reads nothing else.
    V1,
    /// Fields with their lengths and HMAC-SHA256.
    #[default]
    V2,
}

impl SignedValueVersion {
    /// The version of a value; `None` for one that is not known here.
    ///
    /// Version 1 does not say that it is it. Its first part is base64, which may look like a number and a bar, but
    /// for its padding only where the number's length is a multiple of four: so a number above 999 is none.
    pub(super) fn of(value: &[u8]) -> Option<Self> {
        let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_version = matches!(digits, 1..=3) && value[0] != b'0' && value.get(digits) == Some(&b'|');
        match &value[..digits] {
            b"1" if is_version => Some(Self::V1),
            b"2" if is_version => Some(Self::V2),
            _ if is_version => None,
            _ => Some(Self::V1),
        }
    }
}

/// The version of the key that a value says it was signed with; `None` for one of version 1 and for what is no
/// signed value. The signature is **not** checked. Tornado's `get_signature_key_version`.
///
/// # Examples
///
/// ```
/// use firewhirl_web::signed_value::signature_key_version;
///
/// assert_eq!(signature_key_version("2|1:7|10:1300000000|4:user|4:5Ok=|808a"), Some(7));
/// assert_eq!(signature_key_version("5Ok=|1300000000|808a"), None);
/// ```
pub fn signature_key_version(value: impl AsRef<[u8]>) -> Option<u64> {
    let value = value.as_ref();
    match SignedValueVersion::of(value)? {
        SignedValueVersion::V1 => None,
        SignedValueVersion::V2 => Some(v2::Fields::parse(value)?.key_version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_bar_are_a_version() {
        use SignedValueVersion::{V1, V2};
        #[rustfmt::skip]
        const CASES: &[(&str, Option<SignedValueVersion>)] = &[
            ("1|x",      Some(V1)),
            ("2|x",      Some(V2)),
            ("3|x",      None),
            ("999|x",    None),
            ("1000|x",   Some(V1)),
            ("12345678|1300000000|x", Some(V1)),
            ("02|x",     Some(V1)),
            ("0|x",      Some(V1)),
            ("2",        Some(V1)),
            ("|",        Some(V1)),
            ("",         Some(V1)),
            ("YWxp|1|x", Some(V1)),
        ];
        for (value, expected) in CASES {
            assert_eq!(SignedValueVersion::of(value.as_bytes()), *expected, "{value:?}");
        }
    }
}
