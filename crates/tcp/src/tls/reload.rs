//! Certificates that are renewed while a server runs: noticed by their files, taken over without a pause.
//!
//! Whoever renews a certificate writes two files, one after the other. So what has changed is read once it has
//! been the same for two looks, and what does not fit together then is told once and tried again when it
//! changes.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use firewhirl_event::{IoLoop, Spawned, log_targets};
use tokio::time::sleep;

use super::ssl_options::SslOptions;
use super::{ServerTls, TlsError};

/// What a file looks like from outside; `None` if it cannot be looked at.
type Look = Option<(SystemTime, u64, u64)>;

/// What all files of some options look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Looks(Vec<(PathBuf, Look)>);

impl Looks {
    /// How the files look now.
    pub(super) fn at(options: &SslOptions) -> Self {
        let looked = options.files().map(|path| {
            let file = std::fs::metadata(path).ok();
            let look = file.and_then(|file| Some((file.modified().ok()?, file.len(), file.ino())));
            (path.clone(), look)
        });
        Self(looked.collect())
    }
}

impl ServerTls {
    /// [Reloads](Self::reload) if a file that the options name has changed since it was read. Gives whether
    /// that is so.
    ///
    /// # Errors
    ///
    /// As of `reload`; what was there stays.
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let changed = Looks::at(self.options()) != self.looks();
        if changed {
            self.reload()?;
        }
        Ok(changed)
    }

    /// Looks at the files each `interval`, on this thread's loop for as long as it runs, and takes over what
    /// has changed. What is wrong with new files is logged, and the old certificates stay.
    ///
    /// What has changed is taken over at the look after the one that finds it, when it still looks the same:
    /// half of a renewal is not. Once a minute is often enough for certificates that are renewed weeks before
    /// they expire. One watch suffices for all the workers of a server. It ends when what this returns is
    /// [aborted](Spawned::abort).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use firewhirl_event::{IoLoop, IoStream, Result};
    /// use firewhirl_tcp::TcpServer;
    /// use firewhirl_tcp::tls::{ServerTls, SslOptions};
    ///
    /// # async fn serve(_: IoStream, _: firewhirl_tcp::Peer) -> Result { Ok(()) }
    /// fn main() -> Result {
    ///     let tls = ServerTls::new(&SslOptions::new().certfile("cert.pem").keyfile("key.pem"))?;
    ///     tls.watch(Duration::from_secs(60));
    ///     TcpServer::new(serve).ssl_options(tls)?.listen(8443)?;
    ///     IoLoop::current().start()
    /// }
    /// ```
    pub fn watch(&self, interval: Duration) -> Spawned<()> {
        let tls = self.clone();
        IoLoop::current().spawn(async move {
            let mut watch = Watch { seen: tls.looks(), tried: tls.looks() };
            loop {
                sleep(interval).await;
                let looking = tls.clone();
                // Files may be on a disk that has gone to sleep, or on another machine.
                let looked = tokio::task::spawn_blocking(move || watch.look(&looking)).await;
                match looked {
                    Ok(next) => watch = next,
                    Err(_) => return,
                }
            }
        })
    }

    /// [Reloads](Self::reload) and logs what came of it: what a service does on SIGHUP.
    pub fn reload_and_log(&self) {
        match self.reload() {
            Ok(()) => tracing::info!(target: log_targets::GEN, "certificates reloaded"),
            Err(error) => tracing::error!(target: log_targets::GEN, "the old certificates stay: {error}"),
        }
    }
}

/// What a watch has seen at the look before, and what it has tried to take over.
struct Watch {
    seen: Looks,
    tried: Looks,
}

impl Watch {
    fn look(mut self, tls: &ServerTls) -> Self {
        let now = Looks::at(tls.options());
        let is_settled = now == self.seen;
        self.seen = now;
        if is_settled && self.seen != self.tried && self.seen != tls.looks() {
            self.tried = self.seen.clone();
            tls.reload_and_log();
        }
        self
    }
}
