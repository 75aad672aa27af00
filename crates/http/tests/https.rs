//! HTTPS: what a server does with the TLS of its connections.

#[path = "../../../tests/support/certificates.rs"]
mod certificates;

use std::time::Duration;

use bytes::Bytes;
use certificates::{Authority, Issued};
use firewhirl_event::coroutine::sleep;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::{Exchange, Headers, HttpServer};
use firewhirl_tcp::tls::{CertReqs, ClientTls, ServerTls, SslOptions};
use firewhirl_tcp::{BindOptions, TcpClient};
use http::StatusCode;

/// Says what a request knows of its connection.
async fn tell(exchange: &mut Exchange) -> Result {
    let request = &exchange.request;
    let session = request.tls_session();
    let text = format!(
        "{} {} {:?} {}",
        request.protocol(),
        session.and_then(|session| session.server_name()).unwrap_or("-"),
        session.and_then(|session| session.alpn_protocol()).map(String::from_utf8_lossy),
        request.ssl_certificate().map_or(0, <[u8]>::len),
    );
    let mut headers = Headers::new();
    headers.set("Content-Length", text.len() as u64)?;
    Ok(exchange.connection.respond(StatusCode::OK, None, &headers, text.as_bytes())?)
}

fn server_options(issued: &Issued) -> SslOptions {
    SslOptions::new().cert_pem(&issued.cert).key_pem(&issued.key)
}

async fn connect(port: u16, tls: &ClientTls) -> Result<IoStream> {
    let connecting = TcpClient::new().connect(("localhost", port)).ssl_options(tls.clone());
    Ok(connecting.timeout(Duration::from_secs(30)).await?)
}

/// The answer to one request, after which the connection ends.
async fn get(port: u16, tls: &ClientTls) -> Result<Bytes> {
    let mut stream = connect(port, tls).await?;
    stream.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let answer = stream.read_until_close().await?;
    let body = answer.windows(4).position(|end| end == b"\r\n\r\n").map_or(0, |end| end + 4);
    Ok(answer.slice(body..))
}

#[test]
fn requests_over_tls_say_so() -> Result {
    let authority = Authority::new("Test");
    let tls = ServerTls::new(&server_options(&authority.issue(&["localhost"])))?;
    let server = HttpServer::new(async || Ok(tell)).ssl_options(tls)?.listen(0)?;
    let port = server.port().unwrap();
    assert_eq!(server.url(), format!("https://localhost:{port}"));
    IoLoop::current().run_sync(async move {
        let tls = ClientTls::new(&SslOptions::new().ca_pem(authority.pem()))?;
        assert_eq!(get(port, &tls).await?, "https localhost None 0");
        let tls = ClientTls::new(&SslOptions::new().ca_pem(authority.pem()).alpn(["http/1.1"]))?;
        assert_eq!(get(port, &tls).await?, "https localhost Some(\"http/1.1\") 0");
        Ok(())
    })
}

#[test]
fn a_client_that_shows_a_certificate_is_known_by_it() -> Result {
    let authority = Authority::new("Test");
    let options = server_options(&authority.issue(&["localhost"])).cert_reqs(CertReqs::Optional);
    let server = HttpServer::new(async || Ok(tell)).ssl_options(options.ca_pem(authority.pem()))?.listen(0)?;
    let port = server.port().unwrap();
    IoLoop::current().run_sync(async move {
        let options = SslOptions::new().ca_pem(authority.pem());
        assert_eq!(get(port, &ClientTls::new(&options)?).await?, "https localhost None 0");
        let own = authority.issue(&["client"]);
        let told = get(port, &ClientTls::new(&options.cert_pem(&own.cert).key_pem(&own.key))?).await?;
        assert!(told.starts_with(b"https localhost None ") && !told.ends_with(b" 0"), "{told:?}");
        Ok(())
    })
}

#[test]
fn a_client_that_speaks_plain_http_is_told() -> Result {
    let authority = Authority::new("Test");
    let options = server_options(&authority.issue(&["localhost"]));
    let server = HttpServer::new(async || Ok(tell)).ssl_options(&options)?.listen(0)?;
    let port = server.port().unwrap();
    IoLoop::current().run_sync(async move {
        let mut stream = TcpClient::new().connect(("localhost", port)).await?;
        stream.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answer = stream.read_until_close().await?;
        assert!(answer.starts_with(b"HTTP/1.1 400 Bad Request\r\n"), "{answer:?}");
        assert!(answer.ends_with(b"\r\n\r\nThis port speaks HTTPS, and the request came in plain HTTP."), "{answer:?}");
        Ok(())
    })
}

#[test]
fn no_request_is_lost_while_certificates_change_under_load() -> Result {
    let authority = Authority::new("Test");
    let tls = ServerTls::new(&server_options(&authority.issue(&["localhost"])))?;
    let local = BindOptions::default().address("localhost");
    let server = HttpServer::new(async || Ok(tell)).ssl_options(tls.clone())?.bind_with(0, &local)?.start(2)?;
    let port = server.port().unwrap();
    IoLoop::current().run_sync(async move {
        let client = ClientTls::new(&SslOptions::new().ca_pem(authority.pem()))?;
        let clients: Vec<_> = (0..16)
            .map(|_| {
                let client = client.clone();
                IoLoop::current().spawn(async move {
                    for _ in 0..20 {
                        assert!(get(port, &client).await.unwrap().starts_with(b"https localhost "));
                    }
                })
            })
            .collect();
        let mut reloads = 0;
        while clients.iter().any(|client| !client.is_finished()) {
            tls.reload()?;
            reloads += 1;
            sleep(Duration::from_millis(1)).await;
        }
        for client in clients {
            client.await?;
        }
        assert!(reloads > 1);
        assert_eq!(server.statistics().requests, 320);
        assert_eq!(server.drain(Duration::from_secs(30)).await, 0);
        Ok(())
    })
}

#[test]
fn a_drain_waits_for_requests_and_not_for_handshakes_that_go_nowhere() -> Result {
    let authority = Authority::new("Test");
    let options = server_options(&authority.issue(&["localhost"]));
    let server = HttpServer::new(async || Ok(tell)).ssl_options(&options)?.listen(0)?;
    let port = server.port().unwrap();
    IoLoop::current().run_sync(async move {
        let tls = ClientTls::new(&SslOptions::new().ca_pem(authority.pem()))?;
        let mut silent = TcpClient::new().connect(("localhost", port)).await?;
        let mut begun = TcpClient::new().connect(("localhost", port)).await?;
        begun.write(b"\x16\x03\x01\x02\x00\x01");
        begun.flush().await?;
        assert!(get(port, &tls).await?.starts_with(b"https"));
        // A handshake has 30 seconds; the drain's limit is longer and is not reached.
        let drained = server.drain(Duration::from_secs(20)).await;
        assert_eq!(drained, 0, "nothing had to be cut off");
        silent.wait_closed().await;
        begun.wait_closed().await;
        Ok(())
    })
}

#[test]
fn what_reaches_an_https_port_and_is_no_request_does_not_hold_it_up() -> Result {
    let authority = Authority::new("Test");
    let options = server_options(&authority.issue(&["localhost"])).handshake_timeout(Duration::from_millis(300));
    let server = HttpServer::new(async || Ok(tell)).ssl_options(&options)?.listen(0)?;
    let port = server.port().unwrap();
    IoLoop::current().run_sync(async move {
        let tls = ClientTls::new(&SslOptions::new().ca_pem(authority.pem()))?;
        let mut noise = Vec::new();
        for bytes in [
            &b""[..],
            b"\x16\x03\x01\x02\x00\x01",
            b"\x00\x01\x02",
            b"SSH-2.0-OpenSSH\r\n",
            b"\xff".repeat(99).as_slice(),
        ] {
            for _ in 0..10 {
                let mut stream = TcpClient::new().connect(("localhost", port)).await?;
                stream.write(bytes);
                stream.flush().await?;
                noise.push(stream);
            }
        }
        assert!(get(port, &tls).await?.starts_with(b"https"));
        for mut stream in noise {
            stream.wait_closed().await;
        }
        assert!(get(port, &tls).await?.starts_with(b"https"));
        assert_eq!(server.statistics().requests, 2);
        Ok(())
    })
}
