//! Autoreload within the program: it watches, has itself built again, and becomes what was built.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use firewhirl_event::log_targets::GEN;

use super::first::{First, first};
use super::registry::{self, Wished};
use super::restart;
use super::shown::show;
use crate::development::{Build, CargoProgram, Stamp, WatchSet, Watcher, Wish, sources_of};

/// What a change asks for, the greatest first.
enum Change {
    /// A source: build.
    Source(PathBuf),
    /// What is read at the start, or a program that somebody else has built: restart.
    Restart(PathBuf),
    /// What is read each time: load pages again.
    Assets,
}

/// What is watched, by what a change of it asks for.
struct Watched {
    sources: WatchSet,
    executable: WatchSet,
    restart: WatchSet,
    assets: WatchSet,
}

impl Watched {
    fn new(executable: &Path, program: Option<&CargoProgram>) -> Self {
        let executable_set = WatchSet::default().file(executable);
        let (restart, assets) = Default::default();
        let mut watched = Self { sources: WatchSet::default(), executable: executable_set, restart, assets };
        watched.renew_sources(executable, program);
        watched
    }

    /// Another source may be part of the program now.
    fn renew_sources(&mut self, executable: &Path, program: Option<&CargoProgram>) {
        if let Some(program) = program {
            self.sources = sources_of(executable).into_iter().fold(program.watched().clone(), WatchSet::file);
        }
    }

    /// What the program wants watched is compared with how it was when it wished for that.
    async fn heed(&mut self, wishes: &[Wished], watcher: &mut Watcher) {
        for wished in wishes {
            let (restart, assets) = Wish::sets(std::slice::from_ref(&wished.wish));
            self.restart = std::mem::take(&mut self.restart).and(restart);
            self.assets = std::mem::take(&mut self.assets).and(assets);
            watcher.watch(self.all(), wished.at).await;
        }
    }

    fn all(&self) -> WatchSet {
        let sets = [&self.executable, &self.restart, &self.assets];
        sets.into_iter().fold(self.sources.clone(), |all, set| all.and(set.clone()))
    }

    fn change(&self, paths: &[PathBuf]) -> Change {
        let find = |set: &WatchSet| paths.iter().find(|path| set.contains(path)).cloned();
        match (find(&self.sources), find(&self.restart).or_else(|| find(&self.executable))) {
            (Some(path), _) => Change::Source(path),
            (None, Some(path)) => Change::Restart(path),
            (None, None) => Change::Assets,
        }
    }
}

/// Watches and restarts, until the program is another one.
pub(super) async fn run(executable: PathBuf) {
    let own = Stamp::of(&executable).ok();
    let started = SystemTime::now();
    let program = match CargoProgram::of_executable(&executable).await {
        Ok(program) => Some(program),
        Err(error) => {
            tracing::warn!(target: GEN, "autoreload restarts the program when it was built again, but cannot build it: {error}");
            None
        }
    };
    let mut wishes = registry::wishes();
    let mut heeded = 0;
    let mut watched = Watched::new(&executable, program.as_ref());
    let mut watcher = Watcher::new(WatchSet::default()).await;
    // What was edited while the program started is not in it yet.
    watcher.watch(watched.sources.clone(), own.map_or(started, |own| own.modified())).await;
    watcher.watch(watched.all(), started).await;
    loop {
        let wished = wishes.borrow_and_update()[heeded..].to_vec();
        heeded += wished.len();
        watched.heed(&wished, &mut watcher).await;
        let First::One(paths) = first(watcher.changed(), wishes.changed()).await else { continue };
        let read = SystemTime::now();
        match watched.change(&paths) {
            Change::Source(path) => {
                let Some(program) = &program else { continue };
                if build(program, &path, &watched, &mut watcher).await.is_some_and(|stamp| Some(stamp) != own) {
                    become_new(&executable, &path).await;
                }
            }
            Change::Restart(path) => become_new(&executable, &path).await,
            Change::Assets => show(|status| status.assets += 1),
        }
        watched.renew_sources(&executable, program.as_ref());
        watcher.watch(watched.all(), read).await;
    }
}

/// Builds until nothing changes meanwhile; gives what was built.
async fn build(program: &CargoProgram, changed: &Path, watched: &Watched, watcher: &mut Watcher) -> Option<Stamp> {
    tracing::info!(target: GEN, "{} modified; building", changed.display());
    show(|status| status.building = true);
    let ended = loop {
        let ended = program.build(|_| {}).await;
        let meanwhile = watcher.changed_by_now().await;
        // The lock file is cargo's own to change, and the executable is what it makes.
        let again = meanwhile.iter().any(|path| watched.sources.contains(path) && !path.ends_with("Cargo.lock"));
        if !again {
            break ended;
        }
    };
    let (stamp, broken) = match ended {
        Ok(Build { result: Ok(built), .. }) => (Some(built.stamp), None),
        Ok(Build { result: Err(broken), .. }) => {
            // As cargo prints it; the log would put its own words before it.
            eprintln!("{}", broken.text());
            tracing::error!(target: GEN, "the build failed; the program goes on as it was");
            (None, Some(broken.text()))
        }
        Err(error) => {
            tracing::error!(target: GEN, "the program cannot be built: {error}");
            (None, Some(error.to_string()))
        }
    };
    show(|status| {
        status.building = false;
        status.broken = broken;
    });
    stamp
}

/// Restarts; comes back only if there is nothing to become.
async fn become_new(executable: &Path, changed: &Path) {
    tracing::info!(target: GEN, "{} modified; restarting server", changed.display());
    let error = restart::restart(executable).await;
    tracing::error!(target: GEN, "{} cannot be started: {error}", executable.display());
}
