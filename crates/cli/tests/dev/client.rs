//! Clients: one that asks once, and some that ask all the while and count what went wrong.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::session::PATIENCE;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Asks on a connection of its own.
pub(crate) fn ask(port: u16, path: &str, headers: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes())?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    parse(&String::from_utf8_lossy(&text))
}

/// An answer from its text, which has to be whole.
fn parse(text: &str) -> io::Result<Answer> {
    let cut_off = || io::Error::new(io::ErrorKind::UnexpectedEof, format!("the answer is cut off: {text:?}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut_off)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut_off)?;
    if let Some(length) = length(head)
        && length != body.len()
    {
        return Err(cut_off());
    }
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

fn length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok())
}

/// A page as a browser asks for it.
pub(crate) fn page(port: u16) -> io::Result<Answer> {
    ask(port, "/", "Accept: text/html\r\n")
}

/// Asks until the body is this one.
pub(crate) fn wait_for(port: u16, path: &str, body: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = ask(port, path, "");
        if answer.as_ref().is_ok_and(|answer| answer.body == body) {
            return;
        }
        assert!(Instant::now() < end, "{path} never answered {body:?}, but {answer:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The events of a page's script, as they come.
pub(crate) struct EventStream {
    stream: TcpStream,
    text: String,
}

impl EventStream {
    pub(crate) fn open(port: u16) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET /_firewhirl/live-reload HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        Self { stream, text: String::new() }
    }

    /// The next event for which `is` holds.
    pub(crate) fn event(&mut self, is: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        loop {
            while let Some((line, rest)) =
                self.text.split_once("\n\n").map(|(line, rest)| (line.to_owned(), rest.to_owned()))
            {
                self.text = rest;
                // Before it stands the length of the chunk.
                if let Some(place) = line.find("data: ") {
                    let event = serde_json::from_str(&line[place + 6..]).unwrap();
                    if is(&event) {
                        return event;
                    }
                }
            }
            let mut buffer = [0; 65536];
            let read = self.stream.read(&mut buffer).unwrap();
            assert_ne!(read, 0, "the stream ended without the event");
            self.text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    }
}

/// Clients that ask all the while: some on a new connection each time, one on a connection that it keeps, and
/// some that are answered slowly.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    wrong: Arc<Mutex<Vec<String>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn begin(port: u16) -> Self {
        let mut load = Self { stop: Arc::default(), asked: Arc::default(), wrong: Arc::default(), threads: Vec::new() };
        for number in 0..3 {
            let (stop, asked, wrong) = (load.stop.clone(), load.asked.clone(), load.wrong.clone());
            load.threads.push(thread::spawn(move || {
                let mut kept = None;
                while !stop.load(Ordering::Relaxed) {
                    let answered =
                        if number == 0 { ask_on(&mut kept, port) } else { ask(port, "/word", "").map(drop_status) };
                    match answered {
                        Ok(200) => {}
                        other => wrong.lock().unwrap().push(format!("client {number}: {other:?}")),
                    }
                    asked.fetch_add(1, Ordering::Relaxed);
                    // The compiler needs the processor too.
                    thread::sleep(Duration::from_millis(2));
                }
            }));
        }
        let (stop, asked, wrong) = (load.stop.clone(), load.asked.clone(), load.wrong.clone());
        load.threads.push(thread::spawn(move || ask_slowly(port, &stop, &asked, &wrong)));
        load
    }

    /// Ends it, and fails if any request failed.
    pub(crate) fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        let wrong = self.wrong.lock().unwrap();
        let asked = self.asked.load(Ordering::Relaxed);
        assert!(wrong.is_empty(), "of {asked} requests {} failed: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
        assert!(asked > 0);
        asked
    }
}

/// Begins a slow request again and again, so that some are in progress whenever the program is replaced.
fn ask_slowly(port: u16, stop: &AtomicBool, asked: &AtomicUsize, wrong: &Mutex<Vec<String>>) {
    let mut asking = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        asking.push(thread::spawn(move || ask(port, "/slow", "")));
        thread::sleep(Duration::from_millis(200));
    }
    for answer in asking.into_iter().map(|asking| asking.join().unwrap()) {
        asked.fetch_add(1, Ordering::Relaxed);
        if !answer.as_ref().is_ok_and(|answer| answer.status == 200 && answer.body.ends_with('!')) {
            wrong.lock().unwrap().push(format!("slow client: {answer:?}"));
        }
    }
}

fn drop_status(answer: Answer) -> u16 {
    answer.status
}

/// Asks on the connection that is kept, until the server says that it closes it.
fn ask_on(kept: &mut Option<TcpStream>, port: u16) -> io::Result<u16> {
    let mut stream = match kept.take() {
        Some(stream) => stream,
        None => TcpStream::connect(("127.0.0.1", port))?,
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /word HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let so_far = String::from_utf8_lossy(&text);
        if let Some((head, body)) = so_far.split_once("\r\n\r\n")
            && length(head) == Some(body.len())
        {
            let answer = parse(&so_far)?;
            if !answer.head.to_ascii_lowercase().contains("connection: close") {
                *kept = Some(stream);
            }
            return Ok(answer.status);
        }
        match stream.read(&mut buffer)? {
            0 => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("cut off after {so_far:?}"))),
            read => text.extend_from_slice(&buffer[..read]),
        }
    }
}
