//! The classes of `httpserver_test`: requests as they come over the wire, keep-alive, limits, gzip,
//! and what a proxy in front says; over TLS too.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use encoding_rs::GBK;
use firewhirl::http::{Exchange, Headers, HttpConnection};
use firewhirl::prelude::*;
use http::StatusCode;
use serde_json::{Value, json};

use crate::{Case, secure, server};

/// A proxy whose own address `X-Forwarded-For` is to be believed beyond.
const TRUSTED: IpAddr = IpAddr::V4(Ipv4Addr::new(5, 5, 5, 5));
const HOUR: Duration = Duration::from_secs(3600);
const TENTH: Duration = Duration::from_millis(100);

/// What serves a class, by its name.
#[rustfmt::skip]
pub(crate) fn serve(class: &str) -> Option<Case> {
    Some(match class {
        "HTTPConnectionTest"             => server(connection).into(),
        "HTTPServerTest"                 => server(arguments).into(),
        "HTTPServerRawTest"              => server(raw).into(),
        "SSLTest"                        => secure(server(hello)).into(),
        "SSLXHeaderTest"                 => secure(server(downstream).xheaders(true)).into(),
        "XHeaderTest"                    => server(downstream).xheaders(true).trusted_downstream([TRUSTED]).into(),
        "ManualProtocolTest"             => server(protocol).behind_https(true).into(),
        "KeepAliveTest"                  => server(keep_alive).into(),
        "GzipBaseTest"                   => server(echoing).into(),
        "GzipTest"                       => server(echoing).decompress_request(true).max_body_size(100).into(),
        "GzipMemoryTest"                 => server(echoing).decompress_request(true).max_body_size(1024 * 1024).into(),
        "GzipUnsupportedTest"            => server(echoing).into(),
        "StreamingChunkSizeTest"         => server(|| chunk_lengths).chunk_size(16).decompress_request(true).into(),
        "InvalidOutputContentLengthTest" => server(|| content_lengths).into(),
        "MaxHeaderSizeTest"              => server(hello).max_header_size(1024).into(),
        "IdleTimeoutTest"                => server(hello).idle_connection_timeout(TENTH).header_timeout(TENTH).into(),
        "BodyLimitsTest"                 => server(body_limits).body_timeout(HOUR).max_body_size(4096).into(),
        _ => return None,
    })
}

/// `HTTPConnectionTest`: a multipart form, bare line feeds, `Expect: 100-continue`.
fn connection() -> Application {
    Application::new().post("/multipart", multipart).route("/hello", HelloWorld)
}

/// Says what came in a field of the head, a field of the form and a file.
async fn multipart(cx: &Context) -> Result {
    let header = cx.request.header_bytes("X-Header-Encoding-Test").unwrap_or_default();
    let file = cx.file("files")?;
    cx.write(json!({
        "header": latin1(header),
        "argument": cx.argument("argument")?,
        "filename": file.filename,
        "filebody": str::from_utf8(&file.body)?,
    }))
}

/// The text of a field whose bytes are in ISO 8859-1, as Tornado takes every field's to be.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// Tornado's `HelloWorldRequestHandler`.
#[derive(Clone)]
struct HelloWorld;

impl Handler for HelloWorld {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write("Hello world")
    }

    async fn post(&mut self, cx: &Context) -> Result {
        cx.write(format!("Got {} bytes in POST", cx.request.body().len()))
    }
}

fn hello() -> Application {
    Application::new().route("/", HelloWorld)
}

/// `HTTPServerTest`: arguments of query and form.
fn arguments() -> Application {
    Application::new()
        .route("/echo", Echo)
        .get("/typecheck", no_errors)
        .post("/typecheck", no_errors)
        .route("//doubleslash", Echo)
        .post("/post_utf8", async |cx| cx.write(json!({ "echo": cx.argument("data")? })))
        .post("/post_gbk", async |cx| {
            let bytes = cx.body_map()?.get_last("data").or_status(400)?;
            let (text, _, malformed) = GBK.decode(bytes);
            if malformed {
                Err(HttpError::new(400).message("invalid gbk bytes"))?;
            }
            cx.write(json!({ "echo": text }))
        })
}

/// Tornado's handler lists the fields of the request that have a wrong type; here the compiler would.
async fn no_errors(cx: &Context) -> Result {
    cx.write(json!({}))
}

/// Tornado's `EchoHandler`: all arguments, each with the list of its values.
#[derive(Clone)]
struct Echo;

impl Handler for Echo {
    async fn get(&mut self, cx: &Context) -> Result {
        let mut arguments = BTreeMap::<&str, Vec<&str>>::new();
        for (name, value) in cx.query_map()?.iter().chain(cx.body_map()?.iter()) {
            arguments.entry(str::from_utf8(name)?).or_default().push(str::from_utf8(value)?);
        }
        cx.write_json(&arguments)
    }

    async fn post(&mut self, cx: &Context) -> Result {
        self.get(cx).await
    }
}

fn raw() -> Application {
    Application::new().route("/echo", Echo)
}

fn echoing() -> Application {
    Application::new().route("/", Echo)
}

/// `XHeaderTest`: whom the request came from, as the proxy in front says.
fn downstream() -> Application {
    Application::new().get("/", async |cx| {
        cx.set_header("request-version", format!("{:?}", cx.request.version()))?;
        cx.write(json!({ "remote_ip": cx.request.remote_ip(), "remote_protocol": cx.request.protocol() }))
    })
}

fn protocol() -> Application {
    Application::new().get("/", async |cx| cx.write(json!({ "protocol": cx.request.protocol() })))
}

/// `KeepAliveTest`: several requests on a connection, and clients that leave early.
fn keep_alive() -> Application {
    Application::new()
        .get("/", async |cx| cx.write("Hello world"))
        .post("/", async |cx| cx.write("Hello world"))
        .get("/large", async |cx| {
            // 512 KiB and more, so that they leave in several writes.
            let lines = (0..512u32).map(|line| char::from((line % 256) as u8).to_string().repeat(1024));
            cx.write(lines.collect::<String>())
        })
        .route("/chunked", HeadOfChunks)
        .get("/finish_on_close", async |cx| {
            cx.flush().await?;
            cx.closed().await;
            cx.finish("closed")
        })
}

/// Answers HEAD as if there were chunks to come.
#[derive(Clone)]
struct HeadOfChunks;

impl Handler for HeadOfChunks {
    async fn head(&mut self, cx: &Context) -> Result {
        cx.write("Hello world")?;
        cx.flush().await
    }
}

/// `StreamingChunkSizeTest`: the lengths of the parts in which a body arrived.
async fn chunk_lengths(exchange: &mut Exchange) -> Result {
    let mut lengths = Vec::new();
    while let Some(chunk) = exchange.connection.next_chunk().await? {
        lengths.push(chunk.len());
    }
    respond(&exchange.connection, Value::from(lengths).to_string().as_bytes())
}

/// Sends a whole answer by hand, without an [`Application`].
pub(crate) fn respond(connection: &HttpConnection, body: &[u8]) -> Result {
    let mut headers = Headers::new();
    headers.set("Content-Length", body.len())?;
    Ok(connection.respond(StatusCode::OK, None, &headers, body)?)
}

/// `InvalidOutputContentLengthTest`: ten bytes, announced as the client asks for.
async fn content_lengths(exchange: &mut Exchange) -> Result {
    let length = match exchange.request.header("X-Test") {
        Some("alphabetic") => "foo",
        Some("leading plus") => "+10",
        Some("underscore") => "1_0",
        _ => "10",
    };
    let mut headers = Headers::new();
    headers.set("Content-Length", length)?;
    exchange.connection.write_head(StatusCode::OK, None, &headers)?;
    exchange.connection.write(b"1234567890")?;
    Ok(exchange.connection.finish()?)
}

/// `BodyLimitsTest`: bodies read whole, and read in parts with limits of the handler's own.
fn body_limits() -> Application {
    Application::new()
        .put("/buffered", async |cx| cx.write(cx.request.body().len().to_string()))
        .route("/streaming", Streaming::default())
}

#[derive(Clone, Default)]
struct Streaming {
    bytes_read: usize,
}

impl Handler for Streaming {
    const STREAM_REQUEST_BODY: bool = true;

    async fn prepare(&mut self, cx: &Context) -> Result {
        for size in cx.query_arguments("expected_size")? {
            cx.body().set_max_body_size(size.parse()?);
        }
        for seconds in cx.query_arguments("body_timeout")? {
            cx.body().set_body_timeout(Duration::try_from_secs_f64(seconds.parse()?)?);
        }
        Ok(())
    }

    async fn put(&mut self, cx: &Context) -> Result {
        while let Some(chunk) = cx.body().next().await? {
            self.bytes_read += chunk.len();
        }
        cx.write(self.bytes_read.to_string())
    }
}
