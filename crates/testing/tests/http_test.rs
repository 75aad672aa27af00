//! A server and a client in one loop: what the client sends, what it makes of answers, and how a test ends.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use firewhirl_event::coroutine::sleep;
use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::{Error, IoLoop, IoStream, Result, log_targets};
use firewhirl_http::{Exchange, Headers, HttpServer, ServerOptions};
use firewhirl_tcp::{Acceptor, Gate};
use firewhirl_testing::{
    AsyncTest, Client, FetchErrorKind, HttpTest, Reason, Response, TestServer, bind_unused_port, expect_log, http_test,
    run_test,
};
use firewhirl_web::Application;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

/// Answers with what it was asked: the request line, the header lines, the body.
async fn mirror(exchange: &mut Exchange) -> Result {
    let body = exchange.read_body().await?.clone();
    let request = &exchange.request;
    let mut text = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.fields() {
        text += &format!("{}: {}\n", name.to_lowercase(), String::from_utf8_lossy(value));
    }
    text += &format!("\n{}", String::from_utf8_lossy(&body));
    let mut headers = Headers::new();
    headers.set("Content-Length", text.len())?;
    headers.add("X-Line", "one")?;
    headers.add("X-Line", "two")?;
    Ok(exchange.connection.respond(StatusCode::OK, Some("Very Well"), &headers, text.as_bytes())?)
}

async fn app() -> Result<Application> {
    Ok(Application::new()
        .get("/", async |cx| cx.write("Hello"))
        .get("/nothing", async |cx| {
            cx.set_status(204);
            Ok(())
        })
        .get("/redirect", async |cx| cx.redirect("/"))
        .get("/broken", async |_| Err(Error::message("on purpose")))
        .get("/stream", async |cx| {
            for word in ["one ", "two ", "three"] {
                cx.write(word)?;
                cx.flush().await?;
            }
            Ok(())
        })
        .get("/slow", async |_| {
            sleep(Duration::from_secs(60)).await;
            Ok(())
        })
        .post("/", async |cx| cx.write(cx.request.body().clone())))
}

/// A server that says these words to whoever connects, and closes.
fn says(answer: &'static str) -> io::Result<Client> {
    let (socket, port) = bind_unused_port()?;
    Acceptor::new(Gate::default()).serve([socket], async move |mut stream: IoStream, _peer| {
        stream.read_until(b"\r\n\r\n").await?;
        stream.write(answer);
        stream.flush().await?;
        Ok(())
    })?;
    Ok(Client::new(port))
}

#[test]
fn a_request_is_what_it_was_told_to_be() {
    http_test(
        async || Ok(mirror),
        async |client| {
            let host = format!("host: 127.0.0.1:{}\nconnection: close\n", client.port().unwrap());
            let form = "content-type: application/x-www-form-urlencoded\n\na=1+2&b=%26";
            let json = "content-type: application/json\n\n{\"a\":1}";
            let object = BTreeMap::from([("a", 1)]);
            let cases = [
                ("GET", client.get("/a?b=c"), format!("GET /a?b=c\n{host}\n")),
                ("a query", client.get("/a?b").query(&[("c", "d e")]), format!("GET /a?b=&c=d+e\n{host}\n")),
                ("DELETE", client.delete("/a"), format!("DELETE /a\n{host}\n")),
                ("OPTIONS", client.options("*"), format!("OPTIONS *\n{host}\n")),
                ("no body", client.post("/"), format!("POST /\n{host}content-length: 0\n\n")),
                ("a body", client.put("/").body("abc"), format!("PUT /\n{host}content-length: 3\n\nabc")),
                (
                    "a form",
                    client.post("/").form(&[("a", "1 2"), ("b", "&")]),
                    format!("POST /\n{host}content-length: 11\n{form}"),
                ),
                (
                    "an empty form",
                    client.post("/").form(&[]).header("X", "y"),
                    format!(
                        "POST /\n{host}content-length: 0\ncontent-type: application/x-www-form-urlencoded\nx: y\n\n"
                    ),
                ),
                ("JSON", client.patch("/").json(&object), format!("PATCH /\n{host}content-length: 7\n{json}")),
                (
                    "lines of one name",
                    client.get("/").header("X", "1").header("X", 2),
                    format!("GET /\n{host}x: 1\nx: 2\n\n"),
                ),
                (
                    "its own host",
                    client.get("/").header("host", "a"),
                    "GET /\nconnection: close\nhost: a\n\n".to_owned(),
                ),
                (
                    "its own chunks",
                    client.post("/").header("Transfer-Encoding", "chunked").body("abc"),
                    format!("POST /\n{host}transfer-encoding: chunked\n\nabc"),
                ),
            ];
            for (what, fetch, expected) in cases {
                assert_eq!(fetch.await?.text(), expected, "{what}");
            }
            Ok(())
        },
    );
}

#[test]
fn an_answer_has_its_status_reason_headers_and_body() {
    http_test(
        async || Ok(mirror),
        async |client| {
            let response = client.get("/").await?;
            assert_eq!((response.status().as_u16(), response.reason()), (200, "Very Well"));
            assert_eq!((response.header("x-line"), response.header("X-None")), (Some("one"), None));
            assert_eq!(response.headers().get_list("X-Line").collect::<Vec<_>>(), ["one", "two"]);
            assert!(response.body().starts_with(b"GET /\n"));
            assert!(format!("{response:?}").contains("status: 200"));
            Ok(())
        },
    );
}

#[test]
fn every_status_is_an_answer() {
    http_test(app, async |client| {
        let _log = expect_log(log_targets::APP, "Uncaught exception");
        for (path, status) in [("/", 200), ("/nothing", 204), ("/redirect", 302), ("/nowhere", 404), ("/broken", 500)] {
            assert_eq!(client.get(path).await?.status(), status, "{path}");
        }
        assert_eq!(client.put("/").await?.status(), 405);
        Ok(())
    });
}

#[test]
fn bodies_end_where_their_framing_says() {
    http_test(app, async |client| {
        let streamed = client.get("/stream").await?;
        assert_eq!(
            (streamed.text().as_ref(), streamed.header("Transfer-Encoding")),
            ("one two three", Some("chunked"))
        );
        let head = client.head("/").await?;
        assert_eq!((head.text().as_ref(), head.header("Content-Length")), ("", Some("5")));
        let big = "x".repeat(3_000_000);
        assert_eq!(client.post("/").body(big.clone()).await?.text(), big);
        Ok(())
    });
    run_test(async {
        let client = says("HTTP/1.0 200 OK\r\n\r\nuntil the end")?;
        assert_eq!(client.get("/").await?.text(), "until the end");
        let client = says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No\r\n\r\n")?;
        assert_eq!(client.get("/").await?.status(), 204);
        Ok(())
    });
}

#[test]
fn json_is_read_and_written() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Story {
        title: String,
        pages: u32,
    }
    http_test(app, async |client| {
        let story = Story { title: "Once".into(), pages: 7 };
        let response = client.post("/").json(&story).await?;
        assert_eq!(response.json::<Story>()?, story);
        assert!(client.get("/").await?.json::<Story>().is_err());
        Ok(())
    });
}

#[test]
fn what_is_no_answer_is_an_error_that_names_the_request() {
    run_test(async {
        let cases = [
            ("nothing", "", "connection closed before"),
            ("half a head", "HTTP/1.1 200 OK\r\nConte", "connection closed before"),
            ("half a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHel", "connection closed before"),
            ("no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", "Malformed HTTP status line"),
        ];
        for (what, answer, expected) in cases {
            let error = says(answer)?.get("/path").await.unwrap_err();
            assert!(matches!(error.kind(), FetchErrorKind::Protocol(_)), "{what}: {error:?}");
            assert!(error.to_string().starts_with(&format!("GET /path: {expected}")), "{what}: {error}");
        }
        let (socket, port) = bind_unused_port()?;
        drop(socket);
        let error = Client::new(port).get("/").await.unwrap_err();
        assert!(matches!(error.kind(), FetchErrorKind::Connect(_)), "{error}");
        Ok(())
    });
}

#[test]
fn a_request_that_cannot_be_sent_is_the_tests_error() {
    http_test(app, async |client| {
        let nan = BTreeMap::from([((1, 2), 3)]);
        let cases = [
            ("a space in the target", client.get("/a b")),
            ("an empty target", client.get("")),
            ("a line end in a header", client.get("/").header("X", "a\r\nY: b")),
            ("a header that is no token", client.get("/").header("X Y", "a")),
            ("TLS", client.get("https://localhost/")),
            ("no host", client.get("http:///")),
            ("no JSON", client.post("/").json(&nan)),
            ("less than promised", client.post("/").header("Content-Length", 5).body("abc")),
        ];
        for (what, fetch) in cases {
            let error = fetch.await.unwrap_err();
            let is_ours = !matches!(
                error.kind(),
                FetchErrorKind::Connect(_) | FetchErrorKind::Stream(_) | FetchErrorKind::Protocol(_)
            );
            assert!(is_ours, "{what}: {error:?}");
        }
        Ok(())
    });
}

#[test]
fn a_whole_url_goes_to_another_server() {
    http_test(app, async |client| {
        let other = TestServer::start(async || Ok(mirror))?;
        assert_eq!(client.get(client.url("/")).await?.text(), "Hello");
        let answer = client.get(other.url("/path?a")).await?;
        assert!(answer.text().starts_with(&format!("GET /path?a\nhost: 127.0.0.1:{}\n", other.port())), "{answer:?}");
        Ok(())
    });
}

#[test]
fn a_raw_connection_takes_whatever_the_test_sends() {
    http_test(app, async |client| {
        let _log = expect_log(log_targets::GEN, "malformed HTTP message");
        let mut stream = client.connect().await?;
        stream.write("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /stream HTTP/1.1\r\nHost: a\r\n\r\nNONSENSE\r\n\r\n");
        assert_eq!(Response::read(&mut stream, &Method::HEAD).await?.text(), "");
        assert_eq!(Response::read(&mut stream, &Method::GET).await?.text(), "one two three");
        assert_eq!(Response::read(&mut stream, &Method::GET).await?.status(), 400);
        Ok(())
    });
}

#[test]
fn the_server_takes_options() {
    HttpTest::new(app).server(|server| server.max_body_size(3)).run(async |client| {
        assert_eq!(client.post("/").body("abc").await?.status(), 200);
        let _log = expect_log("", "").optional();
        assert_eq!(client.post("/").body("abcd").await?.status(), 413);
        Ok(())
    });
}

#[test]
fn a_builder_that_fails_fails_the_test() {
    let failure = AsyncTest::new()
        .try_run(async {
            let server = TestServer::start(async || match true {
                true => Err(Error::message("no database")),
                false => app().await,
            })?;
            Ok(server.client().get("/").await?)
        })
        .unwrap_err();
    assert!(failure.to_string().ends_with("failed: no database"), "{failure}");
}

#[test]
fn a_timeout_says_which_request_was_waited_for() {
    let failure = HttpTest::new(app)
        .in_memory()
        .timeout(Duration::from_secs(5))
        .try_run(async |client| {
            client.get("/").await?;
            Ok(client.get("/slow").await?)
        })
        .unwrap_err();
    let [Reason::Timeout { waiting, .. }] = failure.reasons() else { panic!("{failure}") };
    assert_eq!(waiting.requests.len(), 1);
    assert!(waiting.requests[0].starts_with("the answer to GET /slow, from "), "{failure}");
    assert!(waiting.requests[0].contains("http_test.rs:"), "{failure}");
}

#[test]
fn a_failure_in_the_background_of_a_handler_fails_the_test() {
    async fn careless() -> Result<Application> {
        Ok(Application::new().get("/", async |cx| {
            IoLoop::current().spawn_callback(async { Err::<(), _>(Error::message("the cache is gone")) });
            cx.write("fine")
        }))
    }
    let failure = AsyncTest::new()
        .try_run(async {
            let server = TestServer::start(careless)?;
            assert_eq!(server.client().get("/").await?.text(), "fine");
            Ok(())
        })
        .unwrap_err();
    assert!(failure.to_string().ends_with("failed: exception in callback: the cache is gone"), "{failure}");
}

#[test]
fn at_the_end_the_server_does_not_listen_and_its_service_is_gone() {
    let alive = Rc::new(Cell::new(0));
    struct Counted(Rc<Cell<i32>>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    let count = alive.clone();
    let builder = async move || {
        count.set(count.get() + 1);
        let counted = Counted(count.clone());
        Ok(async move |exchange: &mut Exchange| {
            assert_eq!(counted.0.get(), 1);
            mirror(exchange).await
        })
    };
    let port = http_test(builder, {
        let alive = alive.clone();
        async move |client| {
            client.get("/").await?;
            assert_eq!(alive.get(), 1);
            Ok(client.port().unwrap())
        }
    });
    assert_eq!(alive.get(), 0);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_server_that_is_dropped_stops_listening() {
    run_test(async {
        let server = TestServer::start(app)?;
        let client = server.client();
        client.get("/").await?;
        drop(server);
        assert!(matches!(client.get("/").await.unwrap_err().kind(), FetchErrorKind::Connect(_)));
        Ok(())
    });
}

#[test]
fn requests_and_connections_that_go_on_at_the_end_do_not_hold_it_up() {
    let begun = Instant::now();
    http_test(app, async |client| {
        let mut idle = client.connect().await?;
        idle.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Response::read(&mut idle, &Method::GET).await?;
        // Kept beyond the end of the test.
        IoLoop::current().spawn_callback(async move {
            idle.wait_closed().await;
        });
        let slow = client.clone();
        IoLoop::current().spawn_callback(async move {
            let _ = slow.get("/slow").await;
        });
        sleep(Duration::from_millis(5)).await;
        Ok(())
    });
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[test]
fn the_server_is_at_hand_with_its_counters() {
    run_test(async {
        let server = TestServer::serve(HttpServer::new(app))?;
        for _ in 0..3 {
            server.client().get("/").await?;
        }
        assert_eq!(server.http_server().statistics().requests, 3);
        server.close().await;
        Ok(())
    });
}

#[test]
fn a_service_can_be_joined_in_memory() {
    run_test(async {
        let client = Client::in_memory(app().await?)?;
        assert_eq!((client.port(), client.url("/a").as_str()), (None, "http://localhost/a"));
        assert_eq!(client.get("/").await?.text(), "Hello");
        let big = Bytes::from(vec![b'x'; 1_000_000]);
        assert_eq!(client.post("/").body(big.clone()).await?.body(), &big);
        Ok(())
    });
}

#[test]
fn over_a_bad_network_an_answer_is_right_or_an_error() {
    run_test(async {
        let mut answered = 0;
        for seed in 0..200 {
            let client = Client::over(app().await?, ServerOptions::new(), move || MemoryPair::faulty(seed))?;
            if let Ok(response) = client.post("/").body("abc").await {
                assert_eq!((response.status().as_u16(), response.text().as_ref()), (200, "abc"), "seed {seed}");
                answered += 1;
            }
        }
        assert!(answered > 0);
        Ok(())
    });
}

#[test]
fn a_servers_timeouts_are_tested_without_waiting() {
    let begun = Instant::now();
    AsyncTest::new().paused_clock().run(async {
        let client = Client::in_memory(app().await?)?;
        let mut stream = client.connect().await?;
        stream.write("GET / HTTP/1.1\r\nHo");
        let started = IoLoop::current().time();
        assert_eq!(Response::read(&mut stream, &Method::GET).await?.status(), 408);
        let waited = IoLoop::current().time() - started;
        assert!((30..32).contains(&waited.as_secs()), "{waited:?}");

        // A handler's minute takes no time either.
        assert_eq!(client.get("/slow").await?.status(), 200);
        Ok(())
    });
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn two_unused_ports_differ() -> io::Result<()> {
    let ((first, first_port), (second, second_port)) = (bind_unused_port()?, bind_unused_port()?);
    assert_ne!(first_port, second_port);
    assert!(first.local_addr()?.ip().is_loopback() && second.local_addr()?.ip().is_loopback());
    Ok(())
}
