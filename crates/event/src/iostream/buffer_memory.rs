//! How much memory streams hold for bytes on their way, and how much waits in their thread's pools.

use std::ops::AddAssign;

use super::buffers::pooled;
use super::stream::IoStream;

/// Bytes of memory for what comes in and for what goes out: as much as is set aside, whether or not it is
/// full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BufferMemory {
    /// For what was read and not yet taken.
    pub read: usize,
    /// For what was written and not yet sent.
    pub write: usize,
}

impl BufferMemory {
    pub(super) fn new(read: usize, write: usize) -> Self {
        Self { read, write }
    }

    /// The memory that waits in this thread's pools for streams that need some.
    pub fn pooled() -> Self {
        pooled()
    }
}

impl AddAssign for BufferMemory {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.write += other.write;
    }
}

impl IoStream {
    /// The memory that the stream's buffers have now; none while it is idle.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::IoStream;
    /// use firewhirl_event::iostream::BufferMemory;
    ///
    /// # firewhirl_event::IoLoop::current().run_sync(async {
    /// let (mut near, mut far) = IoStream::pair()?;
    /// assert_eq!(near.buffer_memory(), BufferMemory::default());
    /// near.write("hello");
    /// assert!(near.buffer_memory().write >= 5);
    /// near.flush().await?;
    /// assert_eq!(near.buffer_memory(), BufferMemory::default());
    /// assert!(BufferMemory::pooled().write >= 5);
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn buffer_memory(&self) -> BufferMemory {
        BufferMemory { read: self.input.capacity(), write: self.output.capacity() }
    }
}
