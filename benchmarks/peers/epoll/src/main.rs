//! The limit: an epoll loop that looks for the end of each request and answers bytes made beforehand.
//!
//! It looks at every byte of a head once, as any parser has to, and keeps nothing of it but the
//! target's first letter and, for a POST, the length of the body. Everything in an answer, the date
//! too, is a constant. Nothing that does the work of an HTTP server can be expected to be cheaper,
//! so the other rows are given as multiples of this one.
//!
//! Level-triggered, one read an event; all answers to what one read has brought leave in one write.
//! One read buffer serves all connections: a connection owns memory only while a request or an
//! answer is stuck halfway.
//!
//! Usage: `peer-epoll PORT`

use std::{
    io::{self, ErrorKind, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
};

const PLAINTEXT: &[u8] = b"HTTP/1.1 200 OK\r\nServer: epoll\r\n\
    Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain\r\n\
    Content-Length: 13\r\n\r\nHello, World!";
const JSON: &[u8] = b"HTTP/1.1 200 OK\r\nServer: epoll\r\n\
    Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: application/json\r\n\
    Content-Length: 27\r\n\r\n{\"message\":\"Hello, World!\"}";
const ECHO: &[u8] = b"HTTP/1.1 200 OK\r\nServer: epoll\r\n\
    Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: application/octet-stream\r\n\
    Content-Length: ";
/// The head of the answer to `/large`; the body follows.
const LARGE: &[u8] = b"HTTP/1.1 200 OK\r\nServer: epoll\r\n\
    Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: application/octet-stream\r\n\
    Content-Length: 65536\r\n\r\n";
const LARGE_BODY: &[u8] = &[b'x'; 64 * 1024];
const CONTENT_LENGTH: &[u8] = b"content-length:";

const EVENTS_A_WAIT: usize = 1024;
const READ_SIZE: usize = 64 * 1024;

fn main() -> io::Result<()> {
    let port: u16 = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .ok_or_else(|| io::Error::other("usage: peer-epoll PORT"))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    // The standard library asks for a backlog of 128; 10,000 clients want more.
    // SAFETY: plain system calls on a descriptor that lives as long as `listener`.
    check(unsafe { libc::listen(listener.as_raw_fd(), 4096) })?;
    Loop::new(listener)?.run()
}

struct Loop {
    epoll: OwnedFd,
    listener: TcpListener,
    /// By descriptor.
    connections: Vec<Option<Connection>>,
    /// What is being read or was left over from the read before, of one connection at a time.
    input: Vec<u8>,
    /// The answers to it.
    output: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// The start of a request whose rest has not arrived.
    unfinished: Vec<u8>,
    /// Answers that the socket had no room for.
    unsent: Vec<u8>,
}

impl Loop {
    fn new(listener: TcpListener) -> io::Result<Self> {
        // SAFETY: no memory is passed, and the descriptor is owned from here on by `OwnedFd` alone.
        let epoll = unsafe { OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC))?) };
        let this = Loop {
            epoll,
            listener,
            connections: Vec::new(),
            input: Vec::with_capacity(READ_SIZE),
            output: Vec::with_capacity(READ_SIZE),
        };
        this.control(libc::EPOLL_CTL_ADD, this.listener.as_raw_fd(), libc::EPOLLIN)?;
        Ok(this)
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS_A_WAIT];
        loop {
            // SAFETY: `events` has room for as many events as are asked for.
            let ready = check(unsafe {
                libc::epoll_wait(self.epoll.as_raw_fd(), events.as_mut_ptr(), EVENTS_A_WAIT as libc::c_int, -1)
            });
            let ready = match ready {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                ready => ready?,
            };
            for event in &events[..ready as usize] {
                let descriptor = event.u64 as RawFd;
                if descriptor == self.listener.as_raw_fd() {
                    self.accept()?;
                } else if self.serve(descriptor).is_err() {
                    // Closing the descriptor takes it out of the epoll set.
                    self.connections[descriptor as usize] = None;
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let descriptor = stream.as_raw_fd();
            self.control(libc::EPOLL_CTL_ADD, descriptor, libc::EPOLLIN)?;
            let index = descriptor as usize;
            if self.connections.len() <= index {
                self.connections.resize_with(index + 1, || None);
            }
            self.connections[index] = Some(Connection { stream, unfinished: Vec::new(), unsent: Vec::new() });
        }
    }

    fn serve(&mut self, descriptor: RawFd) -> io::Result<()> {
        let Some(connection) = &mut self.connections[descriptor as usize] else { return Ok(()) };
        if !connection.unsent.is_empty() {
            let sent = send(&mut connection.stream, &connection.unsent)?;
            connection.unsent.drain(..sent);
            if !connection.unsent.is_empty() {
                return Ok(());
            }
            connection.unsent = Vec::new();
            self.control(libc::EPOLL_CTL_MOD, descriptor, libc::EPOLLIN)?;
            return Ok(());
        }

        let kept = connection.unfinished.len();
        self.input.clear();
        self.input.append(&mut connection.unfinished);
        self.input.reserve(READ_SIZE);
        // SAFETY: a read fills the first `received` bytes of the spare capacity, and only those
        // become part of the vector; a `u8` needs no initialising to be written to by the kernel.
        let received = unsafe {
            let received =
                libc::read(descriptor, self.input.as_mut_ptr().add(kept).cast(), self.input.capacity() - kept);
            self.input.set_len(kept + received.max(0) as usize);
            received
        };
        match received {
            0 => return Err(ErrorKind::ConnectionReset.into()),
            1.. => {}
            _ => {
                let error = io::Error::last_os_error();
                return if error.kind() == ErrorKind::WouldBlock { Ok(()) } else { Err(error) };
            }
        }

        self.output.clear();
        let answered = answer(&self.input, &mut self.output);
        if answered < self.input.len() {
            connection.unfinished = self.input[answered..].to_vec();
        }
        let sent = send(&mut connection.stream, &self.output)?;
        if sent < self.output.len() {
            connection.unsent = self.output[sent..].to_vec();
            self.control(libc::EPOLL_CTL_MOD, descriptor, libc::EPOLLOUT)?;
        }
        Ok(())
    }

    fn control(&self, operation: libc::c_int, descriptor: RawFd, events: libc::c_int) -> io::Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: descriptor as u64 };
        // SAFETY: `event` outlives the call, which does not keep it.
        check(unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), operation, descriptor, &mut event) })?;
        Ok(())
    }
}

/// Answers every whole request at the start of `input`; returns how many bytes they take.
fn answer(input: &[u8], output: &mut Vec<u8>) -> usize {
    let mut answered = 0;
    while let Some(head_length) = head_length(&input[answered..]) {
        let (head, rest) = input[answered..].split_at(head_length);
        let mut body_length = 0;
        match (head[0], head.get(5)) {
            (b'P', _) => {
                body_length = content_length(head);
                let Some(body) = rest.get(..body_length) else { break };
                output.extend_from_slice(ECHO);
                output.extend_from_slice(body_length.to_string().as_bytes());
                output.extend_from_slice(b"\r\n\r\n");
                output.extend_from_slice(body);
            }
            (_, Some(b'j')) => output.extend_from_slice(JSON),
            (_, Some(b'l')) => {
                output.extend_from_slice(LARGE);
                output.extend_from_slice(LARGE_BODY);
            }
            _ => output.extend_from_slice(PLAINTEXT),
        }
        answered += head_length + body_length;
    }
    answered
}

/// The bytes up to and including the first empty line, if there is one.
fn head_length(input: &[u8]) -> Option<usize> {
    for (index, &byte) in input.iter().enumerate() {
        if byte == b'\n' && index >= 3 && input[index - 3..index] == *b"\r\n\r" {
            return Some(index + 1);
        }
    }
    None
}

/// What the head says about the length of its body; 0 if nothing that can be read.
fn content_length(head: &[u8]) -> usize {
    head.split(|&byte| byte == b'\n')
        .filter_map(|line| line.split_at_checked(CONTENT_LENGTH.len()))
        .find(|(name, _)| name.eq_ignore_ascii_case(CONTENT_LENGTH))
        .and_then(|(_, value)| std::str::from_utf8(value).ok()?.trim().parse().ok())
        .unwrap_or(0)
}

/// Writes once; returns how much the socket took.
fn send(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.write(bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        sent => sent,
    }
}

/// What a system call says, as a result.
fn check(returned: libc::c_int) -> io::Result<libc::c_int> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}
