//! Both messages of an exchange: how a request goes out, and how its response comes in beside it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use firewhirl_event::Error;
use firewhirl_http::client::{BodyStream, HttpClientError, OutgoingBody, PoolOptions};
use firewhirl_http::{Limits, ProtocolErrorKind};
use http::Method;
use tokio::time::{Instant, sleep};

use crate::servers::{Servers, answers, get, ok, request, run, script, settle, text};

/// What a request looks like on the wire.
fn sent(method: Method, body: OutgoingBody, expected: &'static str) {
    run(async move {
        let servers = Servers::of([script(async move |mut stream| {
            let came = stream.read_bytes(expected.len()).await?;
            assert_eq!(String::from_utf8_lossy(&came), expected);
            stream.write(ok("as expected"));
            stream.flush().await?;
            assert!(stream.read_until_close().await?.is_empty(), "and nothing more");
            Ok(())
        })]);
        let mut request = request(method, "/");
        request.body = body;
        assert_eq!(text(servers.pool(PoolOptions::new()).send(request).await?).await?, "as expected");
        Ok(())
    });
}

#[test]
fn the_framing_is_the_bodys() {
    let stream = || {
        BodyStream::new(async |sender| {
            sender.write("first ").await?;
            sleep(Duration::from_millis(1)).await;
            Ok(sender.write("second").await?)
        })
    };
    sent(Method::GET, OutgoingBody::Empty, "GET / HTTP/1.1\r\nHost: server\r\n\r\n");
    sent(
        Method::POST,
        OutgoingBody::Whole(Bytes::new()),
        "POST / HTTP/1.1\r\nHost: server\r\nContent-Length: 0\r\n\r\n",
    );
    sent(
        Method::PUT,
        OutgoingBody::Whole("whole".into()),
        "PUT / HTTP/1.1\r\nHost: server\r\nContent-Length: 5\r\n\r\nwhole",
    );
    sent(
        Method::POST,
        OutgoingBody::Stream(stream()),
        "POST / HTTP/1.1\r\nHost: server\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfirst \r\n6\r\nsecond\r\n0\r\n\r\n",
    );
    sent(
        Method::POST,
        OutgoingBody::Stream(stream().with_length(12)),
        "POST / HTTP/1.1\r\nHost: server\r\nContent-Length: 12\r\n\r\nfirst second",
    );
}

#[test]
fn what_cannot_be_sent_is_the_callers_error_and_leaves_no_connection() {
    run(async {
        let servers = Servers::of((0..4).map(|_| crate::servers::silent()));
        let pool = servers.pool(PoolOptions::new());
        let error = pool.send(get("/a b")).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Output(_)), "{error:?}");

        for length in [3, 5] {
            let mut wrong = request(Method::PUT, "/");
            let body = BodyStream::new(async |sender| Ok(sender.write("four").await?)).with_length(length);
            wrong.body = OutgoingBody::Stream(body);
            let error = pool.send(wrong).await.unwrap_err();
            assert!(matches!(error, HttpClientError::Output(_)), "{error:?}");
        }

        let mut failing = request(Method::PUT, "/");
        failing.body = OutgoingBody::Stream(BodyStream::new(async |_| Err(Error::message("no more paper"))));
        let error = pool.send(failing).await.unwrap_err();
        assert_eq!(error.to_string(), "the request's body could not be written: no more paper");
        settle().await;
        assert_eq!(servers.open(), 0);
        Ok(())
    });
}

#[test]
fn a_writer_waits_for_a_server_that_takes_nothing() {
    run(async {
        let go_on = Rc::new(Cell::new(false));
        let servers = Servers::of([script({
            let go_on = go_on.clone();
            async move |mut stream| {
                stream.read_until(b"\r\n\r\n").await?;
                while !go_on.get() {
                    sleep(Duration::from_millis(10)).await;
                }
                stream.read_until(b"0\r\n\r\n").await?;
                stream.write(ok("taken"));
                Ok(stream.flush().await?)
            }
        })]);
        let written = Rc::new(Cell::new(0));
        let mut upload = request(Method::POST, "/");
        upload.body = OutgoingBody::Stream(BodyStream::new({
            let written = written.clone();
            async move |sender| {
                for _ in 0..100 {
                    sender.write(vec![b'x'; 16 * 1024]).await?;
                    written.set(written.get() + 16);
                }
                Ok(())
            }
        }));
        let pool = servers.pool(PoolOptions::new());
        let sending = crate::servers::spawn(&pool, upload);
        sleep(Duration::from_secs(1)).await;
        // What the pair in memory holds, what waits in the stream, and a part in hand.
        assert!(written.get() <= 64 + 64 + 32, "{} KiB", written.get());
        go_on.set(true);
        assert_eq!(sending.await??, "taken");
        assert_eq!(written.get(), 1600);
        Ok(())
    });
}

#[test]
fn a_reader_that_takes_nothing_stops_the_server() {
    run(async {
        let written = Rc::new(Cell::new(0_usize));
        let servers = Servers::of([script({
            let written = written.clone();
            async move |mut stream| {
                stream.read_until(b"\r\n\r\n").await?;
                stream.write("HTTP/1.1 200 OK\r\nContent-Length: 10240000\r\n\r\n");
                for _ in 0..1000 {
                    stream.write([b'x'; 10240]);
                    stream.flush().await?;
                    written.set(written.get() + 10);
                }
                Ok(())
            }
        })]);
        let pool = servers.pool(PoolOptions::new());
        let mut response = pool.send(get("/")).await?;
        sleep(Duration::from_secs(1)).await;
        assert!(written.get() <= 64 + 64 + 20, "{} KiB", written.get());
        assert_eq!(response.body_left(), Some(10_240_000));
        assert_eq!(response.read_body().await?.len(), 10_240_000);
        assert_eq!(response.body_left(), Some(0));
        Ok(())
    });
}

#[test]
fn a_server_may_answer_before_it_has_read_the_request() {
    run(async {
        let early = || {
            script(async |mut stream| {
                stream.read_until(b"\r\n\r\n").await?;
                stream.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch");
                stream.flush().await?;
                sleep(Duration::from_secs(1)).await;
                stream.read_until_close().await?;
                Ok(())
            })
        };
        let servers = Servers::of([early(), early(), crate::servers::echo()]);
        let pool = servers.pool(PoolOptions::new());
        let told = Rc::new(RefCell::new(None));
        let mut streamed = request(Method::POST, "/");
        streamed.body = OutgoingBody::Stream(BodyStream::new({
            let told = told.clone();
            async move |sender| loop {
                if let Err(error) = sender.write(vec![b'x'; 100_000]).await {
                    *told.borrow_mut() = Some(error.to_string());
                    return Ok(());
                }
            }
        }));
        let mut whole = request(Method::POST, "/");
        whole.body = OutgoingBody::Whole(vec![b'x'; 1_000_000].into());
        for request in [streamed, whole] {
            let response = pool.send(request).await?;
            assert_eq!(response.status(), 413);
            assert_eq!(text(response).await?, "much");
            sleep(Duration::from_secs(2)).await;
            assert_eq!(servers.open(), 0, "nobody knows where another request would begin");
        }
        text(pool.send(get("/")).await?).await?;
        assert_eq!(servers.dialled(), 3);
        Ok(())
    });
}

#[test]
fn request_and_response_may_go_on_at_the_same_time() {
    run(async {
        let echo = script(async |mut stream| {
            stream.read_until(b"\r\n\r\n").await?;
            stream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            loop {
                let size = stream.read_until(b"\r\n").await?;
                let size = usize::from_str_radix(std::str::from_utf8(&size)?.trim(), 16)?;
                let chunk = stream.read_bytes(size + 2).await?;
                stream.write(format!("{size:x}\r\n"));
                stream.write(&chunk);
                stream.flush().await?;
                if size == 0 {
                    return Ok(());
                }
            }
        });
        let servers = Servers::of([echo]);
        let pool = servers.pool(PoolOptions::new());
        let mut talking = request(Method::POST, "/");
        let (say, mut heard) = tokio::sync::mpsc::unbounded_channel::<&'static str>();
        talking.body = OutgoingBody::Stream(BodyStream::new(async move |sender| {
            while let Some(word) = heard.recv().await {
                sender.write(word).await?;
            }
            Ok(())
        }));
        let mut response = pool.send(talking).await?;
        for word in ["one", "two", "three"] {
            say.send(word)?;
            assert_eq!(response.next_chunk().await?.as_deref(), Some(word.as_bytes()));
        }
        drop(say);
        assert_eq!(response.next_chunk().await?, None);
        Ok(())
    });
}

#[test]
fn a_server_that_is_asked_first_says_whether_it_wants_the_body() {
    #[rustfmt::skip]
    const CASES: &[(&str, &str, bool, u64)] = &[
        // what the server says to the head; whether it gets the body, and after how many seconds
        ("it wants it",              "HTTP/1.1 100 Continue\r\n\r\n",                                  true,  0),
        ("it says something else",   "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",                 true,  1),
        ("it says nothing",          "",                                                               true,  1),
        ("it does not want it",      "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n",   false, 0),
    ];
    for &(name, answer, gets_it, seconds) in CASES {
        run(async {
            let servers = Servers::of([script(async move |mut stream| {
                let head = stream.read_until(b"\r\n\r\n").await?;
                assert!(std::str::from_utf8(&head)?.contains("\r\nExpect: 100-continue\r\n"));
                stream.write(answer);
                stream.flush().await?;
                let body = stream.read_bytes(4).await;
                assert_eq!(body.is_ok_and(|body| body == "body"), gets_it, "{name}");
                stream.write(ok("thanks"));
                Ok(stream.flush().await?)
            })]);
            let mut asking = request(Method::PUT, "/");
            asking.body = OutgoingBody::Whole("body".into());
            asking.expect_100_continue = true;
            let before = Instant::now();
            let response = servers.pool(PoolOptions::new()).send(asking).await?;
            assert_eq!(response.status() == 200, gets_it, "{name}");
            assert_eq!(before.elapsed().as_secs(), seconds, "{name}");
            Ok(())
        });
    }
}

#[test]
fn responses_before_the_final_one_are_shown_and_bounded() {
    run(async {
        let hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n".to_owned();
        let servers =
            Servers::of([answers([hints.repeat(2) + &ok("final")]), answers([hints.repeat(11) + &ok("late")])]);
        let pool = servers.pool(PoolOptions::new().max_idle(0));
        let seen = Rc::new(RefCell::new(Vec::new()));
        let mut asking = get("/");
        asking.on_informational = Some(Box::new({
            let seen = seen.clone();
            move |head| seen.borrow_mut().push((head.status().as_u16(), head.field("link").map(<[u8]>::to_vec)))
        }));
        assert_eq!(text(pool.send(asking).await?).await?, "final");
        let link = (103, Some(b"</style.css>".to_vec()));
        assert_eq!(*seen.borrow(), [link.clone(), link]);

        let error = pool.send(get("/")).await.unwrap_err();
        let HttpClientError::Protocol(error) = error else { panic!("{error:?}") };
        assert_eq!(error.kind(), ProtocolErrorKind::TooManyInformational);
        Ok(())
    });
}

#[test]
fn a_connection_that_has_switched_protocols_is_handed_out() {
    run(async {
        let switches = || {
            script(async |mut stream| {
                stream.read_until(b"\r\n\r\n").await?;
                stream.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nfirst ");
                stream.flush().await?;
                let word = stream.read_until(b"\n").await?;
                stream.write(word);
                Ok(stream.flush().await?)
            })
        };
        let servers = Servers::of([switches(), answers([ok("no")]), switches()]);
        let pool = servers.pool(PoolOptions::new().max_clients(1));
        let upgrading = || {
            let mut request = get("/");
            request.headers.set("Connection", "Upgrade")?;
            request.headers.set("Upgrade", "echo")?;
            Ok::<_, Error>(request)
        };
        let mut stream = pool.send(upgrading()?).await?.upgrade()?;
        stream.write("second\n");
        assert_eq!(stream.read_until(b"\n").await?, "first second\n");
        // It does not count among the requests under way, nor among the connections that are kept.
        let error = pool.send(upgrading()?).await?.upgrade().unwrap_err();
        assert!(matches!(error, HttpClientError::NotUpgraded { status } if status == 200), "{error:?}");
        // Not asked for, it is a breach of the protocol.
        let error = pool.send(get("/")).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Closed { .. } | HttpClientError::Protocol(_)), "{error:?}");
        Ok(())
    });
}

#[test]
fn a_granted_connect_is_handed_out_and_a_refused_one_is_a_response() {
    run(async {
        let grants = script(async |mut stream| {
            let head = stream.read_until(b"\r\n\r\n").await?;
            assert!(head.starts_with(b"CONNECT example.test:22 HTTP/1.1\r\n"));
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nSSH-2.0\n");
            Ok(stream.flush().await?)
        });
        let servers =
            Servers::of([grants, answers(["HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".to_owned()])]);
        let pool = servers.pool(PoolOptions::new());
        let mut stream = pool.send(request(Method::CONNECT, "example.test:22")).await?.upgrade()?;
        assert_eq!(stream.read_until(b"\n").await?, "SSH-2.0\n");
        let refused = pool.send(request(Method::CONNECT, "example.test:22")).await?;
        assert_eq!((refused.status().as_u16(), text(refused).await?), (403, "no".to_owned()));
        Ok(())
    });
}

#[test]
fn what_is_over_a_limit_is_an_error_that_names_it() {
    let limits = || Limits::default().max_header_size(1000).max_body_size(10).max_trailer_size(20).max_fields(5);
    let field = "X-Long: 0123456789012345678901234567890123456789\r\n";
    #[rustfmt::skip]
    let cases: [(&str, String, &str); 6] = [
        ("the head",        format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(1000)),                                   "HeadTooLarge"),
        ("the fields",      format!("HTTP/1.1 200 OK\r\n{}\r\n", field.repeat(6)),                                           "TooManyFields"),
        ("a length",        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n".to_owned(),                                      "BodyTooLarge"),
        ("chunks",          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n".to_owned(), "BodyTooLarge"),
        ("until the close", "HTTP/1.1 200 OK\r\n\r\n12345678901".to_owned(),                                                 "BodyTooLarge"),
        ("trailers",        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{field}\r\n"),                "TrailerTooLarge"),
    ];
    for (name, answer, expected) in cases {
        run(async {
            let servers = Servers::of([answers([answer])]);
            let pool = servers.pool(PoolOptions::new().limits(limits()));
            let failed = match pool.send(get("/")).await {
                Ok(response) => text(response).await,
                Err(error) => Err(error),
            };
            let told = match failed.expect_err(name) {
                HttpClientError::Protocol(error) => format!("{:?}", error.kind()),
                HttpClientError::BodyTooLarge { limit } => {
                    assert_eq!(limit, 10);
                    "BodyTooLarge".to_owned()
                }
                other => panic!("{name}: {other:?}"),
            };
            assert_eq!(told, expected, "{name}");
            settle().await;
            assert_eq!(servers.open(), 0, "{name}");
            Ok(())
        });
    }
}

#[test]
fn a_request_may_have_limits_of_its_own_and_a_response_too() {
    run(async {
        let servers = Servers::of([answers([ok("123456"), ok("123456"), ok("123456")])]);
        let pool = servers.pool(PoolOptions::new().limits(Limits::default().max_body_size(5)));
        let mut wide = get("/");
        wide.limits = Some(Limits::default());
        assert_eq!(text(pool.send(wide).await?).await?, "123456");
        let mut response = pool.send(get("/")).await?;
        response.set_max_body_size(6);
        assert_eq!(text(response).await?, "123456");
        let error = text(pool.send(get("/")).await?).await.unwrap_err();
        assert!(matches!(error, HttpClientError::BodyTooLarge { limit: 5 }), "{error:?}");
        Ok(())
    });
}

#[test]
fn fields_behind_the_body_are_told_once_it_has_been_read() {
    run(async {
        let answer =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\nHost: evil\r\n\r\n";
        let servers = Servers::of([answers([answer])]);
        let mut response = servers.pool(PoolOptions::new()).send(get("/")).await?;
        assert!(response.trailers().is_empty());
        assert_eq!(response.read_body().await?, "hi");
        assert_eq!(response.trailers().as_bytes(), b"X-Sum: 7\r\n");
        Ok(())
    });
}

#[test]
fn an_exchange_is_the_same_however_its_bytes_arrive() {
    for seed in 0..50 {
        run(async move {
            let body = "0123456789".repeat(300);
            let serve = script({
                let body = body.clone();
                async move |mut stream| {
                    for _ in 0..3 {
                        let head = stream.read_until(b"\r\n\r\n").await?;
                        let chunked = std::str::from_utf8(&head)?.contains("chunked");
                        assert!(chunked);
                        let came = stream.read_until(b"\r\n0\r\n\r\n").await?;
                        assert!(came.len() > 3000, "{}", came.len());
                        stream.write(
                            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                        );
                        for part in body.as_bytes().chunks(777) {
                            stream.write(format!("{:x};a=b\r\n", part.len()));
                            stream.write(part);
                            stream.write("\r\n");
                        }
                        stream.write("0\r\nX-Sum: 7\r\n\r\n");
                        stream.flush().await?;
                    }
                    Ok(())
                }
            });
            let servers = Servers::of([serve]).misbehaving(seed);
            let pool = servers.pool(PoolOptions::new());
            for _ in 0..3 {
                let mut exchange = request(Method::PUT, "/");
                let sent = body.clone();
                exchange.body = OutgoingBody::Stream(BodyStream::new(async move |sender| {
                    for part in sent.as_bytes().chunks(333) {
                        sender.write(part.to_vec()).await?;
                    }
                    Ok(())
                }));
                let mut response = pool.send(exchange).await?;
                assert_eq!(response.read_body().await?, body, "seed {seed}");
                assert_eq!(response.trailers().get("X-Sum").as_deref(), Some("7"));
            }
            assert_eq!(servers.dialled(), 1, "seed {seed}");
            Ok(())
        });
    }
}
