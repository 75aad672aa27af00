//! The word to connections that the server is going: end as soon as nothing is left half done.

use firewhirl_event::locks::Event;

/// Tells a connection whether its server is draining.
///
/// A connection that can be idle (HTTP's keep-alive) has to watch it, or it is only ended when the
/// drain's limit is over. Cheap to clone; belongs to one loop.
///
/// # Examples
///
/// ```
/// use firewhirl_tcp::{Acceptor, Gate};
///
/// let acceptor = Acceptor::new(Gate::default());
/// let draining = acceptor.draining();
/// assert!(!draining.is_draining());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Draining(Event);

impl Draining {
    /// Whether the drain has begun.
    ///
    /// When it begins, the task of every connection is woken. So a future that a connection's own task
    /// polls can look here each time, at the price of reading a flag, and need not [`wait`](Self::wait).
    pub fn is_draining(&self) -> bool {
        self.0.is_set()
    }

    /// Waits until the drain begins; returns at once if it has.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn wait(&self) {
        self.0.wait().await;
    }

    pub(crate) fn begin(&self) {
        self.0.set();
    }
}
