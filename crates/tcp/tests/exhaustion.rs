//! A server that runs out of file descriptors: a process of its own with few of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use firewhirl_event::{IoLoop, IoStream};
use firewhirl_tcp::{BindOptions, TcpServer};

/// Set for the process that is to be the server.
const SERVER: &str = "FIREWHIRL_TEST_EXHAUSTED_SERVER";
const DESCRIPTORS: usize = 40;
const CLIENTS: usize = 60;

/// Answers each line with how often the system was exhausted, until its standard input ends.
fn serve() {
    let gate = std::rc::Rc::new(std::cell::OnceCell::<firewhirl_tcp::Gate>::new());
    let counted = gate.clone();
    let server = TcpServer::new(async move |mut stream: IoStream, _peer| {
        loop {
            stream.read_until(b"\n").await?;
            let times = counted.get().map_or(0, |gate| gate.counts().times_exhausted);
            stream.write(format!("{times}\n"));
        }
    })
    .listen_with(0, &BindOptions::default().address("127.0.0.1"))
    .unwrap();
    gate.set(server.gate().clone()).unwrap();
    println!("listening on {}", server.port().unwrap());
    let remote = IoLoop::current().remote();
    std::thread::spawn(move || {
        std::io::stdin().read_line(&mut String::new()).unwrap();
        remote.stop();
    });
    IoLoop::current().start().unwrap();
}

/// Starts this test once more, as the server, with few descriptors.
fn start_server() -> (Server, u16) {
    let script = format!("ulimit -n {DESCRIPTORS}; exec \"$0\" \"$@\"");
    let mut server = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "a_server_out_of_descriptors_goes_on_when_some_are_free", "--nocapture"])
        .env(SERVER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(server.stdout.take().unwrap());
    let port = output
        .by_ref()
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.split("listening on ").nth(1)?.parse().ok())
        .expect("the server says its port");
    (Server { process: server, _output: output }, port)
}

struct Server {
    process: Child,
    /// Kept, for it goes on to write there.
    _output: BufReader<ChildStdout>,
}

/// A line there and one back, within the patience.
fn ask(client: &TcpStream, patience: Duration) -> Option<u64> {
    client.set_read_timeout(Some(patience)).unwrap();
    let mut line = String::new();
    BufReader::new(client).read_line(&mut line).ok()?;
    line.trim_end().parse().ok()
}

#[test]
fn a_server_out_of_descriptors_goes_on_when_some_are_free() {
    if std::env::var_os(SERVER).is_some() {
        return serve();
    }
    let (mut server, port) = start_server();
    let clients: Vec<TcpStream> =
        (0..CLIENTS).map(|_| TcpStream::connect(("127.0.0.1", port)).expect("the backlog takes it")).collect();
    for mut client in &clients {
        client.write_all(b"?\n").unwrap();
    }
    // Those that it could accept are served although others wait in vain.
    let (served, waiting): (Vec<_>, Vec<_>) =
        clients.into_iter().partition(|client| ask(client, Duration::from_millis(50)).is_some());
    assert!(!served.is_empty() && !waiting.is_empty(), "{} served, {} waiting", served.len(), waiting.len());
    drop(served);
    // Those that waited come to their turn as descriptors are free.
    let mut times_exhausted = 0;
    for client in waiting {
        times_exhausted = ask(&client, Duration::from_secs(5)).expect("a client that waited is served");
    }
    // Counted, and logged, once a spell: not once for each try.
    assert_eq!(times_exhausted, 1);
    drop(server.process.stdin.take());
    assert!(server.process.wait().unwrap().success());
}
