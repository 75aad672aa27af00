//! A server that others wrote, as a process for as long as its value lives.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::support::PATIENCE;

/// A process, and the folder that is its own.
pub(crate) struct Peer {
    pub(crate) folder: PathBuf,
    child: Child,
}

impl Peer {
    /// Starts it; its standard input stays open for as long as it is to live.
    pub(crate) fn start(folder: PathBuf, command: &mut Command) -> Self {
        let child = command.stdin(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { folder, child }
    }

    /// Starts it and waits until each of these ports is listened on.
    pub(crate) fn listening(folder: PathBuf, command: &mut Command, ports: &[u16]) -> Self {
        let mut peer = Self::start(folder, command);
        let start = Instant::now();
        while ports.iter().any(|&port| TcpStream::connect(("127.0.0.1", port)).is_err()) {
            let ended = peer.child.try_wait().unwrap();
            assert!(ended.is_none() && start.elapsed() < PATIENCE, "{command:?}: nobody listens ({ended:?})");
            thread::sleep(Duration::from_millis(10));
        }
        peer
    }

    /// The port in the first line of what it says that holds `mark`, and whatever it says after is taken from it.
    pub(crate) fn port_said(said: &mut BufReader<impl Read>, mark: &str) -> u16 {
        let mut line = String::new();
        while said.read_line(&mut line).unwrap() > 0 {
            if let Some((_, rest)) = line.split_once(mark) {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                return digits.parse().unwrap_or_else(|_| panic!("no port in {line:?}"));
            }
            line.clear();
        }
        panic!("it ended without a line that holds {mark:?}");
    }

    /// Its standard output, to read what it says.
    pub(crate) fn stdout(&mut self) -> BufReader<impl Read + Send + use<>> {
        BufReader::new(self.child.stdout.take().expect("it was piped"))
    }

    /// Its standard error, to read what it says.
    pub(crate) fn stderr(&mut self) -> BufReader<impl Read + Send + use<>> {
        BufReader::new(self.child.stderr.take().expect("it was piped"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Asked first, so that it takes its own children with it.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let start = Instant::now();
        while let Ok(None) = self.child.try_wait()
            && start.elapsed() < Duration::from_secs(5)
        {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A new folder of this process.
pub(crate) fn new_folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("firewhirl-client-{}-{number}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    folder
}

/// Ports that nobody listens on, for a peer that has to be told its own.
pub(crate) fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// The file beside these tests.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/client_peers").join(name)
}

/// Keeps reading what a peer says, so that it never waits for somebody to do so.
pub(crate) fn drain(mut said: impl Read + Send + 'static) {
    thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
}
