//! `firewhirl new`: what it makes is built, tested, run and asked.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

fn firewhirl(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_firewhirl")).args(arguments).current_dir(folder).output().unwrap()
}

/// An empty folder of this test alone.
fn workbench(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("new-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs cargo in a project. What it builds it keeps from run to run, and in nobody's way.
fn cargo(project: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(project);
    command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-projects-target"));
    command.output().unwrap()
}

fn succeeded(output: &Output) -> String {
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{errors}");
    said.into_owned()
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The answer to a GET, once the program listens.
fn get(port: u16, path: &str) -> String {
    let start = Instant::now();
    loop {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "nobody listens on port {port}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_new_project_builds_passes_its_tests_serves_and_lists_its_routes() {
    let bench = workbench("project");
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let said = succeeded(&firewhirl(&bench, &["new", "my-blog", "--firewhirl", checkout.to_str().unwrap()]));
    assert!(said.contains("made my-blog") && said.contains("cd my-blog"), "{said}");
    assert!(said.contains("it is a workspace of its own"), "this folder is in a workspace: {said}");
    let project = bench.join("my-blog");
    // The versions that this workspace was tested with: nothing is asked of a registry.
    fs::copy(checkout.join("Cargo.lock"), project.join("Cargo.lock")).unwrap();

    succeeded(&cargo(&project, &["fmt", "--check"]));
    let said = succeeded(&cargo(&project, &["test", "--offline"]));
    assert!(said.contains("4 passed; 0 failed"), "{said}");

    succeeded(&cargo(&project, &["build", "--offline"]));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-projects-target/debug/my-blog");
    let option = format!("--port={port}");
    let mut running = Command::new(&program);
    running.args([option.as_str(), "--config=config.toml"]).current_dir(&project).stderr(Stdio::piped());
    let mut running = Running(running.spawn().unwrap());
    assert!(get(port, "/").contains("<h1>my-blog</h1>"));
    assert!(get(port, "/hello/you").ends_with("\r\n\r\nHello, you!\n"));
    assert!(get(port, "/nowhere").starts_with("HTTP/1.1 404 "));
    assert!(Command::new("kill").arg(running.0.id().to_string()).status().unwrap().success());
    assert!(running.0.wait().unwrap().success());
    let log: Vec<String> = BufReader::new(running.0.stderr.take().unwrap()).lines().map(Result::unwrap).collect();
    assert!(log.iter().any(|line| line.contains("200 GET /hello/you (127.0.0.1)")), "{log:#?}");

    let mut routes = Command::new(env!("CARGO_BIN_EXE_firewhirl"));
    routes.arg("routes").current_dir(&project);
    routes.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-projects-target"));
    let table = succeeded(&routes.output().unwrap());
    let row = table.lines().find(|line| line.contains("/hello/{name}")).unwrap();
    assert!(row.contains("GET POST") && row.contains("my_blog::greeting::Greeting"), "{table}");
    assert!(row.contains("my_blog::pages::Pages") && row.contains("src/lib.rs:"), "{table}");
}

#[test]
fn a_new_projects_files_have_its_name_and_no_placeholder() {
    let bench = workbench("files");
    succeeded(&firewhirl(&bench, &["new", "my-blog", "--path", "here", "--firewhirl", "0.1"]));
    let mut todo = vec![bench.join("here")];
    let mut files = Vec::new();
    while let Some(folder) = todo.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            assert!(!text.contains("{{") || path.ends_with("nginx.conf"), "{}: {text}", path.display());
            assert!(!text.contains("firewhirl-demo") && !text.contains("Firewhirl demo"), "{}", path.display());
            files.push(path.strip_prefix(&bench).unwrap().display().to_string());
        }
    }
    files.sort();
    let expected = [
        "here/.gitignore",
        "here/Cargo.toml",
        "here/README.md",
        "here/config.toml",
        "here/deploy/Dockerfile",
        "here/deploy/Dockerfile.dockerignore",
        "here/deploy/my-blog.service",
        "here/deploy/my-blog.socket",
        "here/deploy/nginx.conf",
        "here/deploy/static/robots.txt",
        "here/deploy/supervisord.conf",
        "here/src/greeting.rs",
        "here/src/index.html",
        "here/src/lib.rs",
        "here/src/main.rs",
        "here/src/pages.rs",
        "here/tests/service.rs",
    ];
    assert_eq!(files, expected);
    let manifest = fs::read_to_string(bench.join("here/Cargo.toml")).unwrap();
    assert!(manifest.contains("firewhirl = \"0.1\"\n"), "{manifest}");
}

#[test]
fn nothing_of_anybodys_is_written_over() {
    let bench = workbench("taken");
    fs::create_dir_all(bench.join("blog")).unwrap();
    fs::write(bench.join("blog/letter.txt"), "dear reader").unwrap();
    let output = firewhirl(&bench, &["new", "blog"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("blog exists and is not empty: name another folder with --path"), "{said}");
    assert_eq!(fs::read_dir(bench.join("blog")).unwrap().count(), 1);
    // An empty folder is nobody's.
    fs::create_dir(bench.join("empty")).unwrap();
    succeeded(&firewhirl(&bench, &["new", "blog", "--path", "empty"]));
}

#[test]
fn what_cargo_would_refuse_is_refused() {
    let bench = workbench("names");
    for name in ["2blog", "my blog", "async", "test", "deps", "a.b"] {
        let output = firewhirl(&bench, &["new", name]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(&format!("`{name}` cannot be the name of a package: ")), "{said}");
        let by_cargo = cargo(&bench, &["new", "--vcs", "none", "--name", name, "theirs"]);
        assert!(!by_cargo.status.success(), "cargo takes {name}");
    }
    assert_eq!(fs::read_dir(&bench).unwrap().count(), 0);
    let output = firewhirl(&bench, &["new", "blog", "--firewhirl", "/usr"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("`/usr` is no folder with a checkout of Firewhirl"), "{said}");
}
