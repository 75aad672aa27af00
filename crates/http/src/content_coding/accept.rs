//! The `Accept-Encoding` field: which codings a client takes, and which it likes best (RFC 9110,
//! section 12.5.3).

use super::ContentCoding;

/// A quality in thousandths; the RFC has no finer ones.
type Quality = u16;

const BEST: Quality = 1000;

/// What a client's `Accept-Encoding` fields say.
///
/// # Examples
///
/// ```
/// use firewhirl_http::content_coding::{AcceptEncoding, ContentCoding::{Brotli, Gzip, Zstd}};
///
/// let accepted = AcceptEncoding::parse([b"gzip, br;q=0.9, zstd;q=0".as_slice()]);
/// assert_eq!(accepted.preferred(&[Zstd, Brotli, Gzip]), Some(Gzip));
/// assert_eq!(accepted.preferred(&[Zstd]), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AcceptEncoding {
    /// In the order of [`ContentCoding::ALL`].
    codings: [Option<Quality>; ContentCoding::ALL.len()],
    identity: Option<Quality>,
    any_other: Option<Quality>,
}

impl AcceptEncoding {
    /// Reads the values of the fields; without any the client takes what is not coded at all.
    ///
    /// A coding whose weight cannot be read is one that the client does not take; what is unknown is passed
    /// over. Of a coding that comes twice the last weight holds.
    pub fn parse<'field>(values: impl IntoIterator<Item = &'field [u8]>) -> Self {
        let mut accepted = Self::default();
        for element in values.into_iter().flat_map(|value| value.split(|&byte| byte == b',')) {
            let mut parts = element.splitn(2, |&byte| byte == b';').map(<[u8]>::trim_ascii);
            let token = parts.next().unwrap_or_default();
            let quality = parts.next().map_or(BEST, |weight| parse_weight(weight).unwrap_or(0));
            if token == b"*" {
                accepted.any_other = Some(quality);
            } else if token.eq_ignore_ascii_case(b"identity") {
                accepted.identity = Some(quality);
            } else if let Some(coding) = std::str::from_utf8(token).ok().and_then(ContentCoding::from_token) {
                accepted.codings[coding as usize] = Some(quality);
            }
        }
        accepted
    }

    /// Whether the client takes this coding.
    pub fn accepts(&self, coding: ContentCoding) -> bool {
        self.quality(coding) > 0
    }

    /// Whether the client takes a body that is not coded: unless it rules that out, by `identity;q=0` or
    /// `*;q=0`.
    pub fn accepts_identity(&self) -> bool {
        self.identity.or(self.any_other) != Some(0)
    }

    /// The one of `offered` that the client likes best; of several equals the first of them. `None` if it
    /// takes none of them, or likes a body better that is not coded.
    pub fn preferred(&self, offered: &[ContentCoding]) -> Option<ContentCoding> {
        let mut best = (None, self.identity.unwrap_or(0).max(1));
        for &coding in offered {
            let quality = self.quality(coding);
            // As good as a body that is not coded is good enough; as good as another coding is not.
            if quality > best.1 || (quality == best.1 && best.0.is_none()) {
                best = (Some(coding), quality);
            }
        }
        best.0
    }

    fn quality(&self, coding: ContentCoding) -> Quality {
        self.codings[coding as usize].or(self.any_other).unwrap_or(0)
    }
}

/// Reads `q=0.5` (RFC 9110, section 12.4.2) in thousandths.
fn parse_weight(weight: &[u8]) -> Option<Quality> {
    let [b'q' | b'Q', rest @ ..] = weight else { return None };
    let value = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (whole, fraction) = match value {
        [whole] => (whole, &[][..]),
        [whole, b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return None,
    };
    let thousandths = fraction
        .iter()
        .chain(b"000")
        .take(3)
        .try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + Quality::from(digit - b'0')))?;
    match (whole, thousandths) {
        (b'0', thousandths) => Some(thousandths),
        (b'1', 0) => Some(BEST),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::ContentCoding::{Brotli, Deflate, Gzip, Zstd};
    use super::*;

    #[test]
    fn the_best_of_what_is_offered_is_chosen() {
        const ALL: &[ContentCoding] = &[Zstd, Brotli, Gzip, Deflate];
        const CASES: &[(&str, &[&str], Option<ContentCoding>)] = &[
            ("nothing said", &[], None),
            ("nothing taken", &[""], None),
            ("one", &["gzip"], Some(Gzip)),
            ("its old name", &["x-gzip"], Some(Gzip)),
            ("the server's order among equals", &["gzip, deflate, br, zstd"], Some(Zstd)),
            ("as Chromium without zstd", &["gzip, deflate, br"], Some(Brotli)),
            ("on two lines", &["gzip", "br"], Some(Brotli)),
            ("the client's order by weight", &["gzip;q=1.0, br;q=0.5"], Some(Gzip)),
            ("three digits", &["gzip;q=0.002, br;q=0.001"], Some(Gzip)),
            ("anything", &["*"], Some(Zstd)),
            ("anything but", &["*, zstd;q=0"], Some(Brotli)),
            ("one and anything", &["gzip;q=1, *;q=0.1"], Some(Gzip)),
            ("nothing but identity", &["identity, *;q=0"], None),
            ("identity better", &["identity;q=1, gzip;q=0.5"], None),
            ("identity as good", &["identity, gzip"], Some(Gzip)),
            ("identity worse", &["gzip;q=0.5, identity;q=0.1"], Some(Gzip)),
            ("no identity", &["gzip, identity;q=0"], Some(Gzip)),
            ("forbidden", &["gzip;q=0"], None),
            ("forbidden to the last digit", &["gzip;q=0.000"], None),
            ("in capitals and with spaces", &["GZIP ; Q = 0.5"], Some(Gzip)),
            ("weight that is none", &["gzip;q=high"], None),
            ("weight above one", &["gzip;q=1.001"], None),
            ("weight with four digits", &["gzip;q=0.0001"], None),
            ("another parameter", &["gzip;level=9"], None),
            ("unknown", &["exi, pack200-gzip, gzipped"], None),
            ("no text", &["\u{fffd}, gzip"], Some(Gzip)),
        ];
        for &(what, values, expected) in CASES {
            let accepted = AcceptEncoding::parse(values.iter().map(|value| value.as_bytes()));
            assert_eq!(accepted.preferred(ALL), expected, "{what}");
        }
    }

    #[test]
    fn a_body_without_coding_is_taken_unless_ruled_out() {
        const CASES: &[(&str, bool)] = &[
            ("gzip", true),
            ("gzip, identity;q=0", false),
            ("gzip, *;q=0", false),
            ("identity;q=0.1, *;q=0", true),
            ("*", true),
            ("", true),
        ];
        for &(value, expected) in CASES {
            assert_eq!(AcceptEncoding::parse([value.as_bytes()]).accepts_identity(), expected, "{value:?}");
        }
        assert!(AcceptEncoding::parse([b"br".as_slice()]).accepts(Brotli));
        assert!(!AcceptEncoding::parse([b"br".as_slice()]).accepts(Gzip));
    }
}
