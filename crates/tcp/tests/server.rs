//! Serving on one loop: Tornado's `tcpserver_test`, and what it leaves out: caps, drain, panics.

#[path = "../../event/tests/logs/mod.rs"]
mod logs;

use std::cell::RefCell;
use std::future::pending;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{Error, IoLoop, IoStream, Result};
use firewhirl_tcp::{Acceptor, BindOptions, ConnectionHandler, Draining, Gate, Listener, Peer, TcpServer};
use logs::logged;

fn run<Value>(test: impl Future<Output = Result<Value>>) -> Value {
    IoLoop::current().run_sync_timeout(Duration::from_secs(10), test).unwrap()
}

fn local() -> BindOptions {
    BindOptions::default().address("127.0.0.1")
}

/// A server on a free port.
fn serve<Handler: ConnectionHandler>(handler: Handler) -> TcpServer<Handler> {
    TcpServer::new(handler).listen_with(0, &local()).unwrap()
}

fn address<Handler: ConnectionHandler>(server: &TcpServer<Handler>) -> SocketAddr {
    server.addresses()[0]
}

async fn line(stream: &mut IoStream) -> Result<String> {
    Ok(String::from_utf8(stream.read_until(b"\n").await?.to_vec())?)
}

/// Answers "name\n" with "hello name\n", for as long as lines come.
async fn greet(mut stream: IoStream, _peer: Peer) -> Result {
    loop {
        let name = stream.read_until(b"\n").await?;
        stream.write("hello ");
        stream.write(name);
    }
}

/// Waits until `condition` holds, or fails after a while.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(5), "{what}");
        sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn what_is_written_before_the_handler_ends_arrives() {
    let server = serve(async |mut stream: IoStream, _peer| {
        stream.write("data");
        Ok(())
    });
    run(async {
        let mut client = IoStream::connect(address(&server)).await?;
        assert_eq!(client.read_until_close().await?, "data");
        Ok(())
    });
}

#[test]
fn an_error_of_a_handler_is_logged_and_hurts_no_other() {
    let server = serve(async |mut stream: IoStream, _peer| match line(&mut stream).await?.trim_end() {
        "fail" => Err(Error::message("one too many")),
        "panic" => panic!("at the disco"),
        name => {
            stream.write(format!("hello {name}"));
            stream.flush().await?;
            Ok(())
        }
    });
    let log = logged(|| {
        run(async {
            let mut open = IoStream::connect(address(&server)).await?;
            for word in ["fail\n", "panic\n"] {
                let mut client = IoStream::connect(address(&server)).await?;
                client.write(word);
                assert_eq!(client.read_until_close().await?, "");
            }
            open.write("world\n");
            assert_eq!(open.read_until_close().await?, "hello world");
            Ok(())
        })
    });
    assert_eq!(
        log,
        [
            "ERROR firewhirl::app: error in connection callback: one too many",
            "ERROR firewhirl::app: panic in connection callback: at the disco"
        ]
    );
    let counts = server.counts();
    assert_eq!((counts.accepted, counts.open, counts.failed, counts.panicked), (3, 0, 1, 1));
}

#[test]
fn a_peer_that_leaves_ends_its_connection_without_a_word() {
    let server = serve(greet);
    let log = logged(|| {
        run(async {
            let mut client = IoStream::connect(address(&server)).await?;
            client.write("you\n");
            assert_eq!(line(&mut client).await?, "hello you\n");
            drop(client);
            until("the connection ends", || server.counts().open == 0).await;
            Ok(())
        })
    });
    assert_eq!(log, [""; 0]);
}

#[test]
fn the_handler_learns_who_the_peer_is() {
    let server = serve(async |mut stream: IoStream, peer| {
        stream.write(format!("{peer} {:?}", Peer::ip(peer)));
        Ok(())
    });
    run(async {
        let mut client = IoStream::connect(address(&server)).await?;
        let expected = format!("{} Some(127.0.0.1)", client.local_addr()?);
        assert_eq!(client.read_until_close().await?, expected);
        Ok(())
    });
}

#[test]
fn a_unix_socket_is_served() {
    let path = std::env::temp_dir().join(format!("firewhirl-server-{}", std::process::id()));
    let server = TcpServer::new(async |mut stream: IoStream, peer: Peer| {
        stream.write(peer.to_string());
        Ok(())
    })
    .listen_unix(&path)
    .unwrap();
    assert_eq!(server.port(), None);
    run(async {
        let mut client = IoStream::connect_unix(&path).await?;
        assert_eq!(client.read_until_close().await?, "unix");
        Ok(())
    });
    std::fs::remove_file(path).unwrap();
}

#[test]
fn one_server_listens_on_several_ports() {
    let server = serve(greet).listen_with(0, &local()).unwrap();
    let addresses = server.addresses();
    assert_eq!(server.port(), Some(addresses[0].port()));
    assert_ne!(addresses[0], addresses[1]);
    run(async {
        for address in addresses {
            let mut client = IoStream::connect(address).await?;
            client.write("there\n");
            assert_eq!(line(&mut client).await?, "hello there\n");
        }
        Ok(())
    });
}

#[test]
fn a_taken_port_is_an_error() {
    let server = serve(greet);
    let error = TcpServer::new(greet).listen_with(server.port().unwrap(), &local()).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[test]
fn stopping_closes_the_port_at_once_and_twice_is_once() {
    let server = serve(greet);
    run(async {
        let mut client = IoStream::connect(address(&server)).await?;
        client.write("one\n");
        assert_eq!(line(&mut client).await?, "hello one\n");
        server.stop();
        server.stop();
        assert!(TcpStream::connect(address(&server)).is_err());
        client.write("two\n");
        assert_eq!(line(&mut client).await?, "hello two\n", "open connections go on");
        Ok(())
    });
}

#[test]
fn stopping_in_a_handler_loses_no_client_that_is_connected() {
    let this: Rc<RefCell<Option<Acceptor>>> = Rc::default();
    let acceptor = Acceptor::new(Gate::default());
    *this.borrow_mut() = Some(acceptor.clone());
    let listeners = Listener::bind(0, &local()).unwrap();
    let address = listeners[0].address().unwrap();
    acceptor
        .serve(listeners, async move |mut stream: IoStream, _peer| {
            if let Some(acceptor) = this.borrow_mut().take() {
                acceptor.stop();
            }
            stream.write("served");
            Ok(())
        })
        .unwrap();
    let clients: Vec<TcpStream> = (0..40).filter_map(|_| TcpStream::connect(address).ok()).collect();
    assert_eq!(clients.len(), 40, "the backlog has room for them");
    run(async {
        for client in clients {
            client.set_nonblocking(true)?;
            let mut client = IoStream::from(tokio::net::TcpStream::from_std(client)?);
            assert_eq!(client.read_until_close().await?, "served");
        }
        Ok(())
    });
}

#[test]
fn stopping_with_a_full_backlog_loses_none() {
    let server = TcpServer::new(greet).max_connections(10).listen_with(0, &local()).unwrap();
    // The loop does not run yet: all of them wait in the kernel, and the loop knows of none.
    let clients: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(address(&server)).unwrap()).collect();
    server.stop();
    assert!(TcpStream::connect(address(&server)).is_err());
    run(async {
        for client in clients {
            client.set_nonblocking(true)?;
            let mut client = IoStream::from(tokio::net::TcpStream::from_std(client)?);
            client.write("all\n");
            assert_eq!(line(&mut client).await?, "hello all\n");
        }
        Ok(())
    });
    assert_eq!(server.counts().accepted, 200);
}

#[test]
fn beyond_the_cap_connections_wait_until_one_ends() {
    let server = TcpServer::new(greet).max_connections(2).listen_with(0, &local()).unwrap();
    run(async {
        let mut first = IoStream::connect(address(&server)).await?;
        let mut second = IoStream::connect(address(&server)).await?;
        let mut third = IoStream::connect(address(&server)).await?;
        for client in [&mut first, &mut second, &mut third] {
            client.write("you\n");
            client.flush().await?;
        }
        assert_eq!(line(&mut first).await?, "hello you\n");
        assert_eq!(line(&mut second).await?, "hello you\n");
        assert!(tokio::time::timeout(Duration::from_millis(50), line(&mut third)).await.is_err());
        assert_eq!(server.counts().open, 2);
        drop(first);
        assert_eq!(line(&mut third).await?, "hello you\n");
        assert_eq!((server.counts().open, server.counts().accepted), (2, 3));
        assert!(server.counts().times_full > 0);
        Ok(())
    });
}

#[test]
fn a_cap_that_is_raised_lets_the_waiting_in() {
    let server = TcpServer::new(greet).max_connections(0).listen_with(0, &local()).unwrap();
    run(async {
        let mut client = IoStream::connect(address(&server)).await?;
        client.write("you\n");
        assert!(tokio::time::timeout(Duration::from_millis(20), line(&mut client)).await.is_err());
        server.gate().set_max_connections(1);
        assert_eq!(line(&mut client).await?, "hello you\n");
        Ok(())
    });
}

#[test]
fn beyond_the_cap_of_its_address_a_connection_is_closed_at_once() {
    let server = TcpServer::new(greet).max_connections_per_address(2).listen_with(0, &local()).unwrap();
    run(async {
        let first = IoStream::connect(address(&server)).await?;
        let _second = IoStream::connect(address(&server)).await?;
        let mut third = IoStream::connect(address(&server)).await?;
        assert_eq!(third.read_until_close().await?, "");
        assert_eq!(server.counts().refused, 1);
        drop(first);
        until("the first has ended", || server.counts().open == 1).await;
        let mut fourth = IoStream::connect(address(&server)).await?;
        fourth.write("four\n");
        assert_eq!(line(&mut fourth).await?, "hello four\n");
        Ok(())
    });
}

#[test]
fn the_buffer_of_a_stream_is_bounded_as_asked_for() {
    let server = TcpServer::new(async |mut stream: IoStream, _peer| {
        stream.write(stream.max_buffer_size().to_string());
        Ok(())
    })
    .max_buffer_size(4321)
    .listen_with(0, &local())
    .unwrap();
    run(async {
        let mut client = IoStream::connect(address(&server)).await?;
        assert_eq!(client.read_until_close().await?, "4321");
        Ok(())
    });
}

#[test]
fn a_drain_waits_for_what_is_in_flight() {
    let server = serve(async |mut stream: IoStream, _peer| {
        sleep(Duration::from_millis(50)).await;
        stream.write("done");
        Ok(())
    });
    run(async {
        let mut client = IoStream::connect(address(&server)).await?;
        until("it is served", || server.counts().open == 1).await;
        assert_eq!(server.drain(Duration::from_secs(5)).await, 0);
        assert_eq!(client.read_until_close().await?, "done");
        Ok(())
    });
}

#[test]
fn a_drain_takes_in_the_backlog_and_waits_for_it() {
    let server = serve(async |mut stream: IoStream, _peer| {
        stream.write("served");
        Ok(())
    });
    let mut client = TcpStream::connect(address(&server)).unwrap();
    run(async {
        assert_eq!(server.drain(Duration::from_secs(5)).await, 0);
        Ok(())
    });
    assert_eq!(io::read_to_string(&mut client).unwrap(), "served");
}

#[test]
fn a_drain_cuts_off_at_its_limit_what_does_not_end() {
    let dropped = Rc::new(());
    let held = dropped.clone();
    let server = serve(async move |stream: IoStream, _peer| {
        let (_stream, _held) = (stream, held.clone());
        pending::<()>().await;
        Ok(())
    });
    let log = logged(|| {
        run(async {
            let mut client = IoStream::connect(address(&server)).await?;
            until("it is served", || server.counts().open == 1 && Rc::strong_count(&dropped) == 3).await;
            assert_eq!(server.drain(Duration::from_millis(20)).await, 1);
            assert_eq!(Rc::strong_count(&dropped), 2, "what the handler held is dropped");
            assert_eq!(server.counts().open, 0);
            assert_eq!(client.read_until_close().await?, "");
            Ok(())
        })
    });
    assert_eq!(log, ["WARN firewhirl::gen: 1 connections cut off at the end of the drain"]);
}

/// Serves with a handler that is told of the drain, one idle connection, and drains.
fn idle_connection_ends(wait: impl AsyncFn(&Draining) + 'static) {
    let acceptor = Acceptor::new(Gate::default());
    let draining = acceptor.draining();
    let listeners = Listener::bind(0, &local()).unwrap();
    let address = listeners[0].address().unwrap();
    acceptor
        .serve(listeners, async move |mut stream: IoStream, _peer| {
            assert!(!draining.is_draining());
            wait(&draining).await;
            assert!(draining.is_draining());
            stream.write("bye");
            Ok(())
        })
        .unwrap();
    run(async {
        let mut client = IoStream::connect(address).await?;
        until("it is served", || acceptor.open_connections() == 1).await;
        // Its task has had its first turn, and waits.
        sleep(Duration::from_millis(5)).await;
        assert_eq!(acceptor.drain(Duration::from_secs(5)).await, 0);
        assert_eq!(client.read_until_close().await?, "bye");
        Ok(())
    });
    assert_eq!(acceptor.gate().counts().panicked, 0);
}

#[test]
fn an_idle_connection_can_wait_for_the_drain() {
    idle_connection_ends(async |draining| draining.wait().await);
}

#[test]
fn an_idle_connection_is_woken_to_look_for_the_drain() {
    use std::task::Poll;
    idle_connection_ends(async |draining| {
        std::future::poll_fn(|_| if draining.is_draining() { Poll::Ready(()) } else { Poll::Pending }).await
    });
}

#[test]
fn sockets_that_are_added_after_the_stop_are_only_emptied() {
    let server = serve(greet);
    server.stop();
    let listeners = Listener::bind(0, &local()).unwrap();
    let address = listeners[0].address().unwrap();
    let client = TcpStream::connect(address).unwrap();
    let _server = server.add_sockets(listeners).unwrap();
    assert!(TcpStream::connect(address).is_err());
    run(async {
        client.set_nonblocking(true)?;
        let mut client = IoStream::from(tokio::net::TcpStream::from_std(client)?);
        client.write("late\n");
        assert_eq!(line(&mut client).await?, "hello late\n");
        Ok(())
    });
}

#[test]
fn a_burst_of_clients_leaves_the_loop_its_turns() {
    let server = serve(greet);
    let _clients: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(address(&server)).unwrap()).collect();
    run(async {
        // Each turn of ours comes while clients still wait.
        let mut turns = 0;
        while server.counts().accepted < 300 {
            tokio::task::yield_now().await;
            turns += 1;
        }
        assert!(turns >= 10, "all were accepted in {turns} turns");
        Ok(())
    });
}
