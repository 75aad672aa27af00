//! The limit of clients: an epoll loop that sends bytes made beforehand and looks for the end of each
//! answer.
//!
//! It looks at every byte of a head once, as any parser has to, and keeps nothing of it but the
//! status. The body it knows beforehand. Nothing that does the work of an HTTP client can be expected
//! to be cheaper, so the other rows are given as multiples of this one.
//!
//! Usage: `peer-client-epoll PORT IN_FLIGHT`, rounds on the input.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};

use load_rounds::{BODY, Failure, arguments, each_round};

const EVENTS_A_WAIT: usize = 1024;
const READ_SIZE: usize = 16 * 1024;

fn main() -> Result<(), Failure> {
    let (port, in_flight) = arguments();
    let mut client = Client::new(port, in_flight)?;
    each_round(|requests| Ok(client.round(requests)?))
}

struct Client {
    epoll: OwnedFd,
    connections: Vec<TcpStream>,
    /// What is sent, each time.
    request: Vec<u8>,
    input: Box<[u8; READ_SIZE]>,
}

impl Client {
    fn new(port: u16, in_flight: usize) -> io::Result<Self> {
        // SAFETY: no memory is passed, and the descriptor is owned from here on by `OwnedFd` alone.
        let epoll = unsafe { OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC))?) };
        let mut connections = Vec::new();
        for index in 0..in_flight {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: index as u64 };
            // SAFETY: `event` outlives the call, which does not keep it.
            check(unsafe { libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, stream.as_raw_fd(), &mut event) })?;
            connections.push(stream);
        }
        let request = format!(
            "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: epoll\r\nAccept-Encoding: gzip\r\n\r\n"
        );
        Ok(Client { epoll, connections, request: request.into_bytes(), input: Box::new([0; READ_SIZE]) })
    }

    fn round(&mut self, requests: usize) -> io::Result<()> {
        let mut unsent = requests;
        let mut unanswered = requests;
        for mut connection in &self.connections[..requests.min(self.connections.len())] {
            connection.write_all(&self.request)?;
            unsent -= 1;
        }
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS_A_WAIT];
        while unanswered > 0 {
            // SAFETY: `events` has room for as many events as are asked for.
            let ready = check(unsafe {
                libc::epoll_wait(self.epoll.as_raw_fd(), events.as_mut_ptr(), EVENTS_A_WAIT as libc::c_int, -1)
            })?;
            for event in &events[..ready as usize] {
                let mut connection = &self.connections[event.u64 as usize];
                let received = connection.read(&mut self.input[..])?;
                if !is_whole_answer(&self.input[..received]) {
                    // The peer that it is used with sends an answer in one piece.
                    return Err(io::Error::other("the server closes, or answers something else"));
                }
                unanswered -= 1;
                if unsent > 0 {
                    unsent -= 1;
                    connection.write_all(&self.request)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether this is an answer with status 200 and the body, and nothing more.
fn is_whole_answer(input: &[u8]) -> bool {
    let Some(head) = head_length(input) else { return false };
    input[9..12] == *b"200" && input[head..] == *BODY
}

/// The bytes up to and including the first empty line, if there is one.
fn head_length(input: &[u8]) -> Option<usize> {
    for (index, &byte) in input.iter().enumerate() {
        if byte == b'\n' && index >= 12 && input[index - 3..index] == *b"\r\n\r" {
            return Some(index + 1);
        }
    }
    None
}

/// What a system call says, as a result.
fn check(returned: libc::c_int) -> io::Result<libc::c_int> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}
