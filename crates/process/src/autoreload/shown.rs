//! How far this program's development is, for whoever shows it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::development::{Announcer, Progress, Status};

static ANNOUNCER: LazyLock<Announcer> = LazyLock::new(Announcer::new);
static IS_ON: AtomicBool = AtomicBool::new(false);

/// This program's development as it goes on; `None` where [`start`](super::start) was not called, or had no
/// effect.
///
/// The web layer shows it in its pages.
///
/// # Examples
///
/// ```
/// assert!(firewhirl_process::autoreload::progress().is_none());
/// ```
pub fn progress() -> Option<Progress> {
    IS_ON.load(Ordering::Acquire).then(|| ANNOUNCER.progress())
}

/// Says that there is something to be shown from now on.
pub(super) fn begin() {
    LazyLock::force(&ANNOUNCER);
    IS_ON.store(true, Ordering::Release);
}

/// Changes what is shown.
pub(super) fn show(change: impl FnOnce(&mut Status)) {
    ANNOUNCER.announce(change);
}
