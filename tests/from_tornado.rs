//! docs/from-tornado.md, checked from both sides: every public name of Tornado has a row in it, every
//! name of ours in it exists, and the guide's two handlers answer alike.
//!
//! Tornado's names come from the installed package (FIREWHIRL_PYTHON), which lists them itself in
//! `tornado/test/api.txt` and by `tornado.test.api_test`. Ours are looked for in the sources: what is
//! declared where, and whether the crate hands it out under that path.

#[path = "from_tornado/story.rs"]
mod story;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use firewhirl::prelude::*;
use support::peers;

/// Prints the release, then every public name, special methods aside.
const ENUMERATE: &str = r#"
import os, tornado
from tornado.test import api_test
with open(api_test.SNAPSHOT_PATH, encoding="utf-8") as snapshot:
    modules = api_test.parse_snapshot(snapshot.read())
for module, lines in api_test.describe_api().items():
    modules[module] = modules.get(module, []) + lines
print(tornado.version)
for name in {line.partition(": ")[0] for lines in modules.values() for line in lines}:
    if not name.rpartition(".")[2].startswith("__"):
        print(name)
"#;

/// Serves the guide's application on a port of the system's choice, and prints the port.
const SERVE: &str = r#"
import asyncio, tornado.gen, tornado.httpserver, tornado.netutil, tornado.web

async def main():
    server = tornado.httpserver.HTTPServer(make_app())
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    print(sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"#;

/// The crates whose names the page may give.
const CRATES: &[&str] = &["event", "escape", "tcp", "process", "http", "web", "run", "testing"];

#[test]
fn every_public_name_of_tornado_has_one_row() {
    let Some(python) = peers::python() else { return };
    let output = run(&python, ENUMERATE);
    let mut lines = output.lines();
    assert_eq!(lines.next(), Some("6.6.1"), "the page is about another release than the one installed");
    let public: BTreeSet<String> = lines.map(str::to_owned).collect();
    assert!(public.len() > 1000, "only {} names were found", public.len());

    let mut wrong = Vec::new();
    let mut listed = BTreeSet::new();
    for name in names_of_tornado(&page()) {
        if !public.contains(&name) {
            wrong.push(format!("{name} is no public name of Tornado"));
        }
        if !listed.insert(name.clone()) {
            wrong.push(format!("{name} has two rows"));
        }
    }
    wrong.extend(public.difference(&listed).map(|name| format!("{name} has no row")));
    none(wrong);
}

#[test]
fn every_name_of_firewhirl_exists() {
    let page = page();
    let mut paths = BTreeSet::new();
    for line in page.lines() {
        let coming = row(line).is_some_and(|cells| cells[1].starts_with("comes with"));
        if !coming {
            paths.extend(quoted(line).into_iter().filter_map(path_of_ours));
        }
    }
    assert!(paths.len() > 200, "only {} names of ours were found", paths.len());
    none(paths.iter().filter_map(|path| missing(path)).collect());
}

#[test]
fn a_name_that_is_not_there_is_noticed() {
    #[rustfmt::skip]
    let cases = [
        ("event::IoLoop::call_later",           true),
        ("event::iostream::StreamLimits",       true),
        ("event::StreamError::TooLong",         true),
        ("web::Context::request",               true),
        ("web::Handler::STREAM_REQUEST_BODY",   true),
        ("event::IoLoop::call_sooner",          false),
        ("event::Loop::call_later",             false),
        ("event::streams::StreamLimits",        false),
        ("event::StreamLimits",                 false), // its module hands it out, the crate does not
        ("event::StreamError::TooShort",        false),
        ("tcp::IoLoop::call_later",             false),
        ("web::RequestHandler",                 false),
    ];
    for (path, exists) in cases {
        assert_eq!(missing(path).is_none(), exists, "{path}: {:?}", missing(path));
    }
}

#[test]
fn every_row_has_an_answer() {
    let page = page();
    let rows = page.lines().filter_map(row);
    none(rows.filter(|cells| cells[1].is_empty()).map(|cells| format!("{} has none", cells[0])).collect());
}

#[test]
fn the_guides_handler_is_the_one_that_is_compiled_here() {
    let source = fs::read_to_string(root().join("tests/from_tornado/story.rs")).unwrap();
    let (_, program) = source.split_once("\n\n").unwrap();
    assert_eq!(block(&page(), "rust"), program.replace("pub(crate) ", ""));
}

#[test]
fn the_guides_two_handlers_answer_alike() {
    let Some(python) = peers::python() else { return };
    let theirs = Tornado::serve(&python, &format!("{}\n{SERVE}", block(&page(), "python")));
    let ours = serve_story();
    #[rustfmt::skip]
    let requests = [
        // Method, target, form; status and, where it is the handler's own, the body or the Location.
        ("GET",  "/story/1",        "",                  "200", "A fire whirl, page 1\n"),
        ("GET",  "/story/1?page=7", "",                  "200", "A fire whirl, page 7\n"),
        ("GET",  "/story/2",        "",                  "404", ""),
        ("GET",  "/story/x",        "",                  "404", ""),
        ("POST", "/story/2",        "",                  "400", ""),
        ("POST", "/story/2",        "title=+Dust+devil", "302", "/story/2"),
        ("GET",  "/story/2",        "",                  "200", "Dust devil, page 1\n"),
        ("PUT",  "/story/2",        "",                  "405", ""),
    ];
    for (method, target, form, status, expected) in requests {
        for (side, port) in [("Tornado", theirs.port), ("Firewhirl", ours)] {
            let answer = ask(port, method, target, form);
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert_eq!(head.split(' ').nth(1), Some(status), "{side}, {method} {target}: {answer}");
            match status {
                "200" => assert_eq!(body, expected, "{side}, {method} {target}"),
                "302" => assert!(head.contains(&format!("\r\nLocation: {expected}\r\n")), "{side}: {head}"),
                _ => assert!(body.contains(status), "{side}, {method} {target}: {body}"),
            }
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    fs::read_to_string(root().join("docs/from-tornado.md")).unwrap()
}

/// Fails with all of what was found wrong, a line each.
fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "docs/from-tornado.md:\n  {}", wrong.join("\n  "));
}

/// The first and the second cell of a line that is a row of a table; neither its head nor the line below.
fn row(line: &str) -> Option<[&str; 2]> {
    let mut cells = line.strip_prefix("| ")?.strip_suffix('|')?.split(" | ").map(str::trim);
    Some([cells.next()?, cells.next().unwrap_or_default()])
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The first block of code in a language.
fn block<'page>(page: &'page str, language: &str) -> &'page str {
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// The full names in the first column of the tables whose head says `Tornado`, by the page's own rules:
/// a heading names the module, one below it may name a class, and a name that begins with a dot belongs
/// to the class named before it in its cell, or else in the heading.
fn names_of_tornado(page: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut module, mut heading, mut head) = ("", "", None);
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            (module, heading) = (title, "");
        } else if let Some(title) = line.strip_prefix("### ") {
            heading = title;
        }
        let Some([first, _]) = row(line) else {
            if !line.starts_with('|') {
                head = None;
            }
            continue;
        };
        if head.is_none() {
            head = Some(first);
            continue;
        }
        if head != Some("Tornado") {
            continue;
        }
        let mut class = heading;
        for name in quoted(first) {
            let within = match name.strip_prefix('.') {
                Some(member) => format!("{class}.{member}"),
                None => {
                    class = name.split('.').next().unwrap_or(name);
                    name.to_owned()
                }
            };
            let package = if module == "tornado" { "tornado".to_owned() } else { format!("tornado.{module}") };
            names.push(format!("{package}.{within}"));
        }
    }
    names
}

/// The path of a name of ours, the facade's own name left away; `None` for any other text.
fn path_of_ours(text: &str) -> Option<String> {
    let path = text.strip_prefix("firewhirl::").unwrap_or(text);
    let (first, rest) = path.split_once("::")?;
    let plain = rest.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':');
    (CRATES.contains(&first) && plain).then(|| path.to_owned())
}

/// What is wrong with a path, if anything is.
fn missing(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split("::").collect();
    let folder = root().join("crates").join(parts.remove(0)).join("src");
    // Down through the modules, to the file that has to hand the item out.
    let mut module = folder.join("lib.rs");
    let mut below = folder.clone();
    while parts.len() > 1 && parts[0].starts_with(char::is_lowercase) {
        let name = parts.remove(0);
        let candidates = [below.join(name).join("mod.rs"), below.join(format!("{name}.rs"))];
        let Some(found) = candidates.into_iter().find(|file| file.exists()) else {
            return Some(format!("{path}: there is no module {name}"));
        };
        module = found;
        below = below.join(name);
    }
    let item = parts[0];
    let handed_out = fs::read_to_string(&module).unwrap();
    if !handed_out.lines().any(|line| !line.trim_start().starts_with("//") && has_word(line, item)) {
        return Some(format!("{path}: {} says nothing of {item}", module.display()));
    }
    let sources: Vec<String> = files(&folder).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let declared = match parts[..] {
        [item] => sources.iter().any(|source| source.lines().any(|line| declares(line, item))),
        // A method, a field, a variant: in a file that speaks of its type.
        [owner, member] => {
            let of_owner = sources.iter().filter(|source| has_word(source, owner));
            of_owner.flat_map(|source| source.lines()).any(|line| declares(line, member) || is_variant(line, member))
        }
        _ => false,
    };
    (!declared).then(|| format!("{path} is nowhere declared"))
}

/// Every source file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Whether a line declares a function, a type, a module, a constant or a public field of this name. A
/// method of a trait has no `pub`, so that it is not asked for.
fn declares(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    let keywords = ["fn", "struct", "enum", "trait", "type", "mod", "const", "static", "macro_rules"];
    let mut words =
        line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).filter(|word| !word.is_empty());
    if line.starts_with("//") || line.starts_with("pub(") {
        return false;
    }
    let mut before = "";
    words.any(|word| {
        let declared = word == name && (keywords.contains(&before) || before == "pub");
        before = word;
        declared
    })
}

/// Whether a line is a variant of an enum, of this name.
fn is_variant(line: &str, name: &str) -> bool {
    line.trim_start().strip_prefix(name).is_some_and(|rest| rest.starts_with([',', '(', ':']) || rest.starts_with(" {"))
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).any(|found| found == word)
}

/// Runs a Python program to its end and gives what it printed.
fn run(python: &str, program: &str) -> String {
    let output = Command::new(python).args(["-c", program]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A Python program that serves for as long as this lives.
struct Tornado {
    child: Child,
    port: u16,
}

impl Tornado {
    fn serve(python: &str, program: &str) -> Self {
        // Its log of refused requests is no output of this test.
        let mut command = Command::new(python);
        let mut child = command.args(["-c", program]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| panic!("the guide's Python program does not start"));
        Self { child, port }
    }
}

impl Drop for Tornado {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves the guide's application in a thread, until the test's process ends.
fn serve_story() -> u16 {
    let (told, port) = mpsc::channel();
    thread::spawn(move || {
        let server = HttpServer::new(story::make_app).listen(0).unwrap();
        told.send(server.port().unwrap()).unwrap();
        IoLoop::current().start().unwrap();
    });
    port.recv().unwrap()
}

/// Sends a request and reads until the other side closes.
fn ask(port: u16, method: &str, target: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
    let length = form.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
