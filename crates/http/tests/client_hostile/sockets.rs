//! The sockets of this machine, as the kernel lists them: what a client holds, whatever it believes to hold.

use std::fs;
use std::time::Duration;

use firewhirl_event::coroutine::sleep;

/// The open sockets whose peer is this port of the loopback, once they are as many as `expected`, or after a time in
/// which they should have been.
pub(crate) async fn sockets_to(port: u16, expected: usize) -> usize {
    for _ in 0..2000 {
        if open_sockets_to(port) == expected {
            break;
        }
        sleep(Duration::from_millis(2)).await;
    }
    open_sockets_to(port)
}

fn open_sockets_to(port: u16) -> usize {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().skip(1).filter(|line| is_open_to(line, port)).count()
}

/// A line has the two addresses as `0100007F:1F90` behind its number, and the socket's inode in its tenth column: 0
/// of a connection that no process holds any more.
fn is_open_to(line: &str, port: u16) -> bool {
    let columns: Vec<&str> = line.split_whitespace().collect();
    columns[2].ends_with(&format!(":{port:04X}")) && columns[9] != "0"
}
