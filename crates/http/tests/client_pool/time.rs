//! Until when what is waited for.

use std::time::Duration;

use firewhirl_http::client::{HttpClientError, OutgoingRequest, PoolOptions, TimeoutPhase};
use http::Method;
use tokio::time::{Instant, sleep};

use crate::servers::{Servers, echo, get, ok, run, script, settle, silent, spawn, text, to};

fn within(mut request: OutgoingRequest, connect: u64, all: u64) -> OutgoingRequest {
    let time = |seconds| (seconds > 0).then(|| Duration::from_secs(seconds));
    request.connect_timeout = time(connect);
    request.request_timeout = time(all);
    request
}

#[test]
fn each_phase_has_its_timeout() {
    use TimeoutPhase::{Connect, Request};

    #[rustfmt::skip]
    const CASES: &[(&str, bool, u64, u64, TimeoutPhase, u64)] = &[
        // whether there is a server; connect_timeout, request_timeout; what times out, and when
        ("connecting",                false, 3,  20, Connect, 3),
        ("all, while connecting",     false, 20, 4,  Connect, 4),
        ("all without connecting's",  false, 0,  4,  Connect, 4),
        ("connecting without all's",  false, 3,  0,  Connect, 3),
        ("waiting for the answer",    true,  3,  5,  Request, 5),
        ("waiting, a short connect",  true,  1,  5,  Request, 5),
        ("waiting, no connect",       true,  0,  5,  Request, 5),
    ];
    for &(name, has_server, connect, all, expected, seconds) in CASES {
        run(async {
            let servers = Servers::of(has_server.then(silent));
            let pool = servers.pool(PoolOptions::new());
            let before = Instant::now();
            let error = pool.send(within(get("/"), connect, all)).await.unwrap_err();
            assert!(matches!(error, HttpClientError::Timeout { phase } if phase == expected), "{name}: {error:?}");
            let took = before.elapsed();
            assert!(took >= Duration::from_secs(seconds), "{name}: {took:?}");
            assert!(took < Duration::from_millis(seconds * 1000 + 100), "{name}: {took:?}");
            settle().await;
            assert_eq!(servers.open(), 0, "{name}");
            Ok(())
        });
    }
}

#[test]
fn a_body_that_does_not_end_is_within_the_time_too() {
    run(async {
        let dribbling = script(async |mut stream| {
            stream.read_until(b"\r\n\r\n").await?;
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
            loop {
                stream.write("x");
                stream.flush().await?;
                sleep(Duration::from_secs(1)).await;
            }
        });
        let servers = Servers::of([dribbling]);
        let pool = servers.pool(PoolOptions::new());
        let before = Instant::now();
        let mut response = pool.send(within(get("/"), 20, 10)).await?;
        let error = loop {
            match response.next_chunk().await {
                Ok(chunk) => assert!(chunk.is_some()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.to_string(), "Timeout during request");
        assert!((9_900..10_100).contains(&before.elapsed().as_millis()), "{:?}", before.elapsed());
        assert!(response.next_chunk().await.is_err(), "an error stays one");
        Ok(())
    });
}

#[test]
fn without_limits_nothing_times_out() {
    run(async {
        let late = script(async |mut stream| {
            stream.read_until(b"\r\n\r\n").await?;
            sleep(Duration::from_secs(3000)).await;
            stream.write(ok("late"));
            Ok(stream.flush().await?)
        });
        let servers = Servers::of([late]);
        let pool = servers.pool(PoolOptions::new());
        assert_eq!(text(pool.send(within(get("/"), 0, 0)).await?).await?, "late");
        Ok(())
    });
}

#[test]
fn requests_of_different_patience_each_end_in_their_own_time() {
    run(async {
        let servers = Servers::of((0..40).map(|_| silent()));
        let pool = servers.pool(PoolOptions::new().max_clients(0));
        let before = Instant::now();
        // Not in the order of their ends, so that the alarm is moved both ways.
        let seconds = |number: u64| number * 7 % 40 + 1;
        let all: Vec<_> = (0..40).map(|number| spawn(&pool, within(get("/"), 0, seconds(number)))).collect();
        let mut ends = Vec::new();
        for (number, one) in (0..).zip(all) {
            ends.push(seconds(number));
            assert!(matches!(one.await?, Err(HttpClientError::Timeout { .. })));
            let latest = ends.iter().max().copied().unwrap_or_default();
            let took = before.elapsed();
            assert!(took < Duration::from_millis(latest * 1000 + 200), "{took:?} for at most {latest} s");
        }
        assert!(before.elapsed() >= Duration::from_secs(40));
        Ok(())
    });
}

#[test]
fn a_connection_that_was_looked_for_in_vain_costs_no_more_than_the_time_for_connecting() {
    run(async {
        let servers = Servers::of([echo()]);
        let pool = servers.pool(PoolOptions::new());
        let error = {
            text(pool.send(get("/")).await?).await?;
            pool.send(within(to("elsewhere", Method::GET, "/"), 2, 0)).await.unwrap_err()
        };
        assert_eq!(error.to_string(), "Timeout while connecting");
        assert_eq!(error.code(), 599);
        assert!(error.is_timeout());
        Ok(())
    });
}
