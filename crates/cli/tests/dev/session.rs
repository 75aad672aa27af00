//! A terminal with a program in it: what it shows can be waited for, and keys can be pressed.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::project::{Project, target_folder};

/// How long anything may take before a test gives up: a build on a busy machine takes long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

/// A session at a terminal of its own, made by util-linux' `script`.
pub(crate) struct Session {
    script: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<String>>,
    /// Puts on the screen what comes; gone once all has come.
    reader: Option<thread::JoinHandle<()>>,
    /// Up to where the screen was read.
    read: usize,
    /// The file that tells, in the end, how the command has ended.
    status: PathBuf,
}

impl Session {
    /// Runs `firewhirl dev` in a project.
    pub(crate) fn dev(project: &Project, options: &str) -> Self {
        let command = format!("{} dev {options} -- {}", env!("CARGO_BIN_EXE_firewhirl"), project.port);
        Self::run(&project.folder, &command)
    }

    /// Runs a command line in a folder.
    ///
    /// `script` has a status of its own when it meets the end of the terminal before the end of the command,
    /// so the command's is left in a file. The shell outlives a Ctrl-C, to write it.
    pub(crate) fn run(folder: &Path, command: &str) -> Self {
        let status = folder.with_extension("status");
        let _ = fs::remove_file(&status);
        let command = format!("trap : INT; {command}; echo $? > {}", status.display());
        let mut script = Command::new("script");
        script.args(["--quiet", "--flush", "--command", &command, "/dev/null"]).env("SHELL", "/bin/sh");
        script.current_dir(folder).env("CARGO_TARGET_DIR", target_folder()).env("CARGO_NET_OFFLINE", "true");
        script.env("CARGO", env!("CARGO")).env("TERM", "xterm").env_remove("NO_COLOR");
        let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("util-linux has `script`");
        let (keys, mut output) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        let screen: Arc<Mutex<String>> = Arc::default();
        let shown = screen.clone();
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                shown.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        Self { script, keys, screen, reader: Some(reader), read: 0, status }
    }

    /// Waits until the terminal shows `text`, after what was waited for last, and gives what it showed
    /// until then.
    pub(crate) fn expect(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let shown = self.unread();
            if let Some(place) = shown.find(text) {
                self.read += place + text.len();
                return shown[..place + text.len()].to_owned();
            }
            assert!(Instant::now() < end, "the terminal never showed {text:?}; it showed:\n{}", self.screen());
            if let Some(status) = self.script.try_wait().unwrap() {
                self.all_is_shown();
                assert!(self.unread().contains(text), "{status} before {text:?} was shown:\n{}", self.screen());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it has shown since what was waited for last.
    fn unread(&self) -> String {
        self.screen.lock().unwrap()[self.read..].to_owned()
    }

    /// Waits until all that an ended command has printed is on the screen.
    fn all_is_shown(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
    }

    /// All that it has shown.
    pub(crate) fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until the command has ended, and gives its exit status.
    pub(crate) fn ended(&mut self) -> i32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if self.script.try_wait().unwrap().is_some()
                && let Ok(status) = fs::read_to_string(&self.status)
                && let Ok(status) = status.trim().parse()
            {
                self.all_is_shown();
                return status;
            }
            assert!(Instant::now() < end, "the command does not end; it showed:\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the terminal showed:\n{}", self.screen());
        }
        if let Ok(None) = self.script.try_wait() {
            let _ = self.keys.write_all(b"\x03");
            let end = Instant::now() + Duration::from_secs(20);
            while Instant::now() < end && matches!(self.script.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(50));
            }
            let _ = self.script.kill();
        }
        let _ = self.script.wait();
        let _ = fs::remove_file(&self.status);
    }
}
