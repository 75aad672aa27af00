//! Which content codings there are, and what a `Content-Encoding` field says (RFC 9110, section 8.4).

use std::fmt;
use std::ops::RangeInclusive;

use super::{ContentCodingError, brotli, zstd};

/// How many codings a body may have, one inside the other; more are refused, since each multiplies what
/// few bytes can make us do.
pub const CODINGS_MAX: usize = 3;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentCoding {
    /// `gzip`: DEFLATE with gzip's header and checksum (RFC 1952).
    Gzip,
    /// `deflate`: DEFLATE in the zlib format (RFC 1950). Bare DEFLATE (RFC 1951), which some servers send
    /// under this name, is decoded as well.
    Deflate,
    /// `br`: Brotli (RFC 7932). By the cargo feature `brotli`.
    Brotli,
    /// `zstd`: Zstandard (RFC 8878) with windows of 8 MiB at most (RFC 9659). By the cargo feature `zstd`.
    Zstd,
}

impl ContentCoding {
    /// All of them, whether this program has them or not.
    pub const ALL: [Self; 4] = [Self::Gzip, Self::Deflate, Self::Brotli, Self::Zstd];

    /// The coding of this name, in any case; `x-gzip` is gzip (RFC 9110, section 8.4.1.3).
    pub fn from_token(token: &str) -> Option<Self> {
        if token.eq_ignore_ascii_case("x-gzip") {
            return Some(Self::Gzip);
        }
        Self::ALL.into_iter().find(|coding| coding.token().eq_ignore_ascii_case(token))
    }

    /// Its name in `Content-Encoding` and `Accept-Encoding`.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Whether this program was built with it.
    pub const fn is_supported(self) -> bool {
        match self {
            Self::Gzip | Self::Deflate => true,
            Self::Brotli => brotli::IS_BUILT,
            Self::Zstd => zstd::IS_BUILT,
        }
    }

    /// The levels that an [`Encoder`](super::Encoder) of it knows, from the fastest to the smallest result.
    pub const fn levels(self) -> RangeInclusive<u8> {
        match self {
            Self::Gzip | Self::Deflate => 0..=9,
            Self::Brotli => 0..=11,
            Self::Zstd => 1..=19,
        }
    }

    /// The level for what is compressed while a client waits: 6 of gzip, as in Tornado, 4 of br, 3 of zstd.
    pub const fn default_level(self) -> u8 {
        match self {
            Self::Gzip | Self::Deflate => 6,
            Self::Brotli => 4,
            Self::Zstd => 3,
        }
    }

    /// What a client can send as `Accept-Encoding`: the codings that this program was built with.
    pub const fn accepted_by_this_build() -> &'static str {
        match (brotli::IS_BUILT, zstd::IS_BUILT) {
            (false, false) => "gzip, deflate",
            (true, false) => "gzip, deflate, br",
            (false, true) => "gzip, deflate, zstd",
            (true, true) => "gzip, deflate, br, zstd",
        }
    }
}

/// Its [`token`](ContentCoding::token).
impl fmt::Display for ContentCoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token())
    }
}

/// Reads the values of a message's `Content-Encoding` fields: its codings, in the order in which they were
/// applied. `identity`, which is none, is left out.
///
/// # Errors
///
/// [`ContentCodingError::Unknown`] for a coding that is not of these four, and
/// [`ContentCodingError::TooMany`] for more than [`CODINGS_MAX`].
///
/// # Examples
///
/// ```
/// use firewhirl_http::content_coding::{ContentCoding, parse_content_encoding};
///
/// let codings = parse_content_encoding([b"x-gzip, BR".as_slice()])?;
/// assert_eq!(codings, [ContentCoding::Gzip, ContentCoding::Brotli]);
/// assert!(parse_content_encoding([b"rot13".as_slice()]).is_err());
/// # Ok::<(), firewhirl_http::content_coding::ContentCodingError>(())
/// ```
pub fn parse_content_encoding<'field>(
    values: impl IntoIterator<Item = &'field [u8]>,
) -> Result<Vec<ContentCoding>, ContentCodingError> {
    let mut codings = Vec::new();
    for token in values.into_iter().flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii) {
        if token.is_empty() || token.eq_ignore_ascii_case(b"identity") {
            continue;
        }
        let coding = std::str::from_utf8(token).ok().and_then(ContentCoding::from_token);
        codings.push(coding.ok_or_else(|| ContentCodingError::unknown(token))?);
        if codings.len() > CODINGS_MAX {
            return Err(ContentCodingError::TooMany { limit: CODINGS_MAX });
        }
    }
    Ok(codings)
}

#[cfg(test)]
mod tests {
    use super::ContentCoding::{Brotli, Deflate, Gzip, Zstd};
    use super::*;

    #[test]
    fn codings_are_read_in_the_order_in_which_they_were_applied() {
        type Case<'text> = (&'text str, &'text [&'text str], Result<&'text [ContentCoding], &'text str>);
        const CASES: &[Case<'_>] = &[
            ("one", &["gzip"], Ok(&[Gzip])),
            ("its old name", &["x-gzip"], Ok(&[Gzip])),
            ("in capitals", &["GZip"], Ok(&[Gzip])),
            ("two in a line", &["gzip, br"], Ok(&[Gzip, Brotli])),
            ("on two lines", &["deflate", "zstd"], Ok(&[Deflate, Zstd])),
            ("empty elements", &[", gzip ,,"], Ok(&[Gzip])),
            ("none", &["identity"], Ok(&[])),
            ("nothing", &[""], Ok(&[])),
            ("three", &["gzip,gzip,gzip"], Ok(&[Gzip, Gzip, Gzip])),
            ("four", &["gzip,gzip,gzip", "br"], Err("more than 3")),
            ("compress", &["compress"], Err("compress")),
            ("no token", &["gzip;q=1"], Err("gzip;q=1")),
            ("no text", &["\u{fffd}"], Err("the body")),
        ];
        for &(what, values, expected) in CASES {
            let found = parse_content_encoding(values.iter().map(|value| value.as_bytes()));
            match expected {
                Ok(codings) => assert_eq!(found.as_deref(), Ok(codings), "{what}"),
                Err(text) => assert!(found.unwrap_err().to_string().contains(text), "{what}"),
            }
        }
    }

    #[test]
    fn what_is_offered_is_what_was_built() {
        let offered: Vec<_> = ContentCoding::accepted_by_this_build().split(", ").collect();
        let built: Vec<_> = ContentCoding::ALL.into_iter().filter(|coding| coding.is_supported()).collect();
        assert_eq!(offered, built.iter().map(|coding| coding.token()).collect::<Vec<_>>());
        for coding in ContentCoding::ALL {
            assert!(coding.levels().contains(&coding.default_level()));
        }
    }
}
