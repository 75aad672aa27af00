//! What the program writes to standard error: it goes where the runner's goes, and its end is remembered,
//! for the page that tells of a crash.
//!
//! If the runner's is a terminal, the program gets a terminal too, so that it colours what it would colour.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write, pipe, stderr};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};
use tokio::sync::watch;
use tokio::time::timeout;

/// How much of it is remembered, in bytes.
const REMEMBERED: usize = 32 * 1024;

/// How long the rest of a program's output is waited for once it has ended. Its own children may hold
/// the other end for longer.
const REST: Duration = Duration::from_millis(500);

/// The standard error of one copy of the program.
pub(super) struct Output {
    remembered: Arc<Mutex<Vec<u8>>>,
    ended: watch::Receiver<bool>,
}

impl Output {
    /// What the program is to be given, and what is remembered of it.
    ///
    /// # Errors
    ///
    /// What the system says when there can be no more descriptors or threads.
    pub(super) fn new() -> io::Result<(Stdio, Self)> {
        let (near, far) = match stderr().is_terminal() {
            true => terminal().or_else(|_| ends_of_a_pipe())?,
            false => ends_of_a_pipe()?,
        };
        let remembered: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (ending, ended) = watch::channel(false);
        let keep = remembered.clone();
        thread::Builder::new().name("output".to_owned()).spawn(move || {
            pass_on(&mut File::from(near), &keep);
            let _ = ending.send(true);
        })?;
        Ok((far.into(), Self { remembered, ended }))
    }

    /// The last of what the program wrote, with its colours, once it has ended.
    pub(super) async fn last_words(&mut self) -> String {
        let _ = timeout(REST, self.ended.wait_for(|ended| *ended)).await;
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&remembered).into_owned()
    }
}

/// Until the other end is closed everywhere, which a terminal tells by an error.
fn pass_on(from: &mut File, remembered: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 8192];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        // Where nobody reads what we write, the program goes on all the same.
        let _ = stderr().lock().write_all(&buffer[..read]);
        let mut remembered = remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.extend_from_slice(&buffer[..read]);
        let beyond = remembered.len().saturating_sub(REMEMBERED);
        remembered.drain(..beyond);
    }
}

fn ends_of_a_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (near, far) = pipe()?;
    Ok((near.into(), far.into()))
}

/// The two ends of a terminal that changes nothing of what passes, as wide as ours.
fn terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&near)?;
    unlockpt(&near)?;
    let name = ptsname(&near, Vec::new())?;
    let far = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let mut modes = tcgetattr(&far)?;
    modes.make_raw();
    tcsetattr(&far, OptionalActions::Now, &modes)?;
    if let Ok(size) = tcgetwinsize(stderr()) {
        tcsetwinsize(&far, size)?;
    }
    Ok((near, far))
}
