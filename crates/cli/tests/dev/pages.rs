//! Which answers get the script that loads a page again, and that nothing else changes about them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use crate::client::{ask, wait_for};
use crate::project::Project;

const PROGRAM: &str = r##"
use firewhirl::prelude::*;

async fn app() -> Result<Application> {
    Ok(Application::new()
        .debug(true)
        .get("/page", async |cx| cx.write("<html><body>page</body></html>"))
        .get("/fragment", async |cx| cx.write("Hello, world"))
        .get("/json", async |cx| cx.write_json(&["</body>"]))
        .get("/packed", async |cx| {
            cx.set_header("Content-Encoding", "br")?;
            cx.write("<body></body>")
        })
        .get("/declared", async |cx| {
            cx.set_header("Content-Length", 19)?;
            cx.write("<body>page</body>\r\n")
        })
        .get("/tagged", async |cx| {
            cx.set_etag("mine")?;
            cx.write("<body>page</body>")
        })
        .get("/flushed", async |cx| {
            cx.write("<body>")?;
            cx.flush().await?;
            cx.write("page</body>")
        })
        .get("/none", async |cx| {
            cx.set_status(204);
            Ok(())
        })
        .get("/moved", async |cx| cx.redirect("/page"))
        .get("/kept-out", async |cx| {
            cx.set_header("Content-Security-Policy", "default-src 'self'")?;
            cx.write("<body>page</body>")
        }))
}

fn main() -> Result {
    let port = std::env::args().nth(1).unwrap().parse()?;
    HttpServer::new(app).listen(port)?;
    IoLoop::current().start()
}
"##;

/// How a browser asks for a page on this machine, how its scripts ask, and a program.
const PAGE: &str = "Accept: text/html,*/*;q=0.8\r\nSec-Fetch-Dest: document\r\n";
const PAGE_OF_ELSEWHERE: &str = "Accept: text/html,*/*;q=0.8\r\n";
const SCRIPT: &str = "Accept: text/html\r\nSec-Fetch-Dest: empty\r\n";
const PROGRAM_ASKS: &str = "Accept: */*\r\n";

#[test]
fn complete_pages_that_are_navigated_to_get_the_script_and_nothing_else_does() {
    let project = Project::with("dev-pages", PROGRAM);
    let mut child =
        Command::new(project.build(&[])).current_dir(&project.folder).arg(project.port.to_string()).spawn().unwrap();
    wait_for(project.port, "/fragment", "Hello, world");
    #[rustfmt::skip]
    let cases = [
        ("a page",                           "/page",     PAGE,              Some("<html><body>page|</body></html>")),
        ("over plain HTTP from elsewhere",   "/page",     PAGE_OF_ELSEWHERE, Some("<html><body>page|</body></html>")),
        ("without a body element",           "/fragment", PAGE,              Some("Hello, world|")),
        ("a length that was declared",       "/declared", PAGE,              Some("<body>page|</body>\r\n")),
        ("a policy for its content",         "/kept-out", PAGE,              Some("<body>page|</body>")),
        ("its own tag",                      "/tagged",   PAGE,              Some("<body>page|</body>")),
        ("for a script",                     "/page",     SCRIPT,            None),
        ("for a program",                    "/page",     PROGRAM_ASKS,      None),
        ("JSON",                             "/json",     PAGE,              None),
        ("packed",                           "/packed",   PAGE,              None),
        ("flushed",                          "/flushed",  PAGE,              None),
        ("no content",                       "/none",     PAGE,              None),
        ("a redirection",                    "/moved",    PAGE,              None),
    ];
    for (shows, path, headers, expected) in cases {
        // The client fails where the length is another one.
        let answer = ask(project.port, path, headers).unwrap();
        let Some((before, after)) = expected.map(|expected| expected.split_once('|').unwrap()) else {
            assert!(!answer.body.contains("live-reload"), "{shows}: {}", answer.body);
            assert!(!answer.head.contains("no-store"), "{shows}: {}", answer.head);
            continue;
        };
        let script = answer.body.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let script = script.unwrap_or_else(|| panic!("{shows}: {}", answer.body));
        assert!(script.starts_with("<script src=\"/_firewhirl/live-reload.js?v="), "{shows}: {script}");
        assert!(script.ends_with("\"></script>") && script.matches("<script").count() == 1, "{shows}: {script}");
        assert!(answer.head.contains("Cache-Control: no-store"), "{shows}: {}", answer.head);
        assert!(!answer.head.contains("\"mine\""), "{shows}: {}", answer.head);
    }

    let head = raw(project.port, &format!("HEAD /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{PAGE}\r\n"));
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    let script = ask(project.port, "/_firewhirl/live-reload.js?v=1", "").unwrap();
    assert!(script.head.contains("text/javascript") && script.body.contains("EventSource"));
    assert_eq!(ask(project.port, "/_firewhirl/else", "").unwrap().status, 404);
    let posted = raw(
        project.port,
        "POST /_firewhirl/live-reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    );
    assert!(posted.starts_with("HTTP/1.1 404"), "{posted}");
    child.kill().unwrap();
    child.wait().unwrap();
}

fn raw(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(crate::session::PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
