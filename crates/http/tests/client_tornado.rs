//! What Tornado's `simple_httpclient_test` asks of its client, asked of ours: a test a behaviour, with the name of
//! Tornado's in its first line. What is different, and why, stands beside it.
//!
//! Tornado's `httpclient_test`, which is for any client, runs as it is against `tests/peers/client-lines`.

mod client_support;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use client_support::Canned;
use firewhirl_event::coroutine::{callback, multi, sleep};
use firewhirl_event::{Error, IoLoop, Result};
use firewhirl_http::client::{
    AsyncHttpClient, ClientOptions, Fetch, HttpClientError, HttpResponse, RequestError, TimeoutPhase,
};
use firewhirl_http::content_coding::ContentCodingError;
use firewhirl_http::{HttpRequest, ProtocolErrorKind};
use firewhirl_tcp::{Family, OverrideResolver, Resolver, Resolving, SystemResolver};
use firewhirl_testing::{AsyncTest, HttpTest, TestServer, bind_unused_port, http_test, run_test};
use firewhirl_web::{Application, Context, regex};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Tornado's `mixin_get_app`, but for `/trigger`.
async fn app() -> Result<Application> {
    Ok(Application::new()
        .get("/hello", async |cx| cx.write(format!("Hello {}!", cx.argument_or("name", "world")?)))
        .get(regex("/countdown/([0-9]+)"), countdown)
        .get("/host_echo", async |cx| cx.write(cx.request.header("Host").unwrap_or_default().to_owned()))
        .get("/user_agent", async |cx| cx.write(cx.request.header("User-Agent").unwrap_or_default().to_owned()))
        .get("/redirect", async |cx| cx.redirect_with_status(cx.argument("url")?, 302))
        .post("/see_other_post", async |cx| {
            let status: u16 = std::str::from_utf8(cx.request.body())?.parse()?;
            cx.redirect_with_status("/see_other_get", status)
        })
        .get("/see_other_get", async |cx| match cx.request.body().is_empty() {
            true => cx.write("ok"),
            false => Err(Error::message("unexpected body")),
        })
        .post("/echo_post", async |cx| cx.write(cx.request.body().clone()))
        .get("/no_content", async |cx| {
            cx.set_status(204);
            Ok(())
        })
        .get("/chunk", async |cx| {
            cx.write("asdf")?;
            cx.flush().await?;
            cx.write("qwer")
        })
        .get("/never", async |_| std::future::pending().await))
}

async fn countdown(cx: &Context) -> Result {
    match cx.path_args().next().flatten().unwrap_or_default().parse()? {
        0 => cx.write("Zero"),
        count => cx.redirect(format!("/countdown/{}", count - 1)),
    }
}

/// Fetches from [`app`], in memory.
fn fetch_test(test: impl AsyncFnOnce(AsyncHttpClient) -> Result) {
    HttpTest::new(app).in_memory().run(async |client| test(client.http_client()).await);
}

/// Fetches what a server sends, whatever it is asked.
fn canned_test(answer: impl AsRef<[u8]>, test: impl AsyncFnOnce(AsyncHttpClient) -> Result) {
    let server = Canned::of([answer.as_ref()]);
    AsyncTest::new().paused_clock().run(async { test(server.client()).await });
}

const URL: &str = "http://127.0.0.1/";

fn url(path: &str) -> String {
    format!("http://127.0.0.1{path}")
}

fn post(path: &str) -> HttpRequest {
    HttpRequest::new(url(path)).method("POST")
}

/// `test_singleton`
#[test]
fn a_loop_has_one_shared_client_and_any_number_of_others() {
    let make = async || Ok(AsyncHttpClient::new());
    run_test(async {
        assert_eq!(AsyncHttpClient::new(), AsyncHttpClient::new());
        assert_ne!(AsyncHttpClient::new(), AsyncHttpClient::with(ClientOptions::new()));
        Ok(())
    });
    let (one, other) = (IoLoop::new().unwrap(), IoLoop::new().unwrap());
    let client = one.run_sync(make()).unwrap();
    assert_eq!(one.run_sync(make()).unwrap(), client);
    assert_ne!(other.run_sync(make()).unwrap(), client);
}

/// `test_connection_limit`
#[test]
fn what_is_over_max_clients_waits_in_its_order() {
    type Trigger = Box<dyn FnOnce()>;
    let waiting: Rc<RefCell<VecDeque<Trigger>>> = Rc::default();
    let triggers = Rc::clone(&waiting);
    let trigger_app = async move || {
        let triggers = Rc::clone(&triggers);
        Ok(Application::new().get("/trigger", async move |cx: &Context| {
            let hold: () = callback(|done| triggers.borrow_mut().push_back(Box::new(done.none()))).await?;
            cx.write(format!("{hold:?}"))
        }))
    };
    HttpTest::new(trigger_app).in_memory().run(async |client| {
        let client = client.http_client_with(ClientOptions::new().max_clients(2));
        let seen: Rc<RefCell<Vec<usize>>> = Rc::default();
        let requests: Vec<_> = (0..4)
            .map(|number| {
                let (client, seen) = (client.clone(), Rc::clone(&seen));
                async move {
                    client.fetch(url("/trigger")).await?;
                    seen.borrow_mut().push(number);
                    Result::Ok(())
                }
            })
            .collect();
        let all = IoLoop::current().spawn_callback(async move { multi(requests).await.map(drop) });
        let until = async |count: usize| {
            while waiting.borrow().len() < count {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let finish_two = || (0..2).for_each(|_| waiting.borrow_mut().pop_front().unwrap()());
        until(2).await;
        sleep(Duration::from_secs(1)).await;
        assert_eq!(waiting.borrow().len(), 2, "no third is let through");
        finish_two();
        until(2).await;
        let mut first = seen.borrow().clone();
        first.sort_unstable();
        assert_eq!(first, [0, 1]);
        finish_two();
        all.await?;
        assert_eq!(seen.borrow().len(), 4);
        Ok(())
    });
}

/// `test_redirect_connection_limit`
#[test]
fn redirects_take_no_further_place() {
    HttpTest::new(app).in_memory().run(async |client| {
        let client = client.http_client_with(ClientOptions::new().max_clients(1));
        let response = client.fetch(HttpRequest::new(url("/countdown/3")).max_redirects(3)).await?;
        assert_eq!(response.text(), "Zero");
        Ok(())
    });
}

/// `test_max_redirects`
#[test]
fn the_redirect_after_the_last_is_the_response() {
    fetch_test(async |client| {
        let request = HttpRequest::new(url("/countdown/5")).max_redirects(3);
        let response = client.fetch(request).raise_error(false).await?;
        assert_eq!(response.code(), 302);
        assert!(response.request().url().ends_with("/countdown/5"));
        assert!(response.effective_url().ends_with("/countdown/2"));
        assert!(response.header("Location").unwrap().ends_with("/countdown/1"));
        Ok(())
    });
}

/// `test_redirect_unsupported_scheme`
#[test]
fn a_redirect_to_another_protocol_fails_the_fetch() {
    fetch_test(async |client| {
        for location in ["ftp%3A%2F%2Fexample.com%2F", "h%3A5"] {
            let error = client.fetch(url(&format!("/redirect?url={location}"))).await.unwrap_err();
            assert!(error.to_string().contains("Unsupported url scheme"), "{error}");
            assert!(matches!(error, HttpClientError::Redirect(_)));
        }
        Ok(())
    });
}

/// `test_header_reuse`
#[test]
fn the_callers_request_is_not_changed() {
    fetch_test(async |client| {
        let request = HttpRequest::new(url("/hello")).header("User-Agent", "Foo");
        let response = client.fetch(&request).await?;
        assert_eq!(request.header_fields().as_bytes(), b"User-Agent: Foo\r\n");
        assert_eq!(response.request().header_fields().as_bytes(), b"User-Agent: Foo\r\n");
        Ok(())
    });
}

/// `test_default_user_agent`
#[test]
fn the_client_says_who_it_is() {
    fetch_test(async |client| {
        let response = client.fetch(url("/user_agent")).await?;
        assert_eq!(response.text(), concat!("Firewhirl/", env!("CARGO_PKG_VERSION")));
        Ok(())
    });
}

/// `test_see_other_redirect`
#[test]
fn a_post_that_is_redirected_becomes_a_get() {
    fetch_test(async |client| {
        for status in ["302", "303"] {
            let response = client.fetch(post("/see_other_post").body(status)).await?;
            assert_eq!((response.code(), &*response.text()), (200, "ok"));
            assert!(response.request().url().ends_with("/see_other_post"));
            assert!(response.effective_url().ends_with("/see_other_get"));
            assert_eq!(response.request().http_method(), "POST");
        }
        Ok(())
    });
}

/// A resolver that has no answer, ever.
struct NeverResolves;

impl Resolver for NeverResolves {
    fn resolve<'a>(&'a self, _: &'a str, _: u16, _: Family) -> Resolving<'a> {
        Box::pin(std::future::pending())
    }
}

/// `test_connect_timeout`, `test_resolve_timeout`; Tornado's message says "resolving", ours the phase.
#[test]
fn a_look_up_that_takes_too_long_is_a_timeout() {
    AsyncTest::new().paused_clock().run(async {
        let client = AsyncHttpClient::with(ClientOptions::new().resolver(NeverResolves));
        let limited: [fn(HttpRequest) -> HttpRequest; 2] = [
            |request| request.connect_timeout(Duration::from_millis(100)).request_timeout(Duration::from_secs(3600)),
            |request| request.connect_timeout(None).request_timeout(Duration::from_millis(100)),
        ];
        for limit in limited {
            let error = client.fetch(limit(HttpRequest::new("http://example.com/"))).await.unwrap_err();
            assert!(matches!(error, HttpClientError::Timeout { phase: TimeoutPhase::Connect }), "{error:?}");
            assert_eq!((error.code(), &*error.to_string()), (599, "Timeout while connecting"));
        }
        Ok(())
    });
}

/// `test_request_timeout`
#[test]
fn a_response_that_takes_too_long_is_a_timeout() {
    HttpTest::new(app).in_memory().run(async |client| {
        let request = HttpRequest::new(url("/never")).request_timeout(Duration::from_millis(100));
        let error = client.http_client().fetch(request).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Timeout { phase: TimeoutPhase::Request }), "{error:?}");
        assert_eq!(error.to_string(), "Timeout during request");
        Ok(())
    });
}

/// `test_ipv6`
#[test]
fn ipv6_is_used_unless_it_is_not_allowed() {
    let Ok(socket) = std::net::TcpListener::bind("[::1]:0") else { return eprintln!("skipped: no IPv6 here") };
    run_test(async {
        let port = socket.local_addr()?.port();
        socket.set_nonblocking(true)?;
        let server = firewhirl_http::HttpServer::new(app).add_sockets([socket])?.handle();
        let request = HttpRequest::new(format!("http://[::1]:{port}/hello"));
        let client = AsyncHttpClient::new();
        assert!(client.fetch(request.clone().allow_ipv6(false)).await.is_err());
        assert_eq!(client.fetch(request).await?.text(), "Hello world!");
        server.stop();
        Ok(())
    });
}

/// `test_multiple_content_length_accepted`
#[test]
fn equal_lengths_are_one_and_unequal_ones_none() {
    for lengths in ["2,2", "2, 2,2"] {
        canned_test(format!("HTTP/1.0 200 OK\r\nContent-Length: {lengths}\r\n\r\nok"), async |client| {
            assert_eq!(client.fetch(URL).await?.text(), "ok");
            Ok(())
        });
    }
    for lengths in ["2,4", "2, 2,3"] {
        canned_test(format!("HTTP/1.0 200 OK\r\nContent-Length: {lengths}\r\n\r\nok"), async |client| {
            check_protocol_error(client.fetch(URL), ProtocolErrorKind::UnequalLengths).await;
            Ok(())
        });
    }
}

async fn check_protocol_error(fetch: Fetch<'_>, expected: ProtocolErrorKind) {
    match fetch.await {
        Err(HttpClientError::Protocol(error)) => assert_eq!(error.kind(), expected),
        other => panic!("{other:?}"),
    }
}

/// `test_head_request`
#[test]
fn a_head_request_has_a_length_and_no_body() {
    canned_test("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", async |client| {
        let response = client.fetch(HttpRequest::new(URL).method("HEAD")).await?;
        assert_eq!((response.code(), response.header("content-length")), (200, Some("7")));
        assert!(response.body().is_empty());
        Ok(())
    });
}

/// `test_options_request`
#[test]
fn an_options_request_may_have_a_body_in_answer() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: *\r\n\r\nok";
    canned_test(answer, async |client| {
        let response = client.fetch(HttpRequest::new(URL).method("OPTIONS")).await?;
        assert_eq!(
            (response.header("content-length"), response.header("access-control-allow-origin")),
            (Some("2"), Some("*"))
        );
        assert_eq!(response.body(), "ok");
        Ok(())
    });
}

/// `test_no_content`
#[test]
fn no_content_is_a_response_without_a_length() {
    fetch_test(async |client| {
        let response = client.fetch(url("/no_content")).await?;
        assert_eq!((response.code(), response.header("Content-Length")), (204, None));
        Ok(())
    });
}

/// `test_host_header`
#[test]
fn the_host_is_sent_without_credentials() {
    http_test(app, async |server| {
        let client = AsyncHttpClient::new();
        let expected = format!("127.0.0.1:{}", server.port().unwrap());
        let plain = server.url("/host_echo");
        for url in [plain.clone(), plain.replace("http://", "http://me:secret@")] {
            assert_eq!(client.fetch(url).await?.text(), expected);
        }
        Ok(())
    });
}

/// `test_connection_refused`
#[test]
fn a_refused_connection_says_so() {
    run_test(async {
        let (socket, port) = bind_unused_port()?;
        drop(socket);
        let error = AsyncHttpClient::new().fetch(format!("http://127.0.0.1:{port}/")).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Connect(_)), "{error:?}");
        assert!(error.to_string().contains("Connection refused"), "{error}");
        Ok(())
    });
}

/// `test_queue_timeout`
#[test]
fn the_wait_in_the_queue_counts() {
    HttpTest::new(app).in_memory().run(async |client| {
        let client = client.http_client_with(ClientOptions::new().max_clients(1));
        let first = client.fetch(HttpRequest::new(url("/never")).request_timeout(Duration::from_secs(10)));
        let first = IoLoop::current().spawn_callback(async move {
            assert!(first.await.is_err());
            Ok(())
        });
        sleep(Duration::from_millis(1)).await;
        let queued = HttpRequest::new(url("/hello")).connect_timeout(Duration::from_millis(100));
        let error = client.fetch(queued).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Timeout { phase: TimeoutPhase::Queue }), "{error:?}");
        assert_eq!(error.to_string(), "Timeout in request queue");
        first.await?;
        Ok(())
    });
}

/// `test_no_content_length`
#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    canned_test("HTTP/1.0 200 OK\r\n\r\nhello", async |client| {
        assert_eq!(client.fetch(URL).await?.text(), "hello");
        Ok(())
    });
}

/// `test_sync_body_producer_chunked`, `test_async_body_producer_chunked`, `test_native_body_producer_chunked`, and
/// the same three with a length: a producer is one thing here.
#[test]
fn a_body_may_be_written_while_it_is_sent() {
    fetch_test(async |client| {
        for request in [post("/echo_post"), post("/echo_post").header("Content-Length", 8)] {
            let fetch = client.fetch(request).body_producer(async |body| {
                body.write("1234").await?;
                sleep(Duration::from_millis(1)).await;
                body.write("5678").await?;
                Ok(())
            });
            assert_eq!(fetch.await?.text(), "12345678");
        }
        Ok(())
    });
}

/// `test_100_continue` of the mixin
#[test]
fn a_body_is_sent_once_the_server_wants_it() {
    fetch_test(async |client| {
        let request = post("/echo_post").body("1234").expect_100_continue(true);
        assert_eq!(client.fetch(request).await?.text(), "1234");
        Ok(())
    });
}

/// `test_100_continue_early_response`
#[test]
fn a_body_that_the_server_does_not_want_is_not_written() {
    canned_test("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nforbidden", async |client| {
        let fetch = client.fetch(post("/").expect_100_continue(true)).raise_error(false);
        let response = fetch.body_producer(async |_| panic!("should not be called")).await?;
        assert_eq!((response.code(), &*response.text()), (403, "forbidden"));
        Ok(())
    });
}

/// `test_streaming_follow_redirects`, `test_streaming_callback_coroutine`
#[test]
fn callbacks_are_told_of_the_last_response_alone() {
    fetch_test(async |client| {
        for (path, expected) in [("/redirect?url=%2Fhello", "Hello world!"), ("/chunk", "asdfqwer")] {
            let (mut lines, mut body) = (Vec::new(), Vec::new());
            let fetch = client.fetch(url(path)).header_callback(|line| lines.push(line.to_owned()));
            let response = fetch
                .streaming_callback(async |chunk| {
                    sleep(Duration::from_millis(1)).await;
                    body.extend_from_slice(&chunk);
                    Ok(())
                })
                .await?;
            assert_eq!((&body[..], response.body().len()), (expected.as_bytes(), 0));
            assert_eq!(lines.iter().filter(|line| line.starts_with("HTTP/")).count(), 1, "{lines:?}");
            assert_eq!(lines.first().unwrap(), "HTTP/1.1 200 OK\r\n");
            assert_eq!(lines.last().unwrap(), "\r\n");
        }
        Ok(())
    });
}

/// `test_streaming_callback_error`, `test_streaming_callback_coroutine_cancelled`; Tornado logs the exception and
/// fails with another error, here the error is the callback's. A `header_callback` has none (`test_header_callback_error`).
#[test]
fn an_error_of_the_streaming_callback_is_the_fetchs() {
    fetch_test(async |client| {
        let fetch = client.fetch(url("/hello"));
        let error = fetch.streaming_callback(async |_| Err(Error::message("on purpose"))).await.unwrap_err();
        assert!(matches!(&error, HttpClientError::Callback(cause) if cause.to_string() == "on purpose"), "{error:?}");
        assert_eq!(client.fetch(url("/hello")).await?.text(), "Hello world!");
        Ok(())
    });
}

/// `CreateAsyncHTTPClientTestCase.test_max_clients`; the only test of this file that sets what all loops have.
#[test]
fn options_come_from_configure_and_can_be_overridden() {
    let shown = |options: ClientOptions| format!("{options:?}");
    let ten = shown(ClientOptions::configured());
    assert!(ten.contains("max_clients: 10"), "{ten}");
    assert!(shown(ClientOptions::configured().max_clients(11)).contains("max_clients: 11"));
    AsyncHttpClient::configure(|| ClientOptions::new().max_clients(12));
    assert!(shown(ClientOptions::configured()).contains("max_clients: 12"));
    run_test(async {
        assert!(shown(AsyncHttpClient::new().options().clone()).contains("max_clients: 12"));
        Ok(())
    });
    assert!(shown(ClientOptions::configured().max_clients(13)).contains("max_clients: 13"));
    AsyncHttpClient::configure(ClientOptions::new);
}

/// `HTTP100ContinueTestCase.test_100_continue`, `HTTP1xxLimitTestCase`
#[test]
fn informational_responses_are_passed_over_up_to_a_limit() {
    for (count, is_answered) in [(1, true), (10, true), (11, false)] {
        let informational = "HTTP/1.1 100 CONTINUE\r\n\r\n".repeat(count);
        let answer = format!("{informational}HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA");
        canned_test(answer, async move |client| {
            match is_answered {
                true => assert_eq!(client.fetch(URL).await?.text(), "A"),
                false => check_protocol_error(client.fetch(URL), ProtocolErrorKind::TooManyInformational).await,
            }
            Ok(())
        });
    }
}

/// Two members, each larger than what is decoded at a time.
fn gzip_members() -> [Vec<u8>; 2] {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    [(0..100_000).map(|_| random()).collect(), b"hello ".repeat(20_000)]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gzip_answer(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// `GzipResponseTestCase.test_concatenated`, `test_head`
#[test]
fn all_members_of_a_gzip_body_are_decompressed() {
    let body = gzip_members().map(|member| gzip(&member)).concat();
    canned_test(gzip_answer(&body), async |client| {
        let response = client.fetch(URL).await?;
        assert!(response.body() == &gzip_members().concat());
        assert_eq!(response.header("Content-Encoding"), None);
        assert_eq!(response.header("X-Consumed-Content-Encoding"), Some("gzip"));
        assert!(response.headers().contains_key("x-consumed-content-encoding"));
        Ok(())
    });
    canned_test(gzip_answer(&body), async |client| {
        let raw = client.fetch(HttpRequest::new(URL).decompress_response(false)).await?;
        assert_eq!(raw.header("Content-Encoding"), Some("gzip"));
        assert!(raw.body().starts_with(b"\x1f\x8b"));
        Ok(())
    });
    canned_test("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n", async |client| {
        assert!(client.fetch(HttpRequest::new(URL).method("HEAD")).await?.body().is_empty());
        Ok(())
    });
}

/// `GzipResponseTestCase.test_invalid`
#[test]
fn a_gzip_body_that_is_cut_or_followed_by_something_is_an_error() {
    let body = gzip(b"hello ".repeat(1000).as_slice());
    let bodies = [[&body[..], b"\0"].concat(), [&body[..], b"garbage"].concat(), body[..body.len() - 1].to_vec()];
    for body in bodies {
        canned_test(gzip_answer(&body), async |client| {
            let error = client.fetch(URL).await.unwrap_err();
            let expected = matches!(
                error,
                HttpClientError::Coding(ContentCodingError::TrailingData { .. } | ContentCodingError::Truncated { .. })
            );
            assert!(expected, "{error:?}");
            Ok(())
        });
    }
}

/// `HTTP204NoContentTestCase`: a 204 with any length at all breaks RFC 9110, section 8.6; zero of them is harmless,
/// and Tornado takes it.
#[test]
fn no_content_has_no_length_but_zero() {
    canned_test("HTTP/1.1 204 No content\r\nContent-Length: 5\r\n\r\n", async |client| {
        check_protocol_error(client.fetch(URL), ProtocolErrorKind::BodyNotAllowed).await;
        Ok(())
    });
    canned_test("HTTP/1.1 204 No content\r\nContent-Length: 0\r\n\r\n", async |client| {
        let response = client.fetch(URL).await?;
        assert_eq!((response.code(), response.body().len()), (204, 0));
        Ok(())
    });
}

/// `HostnameMappingTestCase.test_hostname_mapping`, `test_port_mapping`
#[test]
fn hosts_and_ports_can_be_put_elsewhere() {
    run_test(async {
        let server = TestServer::start(app)?;
        let resolver = OverrideResolver::new(SystemResolver)
            .host("www.example.com", "127.0.0.1")
            .host_and_port(("foo.example.com", 8000), ("127.0.0.1", server.port()));
        let client = AsyncHttpClient::with(ClientOptions::new().resolver(resolver));
        for host in [format!("www.example.com:{}", server.port()), "foo.example.com:8000".to_owned()] {
            assert_eq!(client.fetch(format!("http://{host}/hello")).await?.text(), "Hello world!");
        }
        Ok(())
    });
}

fn canned_with(options: ClientOptions, answer: impl AsRef<[u8]>) -> AsyncHttpClient {
    Canned::of([answer.as_ref()]).client_with(options)
}

/// `MaxHeaderSizeTest.test_small_headers`, `test_large_headers`
#[test]
fn a_head_over_its_limit_is_an_error() {
    AsyncTest::new().paused_clock().run(async {
        let answer = |filler: usize| {
            format!("HTTP/1.1 200 OK\r\nX-Filler: {}\r\nContent-Length: 2\r\n\r\nok", "a".repeat(filler))
        };
        let options = || ClientOptions::new().max_header_size(1024);
        assert_eq!(canned_with(options(), answer(100)).fetch(URL).await?.text(), "ok");
        let large = canned_with(options(), answer(1000));
        check_protocol_error(large.fetch(URL), ProtocolErrorKind::HeadTooLarge).await;
        // A request may have its own limit.
        assert_eq!(large.fetch(HttpRequest::new(URL).max_header_size(2048)).await?.text(), "ok");
        Ok(())
    });
}

const MAX_BODY_SIZE: usize = 64 * 1024;

fn sized(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}", "a".repeat(length))
}

async fn check_body_too_large(fetch: Fetch<'_>) {
    match fetch.await {
        Err(HttpClientError::BodyTooLarge { limit }) => assert_eq!(limit, MAX_BODY_SIZE as u64),
        Err(HttpClientError::Coding(ContentCodingError::TooLarge { .. })) => {}
        other => panic!("{other:?}"),
    }
}

/// `HTTPClientMaxBodySizeTestCase`: `test_small_body`, `test_large_body`, `test_decompressed_body_size`,
/// `test_streaming_callback_over_limit`, `test_streaming_callback_decompressed_over_limit`, `test_reuse_after_refusal`;
/// and `MaxBodySizeUntilCloseTest`
#[test]
fn a_body_over_its_limit_is_refused_however_it_comes() {
    AsyncTest::new().paused_clock().run(async {
        let options = || ClientOptions::new().max_body_size(MAX_BODY_SIZE as u64);
        let small = canned_with(options(), sized(MAX_BODY_SIZE)).fetch(URL).await?;
        assert_eq!(small.body().len(), MAX_BODY_SIZE);

        let until_close = format!("HTTP/1.0 200 OK\r\n\r\n{}", "a".repeat(100 * 1024));
        let bomb = gzip_answer(&gzip(&vec![0; 1024 * 1024]));
        for answer in [sized(MAX_BODY_SIZE + 1).into_bytes(), until_close.into_bytes(), bomb] {
            let client = canned_with(options(), &answer);
            check_body_too_large(client.fetch(URL)).await;
            let received = Cell::new(0);
            let fetch = client.fetch(URL).streaming_callback(async |chunk| {
                received.set(received.get() + chunk.len());
                Ok(())
            });
            check_body_too_large(fetch).await;
            assert!(received.get() <= MAX_BODY_SIZE, "{}", received.get());
            // A refusal is no end of the client.
            let large = HttpRequest::new(URL).max_body_size(10 * 1024 * 1024);
            assert!(client.fetch(large).await?.body().len() > MAX_BODY_SIZE);
        }
        Ok(())
    });
}

/// `MaxBufferSizeTest`, `MaxBufferSizeUntilCloseTest`
#[test]
fn a_body_may_be_larger_than_the_buffer() {
    AsyncTest::new().paused_clock().run(async {
        let until_close = format!("HTTP/1.0 200 OK\r\n\r\n{}", "a".repeat(100 * 1024));
        for answer in [sized(100 * 1024), until_close] {
            let client = canned_with(ClientOptions::new().max_buffer_size(64 * 1024), answer);
            assert_eq!(client.fetch(URL).await?.body().len(), 100 * 1024);
        }
        Ok(())
    });
}

/// `ChunkedWithContentLengthTest`
#[test]
fn a_response_with_both_a_length_and_chunks_is_refused() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nTransfer-Encoding: chunked\r\n\r\nHello world";
    canned_test(answer, async |client| {
        check_protocol_error(client.fetch(URL), ProtocolErrorKind::BothLengths).await;
        Ok(())
    });
}

/// What every client of Tornado does with a mistake of its caller.
#[test]
fn a_mistake_in_a_request_is_told_before_anything_is_sent() {
    let cases: [(HttpRequest, &str); 7] = [
        (post("/"), "Body must not be None for method POST (unless allow_nonstandard_methods is true)"),
        (HttpRequest::new(URL).body(""), "Body must be None for method GET (unless allow_nonstandard_methods is true)"),
        (HttpRequest::new(URL).method("BREW"), "unknown method BREW"),
        (HttpRequest::new(URL).method("CONNECT").allow_nonstandard_methods(true), "unknown method CONNECT"),
        (HttpRequest::new("ftp://a/"), "Unsupported url scheme: ftp://a/"),
        (HttpRequest::new(URL).header("foo", "foo\r\nbar:"), r"Invalid header value 'foo\r\nbar:'"),
        (HttpRequest::new(URL).proxy_host("a"), "the proxy \"a\" needs a proxy_port"),
    ];
    let server = Canned::of([sized(0)]);
    let sent = server.clone();
    AsyncTest::new().paused_clock().run(async {
        let client = AsyncHttpClient::with(ClientOptions::new().dial(server));
        for (request, expected) in cases {
            let error = client.fetch(request).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(matches!(error, HttpClientError::Request(_)));
        }
        client.close();
        let error = client.fetch(URL).await.unwrap_err();
        assert_eq!(error.to_string(), "fetch() called on closed AsyncHttpClient");
        Ok(())
    });
    assert!(sent.heads().is_empty());
}

/// A response and an error go wherever an error of a program goes.
#[test]
fn errors_and_responses_can_cross_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<HttpClientError>();
    check::<HttpResponse>();
    check::<RequestError>();
}
