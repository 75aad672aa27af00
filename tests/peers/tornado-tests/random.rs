//! Python's `random.Random(seed).randbytes`, for the test that compares what a server and its client
//! draw from the same seed: the Mersenne Twister, MT19937, seeded with an array of one word.

const WORDS: usize = 624;
const SHIFT: usize = 397;

/// `count` bytes of the generator with this seed.
pub(crate) fn bytes(seed: u32, count: usize) -> Vec<u8> {
    let mut state = seeded(seed);
    let mut bytes = Vec::with_capacity(count + 4 * WORDS);
    while bytes.len() < count {
        twist(&mut state);
        bytes.extend(state.iter().flat_map(|&word| tempered(word).to_le_bytes()));
    }
    bytes.truncate(count);
    bytes
}

/// The reference implementation's `init_by_array` with one word.
fn seeded(seed: u32) -> [u32; WORDS] {
    let mut state = [0; WORDS];
    state[0] = 19_650_218;
    for place in 1..WORDS {
        state[place] = mixed(state[place - 1]).wrapping_mul(1_812_433_253).wrapping_add(place as u32);
    }
    let mut place = 1;
    for _ in 0..WORDS {
        state[place] = (state[place] ^ mixed(state[place - 1]).wrapping_mul(1_664_525)).wrapping_add(seed);
        place = following(&mut state, place);
    }
    for _ in 1..WORDS {
        state[place] = (state[place] ^ mixed(state[place - 1]).wrapping_mul(1_566_083_941)).wrapping_sub(place as u32);
        place = following(&mut state, place);
    }
    state[0] = 1 << 31;
    state
}

fn mixed(word: u32) -> u32 {
    word ^ (word >> 30)
}

/// The place after `place`; the first word is the last one's copy.
fn following(state: &mut [u32; WORDS], place: usize) -> usize {
    if place + 1 < WORDS {
        return place + 1;
    }
    state[0] = state[WORDS - 1];
    1
}

/// Makes the next words.
fn twist(state: &mut [u32; WORDS]) {
    for place in 0..WORDS {
        let joined = (state[place] & (1 << 31)) | (state[(place + 1) % WORDS] & !(1 << 31));
        let odd = if joined % 2 == 1 { 0x9908_b0df } else { 0 };
        state[place] = state[(place + SHIFT) % WORDS] ^ (joined >> 1) ^ odd;
    }
}

fn tempered(mut word: u32) -> u32 {
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c_5680;
    word ^= (word << 15) & 0xefc6_0000;
    word ^ (word >> 18)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_bytes_are_those_of_python() {
        assert_eq!(super::bytes(0, 8), b"\xcd\x07,\xd8\xbeo\x9fb");
    }
}
