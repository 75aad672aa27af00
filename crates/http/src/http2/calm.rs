//! Whether a peer sends frames that bring nothing, and so many of them that it can only mean harm
//! (RFC 9113, section 10.5).
//!
//! PING, SETTINGS, PRIORITY, window updates of a byte, resets and frames of types that nobody knows cost
//! the peer a few bytes and us the work. Here they draw on an account, into which requests, content and
//! time pay; a peer that overdraws it is asked to be calm, and the connection ends. Sans-IO: bytes in, a
//! verdict out. What `h2` counts by itself is not counted here.

/// What an account holds at most, and at the beginning.
const FULL: i32 = 1_000;

/// What a second pays in.
pub(super) const A_SECOND: f64 = 100.0;

/// So many bytes of ours that leave pay for a window update of the peer's.
const SENT_A_POINT: usize = 256;

/// The bytes before the first frame of a client.
const PREFACE_LENGTH: usize = 24;

const HEAD_LENGTH: usize = 9;

/// A peer's account.
#[derive(Debug)]
pub(super) struct Calm {
    points: i32,
    /// Bytes to pass over: of the preface, or a frame's payload.
    skip: usize,
    /// The head of a frame, as far as it has come.
    head: [u8; HEAD_LENGTH],
    come: usize,
    has_begun: bool,
}

impl Calm {
    /// The account of a client, whose first bytes are the preface.
    pub(super) fn of_client() -> Self {
        Self { points: FULL, skip: PREFACE_LENGTH, head: [0; HEAD_LENGTH], come: 0, has_begun: false }
    }

    /// Takes note of what came; whether the peer has overdrawn its account.
    pub(super) fn received(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let taken = (HEAD_LENGTH - self.come).min(bytes.len());
            self.head[self.come..self.come + taken].copy_from_slice(&bytes[..taken]);
            self.come += taken;
            bytes = &bytes[taken..];
            if self.come == HEAD_LENGTH {
                self.come = 0;
                self.has_begun = true;
                let [high, middle, low, kind, flags, ..] = self.head;
                self.skip = u32::from_be_bytes([0, high, middle, low]) as usize;
                self.pay(points(kind, flags, self.skip));
            }
        }
        self.points < 0
    }

    /// Whether a frame has come at all: the first is the peer's settings.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Takes note of bytes of ours that left: the peer has to give their window back.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.pay(i32::try_from(bytes.div_ceil(SENT_A_POINT)).unwrap_or(FULL));
    }

    /// Pays in, or out.
    pub(super) fn pay(&mut self, points: i32) {
        self.points = self.points.saturating_add(points).min(FULL);
    }
}

/// What a frame pays in, by its type, flags and length.
fn points(kind: u8, flags: u8, length: usize) -> i32 {
    const ACK: u8 = 1;
    match (kind, length) {
        // DATA; that of no bytes `h2` counts.
        (0x0, 1..) => 1,
        // HEADERS.
        (0x1, _) => 1,
        // RST_STREAM: more than the request that it takes back has paid in.
        (0x3, _) => -2,
        // SETTINGS and PING that are answers to ours.
        (0x4 | 0x6, _) if flags & ACK != 0 => 0,
        // CONTINUATION, which `h2` counts.
        (0x0 | 0x9, _) => 0,
        _ => -1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        [vec![0, 0, length, kind, flags, 0, 0, 0, 1], vec![0; usize::from(length)]].concat()
    }

    /// How many of the frames in turn are let pass, up to 100,000.
    fn passed(frames: &[Vec<u8>], step: usize) -> usize {
        let mut calm = Calm::of_client();
        assert!(!calm.received(&[b'x'; PREFACE_LENGTH]));
        for (count, frame) in frames.iter().cycle().enumerate().take(100_000) {
            if frame.chunks(step).any(|piece| calm.received(piece)) {
                return count;
            }
        }
        100_000
    }

    #[test]
    fn frames_that_bring_nothing_overdraw_the_account_and_others_do_not() {
        #[rustfmt::skip]
        let cases: &[(&str, Vec<Vec<u8>>, usize)] = &[
            ("pings",                      vec![frame(6, 0, 8)],                                   1_000),
            ("settings",                   vec![frame(4, 0, 6)],                                   1_000),
            ("window updates",             vec![frame(8, 0, 4)],                                   1_000),
            ("priorities",                 vec![frame(2, 0, 5)],                                   1_000),
            ("an unknown type",            vec![frame(0x42, 0, 0)],                                1_000),
            ("requests that are reset",    vec![frame(1, 5, 3), frame(3, 0, 4)],                   1_999),
            ("requests",                   vec![frame(1, 5, 3)],                                   100_000),
            ("requests and answers to us", vec![frame(1, 5, 3), frame(4, 1, 0), frame(6, 1, 8)],   100_000),
            ("uploads and their pings",    vec![frame(0, 0, 100), frame(6, 0, 8)],                 100_000),
        ];
        for (what, frames, expected) in cases {
            for step in [1, 7, 1000] {
                assert_eq!(passed(frames, step), *expected, "{what}");
            }
        }
    }

    #[test]
    fn a_peer_that_gives_windows_back_is_paid_for_by_what_we_send() {
        let mut calm = Calm::of_client();
        calm.received(&[0; PREFACE_LENGTH]);
        for _ in 0..100_000 {
            calm.sent(300);
            assert!(!calm.received(&frame(8, 0, 4)));
            assert!(!calm.received(&frame(8, 0, 4)));
        }
    }
}
