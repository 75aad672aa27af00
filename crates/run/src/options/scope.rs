//! Values that are overridden for a while, by one at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use super::OptionParser;

impl OptionParser {
    /// Runs `part`, and puts back all values as they were before, also if it panics. Tornado's `mockable`.
    ///
    /// For tests that need an option to have another value: within, [`set`](Self::set) it. The whole
    /// process sees that value, so scopes of the same set in different threads wait for each other; tests
    /// that run side by side do not disturb each other as long as all of them use scopes. In one thread
    /// scopes nest. No callback runs when values are put back.
    ///
    /// # Examples
    ///
    /// ```
    /// # let options = firewhirl_run::options::OptionParser::new();
    /// let retries = options.define("retries", 3);
    /// options.scoped(|options| {
    ///     options.set("retries", 0)?;
    ///     assert_eq!(retries.get(), 0);
    ///     Ok::<_, firewhirl_run::options::Error>(())
    /// })?;
    /// assert_eq!(retries.get(), 3);
    /// # Ok::<(), firewhirl_run::options::Error>(())
    /// ```
    pub fn scoped<Outcome>(&self, part: impl FnOnce(&Self) -> Outcome) -> Outcome {
        let _turn = self.turns().take();
        let _restored = Restored { parser: self, values: Some(self.snapshot()) };
        part(self)
    }
}

/// Puts values back when it goes; declared after the turn, so before that ends.
struct Restored<'parser> {
    parser: &'parser OptionParser,
    values: Option<Vec<Option<(super::shape::AnyValue, super::Source)>>>,
}

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        if let Some(values) = self.values.take() {
            self.parser.restore(values);
        }
    }
}

/// Which thread overrides values, and how deep in scopes it is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    holder: Mutex<Option<(ThreadId, usize)>>,
    freed: Condvar,
}

/// A thread's turn, until it goes.
struct Turn<'turns>(&'turns Turns);

impl Turns {
    /// Waits until no other thread has its turn.
    fn take(&self) -> Turn<'_> {
        let me = thread::current().id();
        let mut holder = self.lock();
        loop {
            match &mut *holder {
                None => {
                    *holder = Some((me, 1));
                    return Turn(self);
                }
                Some((thread, depth)) if *thread == me => {
                    *depth += 1;
                    return Turn(self);
                }
                Some(_) => holder = self.freed.wait(holder).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<(ThreadId, usize)>> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut holder = self.0.lock();
        match &mut *holder {
            Some((_, depth)) if *depth > 1 => *depth -= 1,
            _ => {
                *holder = None;
                self.0.freed.notify_one();
            }
        }
    }
}
