//! A page in headless Chromium, and what is asked about it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Longer than `browser.py` has.
const PATIENCE: Duration = Duration::from_secs(180);

/// `browser.py`: it opens a page and answers what is asked about it.
pub(crate) struct Browser {
    python: Child,
    ask: ChildStdin,
    answers: Receiver<String>,
}

impl Browser {
    /// Opens a page, with further flags for Chromium; `None`, and says so, where there is no browser to do it.
    pub(crate) fn open(url: &str, flags: &[&str]) -> Option<Self> {
        let is_there =
            |program: &str| Command::new(program).arg("--version").output().is_ok_and(|said| said.status.success());
        let python = std::env::var("FIREWHIRL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        for program in ["chromedriver", "chromium", &python] {
            if !is_there(program) {
                assert!(std::env::var_os("FIREWHIRL_REQUIRE_PEERS").is_none(), "{program} is missing");
                eprintln!("skipped: {program} is missing (Debian: chromium-driver, chromium, python3)");
                return None;
            }
        }
        let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/support/browser.py");
        let mut command = Command::new(python);
        let command = command.args([driver, url]).args(flags).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut python = command.spawn().unwrap();
        let (ask, said) = (python.stdin.take().unwrap(), python.stdout.take().unwrap());
        let (sender, answers) = channel();
        thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Some(Self { python, ask, answers })
    }

    /// Waits until a piece of JavaScript gives true in the page, whichever page it is by then.
    pub(crate) fn eventually(&mut self, script: &str) {
        writeln!(self.ask, "{script}").unwrap();
        let answer = self.answers.recv_timeout(PATIENCE).expect("the browser answers");
        assert_eq!(answer, "true", "{script}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = writeln!(self.ask, "quit");
        let _ = self.python.wait();
    }
}
