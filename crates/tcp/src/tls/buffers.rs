//! The buffers that records pass through: the thread's, lent to one connection at a time.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::thread::LocalKey;

use rustls::unbuffered::InsufficientSizeError;

/// Bytes that a buffer has before it is asked for more: what four records take.
const SIZE: usize = 4 * (16 * 1024 + 64);

thread_local! {
    static FOR_READING: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static FOR_WRITING: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer of the thread's, or a new one where that is in use: TLS inside TLS.
pub(super) struct Lent {
    buffer: Vec<u8>,
    owner: &'static LocalKey<Cell<Vec<u8>>>,
}

impl Lent {
    pub(super) fn for_reading() -> Self {
        Self::of(&FOR_READING)
    }

    fn of(owner: &'static LocalKey<Cell<Vec<u8>>>) -> Self {
        let mut buffer = owner.try_with(Cell::take).unwrap_or_default();
        // Bytes are written over, not cleared, from one use to the next.
        if buffer.len() < SIZE {
            buffer.resize(SIZE, 0);
        }
        Self { buffer, owner }
    }

    /// Sees to it that there are `size` bytes.
    pub(super) fn reserve(&mut self, size: usize) {
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.buffer.len() <= 2 * SIZE {
            let buffer = std::mem::take(&mut self.buffer);
            // Where the thread ends, the buffer does.
            let _ = self.owner.try_with(|owner| owner.set(buffer));
        }
    }
}

impl Deref for Lent {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.buffer
    }
}

/// Records on their way out. It holds a buffer only while there are any.
#[derive(Default)]
pub(super) struct Outgoing {
    buffer: Option<Lent>,
    start: usize,
    end: usize,
}

impl Outgoing {
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// What has not been sent.
    pub(super) fn unsent(&self) -> &[u8] {
        self.buffer.as_ref().map_or(&[], |buffer| &buffer[self.start..self.end])
    }

    /// Notes that `count` bytes more have been sent.
    pub(super) fn advance(&mut self, count: usize) {
        self.start += count;
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// Appends what `write` writes into the space it is given and gives the length of; where that is too little, it
    /// says how much it needs and is called again.
    pub(super) fn append<Failed>(
        &mut self,
        mut write: impl FnMut(&mut [u8]) -> Result<Result<usize, Failed>, InsufficientSizeError>,
    ) -> Result<(), Failed> {
        let buffer = self.buffer.get_or_insert_with(|| Lent::of(&FOR_WRITING));
        let written = loop {
            match write(&mut buffer[self.end..]) {
                Ok(written) => break written,
                Err(InsufficientSizeError { required_size }) => buffer.reserve(self.end + required_size),
            }
        };
        self.end += *written.as_ref().unwrap_or(&0);
        if self.is_empty() {
            *self = Self::default();
        }
        written.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(outgoing: &mut Outgoing, bytes: &[u8]) {
        let appended: Result<(), ()> = outgoing.append(|space| match space.get_mut(..bytes.len()) {
            Some(space) => {
                space.copy_from_slice(bytes);
                Ok(Ok(bytes.len()))
            }
            None => Err(InsufficientSizeError { required_size: bytes.len() }),
        });
        appended.unwrap();
    }

    #[test]
    fn what_is_appended_leaves_in_order_however_much_it_is() {
        let mut outgoing = Outgoing::default();
        put(&mut outgoing, b"first ");
        put(&mut outgoing, &vec![b'x'; 3 * SIZE]);
        assert_eq!(outgoing.unsent().len(), 6 + 3 * SIZE);
        outgoing.advance(4);
        assert!(outgoing.unsent().starts_with(b"t xxx"));
        outgoing.advance(2 + 3 * SIZE);
        assert!(outgoing.is_empty() && outgoing.buffer.is_none());
    }

    #[test]
    fn a_buffer_that_is_in_use_is_not_lent_twice() {
        let mut outer = Lent::for_reading();
        outer[0] = 1;
        let mut inner = Lent::for_reading();
        inner[0] = 2;
        assert_eq!(outer[0], 1);
    }
}
