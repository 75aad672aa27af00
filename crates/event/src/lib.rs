//! Firewhirl's event layer: the event loop and what runs on it.
//!
//! Nothing here knows of HTTP, of servers or of any other crate of ours.

pub mod concurrent;
pub mod coroutine;
pub mod counting;
mod deadline;
mod error;
mod executor;
mod ioloop;
pub mod iostream;
pub mod locks;
pub mod log_targets;
mod periodic_callback;
pub mod queues;
mod random;
pub mod watchdog;

pub use deadline::Deadline;
pub use error::{Error, Result, TimeoutError};
pub use executor::{Executor, ExecutorError};
pub use ioloop::{
    Elsewhere, IoLoop, LoopBound, LoopError, LoopLoad, Observer, Outcome, RemoteIoLoop, Signal, SignalHandler,
    SpawnError, Spawned, Statistics, Timeout, loop_loads, pulses_are_taken, take_pulses,
};
pub use iostream::{IoStream, StreamError};
pub use periodic_callback::{PeriodicCallback, ZeroPeriod};
pub use tokio::io::{Interest, Ready};
