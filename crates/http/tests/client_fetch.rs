//! What a fetch does beyond one request and one response: redirects and what they leave behind, challenges,
//! cookies, proxies, streams, and what is sent without being told.

mod client_support;

use std::time::Duration;

use client_support::Canned;
use firewhirl_event::coroutine::sleep;
use firewhirl_event::{Error, IoLoop, Result};
use firewhirl_http::client::{
    AsyncHttpClient, AuthMode, ClientOptions, CookieJar, HttpClient, HttpClientError, RedirectError, RequestError,
    TimeoutPhase,
};
use firewhirl_http::httputil::url_concat;
use firewhirl_http::{HttpRequest, HttpServer};
use firewhirl_testing::{AsyncTest, HttpTest, TestServer, run_test};
use firewhirl_web::{Application, Context};
use serde::{Deserialize, Serialize};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 5\r\n\r\nmoved")
}

/// Fetches from servers that send these answers, one after the other.
fn answers<const COUNT: usize>(answers: [&str; COUNT], test: impl AsyncFnOnce(&Canned, AsyncHttpClient) -> Result) {
    let server = Canned::of(answers.map(str::as_bytes));
    AsyncTest::new().paused_clock().run(async { test(&server, server.client()).await });
}

// --- what is sent ---

#[test]
fn a_request_is_sent_with_what_every_request_needs() {
    answers([OK], async |server, client| {
        client.fetch(HttpRequest::new("http://example.com/caf\u{e9}?q=a b#top").header("X-Id", 1)).await?;
        let codings = firewhirl_http::content_coding::ContentCoding::accepted_by_this_build();
        let expected = format!(
            "GET /caf%C3%A9?q=a%20b HTTP/1.1\r\nHost: example.com\r\nX-Id: 1\r\nUser-Agent: Firewhirl/{}\r\n\
             Accept-Encoding: {codings}\r\n\r\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(server.heads(), [expected]);
        Ok(())
    });
}

#[test]
fn fields_are_added_only_where_they_belong() {
    type Case = (HttpRequest, &'static str, Option<&'static str>);
    let get = || HttpRequest::new("http://a/");
    let post = || HttpRequest::new("http://a/").method("POST");
    #[rustfmt::skip]
    let cases: Vec<Case> = vec![
        (get(),                                            "Content-Length",  None),
        (get(),                                            "Content-Type",    None),
        (post().body(""),                                  "Content-Length",  Some("0")),
        (post().body("a=1"),                               "Content-Type",    Some("application/x-www-form-urlencoded")),
        (post().body("a").header("Content-Type", "x/y"),   "Content-Type",    Some("x/y")),
        (post().body("abc").header("Content-Length", 1),   "Content-Length",  Some("3")),
        (post().json(&[1]),                                "Content-Type",    Some("application/json")),
        (post().json(&[1]).body("x").method("PUT"),        "Content-Length",  Some("1")),
        (post().allow_nonstandard_methods(true),           "Content-Length",  Some("0")),
        (get().header("Host", "other"),                    "Host",            Some("other")),
        (get().user_agent("me").header("User-Agent", "x"), "User-Agent",      Some("me")),
        (get().header("User-Agent", "x"),                  "User-Agent",      Some("x")),
        (get().decompress_response(false),                 "Accept-Encoding", None),
        (get().header("Range", "bytes=0-9"),               "Accept-Encoding", None),
        (get().header("Accept-Encoding", "identity"),      "Accept-Encoding", Some("identity")),
        (post().body("x").expect_100_continue(true),       "Expect",          Some("100-continue")),
        (get().if_modified_since(std::time::UNIX_EPOCH),   "If-Modified-Since", Some("Thu, 01 Jan 1970 00:00:00 GMT")),
        (HttpRequest::new("http://me:s%20t@a/"),           "Authorization",   Some("Basic bWU6cyB0")),
        (get().auth_username("me"),                        "Authorization",   Some("Basic bWU6")),
        (HttpRequest::new("http://u:p@a/").auth_username("me"), "Authorization", Some("Basic dTpw")),
    ];
    for (request, name, expected) in cases {
        answers([OK], async |server, client| {
            client.fetch(&request).await?;
            assert_eq!(server.field(name).as_deref(), expected, "{name} of {request:?}");
            Ok(())
        });
    }
}

#[test]
fn the_clients_defaults_fill_in_what_a_request_leaves_open() {
    let defaults = HttpRequest::default().user_agent("stories").header("Accept", "text/html").header("X-Id", "default");
    let server = Canned::of([OK]);
    AsyncTest::new().paused_clock().run(async {
        let client = server.client_with(ClientOptions::new().defaults(defaults));
        client.fetch(HttpRequest::new("http://a/").header("X-Id", "own")).await?;
        let fields = ["User-Agent", "Accept", "X-Id"].map(|name| server.field(name));
        assert_eq!(fields, ["stories", "text/html", "own"].map(|value| Some(value.to_owned())));
        Ok(())
    });
}

#[test]
fn json_and_forms_are_read_as_they_were_written() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Story {
        title: String,
        pages: u32,
    }
    async fn app() -> Result<Application> {
        Ok(Application::new()
            .post("/json", async |cx| cx.write_json(&cx.json::<Story>().await?))
            .post("/form", async |cx| cx.write_json(&cx.form::<Story>().await?)))
    }
    HttpTest::new(app).in_memory().run(async |server| {
        let (client, story) = (server.http_client(), Story { title: "Once & upon".to_owned(), pages: 7 });
        let json = client.fetch(HttpRequest::new("http://a/json").method("POST").json(&story)).await?;
        assert_eq!(json.json::<Story>()?, story);
        let form = client.fetch(HttpRequest::new("http://a/form").method("POST").form(&story)).await?;
        assert_eq!(form.json::<Story>()?, story);
        Ok(())
    });
}

// --- redirects ---

#[test]
fn what_is_meant_for_one_origin_is_not_sent_to_another() {
    let request = || {
        HttpRequest::new("http://me:secret@a/b#top")
            .header("Cookie", "c=1")
            .header("Proxy-Authorization", "x")
            .header("X-Id", 1)
    };
    #[rustfmt::skip]
    const CASES: &[(&str, bool)] = &[
        ("/c",               true),
        ("http://a:80/c",    true),
        ("http://A/c",       true),
        ("http://a:81/c",    false),
        ("http://b/c",       false),
        ("//b/c",            false),
        ("http://u:p@b/c",   false),
    ];
    for &(location, same_origin) in CASES {
        answers([&redirect(302, location), OK], async |server, client| {
            let response = client.fetch(request()).await?;
            for name in ["Authorization", "Cookie", "Proxy-Authorization"] {
                assert_eq!(server.field(name).is_some(), same_origin, "{name} to {location}");
            }
            assert_eq!(server.field("X-Id").as_deref(), Some("1"));
            assert!(response.effective_url().ends_with("/c#top"), "{}", response.effective_url());
            assert!(!response.effective_url().contains('@'));
            Ok(())
        });
    }
    // Nor does it come back.
    answers([&redirect(302, "http://b/"), &redirect(302, "http://a/"), OK], async |server, client| {
        client.fetch(request().max_redirects(2)).await?;
        assert_eq!(server.field("Host").as_deref(), Some("a"));
        assert_eq!((server.field("Authorization"), server.field("Cookie")), (None, None));
        Ok(())
    });
}

#[test]
fn a_body_that_was_written_is_not_lost_in_silence() {
    let put = || HttpRequest::new("http://a/b").method("PUT");
    answers([&redirect(307, "/c"), OK], async |_, client| {
        let fetch = client.fetch(put()).body_producer(async |body| Ok(body.write("abc").await?));
        let error = fetch.await.unwrap_err();
        let HttpClientError::Redirect(RedirectError::BodyGone { location }) = &error else { panic!("{error:?}") };
        assert_eq!(location, "http://a/c");
        Ok(())
    });
    async fn app() -> Result<Application> {
        Ok(Application::new()
            .put("/old", async |cx| cx.redirect_with_status("/new", 308))
            .put("/new", async |cx| cx.write(cx.request.body().clone())))
    }
    HttpTest::new(app).in_memory().run(async |server| {
        let client = server.http_client();
        let request = || HttpRequest::new("http://a/old").method("PUT");
        let again = client.fetch(request()).repeatable_body_producer(async |body| Ok(body.write("abc").await?));
        assert_eq!(again.await?.text(), "abc");
        assert_eq!(client.fetch(request().body("whole")).await?.text(), "whole");
        Ok(())
    });
}

#[test]
fn the_connection_of_a_redirect_is_used_again() {
    async fn app() -> Result<Application> {
        Ok(Application::new().get("/{number}", async |cx: &Context| {
            let peer = format!("{:?}", cx.request.peer());
            match cx.path::<u32>("number")? {
                0 => cx.write(format!("{} {peer}", cx.argument("first")?)),
                5 => cx.redirect(url_concat("/4", [("first", &peer)])),
                number => cx.redirect(url_concat(&format!("/{}", number - 1), [("first", &cx.argument("first")?)])),
            }
        }))
    }
    run_test(async {
        let server = TestServer::start(app)?;
        let response = AsyncHttpClient::new().fetch(server.url("/5")).await?;
        let text = response.text();
        let (first, last) = text.split_at(text.len() / 2);
        assert_eq!(first.trim_end(), last.trim_start());
        Ok(())
    });
}

#[test]
fn the_request_timeout_covers_all_redirects() {
    async fn app() -> Result<Application> {
        Ok(Application::new().get("/", async |cx| {
            sleep(Duration::from_secs(3)).await;
            cx.redirect("/")
        }))
    }
    HttpTest::new(app).in_memory().run(async |server| {
        let began = tokio::time::Instant::now();
        let request = HttpRequest::new("http://a/").request_timeout(Duration::from_secs(10));
        let error = server.http_client().fetch(request).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Timeout { phase: TimeoutPhase::Request }), "{error:?}");
        assert!(began.elapsed() < Duration::from_secs(12));
        Ok(())
    });
}

// --- who asks ---

const CHALLENGE: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\
                         WWW-Authenticate: Digest realm=\"x\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256\r\n\r\n";
const STALE: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\
                     WWW-Authenticate: Digest realm=\"x\", nonce=\"n2\", qop=\"auth\", algorithm=SHA-256, stale=true\r\n\r\n";

fn digest() -> HttpRequest {
    HttpRequest::new("http://a/b?c").auth_username("me").auth_password("secret").auth_mode(AuthMode::Digest)
}

#[test]
fn a_digest_challenge_is_answered_and_remembered() {
    answers([CHALLENGE, OK], async |server, client| {
        client.fetch(digest()).await?;
        assert!(!server.heads()[0].contains("Authorization"));
        let answer = server.field("Authorization").unwrap();
        assert!(answer.starts_with("Digest username=\"me\", realm=\"x\", nonce=\"n1\", uri=\"/b?c\""), "{answer}");
        assert!(answer.contains("nc=00000001"), "{answer}");
        client.fetch(digest()).await?;
        assert_eq!(server.heads().len(), 3, "the challenge is known by then");
        assert!(server.field("Authorization").unwrap().contains("nc=00000002"));
        Ok(())
    });
}

#[test]
fn a_wrong_password_is_tried_once_and_an_old_nonce_once_more() {
    answers([CHALLENGE, CHALLENGE, OK], async |server, client| {
        let error = client.fetch(digest()).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), server.heads().len()), ("HTTP 401: Unauthorized", 2));
        Ok(())
    });
    answers([CHALLENGE, STALE, OK], async |server, client| {
        client.fetch(digest()).await?;
        assert!(server.field("Authorization").unwrap().contains("nonce=\"n2\""));
        Ok(())
    });
    // A server that asks for something else gets nothing.
    let basic = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n";
    answers([basic, OK], async |server, client| {
        assert_eq!(client.fetch(digest()).await.unwrap_err().code(), 401);
        assert_eq!(server.heads().len(), 1);
        Ok(())
    });
    // A body that is gone cannot be sent again.
    answers([CHALLENGE, OK], async |server, client| {
        let fetch = client.fetch(digest().method("PUT")).body_producer(async |body| Ok(body.write("x").await?));
        assert_eq!(fetch.await.unwrap_err().code(), 401);
        assert_eq!(server.heads().len(), 1);
        Ok(())
    });
}

#[test]
fn a_proxy_is_asked_with_the_whole_url_and_its_own_credentials() {
    let proxied = || HttpRequest::new("http://a/b").proxy_host("proxy").proxy_port(3128).proxy_username("me");
    answers([OK], async |server, client| {
        client.fetch(proxied().proxy_password("secret")).await?;
        assert!(server.heads()[0].starts_with("GET http://a/b HTTP/1.1\r\nHost: a\r\n"), "{:?}", server.heads());
        assert_eq!(server.field("Proxy-Authorization").as_deref(), Some("Basic bWU6c2VjcmV0"));
        client.fetch(HttpRequest::new("http://a/b").proxy_host("")).await?;
        assert!(server.heads()[1].starts_with("GET /b HTTP/1.1\r\n"));
        Ok(())
    });
    let challenge = CHALLENGE.replace("401 Unauthorized", "407 Asked").replace("WWW-", "Proxy-");
    answers([&challenge, OK], async |server, client| {
        client.fetch(proxied().proxy_auth_mode(AuthMode::Digest)).await?;
        let answer = server.field("Proxy-Authorization").unwrap();
        assert!(answer.contains("uri=\"http://a/b\""), "{answer}");
        assert_eq!(server.field("Authorization"), None);
        Ok(())
    });
}

#[cfg(feature = "tls")]
#[test]
fn a_proxys_digest_challenge_is_answered_before_its_tunnel() {
    let challenge = CHALLENGE.replace("401 Unauthorized", "407 Asked").replace("WWW-", "Proxy-");
    let refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    answers([&challenge, refused], async |server, client| {
        let request = HttpRequest::new("https://a/b").proxy_host("proxy").proxy_port(3128).proxy_username("me");
        let error = client.fetch(request.proxy_auth_mode(AuthMode::Digest)).await.unwrap_err();
        assert_eq!((error.code(), server.heads().len()), (403, 2), "{error}");
        assert!(server.heads()[1].starts_with("CONNECT a:443 HTTP/1.1\r\n"));
        assert!(server.field("Proxy-Authorization").unwrap().contains("uri=\"a:443\""));
        Ok(())
    });
}

#[test]
fn cookies_are_kept_by_those_who_want_them() {
    let set =
        "HTTP/1.1 302 Found\r\nLocation: /\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n";
    let server = Canned::of([set, OK]);
    AsyncTest::new().paused_clock().run(async {
        let jar = CookieJar::new();
        let client = server.client_with(ClientOptions::new().cookie_jar(jar.clone()));
        client.fetch("http://a.example/story/1").await?;
        assert_eq!(server.field("Cookie").as_deref(), Some("a=1"), "b is for /story");
        client.fetch("http://a.example/story/2").await?;
        assert_eq!(server.field("Cookie").as_deref(), Some("b=2; a=1"));
        client.fetch("http://b.example/").await?;
        assert_eq!(server.field("Cookie"), None);
        client.fetch(HttpRequest::new("http://a.example/").header("Cookie", "own=1")).await?;
        assert_eq!(server.field("Cookie").as_deref(), Some("own=1"));
        assert_eq!(jar.cookies().len(), 2);
        Ok(())
    });
    answers([set, OK], async |server, client| {
        client.fetch("http://a.example/").await?;
        assert_eq!(server.field("Cookie"), None, "there is no jar unless one asks for it");
        Ok(())
    });
}

// --- streams ---

#[test]
fn a_stream_gives_the_head_first_and_the_body_as_it_is_taken() {
    async fn app() -> Result<Application> {
        Ok(Application::new()
            .get("/", async |cx| {
                for part in ["once ", "upon ", "a time"] {
                    cx.write(part)?;
                    cx.flush().await?;
                }
                Ok(())
            })
            .get("/missing", async |cx| {
                cx.set_status(404);
                cx.write("no such story")
            }))
    }
    HttpTest::new(app).in_memory().run(async |server| {
        let client = server.http_client();
        let mut response = client.fetch("http://a/").stream().await?;
        assert_eq!((response.code(), response.effective_url()), (200, "http://a/"));
        let mut body = Vec::new();
        while let Some(chunk) = response.next_chunk().await? {
            body.extend_from_slice(&chunk);
        }
        assert_eq!(body, b"once upon a time");

        let error = client.fetch("http://a/missing").stream().await.unwrap_err();
        assert_eq!(error.response().unwrap().text(), "no such story");
        let missing = client.fetch("http://a/missing").raise_error(false).stream().await?;
        assert_eq!(missing.code(), 404);
        assert_eq!(missing.read().await?.text(), "no such story");
        Ok(())
    });
}

#[test]
fn a_switched_connection_is_handed_over() {
    let switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello\n";
    let request = || HttpRequest::new("http://a/").header("Connection", "Upgrade").header("Upgrade", "echo");
    answers([switched], async |_, client| {
        let response = client.fetch(request()).stream().await?;
        assert_eq!((response.code(), response.header("Upgrade")), (101, Some("echo")));
        assert_eq!(response.upgrade()?.read_until(b"\n").await?, "hello\n");
        Ok(())
    });
    answers([OK], async |_, client| {
        let response = client.fetch(request()).stream().await?;
        assert!(matches!(response.upgrade(), Err(HttpClientError::NotUpgraded { status }) if status == 200));
        Ok(())
    });
}

#[test]
fn an_error_of_the_body_producer_is_the_fetchs() {
    async fn app() -> Result<Application> {
        Ok(Application::new().post("/", async |cx| cx.write(cx.request.body().clone())))
    }
    HttpTest::new(app).in_memory().run(async |server| {
        let fetch = server.http_client().fetch(HttpRequest::new("http://a/").method("POST"));
        let error = fetch.body_producer(async |_| Err(Error::message("on purpose"))).await.unwrap_err();
        assert!(matches!(&error, HttpClientError::Body(cause) if cause.to_string() == "on purpose"), "{error:?}");
        Ok(())
    });
}

// --- statuses and times ---

#[test]
fn a_status_other_than_success_is_an_error_that_has_the_response() {
    #[rustfmt::skip]
    const CASES: &[(&str, &str)] = &[
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",       "HTTP 404: Not Found"),
        ("HTTP/1.1 404 \r\nContent-Length: 2\r\n\r\nno",                "HTTP 404: Not Found"),
        ("HTTP/1.1 599 Own Reason\r\nContent-Length: 2\r\n\r\nno",      "HTTP 599: Own Reason"),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 42\r\n\r\n",     "HTTP 304: Not Modified"),
        ("HTTP/1.1 301 Moved Permanently\r\nContent-Length: 2\r\n\r\nno", "HTTP 301: Moved Permanently"),
    ];
    for &(answer, expected) in CASES {
        answers([answer], async |_, client| {
            let error = client.fetch("http://a/").await.unwrap_err();
            assert_eq!(error.to_string(), expected);
            let response = client.fetch("http://a/").raise_error(false).await?;
            assert_eq!(response.error().unwrap().to_string(), expected);
            assert_eq!(error.response().unwrap().body(), response.body());
            assert_eq!(error.code(), response.code());
            assert!(response.rethrow().is_err());
            Ok(())
        });
    }
}

#[test]
fn a_response_tells_where_the_time_went() {
    async fn app() -> Result<Application> {
        Ok(Application::new().get("/", async |cx: &Context| {
            sleep(Duration::from_secs(1)).await;
            match cx.argument_or("again", "")?.is_empty() {
                true => cx.write("done"),
                false => cx.redirect("/"),
            }
        }))
    }
    HttpTest::new(app).in_memory().run(async |server| {
        let response = server.http_client().fetch("http://a/?again=1").await?;
        let (time, second) = (*response.time_info(), Duration::from_secs(1));
        assert!(time.redirect >= second && time.redirect < 2 * second, "{time:?}");
        assert!(response.request_time() >= second && response.request_time() < 2 * second, "{time:?}");
        assert!(time.queue < second && time.starttransfer >= second, "{time:?}");
        assert!(response.start_time().elapsed().unwrap() < Duration::from_secs(20));
        Ok(())
    });
}

// --- the blocking client ---

#[test]
fn the_blocking_client_waits_and_refuses_to_inside_a_loop() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let hello = async || Ok(Application::new().get("/", async |cx| cx.write("Hello world!")));
        let server = HttpServer::new(hello).listen(0).unwrap();
        sender.send((server.port().unwrap(), IoLoop::current().remote())).unwrap();
        IoLoop::current().start().unwrap();
    });
    let (port, remote) = receiver.recv().unwrap();
    let client = HttpClient::new().unwrap();
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(client.fetch(&url).unwrap().text(), "Hello world!");
    let error = client.fetch(format!("{url}notfound")).unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), (404, "HTTP 404: Not Found"));
    let mut lines = 0;
    let response =
        client.fetch_with(format!("{url}notfound"), |fetch| fetch.raise_error(false).header_callback(|_| lines += 1));
    assert_eq!(response.unwrap().code(), 404);
    assert!(lines > 2);
    IoLoop::new()
        .unwrap()
        .run_sync(async {
            let refused = client.fetch(&url).unwrap_err();
            assert!(matches!(refused, HttpClientError::Request(RequestError::LoopIsRunning)), "{refused:?}");
            Ok(())
        })
        .unwrap();
    remote.stop();
    server.join().unwrap();
}
