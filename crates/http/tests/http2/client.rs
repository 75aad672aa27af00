//! The client over HTTP/2: many requests on a connection, and servers that refuse, leave or break off.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use firewhirl_event::coroutine::{multi, yield_now};
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::client::{
    BodyStream, ConnectionPool, Destination, Dial, Dialing, HttpClientError, OutgoingBody, OutgoingRequest,
    PoolOptions, Scheme, TimeoutPhase, Versions,
};
use firewhirl_http::{Exchange, Headers, Http2ErrorCode, Http2Options, Serve, ServerOptions, serve_stream};
use http::{Method, StatusCode, Version};

use crate::frames::{self, *};
use crate::support::{answer, run, service};

/// Makes connections in memory, and counts them.
struct Memory<Begin> {
    begin: Begin,
    made: Rc<Cell<usize>>,
}

impl<Begin: Fn(IoStream)> Dial for Memory<Begin> {
    fn dial<'a>(&'a self, _: &'a Destination) -> Dialing<'a> {
        Box::pin(async {
            let (near, far) = IoStream::pair().expect("it is memory");
            self.made.set(self.made.get() + 1);
            (self.begin)(near);
            // As over a network, others get their turn before the connection is there.
            yield_now().await;
            Ok(far)
        })
    }
}

/// A pool whose connections go to a service, with how many it has made.
fn pool_of(service: impl Serve, options: ServerOptions, pool: PoolOptions) -> (ConnectionPool, Rc<Cell<usize>>) {
    let service = Rc::new(service);
    pool_over(pool, move |stream| {
        IoLoop::current().spawn_callback(serve_stream(stream, service.clone(), options.clone()));
    })
}

fn pool_over(options: PoolOptions, begin: impl Fn(IoStream) + 'static) -> (ConnectionPool, Rc<Cell<usize>>) {
    let made = Rc::new(Cell::new(0));
    let pool = ConnectionPool::new(options.dial(Memory { begin, made: made.clone() }));
    (pool, made)
}

/// A pool whose connections are handed to a script each, in turn.
fn scripted(scripts: Vec<fn(RawServer) -> Script>) -> (ConnectionPool, Rc<Cell<usize>>) {
    let scripts = RefCell::new(VecDeque::from(scripts));
    pool_over(PoolOptions::new(), move |stream| {
        let script = scripts.borrow_mut().pop_front().expect("no more connections than scripts");
        IoLoop::current().spawn_callback(async move { script(RawServer::greet(stream).await?).await });
    })
}

type Script = std::pin::Pin<Box<dyn Future<Output = Result>>>;

/// A server that sends whatever a test wants.
struct RawServer(RawClient);

impl RawServer {
    async fn greet(mut stream: IoStream) -> Result<Self> {
        assert_eq!(stream.read_bytes(24).await?, PREFACE);
        let mut server = RawClient { stream };
        server.send([settings(&[]), frame(SETTINGS, ACK, 0, [])].concat());
        server.next_where(|frame| frame.kind == SETTINGS && frame.flags & ACK == 0).await?;
        Ok(Self(server))
    }

    /// The number of the next stream that is opened.
    async fn request(&mut self) -> Result<u32> {
        Ok(self.0.next_where(|frame| frame.kind == HEADERS).await?.stream)
    }

    fn send(&mut self, bytes: Vec<u8>) {
        self.0.send(bytes);
    }

    async fn linger(mut self) -> Result {
        self.0.until_closed().await.map(drop)
    }
}

/// An answer of 200 with this body.
fn ok(stream: u32, body: &[u8]) -> Vec<u8> {
    [frame(HEADERS, END_HEADERS, stream, [0x88]), frame(DATA, END_STREAM, stream, body)].concat()
}

fn goaway(last: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, [last.to_be_bytes(), code.to_be_bytes()].concat())
}

fn destination() -> Rc<Destination> {
    Rc::new(Destination::new(Scheme::Http, "example.com", 80).versions(Versions::Http2))
}

fn get(destination: &Rc<Destination>, target: &str) -> OutgoingRequest {
    OutgoingRequest::new(destination.clone(), Method::GET, target)
}

fn post(destination: &Rc<Destination>, target: &str, body: OutgoingBody) -> OutgoingRequest {
    let mut request = OutgoingRequest::new(destination.clone(), Method::POST, target);
    request.body = body;
    request
}

async fn body_of(pool: &ConnectionPool, request: OutgoingRequest) -> Result<Bytes> {
    Ok(pool.send(request).await?.read_body().await?)
}

#[test]
fn many_requests_share_a_connection() {
    run(async {
        let (pool, made) = pool_of(service, ServerOptions::new(), PoolOptions::new().max_clients(0));
        let destination = destination();
        let ask = |index: usize| {
            let (pool, request) = (pool.clone(), get(&destination, &format!("/{index}")));
            async move {
                let mut response = pool.send(request).await?;
                assert_eq!((response.version(), response.status().as_u16()), (Version::HTTP_2, 200));
                assert_eq!(response.read_body().await?, format!("GET /{index}"));
                Ok::<(), firewhirl_event::Error>(())
            }
        };
        multi((0..50).map(ask)).await?;
        assert_eq!(made.get(), 1);
        multi((50..80).map(ask)).await?;
        assert_eq!(made.get(), 1, "it is still there");
        Ok(())
    });
}

#[test]
fn beyond_the_servers_streams_another_connection_is_made() {
    run(async {
        let options = ServerOptions::new().http2_options(Http2Options::new().max_concurrent_streams(5));
        let (pool, made) = pool_of(service, options, PoolOptions::new().max_clients(0));
        let destination = destination();
        assert_eq!(body_of(&pool, get(&destination, "/first")).await?, "GET /first");
        multi((0..15).map(|_| body_of(&pool, get(&destination, "/slow")))).await?;
        assert!((2..=15).contains(&made.get()), "{}", made.get());
        Ok(())
    });
}

#[test]
fn heads_bodies_and_trailers_arrive() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            let (request, connection) = (&exchange.request, &exchange.connection);
            let said = format!(
                "{} {} {} {:?} {:?} {:?}",
                request.method(),
                request.uri(),
                request.host(),
                request.header("x-own"),
                request.header("connection"),
                request.header("content-length"),
            );
            let body = connection.read_body().await?;
            let trailers =
                connection.request_trailers().map(|trailers| trailers.get("x-sum").map(|sum| sum.into_owned()));
            connection.write_head(StatusCode::EARLY_HINTS, None, &Headers::parse("Link: a\r\n")?)?;
            connection.write_head(StatusCode::OK, None, &Headers::parse("X-Said: yes\r\n")?)?;
            connection.write(said.as_bytes())?;
            connection.write(&body)?;
            connection.write(format!(" {trailers:?}").as_bytes())?;
            Ok(connection.finish_with_trailers(&Headers::parse("X-Sum: 7\r\n")?)?)
        };
        let (pool, _) = pool_of(service, ServerOptions::new(), PoolOptions::new());
        let body = BodyStream::new(async |sender| {
            sender.write(" on").await?;
            sender.write("e").await?;
            sender.set_trailers(&Headers::parse("X-Sum: 3\r\n")?);
            Ok(())
        });
        let mut request = post(&destination(), "/a?b=c", OutgoingBody::Stream(body));
        request.headers.set("X-Own", "yes")?;
        request.headers.set("Connection", "keep-alive")?;
        let hints = Rc::new(Cell::new(0));
        let counted = hints.clone();
        request.on_informational = Some(Box::new(move |head| {
            assert_eq!(head.status().as_u16(), 103);
            counted.set(counted.get() + 1);
        }));
        let mut response = pool.send(request).await?;
        assert_eq!((response.header("X-Said"), response.header("x-said"), hints.get()), (Some("yes"), Some("yes"), 1));
        assert_eq!(response.read_body().await?, r#"POST /a?b=c example.com Some("yes") None None one Some(Some("3"))"#);
        assert_eq!(response.trailers().get("X-Sum").as_deref(), Some("7"));
        Ok(())
    });
}

#[test]
fn big_bodies_pass_both_ways_through_small_windows() {
    run(async {
        let windows = || Http2Options::new().initial_stream_window(4_000).initial_connection_window(70_000);
        let (pool, _) = pool_of(
            service,
            ServerOptions::new().http2_options(windows()),
            PoolOptions::new().http2_options(windows()),
        );
        let destination = destination();
        let one = async |seed: usize| -> Result {
            let body: Vec<u8> = (0..200_000).map(|index| ((index * 7 + seed) % 251) as u8).collect();
            let sent = Bytes::from(body.clone());
            let stream = BodyStream::new(async move |sender| {
                for chunk in sent.chunks(10_000) {
                    sender.write(chunk.to_vec()).await?;
                }
                Ok(())
            });
            let body_of_request = if seed.is_multiple_of(2) {
                OutgoingBody::Stream(stream)
            } else {
                OutgoingBody::Whole(body.clone().into())
            };
            let came = body_of(&pool, post(&destination, "/stream", body_of_request)).await?;
            assert!(came == body);
            Ok(())
        };
        multi((0..6).map(one)).await?;
        Ok(())
    });
}

#[test]
fn a_response_is_read_no_faster_than_it_is_asked_for() {
    run(async {
        let flushed = Rc::new(Cell::new(0));
        let service = {
            let flushed = flushed.clone();
            async move |exchange: &mut Exchange| -> Result {
                exchange.connection.write_head(StatusCode::OK, None, &Headers::new())?;
                for _ in 0..20 {
                    exchange.connection.write(&[b'x'; 1000])?;
                    exchange.connection.flush().await?;
                    flushed.set(flushed.get() + 1);
                }
                Ok(exchange.connection.finish()?)
            }
        };
        let options = PoolOptions::new().http2_options(Http2Options::new().initial_stream_window(5_000));
        let (pool, _) = pool_of(service, ServerOptions::new(), options);
        let mut response = pool.send(get(&destination(), "/")).await?;
        for _ in 0..200 {
            yield_now().await;
        }
        assert_eq!(flushed.get(), 5);
        assert_eq!(response.read_body().await?.len(), 20_000);
        assert_eq!(flushed.get(), 20);
        Ok(())
    });
}

#[test]
fn a_timeout_ends_its_stream_and_no_other() {
    run(async {
        let left = firewhirl_event::locks::Event::new();
        let service = {
            let left = left.clone();
            async move |exchange: &mut Exchange| -> Result {
                if exchange.request.path() == "/never" {
                    exchange.connection.closed().await;
                    left.set();
                }
                answer(exchange, b"here")
            }
        };
        let (pool, made) = pool_of(service, ServerOptions::new(), PoolOptions::new());
        let destination = destination();
        let mut request = get(&destination, "/never");
        request.request_timeout = Some(Duration::from_millis(30));
        let error = pool.send(request).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Timeout { phase: TimeoutPhase::Request }), "{error:?}");
        left.wait().await;
        assert_eq!(body_of(&pool, get(&destination, "/")).await?, "here");
        assert_eq!(made.get(), 1);
        Ok(())
    });
}

#[test]
fn a_response_that_is_dropped_ends_its_stream() {
    run(async {
        let (pool, made) = pool_of(service, ServerOptions::new(), PoolOptions::new());
        let destination = destination();
        drop(pool.send(get(&destination, "/big")).await?);
        assert_eq!(body_of(&pool, get(&destination, "/x")).await?, "GET /x");
        assert_eq!(made.get(), 1);
        Ok(())
    });
}

#[test]
fn what_a_server_breaks_off_is_a_typed_error() {
    run(async {
        let (pool, _) = pool_of(service, ServerOptions::new(), PoolOptions::new());
        let mut response = pool.send(get(&destination(), "/half")).await?;
        let error = response.read_body().await.unwrap_err();
        assert!(
            matches!(error, HttpClientError::Reset { code: Http2ErrorCode::INTERNAL_ERROR, by_server: true }),
            "{error:?}"
        );
        assert_eq!(error.to_string(), "the server broke its response off: INTERNAL_ERROR");
        Ok(())
    });
}

#[test]
fn a_refused_request_is_sent_again_whatever_its_method() {
    run(async {
        let (pool, made) = scripted(vec![|mut server| {
            Box::pin(async move {
                for _ in 0..2 {
                    let stream = server.request().await?;
                    server.send(reset(stream, REFUSED_STREAM));
                }
                let stream = server.request().await?;
                server.send(ok(stream, b"at last"));
                server.linger().await
            })
        }]);
        let request = post(&destination(), "/", OutgoingBody::Whole("body".into()));
        assert_eq!(body_of(&pool, request).await?, "at last");
        assert_eq!(made.get(), 1);
        Ok(())
    });
}

#[test]
fn a_server_that_refuses_everything_is_believed_in_the_end() {
    run(async {
        let (pool, _) = scripted(vec![|mut server| {
            Box::pin(async move {
                for _ in 0..4 {
                    let stream = server.request().await?;
                    server.send(reset(stream, REFUSED_STREAM));
                }
                server.linger().await
            })
        }]);
        let error = pool.send(get(&destination(), "/")).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Refused { code: Http2ErrorCode::REFUSED_STREAM }), "{error:?}");
        Ok(())
    });
}

#[test]
fn after_goaway_the_requests_it_leaves_out_go_to_another_connection() {
    run(async {
        let (pool, made) = scripted(vec![
            |mut server| {
                Box::pin(async move {
                    let first = server.request().await?;
                    let second = server.request().await?;
                    // The first is answered, although the connection is ending.
                    server.send([goaway(first, NO_ERROR), ok(first, b"first")].concat());
                    assert!(second > first);
                    server.linger().await
                })
            },
            |mut server| {
                Box::pin(async move {
                    for _ in 0..2 {
                        let stream = server.request().await?;
                        server.send(ok(stream, b"second"));
                    }
                    server.linger().await
                })
            },
        ]);
        let destination = destination();
        let bodies = multi([body_of(&pool, get(&destination, "/")), body_of(&pool, get(&destination, "/"))]).await?;
        assert_eq!(bodies, ["first", "second"]);
        assert_eq!(body_of(&pool, get(&destination, "/")).await?, "second");
        assert_eq!(made.get(), 2);
        Ok(())
    });
}

#[test]
fn a_connection_that_ends_while_it_is_idle_is_not_used_again() {
    run(async {
        let (pool, made) = scripted(vec![
            |mut server| {
                Box::pin(async move {
                    let stream = server.request().await?;
                    server.send(ok(stream, b"one"));
                    server.0.ping().await?;
                    Ok(())
                })
            },
            |mut server| {
                Box::pin(async move {
                    let stream = server.request().await?;
                    server.send(ok(stream, b"two"));
                    server.linger().await
                })
            },
        ]);
        let destination = destination();
        assert_eq!(body_of(&pool, get(&destination, "/")).await?, "one");
        for _ in 0..50 {
            yield_now().await;
        }
        assert_eq!(body_of(&pool, get(&destination, "/")).await?, "two");
        assert_eq!(made.get(), 2);
        Ok(())
    });
}

#[test]
fn hostile_servers_end_in_typed_errors() {
    type Case = (&'static str, fn(u32) -> Vec<u8>, fn(&HttpClientError) -> bool);

    fn is_malformed(error: &HttpClientError) -> bool {
        matches!(error, HttpClientError::Reset { by_server: false, .. } | HttpClientError::Protocol(_))
    }

    #[rustfmt::skip]
    const CASES: &[Case] = &[
        ("closes without a word",   |_| goaway(0x7FFF_FFFF, frames::PROTOCOL_ERROR), |error| matches!(error, HttpClientError::Reset { .. } | HttpClientError::Closed { .. } | HttpClientError::Refused { .. })),
        ("no status",               |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, field("x", "y")), is_malformed),
        ("a status of two digits",  |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, field(":status", "20")), is_malformed),
        ("a connection's field",    |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, [&[0x88][..], &field("connection", "close")].concat()), is_malformed),
        ("a name in capitals",      |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, [&[0x88][..], &field("X-Y", "z")].concat()), is_malformed),
        ("no block",                |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, [0xFF; 3]), is_malformed),
        ("too many fields",         |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, [&[0x88][..], &field("x", "y").repeat(300)].concat()), is_malformed),
        ("a body before the head",  |stream| frame(DATA, END_STREAM, stream, b"body"), is_malformed),
        ("a pushed stream",         |stream| frame(PUSH_PROMISE, END_HEADERS, stream, [&[0, 0, 0, 2][..], &request("GET", "/")].concat()), is_malformed),
        ("a frame that is too large", |stream| frame(DATA, 0, stream, vec![0; 20_000]), is_malformed),
        ("a short body",            |stream| [frame(HEADERS, END_HEADERS, stream, [&[0x88][..], &field("content-length", "9")].concat()), frame(DATA, END_STREAM, stream, b"body")].concat(), is_malformed),
        ("a long body",             |stream| [frame(HEADERS, END_HEADERS, stream, [&[0x88][..], &field("content-length", "2")].concat()), frame(DATA, END_STREAM, stream, b"body")].concat(), is_malformed),
        ("informational for ever",  |stream| frame(HEADERS, END_HEADERS, stream, field(":status", "103")).repeat(200), is_malformed),
        ("reset",                   |stream| reset(stream, frames::CANCEL), |error| matches!(error, HttpClientError::Reset { code: Http2ErrorCode::CANCEL, by_server: true })),
        ("a window beyond 2^31-1",  |_| [window_update(0, 0x7FFF_FFFF), window_update(0, 0x7FFF_FFFF)].concat(), is_malformed),
    ];
    for &(what, bytes, is_expected) in CASES {
        run(async move {
            let (pool, _) = pool_over(PoolOptions::new(), move |stream| {
                IoLoop::current().spawn_callback(async move {
                    let mut server = RawServer::greet(stream).await?;
                    let stream = server.request().await?;
                    server.send(bytes(stream));
                    server.0.stream.flush().await?;
                    if what == "closes without a word" {
                        return Ok(());
                    }
                    server.linger().await
                });
            });
            let came = async {
                let mut request = get(&destination(), "/");
                request.request_timeout = Some(Duration::from_secs(10));
                pool.send(request).await?.read_body().await
            };
            let error = came.await.expect_err(what);
            assert!(is_expected(&error), "{what}: {error:?}");
            Ok(())
        });
    }
}

#[test]
fn a_body_is_limited() {
    run(async {
        let (pool, _) = pool_of(service, ServerOptions::new(), PoolOptions::new());
        let mut response = pool.send(get(&destination(), "/big")).await?;
        response.set_max_body_size(1000);
        let error = response.read_body().await.unwrap_err();
        assert!(matches!(error, HttpClientError::BodyTooLarge { limit: 1000 }), "{error:?}");
        Ok(())
    });
}

#[test]
fn a_server_that_speaks_http_1_1_alone_is_an_error_that_ends() {
    run(async {
        let (pool, _) = pool_of(service, ServerOptions::new().http2(false), PoolOptions::new());
        let error = pool.send(get(&destination(), "/")).await.unwrap_err();
        assert_eq!(error.code(), 599);
        Ok(())
    });
}

#[test]
fn a_server_that_says_nothing_any_more_is_noticed() {
    run(async {
        let options = Http2Options::new().keep_alive(Duration::from_millis(20), Duration::from_millis(20));
        let (pool, _) = pool_over(PoolOptions::new().http2_options(options), |stream| {
            IoLoop::current().spawn_callback(async move {
                let mut server = RawServer::greet(stream).await?;
                server.request().await?;
                assert!(server.0.next_where(|frame| frame.kind == PING).await?.flags & ACK == 0);
                firewhirl_event::coroutine::sleep(Duration::from_secs(10)).await;
                Ok(())
            });
        });
        let error = pool.send(get(&destination(), "/")).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Closed { .. }), "{error:?}");
        Ok(())
    });
}

#[test]
fn a_connection_is_closed_once_it_has_been_idle_for_long() {
    run(async {
        let closed = firewhirl_event::locks::Event::new();
        let seen = closed.clone();
        let options = PoolOptions::new().idle_timeout(Duration::from_millis(10));
        let (pool, _) = pool_over(options, move |stream| {
            let seen = seen.clone();
            IoLoop::current().spawn_callback(async move {
                let mut server = RawServer::greet(stream).await?;
                let stream = server.request().await?;
                server.send(ok(stream, b"one"));
                let frames = server.0.until_closed().await?;
                assert!(frames.iter().any(|frame| frame.kind == GOAWAY && frame.code() == NO_ERROR), "{frames:?}");
                seen.set();
                Ok(())
            });
        });
        assert_eq!(body_of(&pool, get(&destination(), "/")).await?, "one");
        closed.wait().await;
        Ok(())
    });
}

#[test]
fn requests_that_come_together_wait_for_one_connection_and_make_their_own_if_it_is_none_of_http_2() {
    run(async {
        for (http2, expected) in [(true, 1), (false, 8)] {
            let server = Rc::new(crate::secure::server(http2)?);
            let asked = multi((0..8).map(|_| body_of(&server.pool, get(&server.destination, "/slow")))).await?;
            assert!(asked.iter().all(|body| body == "slow"));
            assert_eq!(server.connections(), expected, "{http2}");
        }
        Ok(())
    });
}
