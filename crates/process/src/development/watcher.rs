//! Waits until something that is watched changes.
//!
//! The system's notices (inotify on Linux) only say when to look; what changed, the looks tell. So a
//! notice that gets lost, or one too many, does no harm: a look every few seconds finds what no notice
//! told of, and where the system gives none at all, looks come often enough to do without.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use firewhirl_event::log_targets;
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::watch_set::{Identity, Snapshot, WatchSet};

/// How long all must be quiet before it is looked at: an editor's save, or a checkout's, is one change.
const QUIET: Duration = Duration::from_millis(50);

/// How long it may go on being unquiet.
const UNQUIET_MAX: Duration = Duration::from_secs(2);

/// How often is looked where the system gives no notices; Tornado's `check_time`.
const POLL: Duration = Duration::from_millis(500);

/// How often is looked all the same, where it does: a folder may have been moved away and back.
const SECOND_LOOK: Duration = Duration::from_secs(5);

/// Waits for changes of a [`WatchSet`].
///
/// # Examples
///
/// ```
/// use firewhirl_event::IoLoop;
/// use firewhirl_process::development::{WatchSet, Watcher};
///
/// let folder = std::env::temp_dir().join(format!("watcher-{}", std::process::id()));
/// std::fs::create_dir_all(&folder)?;
/// let page = folder.join("page.html");
/// IoLoop::current().run_sync(async {
///     let mut watcher = Watcher::new(WatchSet::default().folder(&folder)).await;
///     std::fs::write(&page, "hello")?;
///     assert_eq!(watcher.changed().await, [page]);
///     Ok(())
/// })?;
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub struct Watcher {
    set: WatchSet,
    seen: Snapshot,
    notices: Notices,
}

impl Watcher {
    /// Watches from now on. For what changed before, see [`watch`](Self::watch).
    pub async fn new(set: WatchSet) -> Self {
        Self::over(set, Notices::of_the_system()).await
    }

    /// Watches without the system's notices, by looking twice a second.
    pub async fn polling(set: WatchSet) -> Self {
        Self::over(set, Notices::none()).await
    }

    async fn over(set: WatchSet, notices: Notices) -> Self {
        let mut watcher = Self { seen: Snapshot::default(), set, notices };
        watcher.seen = watcher.look().await;
        watcher.notices.follow(&watcher.seen);
        // What changed while the notices began is told by none of them.
        watcher.notices.signal.notify_one();
        watcher
    }

    /// Watches another set. What both have is compared with how it was before; what is new in the set
    /// counts as changed if that happened after `since`, when somebody read it, and as it is now if not.
    pub async fn watch(&mut self, set: WatchSet, since: SystemTime) {
        if set == self.set {
            return;
        }
        self.set = set;
        let seen = self.look().await;
        self.notices.follow(&seen);
        self.seen = seen.at(since, &self.seen);
        self.notices.signal.notify_one();
    }

    /// What is watched.
    pub fn set(&self) -> &WatchSet {
        &self.set
    }

    /// Waits for the next change, until it is over, and gives the paths that are not as they were:
    /// changed, new, or gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: what changed is found by the next one.
    pub async fn changed(&mut self) -> Vec<PathBuf> {
        loop {
            let patience = if self.notices.is_polling() { POLL } else { SECOND_LOOK };
            if timeout(patience, self.notices.signal.notified()).await.is_ok() {
                self.quiet().await;
            }
            let paths = self.changed_by_now().await;
            if !paths.is_empty() {
                return paths;
            }
        }
    }

    /// What has changed since it was last asked for, without waiting.
    pub async fn changed_by_now(&mut self) -> Vec<PathBuf> {
        let seen = self.look().await;
        let paths = seen.differences(&self.seen);
        self.notices.follow(&seen);
        self.seen = seen;
        paths
    }

    /// Waits until nothing has happened for a moment.
    async fn quiet(&self) {
        let patience_ends = Instant::now() + UNQUIET_MAX;
        while Instant::now() < patience_ends && timeout(QUIET, self.notices.signal.notified()).await.is_ok() {
            // A burst of notices is one wake-up only if somebody sleeps through it.
            sleep(QUIET / 5).await;
        }
    }

    /// Looks at everything, off the loop: there may be thousands of files.
    async fn look(&self) -> Snapshot {
        let set = self.set.clone();
        tokio::task::spawn_blocking(move || set.look()).await.unwrap_or_default()
    }
}

/// The system's notices, or none.
struct Notices {
    signal: Arc<Notify>,
    system: Option<RecommendedWatcher>,
    followed: BTreeMap<PathBuf, Identity>,
}

impl Notices {
    fn none() -> Self {
        Self { signal: Arc::default(), system: None, followed: BTreeMap::new() }
    }

    fn of_the_system() -> Self {
        let mut notices = Self::none();
        let signal = notices.signal.clone();
        let system = notify::recommended_watcher(move |notice: notify::Result<notify::Event>| {
            if notice.is_ok_and(|notice| !is_mere_reading(notice.kind)) {
                signal.notify_one();
            }
        });
        match system {
            Ok(system) => notices.system = Some(system),
            Err(error) => say_that_polling(&error),
        }
        notices
    }

    fn is_polling(&self) -> bool {
        self.system.is_none()
    }

    /// Has the system tell of these folders, and of no others.
    fn follow(&mut self, snapshot: &Snapshot) {
        let Some(system) = &mut self.system else { return };
        let wanted = snapshot.folders();
        for (gone, _) in self.followed.iter().filter(|(folder, identity)| wanted.get(*folder) != Some(identity)) {
            // It is not there any more, or the system has forgotten it by itself.
            let _ = system.unwatch(gone);
        }
        for (folder, _) in wanted.iter().filter(|(folder, identity)| self.followed.get(*folder) != Some(identity)) {
            match system.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                // Deleted since it was looked at: the look after this one knows.
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) || !folder.exists() => {}
                Err(error) => {
                    say_that_polling(&error);
                    self.system = None;
                    return;
                }
            }
        }
        self.followed.clone_from(wanted);
    }
}

/// Whether a notice tells that something was read, which changes nothing, and which our own looks do.
fn is_mere_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

fn say_that_polling(error: &notify::Error) {
    tracing::warn!(
        target: log_targets::GEN,
        "the system does not tell of changed files ({error}); looking for them every {} ms; on Linux \
         `sysctl fs.inotify.max_user_watches` may be too low",
        POLL.as_millis()
    );
}
