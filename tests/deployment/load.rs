//! People who use the site while something is done to it, and what became of their requests.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::installation::Installation;
use super::support::PATIENCE;

/// What each of the clients does, over and over; several clients do each.
const HABITS: [Habit; 4] = [
    Habit { method: "GET", keeps_its_connection: true },
    Habit { method: "GET", keeps_its_connection: false },
    Habit { method: "POST", keeps_its_connection: true },
    Habit { method: "POST", keeps_its_connection: false },
];

/// Clients of each habit.
const CLIENTS: usize = 3;

#[derive(Clone, Copy, Debug)]
struct Habit {
    method: &'static str,
    keeps_its_connection: bool,
}

/// What became of all requests.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) answered: usize,
    pub(crate) failed_gets: Vec<String>,
    pub(crate) failed_posts: Vec<String>,
}

impl Outcome {
    /// That no request failed, and that there were some.
    pub(crate) fn assert_none_failed(&self, installation: &Installation) {
        let failed = (&self.failed_gets, &self.failed_posts);
        assert_eq!(failed, (&vec![], &vec![]), "{}", installation.logs());
        assert!(self.answered > 100, "only {} requests were made", self.answered);
    }
}

/// Has the site used while `during` runs, and a moment before and after.
pub(crate) fn under_load(installation: &Installation, during: impl FnOnce()) -> Outcome {
    let (over, outcome) = (AtomicBool::new(false), Mutex::new(Outcome::default()));
    thread::scope(|scope| {
        for client in 0..HABITS.len() * CLIENTS {
            let (habit, over, outcome) = (HABITS[client % HABITS.len()], &over, &outcome);
            scope.spawn(move || use_the_site(installation, habit, over, outcome));
        }
        // However `during` ends, the clients do too.
        let _end = SetOnDrop(&over);
        thread::sleep(Duration::from_millis(500));
        during();
        thread::sleep(Duration::from_millis(500));
    });
    outcome.into_inner().unwrap()
}

/// Sets a flag when a scope ends, be it by a panic.
pub(crate) struct SetOnDrop<'flag>(pub(crate) &'flag AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn use_the_site(installation: &Installation, habit: Habit, over: &AtomicBool, outcome: &Mutex<Outcome>) {
    let mut connection = None;
    while !over.load(Ordering::Relaxed) {
        let mut stream = match connection.take() {
            Some(stream) => stream,
            None => BufReader::new(installation.connect()),
        };
        let result = ask(&mut stream, habit.method);
        let mut outcome = outcome.lock().unwrap();
        match result {
            Ok(goes_on) => {
                outcome.answered += 1;
                connection = (goes_on && habit.keeps_its_connection).then_some(stream);
            }
            Err(problem) if habit.method == "GET" => outcome.failed_gets.push(problem.to_string()),
            Err(problem) => outcome.failed_posts.push(problem.to_string()),
        }
    }
}

/// One request and its answer; gives whether the connection goes on.
fn ask(stream: &mut BufReader<TcpStream>, method: &str) -> Result<bool, Error> {
    let (request, status, expected) = match method {
        "GET" => ("GET /sum/2/40 HTTP/1.1\r\nHost: www.example.com\r\n\r\n", 200, "2 + 40 = 42"),
        _ => (
            "POST /upload HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 3\r\n\r\nabc",
            200,
            "3 bytes, checksum e71fa2190541574b\n",
        ),
    };
    stream.get_mut().write_all(request.as_bytes())?;
    let answer = Answer::read(stream)?;
    if answer.status != status || answer.body != expected.as_bytes() {
        return Err(Error::other(format!("{}: {}", answer.head, String::from_utf8_lossy(&answer.body))));
    }
    Ok(answer.goes_on)
}

/// An answer with a length.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
    goes_on: bool,
}

impl Answer {
    fn read(stream: &mut BufReader<TcpStream>) -> Result<Self, Error> {
        stream.get_ref().set_read_timeout(Some(PATIENCE))?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Err(Error::new(ErrorKind::UnexpectedEof, format!("closed after {head:?}")));
            }
        }
        let field = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let length = field("Content-Length").and_then(|length| length.parse().ok());
        let length: usize = length.ok_or_else(|| Error::other(format!("no length: {head}")))?;
        let goes_on = field("Connection") != Some("close");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        Ok(Self { status, head, body, goes_on })
    }
}
