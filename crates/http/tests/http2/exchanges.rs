//! The exchanges of a service over HTTP/2: every way to answer, bodies both ways in small windows, and
//! clients that give up.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use firewhirl_event::coroutine::{multi, sleep, yield_now};
use firewhirl_event::locks::Event;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::{Exchange, Headers, Http2Options, ResponseError, Serve, ServerOptions, serve_stream};
use h2::client::SendRequest;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Method, Request, StatusCode, Version};

use crate::support::{answer, run, service};

/// A client of other people's making.
#[derive(Clone)]
pub(crate) struct Client(SendRequest<Bytes>);

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl From<SendRequest<Bytes>> for Client {
    fn from(requests: SendRequest<Bytes>) -> Self {
        Self(requests)
    }
}

impl Client {
    pub(crate) async fn of(service: impl Serve, options: ServerOptions) -> Result<Self> {
        Self::with(service, options, &h2::client::Builder::new()).await
    }

    pub(crate) async fn with(
        service: impl Serve,
        options: ServerOptions,
        builder: &h2::client::Builder,
    ) -> Result<Self> {
        let (near, far) = IoStream::pair()?;
        IoLoop::current().spawn_callback(serve_stream(near, Rc::new(service), options));
        let (client, connection) = builder.handshake(far).await?;
        IoLoop::current().spawn_callback(async move { drop(connection.await) });
        Ok(Self(client))
    }

    /// Sends a head; the body is the caller's, unless it `ends`.
    pub(crate) async fn begin(
        &self,
        request: Request<()>,
        ends: bool,
    ) -> Result<(h2::client::ResponseFuture, SendStream<Bytes>)> {
        let mut client = self.0.clone().ready().await?;
        Ok(client.send_request(request, ends)?)
    }

    pub(crate) async fn ask(&self, request: Request<()>, body: impl Into<Bytes>) -> Result<Answer> {
        let body = body.into();
        let (response, mut send) = self.begin(request, body.is_empty()).await?;
        if !body.is_empty() {
            send.send_data(body, true)?;
        }
        read(response).await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        self.ask(request(Method::GET, path), "").await
    }
}

pub(crate) fn request(method: Method, path: &str) -> Request<()> {
    Request::builder()
        .method(method)
        .version(Version::HTTP_2)
        .uri(format!("http://example.com{path}"))
        .body(())
        .unwrap()
}

pub(crate) async fn read(response: h2::client::ResponseFuture) -> Result<Answer> {
    let (head, mut stream) = response.await?.into_parts();
    let mut body = Vec::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk?;
        stream.flow_control().release_capacity(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    let trailers = stream.trailers().await?;
    Ok(Answer { status: head.status, headers: head.headers, body, trailers })
}

/// The code that a stream was reset with.
fn reset_code(error: &firewhirl_event::Error) -> Option<Reason> {
    error.find::<h2::Error>()?.reason()
}

#[test]
fn every_way_to_answer_works_as_over_http_1_1() {
    run(async {
        let client = Client::of(service, ServerOptions::new()).await?;
        for (path, status, body) in [
            ("/x", 200, "GET /x"),
            ("/slow", 200, "slow"),
            ("/later", 200, "later"),
            ("/unread", 200, "unread"),
            ("/forgotten", 500, ""),
            ("/broken", 500, ""),
            ("/panic", 500, ""),
            ("/nothing", 500, ""),
        ] {
            let answer = client.get(path).await?;
            assert_eq!((answer.status.as_u16(), String::from_utf8(answer.body)?.as_str()), (status, body), "{path}");
        }
        let half = client.get("/half").await.unwrap_err();
        assert_eq!(reset_code(&half), Some(Reason::INTERNAL_ERROR));
        let big = client.get("/big").await?;
        assert_eq!(big.body.len(), 1_000_000);
        for path in ["/echo", "/stream"] {
            let answer = client.ask(request(Method::POST, path), "a body").await?;
            assert_eq!(answer.body, b"a body", "{path}");
        }
        Ok(())
    });
}

#[test]
fn the_request_is_what_the_client_sent() {
    run(async {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let service = {
            let seen = seen.clone();
            async move |exchange: &mut Exchange| -> Result {
                let request = &exchange.request;
                seen.borrow_mut().push(format!(
                    "{:?} {} {} {} {} {:?} {:?} {}",
                    request.version(),
                    request.method(),
                    request.protocol(),
                    request.host(),
                    request.uri(),
                    request.header("Cookie"),
                    request.header("X-Own"),
                    request.headers().len(),
                ));
                answer(exchange, b"")
            }
        };
        let client = Client::of(service, ServerOptions::new()).await?;
        let asked = Request::builder()
            .method("PUT")
            .uri("https://example.com:81/a?b=c")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .header("x-own", "yes")
            .body(())?;
        client.ask(asked, "").await?;
        // What a client says of its scheme counts as little as its `X-Scheme`.
        assert_eq!(*seen.borrow(), [r#"HTTP/2.0 PUT http example.com:81 /a?b=c Some("a=1; b=2") Some("yes") 3"#]);
        Ok(())
    });
}

#[test]
fn a_proxy_that_is_believed_says_the_scheme() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            let text = format!("{} {:?}", exchange.request.protocol(), exchange.request.remote_ip());
            answer(exchange, text.as_bytes())
        };
        let client = Client::of(service, ServerOptions::new().xheaders(true)).await?;
        let asked = || Request::builder().uri("https://example.com/").header("x-real-ip", "4.4.4.4");
        assert_eq!(client.ask(asked().body(())?, "").await?.body, b"https Some(4.4.4.4)");
        assert_eq!(client.ask(asked().header("x-scheme", "http").body(())?, "").await?.body, b"http Some(4.4.4.4)");
        Ok(())
    });
}

#[test]
fn an_answer_without_a_body_ends_with_its_head() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            let status: u16 = exchange.request.path()[1..].parse()?;
            let mut headers = Headers::new();
            headers.set("Content-Length", 3)?;
            let status = StatusCode::from_u16(status)?;
            Ok(exchange.connection.respond(status, None, &headers, b"abc")?)
        };
        let client = Client::of(service, ServerOptions::new()).await?;
        for (method, status, length, body) in [
            (Method::GET, 200, Some("3"), "abc"),
            (Method::HEAD, 200, Some("3"), ""),
            (Method::GET, 204, None, ""),
            (Method::GET, 304, Some("3"), ""),
        ] {
            let (response, _) = client.begin(request(method.clone(), &format!("/{status}")), true).await?;
            let response = response.await?;
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers().get("content-length").map(|value| value.to_str().unwrap()), length);
            assert_eq!(response.body().is_end_stream(), body.is_empty(), "{method} {status}");
        }
        Ok(())
    });
}

#[test]
fn a_length_is_kept_or_the_stream_is_reset() {
    run(async {
        let errors = Rc::new(RefCell::new(Vec::new()));
        let service = {
            let errors = errors.clone();
            async move |exchange: &mut Exchange| -> Result {
                let connection = &exchange.connection;
                let mut headers = Headers::new();
                headers.set("Content-Length", 3)?;
                connection.write_head(StatusCode::OK, None, &headers)?;
                let written = connection.write(if exchange.request.path() == "/more" { b"abcd" } else { b"ab" });
                let finished = connection.finish();
                for error in [written.err(), finished.err()].into_iter().flatten() {
                    errors.borrow_mut().push(error.to_string());
                }
                Ok(())
            }
        };
        let client = Client::of(service, ServerOptions::new()).await?;
        for path in ["/more", "/less"] {
            assert_eq!(reset_code(&client.get(path).await.unwrap_err()), Some(Reason::INTERNAL_ERROR), "{path}");
        }
        assert_eq!(
            *errors.borrow(),
            [
                "Tried to write more data than Content-Length",
                "Tried to write 3 bytes less than Content-Length",
                "Tried to write 1 bytes less than Content-Length",
            ]
        );
        Ok(())
    });
}

#[test]
fn what_http_2_does_not_have_is_left_out_or_refused() {
    run(async {
        let refused = Rc::new(RefCell::new(Vec::new()));
        let service = {
            let refused = refused.clone();
            async move |exchange: &mut Exchange| -> Result {
                let connection = &exchange.connection;
                let mut headers = Headers::new();
                headers.set("Transfer-Encoding", "chunked")?;
                let note = |error: ResponseError| refused.borrow_mut().push(error.to_string());
                note(connection.write_head(StatusCode::OK, None, &headers).unwrap_err());
                note(connection.write_head(StatusCode::SWITCHING_PROTOCOLS, None, &Headers::new()).unwrap_err());
                note(connection.detach().unwrap_err());
                let headers = Headers::parse("Connection: close\r\nKeep-Alive: a\r\nX-Own: b\r\n")?;
                connection.write_head(StatusCode::OK, Some("Fine"), &headers)?;
                note(connection.write_head(StatusCode::OK, None, &headers).unwrap_err());
                connection.finish()?;
                note(connection.write(b"more").unwrap_err());
                Ok(())
            }
        };
        let client = Client::of(service, ServerOptions::new()).await?;
        let answer = client.get("/").await?;
        assert_eq!(answer.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["x-own"]);
        assert_eq!(
            *refused.borrow(),
            [
                "HTTP/2 has no Transfer-Encoding: write the body without its framing",
                "101 needs a client that asked for another protocol with Upgrade",
                "a connection of HTTP/2 cannot be detached by one of its exchanges",
                "the head was written before",
                "the message was finished before",
            ]
        );
        Ok(())
    });
}

#[test]
fn trailers_and_informational_answers_arrive() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            let connection = &exchange.connection;
            let hint = Headers::parse("Link: </style.css>; rel=preload\r\n")?;
            connection.write_head(StatusCode::EARLY_HINTS, None, &hint)?;
            connection.write_head(StatusCode::OK, None, &Headers::new())?;
            connection.write(b"body")?;
            Ok(connection.finish_with_trailers(&Headers::parse("X-Sum: 7\r\nContent-Length: 9\r\n")?)?)
        };
        let client = Client::of(service, ServerOptions::new()).await?;
        let (mut response, _) = client.begin(request(Method::GET, "/"), true).await?;
        let hint = std::future::poll_fn(|context| response.poll_informational(context)).await.unwrap()?;
        assert_eq!((hint.status().as_u16(), hint.headers().len()), (103, 1));
        let answer = read(response).await?;
        assert_eq!(answer.body, b"body");
        let trailers = answer.trailers.unwrap();
        assert_eq!((trailers.len(), trailers["x-sum"].as_bytes()), (1, &b"7"[..]));
        Ok(())
    });
}

#[test]
fn a_client_that_expects_100_is_told_to_go_on() {
    run(async {
        let client = Client::of(service, ServerOptions::new()).await?;
        let expecting = |path: &str| {
            let mut request = request(Method::POST, path);
            request.headers_mut().insert("expect", "100-continue".parse().unwrap());
            request
        };
        let (mut response, mut send) = client.begin(expecting("/echo"), false).await?;
        let told = std::future::poll_fn(|context| response.poll_informational(context)).await.unwrap()?;
        assert_eq!(told.status().as_u16(), 100);
        send.send_data("now".into(), true)?;
        assert_eq!(read(response).await?.body, b"now");

        // A handler that does not want the body says so at once, and the client need not send it.
        let (mut response, mut send) = client.begin(expecting("/unread"), false).await?;
        assert!(std::future::poll_fn(|context| response.poll_informational(context)).await.is_none());
        assert_eq!(read(response).await?.body, b"unread");
        let reset = std::future::poll_fn(|context| send.poll_reset(context)).await?;
        assert_eq!(reset, Reason::NO_ERROR);
        Ok(())
    });
}

#[test]
fn big_bodies_pass_both_ways_through_small_windows() {
    run(async {
        let options = ServerOptions::new()
            .http2_options(Http2Options::new().initial_stream_window(5_000).initial_connection_window(70_000));
        let client = Client::with(service, options, h2::client::Builder::new().initial_window_size(3_000)).await?;
        let one = async |seed: usize| -> Result {
            let body: Vec<u8> = (0..300_000).map(|index| ((index * 7 + seed) % 251) as u8).collect();
            let (response, mut send) = client.begin(request(Method::POST, "/stream"), false).await?;
            let mut rest = Bytes::from(body.clone());
            let upload = async {
                while !rest.is_empty() {
                    send.reserve_capacity(rest.len());
                    let capacity = std::future::poll_fn(|context| send.poll_capacity(context)).await.unwrap()?;
                    assert!(capacity <= 5_000, "no more than the window");
                    send.send_data(rest.split_to(capacity.min(rest.len())), rest.is_empty())?;
                }
                Ok::<(), firewhirl_event::Error>(())
            };
            let download = read(response);
            let mut upload = std::pin::pin!(upload);
            let mut download = std::pin::pin!(download);
            let (mut uploaded, mut downloaded) = (false, None);
            std::future::poll_fn(|context| {
                if !uploaded && let std::task::Poll::Ready(sent) = upload.as_mut().poll(context) {
                    sent?;
                    uploaded = true;
                }
                if downloaded.is_none()
                    && let std::task::Poll::Ready(read) = download.as_mut().poll(context)
                {
                    downloaded = Some(read?);
                }
                match uploaded && downloaded.is_some() {
                    true => std::task::Poll::Ready(Ok::<(), firewhirl_event::Error>(())),
                    false => std::task::Poll::Pending,
                }
            })
            .await?;
            assert!(downloaded.is_some_and(|answer| answer.body == body));
            Ok(())
        };
        multi((0..5).map(one)).await?;
        Ok(())
    });
}

#[test]
fn the_window_is_given_back_only_as_the_handler_reads() {
    run(async {
        let go_on = Event::new();
        let service = {
            let go_on = go_on.clone();
            async move |exchange: &mut Exchange| -> Result {
                go_on.wait().await;
                let body = exchange.read_body().await?.len().to_string();
                answer(exchange, body.as_bytes())
            }
        };
        let options = ServerOptions::new().http2_options(Http2Options::new().initial_stream_window(10_000));
        let client = Client::of(service, options).await?;
        let (response, mut send) = client.begin(request(Method::POST, "/"), false).await?;
        send.reserve_capacity(30_000);
        let mut sent = 0;
        // All that may be sent is, and then nothing more.
        for _ in 0..200 {
            let capacity = send.capacity();
            if capacity > 0 {
                sent += capacity;
                send.send_data(vec![0; capacity].into(), false)?;
                send.reserve_capacity(30_000 - sent);
            }
            yield_now().await;
        }
        assert_eq!(sent, 10_000);
        go_on.set();
        while sent < 30_000 {
            let capacity = std::future::poll_fn(|context| send.poll_capacity(context)).await.unwrap()?;
            sent += capacity;
            send.send_data(vec![0; capacity].into(), sent == 30_000)?;
        }
        assert_eq!(read(response).await?.body, b"30000");
        Ok(())
    });
}

#[test]
fn flush_waits_for_the_clients_window() {
    run(async {
        let flushed = Rc::new(Cell::new(0));
        let service = {
            let flushed = flushed.clone();
            async move |exchange: &mut Exchange| -> Result {
                exchange.connection.write_head(StatusCode::OK, None, &Headers::new())?;
                for _ in 0..10 {
                    exchange.connection.write(&[b'x'; 1000])?;
                    exchange.connection.flush().await?;
                    flushed.set(flushed.get() + 1);
                }
                Ok(exchange.connection.finish()?)
            }
        };
        let client =
            Client::with(service, ServerOptions::new(), h2::client::Builder::new().initial_window_size(2_500)).await?;
        let (response, _) = client.begin(request(Method::GET, "/"), true).await?;
        let mut body = response.await?.into_body();
        let mut came = 0;
        while came < 2_500 {
            came += body.data().await.unwrap()?.len();
        }
        for _ in 0..100 {
            yield_now().await;
        }
        assert_eq!((came, flushed.get()), (2_500, 2));
        body.flow_control().release_capacity(came)?;
        while let Some(chunk) = body.data().await {
            let chunk = chunk?;
            came += chunk.len();
            body.flow_control().release_capacity(chunk.len())?;
        }
        assert_eq!((came, flushed.get()), (10_000, 10));
        Ok(())
    });
}

#[test]
fn many_streams_on_a_connection_are_answered_together() {
    run(async {
        let clients = multi((0..10).map(|_| Client::of(service, ServerOptions::new()))).await?;
        let ask = |index: usize| {
            let client = clients[index % 10].clone();
            async move {
                let path = if index.is_multiple_of(3) { "/slow".to_owned() } else { format!("/{index}") };
                let answer = client.get(&path).await?;
                let expected = if index.is_multiple_of(3) { "slow".to_owned() } else { format!("GET /{index}") };
                assert_eq!(answer.body, expected.as_bytes());
                Ok::<(), firewhirl_event::Error>(())
            }
        };
        multi((0..1000).map(ask)).await?;
        Ok(())
    });
}

#[test]
fn a_client_that_resets_its_stream_has_left_and_the_handler_goes_on() {
    run(async {
        let (begun, closed, ended) = (Event::new(), Event::new(), Event::new());
        let called = Rc::new(Cell::new(false));
        let service = {
            let (begun, closed, ended, called) = (begun.clone(), closed.clone(), ended.clone(), called.clone());
            async move |exchange: &mut Exchange| -> Result {
                begun.set();
                let connection = exchange.connection.clone();
                let called = called.clone();
                connection.on_close(Box::new(move || called.set(true)));
                connection.closed().await;
                assert!(connection.is_closed());
                closed.set();
                sleep(Duration::from_millis(2)).await;
                assert!(connection.flush().await.is_err());
                ended.set();
                Ok(())
            }
        };
        let client = Client::of(service, ServerOptions::new()).await?;
        let (response, mut send) = client.begin(request(Method::POST, "/"), false).await?;
        begun.wait().await;
        send.send_reset(Reason::CANCEL);
        closed.wait().await;
        ended.wait().await;
        assert!(called.get());
        assert!(response.await.is_err());
        Ok(())
    });
}

#[test]
fn an_exchange_can_be_cancelled_with_its_client() {
    struct Dropped(Event);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.set();
        }
    }
    run(async {
        let dropped = Event::new();
        let service = {
            let dropped = dropped.clone();
            async move |exchange: &mut Exchange| -> Result {
                if exchange.request.path() == "/" {
                    let _guard = Dropped(dropped.clone());
                    exchange.connection.cancel_on_disconnect();
                    std::future::pending::<()>().await;
                }
                answer(exchange, b"another")
            }
        };
        let client = Client::of(service, ServerOptions::new()).await?;
        let (response, mut send) = client.begin(request(Method::GET, "/"), true).await?;
        assert_eq!(client.get("/other").await?.body, b"another");
        send.send_reset(Reason::CANCEL);
        dropped.wait().await;
        drop(response);
        assert_eq!(client.get("/other").await?.body, b"another");
        Ok(())
    });
}

#[test]
fn handlers_run_to_their_end_when_the_connection_goes() {
    run(async {
        let (begun, ended) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let service = {
            let (begun, ended) = (begun.clone(), ended.clone());
            async move |exchange: &mut Exchange| -> Result {
                begun.set(begun.get() + 1);
                exchange.connection.closed().await;
                sleep(Duration::from_millis(3)).await;
                ended.set(ended.get() + 1);
                Ok(())
            }
        };
        let (near, far) = IoStream::pair()?;
        let serving = IoLoop::current().spawn(serve_stream(near, Rc::new(service), ServerOptions::new()));
        let (client, connection) = h2::client::handshake(far).await?;
        let driver = IoLoop::current().spawn(async move { drop(connection.await) });
        let client = Client(client);
        let mut waiting: Vec<(h2::client::ResponseFuture, SendStream<Bytes>)> = Vec::new();
        for _ in 0..5 {
            waiting.push(client.begin(request(Method::GET, "/"), true).await?);
        }
        while begun.get() < 5 {
            yield_now().await;
        }
        driver.abort();
        serving.await?;
        assert_eq!(ended.get(), 5);
        Ok(())
    });
}

#[test]
fn a_handle_kept_beyond_its_exchange_has_nothing_to_say() {
    run(async {
        let kept = Rc::new(RefCell::new(None));
        let service = {
            let kept = kept.clone();
            async move |exchange: &mut Exchange| -> Result {
                kept.replace(Some(exchange.connection.clone()));
                answer(exchange, b"")
            }
        };
        let client = Client::of(service, ServerOptions::new()).await?;
        client.get("/").await?;
        let connection = kept.take().unwrap();
        assert!(connection.is_closed() && connection.is_finished() && connection.is_body_read());
        assert!(matches!(connection.write(b"x"), Err(ResponseError::Closed)));
        assert!(connection.flush().await.is_err() && connection.next_chunk().await.is_err());
        Ok(())
    });
}

#[test]
fn the_body_of_a_request_is_limited_and_inflated() {
    use std::io::Write;

    run(async {
        let options = ServerOptions::new().max_body_size(1000).decompress_request(true);
        let client = Client::of(service, options).await?;
        let answer = client.ask(request(Method::POST, "/echo"), vec![b'x'; 1001]).await?;
        assert_eq!(answer.status, 413);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&[b'y'; 900])?;
        let mut gzipped = request(Method::POST, "/echo");
        gzipped.headers_mut().insert("content-encoding", "gzip".parse()?);
        let answer = client.ask(gzipped, encoder.finish()?).await?;
        assert_eq!((answer.status.as_u16(), answer.body), (200, vec![b'y'; 900]));
        Ok(())
    });
}

#[test]
fn an_aborted_answer_is_sent_as_far_as_it_was_written() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            exchange.connection.write_head(StatusCode::OK, None, &Headers::new())?;
            exchange.connection.write(b"the beginning")?;
            exchange.connection.abort();
            Ok(())
        };
        let client = Client::of(service, ServerOptions::new()).await?;
        let (response, _) = client.begin(request(Method::GET, "/"), true).await?;
        let mut body: RecvStream = response.await?.into_body();
        assert_eq!(body.data().await.unwrap()?, "the beginning");
        let error = body.data().await.unwrap().unwrap_err();
        assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR));
        Ok(())
    });
}
