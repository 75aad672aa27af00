//! The automatic entity tag: the SHA-1 of the body in hexadecimal, in quotes, as in Tornado.
//!
//! Without the processor's help SHA-1 costs about a thousand instructions even for a short body, a third
//! of what a whole request may cost, and short bodies are often the same again. So the tags of the last
//! short bodies are kept, a few of them a thread, each with its body: a tag is used again only if every
//! byte is the same.

use std::cell::RefCell;

use sha1::{Digest, Sha1};

/// Bytes up to which a body is short.
const SHORT: usize = 256;

/// How many short bodies are kept; a power of two. A body's place follows from its length and its last
/// bytes, and the newer takes the place of the older.
const PLACES: usize = 16;

/// An entity tag with its quotes.
#[derive(Clone, Copy)]
pub(crate) struct Etag {
    text: [u8; 42],
}

impl Etag {
    fn new(body: &[u8]) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'"'; 42];
        for (position, byte) in Sha1::digest(body).iter().enumerate() {
            text[1 + 2 * position] = HEX[usize::from(byte >> 4)];
            text[2 + 2 * position] = HEX[usize::from(byte & 15)];
        }
        Self { text }
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    pub(crate) fn as_str(&self) -> &str {
        // Only hexadecimal digits and quotes are ever in it: the empty text is never seen.
        std::str::from_utf8(&self.text).unwrap_or_default()
    }
}

struct Kept {
    body: Vec<u8>,
    etag: Etag,
}

thread_local! {
    static KEPT: RefCell<[Option<Kept>; PLACES]> = const { RefCell::new([const { None }; PLACES]) };
}

/// The entity tag of a body.
#[inline]
pub(crate) fn of(body: &[u8]) -> Etag {
    if body.len() > SHORT {
        return Etag::new(body);
    }
    KEPT.with_borrow_mut(|places| {
        let place = &mut places[place(body)];
        match place {
            Some(kept) if kept.body == body => kept.etag,
            _ => {
                let etag = Etag::new(body);
                let mut own = place.take().map(|kept| kept.body).unwrap_or_default();
                own.clear();
                own.extend_from_slice(body);
                *place = Some(Kept { body: own, etag });
                etag
            }
        }
    })
}

fn place(body: &[u8]) -> usize {
    let last = body.iter().rev().take(4).fold(body.len(), |hash, &byte| hash.wrapping_mul(31) ^ usize::from(byte));
    last % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_the_sha1_of_the_body_in_quotes() {
        assert_eq!(of(b"Hello, world").as_str(), "\"e02aa1b106d5c7c6a98def2b13005d5b84fd8dc8\"");
        assert_eq!(of(b"").as_str(), "\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"");
    }

    #[test]
    fn a_kept_tag_is_that_of_the_very_body() {
        let bodies: Vec<Vec<u8>> = (0..2000_u32).map(|number| number.to_string().into_bytes()).collect();
        for _ in 0..3 {
            for body in &bodies {
                assert_eq!(of(body).as_str(), Etag::new(body).as_str());
            }
        }
    }

    #[test]
    fn a_long_body_is_not_kept() {
        let long = vec![b'x'; SHORT + 1];
        assert_eq!(of(&long).as_str(), Etag::new(&long).as_str());
    }
}
