//! How far a program's development is: told by whoever builds it, shown by the web layer in its pages.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::Status;

/// Tells how far the development is.
///
/// # Examples
///
/// ```
/// use firewhirl_process::development::Announcer;
///
/// let announcer = Announcer::new();
/// let progress = announcer.progress();
/// let version = progress.version();
/// announcer.announce(|status| status.assets += 1);
/// assert_ne!(progress.version(), version);
/// ```
#[derive(Debug)]
pub struct Announcer {
    status: watch::Sender<Status>,
    boot_id: String,
}

impl Announcer {
    /// Begins with nothing to tell.
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        // Told apart from the program before it, which may have been the same process.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let boot_id = format!("{:x}-{:x}", since_epoch.as_nanos(), std::process::id());
        Self { status: watch::Sender::new(Status::default()), boot_id }
    }

    /// Changes what is told; whoever waits learns of it, if it is another then.
    pub fn announce(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }

    /// What is told, for those who listen.
    pub fn progress(&self) -> Progress {
        Progress { status: self.status.subscribe(), boot_id: self.boot_id.clone() }
    }
}

/// How far the development is; made by [`Announcer::progress`] and
/// [`autoreload::progress`](crate::autoreload::progress).
#[derive(Clone, Debug)]
pub struct Progress {
    status: watch::Receiver<Status>,
    boot_id: String,
}

impl Progress {
    /// How it stands.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// What a page is told apart by: it changes with the program and with its assets. A page that was made
    /// with another one is out of date. Letters, digits and hyphens.
    pub fn version(&self) -> String {
        format!("{}-{}", self.boot_id, self.status.borrow().assets)
    }

    /// Waits until it stands otherwise than at the last call, or than when this was made; never comes back
    /// once nobody can change it any more.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn changed(&mut self) {
        if self.status.changed().await.is_err() {
            std::future::pending().await
        }
    }
}
