//! The server over a connection: exchanges from their first byte to their last.

mod support;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::{Exchange, Headers, ServerOptions, serve_stream};
use http::StatusCode;
use support::{ask, ask_with, connect, run, statuses};

#[test]
fn an_answer_ends_the_connection_when_the_client_asks_for_it() {
    run(async {
        for head in ["GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
            let answer = ask(head).await?;
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), "{answer}");
            assert!(answer.ends_with("\r\n\r\nGET /"), "{answer}");
        }
        let answer = ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
        assert!(answer.contains("Connection: close\r\n"), "{answer}");
        Ok(())
    });
}

#[test]
fn a_connection_serves_one_request_after_the_other() {
    run(async {
        let mut stream = connect(ServerOptions::new());
        for path in ["/a", "/b", "/slow", "/later", "/echo"] {
            stream.write(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
            let head = stream.read_until(b"\r\n\r\n").await?;
            assert!(head.starts_with(b"HTTP/1.1 200 OK\r\n"), "{path}: {head:?}");
            let length = if path == "/slow" {
                4
            } else if path == "/later" {
                5
            } else if path == "/echo" {
                0
            } else {
                6
            };
            stream.read_bytes(length).await?;
        }
        Ok(())
    });
}

#[test]
fn pipelined_requests_are_answered_in_order_whatever_each_takes() {
    run(async {
        let mut input = String::new();
        for path in ["/1", "/slow", "/2", "/later", "/3"] {
            input += &format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        }
        input += "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /4 HTTP/1.0\r\n\r\n";
        let answers = ask(input).await?;
        let bodies: Vec<&str> = answers
            .split("HTTP/1.1 200 OK\r\n")
            .skip(1)
            .map(|answer| answer.split_once("\r\n\r\n").unwrap().1)
            .collect();
        assert_eq!(bodies, ["GET /1", "slow", "GET /2", "later", "GET /3", "abc", "GET /4"]);
        Ok(())
    });
}

#[test]
fn answers_to_pipelined_requests_leave_in_one_write() {
    run(async {
        let mut stream = connect(ServerOptions::new());
        stream.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(16));
        stream.flush().await?;
        let first = stream.read_bytes(100_000).partial().await?;
        assert_eq!(statuses(&String::from_utf8_lossy(&first)), [200; 16]);
        Ok(())
    });
}

#[test]
fn a_body_is_echoed_whole_and_in_chunks() {
    run(async {
        for path in ["/echo", "/stream"] {
            for body in [
                "Content-Length: 5\r\n\r\nhello",
                "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nTrailer: x\r\n\r\n",
            ] {
                let answer = ask(format!("POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{body}")).await?;
                assert_eq!(statuses(&answer), [200], "{answer}");
                assert!(
                    answer.contains("hello") || answer.contains("he\r\n") && answer.contains("llo\r\n"),
                    "{answer}"
                );
            }
        }
        Ok(())
    });
}

#[test]
fn a_client_that_expects_continue_is_told_to_when_the_body_is_read() {
    run(async {
        for (path, status) in [("/echo", "HTTP/1.1 100 Continue\r\n\r\n"), ("/unread", "HTTP/1.1 200 OK\r\n")] {
            let mut stream = connect(ServerOptions::new());
            stream
                .write(format!("POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
            stream.flush().await?;
            let first = stream.read_bytes(status.len()).await?;
            assert_eq!(first, status, "{path}");
            if path == "/echo" {
                stream.write("hi");
                let rest = stream.read_until(b"\r\n\r\nhi").await?;
                assert!(rest.starts_with(b"HTTP/1.1 200 OK\r\n"), "{rest:?}");
            }
        }
        Ok(())
    });
}

#[test]
fn what_cannot_be_understood_is_refused_and_the_connection_closed() {
    run(async {
        #[rustfmt::skip]
        let cases: &[(&str, u16)] = &[
            ("nonsense\r\n\r\n",                                                                 400),
            ("GET / HTTP/1.1\r\n\r\n",                                                           400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",                                     400),
            ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",      400),
            ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n",           413),
        ];
        for (input, status) in cases {
            let answer = ask(input).await?;
            assert_eq!(statuses(&answer), [*status], "{input:?}: {answer:?}");
            assert!(answer.contains("Connection: close\r\n"), "{answer:?}");
        }
        let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(70_000));
        assert_eq!(statuses(&ask(long).await?), [431]);
        Ok(())
    });
}

#[test]
fn what_the_service_does_wrong_hurts_no_other_request() {
    run(async {
        for (path, expected) in [
            ("/broken", &[500_u16, 200][..]),
            ("/panic", &[500, 200]),
            ("/nothing", &[500, 200]),
            ("/forgotten", &[500, 200]),
            ("/half", &[200]), // promised ten bytes and sent four: only the end of the connection can tell
        ] {
            let input = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n");
            assert_eq!(statuses(&ask(input).await?), expected, "{path}");
        }
        Ok(())
    });
}

#[test]
fn an_unread_body_is_passed_over_if_it_is_short_and_ends_the_connection_if_not() {
    run(async {
        let short = "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGET / HTTP/1.0\r\n\r\n";
        assert_eq!(statuses(&ask(short).await?), [200, 200]);
        let long = format!("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n{}", "x".repeat(9000));
        let answer = ask(long).await?;
        assert_eq!(statuses(&answer), [200]);
        assert!(answer.contains("Connection: close"), "{answer}");
        Ok(())
    });
}

#[test]
fn head_has_the_head_of_get_and_no_body() {
    run(async {
        let answer = ask("HEAD /unread HTTP/1.0\r\n\r\n").await?;
        assert!(answer.contains("Content-Length: 6\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
        Ok(())
    });
}

#[test]
fn gzip_is_inflated_where_the_server_is_told_to() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&[b'x'; 5000]).unwrap();
    let gzip = encoder.finish().unwrap();
    run(async move {
        let mut input = format!(
            "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            gzip.len()
        )
        .into_bytes();
        input.extend_from_slice(&gzip);
        let answer = ask_with(&input, ServerOptions::new().decompress_request(true)).await?;
        assert!(answer.ends_with(&"x".repeat(5000)), "{answer}");
        let answer = ask_with(&input, ServerOptions::new().decompress_request(true).max_body_size(4999)).await?;
        assert_eq!(statuses(&answer), [413]);
        assert_eq!(statuses(&ask(&input).await?), [200]);
        Ok(())
    });
}

#[test]
fn a_handler_runs_to_its_end_when_its_client_leaves_at_any_await() {
    run(async {
        for leave_after in 0..5_u32 {
            let steps = Rc::new(Cell::new(0));
            let told = Rc::new(Cell::new(false));
            let (near, mut far) = IoStream::pair()?;
            let (handler_steps, handler_told) = (steps.clone(), told.clone());
            let service = async move |exchange: &mut Exchange| -> Result {
                let told = handler_told.clone();
                exchange.connection.on_close(Box::new(move || told.set(true)));
                for _ in 0..5 {
                    sleep(Duration::from_millis(4)).await;
                    handler_steps.set(handler_steps.get() + 1);
                }
                Ok(())
            };
            let served = IoLoop::current().spawn(serve_stream(near, Rc::new(service), ServerOptions::new()));
            far.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            far.flush().await?;
            while steps.get() < leave_after {
                sleep(Duration::from_millis(1)).await;
            }
            drop(far);
            served.await?;
            assert_eq!((steps.get(), told.get()), (5, true), "left after {leave_after} steps");
        }
        Ok(())
    });
}

#[test]
fn a_handler_that_asks_for_it_is_dropped_when_its_client_leaves() {
    run(async {
        let steps = Rc::new(Cell::new(0));
        let (near, mut far) = IoStream::pair()?;
        let handler_steps = steps.clone();
        let service = async move |exchange: &mut Exchange| -> Result {
            exchange.connection.cancel_on_disconnect();
            loop {
                sleep(Duration::from_millis(2)).await;
                handler_steps.set(handler_steps.get() + 1);
            }
        };
        let served = IoLoop::current().spawn(serve_stream(near, Rc::new(service), ServerOptions::new()));
        far.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        far.flush().await?;
        sleep(Duration::from_millis(10)).await;
        drop(far);
        served.await?;
        let at_the_end = steps.get();
        sleep(Duration::from_millis(10)).await;
        assert_eq!(steps.get(), at_the_end);
        Ok(())
    });
}

#[test]
fn closed_can_be_raced_against_and_writes_then_say_so() {
    run(async {
        let outcome = Rc::new(Cell::new(None));
        let (near, mut far) = IoStream::pair()?;
        let handler_outcome = outcome.clone();
        let service = async move |exchange: &mut Exchange| -> Result {
            exchange.connection.closed().await;
            exchange.connection.write_head(StatusCode::OK, None, &Headers::new())?;
            handler_outcome.set(Some(exchange.connection.flush().await.is_err()));
            Ok(())
        };
        let served = IoLoop::current().spawn(serve_stream(near, Rc::new(service), ServerOptions::new()));
        far.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        far.flush().await?;
        drop(far);
        served.await?;
        assert_eq!(outcome.get(), Some(true));
        Ok(())
    });
}

#[test]
fn a_detached_stream_speaks_its_own_protocol() {
    run(async {
        let (near, mut far) = IoStream::pair()?;
        let service = async |exchange: &mut Exchange| -> Result {
            let mut stream = exchange.connection.detach()?;
            IoLoop::current().spawn_callback(async move {
                let line = stream.read_until(b"\n").await?;
                stream.write(line);
                Ok(stream.flush().await?)
            });
            Ok(())
        };
        IoLoop::current().spawn_callback(serve_stream(near, Rc::new(service), ServerOptions::new()));
        far.write("GET / HTTP/1.1\r\nHost: a\r\n\r\nraw bytes\n");
        assert_eq!(far.read_until_close().await?, "raw bytes\n");
        Ok(())
    });
}
