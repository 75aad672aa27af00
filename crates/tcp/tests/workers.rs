//! Serving with several threads: what Tornado's `TestMultiprocess` tests with processes, and the end.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{Error, IoLoop, IoStream, Result};
use firewhirl_tcp::{Acceptor, BindOptions, Gate, Listener, Peer, TcpServer, Worker, Workers, worker_index};

fn local() -> BindOptions {
    BindOptions::default().address("127.0.0.1")
}

fn run<Value>(test: impl Future<Output = Result<Value>>) -> Result<Value> {
    IoLoop::current().run_sync_timeout(Duration::from_secs(10), test)
}

/// Says which worker it is, and keeps that busy for a moment, so that the others have a chance.
async fn tell_worker(mut stream: IoStream, _peer: Peer) -> Result {
    stream.write(worker_index().map_or("none".to_owned(), |index| index.to_string()));
    stream.flush().await?;
    std::thread::sleep(Duration::from_millis(2));
    Ok(())
}

/// Asks a server from a thread, as this thread's loop is one of its workers, until each worker has
/// answered.
async fn workers_that_answer(address: SocketAddr, expected: usize) -> Result<BTreeSet<String>> {
    let asking = tokio::task::spawn_blocking(move || -> io::Result<_> {
        let started = Instant::now();
        let mut seen = BTreeSet::new();
        while seen.len() < expected && started.elapsed() < Duration::from_secs(5) {
            // Several at once, so that no worker can take all.
            let clients: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(address)).collect::<io::Result<_>>()?;
            for client in clients {
                seen.insert(io::read_to_string(client)?);
            }
        }
        Ok(seen)
    });
    Ok(asking.await??)
}

#[test]
fn one_loop_has_no_workers() {
    let server = TcpServer::new(tell_worker).listen_with(0, &local()).unwrap();
    let address = server.addresses()[0];
    let seen = run(async { workers_that_answer(address, 1).await }).unwrap();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["none"]);
}

#[test]
fn workers_share_a_port_in_either_way() {
    for reuse_port in [false, true] {
        let options = local().reuse_port(reuse_port);
        let server = TcpServer::new(tell_worker).bind_with(0, &options).unwrap().start(3).unwrap();
        let address = server.addresses()[0];
        let seen = run(async {
            let seen = workers_that_answer(address, 3).await?;
            server.drain(Duration::from_secs(5)).await;
            Ok(seen)
        });
        assert_eq!(seen.unwrap().into_iter().collect::<Vec<_>>(), ["0", "1", "2"], "reuse_port({reuse_port})");
        assert!(server.counts().accepted >= 3, "they count together");
        IoLoop::current().close().unwrap();
    }
}

#[test]
fn each_worker_is_set_up_once_on_its_own_thread() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (report, all_seen) = (seen.clone(), IoLoop::current().remote());
    let workers = Workers::start(3, &Acceptor::new(Gate::default()), Vec::new(), async move |worker: Worker| {
        assert_eq!(worker_index(), Some(worker.index()));
        assert_eq!(worker.count(), 3);
        let mut seen = report.lock().unwrap();
        seen.push((worker.index(), std::thread::current().id()));
        if seen.len() == 3 {
            all_seen.stop();
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(workers.acceptor().open_connections(), 0);
    IoLoop::current().start().unwrap();
    let seen = seen.lock().unwrap();
    let indices: BTreeSet<usize> = seen.iter().map(|(index, _)| *index).collect();
    assert_eq!(indices.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
    assert!(seen.contains(&(0, std::thread::current().id())), "this thread is the first worker");
}

#[test]
fn a_worker_that_cannot_be_set_up_stops_the_loop_with_its_error() {
    for failing in [0, 1] {
        let acceptor = Acceptor::new(Gate::default());
        Workers::start(2, &acceptor, Vec::new(), async move |worker: Worker| match worker.index() == failing {
            true => Err(Error::message(format!("no database for worker {failing}"))),
            false => Ok(()),
        })
        .unwrap();
        let error = IoLoop::current().start().unwrap_err();
        assert_eq!(error.to_string(), format!("no database for worker {failing}"));
        IoLoop::current().close().unwrap();
    }
}

#[test]
fn a_worker_that_panics_while_it_is_set_up_stops_the_loop() {
    let acceptor = Acceptor::new(Gate::default());
    Workers::start(2, &acceptor, Vec::new(), async |worker: Worker| {
        assert_eq!(worker.index(), 0, "a worker of the wrong kind");
        Ok(())
    })
    .unwrap();
    let error = IoLoop::current().start().unwrap_err();
    assert!(error.to_string().contains("a worker of the wrong kind"), "{error}");
}

#[test]
fn closing_the_first_loop_ends_the_workers() {
    let server = TcpServer::new(tell_worker).bind_with(0, &local()).unwrap().start(2).unwrap();
    let address = server.addresses()[0];
    run(async { workers_that_answer(address, 2).await }).unwrap();
    IoLoop::current().close().unwrap();
    // The handle still is; what it stands for has ended.
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn workers_end_with_the_thread_that_started_them() {
    let serving = std::thread::spawn(|| {
        let server = TcpServer::new(tell_worker).bind_with(0, &local()).unwrap().start(3).unwrap();
        let address = server.addresses()[0];
        IoLoop::current().spawn_callback(async move {
            assert_eq!(workers_that_answer(address, 3).await?.len(), 3);
            IoLoop::current().stop();
            Ok(())
        });
        IoLoop::current().start().unwrap();
        address
    });
    let address = serving.join().unwrap();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_drain_waits_for_the_connections_of_every_worker() {
    let server = TcpServer::new(async |mut stream: IoStream, _peer| {
        let word = stream.read_bytes(4).await?;
        sleep(Duration::from_millis(50)).await;
        stream.write(word);
        Ok(())
    })
    .bind_with(0, &local())
    .unwrap()
    .start(3)
    .unwrap();
    let mut clients: Vec<TcpStream> = (0..30).map(|_| TcpStream::connect(server.addresses()[0]).unwrap()).collect();
    for client in &mut clients {
        client.write_all(b"ping").unwrap();
    }
    let cut_off = run(async { Ok(server.drain(Duration::from_secs(5)).await) }).unwrap();
    assert_eq!(cut_off, 0);
    assert_eq!((server.counts().accepted, server.counts().open), (30, 0));
    for mut client in clients {
        let mut word = String::new();
        client.read_to_string(&mut word).unwrap();
        assert_eq!(word, "ping");
    }
    assert!(TcpStream::connect(server.addresses()[0]).is_err());
}

#[test]
fn a_cap_holds_over_all_workers() {
    let server = TcpServer::new(async |mut stream: IoStream, _peer| {
        stream.write("in");
        stream.flush().await?;
        stream.read_until_close().await?;
        Ok(())
    })
    .max_connections(3)
    .bind_with(0, &local().reuse_port(true))
    .unwrap()
    .start(3)
    .unwrap();
    let address = server.addresses()[0];
    let counts = server.gate().clone();
    let served = run(async {
        let asking = tokio::task::spawn_blocking(move || -> io::Result<usize> {
            let mut waiting: Vec<TcpStream> =
                (0..12).map(|_| TcpStream::connect(address)).collect::<io::Result<_>>()?;
            let mut served = 0;
            while !waiting.is_empty() {
                assert!(counts.counts().open <= 3, "{:?}", counts.counts());
                waiting.retain_mut(|client| {
                    client.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
                    let is_served = client.read_exact(&mut [0; 2]).is_ok();
                    served += usize::from(is_served);
                    // Leaving it closes it, and makes room for another.
                    !is_served
                });
            }
            Ok(served)
        });
        Ok(asking.await??)
    });
    assert_eq!(served.unwrap(), 12);
}

#[test]
fn a_server_is_started_once() {
    let server = TcpServer::new(tell_worker).bind_with(0, &local()).unwrap().start(1).unwrap();
    let error = server.clone().start(1).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    // What is bound from now on is served by this loop.
    let server = server.bind_with(0, &local()).unwrap();
    let seen = run(async { workers_that_answer(server.addresses()[1], 1).await }).unwrap();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["0"]);
}

#[test]
fn listeners_of_elsewhere_are_shared() {
    let listeners = vec![Listener::from(std::net::TcpListener::bind("127.0.0.1:0").unwrap())];
    let address = listeners[0].address().unwrap();
    let acceptor = Acceptor::new(Gate::default());
    Workers::start(2, &acceptor, listeners, async |worker: Worker| Ok(worker.serve(tell_worker)?)).unwrap();
    let seen = run(async { workers_that_answer(address, 2).await }).unwrap();
    assert_eq!(seen.len(), 2);
}
