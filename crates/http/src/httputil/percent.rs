//! Percent-encoding as forms use it: `+` is a space, and what is no valid escape stays as it is.

/// Appends what `encoded` stands for. Linear, and one copy where nothing is encoded.
pub(super) fn decode_form(encoded: &[u8], decoded: &mut Vec<u8>) {
    decoded.reserve(encoded.len());
    let mut rest = encoded;
    while let Some(at) = memchr::memchr2(b'%', b'+', rest) {
        decoded.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        rest = match rest {
            [b'+', after @ ..] => {
                decoded.push(b' ');
                after
            }
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(hex_value(*high) << 4 | hex_value(*low));
                after
            }
            [sign, after @ ..] => {
                decoded.push(*sign);
                after
            }
            [] => return,
        };
    }
    decoded.extend_from_slice(rest);
}

/// Appends what `encoded` stands for where `+` is a plus.
pub(super) fn decode(encoded: &[u8], decoded: &mut Vec<u8>) {
    for (position, part) in encoded.split(|&byte| byte == b'+').enumerate() {
        if position > 0 {
            decoded.push(b'+');
        }
        decode_form(part, decoded);
    }
}

/// Appends `plain` as a form writes it; letters, digits and `_.-~` stay.
pub(super) fn encode_form(plain: &[u8], encoded: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in plain {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            _ => {
                encoded.push('%');
                encoded.push(char::from(HEX[usize::from(byte >> 4)]));
                encoded.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

/// The value of a hexadecimal digit, which the caller has made sure that it is.
const fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_anything_else_stays() {
        const CASES: &[(&str, &str)] = &[
            ("", ""),
            ("plain", "plain"),
            ("a+b", "a b"),
            ("a%20b%2Bc%2bd", "a b+c+d"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz%4g", "%zz%4g"),
            ("%%41", "%A"),
            ("%25%34%31", "%41"),
            ("%E6%B5%8B", "\u{6d4b}"),
            ("+%+", " % "),
        ];
        for &(encoded, expected) in CASES {
            let mut decoded = b"|".to_vec();
            decode_form(encoded.as_bytes(), &mut decoded);
            assert_eq!(&decoded[1..], expected.as_bytes(), "{encoded:?}");
        }
        let mut decoded = Vec::new();
        decode(b"+a%20+", &mut decoded);
        assert_eq!(decoded, b"+a +");
    }

    #[test]
    fn every_byte_comes_back_from_its_encoding() {
        let all: Vec<u8> = (0..=255).collect();
        let mut encoded = String::new();
        encode_form(&all, &mut encoded);
        let mut decoded = Vec::new();
        decode_form(encoded.as_bytes(), &mut decoded);
        assert_eq!(decoded, all);
    }
}
