//! A program that `run::main` runs, as one starts it from a terminal: what it logs, what it answers.

use std::io::{BufRead, BufReader};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::{PATIENCE, Program, built, signal};

/// A service that runs for as long as this lives: a program with its log.
pub(crate) struct Service {
    program: Program,
    log: Arc<Mutex<String>>,
}

impl Service {
    /// Starts an example, and waits until it says that it listens.
    pub(crate) fn example(name: &str, arguments: &[&str]) -> Self {
        Self::start(&built("examples", name), arguments, &[])
    }

    /// Starts a program, with variables in its environment.
    pub(crate) fn start(path: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(path);
        command.args(arguments).envs(environment.iter().copied());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; `cargo test` builds it", path.display()));
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let kept = log.clone();
        thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).is_ok_and(|length| length > 0) {
                kept.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let mut service = Self { program: Program { child, stdout, port: 0 }, log };
        let line = service.wait_for_log("listening on ");
        // On a Unix socket there is none.
        service.port = line.trim_end().rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(0);
        service
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for a line of the log that holds `text`, and gives it.
    pub(crate) fn wait_for_log(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.log().lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            let status = self.child.try_wait().unwrap();
            assert!(status.is_none(), "ended with {status:?}:\n{}", self.log());
            assert!(Instant::now() < end, "no {text:?} in:\n{}", self.log());
            sleep(Duration::from_millis(10));
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.log());
            sleep(Duration::from_millis(10));
        }
    }
}

impl Deref for Service {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.program
    }
}

impl DerefMut for Service {
    fn deref_mut(&mut self) -> &mut Program {
        &mut self.program
    }
}
