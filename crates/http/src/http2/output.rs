//! What of a message's body waits for the peer's window.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use h2::{Reason, SendStream};

/// A part at least this long is not copied behind the one before it.
const UNCOPIED_MIN: usize = 4 * 1024;

/// Bytes in their order, in as few pieces as cost no copy of much.
#[derive(Default)]
pub(super) struct Output {
    pieces: VecDeque<Bytes>,
    /// Small parts, gathered; they come after the pieces.
    gathered: BytesMut,
    length: usize,
}

impl Output {
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds a copy of a part.
    pub(super) fn push_copy(&mut self, part: &[u8]) {
        self.length += part.len();
        self.gathered.extend_from_slice(part);
    }

    /// Adds a part, without a copy if it is large.
    pub(super) fn push(&mut self, part: Bytes) {
        if part.len() < UNCOPIED_MIN {
            return self.push_copy(&part);
        }
        self.length += part.len();
        self.close_gathered();
        self.pieces.push_back(part);
    }

    /// Takes up to `max` bytes from the front, in one piece.
    pub(super) fn take(&mut self, max: usize) -> Bytes {
        if self.pieces.is_empty() {
            self.close_gathered();
        }
        let Some(first) = self.pieces.front_mut() else { return Bytes::new() };
        let piece = if first.len() > max { Some(first.split_to(max)) } else { self.pieces.pop_front() };
        let piece = piece.unwrap_or_default();
        self.length -= piece.len();
        piece
    }

    /// Gives `h2` as much as the peer's window allows; with `ends`, the last of it ends the stream. Ready
    /// once nothing is left, with whether that has ended the stream.
    pub(super) fn poll_give(
        &mut self,
        send: &mut SendStream<Bytes>,
        ends: bool,
        context: &mut Context<'_>,
    ) -> Poll<Result<bool, h2::Error>> {
        let mut ended = false;
        while !self.is_empty() {
            let mut capacity = send.capacity();
            if capacity < self.len() {
                send.reserve_capacity(self.len());
                capacity = send.capacity();
            }
            if capacity == 0 {
                match ready!(send.poll_capacity(context)) {
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => return Poll::Ready(Err(error)),
                    // The stream takes no more, whoever has ended it.
                    None => return Poll::Ready(Err(Reason::CANCEL.into())),
                }
            }
            let part = self.take(capacity);
            ended = ends && self.is_empty();
            send.send_data(part, ended)?;
        }
        Poll::Ready(Ok(ended))
    }

    fn close_gathered(&mut self) {
        if !self.gathered.is_empty() {
            self.pieces.push_back(self.gathered.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_what_went_in_whatever_the_sizes() {
        let mut output = Output::default();
        let mut expected = Vec::new();
        for length in [0, 1, 10, UNCOPIED_MIN, 3, UNCOPIED_MIN + 1, 100_000] {
            let part: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            expected.extend_from_slice(&part);
            if length % 2 == 0 { output.push_copy(&part) } else { output.push(part.into()) }
        }
        assert_eq!(output.len(), expected.len());
        let mut taken = Vec::new();
        for max in [1, 5, 4096, 1, 70_000].into_iter().cycle() {
            let piece = output.take(max);
            assert!(piece.len() <= max);
            taken.extend_from_slice(&piece);
            if output.is_empty() {
                break;
            }
        }
        assert_eq!(taken, expected);
        assert!(output.take(1).is_empty());
    }
}
