//! How the client comes to its servers: addresses, interfaces, sockets of files, proxies, and what it
//! says of the time that each phase took. Over real sockets.

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use firewhirl_event::{Error, IoStream};
use firewhirl_http::client::{
    ConnectionPool, Destination, HttpClientError, IncomingResponse, OutgoingRequest, PoolOptions, Proxy, Scheme,
};
use firewhirl_tcp::{BindOptions, ConnectError, OverrideResolver, SystemResolver, TcpServer};
use http::Method;
use support::run;

/// A server that answers each request with what it saw: where it came from, and its head.
fn mirror() -> u16 {
    let server = TcpServer::new(async |mut stream: IoStream, _| {
        loop {
            let peer = stream.peer_addr().map_or("a socket".to_owned(), |peer| peer.ip().to_string());
            let head = stream.read_until(b"\r\n\r\n").await?;
            let body = format!("{peer}\n{}", String::from_utf8_lossy(&head));
            stream.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
            stream.flush().await?;
        }
    });
    server.listen_with(0, &BindOptions::default().address("127.0.0.1")).unwrap().port().unwrap()
}

/// A proxy that does as it is told, and writes down the heads that it was given.
fn proxy(answer: &'static str, heads: &Rc<RefCell<Vec<String>>>) -> u16 {
    let heads = heads.clone();
    let server = TcpServer::new(async move |mut stream: IoStream, _| {
        let head = stream.read_until(b"\r\n\r\n").await?;
        heads.borrow_mut().push(String::from_utf8_lossy(&head).into_owned());
        stream.write(answer);
        Ok(stream.flush().await?)
    });
    server.listen_with(0, &BindOptions::default().address("127.0.0.1")).unwrap().port().unwrap()
}

fn local(port: u16) -> Destination {
    Destination::new(Scheme::Http, "127.0.0.1", port)
}

async fn get(pool: &ConnectionPool, destination: Destination) -> Result<IncomingResponse, HttpClientError> {
    pool.send(OutgoingRequest::new(Rc::new(destination), Method::GET, "/page")).await
}

async fn body(mut response: IncomingResponse) -> Result<String, Error> {
    Ok(String::from_utf8(response.read_body().await?.to_vec())?)
}

#[test]
fn a_connection_comes_from_the_address_that_is_wished_for() {
    run(async {
        let pool = ConnectionPool::new(PoolOptions::new());
        let port = mirror();
        let from = body(get(&pool, local(port).network_interface("127.0.0.3")).await?).await?;
        assert!(from.starts_with("127.0.0.3\n"), "{from}");
        Ok(())
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_connection_comes_from_the_interface_that_is_wished_for() {
    run(async {
        let pool = ConnectionPool::new(PoolOptions::new());
        let port = mirror();
        assert_eq!(get(&pool, local(port).network_interface("lo")).await?.status(), 200);
        let error = get(&pool, local(port).network_interface("nosuch0")).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Connect(ConnectError::Connect { .. })), "{error:?}");
        assert!(error.to_string().contains("nosuch0"), "{error}");
        Ok(())
    });
}

#[test]
fn a_server_may_listen_on_a_socket_of_a_file() {
    run(async {
        let directory = std::env::temp_dir().join(format!("firewhirl-client-{}", std::process::id()));
        std::fs::create_dir_all(&directory)?;
        let path = directory.join("server.sock");
        let server = TcpServer::new(async |mut stream: IoStream, _| {
            stream.read_until(b"\r\n\r\n").await?;
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            Ok(stream.flush().await?)
        });
        let _server = server.listen_unix(&path)?;
        let pool = ConnectionPool::new(PoolOptions::new());
        let destination = Destination::new(Scheme::Http, "service", 80);
        assert_eq!(get(&pool, destination.clone().unix_socket(&path)).await?.status(), 200);
        std::fs::remove_dir_all(&directory)?;
        let error = get(&pool, destination.unix_socket(directory.join("other.sock"))).await.unwrap_err();
        assert!(matches!(error, HttpClientError::ConnectUnix { .. }), "{error:?}");
        Ok(())
    });
}

#[test]
fn names_are_looked_up_by_the_resolver_that_was_given() {
    run(async {
        let resolver = OverrideResolver::new(SystemResolver).host("service.test", "127.0.0.1");
        let pool = ConnectionPool::new(PoolOptions::new().resolver(resolver));
        let response = get(&pool, Destination::new(Scheme::Http, "service.test", mirror())).await?;
        let times = response.time_info();
        assert!(times.namelookup > std::time::Duration::ZERO);
        assert!(body(response).await?.contains("Host: service.test:"));
        Ok(())
    });
}

#[test]
fn the_phases_of_a_request_grow_and_a_connection_used_again_has_none() {
    run(async {
        let pool = ConnectionPool::new(PoolOptions::new());
        let port = mirror();
        for is_reused in [false, true] {
            let mut response = get(&pool, local(port)).await?;
            response.read_body().await?;
            let times = response.time_info();
            let connecting = [times.namelookup, times.connect];
            assert_eq!(connecting.map(|time| time.is_zero()), [is_reused; 2], "{times:?}");
            let phases = [times.namelookup, times.connect, times.pretransfer, times.starttransfer, times.total];
            assert!(phases.is_sorted(), "{times:?}");
            assert_eq!(times, response.time_info(), "the end is the end");
        }
        Ok(())
    });
}

#[test]
fn a_proxy_is_told_the_whole_url_and_who_asks() {
    run(async {
        let heads = Rc::new(RefCell::new(Vec::new()));
        let port = proxy("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &heads);
        let pool = ConnectionPool::new(PoolOptions::new());
        let through = Proxy::new("127.0.0.1", port).credentials("user", "secret");
        let destination = Destination::new(Scheme::Http, "example.test", 8000).proxy(through);
        assert_eq!(get(&pool, destination).await?.status(), 200);
        let expected = "GET http://example.test:8000/page HTTP/1.1\r\nHost: example.test:8000\r\n\
            Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n";
        assert_eq!(*heads.borrow(), [expected]);
        Ok(())
    });
}

#[test]
fn nobody_listening_is_an_error_of_the_connection() {
    run(async {
        let pool = ConnectionPool::new(PoolOptions::new());
        let error = get(&pool, local(1)).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Connect(ConnectError::Connect { .. })), "{error:?}");
        assert_eq!(error.code(), 599);
        Ok(())
    });
}
