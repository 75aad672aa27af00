//! The demo deployed with the files of `deploy/`, as they are, in a folder of its own: nginx in front of
//! four processes that supervisord runs. Only the ports are others, so that it disturbs nobody.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::support::{self, PATIENCE, peers};

/// The programs in `deploy/supervisord.conf`.
pub(crate) const PROGRAMS: [&str; 4] = ["firewhirl-demo-1", "firewhirl-demo-2", "firewhirl-demo-3", "firewhirl-demo-4"];

pub(crate) struct Installation {
    pub(crate) folder: PathBuf,
    /// Where nginx listens.
    pub(crate) port: u16,
    supervisord: Option<Child>,
    nginx: Child,
}

impl Installation {
    /// Installs and starts it all; `None` where something is missing, after saying what.
    pub(crate) fn start() -> Option<Self> {
        let supervisord = peers::command("supervisord")?;
        let mut installation = Self::nginx_alone()?;
        let mut command = Command::new(supervisord);
        command.arg("--nodaemon").arg("-c").arg(installation.folder.join("supervisord.conf")).stdout(Stdio::null());
        installation.supervisord = Some(command.spawn().unwrap());
        installation.wait_until("all four run and nginx answers", || {
            installation.pids().iter().all(Option::is_some) && installation.get("/sum/2/40").contains("= 42")
        });
        Some(installation)
    }

    /// The same without the processes behind nginx.
    pub(crate) fn nginx_alone() -> Option<Self> {
        let nginx = peers::command("nginx")?;
        if !is_root() {
            peers::skip("to be run as root: nginx and supervisord change to the user www-data");
            return None;
        }
        let (folder, port) = (new_folder(), free_ports());
        install(&folder, port);
        let mut command = Command::new(nginx);
        command.arg("-p").arg(format!("{}/", folder.display())).args(["-c", "nginx.conf", "-g", "daemon off;"]);
        let installation = Self { folder, port, supervisord: None, nginx: command.spawn().unwrap() };
        installation.wait_until("nginx listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(installation)
    }

    /// The ports of the four processes.
    pub(crate) fn ports(&self) -> [u16; 4] {
        [1, 2, 3, 4].map(|last| self.port + last)
    }

    /// Calls `supervisorctl`, and gives what it prints.
    pub(crate) fn supervisorctl(&self, arguments: &[&str]) -> String {
        let conf = self.folder.join("supervisord.conf");
        let output = Command::new("supervisorctl").arg("-c").arg(conf).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The process of each program, `None` of one that does not run.
    pub(crate) fn pids(&self) -> Vec<Option<u32>> {
        let status = self.supervisorctl(&["status"]);
        let pid = |program: &&str| {
            let line = status.lines().find(|line| line.contains(*program) && line.contains("RUNNING"))?;
            line.split("pid ").nth(1)?.split(',').next()?.parse().ok()
        };
        PROGRAMS.iter().map(pid).collect()
    }

    /// Waits until a program runs as another process than before.
    pub(crate) fn wait_for_successor(&self, program: usize, before: u32) {
        self.wait_until("the process is replaced", || self.pids()[program].is_some_and(|pid| pid != before));
    }

    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < PATIENCE, "not so after {PATIENCE:?}: {what}\n{}", self.logs());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// A new connection to nginx.
    pub(crate) fn connect(&self) -> TcpStream {
        support::connect(self.port)
    }

    /// Sends `text` through nginx and reads until it closes; nothing where nobody listens.
    pub(crate) fn raw(&self, text: &str) -> String {
        let mut answer = Vec::new();
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            // What came before an error is the answer.
            let _ = stream.read_to_end(&mut answer);
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The whole answer to a GET, head included.
    pub(crate) fn get(&self, path: &str) -> String {
        self.raw(&format!("GET {path} HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n"))
    }

    /// The last lines of every log, for the message of a test that fails.
    pub(crate) fn logs(&self) -> String {
        let mut all = String::new();
        for entry in fs::read_dir(self.folder.join("log")).unwrap().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let last = &lines[lines.len().saturating_sub(15)..];
            all.push_str(&format!("--- {}\n{}\n", entry.path().display(), last.join("\n")));
        }
        all
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let mut children: Vec<&mut Child> = self.supervisord.iter_mut().chain([&mut self.nginx]).collect();
        for child in &children {
            let _ = Command::new("kill").arg(child.id().to_string()).status();
        }
        for child in &mut children {
            let start = Instant::now();
            while let Ok(None) = child.try_wait()
                && start.elapsed() < PATIENCE
            {
                thread::sleep(Duration::from_millis(20));
            }
            // It has ended, or it will not.
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where the files of `deploy/` are.
pub(crate) fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

/// A folder that every user may enter.
pub(crate) fn new_folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("firewhirl-deployment-{}-{number}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// The four processes' ports begin with the same digits and end with 1 to 4, as 8001 to 8004 do; the one
/// that nginx listens on ends with 0.
fn free_ports() -> u16 {
    /// How many tens were looked at: tests that run together share none.
    static LOOKED_AT: AtomicU32 = AtomicU32::new(0);
    let is_free = |port: u16| TcpListener::bind(("0.0.0.0", port)).is_ok();
    let mut tens = std::iter::repeat_with(|| LOOKED_AT.fetch_add(1, Ordering::Relaxed)).take(1000);
    let ten_of = |number: u32| 1200 + ((std::process::id() + number) % 1000) as u16;
    let free = tens.find(|number| (0..=4).all(|last| is_free(ten_of(*number) * 10 + last)));
    ten_of(free.unwrap()) * 10
}

/// The folder that docs/deployment.md describes.
fn install(folder: &Path, port: u16) {
    let digits = (port / 10).to_string();
    let ports = [
        ("listen 80;".to_owned(), format!("listen {port};")),
        ("listen [::]:80;".to_owned(), format!("listen [::]:{port};")),
        ("127.0.0.1:800".to_owned(), format!("127.0.0.1:{digits}")),
        ("--port=800".to_owned(), format!("--port={digits}")),
    ];
    for name in ["nginx.conf", "supervisord.conf"] {
        let text = fs::read_to_string(deploy().join(name)).unwrap();
        let text = ports.iter().fold(text, |text, (from, to)| text.replace(from, to));
        fs::write(folder.join(name), text).unwrap();
    }
    for name in ["log", "run", "static"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    for file in fs::read_dir(deploy().join("static")).unwrap().flatten() {
        fs::copy(file.path(), folder.join("static").join(file.file_name())).unwrap();
    }
    fs::copy(env!("CARGO_BIN_EXE_firewhirl-demo"), folder.join("firewhirl-demo")).unwrap();
}
