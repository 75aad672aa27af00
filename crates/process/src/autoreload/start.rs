//! Where autoreload begins: in the program, with the runner's help, or not at all.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{io, thread};

use firewhirl_event::{IoLoop, Signal, log_targets};
use tokio::runtime::Id;

use super::{in_program, link, registry, shown};

/// The loop on which it was started.
static STARTED: Mutex<Option<Id>> = Mutex::new(None);

/// Begins to watch the program's sources, to restart it when they change.
///
/// The setting `autoreload` of an application, or `debug`, calls it. A second call on the same loop does
/// nothing, on another loop it is a warning; of several workers in threads the first one's counts. It does nothing with a warning in a process of several
/// (it has a [`task_id`](crate::task_id)), and nothing in a test. Tornado's `start`, without its
/// `check_time`: the system tells of changes at once.
pub fn start() {
    if firewhirl_tcp::worker_index().is_some_and(|index| index > 0) {
        return;
    }
    let here = IoLoop::current().handle().id();
    let earlier = STARTED.lock().unwrap_or_else(PoisonError::into_inner).replace(here);
    match earlier {
        None => {}
        Some(earlier) if earlier == here => return,
        Some(_) => {
            tracing::warn!(target: log_targets::GEN, "autoreload started more than once in the same process");
            return;
        }
    }
    if is_one_of_several() {
        let advice = "run one process, or set `autoreload` to false";
        tracing::warn!(target: log_targets::GEN, "autoreload is off, as there are several processes; {advice}");
        return;
    }
    let begun = match (link::runner(), executable()) {
        (Some(runner), _) => link::follow(runner),
        (None, Err(error)) => Err(error),
        (None, Ok(executable)) if is_test(&executable) => return,
        (None, Ok(executable)) => begin_in_program(executable),
    };
    if let Err(error) = begun {
        tracing::warn!(target: log_targets::GEN, "autoreload is off: {error}");
    }
}

/// Whether `firewhirl dev` runs this program.
pub fn is_run_by_runner() -> bool {
    static IS_RUN: OnceLock<bool> = OnceLock::new();
    *IS_RUN.get_or_init(|| link::runner().is_some())
}

/// Waits until something that is watched changes, and restarts the program then.
///
/// For the end of a script, so that it runs again after each change. Under `firewhirl dev` it is the
/// runner that does so. Tornado's `wait`.
pub fn wait() -> ! {
    match waiting() {
        Ok(never) => match never {},
        Err(error) => {
            tracing::error!(target: log_targets::GEN, "cannot wait for changes: {error}");
            std::process::exit(1);
        }
    }
}

fn waiting() -> io::Result<Infallible> {
    // In a thread of its own, since there may be a loop here that runs.
    let waiting = match (link::runner(), executable()?) {
        (Some(_), _) => thread::spawn(until_terminated),
        (None, executable) => in_program_thread(executable)?,
    };
    match waiting.join() {
        Ok(()) => Err(io::Error::other("it ended")),
        Err(_) => Err(io::Error::other("it panicked")),
    }
}

/// Waits for the runner's signal.
fn until_terminated() {
    let io_loop = IoLoop::current();
    let watched = io_loop.on_signal(Signal::Terminate, || {
        registry::run_hooks();
        std::process::exit(0);
    });
    if watched.is_ok() {
        let _ = io_loop.start();
    }
}

fn begin_in_program(executable: PathBuf) -> io::Result<()> {
    shown::begin();
    in_program_thread(executable).map(drop)
}

/// A thread with a loop of its own, so that the program's loops do not wait for disks.
fn in_program_thread(executable: PathBuf) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name("autoreload".to_owned()).spawn(move || {
        let ended = IoLoop::current().run_sync(async {
            in_program::run(executable).await;
            Ok(())
        });
        if let Err(error) = ended {
            tracing::error!(target: log_targets::GEN, "autoreload ended: {error}");
        }
    })
}

/// The executable by the name it was started by: once cargo has made a new one, the system only knows
/// that this one is deleted.
fn executable() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Whether this is a test of cargo's, which starts applications in debug mode too.
fn is_test(executable: &std::path::Path) -> bool {
    executable.parent().and_then(|folder| folder.file_name()).is_some_and(|name| name == "deps")
}

fn is_one_of_several() -> bool {
    crate::task_id().is_some()
}
