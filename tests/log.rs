//! The log of a service under load, its file moved away again and again as `logrotate` does it.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use support::{Program, built, signal};

const CLIENTS: usize = 4;
const REQUESTS: usize = 150;

/// A folder of the test's own, gone with it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_file_moved_under_load_loses_no_line() {
    let folder = Folder(std::env::temp_dir().join(format!("firewhirl-hangup-{}", std::process::id())));
    fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("site.log");
    let prefix = format!("--log-file-prefix={}", path.display());
    let program = Program::start(&built("examples", "log"), &["--port=0", "--log-request-id", &prefix]);

    let is_done = AtomicBool::new(false);
    let (program, done) = (&program, &is_done);
    let moved = thread::scope(|scope| {
        let mover = scope.spawn(|| {
            let mut moved = 0;
            while !done.load(SeqCst) {
                // The program has opened the new file once it is there.
                if path.exists() {
                    fs::rename(&path, folder.0.join(format!("site.log.moved{moved}"))).unwrap();
                    signal(program.child.id(), "HUP");
                    moved += 1;
                }
                thread::sleep(Duration::from_millis(5));
            }
            moved
        });
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || ask(program, client))).collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        done.store(true, SeqCst);
        mover.join().unwrap()
    });
    assert!(moved > 1, "moved {moved} times");

    // The handler's line and the access line of each request.
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in fs::read_dir(&folder.0).unwrap() {
        for line in fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            let (start, id) = line.rsplit_once(" request_id=").unwrap_or_else(|| panic!("torn: {line:?}"));
            lines.entry(id.to_owned()).or_default().push(start.to_owned());
        }
    }
    assert_eq!(lines.len(), CLIENTS * REQUESTS);
    for (id, lines) in &lines {
        assert_eq!(lines.len(), 2, "{id}: {lines:?}");
        assert!(lines.iter().any(|line| line.ends_with("] cooking dish=x")), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("] 200 GET /order/x (127.0.0.1) ")), "{lines:?}");
    }
}

fn ask(program: &Program, client: usize) {
    for number in 0..REQUESTS {
        let id = format!("{client}-{number}");
        let answer = program
            .raw(&format!("GET /order/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: {id}\r\n\r\n"));
        assert!(answer.contains(&format!("\r\nX-Request-Id: {id}\r\n")), "{answer}");
    }
}
