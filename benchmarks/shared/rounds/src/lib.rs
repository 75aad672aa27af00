//! What every program of ours that sends requests has in common: it is told on its input how many to
//! send, a line a round, and says on its output when a round is done.
//!
//! So the runner decides when and how many, an exact number, which callgrind needs; and a program
//! keeps its connections from one round to the next.

use std::{
    error::Error,
    io::{self, BufRead, Write, stdin, stdout},
    num::ParseIntError,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// What a program fails with that has no better type for it.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Calls `round` with each number of requests that the input brings, and answers when it is done.
///
/// # Errors
///
/// The first of a round, of an input that is no number, or of a pipe that is gone.
pub fn each_round<Failure>(mut round: impl FnMut(usize) -> Result<(), Failure>) -> Result<(), Failure>
where
    Failure: From<io::Error> + From<ParseIntError>,
{
    for line in stdin().lock().lines() {
        round(line?.trim().parse()?)?;
        println!("done");
        stdout().flush()?;
    }
    Ok(())
}

/// The program's arguments, which are all numbers: `PORT IN_FLIGHT`.
///
/// # Panics
///
/// Where they are anything else.
pub fn arguments() -> (u16, usize) {
    let mut given = std::env::args().skip(1);
    let mut next = |name| given.next().unwrap_or_else(|| panic!("usage: PORT IN_FLIGHT; no {name}"));
    (next("PORT").parse().expect("PORT is a number"), next("IN_FLIGHT").parse().expect("IN_FLIGHT is a number"))
}

/// The requests of a round that nobody has taken yet, for tasks that send them side by side.
#[derive(Clone)]
pub struct Left(Arc<AtomicUsize>);

impl Left {
    /// A round of `requests`.
    pub fn new(requests: usize) -> Self {
        Left(Arc::new(AtomicUsize::new(requests)))
    }

    /// Takes one, if there is one.
    pub fn take(&self) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// What all of them check of an answer.
pub const BODY: &[u8] = b"Hello, World!";
