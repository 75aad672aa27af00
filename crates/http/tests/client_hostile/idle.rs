//! Servers that turn bad after a sound answer: on a connection that nobody uses, or with the next request on it.

use std::time::Duration;

use firewhirl_event::coroutine::{multi, sleep};
use firewhirl_event::{IoStream, StreamError};
use firewhirl_http::client::{ConnectionPool, OutgoingBody, OutgoingRequest};
use http::Method;
use tokio::net::TcpSocket;

use super::server::HostileServer;
use super::sockets::sockets_to;
use super::told::told;
use super::{LONG, SHORT, fetch, options, run, to};

/// Reads a request and answers it with one letter; gives how many requests it was on this connection.
async fn answer(stream: &mut IoStream, letter: &str) -> Result<(), StreamError> {
    stream.read_until(b"\r\n\r\n").await?;
    stream.write(format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{letter}"));
    stream.flush().await
}

#[test]
fn what_comes_on_an_idle_connection_is_no_answer_to_what_is_asked_next() {
    run(async {
        let server = HostileServer::serve(async |mut stream| {
            answer(&mut stream, "a").await?;
            sleep(Duration::from_millis(20)).await;
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
            stream.flush().await?;
            loop {
                answer(&mut stream, "b").await?;
            }
        });
        let pool = ConnectionPool::new(options());
        for round in 1..=3 {
            assert_eq!(fetch(&pool, &to(server.port), "GET", LONG).await, "200 \"a\"");
            assert_eq!(server.accepted(), round);
            // By then the second answer has come, and the connection has gone, used again or not.
            sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(sockets_to(server.port, 0).await, 0);
        Ok(())
    });
}

#[test]
fn a_connection_that_is_closed_while_idle_is_let_go() {
    run(async {
        let server = HostileServer::serve(async |mut stream| answer(&mut stream, "a").await);
        let pool = ConnectionPool::new(options());
        assert_eq!(fetch(&pool, &to(server.port), "GET", LONG).await, "200 \"a\"");
        assert_eq!(sockets_to(server.port, 0).await, 0, "nobody asks again, and none is left in CLOSE_WAIT");
        Ok(())
    });
}

#[test]
fn a_request_that_finds_its_connection_closed_is_sent_again_once_if_it_may_be() {
    run(async {
        // Whatever comes second on a connection is read, and not answered.
        let server = HostileServer::serve(async |mut stream| {
            answer(&mut stream, "a").await?;
            stream.read_until(b"\r\n\r\n").await?;
            Ok(())
        });
        let pool = ConnectionPool::new(options());
        assert_eq!(fetch(&pool, &to(server.port), "GET", LONG).await, "200 \"a\"");
        assert_eq!(fetch(&pool, &to(server.port), "GET", LONG).await, "200 \"a\"", "on a new connection");
        assert_eq!(server.accepted(), 2);
        let mut post = OutgoingRequest::new(to(server.port), Method::POST, "/");
        post.body = OutgoingBody::Whole("once".into());
        assert_eq!(told(pool.send(post).await).await, "closed", "nobody knows whether the server has acted on it");
        assert_eq!(server.accepted(), 2);
        assert_eq!(sockets_to(server.port, 0).await, 0);

        // One that never answers a second request, not even on a new connection.
        let never = HostileServer::serve(async |mut stream| {
            stream.read_until(b"\r\n\r\n").await?;
            Ok(())
        });
        assert_eq!(fetch(&pool, &to(never.port), "GET", LONG).await, "closed");
        assert_eq!(never.accepted(), 1, "a new connection that fails is told at once");
        Ok(())
    });
}

#[test]
fn a_port_that_nobody_listens_on_is_told_at_once() {
    run(async {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let pool = ConnectionPool::new(options());
        for _ in 0..20 {
            let found = fetch(&pool, &to(port), "GET", LONG).await;
            assert!(found.starts_with("Connect(") && found.contains("refused"), "{found}");
        }
        Ok(())
    });
}

#[test]
fn a_connection_that_is_never_accepted_runs_into_the_time_for_connecting() {
    run(async {
        let full = TcpSocket::new_v4()?;
        full.bind("127.0.0.1:0".parse().unwrap())?;
        let full = full.listen(1)?;
        let port = full.local_addr()?.port();
        // Beyond its queue the kernel answers nobody.
        let mut held = Vec::new();
        while let Ok(Ok(stream)) =
            tokio::time::timeout(SHORT, tokio::net::TcpStream::connect(("127.0.0.1", port))).await
        {
            held.push(stream);
            assert!(held.len() < 10, "it should be full");
        }
        let held = held.len();
        let pool = ConnectionPool::new(options());
        let mut request = OutgoingRequest::new(to(port), Method::GET, "/");
        request.connect_timeout = Some(SHORT);
        let error = pool.send(request).await.err().unwrap();
        assert_eq!(error.to_string(), "Timeout while connecting");
        assert!(sockets_to(port, held).await <= held, "the attempt is given up");
        Ok(())
    });
}

#[test]
fn silent_servers_keep_nobody_waiting_longer_than_their_time() {
    run(async {
        let silent = HostileServer::serve(async |mut stream| {
            stream.read_until_close().await?;
            Ok(())
        });
        let pool = ConnectionPool::new(options().max_clients(5));
        // Of fifty the first five are asked; the others do not get a place in time.
        let all = (0..50).map(|_| async {
            let found = fetch(&pool, &to(silent.port), "GET", SHORT).await;
            (found == "timeout").then_some(()).ok_or(found)
        });
        multi(all).await.unwrap();
        assert!(silent.accepted() <= 10, "{} were connected", silent.accepted());
        assert_eq!(sockets_to(silent.port, 0).await, 0);
        let good = HostileServer::good();
        assert_eq!(fetch(&pool, &to(good.port), "GET", LONG).await, "200 \"good\"", "all places are free again");
        Ok(())
    });
}

#[test]
fn a_response_that_is_dropped_takes_its_connection_with_it() {
    run(async {
        let endless = HostileServer::serve(async |mut stream| {
            stream.read_until(b"\r\n\r\n").await?;
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
            loop {
                stream.write([b'x'; 1000]);
                stream.flush().await?;
                sleep(Duration::from_millis(5)).await;
            }
        });
        let pool = ConnectionPool::new(options());
        for _ in 0..5 {
            let mut response = pool.send(OutgoingRequest::new(to(endless.port), Method::GET, "/")).await?;
            response.next_chunk().await?;
            drop(response);
            // And a request that is given up before there is a response.
            let given_up = tokio::time::timeout(Duration::ZERO, fetch(&pool, &to(endless.port), "GET", LONG)).await;
            assert!(given_up.is_err());
        }
        assert_eq!(sockets_to(endless.port, 0).await, 0);
        Ok(())
    });
}
