//! Services behind that fail: not there, silent, broken, malformed; and what the client then gets.

use std::time::Duration;

use firewhirl::event::log_targets::GEN;
use firewhirl::prelude::*;
use firewhirl_testing::{expect_log, seed};

use crate::fronts::{answering, exchange, front, listen, raw, read_head, run, serve};

const REQUEST: &str = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// The port of nothing.
fn nowhere() -> u16 {
    firewhirl_testing::bind_unused_port().unwrap().1
}

#[test]
fn a_service_that_is_not_there_is_502_and_the_log_names_it() {
    run(async {
        let port = nowhere();
        let front = front(proxy(format!("http://127.0.0.1:{port}")))?;
        let log = expect_log(GEN, &format!("502 GET /x .*upstream http://127.0.0.1:{port}"));
        let answer = front.client().get("/x").await?;
        assert_eq!(answer.status(), 502);
        assert!(
            answer.text().contains("502: Bad Gateway") && !answer.text().contains("127.0.0.1"),
            "{}",
            answer.text()
        );
        log.finish()?;
        let front = front_of("unix:/nowhere/at/all.sock")?;
        assert_eq!(front.client().get("/").await?.status(), 502);
        Ok(())
    });
}

fn front_of(target: &str) -> Result<firewhirl_testing::TestServer> {
    front(proxy(target))
}

#[test]
fn a_response_that_is_none_is_502() {
    run(async {
        let long: &str = Box::leak(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(70_000)).into_boxed_str());
        #[rustfmt::skip]
        let cases = [
            ("another protocol",    "220 mail.example.com ESMTP\r\n"),
            ("another version",     "HTTP/3.0 200 OK\r\n\r\n"),
            ("a space in a name",   "HTTP/1.1 200 OK\r\nA : b\r\n\r\n"),
            ("two lengths",         "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            ("length and chunks",   "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            ("a switch unasked",    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
            ("a long head",         long),
        ];
        for (shows, response) in cases {
            let (_, behind) = answering(response)?;
            let answer = exchange(&front(behind)?, REQUEST).await?;
            assert!(answer.starts_with("HTTP/1.1 502 "), "{shows}: {answer}");
        }
        Ok(())
    });
}

#[test]
fn a_service_that_closes_without_an_answer_is_502() {
    run(async {
        for begun in ["", "HTTP/1.1 200 OK\r\nContent-"] {
            let behind = raw(async move |mut stream| {
                read_head(&mut stream).await?;
                stream.write(begun);
                stream.flush().await?;
                Ok(())
            })?;
            let front = front(behind)?;
            assert!(exchange(&front, REQUEST).await?.starts_with("HTTP/1.1 502 "), "{begun:?}");
        }
        Ok(())
    });
}

#[test]
fn a_service_that_is_silent_is_504() {
    run(async {
        let behind = raw(async |mut stream| {
            read_head(&mut stream).await?;
            stream.wait_closed().await;
            Ok(())
        })?;
        let front = front(behind.response_timeout(Duration::from_millis(50)))?;
        let log = expect_log(GEN, "504 GET /x .*has not answered in time");
        assert!(exchange(&front, REQUEST).await?.starts_with("HTTP/1.1 504 "));
        log.finish()?;
        Ok(())
    });
}

#[test]
fn a_slow_client_is_not_the_fault_of_the_service_behind() {
    run(async {
        let behind = raw(async |mut stream| {
            read_head(&mut stream).await?;
            assert_eq!(stream.read_bytes(6).await?, "abcdef");
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            stream.flush().await?;
            stream.wait_closed().await;
            Ok(())
        })?;
        let front = front(behind.response_timeout(Duration::from_secs(1)))?;
        let mut client = front.client().connect().await?;
        client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nConnection: close\r\n\r\n");
        for byte in ["a", "b", "c", "d", "e", "f"] {
            client.flush().await?;
            sleep(Duration::from_millis(300)).await;
            client.write(byte);
        }
        assert!(client.read_until_close().await?.ends_with(b"ok"));
        Ok(())
    });
}

#[test]
fn a_response_that_breaks_off_never_looks_whole() {
    run(async {
        #[rustfmt::skip]
        let cases = [
            ("a length not reached", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",                        "abc"),
            ("no last chunk",        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",       "3\r\nabc\r\n"),
            ("half a chunk",         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",           "3\r\nabc\r\n"),
            ("a chunk of no size",   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxx\r\n", "3\r\nabc\r\n"),
        ];
        for (shows, response, expected) in cases {
            let behind = raw(async move |mut stream| {
                read_head(&mut stream).await?;
                stream.write(response);
                stream.flush().await?;
                Ok(())
            })?;
            let front = front(behind)?;
            let log = expect_log(GEN, ".*the response of upstream http://127.0.0.1:[0-9]+ breaks off");
            // The connection ends, though it was to be kept.
            let answer = exchange(&front, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await?;
            assert!(answer.ends_with(&format!("\r\n\r\n{expected}")), "{shows}: {answer}");
            log.finish()?;
        }
        Ok(())
    });
}

#[test]
fn a_response_that_pauses_for_too_long_breaks_off() {
    run(async {
        let behind = raw(async |mut stream| {
            read_head(&mut stream).await?;
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
            stream.flush().await?;
            stream.wait_closed().await;
            Ok(())
        })?;
        let front = front(behind.read_timeout(Duration::from_millis(50)))?;
        let log = expect_log(GEN, ".*breaks off: it has paused for too long");
        assert!(exchange(&front, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await?.ends_with("\r\n\r\nabc"));
        log.finish()?;
        Ok(())
    });
}

#[test]
fn what_is_wrong_with_the_clients_own_body_is_said_to_the_client() {
    run(async {
        let behind = raw(async |mut stream| {
            read_head(&mut stream).await?;
            stream.wait_closed().await;
            Ok(())
        })?;
        let front = front(behind)?;
        let request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n";
        assert!(exchange(&front, request).await?.starts_with("HTTP/1.1 400 "));
        Ok(())
    });
}

#[test]
fn a_connection_that_was_closed_meanwhile_costs_no_request() {
    run(async {
        let behind = raw(async |mut stream| {
            read_head(&mut stream).await?;
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            stream.flush().await?;
            // The next request may be on its way already.
            sleep(Duration::from_millis(seed() % 5)).await;
            Ok(())
        })?;
        let front = front(behind)?;
        for number in 0..50 {
            let answer = front.client().get("/").await?;
            assert_eq!((answer.status().as_u16(), answer.text().as_ref()), (200, "ok"), "{number}");
            sleep(Duration::from_millis(number % 7)).await;
        }
        Ok(())
    });
}

#[test]
fn a_request_that_may_have_been_acted_upon_is_not_sent_again() {
    run(async {
        let behind = raw(async |mut stream| {
            let head = read_head(&mut stream).await?;
            if head.starts_with("GET /first ") {
                stream.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                // The second is read, and not answered.
                let head = read_head(&mut stream).await?;
                assert!(head.contains(" /second "));
                return Ok(());
            }
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nagain");
            stream.flush().await?;
            stream.wait_closed().await;
            Ok(())
        })?;
        let front = front(behind)?;
        for (method, status) in [("GET", 200), ("DELETE", 200), ("POST", 502)] {
            assert_eq!(front.client().get("/first").await?.text(), "ok");
            let method = method.parse().unwrap();
            assert_eq!(front.client().fetch(method, "/second").await?.status(), status);
        }
        Ok(())
    });
}

#[test]
fn the_front_outlives_a_service_that_is_killed_and_comes_back() {
    run(async {
        let port = nowhere();
        let front = front(proxy(format!("http://127.0.0.1:{port}")))?;
        assert_eq!(front.client().get("/").await?.status(), 502);
        let app = async || Ok(Application::new().get("/", async |cx| cx.write("back again")));
        let socket = std::net::TcpListener::bind(("127.0.0.1", port))?;
        let server = HttpServer::new(app).add_sockets([socket])?;
        assert_eq!(front.client().get("/").await?.text(), "back again");
        server.stop();
        server.drain(Duration::ZERO).await;
        assert_eq!(front.client().get("/").await?.status(), 502);
        Ok(())
    });
}

#[test]
fn an_error_page_is_the_sites_own() {
    struct Own;
    impl Site for Own {
        type User = NoUser;

        async fn write_error(&self, cx: &Context, error: &Error) -> Result {
            cx.write(format!("sorry: {}", error.status().as_u16()))
        }
    }
    run(async {
        let port = nowhere();
        let front = serve(move || Application::new().site(Own).fallback(proxy(format!("http://127.0.0.1:{port}"))))?;
        assert_eq!(front.client().get("/").await?.text(), "sorry: 502");
        Ok(())
    });
}

#[test]
fn a_service_that_does_not_take_the_body_is_504() {
    run(async {
        let port = listen(async |mut stream| {
            read_head(&mut stream).await?;
            // Of the rest nothing is read.
            sleep(Duration::from_secs(3600)).await;
            Ok(())
        })?;
        let front = front(proxy(format!("http://127.0.0.1:{port}")).response_timeout(Duration::from_millis(200)))?;
        let mut client = front.client().connect().await?;
        let length = 32 * 1024 * 1024;
        client.write(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"));
        client.write(vec![0; length]);
        assert!(read_head(&mut client).await?.starts_with("HTTP/1.1 504 "));
        Ok(())
    });
}
