//! Every coding there and back, cut short, corrupt, bombs, and what Python and PyPI's libraries make.

use super::*;
use crate::content_coding::ContentCoding::{Brotli, Deflate, Gzip, Zstd};
use crate::content_coding::{Encoder, Flush};

fn built() -> Vec<ContentCoding> {
    ContentCoding::ALL.into_iter().filter(|coding| coding.is_supported()).collect()
}

fn encode(coding: ContentCoding, plain: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    let mut encoder = Encoder::new(coding, coding.default_level(), None).unwrap();
    encoder.encode(plain, Flush::Finish, &mut coded).unwrap();
    coded
}

/// Decodes `body` given in pieces of `step` bytes.
fn decode(codings: &[ContentCoding], body: &[u8], step: usize, limit: u64) -> Result<Vec<u8>, ContentCodingError> {
    let mut decoder = Decoder::new(codings)?.max_size(limit);
    let mut plain = Vec::new();
    for piece in body.chunks(step) {
        decoder.push(Bytes::copy_from_slice(piece));
        while let Some(chunk) = decoder.next_chunk()? {
            plain.extend_from_slice(&chunk);
        }
    }
    decoder.finish()?;
    Ok(plain)
}

/// Bytes that compress somewhat, as text does.
fn plain(length: usize) -> Vec<u8> {
    (0..length as u32 / 4 + 1).flat_map(|number| (number / 7).to_le_bytes()).take(length).collect()
}

#[test]
fn decodes_the_same_however_the_bytes_arrive() {
    for coding in built() {
        for length in [0, 1, 100, 70_000] {
            let plain = plain(length);
            let body = encode(coding, &plain);
            for step in [1, 2, 1000, body.len()] {
                assert_eq!(decode(&[coding], &body, step, u64::MAX).as_ref(), Ok(&plain), "{coding} {length} {step}");
            }
        }
    }
}

#[test]
fn every_level_and_every_flush_can_be_decoded() {
    let plain = plain(9_000);
    for coding in built() {
        for level in coding.levels() {
            let mut encoder = Encoder::new(coding, level, Some(plain.len() as u64)).unwrap();
            let mut decoder = Decoder::new(&[coding]).unwrap();
            let mut decoded = Vec::new();
            for (number, part) in plain.chunks(4_000).enumerate() {
                let is_last = number == plain.chunks(4_000).count() - 1;
                let mut coded = Vec::new();
                let flush = if is_last { Flush::Finish } else { Flush::Sync };
                encoder.encode(part, flush, &mut coded).unwrap();
                decoder.push(coded.into());
                while let Some(chunk) = decoder.next_chunk().unwrap() {
                    decoded.extend_from_slice(&chunk);
                }
                assert_eq!(
                    decoded.len(),
                    ((number + 1) * 4_000).min(plain.len()),
                    "{coding} {level}: not all is there"
                );
            }
            decoder.finish().unwrap();
            assert!(decoded == plain, "{coding} {level}");
        }
    }
}

#[test]
fn without_a_flush_nothing_is_lost() {
    for coding in built() {
        let mut encoder = Encoder::new(coding, 5, None).unwrap();
        let mut coded = Vec::new();
        for part in plain(70_000).chunks(999) {
            encoder.encode(part, Flush::None, &mut coded).unwrap();
        }
        encoder.encode(b"", Flush::Sync, &mut coded).unwrap();
        encoder.encode(b"", Flush::Sync, &mut coded).unwrap();
        encoder.encode(b"", Flush::Finish, &mut coded).unwrap();
        assert!(decode(&[coding], &coded, 4096, u64::MAX).unwrap() == plain(70_000), "{coding}");
    }
}

#[test]
fn no_more_is_decoded_at_a_time_than_is_wanted() {
    for coding in built() {
        let mut decoder = Decoder::new(&[coding]).unwrap().chunk_size(10);
        decoder.push(encode(coding, b"abcdefghijklmnopqrstuvwxyz").into());
        for expected in ["abcdefghij", "klmnopqrst", "uvwxyz"] {
            assert_eq!(decoder.next_chunk().unwrap().unwrap(), expected, "{coding}");
        }
        assert!(decoder.next_chunk().unwrap().is_none());
        decoder.finish().unwrap();
    }
}

#[test]
fn several_members_are_one_body_where_the_format_has_them() {
    for coding in [Gzip, Zstd].into_iter().filter(|coding| coding.is_supported()) {
        let twice = [encode(coding, b"one "), encode(coding, b""), encode(coding, b"two")].concat();
        for step in [1, 5, twice.len()] {
            assert_eq!(decode(&[coding], &twice, step, 100).unwrap(), b"one two", "{coding} {step}");
        }
    }
    for coding in [Deflate, Brotli].into_iter().filter(|coding| coding.is_supported()) {
        let twice = [encode(coding, b"one "), encode(coding, b"two")].concat();
        for step in [1, 5, twice.len()] {
            let found = decode(&[coding], &twice, step, 100);
            assert_eq!(found, Err(ContentCodingError::TrailingData { coding }), "{step}");
        }
    }
}

#[test]
fn a_body_that_is_cut_short_is_an_error_wherever_it_is_cut() {
    for coding in built() {
        let body = encode(coding, &plain(600));
        for end in 1..body.len() {
            let found = decode(&[coding], &body[..end], 7, 10_000);
            assert_eq!(found, Err(ContentCodingError::Truncated { coding }), "{end} of {}", body.len());
        }
        assert_eq!(decode(&[coding], b"", 1, 10), Ok(Vec::new()), "a body of nothing is no body");
    }
}

#[test]
fn what_follows_the_end_is_an_error() {
    for coding in built() {
        let body = [encode(coding, b"some text that is long enough").as_slice(), b"garbage after it"].concat();
        for step in [1, 7, body.len()] {
            let found = decode(&[coding], &body, step, 1000);
            assert_eq!(found, Err(ContentCodingError::TrailingData { coding }), "{step}");
        }
    }
}

#[test]
fn what_is_another_coding_is_corrupt() {
    for coding in built() {
        for body in [&b"no coding at all, but plain text"[..], &[0xff; 40], &[0x1f, 0x8b, 8, 0xff]] {
            let found = decode(&[coding], body, 3, 10_000_000);
            let is_error =
                matches!(found, Err(ContentCodingError::Corrupt { .. } | ContentCodingError::Truncated { .. }));
            assert!(is_error, "{coding} {body:x?}: {found:?}");
        }
    }
}

#[test]
fn no_damage_makes_it_panic_hang_or_exceed_the_limit() {
    for coding in built() {
        let body = encode(coding, &plain(400));
        for place in 0..body.len() {
            for change in [1, 0x80, 0xff] {
                let mut damaged = body.clone();
                damaged[place] ^= change;
                if let Ok(plain) = decode(&[coding], &damaged, 64, 1_000) {
                    assert!(plain.len() <= 1_000);
                }
            }
        }
    }
}

#[test]
fn a_bomb_ends_at_the_limit() {
    for coding in built() {
        let bomb = encode(coding, &vec![0; 1_000_000]);
        assert!(bomb.len() < 2_000, "{coding} makes {} of it", bomb.len());
        let found = decode(&[coding], &bomb, bomb.len(), 100_000);
        assert_eq!(found, Err(ContentCodingError::TooLarge { limit: 100_000 }), "{coding}");
        assert_eq!(decode(&[coding], &bomb, bomb.len(), 1_000_000).unwrap().len(), 1_000_000);
        // Wrapped once more it is no better.
        let twice = encode(coding, &encode(Gzip, &vec![0; 1_000_000]));
        let found = decode(&[Gzip, coding], &twice, twice.len(), 4_000);
        assert_eq!(found, Err(ContentCodingError::TooLarge { limit: 4_000 }), "{coding}");
    }
}

#[test]
fn another_limit_may_be_set_while_a_body_arrives() {
    let mut decoder = Decoder::new(&[Gzip]).unwrap().max_size(5).chunk_size(5);
    decoder.push(encode(Gzip, b"1234567890abc").into());
    assert_eq!(decoder.next_chunk().unwrap().unwrap(), "12345");
    decoder.set_max_size(10);
    assert_eq!(decoder.next_chunk().unwrap().unwrap(), "67890");
    assert_eq!(decoder.next_chunk(), Err(ContentCodingError::TooLarge { limit: 10 }));
}

#[test]
fn codings_are_undone_from_the_last_to_the_first() {
    let plain = plain(20_000);
    let stacked = encode(Deflate, &encode(Gzip, &encode(Gzip, &plain)));
    for step in [1, 100, stacked.len()] {
        assert!(decode(&[Gzip, Gzip, Deflate], &stacked, step, 1_000_000).unwrap() == plain, "{step}");
    }
    assert!(decode(&[Deflate, Gzip, Gzip], &stacked, 100, 1_000_000).is_err());
    assert_eq!(decode(&[], b"as it is", 3, 10).unwrap(), b"as it is");
    assert_eq!(Decoder::new(&[Gzip; 4]).unwrap_err(), ContentCodingError::TooMany { limit: 3 });
}

#[test]
fn deflate_is_taken_with_and_without_its_header() {
    let bare = |plain: &[u8]| {
        let mut coded = Vec::with_capacity(plain.len() + 100);
        let mut compress = flate2::Compress::new(flate2::Compression::default(), false);
        compress.compress_vec(plain, &mut coded, flate2::FlushCompress::Finish).unwrap();
        coded
    };
    for plain in [&b""[..], b"a", b"Hello, world", &plain(10_000)] {
        for step in [1, 2, 3, 10_000] {
            assert_eq!(decode(&[Deflate], &bare(plain), step, 20_000).unwrap(), plain);
        }
    }
    let body = bare(b"Hello, world");
    let found = decode(&[Deflate], &body[..body.len() - 1], 1, 100);
    assert_eq!(found, Err(ContentCodingError::Truncated { coding: Deflate }));
}

#[test]
fn a_coding_that_was_not_built_says_which_feature_has_it() {
    for coding in ContentCoding::ALL.into_iter().filter(|coding| !coding.is_supported()) {
        let error = Decoder::new(&[coding]).unwrap_err();
        assert!(matches!(error, ContentCodingError::NotBuilt { .. }));
        assert!(error.to_string().contains("cargo feature"), "{error}");
        assert_eq!(Encoder::new(coding, 1, None).unwrap_err(), error);
    }
}

#[cfg(feature = "zstd")]
#[test]
fn a_zstd_window_above_8_mib_is_refused() {
    use ::zstd::stream::raw::CParameter;

    for (bits, is_taken) in [(23, true), (24, false)] {
        let mut encoder = ::zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.set_parameter(CParameter::WindowLog(bits)).unwrap();
        std::io::Write::write_all(&mut encoder, b"hello").unwrap();
        std::io::Write::flush(&mut encoder).unwrap();
        let body = encoder.finish().unwrap();
        assert_eq!(decode(&[Zstd], &body, 1, 100).is_ok(), is_taken, "{bits}");
    }
}
