//! Which connections are used again, and which are not.

use std::time::Duration;

use bytes::Bytes;
use firewhirl_http::client::{HttpClientError, OutgoingBody, PoolOptions};
use http::Method;
use tokio::time::sleep;

use crate::servers::{Servers, answers, echo, get, ok, request, run, script, settle, spawn, text, to};

#[test]
fn a_connection_is_used_again_and_the_last_one_first() {
    run(async {
        let servers = Servers::of([echo(), echo()]);
        let pool = servers.pool(PoolOptions::new());
        let both = [spawn(&pool, get("/a")), spawn(&pool, get("/b"))];
        for one in both {
            one.await??;
        }
        for path in ["/one", "/two", "/three"] {
            assert_eq!(text(pool.send(get(path)).await?).await?, path);
        }
        assert_eq!((servers.dialled(), servers.open()), (2, 2));
        Ok(())
    });
}

#[test]
fn connections_are_kept_by_destination() {
    run(async {
        let servers = Servers::of([echo(), echo(), echo()]);
        let pool = servers.pool(PoolOptions::new());
        for host in ["a", "b", "c", "a", "b", "c"] {
            text(pool.send(to(host, Method::GET, "/")).await?).await?;
        }
        assert_eq!(servers.dialled(), 3);
        Ok(())
    });
}

#[test]
fn a_response_gives_its_connection_back_with_its_last_byte() {
    #[rustfmt::skip]
    const CASES: &[(&str, &str, bool)] = &[
        ("a length",              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",                               true),
        ("chunks",                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",    true),
        ("no content",            "HTTP/1.1 204 No Content\r\n\r\n",                                              true),
        ("not modified",          "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n",                     true),
        ("1.0 that keeps alive",  "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",     true),
        ("1.0",                   "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",                               false),
        ("a close",               "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",          false),
        ("more than the body",    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n",        false),
    ];
    for &(name, answer, is_kept) in CASES {
        run(async {
            let servers = Servers::of([answers([answer, answer]), echo()]);
            let pool = servers.pool(PoolOptions::new());
            let response = pool.send(get("/")).await?;
            let body = text(response).await?;
            assert!(body.is_empty() || body == "hi", "{name}: {body}");
            text(pool.send(get("/")).await?).await?;
            assert_eq!(servers.dialled(), if is_kept { 1 } else { 2 }, "{name}");
            Ok(())
        });
    }
}

#[test]
fn a_response_that_is_dropped_costs_its_connection_unless_the_rest_is_there() {
    run(async {
        let servers = Servers::of([
            answers([ok("the rest is there"), ok("whole")]),
            answers(["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe rest never comes"]),
            echo(),
        ]);
        let pool = servers.pool(PoolOptions::new());
        drop(pool.send(get("/")).await?);
        assert_eq!(text(pool.send(get("/")).await?).await?, "whole");
        assert_eq!(servers.dialled(), 1);
        settle().await;
        drop(pool.send(get("/")).await?);
        settle().await;
        assert_eq!(servers.open(), 0, "the connection of a response that was given up is closed");
        text(pool.send(get("/")).await?).await?;
        assert_eq!(servers.dialled(), 3);
        Ok(())
    });
}

#[test]
fn a_request_that_is_dropped_closes_its_connection() {
    run(async {
        let servers = Servers::of([crate::servers::silent()]);
        let pool = servers.pool(PoolOptions::new());
        let request = spawn(&pool, get("/"));
        settle().await;
        assert_eq!(servers.open(), 1);
        request.abort();
        settle().await;
        assert_eq!(servers.open(), 0);
        Ok(())
    });
}

#[test]
fn bytes_that_nobody_asked_for_end_an_idle_connection() {
    run(async {
        let gossip = script(async |mut stream| {
            stream.read_until(b"\r\n\r\n").await?;
            stream.write(ok("first"));
            stream.flush().await?;
            sleep(Duration::from_millis(1)).await;
            stream.write(ok("smuggled"));
            stream.flush().await?;
            stream.wait_closed().await;
            Ok(())
        });
        let servers = Servers::of([gossip, echo()]);
        let pool = servers.pool(PoolOptions::new());
        assert_eq!(text(pool.send(get("/")).await?).await?, "first");
        sleep(Duration::from_millis(5)).await;
        assert_eq!(text(pool.send(get("/second")).await?).await?, "/second");
        assert_eq!((servers.dialled(), servers.open()), (2, 1));
        Ok(())
    });
}

#[test]
fn an_idle_connection_that_its_server_closes_goes_away_within_seconds() {
    run(async {
        // The server sends its end, and stays until it has seen ours.
        let closes_its_side = script(async |mut stream| {
            stream.read_until(b"\r\n\r\n").await?;
            stream.write(ok(""));
            stream.close_write().await?;
            stream.wait_closed().await;
            Ok(())
        });
        let servers = Servers::of([closes_its_side]);
        let pool = servers.pool(PoolOptions::new());
        pool.send(get("/")).await?;
        settle().await;
        assert_eq!(servers.open(), 1, "it is idle, and nobody has looked at it yet");
        sleep(Duration::from_secs(2)).await;
        assert_eq!(servers.open(), 0);
        Ok(())
    });
}

#[test]
fn idle_connections_end_with_our_patience_or_with_the_servers_if_that_is_shorter() {
    #[rustfmt::skip]
    const CASES: &[(&str, u64, u64)] = &[
        ("",                                60, 58),
        ("Keep-Alive: timeout=5\r\n",       5,  3),
        ("Keep-Alive: timeout=5, max=9\r\n", 5, 3),
        ("Keep-Alive: timeout=500\r\n",     60, 58),
    ];
    for &(field, closed_after, kept_until) in CASES {
        run(async {
            let answer = format!("HTTP/1.1 200 OK\r\n{field}Content-Length: 0\r\n\r\n");
            let serve = script(async move |mut stream| {
                stream.read_until(b"\r\n\r\n").await?;
                stream.write(answer);
                stream.flush().await?;
                stream.wait_closed().await;
                Ok(())
            });
            let servers = Servers::of([serve]);
            let pool = servers.pool(PoolOptions::new());
            pool.send(get("/")).await?;
            sleep(Duration::from_secs(kept_until)).await;
            assert_eq!(servers.open(), 1, "{field}");
            sleep(Duration::from_secs(closed_after - kept_until + 2)).await;
            assert_eq!(servers.open(), 0, "{field}");
            Ok(())
        });
    }
}

#[test]
fn idle_connections_are_bounded_in_all_and_for_each_host() {
    run(async {
        let servers = Servers::of((0..20).map(|_| echo()));
        let pool = servers.pool(PoolOptions::new().max_clients(0).max_idle(3).max_idle_per_host(2));
        for host in ["a", "b", "c"] {
            let all: Vec<_> = (0..4).map(|_| spawn(&pool, to(host, Method::GET, "/"))).collect();
            for one in all {
                one.await??;
            }
            settle().await;
            assert!(servers.open() <= 3, "{} after {host}", servers.open());
        }
        assert_eq!(servers.open(), 3);
        // What was used last is what is left.
        text(pool.send(to("c", Method::GET, "/")).await?).await?;
        assert_eq!(servers.dialled(), 12);
        Ok(())
    });
}

#[test]
fn a_pool_that_keeps_nothing_says_so_to_the_server() {
    run(async {
        let told = || {
            script(async |mut stream| {
                let head = stream.read_until(b"\r\n\r\n").await?;
                assert_eq!(head, "GET / HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n");
                stream.write(ok("told"));
                Ok(stream.flush().await?)
            })
        };
        let servers = Servers::of([told(), told()]);
        let pool = servers.pool(PoolOptions::new().max_idle(0));
        for _ in 0..2 {
            assert_eq!(text(pool.send(get("/")).await?).await?, "told");
        }
        Ok(())
    });
}

#[test]
fn a_closed_pool_closes_what_is_idle_and_takes_nothing_more() {
    run(async {
        let servers = Servers::of([echo(), echo()]);
        let pool = servers.pool(PoolOptions::new());
        text(pool.send(get("/")).await?).await?;
        let mut under_way = pool.send(get("/under-way")).await?;
        pool.close();
        assert_eq!(under_way.read_body().await?, "/under-way");
        settle().await;
        assert_eq!(servers.open(), 0);
        assert!(matches!(pool.send(get("/")).await, Err(HttpClientError::ClientClosed)));
        Ok(())
    });
}

/// A server that answers one request and closes when it sees the next.
fn closes_at_the_second() -> crate::servers::Script {
    script(async |mut stream| {
        stream.read_until(b"\r\n\r\n").await?;
        stream.write(ok("first"));
        stream.read_until(b"\r\n\r\n").await?;
        Ok(())
    })
}

#[test]
fn a_request_is_sent_again_only_where_that_is_harmless_and_only_once() {
    #[rustfmt::skip]
    const CASES: &[(Method, bool, bool)] = &[
        (Method::GET,     false, true),
        (Method::HEAD,    false, true),
        (Method::OPTIONS, false, true),
        (Method::DELETE,  false, true),
        (Method::PUT,     true,  true),
        (Method::POST,    true,  false),
        (Method::PATCH,   true,  false),
    ];
    for (method, has_body, is_repeated) in CASES {
        run(async {
            let servers = Servers::of([closes_at_the_second(), echo()]);
            let pool = servers.pool(PoolOptions::new());
            text(pool.send(get("/")).await?).await?;
            let mut second = request(method.clone(), "/");
            if *has_body {
                second.body = OutgoingBody::Whole(Bytes::from_static(b"body"));
            }
            let result = pool.send(second).await;
            match result {
                Ok(_) => assert!(is_repeated, "{method}"),
                Err(error) => assert!(!is_repeated && matches!(error, HttpClientError::Closed { .. }), "{method}"),
            }
            assert_eq!(servers.dialled(), if *is_repeated { 2 } else { 1 }, "{method}");
            Ok(())
        });
    }
    run(async {
        let closes = || {
            script(async |mut stream| {
                stream.read_until(b"\r\n\r\n").await?;
                Ok(())
            })
        };
        let servers = Servers::of([closes_at_the_second(), closes(), echo()]);
        let pool = servers.pool(PoolOptions::new());
        text(pool.send(get("/")).await?).await?;
        assert!(matches!(pool.send(get("/")).await, Err(HttpClientError::Closed { .. })));
        assert_eq!(servers.dialled(), 2);
        Ok(())
    });
}

#[test]
fn what_has_been_answered_in_part_is_not_sent_again() {
    run(async {
        let breaks_off = script(async |mut stream| {
            stream.read_until(b"\r\n\r\n").await?;
            stream.write(ok("first"));
            stream.read_until(b"\r\n\r\n").await?;
            stream.write("HTTP/1.1 200");
            Ok(stream.flush().await?)
        });
        let servers = Servers::of([breaks_off, echo()]);
        let pool = servers.pool(PoolOptions::new());
        text(pool.send(get("/")).await?).await?;
        assert!(matches!(pool.send(get("/")).await, Err(HttpClientError::Closed { .. })));
        assert_eq!(servers.dialled(), 1);
        Ok(())
    });
}

#[test]
fn a_server_that_would_not_wait_longer_is_asked_again_on_a_new_connection() {
    run(async {
        let timeout = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned();
        let servers = Servers::of([answers([ok("first"), timeout.clone()]), answers([timeout])]);
        let pool = servers.pool(PoolOptions::new());
        text(pool.send(get("/")).await?).await?;
        // On a new connection the same answer is the answer.
        assert_eq!(pool.send(get("/")).await?.status(), 408);
        assert_eq!(servers.dialled(), 2);
        Ok(())
    });
}

#[test]
fn who_waits_takes_whichever_connection_is_there_first() {
    run(async {
        let servers = Servers::of([echo(), echo()]).slow_to_connect(Duration::from_secs(5));
        let pool = servers.pool(PoolOptions::new());
        text(pool.send(get("/")).await?).await?;
        let mut holding = pool.send(get("/holding")).await?;
        let waiting = spawn(&pool, get("/waiting"));
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = tokio::time::Instant::now();
        holding.read_body().await?;
        assert_eq!(waiting.await??, "/waiting");
        assert!(before.elapsed() < Duration::from_secs(1), "it has not waited for its own connection");
        // Which has become an idle one.
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!((servers.dialled(), servers.open()), (2, 2));
        Ok(())
    });
}
