//! `ssl_options` of `TcpServer` and `TcpClient`, over sockets.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_tcp::tls::{ClientTls, ServerTls, SslOptions, TlsError, session};
use firewhirl_tcp::{BindOptions, ConnectError, ConnectPhase, TcpClient, TcpServer};

use super::{Authority, PATIENCE, client_options, server_options};

/// Sends lines back.
async fn echo(mut stream: IoStream, _peer: firewhirl_tcp::Peer) -> Result {
    loop {
        let line = stream.read_until(b"\n").await?;
        stream.write(line);
    }
}

fn local() -> BindOptions {
    BindOptions::default().address("127.0.0.1")
}

/// A server and a client's options for it.
fn certificates() -> (SslOptions, SslOptions) {
    let authority = Authority::new("Test");
    (server_options(&authority.issue(&["localhost", "127.0.0.1"])), client_options(&authority))
}

async fn asks(host: &str, port: u16, tls: &ClientTls) -> Result<bool> {
    let connecting = TcpClient::new().connect((host, port)).ssl_options(tls.clone());
    let mut stream = connecting.timeout(PATIENCE).await?;
    stream.write("hello\n");
    assert_eq!(stream.read_until(b"\n").await?, "hello\n");
    Ok(session(&stream).unwrap().resumed())
}

#[test]
fn a_server_speaks_tls_on_what_it_listens_on_after_it_was_told() -> Result {
    let (servers, clients) = certificates();
    let server = TcpServer::new(echo).listen_with(0, &local())?.ssl_options(&servers)?.listen_with(0, &local())?;
    let ports: Vec<u16> = server.addresses().iter().map(|address| address.port()).collect();
    IoLoop::current().run_sync(async move {
        let mut plain = TcpClient::new().connect(("127.0.0.1", ports[0])).await?;
        plain.write("hello\n");
        assert_eq!(plain.read_until(b"\n").await?, "hello\n");
        let tls = ClientTls::new(&clients)?;
        assert!(!asks("localhost", ports[1], &tls).await?);
        assert!(!asks("127.0.0.1", ports[1], &tls).await?, "another name, another session");
        assert!(asks("localhost", ports[1], &tls).await?);
        Ok(())
    })
}

#[test]
fn workers_resume_each_others_sessions() -> Result {
    let (servers, clients) = certificates();
    let server = TcpServer::new(echo).ssl_options(servers)?.bind_with(0, &local())?.start(3)?;
    let port = server.port().unwrap();
    IoLoop::current().run_sync(async move {
        let tls = ClientTls::new(&clients)?;
        assert!(!asks("localhost", port, &tls).await?);
        for _ in 0..12 {
            assert!(asks("localhost", port, &tls).await?);
        }
        assert_eq!(server.drain(PATIENCE).await, 0);
        Ok(())
    })
}

#[test]
fn a_server_is_told_at_once_what_is_wrong_with_its_options() {
    let refused = TcpServer::new(echo).ssl_options(SslOptions::new());
    assert!(matches!(refused.err(), Some(TlsError::NoCertfile)));
}

#[test]
fn a_client_that_is_slow_to_shake_hands_holds_up_no_other_and_is_given_up() -> Result {
    let (servers, clients) = certificates();
    let limit = Duration::from_millis(300);
    let server = TcpServer::new(echo).ssl_options(servers.handshake_timeout(limit))?.listen_with(0, &local())?;
    let port = server.port().unwrap();
    IoLoop::current().run_sync(async move {
        let mut silent = Vec::new();
        for number in 0..50 {
            let mut stream = TcpClient::new().connect(("127.0.0.1", port)).await?;
            if number % 2 == 0 {
                stream.write(b"\x16\x03\x01\x02\x00\x01\x00");
                stream.flush().await?;
            }
            silent.push(stream);
        }
        asks("localhost", port, &ClientTls::new(&clients)?).await?;
        for mut stream in silent {
            stream.wait_closed().await;
        }
        while server.counts().open > 0 {
            tokio::task::yield_now().await;
        }
        Ok(())
    })
}

#[test]
fn what_a_client_meets_is_told_with_the_host() -> Result {
    let (servers, clients) = certificates();
    let server = TcpServer::new(echo).ssl_options(servers)?.listen_with(0, &local())?;
    let plain = TcpServer::new(echo).listen_with(0, &local())?;
    let (port, plain) = (server.port().unwrap(), plain.port().unwrap());
    IoLoop::current().run_sync(async move {
        let error = async |port, options: SslOptions, limit| {
            let connecting = TcpClient::new().connect(("localhost", port)).ssl_options(options);
            connecting.timeout(limit).await.unwrap_err()
        };
        let untrusted = error(port, SslOptions::new().ca_pem(Authority::new("Other").pem()), PATIENCE).await;
        assert_eq!(untrusted.phase(), ConnectPhase::Tls);
        assert!(matches!(&untrusted, ConnectError::Tls { source: TlsError::Certificate { .. }, .. }), "{untrusted:?}");
        let text = format!("cannot speak TLS with localhost:{port}: the peer's certificate does not verify: ");
        assert!(untrusted.to_string().starts_with(&text), "{untrusted}");
        let wrong = error(port, SslOptions::new().ca_certs("/nowhere.pem"), PATIENCE).await;
        assert!(matches!(wrong, ConnectError::Tls { source: TlsError::File { .. }, .. }), "{wrong:?}");
        let late = error(plain, clients, Duration::from_millis(100)).await;
        assert!(late.is_timeout() && late.phase() == ConnectPhase::Tls, "{late:?}");
        Ok(())
    })
}

#[test]
fn many_handshakes_at_once_all_come_to_their_end() -> Result {
    let (servers, clients) = certificates();
    let server = TcpServer::new(echo).ssl_options(ServerTls::new(&servers)?)?.listen_with(0, &local())?;
    let port = server.port().unwrap();
    IoLoop::current().run_sync(async move {
        let done = Rc::new(Cell::new(0));
        let tls = ClientTls::new(&clients)?;
        let asking: Vec<_> = (0..200)
            .map(|_| {
                let (done, tls) = (done.clone(), tls.clone());
                IoLoop::current().spawn(async move {
                    asks("localhost", port, &tls).await.unwrap();
                    done.set(done.get() + 1);
                })
            })
            .collect();
        for one in asking {
            one.await?;
        }
        assert_eq!(done.get(), 200);
        Ok(())
    })
}
