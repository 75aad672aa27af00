//! Which bytes of a block are of a class: sixteen at a time, a bit for each.
//!
//! A head is little but the search for the next byte that ends something, and a comparison for each
//! byte was most of what a request cost. Here is one for each block: in registers of sixteen bytes,
//! which every x86-64 has, else in words of eight bytes. Both give the same bits, lowest for the first
//! byte. Nothing here knows what the bits are for.

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use registers::{controls, letters, plain};
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use words::{controls, letters, plain};

/// The bytes that are compared at once.
pub(super) const BLOCK: usize = 16;

/// The bytes that a mask of their control characters has bits for.
pub(super) const STRIDE: usize = 64;

/// A bit for each control character: below the space, or 0x7F.
#[inline(always)]
pub(super) fn control_mask(bytes: &[u8; STRIDE]) -> u64 {
    let (blocks, _) = bytes.as_chunks();
    let mut mask = 0;
    for (index, block) in blocks.iter().enumerate() {
        mask |= u64::from(controls(block)) << (BLOCK * index);
    }
    mask
}

/// How many ASCII letters and hyphens a block begins with: what nearly all names of fields are of.
#[inline(always)]
pub(super) fn leading_letters(block: &[u8; BLOCK]) -> usize {
    (!u32::from(letters(block))).trailing_zeros() as usize
}

/// How many visible ASCII characters but `#` and `?` a block begins with: what nearly all paths are of.
#[inline(always)]
pub(super) fn leading_plain(block: &[u8; BLOCK]) -> usize {
    (!u32::from(plain(block))).trailing_zeros() as usize
}

/// Classes by registers of sixteen bytes, which compare as signed numbers.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod registers {
    use safe_arch::{
        add_i8_m128i, bitandnot_m128i, cmp_eq_mask_i8_m128i, cmp_gt_mask_i8_m128i, m128i, min_u8_m128i,
        move_mask_i8_m128i, set_splat_i8_m128i,
    };

    use super::BLOCK;

    #[inline(always)]
    pub(super) fn controls(block: &[u8; BLOCK]) -> u16 {
        let bytes = m128i::from(*block);
        let below_space = cmp_eq_mask_i8_m128i(min_u8_m128i(bytes, all(b' ' - 1)), bytes);
        bits(below_space | equal(bytes, 0x7F))
    }

    #[inline(always)]
    pub(super) fn letters(block: &[u8; BLOCK]) -> u16 {
        let bytes = m128i::from(*block);
        // Moved up until `z` is the greatest number that a byte holds: what follows it turns negative.
        let moved = add_i8_m128i(bytes | all(b' '), all(0x7F - b'z'));
        let is_letter = cmp_gt_mask_i8_m128i(moved, all(0x7F - b'z' + b'a' - 1));
        bits(is_letter | equal(bytes, b'-'))
    }

    #[inline(always)]
    pub(super) fn plain(block: &[u8; BLOCK]) -> u16 {
        let bytes = m128i::from(*block);
        // What is not ASCII is negative.
        let above_space = cmp_gt_mask_i8_m128i(bytes, all(b' '));
        let marks = equal(bytes, b'#') | equal(bytes, b'?') | equal(bytes, 0x7F);
        bits(bitandnot_m128i(marks, above_space))
    }

    #[inline(always)]
    fn all(byte: u8) -> m128i {
        set_splat_i8_m128i(byte.cast_signed())
    }

    #[inline(always)]
    fn equal(bytes: m128i, byte: u8) -> m128i {
        cmp_eq_mask_i8_m128i(bytes, all(byte))
    }

    #[inline(always)]
    fn bits(found: m128i) -> u16 {
        move_mask_i8_m128i(found) as u16
    }
}

/// Classes by words of eight bytes, in which the highest bit of each byte is the answer for it.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod words {
    use super::BLOCK;

    const HIGHEST: u64 = all(0x80);

    #[inline(always)]
    pub(super) fn controls(block: &[u8; BLOCK]) -> u16 {
        bits(block, |word| !at_least(word, b' ') | equal(word, 0x7F))
    }

    #[inline(always)]
    pub(super) fn letters(block: &[u8; BLOCK]) -> u16 {
        bits(block, |word| {
            let lower = word | all(b' ');
            (at_least(lower, b'a') & !at_least(lower, b'z' + 1)) | equal(word, b'-')
        })
    }

    #[inline(always)]
    pub(super) fn plain(block: &[u8; BLOCK]) -> u16 {
        bits(block, |word| {
            let marks = equal(word, b'#') | equal(word, b'?');
            at_least(word, b' ' + 1) & !word & !(marks | equal(word, 0x7F))
        })
    }

    /// The highest bit of each byte that is `limit`, which is ASCII, or more.
    #[inline(always)]
    fn at_least(word: u64, limit: u8) -> u64 {
        // Seven bits and what lacks to the limit carry into the eighth, and never into the next byte.
        ((word & !HIGHEST) + all(0x80 - limit)) | word
    }

    /// The highest bit of each byte that is `byte`.
    #[inline(always)]
    fn equal(word: u64, byte: u8) -> u64 {
        !at_least(word ^ all(byte), 1)
    }

    const fn all(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }

    #[inline(always)]
    fn bits(block: &[u8; BLOCK], class: impl Fn(u64) -> u64) -> u16 {
        let (words, _) = block.as_chunks();
        let [low, high] = [0, 1].map(|index: usize| gather(class(u64::from_le_bytes(words[index])) & HIGHEST));
        low | high << 8
    }

    /// The highest bits of eight bytes, side by side.
    #[inline(always)]
    fn gather(highest: u64) -> u16 {
        // Each factor's bit moves one byte's bit to its place among the eight uppermost; no two
        // products meet, so nothing is carried.
        ((highest >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has each way classify blocks of every byte, at every place, among neighbours of all kinds.
    fn check(name: &str, ways: [fn(&[u8; BLOCK]) -> u16; 2], is_of_class: fn(u8) -> bool) {
        for byte in 0..=u8::MAX {
            for around in [0, b'\t', b' ', b'a', b'z', b'-', b'?', 0x7F, 0x80, 0xFF] {
                for at in 0..BLOCK {
                    let mut block = [around; BLOCK];
                    block[at] = byte;
                    let expected = (0..BLOCK).fold(0, |bits, at| bits | u16::from(is_of_class(block[at])) << at);
                    assert_eq!(ways.map(|way| way(&block)), [expected; 2], "{name}: {byte} at {at} among {around}");
                }
            }
        }
    }

    #[test]
    fn registers_and_words_find_what_a_look_at_each_byte_finds() {
        check("controls", [controls, words::controls], |byte| byte.is_ascii_control());
        check("letters", [letters, words::letters], |byte| byte.is_ascii_alphabetic() || byte == b'-');
        check("plain", [plain, words::plain], |byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'?'));
    }

    #[test]
    fn a_mask_has_a_bit_for_each_of_its_bytes() {
        for at in 0..STRIDE {
            let mut bytes = [b'a'; STRIDE];
            bytes[at] = b'\n';
            assert_eq!(control_mask(&bytes), 1 << at);
        }
    }

    #[test]
    fn a_block_may_be_of_one_class_as_a_whole() {
        assert_eq!(leading_letters(b"Content-Security"), BLOCK);
        assert_eq!(leading_letters(b"Accept: text/htm"), 6);
        assert_eq!(leading_plain(b"/a/path/of/bytes"), BLOCK);
        assert_eq!(leading_plain(b"/a?b HTTP/1.1\r\n "), 2);
    }
}
