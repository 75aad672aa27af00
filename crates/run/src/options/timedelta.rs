//! Durations, as Tornado's options read them: numbers with units, summed.
//!
//! Each number is turned into microseconds as Python's `timedelta` does it, half of one going to the
//! even side, so that the same text is the same duration in both.

use jiff::SignedDuration;

use super::types::unexpected;

/// The units and their microseconds, an abbreviation before the name that it stands for.
#[rustfmt::skip]
const UNITS: &[(&str, i64)] = &[
    ("w",   604_800_000_000), ("weeks",   604_800_000_000),
    ("d",    86_400_000_000), ("days",     86_400_000_000),
    ("h",     3_600_000_000), ("hours",     3_600_000_000),
    ("m",        60_000_000), ("min",          60_000_000), ("minutes", 60_000_000),
    ("s",         1_000_000), ("sec",           1_000_000), ("seconds",  1_000_000),
    ("ms",            1_000), ("milliseconds",      1_000),
    ("us",                1), ("microseconds",          1),
];

/// Microseconds on either side of zero that a Python `timedelta` can have: not quite a milliard days.
const MOST: i128 = 999_999_999 * 86_400_000_000 + 86_399_999_999;
const LEAST: i128 = -999_999_999 * 86_400_000_000;

/// Reads a duration, which may be negative.
pub(super) fn parse(text: &str) -> Result<SignedDuration, String> {
    let error = |detail: &str| unexpected("a duration such as 1h 30m", text, detail);
    let mut sum = 0_i128;
    let mut rest = text;
    while !rest.is_empty() {
        rest = rest.trim_start_matches(is_space);
        let length = float_length(rest).ok_or_else(|| error("a number is missing"))?;
        let (number, after) = rest.split_at(length);
        let after = after.trim_start_matches(is_space);
        let end = after.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = if unit.is_empty() { "seconds" } else { unit };
        let (_, microseconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(|| {
            error(&format!("'{unit}' is no unit: w, d, h, m, s, ms, us, each with its space before the next number"))
        })?;
        let number: f64 = number.parse().map_err(|_| error("a number is missing"))?;
        sum += in_microseconds(number, *microseconds).ok_or_else(|| error("it is too long"))?;
        if !(LEAST..=MOST).contains(&sum) {
            return Err(error("it is too long"));
        }
        rest = after.trim_start_matches(is_space);
    }
    // Both ends of the range are far from those of 64 bits of seconds, and a rest below a million
    // microseconds is below a milliard nanoseconds.
    Ok(SignedDuration::new((sum / 1_000_000) as i64, (sum % 1_000_000) as i32 * 1000))
}

/// Shows a duration in a form that is read as the same: "1h 30m", "1.5s", "0s".
pub(super) fn display(microseconds: u128, negative: bool) -> String {
    if microseconds == 0 {
        return "0s".to_owned();
    }
    let sign = if negative { "-" } else { "" };
    let mut rest = microseconds;
    let mut pieces = Vec::new();
    for (unit, size) in [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000)] {
        if rest >= size {
            pieces.push(format!("{sign}{}{unit}", rest / size));
            rest %= size;
        }
    }
    match (rest / 1_000_000, rest % 1_000_000) {
        (0, 0) => {}
        (seconds, 0) => pieces.push(format!("{sign}{seconds}s")),
        (0, rest) if rest % 1000 == 0 => pieces.push(format!("{sign}{}ms", rest / 1000)),
        (0, rest) => pieces.push(format!("{sign}{rest}us")),
        (seconds, rest) => {
            let digits = format!("{seconds}.{rest:06}");
            pieces.push(format!("{sign}{}s", digits.trim_end_matches('0')));
        }
    }
    pieces.join(" ")
}

/// What Python's regular expressions take for a space.
pub(super) fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\x1c'..='\x1f').contains(&letter)
}

/// How long the number is that `text` begins with: a sign, digits with a point somewhere, an exponent.
fn float_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(sign);
    let mut length = sign + whole;
    if bytes.get(length) == Some(&b'.') {
        let fraction = digits(length + 1);
        if whole + fraction > 0 {
            length += 1 + fraction;
        }
    }
    if length == sign {
        return None;
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = if length + 1 + sign < bytes.len() { digits(length + 1 + sign) } else { 0 };
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    Some(length)
}

/// `number` times `unit`, where the whole part is exact and what is left below one goes to the nearest,
/// from the middle to the even one; `None` where it is out of all bounds.
fn in_microseconds(number: f64, unit: i64) -> Option<i128> {
    if number.is_nan() || number.abs() > 1e20 {
        return None;
    }
    let whole = number.trunc() as i128 * i128::from(unit);
    let fraction = unit as f64 * number.fract();
    let sum = whole + fraction.trunc() as i128;
    Some(sum + round_to_even(fraction.fract(), sum))
}

/// The rounded `rest` that makes `sum` even where it is in the middle.
fn round_to_even(rest: f64, sum: i128) -> i128 {
    let rounded = rest.round();
    if (rounded - rest).abs() != 0.5 {
        return rounded as i128;
    }
    let odd = (sum & 1) as f64;
    (2.0 * ((rest + odd) * 0.5).round() - odd) as i128
}

#[cfg(test)]
mod tests {
    use super::{display, parse};

    #[test]
    fn reads_numbers_with_units() {
        #[rustfmt::skip]
        let cases = [
            ("45",           45_000_000),
            ("45s",          45_000_000),
            ("1.5 min 2s",   92_000_000),
            ("1h 30m",    5_400_000_000),
            ("1 hours",   3_600_000_000),
            ("2d",      172_800_000_000),
            ("1w",      604_800_000_000),
            ("5ms",               5_000),
            ("7us",                   7),
            (".5s",             500_000),
            ("1e-3s",             1_000),
            ("1h -30m",   1_800_000_000),
            ("-1s",          -1_000_000),
            ("0.5us",                 0),   // the even one
            ("1.5us",                 2),
            ("",                      0),
        ];
        for (text, microseconds) in cases {
            assert_eq!(parse(text).map(|duration| duration.as_micros()), Ok(microseconds), "{text}");
        }
        for text in ["1h30m", "1 hour", "1H", "h", "1e999s", "1000000000d", "1 30", "1s,", "a", " "] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_shown_is_read_as_the_same() {
        #[rustfmt::skip]
        let cases = [
            (0, "0s"), (5_400_000_000, "1h 30m"), (1_500_000, "1.5s"), (100_000, "100ms"), (7, "7us"), (-90_000_000, "-1m -30s"),
            (86_400_000_000, "1d"), (1_000_001, "1.000001s"),
        ];
        for (microseconds, text) in cases {
            assert_eq!(display(i128::unsigned_abs(microseconds), microseconds < 0), text);
            assert_eq!(parse(text).unwrap().as_micros(), microseconds, "{text}");
        }
    }
}
