//! Tornado's chat demos, unchanged, behind the proxy and in a browser, with one of their routes moved over.
//!
//! They are in Tornado's repository and not in what PyPI has: FIREWHIRL_TORNADO_DEMOS names the folder with
//! `chat` and `websocket` in it.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use firewhirl::prelude::*;

use crate::support::browser::Browser;
use crate::support::{PATIENCE, Program, peers};

/// Runs a demo's file as a program. The one over WebSockets takes `tornado.websocket` for imported, which it
/// is not in Tornado 6.6.1: alone it does not start.
const RUN: &str =
    "import runpy, sys, tornado.websocket; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')";

/// A demo that runs for as long as this lives.
struct Demo {
    child: Child,
    port: u16,
}

impl Demo {
    /// Starts a demo; `None`, and says so, where it is missing.
    fn start(name: &str, arguments: &[&str]) -> Option<Self> {
        let python = peers::python()?;
        let Some(folder) = std::env::var_os("FIREWHIRL_TORNADO_DEMOS").map(PathBuf::from) else {
            eprintln!(
                "skipped: this test wants the folder demos/ of Tornado's repository, named by FIREWHIRL_TORNADO_DEMOS"
            );
            return None;
        };
        let port = firewhirl_testing::bind_unused_port().unwrap().1;
        let child = Command::new(python)
            .args(["-c", RUN])
            .arg(folder.join(name).join("chatdemo.py"))
            .arg(format!("--port={port}"))
            .args(arguments)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let demo = Self { child, port };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "the demo does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Some(demo)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A front on a thread of its own, which answers the demo's style sheet itself; gives its port.
fn front(behind: u16) -> u16 {
    let (port, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let app = async move || {
            Ok(Application::new()
                .get("/static/chat.css", async |cx| {
                    cx.set_header("Content-Type", "text/css")?;
                    cx.write("#body { outline: 7px solid rgb(1, 2, 3) }")
                })
                .fallback(proxy(format!("http://127.0.0.1:{behind}"))))
        };
        let server = HttpServer::new(app).listen(0)?;
        port.send(server.port()).unwrap();
        IoLoop::current().start()
    });
    told.recv().unwrap().unwrap()
}

/// The page of a demo in a browser that finds jQuery where the internet would have it.
fn page(port: u16) -> Option<(Program, Browser)> {
    let jquery = Path::new("/usr/share/javascript/jquery/jquery.min.js");
    if !jquery.exists() {
        peers::skip("the Debian package libjs-jquery");
        return None;
    }
    peers::command("openssl")?;
    let python = PathBuf::from(peers::python()?);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/proxy/jquery.py");
    let mut host = Program::start(&python, &[script, &jquery.to_string_lossy()]);
    let (secure, line) = (host.port, host.line());
    let clear = line.trim_end().trim_start_matches("port ");
    let rule = format!(
        "--host-resolver-rules=MAP ajax.googleapis.com:443 127.0.0.1:{secure}, MAP ajax.googleapis.com:80 127.0.0.1:{clear}"
    );
    let browser = Browser::open(&format!("http://localhost:{port}/"), &[&rule, "--ignore-certificate-errors"])?;
    Some((host, browser))
}

/// Says something as a visitor does, by the page's own form.
fn say(browser: &mut Browser, text: &str) {
    browser.eventually(&format!("(document.querySelector('#message').value = '{text}') == '{text}'"));
    browser.eventually("($('#messageform').trigger('submit'), true)");
    browser.eventually(&format!("document.querySelector('#inbox').textContent.includes('{text}')"));
}

const STYLED: &str = "getComputedStyle(document.querySelector('#body')).outlineColor == 'rgb(1, 2, 3)'";

#[test]
fn the_chat_by_long_polling_runs_behind_the_proxy() {
    let Some(demo) = Demo::start("chat", &["--debug=False"]) else { return };
    let port = front(demo.port);
    let Some((_jquery, mut browser)) = page(port) else { return };
    browser.eventually("typeof $ == 'function' && typeof updater == 'object'");
    browser.eventually(STYLED);
    say(&mut browser, "said behind a proxy");
    // What another visitor says comes by the request that waits for it.
    browser.eventually(
        "(fetch('/a/message/new', {method: 'POST', body: new URLSearchParams({body: 'said by another', _xsrf: getCookie('_xsrf')})}), true)",
    );
    browser.eventually("document.querySelector('#inbox').textContent.includes('said by another')");
    say(&mut browser, "and answered");
    // Without JavaScript the form leads back to the page, by a redirect.
    browser.eventually("($('#messageform').off('submit'), document.querySelector('#message').value = 'without scripts', document.querySelector('#messageform').submit(), true)");
    browser.eventually(
        "typeof updater == 'object' && document.querySelector('#inbox').textContent.includes('without scripts')",
    );
}

#[test]
fn the_chat_over_websockets_runs_behind_the_proxy() {
    let Some(demo) = Demo::start("websocket", &[]) else { return };
    let port = front(demo.port);
    let Some((_jquery, mut browser)) = page(port) else { return };
    browser.eventually("typeof $ == 'function' && updater.socket.readyState == WebSocket.OPEN");
    browser.eventually(STYLED);
    browser.eventually("updater.socket.extensions.includes('permessage-deflate')");
    say(&mut browser, "said over a socket");
    // Another visitor's socket hears it too.
    browser.eventually("(window.other = new WebSocket(updater.socket.url), other.onmessage = event => { window.heard = event.data }, true)");
    browser.eventually("other.readyState == WebSocket.OPEN");
    say(&mut browser, "said to both");
    browser.eventually("window.heard.includes('said to both')");
    browser.eventually("(other.close(), true)");
    browser.eventually("other.readyState == WebSocket.CLOSED");
}
