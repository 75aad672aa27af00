//! Connecting: Tornado's `tcpclient_test` over real sockets. Which address is tried when is tested as
//! tables beside the connector.

mod support;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use firewhirl_event::{Error, IoLoop, IoStream, Result, TimeoutError};
use firewhirl_tcp::{
    BindOptions, Connect, ConnectError, ConnectPhase, Family, Peer, TcpClient, TcpServer, bind_sockets,
};
use support::{Fixed, Hanging, Silent, refusing_port};

/// Sends back five bytes and says where they came from.
async fn echo(mut stream: IoStream, peer: Peer) -> Result {
    let bytes = stream.read_bytes(5).await?;
    stream.write(bytes);
    stream.write(format!(" from {peer}\n"));
    stream.flush().await?;
    Ok(())
}

/// Starts an echo server on a host, and gives its port; `None` if the host has no such address here.
fn start_server_on(host: &str, family: Family) -> Option<u16> {
    let options = BindOptions::default().address(host).family(family);
    TcpServer::new(echo).listen_with(0, &options).ok()?.port()
}

fn start_server() -> u16 {
    start_server_on("127.0.0.1", Family::V4).unwrap()
}

/// Connects, says hello, and gives the address that the server saw.
fn hello(connect: Connect) -> Result<SocketAddr> {
    IoLoop::current().run_sync(async {
        let mut stream = connect.await?;
        stream.write("hello");
        let answer = stream.read_until(b"\n").await?;
        let answer = std::str::from_utf8(&answer)?.trim_end();
        Ok(answer.strip_prefix("hello from ").expect("an echo").parse()?)
    })
}

fn connect_error(result: Result<impl Sized>) -> ConnectError {
    match result {
        Ok(_) => panic!("connected"),
        Err(error) => error.downcast().unwrap(),
    }
}

fn io_kind(error: ConnectError) -> ErrorKind {
    io::Error::from(error).kind()
}

#[test]
fn connects_by_name_and_address_in_each_family() {
    for (host, family, connect_in) in [
        ("127.0.0.1", Family::V4, Family::V4),
        ("localhost", Family::V4, Family::V4),
        ("127.0.0.1", Family::V4, Family::Any),
        ("localhost", Family::V4, Family::Any),
        ("localhost", Family::Any, Family::Any),
        ("::1", Family::V6, Family::V6),
        ("localhost", Family::V6, Family::V6),
        ("::1", Family::V6, Family::Any),
        ("localhost", Family::V6, Family::Any),
    ] {
        let Some(port) = start_server_on(host, family) else {
            // Not every system has IPv6, and not every "localhost" has an address of it.
            assert_eq!(family, Family::V6, "{host}");
            continue;
        };
        let peer = hello(TcpClient::new().connect((host, port)).family(connect_in));
        assert!(peer.is_ok_and(|peer| peer.ip().is_loopback()), "{host} in {connect_in:?}");
    }
}

#[test]
fn a_refused_connect_says_so() {
    let port = refusing_port();
    let error = connect_error(hello(TcpClient::new().connect(("127.0.0.1", port))));
    assert_eq!(error.phase(), ConnectPhase::Connect);
    assert!(error.to_string().starts_with(&format!("cannot connect to 127.0.0.1:{port}: ")), "{error}");
    assert_eq!(io_kind(error), ErrorKind::ConnectionRefused);
}

#[test]
fn a_host_that_cannot_be_resolved_says_so() {
    let error = connect_error(hello(TcpClient::new().connect(("no such host", 80))));
    assert_eq!(error.phase(), ConnectPhase::Resolve);
    assert!(error.to_string().starts_with("cannot resolve no such host: "), "{error}");
}

#[test]
fn a_resolver_without_an_answer_is_an_error_and_no_hang() {
    let client = TcpClient::new().resolver(Fixed(Vec::new()));
    assert_eq!(io_kind(connect_error(hello(client.connect(("example.com", 80))))), ErrorKind::NotFound);
}

#[test]
fn a_source_address_is_where_the_server_sees_it_come_from() {
    let port = start_server();
    let source: IpAddr = "127.0.0.1".parse().unwrap();
    let peer = hello(TcpClient::new().connect(("127.0.0.1", port)).source_ip(source)).unwrap();
    assert_eq!(peer.ip(), source);

    let source_port = refusing_port();
    let peer = hello(TcpClient::new().connect(("127.0.0.1", port)).source_port(source_port)).unwrap();
    assert_eq!(peer, (source, source_port).into());
}

#[test]
fn a_source_address_that_is_not_ours_fails() {
    let port = start_server();
    let connect = TcpClient::new().connect(("127.0.0.1", port)).source_ip("8.8.8.8".parse().unwrap());
    assert_eq!(io_kind(connect_error(hello(connect))), ErrorKind::AddrNotAvailable);
}

#[test]
fn a_source_port_that_is_taken_fails() {
    let port = start_server();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let source_port = taken.local_addr().unwrap().port();
    let connect = TcpClient::new().connect(("127.0.0.1", port)).source_port(source_port);
    assert_eq!(io_kind(connect_error(hello(connect))), ErrorKind::AddrInUse);
}

#[test]
fn a_source_address_passes_over_the_other_family() {
    let port = start_server();
    let addresses = vec![format!("[::1]:{port}").parse().unwrap(), format!("127.0.0.1:{port}").parse().unwrap()];
    let client = TcpClient::new().resolver(Fixed(addresses));
    let started = Instant::now();
    let peer = hello(client.connect(("localhost", port)).source_ip("127.0.0.1".parse().unwrap())).unwrap();
    assert!(peer.is_ipv4());
    assert!(started.elapsed() < Duration::from_millis(250), "a failure ends the head start");
}

#[test]
fn a_timeout_says_the_phase_and_whom_it_waited_for() {
    let limit = Duration::from_millis(50);
    let client = TcpClient::new().resolver(Silent);
    let error = connect_error(hello(client.connect(("example.com", 12345)).timeout(limit)));
    assert_eq!((error.phase(), error.is_timeout()), (ConnectPhase::Resolve, true));
    assert_eq!(error.to_string(), "timeout while resolving example.com");
    assert!(Error::from(error).find::<TimeoutError>().is_some());

    let hanging = Hanging::on("127.0.0.1");
    let connect = TcpClient::new().connect(("127.0.0.1", hanging.address.port())).timeout(limit);
    let error = connect_error(hello(connect));
    assert_eq!((error.phase(), error.is_timeout()), (ConnectPhase::Connect, true));
    assert_eq!(error.to_string(), format!("timeout while connecting to {}", hanging.address));
    assert_eq!(io_kind(error), ErrorKind::TimedOut);
}

#[test]
fn an_address_that_hangs_gives_way_to_the_other_family() {
    if bind_sockets(0, &BindOptions::default().address("::1")).is_err() {
        return; // A system without IPv6.
    }
    let hanging = Hanging::on("::1");
    let port = start_server();
    let client = TcpClient::new().resolver(Fixed(vec![hanging.address, ([127, 0, 0, 1], port).into()]));
    let started = Instant::now();
    let peer = hello(client.connect(("example.com", port)).timeout(Duration::from_secs(5))).unwrap();
    assert!(peer.is_ipv4());
    assert!(started.elapsed() >= Duration::from_millis(300), "the first family has its head start");

    // Tried both, the one after the other.
    let other = Hanging::on("127.0.0.1");
    let client = TcpClient::new().resolver(Fixed(vec![hanging.address, other.address]));
    for (patience, tried) in
        [(50, format!("{}", hanging.address)), (400, format!("{}, {}", other.address, hanging.address))]
    {
        let connect = client.connect(("example.com", 443)).timeout(Duration::from_millis(patience));
        assert_eq!(connect_error(hello(connect)).to_string(), format!("timeout while connecting to {tried}"));
    }
}

#[test]
fn an_address_that_fails_gives_way_to_the_next_of_its_family() {
    let port = start_server();
    let refusing = refusing_port();
    let client =
        TcpClient::new().resolver(Fixed(vec![([127, 0, 0, 1], refusing).into(), ([127, 0, 0, 1], port).into()]));
    assert!(hello(client.connect(("example.com", port))).is_ok());
}

#[test]
fn a_dropped_connect_closes_what_it_had_opened() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    IoLoop::current()
        .run_sync(async {
            let mut connecting = TcpClient::new().connect(("127.0.0.1", port)).into_future();
            // Begun, and connected by the kernel, but not yet awaited to its end.
            std::future::poll_fn(|cx| {
                let _ = connecting.as_mut().poll(cx);
                std::task::Poll::Ready(())
            })
            .await;
            drop(connecting);
            Ok(())
        })
        .unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    assert_eq!(io::Read::read(&mut accepted, &mut [0]).unwrap(), 0);
}

#[test]
fn the_buffer_of_a_stream_is_bounded_as_asked_for() {
    let port = start_server();
    let connect = TcpClient::new().connect(("127.0.0.1", port)).max_buffer_size(1234);
    let size = IoLoop::current().run_sync(async { Ok(connect.await?.max_buffer_size()) }).unwrap();
    assert_eq!(size, 1234);
}
