//! Strings and numbers as Python's `json.dumps` writes them.

/// Writes a string in quotes, in ASCII alone, so that it is safe in any encoding, and with `</`
/// as `<\/`, so that it is safe within a `<script>`.
pub(super) fn write_string(text: &str, output: &mut String) {
    output.push('"');
    let bytes = text.as_bytes();
    let mut plain = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if PLAIN[usize::from(byte)] || (byte == b'/' && (at == 0 || bytes[at - 1] != b'<')) {
            at += 1;
            continue;
        }
        output.push_str(&text[plain..at]);
        // A character begins here: only the bytes of ASCII are plain.
        let Some(character) = text[at..].chars().next() else { break };
        write_escape(character, output);
        at += character.len_utf8();
        plain = at;
    }
    output.push_str(&text[plain..]);
    output.push('"');
}

/// Bytes that stand for themselves wherever they are.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        plain[byte as usize] = !matches!(byte, b'"' | b'\\' | b'/');
        byte += 1;
    }
    plain
};

fn write_escape(character: char, output: &mut String) {
    let short = match character {
        '"' => "\\\"",
        '\\' => "\\\\",
        '/' => "\\/",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let digit = |shift: u16| char::from(HEX[usize::from(*unit >> shift & 15)]);
                output.extend(['\\', 'u', digit(12), digit(8), digit(4), digit(0)]);
            }
            return;
        }
    };
    output.push_str(short);
}

/// Writes a whole number.
pub(super) fn write_integer(number: impl itoa::Integer, output: &mut String) {
    output.push_str(itoa::Buffer::new().format(number));
}

/// Writes a floating-point number as Python's `repr` does, and what is none as Python's
/// `json.dumps` does: `NaN`, `Infinity`, `-Infinity`.
///
/// The digits are the fewest that read back as the same number and of those the nearest, a tie going
/// to the even one (`{}` sends it upwards: 1950409288845783.25 ends in .2 in Python, in .3 there).
pub(super) fn write_float(number: f64, output: &mut String) {
    if !number.is_finite() {
        output.push_str(match number {
            f64::INFINITY => "Infinity",
            f64::NEG_INFINITY => "-Infinity",
            _ => "NaN",
        });
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let digits = buffer.format_finite(number);
    if let Some((mantissa, exponent)) = digits.split_once('e') {
        let exponent = exponent.trim_start_matches('+');
        let (sign, exponent) = exponent.strip_prefix('-').map_or(("+", exponent), |exponent| ("-", exponent));
        let zero = if exponent.len() < 2 { "0" } else { "" };
        output.extend([mantissa, "e", sign, zero, exponent]);
    } else if number != 0.0 && number.abs() < 1e-4 {
        // The one power of ten that stands without an exponent here and with one in Python.
        let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
        let (first, further) = digits.trim_start_matches(['0', '.']).split_at(1);
        output.extend([sign, first, if further.is_empty() { "" } else { "." }, further, "e-05"]);
    } else {
        output.push_str(digits);
    }
}

/// Writes a number of single precision by its own fewest digits: `0.1`, not `0.10000000149011612`.
pub(super) fn write_single_float(number: f32, output: &mut String) {
    // Any number that is written can be read; what is none is read as that.
    write_float(number.to_string().parse().unwrap_or(f64::from(number)), output);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_as_in_python() {
        let cases: &[(f64, &str)] = &[
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1.5e15, "1500000000000000.0"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.25e-5, "1.25e-05"),
            (0.0001, "0.0001"),
            (1e-5, "1e-05"),
            (-9.5e-5, "-9.5e-05"),
            (9.5e-6, "9.5e-06"),
            (f64::from_bits(0x431b_b78c_3350_275d), "1950409288845783.2"),
            (-1.5e-10, "-1.5e-10"),
            (-2e16, "-2e+16"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (number, expected) in cases {
            let mut output = String::new();
            write_float(*number, &mut output);
            assert_eq!(output, *expected);
        }
    }

    #[test]
    fn strings_are_ascii_and_end_no_script() {
        let cases: &[(&str, &str)] = &[
            ("", r#""""#),
            ("a/b < c", r#""a/b < c""#),
            ("</script></", r#""<\/script><\/""#),
            ("/<//", r#""/<\//""#),
            ("\"\\\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}", r#""\"\\\n\r\t\b\f\u0000\u001f\u007f""#),
            ("é€\u{2028}😀", r#""\u00e9\u20ac\u2028\ud83d\ude00""#),
        ];
        for (text, expected) in cases {
            let mut output = String::new();
            write_string(text, &mut output);
            assert_eq!(output, *expected);
        }
    }
}
