//! The program's end of what it and `firewhirl dev` tell each other.
//!
//! The runner names a Unix socket in `FIREWHIRL_DEV`. The program tells it what is to be watched, it tells
//! the program how the build stands. When it wants the program to go, it sends SIGTERM; when it is gone
//! itself, the program goes too.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use firewhirl_event::{IoLoop, Signal, log_targets};
use firewhirl_tcp::{drain_all, handover};

use super::{registry, shown};
use crate::development::{RUNNER_VARIABLE, Status};

/// How long the requests in progress may go on while the next program serves already.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// How long a program may take to listen on all that the one before it listened on.
const CLAIM_LIMIT: Duration = Duration::from_secs(5);

/// The socket of the runner that runs this program, if one does.
pub(super) fn runner() -> Option<PathBuf> {
    std::env::var_os(RUNNER_VARIABLE).map(PathBuf::from)
}

/// Speaks with the runner from now on, and ends this loop when the program is to go.
pub(super) fn follow(runner: PathBuf) -> io::Result<()> {
    let stream = UnixStream::connect(runner)?;
    let reading = BufReader::new(stream.try_clone()?);
    shown::begin();
    let remote = IoLoop::current().remote();
    thread::Builder::new().name("autoreload".to_owned()).spawn(move || {
        for line in reading.lines().map_while(Result::ok) {
            if let Some(status) = Status::from_line(&line) {
                shown::show(|shown| *shown = status);
            }
        }
        remote.add_callback(|| end("firewhirl dev is gone"));
    })?;
    IoLoop::current().on_signal(Signal::Terminate, || end("another program takes over"))?;
    IoLoop::current().spawn_callback(tell_wishes(stream));
    // A port that this program does not listen on any more must not keep its clients waiting.
    IoLoop::current().call_later(CLAIM_LIMIT, || drop(handover::close_unclaimed()));
    Ok(())
}

/// Tells the runner what is to be watched, now and later. The lines are few and short: they never fill the
/// socket.
async fn tell_wishes(mut stream: UnixStream) {
    let mut wishes = registry::wishes();
    let mut told = 0;
    loop {
        let lines: String = {
            let wishes = wishes.borrow_and_update();
            let lines = wishes[told..].iter().map(|wished| wished.wish.to_line() + "\n").collect();
            told = wishes.len();
            lines
        };
        if stream.write_all(lines.as_bytes()).is_err() || wishes.changed().await.is_err() {
            return;
        }
    }
}

/// Ends the requests in progress, then the loop, and so, as a rule, the program.
fn end(why: &'static str) {
    tracing::debug!(target: log_targets::GEN, "{why}; ending");
    IoLoop::current().spawn_callback(async {
        drain_all(DRAIN_LIMIT).await;
        // At once: where the program ends itself at the same signal, its loop stops after this turn.
        registry::run_hooks();
        IoLoop::current().stop();
    });
}
