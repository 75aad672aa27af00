//! A supervisor with its processes, as a test drives it: over its port, by signals and by its log.

#![allow(dead_code, reason = "each test target uses its part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::support::{PATIENCE, local, program_path};

/// A supervisor that runs until this is dropped.
pub(crate) struct Supervised {
    pub(crate) parent: Child,
    pub(crate) port: u16,
    log: Arc<Mutex<String>>,
}

impl Supervised {
    /// Starts a program that supervises itself.
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut parent = {
            let _alone = no_other_fork();
            command.spawn().unwrap()
        };
        let mut stdout = BufReader::new(parent.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let port = line.trim().rsplit(' ').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        // What the children print goes the same way, and must not fill the pipe.
        thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let log = Arc::<Mutex<String>>::default();
        let (lines, stderr) = (log.clone(), BufReader::new(parent.stderr.take().unwrap()));
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                *lines.lock().unwrap() += &(line + "\n");
            }
        });
        Self { parent, port, log }
    }

    /// Of our own program, which listens on a free port.
    pub(crate) fn fork(count: usize, options: &[&str]) -> Self {
        Self::start(&program_path(), &[&["fork", &count.to_string(), "0"], options].concat())
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log has so many lines with this text.
    pub(crate) fn wait_for_log(&self, text: &str, times: usize) {
        let found = || self.log().matches(text).count() >= times;
        wait_until(&format!("{text:?} {times} times in the log"), found, || self.log());
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.parent.id(), name);
    }

    pub(crate) fn get(&self, path: &str) -> std::io::Result<String> {
        get(self.port, path)
    }

    /// The processes that answer now, by task.
    pub(crate) fn processes(&self, count: usize) -> Vec<Answered> {
        let mut seen: Vec<Answered> = Vec::new();
        let all = || {
            // Connections that are open at the same time go to several processes.
            let asked: Vec<_> = (0..4 * count).map(|_| ask(self.port, "/slow/30")).collect();
            for stream in asked {
                let Ok(answer) = stream.and_then(read_answer) else { continue };
                let answered = Answered::parse(&answer);
                seen.retain(|other| other.task != answered.task);
                seen.push(answered);
            }
            seen.len() == count
        };
        wait_until(&format!("answers of {count} tasks"), all, || self.log());
        seen.sort_by_key(|answered| answered.task);
        seen
    }

    /// Waits for the parent's end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let log = self.log.clone();
        let mut status = None;
        let ended = || {
            status = self.parent.try_wait().unwrap();
            status.is_some()
        };
        wait_until("the parent's end", ended, || log.lock().unwrap().clone());
        status.unwrap()
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the log:\n{}", self.log());
        }
        // It may have ended already. Its children end by themselves.
        let _ = self.parent.kill();
        let _ = self.parent.wait();
    }
}

/// Has this test alone start processes, or write a program: a process that another test starts meanwhile
/// would for a moment hold the program open to be written, which then cannot be run ("text file busy").
pub(crate) fn no_other_fork() -> MutexGuard<'static, ()> {
    static FORKS: Mutex<()> = Mutex::new(());
    FORKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) process: u32,
    pub(crate) task: usize,
    pub(crate) version: String,
}

impl Answered {
    pub(crate) fn parse(answer: &str) -> Self {
        let words: Vec<&str> = answer.split(' ').collect();
        let [process, task, version] = words[..] else { panic!("{answer:?}") };
        Self { process: process.parse().unwrap(), task: task.parse().unwrap(), version: version.to_owned() }
    }
}

pub(crate) fn signal(process: u32, name: &str) {
    let _alone = no_other_fork();
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status().unwrap();
    assert!(sent.success(), "SIG{name} to {process}");
}

/// Whether there is such a process that has not ended.
pub(crate) fn is_alive(process: u32) -> bool {
    state_of(process).is_some_and(|state| state != 'Z')
}

/// What a process does, in the letters of proc(5): `T` is put to sleep, `Z` has ended.
pub(crate) fn state_of(process: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool, log: impl Fn() -> String) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}; the log:\n{}", log());
        thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn ask(port: u16, path: &str) -> std::io::Result<TcpStream> {
    send(TcpStream::connect_timeout(&local(port), PATIENCE)?, path, "close")
}

fn send(mut stream: TcpStream, path: &str, connection: &str) -> std::io::Result<TcpStream> {
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n")?;
    Ok(stream)
}

/// Reads an answer with a length, and gives the connection back if it is kept.
fn read_kept_answer(stream: TcpStream) -> std::io::Result<Option<TcpStream>> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut is_kept) = (None, true);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::Error::other("the connection ended without an answer"));
        }
        match line.trim_end().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", text)) => length = text.parse().ok(),
            Some(("connection", "close")) => is_kept = false,
            _ if line == "\r\n" => break,
            _ => {}
        }
    }
    let length: usize = length.ok_or_else(|| std::io::Error::other("an answer without a length"))?;
    reader.read_exact(&mut vec![0; length])?;
    Ok(is_kept.then(|| reader.into_inner()))
}

pub(crate) fn read_answer(mut stream: TcpStream) -> std::io::Result<String> {
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
        _ => Err(std::io::Error::other(format!("{answer:?} is no whole answer"))),
    }
}

pub(crate) fn get(port: u16, path: &str) -> std::io::Result<String> {
    read_answer(ask(port, path)?)
}

impl Served {
    fn ask_once(&mut self, stream: TcpStream) {
        match send(stream, "/slow/3", "close").and_then(read_answer) {
            Err(error) => self.lost.push(error.to_string()),
            Ok(_) => self.answered += 1,
        }
    }

    /// Asks again and again on one connection, until an answer says that it was the last.
    fn ask_while_kept(&mut self, stream: TcpStream, over: &AtomicBool) {
        let mut kept = Some(stream);
        while let Some(stream) = kept.take()
            && !over.load(Ordering::Relaxed)
        {
            match send(stream, "/slow/3", "keep-alive").and_then(read_kept_answer) {
                Err(error) => self.lost.push(error.to_string()),
                Ok(stream) => {
                    self.answered += 1;
                    kept = stream;
                }
            }
        }
    }
}

/// Clients that send one request after the other: half of them each on a connection of its own, half of
/// them on one connection until the server says that it closes it.
pub(crate) struct Load {
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Served>>,
}

/// What became of the requests of a load.
#[derive(Debug, Default)]
pub(crate) struct Served {
    pub(crate) answered: usize,
    /// Connections that the system refused.
    pub(crate) refused: Vec<String>,
    /// Requests that were sent and not answered.
    pub(crate) lost: Vec<String>,
}

impl Load {
    pub(crate) const CLIENTS: usize = 8;

    pub(crate) fn on(port: u16) -> Self {
        let over = Arc::<AtomicBool>::default();
        let client = |number| {
            let over = over.clone();
            thread::spawn(move || {
                let mut served = Served::default();
                while !over.load(Ordering::Relaxed) {
                    match TcpStream::connect_timeout(&local(port), PATIENCE) {
                        Err(error) => served.refused.push(error.to_string()),
                        Ok(stream) if number % 2 == 0 => served.ask_once(stream),
                        Ok(stream) => served.ask_while_kept(stream, &over),
                    }
                }
                served
            })
        };
        let clients = (0..Self::CLIENTS).map(client).collect();
        Self { over, clients }
    }

    pub(crate) fn end(self) -> Served {
        self.over.store(true, Ordering::Relaxed);
        let mut sum = Served::default();
        for client in self.clients {
            let served = client.join().unwrap();
            sum.answered += served.answered;
            sum.refused.extend(served.refused);
            sum.lost.extend(served.lost);
        }
        sum
    }
}
