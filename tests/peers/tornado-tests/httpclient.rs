//! The classes of `httpclient_test`, the server's side: what each request to it is answered, whatever
//! client asks.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use firewhirl::prelude::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;

use crate::{Case, server};

const MEBIBYTE: usize = 1024 * 1024;

/// What the client in `HTTPClientMaxBodySizeTestCase` takes.
const MAX_BODY_SIZE: usize = 64 * 1024;

/// What serves a class, by its name.
#[rustfmt::skip]
pub(crate) fn serve(class: &str) -> Option<Case> {
    Some(match class {
        "HTTPClientCommonTestCase"      => server(common).into(),
        "HTTPClientMaxBodySizeTestCase" => server(max_body_size).into(),
        _ => return None,
    })
}

/// `HTTPClientCommonTestCase`: redirects, authorization, chunks, headers, methods, bombs.
pub(crate) fn common() -> Application {
    // Any letters are a method's name.
    let other = Method::from_bytes(b"OTHER").expect("a method");
    Application::new()
        .compress_response(true)
        .get("/hello", hello)
        .post("/post", async |cx| {
            cx.write(format!("Post arg1: {}, arg2: {}", cx.argument("arg1")?, cx.argument("arg2")?))
        })
        .put("/put", async |cx| {
            cx.write("Put body: ")?;
            cx.write(cx.request.body())
        })
        .route("/redirect", Redirect)
        .any("/redirect_without_location", async |cx| {
            cx.set_status(301);
            Ok(())
        })
        .get("/chunk", chunk)
        .get("/auth", async |cx| cx.write(cx.request.header("Authorization").or_status(500)?))
        .get(regex("/countdown/([0-9]+)").name("countdown"), countdown)
        .post("/echopost", echo)
        .get("/user_agent", user_agent)
        .get("/304_with_content_length", async |cx| {
            cx.set_status(304);
            cx.set_header("Content-Length", 42)
        })
        .any("/all_methods", method)
        .on(other, "/all_methods", method)
        .patch("/patch", echo)
        .get("/set_header", async |cx| {
            let arguments = cx.query_map()?;
            for (name, value) in arguments.get_all("k").zip(arguments.get_all("v")) {
                cx.set_header(str::from_utf8(name)?, value)?;
            }
            Ok(())
        })
        .get("/invalid_gzip", async |cx| {
            cx.set_header("Content-Type", "text/plain")?;
            cx.set_header("Content-Encoding", "gzip")?;
            let text: String = (0..9000).map(|line| format!("Hello World {line}\n")).collect();
            cx.write(gzip(&text.as_bytes()[..149_051])?)?;
            cx.write(b"\0")
        })
        .get("/header-encoding", async |cx| cx.write(cx.request.header_bytes("Foo").or_status(500)?))
        .get("/echo_headers", async |cx| {
            let fields = cx.request.fields();
            let headers: BTreeMap<_, _> = fields.map(|(name, value)| (name, String::from_utf8_lossy(value))).collect();
            cx.write_json(&headers)
        })
        .get("/gzip_bomb", bomb)
        .get("/large_body", async |cx| {
            cx.set_header("Content-Type", "application/octet-stream")?;
            cx.write((0..100_000).map(|line| format!("{line:09}\n")).collect::<String>())
        })
}

/// Tornado's `HelloWorldHandler`.
pub(crate) async fn hello(cx: &Context) -> Result {
    cx.set_header("Content-Type", "text/plain")?;
    cx.write(format!("Hello {}!", cx.argument_or("name", "world")?))
}

/// Tornado's `RedirectHandler`: redirects every method alike.
#[derive(Clone)]
pub(crate) struct Redirect;

impl Handler for Redirect {
    async fn prepare(&mut self, cx: &Context) -> Result {
        cx.write("redirects can have bodies too")?;
        let status: u16 = cx.argument_or("status", "302")?.parse()?;
        cx.redirect_with_status(cx.argument("url")?, status)
    }
}

/// Tornado's `ChunkHandler`: a body in two chunks.
pub(crate) async fn chunk(cx: &Context) -> Result {
    cx.write("asdf")?;
    cx.flush().await?;
    cx.write("qwer")
}

/// Tornado's `CountdownHandler`: as many redirects as the path says.
pub(crate) async fn countdown(cx: &Context) -> Result {
    match cx.path::<u32>(0)? {
        0 => cx.write("Zero"),
        count => cx.redirect(cx.reverse_url("countdown", count - 1)?),
    }
}

/// Tornado's `EchoPostHandler` and `PatchHandler`.
pub(crate) async fn echo(cx: &Context) -> Result {
    cx.write(cx.request.body())
}

/// Tornado's `UserAgentHandler`.
pub(crate) async fn user_agent(cx: &Context) -> Result {
    cx.write(cx.request.header("User-Agent").unwrap_or("User agent not set"))
}

/// Tornado's `AllMethodsHandler`.
async fn method(cx: &Context) -> Result {
    cx.write(cx.request.method().as_str())
}

/// Tornado's `GzipBombHandler`: a small body that inflates to a large one.
///
/// Each mebibyte is a member of its own, all alike, so that only one has to be compressed.
async fn bomb(cx: &Context) -> Result {
    let size: usize = cx.argument_or("size", "67108864")?.parse()?;
    let mut member = Vec::new();
    io::repeat(0).take(MEBIBYTE as u64).read_to_end(&mut member)?;
    cx.set_header("Content-Encoding", "gzip")?;
    cx.write(gzip(&member)?.repeat(size / MEBIBYTE))
}

/// One gzip member.
pub(crate) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// `HTTPClientMaxBodySizeTestCase`: bodies at and above what the client takes.
pub(crate) fn max_body_size() -> Application {
    Application::new()
        .get("/small", async |cx| octets(cx, MAX_BODY_SIZE))
        .get("/large", async |cx| octets(cx, MAX_BODY_SIZE + 1))
        .get("/bomb", bomb)
        .any("/body_bearing_redirect", async |cx| {
            cx.write("x".repeat(MAX_BODY_SIZE * 2))?;
            cx.redirect("/small")
        })
}

fn octets(cx: &Context, count: usize) -> Result {
    cx.set_header("Content-Type", "application/octet-stream")?;
    cx.write("a".repeat(count))
}
