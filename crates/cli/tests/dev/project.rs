//! A small project in a folder of its own, as somebody would have it, which the tests edit.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program: it says a word, slowly too, and can be made to fail in each way that matters.
const PROGRAM: &str = r##"
use std::time::Duration;
use firewhirl::event::coroutine::sleep;
use firewhirl::prelude::*;
use firewhirl::process::autoreload;

const WORD: &str = "one";

fn at_start() {}

async fn app() -> Result<Application> {
    autoreload::watch_assets("pages");
    autoreload::watch("settings.txt");
    autoreload::add_reload_hook(|| eprintln!("the hook ran"));
    let settings = std::fs::read_to_string("settings.txt").unwrap_or_default();
    Ok(Application::new()
        .debug(true)
        .get("/", async |cx| {
            let asset = std::fs::read_to_string("pages/page.txt").unwrap_or_default();
            cx.write(format!("<!doctype html><html><body><p id=word>{WORD}</p><p id=asset>{asset}</p></body></html>"))
        })
        .get("/word", async |cx| cx.write(WORD))
        .get("/slow", async |cx| {
            cx.write(WORD)?;
            sleep(Duration::from_millis(1500)).await;
            cx.write("!")
        })
        .get("/settings", async move |cx| cx.write(settings.as_str()))
        .get("/pid", async |cx| cx.write(std::process::id().to_string()))
        .get("/arguments", async |cx| cx.write(std::env::args().skip(1).collect::<Vec<_>>().join(" ")))
        .get("/crash", async |_| {
            eprintln!("\x1b[31mout of <cheese>\x1b[0m");
            std::process::exit(7)
        }))
}

fn main() -> Result {
    at_start();
    tracing_subscriber::fmt().with_max_level(LEVEL).with_writer(std::io::stderr).init();
    let port = std::env::args().nth(1).unwrap().parse()?;
    HttpServer::new(app).listen(port)?;
    IoLoop::current().start()
}

const LEVEL: tracing_subscriber::filter::LevelFilter = tracing_subscriber::filter::LevelFilter::OFF;
"##;

/// A project, deleted in the end.
pub(crate) struct Project {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// A port that was free a moment ago.
    pub(crate) port: u16,
}

impl Project {
    /// Makes a project; names are told apart, for all build in one folder.
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, PROGRAM)
    }

    /// Makes a project of this program.
    pub(crate) fn with(name: &str, program: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("firewhirl-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        // The system gives a free one, and not the same again so soon.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let project = Self { name: name.to_owned(), folder, port };
        let facade = workspace().join("crates/firewhirl");
        project.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[features]\nloud = []\n\n\
                 [dependencies]\nfirewhirl = {{ path = {facade:?} }}\n\
                 tracing-subscriber = {{ version = \"0.3\", default-features = false, features = [\"std\", \"fmt\"] }}\n\n\
                 [profile.dev]\ndebug = false\nincremental = false\n\n[workspace]\n"
            ),
        );
        // What is there already need not be looked for.
        fs::copy(workspace().join("Cargo.lock"), project.folder.join("Cargo.lock")).unwrap();
        project.write("src/main.rs", program);
        project
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces a part of the program, as an editor does: a new file is moved over the old one.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let path = self.folder.join("src/main.rs");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "there is no {from:?} to be replaced");
        let new = self.folder.join("src/.main.rs.new");
        fs::write(&new, text.replacen(from, to, 1)).unwrap();
        fs::rename(new, path).unwrap();
    }

    /// Builds it and gives the executable.
    pub(crate) fn build(&self, options: &[&str]) -> PathBuf {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(&self.folder).arg("build").args(options);
        cargo.env("CARGO_TARGET_DIR", target_folder()).env("CARGO_NET_OFFLINE", "true");
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        target_folder().join("debug").join(&self.name)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where all projects of these tests are built, so that what they share is built once.
pub(crate) fn target_folder() -> PathBuf {
    workspace().join("target/dev-tests")
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
