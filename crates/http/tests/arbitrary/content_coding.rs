//! What holds of any body that is decoded, and of any that is encoded, for a test and for a fuzzer.

use bytes::Bytes;
use firewhirl_http::content_coding::{
    AcceptEncoding, ContentCoding, ContentCodingError, Decoder, Encoder, Flush, parse_content_encoding,
};

use super::random::Random;

/// Bytes that a body may have once decoded: more than any input here can honestly become.
const LIMIT: u64 = 200_000;

/// Decodes the input by every coding and by several, encodes it, and asserts what has to hold. The seed says how
/// the input is cut.
pub(crate) fn check(seed: u64, input: &[u8]) {
    let mut random = Random(seed);
    let built = built();
    for &coding in &built {
        reads_the_same_in_pieces(&[coding], input, &mut random);
        comes_back_as_it_was(coding, input, &mut random);
    }
    let [first, second] = [0, 1].map(|_| built[random.below(built.len())]);
    reads_the_same_in_pieces(&[first, second], input, &mut random);
    let _ = parse_content_encoding([input]);
    let accepted = AcceptEncoding::parse([input]);
    assert!(accepted.preferred(&ContentCoding::ALL).is_none_or(|coding| accepted.accepts(coding)));
}

/// The codings that this build has.
pub(crate) fn built() -> Vec<ContentCoding> {
    ContentCoding::ALL.into_iter().filter(|&coding| Decoder::new(&[coding]).is_ok()).collect()
}

/// Whatever comes, and however, it is decoded to the same, or refused for the same reason; of several codings
/// the one that is found to be wrong first may be another.
fn reads_the_same_in_pieces(codings: &[ContentCoding], input: &[u8], random: &mut Random) {
    let (whole, ending) = decode(codings, &[input], 64 * 1024);
    let (pieces, ending_of_pieces) = decode(codings, &random.cut(input), 1 + random.below(5000));
    let is_same = ending == ending_of_pieces || codings.len() > 1 && ending.is_err() == ending_of_pieces.is_err();
    assert!(is_same, "{codings:?}: {ending:?}, in pieces {ending_of_pieces:?}, of {}", input.escape_ascii());
    // Where it is refused, some may have come out before the fault was seen.
    let common = if ending.is_ok() { whole.len() } else { whole.len().min(pieces.len()) };
    assert!(whole[..common] == pieces[..common.min(pieces.len())], "{codings:?} of {}", input.escape_ascii());
}

/// What a body is encoded to is decoded to the body, wherever it was flushed.
fn comes_back_as_it_was(coding: ContentCoding, input: &[u8], random: &mut Random) {
    let level = random.below(7) as u8;
    let mut encoder = Encoder::new(coding, level, (random.below(2) == 0).then_some(input.len() as u64)).unwrap();
    let mut coded = Vec::new();
    for piece in random.cut(input) {
        let flush = if random.below(2) == 0 { Flush::Sync } else { Flush::None };
        encoder.encode(piece, flush, &mut coded).unwrap();
    }
    encoder.encode(b"", Flush::Finish, &mut coded).unwrap();
    let (decoded, ending) = decode(&[coding], &random.cut(&coded), 64 * 1024);
    assert!(ending == Ok(()) && decoded == input, "{coding} at level {level}: {ending:?}");
}

/// What comes out of a decoder, and how it ends.
fn decode(codings: &[ContentCoding], pieces: &[&[u8]], chunk_size: usize) -> (Vec<u8>, Result<(), ContentCodingError>) {
    let mut decoder = Decoder::new(codings).unwrap().max_size(LIMIT).chunk_size(chunk_size);
    let mut decoded = Vec::new();
    for piece in pieces {
        decoder.push(Bytes::copy_from_slice(piece));
        loop {
            match decoder.next_chunk() {
                Ok(Some(chunk)) => {
                    assert!(!chunk.is_empty() && chunk.len() <= 64 * 1024);
                    decoded.extend_from_slice(&chunk);
                    assert!(decoded.len() as u64 <= LIMIT);
                }
                Ok(None) => break,
                Err(error) => return (decoded, Err(error)),
            }
        }
    }
    (decoded, decoder.finish())
}
