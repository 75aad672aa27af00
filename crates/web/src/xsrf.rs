//! The token that a form of this site has and one of another site cannot: as text, byte for byte Tornado's.
//!
//! A token is random bytes. It is written in two ways: version 1 is their hexadecimal digits; version 2 hides them
//! behind a mask that is new in each response, so that nobody can guess them from the length of compressed pages
//! (the BREACH attack), with the time when the token was made. Nothing here reads a clock or draws random bytes.

use crate::signed_value::hexadecimal;

/// How the token is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XsrfVersion {
    /// The same in each response, for what still reads nothing else.
    V1,
    /// Masked anew in each response.
    #[default]
    V2,
}

/// A token as it was made, or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct XsrfToken {
    pub(crate) bytes: Vec<u8>,
    /// When it was made, in Unix time; of one in version 1, when it was read.
    pub(crate) timestamp: u64,
}

impl XsrfToken {
    /// Reads a token of either version; `None` for one of another version, or a malformed one.
    ///
    /// What is not hexadecimal and of no version is a token itself: other programs may set one.
    pub(crate) fn decode(text: &str, now: u64) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (version, rest) = text.split_at(digits);
        let has_version = !version.is_empty() && !version.starts_with('0') && rest.starts_with('|');
        if !has_version {
            let bytes = from_hexadecimal(text).unwrap_or_else(|| text.as_bytes().to_vec());
            return Some(Self { bytes, timestamp: now });
        }
        if version != "2" {
            return None;
        }
        let mut parts = rest[1..].split('|');
        let (mask, masked, timestamp) = (parts.next()?, parts.next()?, parts.next()?);
        let mask: [u8; 4] = from_hexadecimal(mask)?.try_into().ok()?;
        let is_number = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        if parts.next().is_some() || !is_number {
            return None;
        }
        Some(Self { bytes: masked_with(mask, &from_hexadecimal(masked)?), timestamp: timestamp.parse().ok()? })
    }

    /// Writes the token; the mask should be random.
    pub(crate) fn encode(&self, version: XsrfVersion, mask: [u8; 4]) -> String {
        match version {
            XsrfVersion::V1 => hexadecimal(&self.bytes),
            XsrfVersion::V2 => {
                let masked = hexadecimal(&masked_with(mask, &self.bytes));
                format!("2|{}|{masked}|{}", hexadecimal(&mask), self.timestamp)
            }
        }
    }
}

/// Twice the same mask gives the bytes again.
fn masked_with(mask: [u8; 4], bytes: &[u8]) -> Vec<u8> {
    bytes.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

/// The bytes of hexadecimal digits, of which there are two a byte.
fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_300_000_000;

    #[test]
    fn tokens_are_written_as_tornado_writes_them() {
        let token = XsrfToken { bytes: (0..16).collect(), timestamp: NOW };
        assert_eq!(
            token.encode(XsrfVersion::V2, [1, 2, 3, 4]),
            "2|01020304|0103010705070503090b090f0d0f0d0b|1300000000"
        );
        assert_eq!(token.encode(XsrfVersion::V1, [1, 2, 3, 4]), "000102030405060708090a0b0c0d0e0f");
        for version in [XsrfVersion::V1, XsrfVersion::V2] {
            assert_eq!(XsrfToken::decode(&token.encode(version, [7, 0, 255, 9]), NOW), Some(token.clone()));
        }
    }

    #[test]
    fn tokens_are_read_as_tornado_reads_them() {
        #[rustfmt::skip]
        const CASES: &[(&str, Option<&[u8]>)] = &[
            ("deadbeef",                       Some(b"\xde\xad\xbe\xef")),
            ("DEADBEEF",                       Some(b"\xde\xad\xbe\xef")),
            ("deadbee",                        Some(b"deadbee")),
            ("xoxo",                           Some(b"xoxo")),
            ("\u{e9}",                         Some(b"\xc3\xa9")),
            ("02|x",                           Some(b"02|x")),
            ("|",                              Some(b"|")),
            ("2",                              Some(b"2")),
            ("3|",                             None),
            ("1|ab",                           None),
            ("1000|ab",                        None),
            ("2|",                             None),
            ("2|01020304||5",                  Some(b"")),
            ("2|01020304|01|5",                Some(b"\0")),
            ("2|0102030|01|5",                 None),
            ("2|010203|01|5",                  None),
            ("2|0102030405|01|5",              None),
            ("2|01020304|0|5",                 None),
            ("2|01020304|zz|5",                None),
            ("2|01020304|01|",                 None),
            ("2|01020304|01|x",                None),
            ("2|01020304|01|5|6",              None),
            ("2|01020304|01",                  None),
        ];
        for &(text, expected) in CASES {
            assert_eq!(XsrfToken::decode(text, NOW).map(|token| token.bytes).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_time_is_the_tokens_own_where_it_has_one() {
        assert_eq!(XsrfToken::decode("2|01020304|01|5", NOW).unwrap().timestamp, 5);
        assert_eq!(XsrfToken::decode("ab", NOW).unwrap().timestamp, NOW);
    }
}
