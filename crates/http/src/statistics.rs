//! What servers count: each worker with counters of its own, which any thread may sum up.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use firewhirl_event::counting::Counter;

use crate::error::ProtocolErrorKind;

/// Declares the counters and the sum of them that is public.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counters of one worker: written by its thread, read by any.
        #[derive(Default)]
        pub(crate) struct Counters { $(pub(crate) $name: Counter,)* }

        /// What the workers of a server have counted since its start.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Statistics { $($(#[$doc])* pub $name: u64,)* }

        impl Statistics {
            const NONE: Self = Self { $($name: 0,)* };
        }

        impl Counters {
            pub(crate) fn add_to(&self, sum: &mut Statistics) {
                $(sum.$name += self.$name.value();)*
            }
        }
    };
}

counters! {
    /// Connections open now.
    connections,
    /// Requests whose head was understood.
    requests,
    /// Requests that are being answered now.
    requests_in_progress,
    /// Heads that were refused: malformed, or above a limit.
    heads_refused,
    /// Bodies that were refused: malformed, above a limit, or not to be inflated.
    bodies_refused,
    /// Parts of an answer that were refused because too much waited for the client already.
    outputs_full,
    /// Requests above [`max_start_line`](crate::Limits::max_start_line).
    start_lines_too_long,
    /// Requests above [`max_header_size`](crate::Limits::max_header_size).
    heads_too_large,
    /// Requests above [`max_fields`](crate::Limits::max_fields).
    fields_too_many,
    /// Requests above [`max_body_size`](crate::Limits::max_body_size), or above their route's.
    bodies_too_large,
    /// Requests above [`max_chunk_extensions`](crate::Limits::max_chunk_extensions).
    chunk_extensions_too_large,
    /// Requests above [`max_trailer_size`](crate::Limits::max_trailer_size).
    trailers_too_large,
    /// Connections that brought no request in time after an answer.
    idle_timeouts,
    /// Heads that took too long.
    header_timeouts,
    /// Bodies that took too long.
    body_timeouts,
    /// Answers that were not taken in time.
    write_timeouts,
    /// Clients that left before their answer was complete.
    clients_left,
    /// Panics of handlers.
    panics,
    /// Bytes of memory in connections' buffers for what comes in, as of the last second or so; only where
    /// [pulses are taken](firewhirl_event::take_pulses).
    read_memory,
    /// Bytes of memory in connections' buffers for what goes out, likewise.
    write_memory,
}

impl Counters {
    /// Counts the limit that a request went beyond, if it was one.
    #[cold]
    pub(crate) fn count_limit(&self, kind: ProtocolErrorKind) {
        use ProtocolErrorKind::*;
        let counter = match kind {
            MethodTooLong | TargetTooLong => &self.start_lines_too_long,
            HeadTooLarge => &self.heads_too_large,
            TooManyFields => &self.fields_too_many,
            BodyTooLarge => &self.bodies_too_large,
            ChunkExtensionsTooLarge => &self.chunk_extensions_too_large,
            TrailerTooLarge => &self.trailers_too_large,
            _ => return,
        };
        counter.increment();
    }

    /// Notes that none of what comes and goes is there any more.
    fn nothing_is_left(&self) {
        for gauge in [&self.connections, &self.requests_in_progress, &self.read_memory, &self.write_memory] {
            gauge.set(0);
        }
    }
}

/// One more of what comes and goes, as long as this lives.
pub(crate) struct OneMore<'counters>(&'counters Counter);

impl<'counters> OneMore<'counters> {
    #[inline]
    pub(crate) fn of(counter: &'counters Counter) -> Self {
        counter.increment();
        Self(counter)
    }
}

impl Drop for OneMore<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.decrement();
    }
}

/// The counters of a worker, in the hands of that worker. What it has counted stays counted when it ends.
pub(crate) struct OwnCounters(Arc<Counters>);

impl OwnCounters {
    pub(crate) fn new() -> Self {
        let own = Arc::new(Counters::default());
        lock().live.push(own.clone());
        Self(own)
    }

    /// The same counters, to be read elsewhere.
    pub(crate) fn shared(&self) -> Arc<Counters> {
        self.0.clone()
    }
}

impl Deref for OwnCounters {
    type Target = Counters;

    #[inline]
    fn deref(&self) -> &Counters {
        &self.0
    }
}

impl Drop for OwnCounters {
    fn drop(&mut self) {
        self.nothing_is_left();
        let All { live, ended } = &mut *lock();
        live.retain(|counters| !Arc::ptr_eq(counters, &self.0));
        self.add_to(ended);
    }
}

/// What the servers of this process have counted since it began, those that are gone included.
///
/// # Examples
///
/// ```
/// let before = firewhirl_http::statistics();
/// // ... requests ...
/// assert!(firewhirl_http::statistics().requests >= before.requests);
/// ```
pub fn statistics() -> Statistics {
    let all = lock();
    let mut sum = all.ended.clone();
    for counters in &all.live {
        counters.add_to(&mut sum);
    }
    sum
}

static ALL: Mutex<All> = Mutex::new(All { live: Vec::new(), ended: Statistics::NONE });

/// The counters of every worker of the process.
struct All {
    live: Vec<Arc<Counters>>,
    ended: Statistics,
}

/// Nothing that holds the lock can leave the list half changed, so a panic elsewhere is no matter.
fn lock() -> MutexGuard<'static, All> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}
