//! How much a stream may hold.

/// How many bytes a stream may hold, and how many it reads at once.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{IoLoop, IoStream};
/// use firewhirl_event::iostream::StreamLimits;
///
/// # IoLoop::current().run_sync(async {
/// let limits = StreamLimits::default().max_buffer_size(1024 * 1024);
/// let (near, _far) = IoStream::pair()?;
/// assert_eq!(near.with_limits(limits).max_buffer_size(), 1024 * 1024);
/// # Ok(()) }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    pub(super) max_buffer_size: usize,
    pub(super) max_write_buffer_size: usize,
    pub(super) read_chunk_size: usize,
}

impl StreamLimits {
    /// Bytes that may be read and not yet taken; a read that needs more closes the stream. Default:
    /// 100 MiB, as in Tornado.
    pub fn max_buffer_size(self, bytes: usize) -> Self {
        Self { max_buffer_size: bytes, ..self }
    }

    /// Bytes that may be written and not yet sent; a write beyond is refused whole. Default: 64 MiB,
    /// where Tornado has no limit.
    pub fn max_write_buffer_size(self, bytes: usize) -> Self {
        Self { max_write_buffer_size: bytes, ..self }
    }

    /// Bytes that one read takes from the transport at most, and never more than half of
    /// `max_buffer_size`. Default: 64 KiB, as in Tornado.
    ///
    /// A stream begins with 8 KiB and grows to this while reads come back full.
    pub fn read_chunk_size(self, bytes: usize) -> Self {
        Self { read_chunk_size: bytes, ..self }
    }

    /// Bytes that the next read may take while `held` are held already.
    ///
    /// One byte more than fits is asked for where nothing fits, so that a message of exactly the
    /// limit's length can be told from a longer one.
    #[inline]
    pub(super) fn room(&self, held: usize) -> usize {
        let chunk = self.read_chunk_size.min(self.max_buffer_size / 2);
        chunk.min(self.max_buffer_size.saturating_sub(held)).max(1)
    }
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { max_buffer_size: 100 * 1024 * 1024, max_write_buffer_size: 64 * 1024 * 1024, read_chunk_size: 64 * 1024 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_takes_what_still_fits_and_at_least_a_byte() {
        let limits = StreamLimits::default().max_buffer_size(1000);
        for (held, room) in [(0, 500), (499, 500), (600, 400), (999, 1), (1000, 1), (2000, 1)] {
            assert_eq!(limits.room(held), room, "{held} bytes held");
        }
        assert_eq!(StreamLimits::default().room(0), 64 * 1024);
    }
}
