//! Where stacks of other threads cannot be captured: everything but Linux. A blocked loop is noticed and
//! reported there too, without its stack and its label.

use std::io;
use std::time::Duration;

use super::label::{Describe, LabelCopy};

/// As on Linux.
#[derive(Debug)]
pub(super) struct Captured {
    pub(super) frames: Vec<usize>,
    pub(super) label: Option<(Describe, LabelCopy)>,
}

/// No thread has a number here.
pub(super) fn thread_id() -> i32 {
    0
}

/// No thread answers here.
pub(super) fn capture(_: i32, _: impl Fn() -> Duration) -> Option<Captured> {
    None
}

/// Says that there are no stacks.
pub(super) fn install() -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "stacks of blocked loops are captured on Linux only"))
}
