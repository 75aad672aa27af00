//! The client over TLS: which certificates it trusts, what its connections are kept under, and tunnels
//! through proxies. Over real sockets.

#[path = "../../../tests/support/certificates.rs"]
mod certificates;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use certificates::Authority;
use firewhirl_event::{Error, IoLoop, IoStream, Result};
use firewhirl_http::client::{
    ConnectionPool, Destination, HttpClientError, IncomingResponse, OutgoingRequest, PoolOptions, Proxy, Scheme,
};
use firewhirl_http::{Exchange, Headers, HttpServer};
use firewhirl_tcp::tls::{ClientTls, ServerTls, SslOptions};
use firewhirl_tcp::{BindOptions, TcpClient, TcpServer};
use http::{Method, StatusCode};

/// Says over which connection a request came, and whether it names a proxy's credentials.
async fn tell(exchange: &mut Exchange) -> Result {
    let request = &exchange.request;
    let session = request.tls_session();
    let text = format!(
        "{} resumed={} {}",
        session.and_then(|session| session.server_name()).unwrap_or("-"),
        session.is_some_and(|session| session.resumed()),
        request.header("Proxy-Authorization").is_some(),
    );
    let mut headers = Headers::new();
    headers.set("Content-Length", text.len() as u64)?;
    Ok(exchange.connection.respond(StatusCode::OK, None, &headers, text.as_bytes())?)
}

/// A server that [`tell`]s, at a name that this authority vouches for.
fn server(authority: &Authority) -> Result<u16> {
    let issued = authority.issue(&["localhost"]);
    let tls = ServerTls::new(&SslOptions::new().cert_pem(&issued.cert).key_pem(&issued.key))?;
    Ok(HttpServer::new(async || Ok(tell)).ssl_options(tls)?.listen(0)?.port().unwrap())
}

/// A proxy that makes tunnels to this port, whatever host it is asked for, and keeps what it was asked.
fn tunnels_to(port: u16, asked: &Rc<RefCell<Vec<String>>>, tls: Option<ServerTls>) -> Result<u16> {
    let asked = asked.clone();
    let server = TcpServer::new(async move |stream: IoStream, _| {
        let mut near = match &tls {
            Some(tls) => tls.accept(stream).await?,
            None => stream,
        };
        let head = near.read_until(b"\r\n\r\n").await?;
        asked.borrow_mut().push(String::from_utf8_lossy(&head).into_owned());
        let far = TcpClient::new().connect(("localhost", port)).await?;
        near.write("HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\n");
        near.flush().await?;
        let ((from_near, to_near), (from_far, to_far)) = (near.split(), far.split());
        IoLoop::current().spawn_callback(async move { drop(pass_on(from_near, to_far).await) });
        pass_on(from_far, to_near).await
    });
    Ok(server.listen_with(0, &BindOptions::default().address("127.0.0.1"))?.port().unwrap())
}

async fn pass_on(
    mut from: firewhirl_event::iostream::StreamReader,
    to: firewhirl_event::iostream::StreamWriter,
) -> Result<(), Error> {
    loop {
        to.write(from.read_bytes(64 * 1024).partial().await?);
        to.flush().await?;
    }
}

async fn get(pool: &ConnectionPool, destination: &Rc<Destination>) -> Result<IncomingResponse, HttpClientError> {
    pool.send(OutgoingRequest::new(destination.clone(), Method::GET, "/")).await
}

async fn body(mut response: IncomingResponse) -> Result<String> {
    Ok(String::from_utf8(response.read_body().await?.to_vec())?)
}

fn https(port: u16) -> Destination {
    Destination::new(Scheme::Https, "localhost", port)
}

fn trusting(authority: &Authority) -> Result<ClientTls> {
    Ok(ClientTls::new(&SslOptions::new().ca_pem(authority.pem()))?)
}

fn run(test: impl Future<Output = Result>) -> Result {
    IoLoop::current().run_sync_timeout(Duration::from_secs(60), test)
}

#[test]
fn what_a_pool_trusts_holds_unless_a_destination_has_its_own() -> Result {
    run(async {
        let (known, other) = (Authority::new("Known"), Authority::new("Other"));
        let port = server(&known)?;
        let pool = ConnectionPool::new(PoolOptions::new().tls(trusting(&known)?));
        let response = get(&pool, &Rc::new(https(port))).await?;
        let times = response.time_info();
        assert!(times.connect < times.appconnect && times.appconnect <= times.pretransfer, "{times:?}");
        assert_eq!(body(response).await?, "localhost resumed=false false");

        let error = get(&pool, &Rc::new(https(port).tls(trusting(&other)?))).await.unwrap_err();
        let HttpClientError::Tls(error) = error else { panic!("{error:?}") };
        assert!(error.is_certificate(), "{error}");
        Ok(())
    })
}

#[test]
fn connections_are_shared_by_clones_of_one_tls_and_sessions_are_resumed() -> Result {
    run(async {
        let authority = Authority::new("Test");
        let port = server(&authority)?;
        let tls = trusting(&authority)?;
        let pool = ConnectionPool::new(PoolOptions::new());
        for is_reused in [false, true] {
            // Each time another destination, and equal.
            let response = get(&pool, &Rc::new(https(port).tls(tls.clone()))).await?;
            assert_eq!(response.time_info().connect.is_zero(), is_reused);
            body(response).await?;
        }
        let alone = ConnectionPool::new(PoolOptions::new().max_idle(0).tls(tls));
        assert_eq!(body(get(&alone, &Rc::new(https(port))).await?).await?, "localhost resumed=false false");
        assert_eq!(body(get(&alone, &Rc::new(https(port))).await?).await?, "localhost resumed=true false");
        Ok(())
    })
}

#[test]
fn a_tunnel_hides_the_request_from_the_proxy_and_the_credentials_from_the_server() -> Result {
    for proxy_speaks_tls in [false, true] {
        run(async {
            let authority = Authority::new("Test");
            let port = server(&authority)?;
            let issued = authority.issue(&["127.0.0.1"]);
            let own = ServerTls::new(&SslOptions::new().cert_pem(&issued.cert).key_pem(&issued.key))?;
            let asked = Rc::new(RefCell::new(Vec::new()));
            let proxy = tunnels_to(port, &asked, proxy_speaks_tls.then_some(own))?;
            let through = Proxy::new("127.0.0.1", proxy).credentials("user", "secret").secure(proxy_speaks_tls);
            let pool = ConnectionPool::new(PoolOptions::new().tls(trusting(&authority)?));
            let destination = Rc::new(Destination::new(Scheme::Https, "localhost", 8443).proxy(through));
            for _ in 0..2 {
                assert_eq!(body(get(&pool, &destination).await?).await?, "localhost resumed=false false");
            }
            let expected = "CONNECT localhost:8443 HTTP/1.1\r\nHost: localhost:8443\r\n\
                Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n";
            assert_eq!(*asked.borrow(), [expected], "the second request has used the tunnel of the first");
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn a_proxy_that_refuses_a_tunnel_is_named_with_its_status() -> Result {
    run(async {
        let server = TcpServer::new(async |mut stream: IoStream, _| {
            let head = stream.read_until(b"\r\n\r\n").await?;
            assert_eq!(head, "CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n");
            stream.write("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nno!");
            Ok(stream.flush().await?)
        });
        let server = server.listen_with(0, &BindOptions::default().address("127.0.0.1"))?;
        let through = Proxy::new("127.0.0.1", server.port().unwrap());
        let pool = ConnectionPool::new(PoolOptions::new());
        let destination = Destination::new(Scheme::Https, "example.test", 443).proxy(through);
        let error = get(&pool, &Rc::new(destination)).await.unwrap_err();
        assert_eq!(error.code(), 407);
        assert_eq!(error.to_string(), "the proxy refused the tunnel: 407 Proxy Authentication Required");
        Ok(())
    })
}

#[test]
fn a_handshake_that_does_not_come_ends_with_the_time_for_connecting() -> Result {
    run(async {
        let server = TcpServer::new(async |mut stream: IoStream, _| {
            stream.wait_closed().await;
            Ok(())
        });
        let server = server.listen_with(0, &BindOptions::default().address("127.0.0.1"))?;
        let pool = ConnectionPool::new(PoolOptions::new());
        let destination = Destination::new(Scheme::Https, "127.0.0.1", server.port().unwrap());
        let mut request = OutgoingRequest::new(Rc::new(destination), Method::GET, "/");
        request.connect_timeout = Some(Duration::from_millis(50));
        assert_eq!(pool.send(request).await.unwrap_err().to_string(), "Timeout while connecting");
        Ok(())
    })
}
