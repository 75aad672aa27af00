//! The classes of `simple_httpclient_test`, the server's side; where a test wants an answer that no
//! server should give, the handler takes the stream and writes it by hand.

use firewhirl::prelude::*;

use crate::httpclient::{self, Redirect};
use crate::{Case, random, secure, server};

/// What serves a class, by its name.
#[rustfmt::skip]
pub(crate) fn serve(class: &str) -> Option<Case> {
    Some(match class {
        "SimpleHTTPClientCommonTestCase"      => server(httpclient::common).into(),
        "SimpleHTTPClientTestCase"            => server(simple).into(),
        "SimpleHTTPSClientTestCase"           => secure(server(simple)).into(),
        "HTTP100ContinueTestCase"             => server(continue_by_hand).into(),
        "HTTP1xxLimitTestCase"                => server(informational).into(),
        "GzipResponseTestCase"                => server(members).into(),
        "HTTP204NoContentTestCase"            => server(no_content).into(),
        "HostnameMappingTestCase"             => server(hello).into(),
        "ResolveTimeoutTestCase"              => server(hello).into(),
        "MaxHeaderSizeTest"                   => server(headers).into(),
        "SimpleHTTPClientMaxBodySizeTestCase" => server(httpclient::max_body_size).into(),
        "MaxBodySizeUntilCloseTest"           => server(until_close).into(),
        "MaxBufferSizeUntilCloseTest"         => server(until_close).into(),
        "MaxBufferSizeTest"                   => server(large).into(),
        "ChunkedWithContentLengthTest"        => server(chunked_with_content_length).into(),
        _ => return None,
    })
}

/// Takes the stream from under HTTP and sends an answer as it is.
async fn send_raw(cx: &Context, answer: impl AsRef<[u8]>) -> Result {
    let mut stream = cx.detach()?;
    stream.write(answer);
    Ok(stream.flush().await?)
}

/// `SimpleHTTPClientTestCase`: redirects, HEAD and OPTIONS, bodies of every kind, `Expect`.
fn simple() -> Application {
    Application::new()
        // Its test lets it go on from inside the server's process.
        .get("/trigger", async |cx| {
            cx.closed().await;
            Ok(())
        })
        .get("/chunk", httpclient::chunk)
        .get(regex("/countdown/([0-9]+)").name("countdown"), httpclient::countdown)
        .get("/hello", httpclient::hello)
        .get("/content_length", async |cx| {
            let length = cx.argument("value")?;
            send_raw(cx, format!("HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\nok")).await
        })
        .route("/head", Head)
        .route("/options", Options)
        .get("/no_content", async |cx| {
            cx.set_status(204);
            Ok(())
        })
        .post("/see_other_post", async |cx| {
            let status: u16 = str::from_utf8(cx.request.body())?.parse()?;
            cx.set_header("Location", "/see_other_get")?;
            cx.set_status(status);
            Ok(())
        })
        .get("/see_other_get", async |cx| {
            if !cx.request.body().is_empty() {
                Err(HttpError::new(500).message("unexpected body"))?;
            }
            cx.write("ok")
        })
        .get("/host_echo", async |cx| cx.write(cx.request.header("Host").or_status(500)?))
        .get("/no_content_length", async |cx| send_raw(cx, "HTTP/1.0 200 OK\r\n\r\nhello").await)
        .post("/echo_post", httpclient::echo)
        .route("/respond_in_prepare", RespondInPrepare)
        .route("/redirect", Redirect)
        .get("/user_agent", httpclient::user_agent)
}

#[derive(Clone)]
struct Head;

impl Handler for Head {
    async fn head(&mut self, cx: &Context) -> Result {
        cx.set_header("Content-Length", 7)
    }
}

#[derive(Clone)]
struct Options;

impl Handler for Options {
    async fn options(&mut self, cx: &Context) -> Result {
        cx.set_header("Access-Control-Allow-Origin", "*")?;
        cx.write("ok")
    }
}

/// Answers before the client has sent its body.
#[derive(Clone)]
struct RespondInPrepare;

impl Handler for RespondInPrepare {
    const STREAM_REQUEST_BODY: bool = true;

    async fn prepare(&mut self, cx: &Context) -> Result {
        cx.set_status(403);
        cx.finish("forbidden")
    }
}

/// `HTTP100ContinueTestCase`: a 100 that nobody asked for.
fn continue_by_hand() -> Application {
    Application::new().get("/", async |cx| {
        send_raw(cx, "HTTP/1.1 100 CONTINUE\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA").await
    })
}

/// `HTTP1xxLimitTestCase`: as many of them as the query says.
fn informational() -> Application {
    Application::new().get("/", async |cx| {
        let before = "HTTP/1.1 100 CONTINUE\r\n\r\n".repeat(cx.argument("num")?.parse()?);
        send_raw(cx, before + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA").await
    })
}

/// `GzipResponseTestCase`: gzip of two members, whole and spoiled.
fn members() -> Application {
    Application::new().get(regex("/(.*)"), async |cx| {
        let mut body = httpclient::gzip(&random::bytes(0, 100_000))?;
        body.extend(httpclient::gzip("hello ".repeat(20_000).as_bytes())?);
        match cx.path::<String>(0)?.as_str() {
            "truncated" => body.truncate(body.len() - 1),
            "trailing_nul" => body.push(0),
            "trailing_garbage" => body.extend(b"garbage"),
            _ => {}
        }
        cx.set_header("Content-Encoding", "gzip")?;
        cx.write(body)
    })
}

/// `HTTP204NoContentTestCase`: a 204 with a length, which has to be 0.
fn no_content() -> Application {
    Application::new().get("/", async |cx| {
        let length = if cx.query_map()?.contains("error") { 5 } else { 0 };
        send_raw(cx, format!("HTTP/1.1 204 No content\r\nContent-Length: {length}\r\n\r\n")).await
    })
}

fn hello() -> Application {
    Application::new().get("/hello", httpclient::hello)
}

/// `MaxHeaderSizeTest`: heads below and above the client's limit.
fn headers() -> Application {
    let filled = async |cx: &Context, length| {
        cx.set_header("X-Filler", "a".repeat(length))?;
        cx.write("ok")
    };
    Application::new()
        .get("/small", async move |cx| filled(cx, 100).await)
        .get("/large", async move |cx| filled(cx, 1000).await)
}

/// A body that ends with the connection.
fn until_close() -> Application {
    Application::new()
        .get("/large", async |cx| send_raw(cx, "HTTP/1.0 200 OK\r\n\r\n".to_owned() + &"a".repeat(100 * 1024)).await)
}

fn large() -> Application {
    Application::new().get("/large", async |cx| cx.write("a".repeat(100 * 1024)))
}

/// `ChunkedWithContentLengthTest`: both framings at once.
fn chunked_with_content_length() -> Application {
    Application::new().get("/chunkwithcl", async |cx| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 11\r\n\r\n";
        send_raw(cx, format!("{head}Hello world")).await
    })
}
