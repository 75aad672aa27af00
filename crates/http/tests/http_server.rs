//! The server end to end, over real sockets: where it listens, with how many workers, whom it lets in,
//! how it starts and how it ends.

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{Error, IoLoop, IoStream, Result, StreamError};
use firewhirl_http::{Exchange, HttpServer};
use firewhirl_tcp::{BindOptions, Listener, Peer, TcpClient, worker_index};
use support::{answer, run, service, statuses};

const REQUEST: &str = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST_REQUEST: &str = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

fn local() -> BindOptions {
    BindOptions::default().address("127.0.0.1")
}

async fn connect(port: u16) -> Result<IoStream> {
    Ok(TcpClient::new().connect(("127.0.0.1", port)).await?)
}

/// Sends a request, and gives what comes until the server closes.
async fn ask(mut stream: IoStream, request: &str) -> Result<String> {
    stream.write(request);
    Ok(String::from_utf8_lossy(&stream.read_until_close().await?).into_owned())
}

/// Waits until something is so.
async fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(5), "it never comes about");
        sleep(Duration::from_millis(2)).await;
    }
}

// --- where it listens ---

#[test]
fn one_server_listens_on_several_ports_and_a_unix_socket() {
    let path = std::env::temp_dir().join(format!("firewhirl-http-{}.socket", std::process::id()));
    run(async {
        let listeners = [Listener::bind(0, &local())?, Listener::bind(0, &local())?].into_iter().flatten();
        let listeners: Vec<Listener> = listeners.collect();
        let ports: Vec<u16> = listeners.iter().filter_map(Listener::address).map(|address| address.port()).collect();
        let server = HttpServer::new(async || Ok(service)).add_sockets(listeners)?.listen_unix(&path)?;
        assert_eq!(server.port(), Some(ports[0]));
        for &port in &ports {
            assert!(ask(connect(port).await?, LAST_REQUEST).await?.ends_with("GET /last"));
        }
        assert!(ask(IoStream::connect_unix(&path).await?, LAST_REQUEST).await?.ends_with("GET /last"));

        // A socket that comes when the service is built already.
        let late = Listener::bind(0, &local())?;
        let port = late[0].address().unwrap().port();
        let server = server.add_sockets(late)?;
        assert!(ask(connect(port).await?, LAST_REQUEST).await?.ends_with("GET /last"));
        assert_eq!(server.statistics().requests, 4);
        Ok(())
    });
    // Gone with its socket, or left for the next start to clear away.
    let _ = std::fs::remove_file(&path);
}

#[test]
fn a_stream_from_elsewhere_is_a_connection_of_the_server() {
    run(async {
        let server = HttpServer::new(async || {
            sleep(Duration::from_millis(5)).await;
            Ok(service)
        });
        // One before the service is built, and one after.
        for requests in 1..=2 {
            let (near, far) = IoStream::pair()?;
            server.handle_stream(far, Peer::Unix);
            assert!(ask(near, LAST_REQUEST).await?.ends_with("GET /last"));
            assert_eq!(server.statistics().requests, requests);
        }
        let (mut near, far) = IoStream::pair()?;
        server.handle_stream(far, Peer::Unix);
        assert_eq!(server.drain(Duration::from_secs(5)).await, 0);
        assert_eq!(near.read_until_close().await?, "");
        Ok(())
    });
}

#[test]
fn connections_that_come_before_the_service_is_built_wait_for_it() {
    run(async {
        let build = async || {
            sleep(Duration::from_millis(20)).await;
            Ok(service)
        };
        let server = HttpServer::new(build).listen_with(0, &local())?;
        assert!(ask(connect(server.port().unwrap()).await?, LAST_REQUEST).await?.ends_with("GET /last"));
        Ok(())
    });
}

#[test]
fn a_stop_before_the_service_is_built_loses_no_connection() {
    run(async {
        let build = async || {
            sleep(Duration::from_millis(20)).await;
            Ok(service)
        };
        let server = HttpServer::new(build).listen_with(0, &local())?;
        let stream = connect(server.port().unwrap()).await?;
        let asked = IoLoop::current().spawn(ask(stream, REQUEST));
        sleep(Duration::from_millis(2)).await;
        assert_eq!(server.drain(Duration::from_secs(5)).await, 0);
        assert!(asked.await??.ends_with("GET /first"));
        Ok(())
    });
}

// --- how it starts ---

#[test]
fn a_builder_that_fails_ends_the_loop_with_its_error() {
    for workers in [0, 1, 2] {
        let io_loop = IoLoop::new().unwrap();
        let entered = io_loop.enter();
        let server = HttpServer::new(async || {
            if cfg!(test) {
                return Err(Error::message("no database"));
            }
            Ok(service)
        });
        let _server = match workers {
            0 => server.listen_with(0, &local()).unwrap(),
            count => server.bind_with(0, &local()).unwrap().start(count).unwrap(),
        };
        let ended = io_loop.start();
        assert!(ended.is_err_and(|error| error.to_string().contains("no database")), "{workers} workers");
        drop(entered);
        io_loop.close().unwrap();
    }
}

#[test]
fn a_server_starts_its_workers_once() {
    run(async {
        let server = HttpServer::new(async || Ok(service)).bind_with(0, &local())?.start(1)?;
        let again = server.start(1).err().map(|error| error.kind());
        assert_eq!(again, Some(std::io::ErrorKind::AlreadyExists));
        Ok(())
    });
}

// --- workers ---

/// What the requests of all workers leave behind.
#[derive(Clone, Default)]
struct Seen {
    workers: Arc<Mutex<BTreeSet<Option<usize>>>>,
    built: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Seen {
    fn workers(&self) -> usize {
        self.workers.lock().unwrap().len()
    }

    /// A server of two workers, each with an application that counts its own requests; a request of
    /// `/slow` waits as long as this.
    fn server(&self, slow: Duration) -> Result<HttpServer<impl Clone + use<>>> {
        let seen = self.clone();
        let build = async move || {
            let seen = seen.clone();
            seen.built.lock().unwrap().push(worker_index());
            let served = Rc::new(RefCell::new(0));
            Ok(async move |exchange: &mut Exchange| -> Result {
                seen.workers.lock().unwrap().insert(worker_index());
                *served.borrow_mut() += 1;
                if exchange.request.path() == "/slow" {
                    sleep(slow).await;
                }
                // So that the other worker has a chance.
                std::thread::sleep(Duration::from_millis(1));
                let text = format!("{} of {:?}", served.borrow(), worker_index());
                answer(exchange, text.as_bytes())
            })
        };
        Ok(HttpServer::new(build).bind_with(0, &local())?.start(2)?)
    }
}

/// Opens connections and sends each this request, until both workers have some; gives the connections.
async fn ask_both_workers(port: u16, seen: &Seen, request: &str) -> Result<Vec<IoStream>> {
    let mut streams = Vec::new();
    while seen.workers() < 2 {
        assert!(streams.len() < 500, "one worker has all");
        for _ in 0..8 {
            let mut stream = connect(port).await?;
            stream.write(request);
            stream.flush().await?;
            streams.push(stream);
        }
        sleep(Duration::from_millis(2)).await;
    }
    Ok(streams)
}

#[test]
fn each_worker_builds_its_own_application_and_the_statistics_are_of_all() {
    run(async {
        let seen = Seen::default();
        let server = seen.server(Duration::ZERO)?;
        let streams = ask_both_workers(server.port().unwrap(), &seen, LAST_REQUEST).await?;
        let requests = streams.len() as u64;
        for stream in streams {
            assert_eq!(statuses(&ask(stream, "").await?), [200]);
        }
        let mut built = seen.built.lock().unwrap().clone();
        built.sort();
        assert_eq!(built, [Some(0), Some(1)]);
        until(|| server.statistics().connections == 0).await;
        assert_eq!(server.statistics().requests, requests);
        assert_eq!(server.handle().connection_counts().accepted, requests);
        Ok(())
    });
}

#[test]
fn a_drain_finishes_the_requests_in_flight_on_every_worker() {
    run(async {
        let seen = Seen::default();
        let server = seen.server(Duration::from_millis(100))?;
        let slow = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
        let streams = ask_both_workers(server.port().unwrap(), &seen, slow).await?;
        assert_eq!(server.drain(Duration::from_secs(10)).await, 0);
        assert!(connect(server.port().unwrap()).await.is_err());
        for stream in streams {
            let came = ask(stream, "").await?;
            assert_eq!(statuses(&came), [200], "{came}");
            assert!(came.contains("Connection: close\r\n"), "{came}");
        }
        Ok(())
    });
}

// --- how it ends ---

#[test]
fn a_drain_does_not_wait_long_for_connections_on_which_nothing_came() {
    run(async {
        let server = HttpServer::new(async || Ok(service)).listen_with(0, &local())?;
        let silent = connect(server.port().unwrap()).await?;
        let mut idle = connect(server.port().unwrap()).await?;
        idle.write(REQUEST);
        idle.read_until(b"GET /first").await?;
        // One that is late, and just in time.
        let mut late = connect(server.port().unwrap()).await?;
        let draining = IoLoop::current().spawn(async move { server.drain(Duration::from_secs(15)).await });
        sleep(Duration::from_millis(200)).await;
        late.write(REQUEST);
        let came = String::from_utf8_lossy(&late.read_until_close().await?).into_owned();
        assert!(came.contains("Connection: close\r\n") && came.ends_with("GET /first"), "{came}");
        let began = Instant::now();
        assert_eq!(draining.await?, 0);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        drop((silent, idle));
        Ok(())
    });
}

#[test]
fn a_drain_lets_a_body_that_is_half_there_come_to_its_end() {
    run(async {
        let server = HttpServer::new(async || Ok(service)).listen_with(0, &local())?;
        let mut stream = connect(server.port().unwrap()).await?;
        stream.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
        stream.flush().await?;
        let handle = server.handle();
        until(|| handle.statistics().requests == 1).await;
        let draining = IoLoop::current().spawn(async move { server.drain(Duration::from_secs(10)).await });
        sleep(Duration::from_millis(20)).await;
        let came = ask(stream, "dy").await?;
        assert!(came.contains("Connection: close\r\n") && came.ends_with("\r\n\r\nbody"), "{came}");
        assert_eq!(draining.await?, 0);
        Ok(())
    });
}

#[test]
fn what_a_drain_cuts_off_is_closed_whatever_its_handler_has_registered() {
    run(async {
        let stuck = async |exchange: &mut Exchange| -> Result {
            let connection = exchange.connection.clone();
            exchange.connection.on_close(Box::new(move || assert!(connection.is_closed())));
            std::future::pending().await
        };
        let server = HttpServer::new(async move || Ok(stuck)).listen_with(0, &local())?;
        let mut stream = connect(server.port().unwrap()).await?;
        stream.write(REQUEST);
        stream.flush().await?;
        until(|| server.statistics().requests == 1).await;
        assert_eq!(server.drain(Duration::from_millis(20)).await, 1);
        let ended = stream.read_bytes(1).await;
        assert!(matches!(ended, Err(StreamError::Closed { .. })), "{ended:?}");
        assert_eq!(server.statistics().connections, 0);
        Ok(())
    });
}

// --- whom it lets in ---

#[test]
fn at_the_cap_connections_wait_for_one_to_end() {
    run(async {
        let server = HttpServer::new(async || Ok(service)).max_connections(1).listen_with(0, &local())?;
        let mut first = connect(server.port().unwrap()).await?;
        first.write(REQUEST);
        first.read_until(b"GET /first").await?;
        let waiting = IoLoop::current().spawn(ask(connect(server.port().unwrap()).await?, LAST_REQUEST));
        sleep(Duration::from_millis(20)).await;
        assert!(!waiting.is_finished());
        assert_eq!(server.statistics().connections, 1);
        drop(first);
        assert!(waiting.await??.ends_with("GET /last"));
        Ok(())
    });
}

#[test]
fn an_address_with_too_many_connections_gets_no_more_and_others_do() {
    run(async {
        let server = HttpServer::new(async || Ok(service)).max_connections_per_address(1).listen_with(0, &local())?;
        let port = server.port().unwrap();
        let mut first = connect(port).await?;
        first.write(REQUEST);
        first.read_until(b"GET /first").await?;
        let refused = ask(connect(port).await?, LAST_REQUEST).await;
        assert!(refused.as_ref().map_or(true, String::is_empty), "{refused:?}");
        assert_eq!(server.handle().connection_counts().refused, 1);
        let other: IpAddr = "127.0.0.2".parse()?;
        let other = TcpClient::new().connect(("127.0.0.1", port)).source_ip(other).await?;
        assert!(ask(other, LAST_REQUEST).await?.ends_with("GET /last"));
        Ok(())
    });
}

// --- what it is told of its clients ---

async fn who(exchange: &mut Exchange) -> Result {
    let text = format!("{} {:?}", exchange.request.protocol(), exchange.request.remote_ip());
    answer(exchange, text.as_bytes())
}

#[test]
fn a_proxy_in_front_is_believed_where_the_server_is_told_to() {
    run(async {
        let proxy: IpAddr = "10.1.1.1".parse()?;
        let plain = HttpServer::new(async || Ok(who)).listen_with(0, &local())?;
        let behind =
            HttpServer::new(async || Ok(who)).xheaders(true).trusted_downstream([proxy]).listen_with(0, &local())?;
        let secure = HttpServer::new(async || Ok(who)).behind_https(true).xheaders(true).listen_with(0, &local())?;
        let [plain, behind, secure] = [plain.port(), behind.port(), secure.port()].map(Option::unwrap);
        #[rustfmt::skip]
        let cases = [
            (plain,  "",                                                          "http Some(127.0.0.1)"),
            (plain,  "X-Real-Ip: 4.4.4.4\r\nX-Scheme: https\r\n",                 "http Some(127.0.0.1)"),
            (behind, "",                                                          "http Some(127.0.0.1)"),
            (behind, "X-Real-Ip: 4.4.4.4\r\nX-Scheme: https\r\n",                 "https Some(4.4.4.4)"),
            (behind, "X-Forwarded-For: 5.5.5.5, 4.4.4.4, 10.1.1.1\r\n",           "http Some(4.4.4.4)"),
            (behind, "X-Forwarded-For: nonsense\r\nX-Forwarded-Proto: gopher\r\n", "http Some(127.0.0.1)"),
        ];
        for (port, fields, expected) in cases {
            let request = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n");
            let came = ask(connect(port).await?, &request).await?;
            assert!(came.ends_with(&format!("\r\n\r\n{expected}")), "{fields:?}: {came}");
        }
        for (fields, expected) in [("", "https "), ("X-Scheme: http\r\n", "http ")] {
            let request = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n");
            let came = ask(connect(secure).await?, &request).await?;
            assert!(came.contains(&format!("\r\n\r\n{expected}")), "{fields:?}: {came}");
        }
        Ok(())
    });
}

#[test]
fn without_keep_alive_each_connection_has_one_answer() {
    run(async {
        let server = HttpServer::new(async || Ok(service)).no_keep_alive(true).listen_with(0, &local())?;
        let came = ask(connect(server.port().unwrap()).await?, &REQUEST.repeat(2)).await?;
        assert_eq!(statuses(&came), [200], "{came}");
        assert!(came.contains("Connection: close\r\n"), "{came}");
        assert_eq!(server.statistics().requests, 1);
        Ok(())
    });
}
