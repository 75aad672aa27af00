//! Connections that switch protocols: WebSockets and others, to their end and to the server's.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use firewhirl::prelude::*;
use firewhirl_testing::TestServer;

use crate::fronts::{eventually, exchange, field, front, raw, read_head, run};

const SWITCHED: &str =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n";

const ASK: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://a\r\n\r\n";

/// A service that switches, and then sends back whatever comes.
fn echo() -> Result<firewhirl::web::Proxy> {
    raw(async |mut stream| {
        let head = read_head(&mut stream).await?;
        assert_eq!(
            (field(&head, "Connection"), field(&head, "Upgrade")),
            (Some("Upgrade"), Some("websocket")),
            "{head}"
        );
        stream.write(SWITCHED);
        loop {
            let bytes = stream.read_bytes(65_536).partial().await?;
            stream.write(bytes);
        }
    })
}

/// A connection that has been switched.
async fn switched(front: &TestServer) -> Result<IoStream> {
    let mut client = front.client().connect().await?;
    client.write(ASK);
    let head = read_head(&mut client).await?;
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert_eq!((field(&head, "Connection"), field(&head, "Upgrade")), (Some("Upgrade"), Some("websocket")), "{head}");
    assert_eq!(field(&head, "Sec-WebSocket-Accept"), Some("x"));
    Ok(client)
}

#[test]
fn bytes_pass_in_both_directions_until_both_have_ended() {
    run(async {
        let front = front(echo()?)?;
        let mut client = switched(&front).await?;
        for message in ["\x00\x01\r\n\r\n", "again"] {
            client.write(message);
            assert_eq!(client.read_bytes(message.len()).await?, message);
        }
        client.write("last words");
        client.close_write().await?;
        assert_eq!(client.read_until_close().await?, "last words");
        Ok(())
    });
}

#[test]
fn what_comes_with_the_switch_is_not_lost() {
    run(async {
        let behind = raw(async |mut stream| {
            read_head(&mut stream).await?;
            // The first message is there before the head has been looked at.
            stream.write(format!("{SWITCHED}first"));
            assert_eq!(stream.read_bytes(5).await?, "early");
            stream.write("second");
            stream.flush().await?;
            Ok(())
        })?;
        let front = front(behind)?;
        let answer = exchange(&front, &format!("{ASK}early")).await?;
        assert!(answer.ends_with("\r\n\r\nfirstsecond"), "{answer}");
        Ok(())
    });
}

#[test]
fn a_service_that_does_not_switch_just_answers() {
    run(async {
        let behind = raw(async |mut stream| {
            loop {
                read_head(&mut stream).await?;
                stream.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
            }
        })?;
        let front = front(behind)?;
        let mut client = front.client().connect().await?;
        for _ in 0..2 {
            client.write(ASK);
            assert!(read_head(&mut client).await?.starts_with("HTTP/1.1 403 Forbidden\r\n"));
            assert_eq!(client.read_bytes(2).await?, "no");
        }
        Ok(())
    });
}

#[test]
fn other_protocols_pass_but_not_http_in_another_version() {
    run(async {
        let behind = raw(async |mut stream| {
            let head = read_head(&mut stream).await?;
            match field(&head, "Upgrade") {
                Some(protocol) => stream.write(format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: {protocol}\r\nConnection: Upgrade\r\n\r\nhello"
                )),
                None => stream.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            }
            stream.flush().await?;
            Ok(())
        })?;
        let front = front(behind)?;
        let ask = |protocol: &str| {
            format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: {protocol}\r\n\r\n")
        };
        let answer = exchange(&front, &ask("irc/6.9")).await?;
        assert!(answer.contains("Upgrade: irc/6.9\r\n") && answer.ends_with("hello"), "{answer}");
        let answer = exchange(&front, &ask("h2c")).await?;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        Ok(())
    });
}

#[test]
fn one_side_that_goes_takes_the_other_with_it() {
    run(async {
        let gone = Rc::new(Cell::new(0));
        let counted = gone.clone();
        let behind = raw(async move |mut stream| {
            read_head(&mut stream).await?;
            stream.write(SWITCHED);
            stream.flush().await?;
            stream.wait_closed().await;
            counted.set(counted.get() + 1);
            Ok(())
        })?;
        let front = front(behind)?;
        drop(switched(&front).await?);
        eventually(|| gone.get() == 1).await;
        let behind = raw(async move |mut stream| {
            read_head(&mut stream).await?;
            stream.write(SWITCHED);
            stream.flush().await?;
            Ok(())
        })?;
        let front = crate::fronts::front(behind)?;
        assert_eq!(switched(&front).await?.read_until_close().await?, "");
        Ok(())
    });
}

#[test]
fn a_connection_on_which_nothing_passes_is_closed_in_the_end() {
    run(async {
        let front = front(echo()?.upgrade_timeout(Duration::from_millis(200)))?;
        let mut client = switched(&front).await?;
        client.write("once");
        assert_eq!(client.read_until_close().await?, "once");
        Ok(())
    });
}

#[test]
fn two_hundred_at_once_and_their_servers_drain() {
    run(async {
        let front = front(echo()?)?;
        let mut clients = Vec::new();
        for _ in 0..200 {
            clients.push(switched(&front).await?);
        }
        for (number, client) in clients.iter_mut().enumerate() {
            client.write(format!("{number:03}"));
        }
        for (number, client) in clients.iter_mut().enumerate() {
            assert_eq!(client.read_bytes(3).await?, format!("{number:03}"));
        }
        // They are connections of the server: its drain waits for them, and at its limit cuts them off.
        let server = front.http_server().clone();
        server.stop();
        assert_eq!(server.drain(Duration::from_millis(100)).await, 200);
        for mut client in clients {
            assert_eq!(client.read_until_close().await?, "");
        }
        Ok(())
    });
}

#[test]
fn a_switch_is_logged_and_counted_when_it_happens() {
    run(async {
        let seen = Rc::new(Cell::new(None));
        let noted = seen.clone();
        let behind = echo()?;
        let front = crate::fronts::serve(move || {
            let noted = noted.clone();
            let log = move |cx: &Context| noted.set(Some((cx.status().as_u16(), cx.upstream().is_some())));
            Application::new().fallback(behind.clone()).log_function(log)
        })?;
        let _client = switched(&front).await?;
        assert_eq!(seen.get(), Some((101, true)));
        Ok(())
    });
}
