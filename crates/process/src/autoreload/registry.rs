//! What the program wants watched beside its sources, and what it wants done before it is replaced.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use firewhirl_event::log_targets;
use tokio::sync::watch;

use crate::development::Wish;

static WISHES: LazyLock<watch::Sender<Vec<Wished>>> = LazyLock::new(|| watch::Sender::new(Vec::new()));

/// What the program wants watched, and when it said so: by then it may have read it.
#[derive(Clone, Debug)]
pub(super) struct Wished {
    pub(super) wish: Wish,
    pub(super) at: SystemTime,
}

type Hook = Box<dyn FnOnce() + Send>;

static HOOKS: Mutex<Vec<Hook>> = Mutex::new(Vec::new());

/// Restarts the program when this file changes, or anything in this folder.
///
/// For what is read once, at the start: a configuration, a list of words. It may be called before or
/// after [`start`](super::start), and what does not exist yet is watched too. Tornado's `watch`.
///
/// # Examples
///
/// ```
/// firewhirl_process::autoreload::watch("config.toml");
/// ```
pub fn watch(path: impl AsRef<Path>) {
    wish(Wish::Restart(absolute(path.as_ref())));
}

/// Loads the pages that browsers show again when this file changes, or anything in this folder; the
/// program runs on.
///
/// For what is read each time it is needed, as templates and static files are in debug mode.
///
/// # Examples
///
/// ```
/// firewhirl_process::autoreload::watch_assets("templates");
/// ```
pub fn watch_assets(path: impl AsRef<Path>) {
    wish(Wish::Assets(absolute(path.as_ref())));
}

/// Calls `hook` before the program is replaced: after the requests in progress have ended, in the order in
/// which hooks were added.
///
/// It may run in a thread of its own, where there is no loop of the program's. Files and sockets need none:
/// those that Rust opens close themselves. One that panics is logged, and the others run. Tornado's
/// `add_reload_hook`.
///
/// # Examples
///
/// ```
/// firewhirl_process::autoreload::add_reload_hook(|| {
///     let _ = std::fs::remove_file("/tmp/shop.lock");
/// });
/// ```
pub fn add_reload_hook(hook: impl FnOnce() + Send + 'static) {
    hooks().push(Box::new(hook));
}

/// Runs the hooks, each once.
pub(super) fn run_hooks() {
    let hooks = std::mem::take(&mut *hooks());
    for hook in hooks {
        if catch_unwind(AssertUnwindSafe(hook)).is_err() {
            tracing::error!(target: log_targets::APP, "panic in a reload hook");
        }
    }
}

/// What is wished for so far and later.
pub(super) fn wishes() -> watch::Receiver<Vec<Wished>> {
    WISHES.subscribe()
}

fn wish(wish: Wish) {
    WISHES.send_if_modified(|wishes| {
        let is_new = wishes.iter().all(|wished| wished.wish != wish);
        if is_new {
            wishes.push(Wished { wish, at: SystemTime::now() });
        }
        is_new
    });
}

/// As the process sees it now: it may change its folder later.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn hooks() -> MutexGuard<'static, Vec<Hook>> {
    // A list of hooks is whole whatever panicked.
    HOOKS.lock().unwrap_or_else(PoisonError::into_inner)
}
