//! Responses that are compressed, and those that are left as they are.

use std::cell::Cell;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use firewhirl_event::coroutine::{sleep, yield_now};
use firewhirl_event::locks::Event;
use firewhirl_event::{IoLoop, Result};
use firewhirl_http::content_coding::{ContentCoding, Decoder};
use firewhirl_process::Subprocess;
use firewhirl_testing::{Client, Response, TestServer, expect_log, http_test, run_test};
use firewhirl_web::{Application, Compression, Context, HttpError};

use crate::peers;

const LONG: usize = 300_000;

/// Text of this length that compresses somewhat.
fn text(length: usize) -> String {
    let mut text: String = (0..length / 6 + 1).map(|number| format!("{number:x} and ")).collect();
    text.truncate(length);
    text
}

async fn app() -> Result<Application> {
    Ok(pages(Application::new().compress_response(true)))
}

#[rustfmt::skip]
fn pages(application: Application) -> Application {
    application
        .get("/text",          async |cx| cx.write(text(5_000)))
        .get("/short",         async |cx| cx.write(text(1_023)))
        .get("/just_enough",   async |cx| cx.write(text(1_024)))
        .get("/json",          async |cx| cx.write(serde_json::json!({"text": text(5_000)})))
        .get("/image",         async |cx| of_type(cx, "image/png"))
        .get("/svg",           async |cx| of_type(cx, "image/svg+xml"))
        .get("/events",        async |cx| of_type(cx, "text/event-stream"))
        .get("/untyped",       async |cx| { cx.clear_header("Content-Type"); cx.write(text(5_000)) })
        .get("/coded",         async |cx| with_header(cx, "Content-Encoding", "exi"))
        .get("/no_transform",  async |cx| with_header(cx, "Cache-Control", "public, no-transform"))
        .get("/part",          async |cx| { cx.set_status(206); with_header(cx, "Content-Range", "bytes 0-4999/9999") })
        .get("/no_content",    async |cx| { cx.set_status(204); Ok(()) })
        .get("/secret",        async |cx| { cx.leave_uncompressed(); cx.write(text(5_000)) })
        .get("/varies",        async |cx| with_header(cx, "Vary", "Cookie"))
        .get("/error",         async |_| Err(HttpError::new(500).reason("x".repeat(2_000)).into()))
        .get("/long",          async |cx| cx.write(text(LONG)))
        .get("/long_in_parts", async |cx| { cx.write("first")?; cx.flush().await?; cx.write(text(LONG)) })
        .get("/flushed",       async |cx| { cx.write(text(LONG))?; cx.flush().await?; cx.write("last") })
        .get("/with_length",   async |cx| { cx.set_header("Content-Length", 10)?; cx.write("12345")?; cx.flush().await?; cx.write("67890") })
}

fn of_type(cx: &Context, content_type: &str) -> Result {
    with_header(cx, "Content-Type", content_type)
}

fn with_header(cx: &Context, name: &str, value: &str) -> Result {
    cx.set_header(name, value)?;
    cx.write(text(5_000))
}

/// The body as it was before it was compressed.
fn decoded(response: &Response) -> Bytes {
    let codings: Vec<_> = response.header("Content-Encoding").and_then(ContentCoding::from_token).into_iter().collect();
    let mut decoder = Decoder::new(&codings).unwrap();
    decoder.push(response.body().clone());
    let mut plain = Vec::new();
    while let Some(chunk) = decoder.next_chunk().unwrap() {
        plain.extend_from_slice(&chunk);
    }
    decoder.finish().unwrap();
    plain.into()
}

async fn get(client: &Client, path: &str, accepted: &str) -> Result<Response> {
    Ok(client.get(path).header("Accept-Encoding", accepted).await?)
}

#[test]
fn what_is_worth_it_is_compressed() {
    http_test(app, async |client| {
        const CASES: &[(&str, &str, Option<&str>, usize)] = &[
            ("/text", "gzip", Some("gzip"), 5_000),
            ("/text", "deflate", None, 5_000),
            ("/text", "gzip;q=0", None, 5_000),
            ("/text", "identity", None, 5_000),
            ("/short", "gzip", None, 1_023),
            ("/just_enough", "gzip", Some("gzip"), 1_024),
            ("/json", "gzip", Some("gzip"), 5_012),
            ("/image", "gzip", None, 5_000),
            ("/svg", "gzip", Some("gzip"), 5_000),
            ("/events", "gzip", None, 5_000),
            ("/untyped", "gzip", None, 5_000),
            ("/coded", "gzip", Some("exi"), 5_000),
            ("/no_transform", "gzip", None, 5_000),
            ("/part", "gzip", None, 5_000),
            ("/secret", "gzip", None, 5_000),
            ("/with_length", "gzip", Some("gzip"), 10),
            ("/long", "gzip", Some("gzip"), LONG),
            ("/long_in_parts", "gzip", Some("gzip"), LONG + 5),
            ("/flushed", "gzip", Some("gzip"), LONG + 4),
        ];
        for &(path, accepted, coding, length) in CASES {
            let response = get(&client, path, accepted).await?;
            assert_eq!(response.header("Content-Encoding"), coding, "{path} {accepted}");
            assert_eq!(decoded(&response).len(), length, "{path} {accepted}");
            if let Some(declared) = response.header("Content-Length") {
                assert_eq!(declared, response.body().len().to_string(), "{path}");
            }
        }
        assert_eq!(decoded(&get(&client, "/long", "gzip").await?), text(LONG));
        assert_eq!(decoded(&get(&client, "/flushed", "gzip").await?), text(LONG) + "last");
        Ok(())
    });
}

#[test]
fn every_coding_that_was_built_is_offered_the_best_first() {
    http_test(app, async |client| {
        let best =
            ["zstd", "br", "gzip"].into_iter().find(|token| ContentCoding::from_token(token).unwrap().is_supported());
        assert_eq!(get(&client, "/text", "gzip, deflate, br, zstd").await?.header("Content-Encoding"), best);
        for coding in ContentCoding::ALL.into_iter().filter(|&coding| coding != ContentCoding::Deflate) {
            for (path, length) in [("/text", 5_000), ("/long", LONG), ("/flushed", LONG + 4)] {
                let response = get(&client, path, coding.token()).await?;
                let expected = coding.is_supported().then_some(coding.token());
                assert_eq!(response.header("Content-Encoding"), expected, "{coding} {path}");
                assert_eq!(decoded(&response).len(), length, "{coding} {path}");
            }
        }
        Ok(())
    });
}

#[test]
fn every_response_says_that_it_depends_on_what_the_client_takes() {
    http_test(app, async |client| {
        for path in ["/text", "/short", "/image", "/no_content", "/nowhere", "/long_in_parts"] {
            for accepted in ["gzip", ""] {
                assert_eq!(get(&client, path, accepted).await?.header("Vary"), Some("Accept-Encoding"), "{path}");
            }
        }
        assert_eq!(get(&client, "/varies", "gzip").await?.header("Vary"), Some("Cookie, Accept-Encoding"));
        Ok(())
    });
}

#[test]
fn error_pages_are_compressed_too() {
    http_test(app, async |client| {
        let response = get(&client, "/error", "gzip").await?;
        assert_eq!(response.header("Content-Encoding"), Some("gzip"));
        assert!(decoded(&response).starts_with(b"<html><title>500: xxx"));
        Ok(())
    });
}

#[test]
fn the_tag_of_a_compressed_response_is_weak_and_known_again() {
    http_test(app, async |client| {
        let plain = client.get("/text").await?;
        let strong = plain.header("Etag").unwrap().to_owned();
        assert!(strong.starts_with('"'));
        let weak = format!("W/{strong}");
        assert_eq!(get(&client, "/text", "gzip").await?.header("Etag"), Some(&weak[..]));
        for tag in [&strong, &weak] {
            let request = client.get("/text").header("Accept-Encoding", "gzip").header("If-None-Match", tag);
            let response = request.await?;
            assert_eq!(response.status(), 304);
            assert_eq!(response.header("Etag"), Some(&weak[..]), "the one of the body that the client has");
            assert_eq!(response.header("Vary"), Some("Accept-Encoding"));
            assert_eq!(response.header("Content-Encoding"), None);
        }
        Ok(())
    });
}

#[test]
fn head_is_answered_as_get_would_be() {
    http_test(app, async |client| {
        for path in ["/text", "/long", "/short"] {
            let got = get(&client, path, "gzip").await?;
            let head = client.head(path).header("Accept-Encoding", "gzip").await?;
            for name in ["Content-Encoding", "Content-Length", "Etag", "Vary", "Content-Type"] {
                assert_eq!(head.header(name), got.header(name), "{path} {name}");
            }
            assert!(head.body().is_empty());
        }
        Ok(())
    });
}

#[test]
fn a_flush_reaches_the_client_before_the_rest_is_made() {
    let go_on = Rc::new(Event::new());
    let awaited = Rc::clone(&go_on);
    let app = async move || {
        let awaited = Rc::clone(&awaited);
        Ok(Application::new().compress_response(true).get("/", async move |cx| {
            cx.write("first part")?;
            cx.flush().await?;
            awaited.wait().await;
            cx.write(", the rest")
        }))
    };
    http_test(app, async move |client| {
        let mut stream = client.connect().await?;
        stream.write("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
        let head = stream.read_until(b"\r\n\r\n").await?;
        assert!(String::from_utf8_lossy(&head).contains("Content-Encoding: gzip\r\n"));
        let mut decoder = Decoder::new(&[ContentCoding::Gzip])?;
        let size = stream.read_until(b"\r\n").await?;
        let size = usize::from_str_radix(std::str::from_utf8(size.trim_ascii())?, 16)?;
        decoder.push(stream.read_bytes(size).await?);
        assert_eq!(decoder.next_chunk()?.unwrap(), "first part");
        go_on.set();
        assert!(stream.read_until_close().await?.ends_with(b"0\r\n\r\n"));
        Ok(())
    });
}

#[test]
fn the_loop_serves_others_while_a_long_body_is_compressed() {
    http_test(app, async |client| {
        for path in ["/long", "/long_in_parts", "/flushed"] {
            let turns = Rc::new(Cell::new(0));
            let counted = Rc::clone(&turns);
            let counting = IoLoop::current().spawn(async move {
                loop {
                    counted.set(counted.get() + 1);
                    yield_now().await;
                }
            });
            let before = turns.get();
            get(&client, path, "gzip").await?;
            let pieces = LONG / (64 * 1024);
            assert!(turns.get() - before >= pieces, "{path}: {} turns for {pieces} pieces", turns.get() - before);
            drop(counting);
        }
        Ok(())
    });
}

#[test]
fn a_flush_that_is_given_up_loses_nothing() {
    let app = async || {
        Ok(Application::new().compress_response(true).get("/", async |cx| {
            cx.write(text(LONG))?;
            {
                let mut flush = std::pin::pin!(cx.flush());
                let polled =
                    std::future::poll_fn(|task| std::task::Poll::Ready(flush.as_mut().poll(task).is_pending()));
                assert!(polled.await, "it has more to do than one turn's work");
            }
            cx.write("last")
        }))
    };
    http_test(app, async |client| {
        assert_eq!(decoded(&get(&client, "/", "gzip").await?), text(LONG) + "last");
        Ok(())
    });
}

#[test]
fn a_client_that_leaves_while_its_response_is_compressed_harms_nobody() {
    http_test(app, async |client| {
        let log = expect_log("", "").optional();
        for path in ["/long", "/long_in_parts"] {
            let mut stream = client.connect().await?;
            stream.write(format!("GET {path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"));
            stream.flush().await?;
            stream.close();
        }
        sleep(Duration::from_millis(100)).await;
        assert_eq!(decoded(&get(&client, "/text", "gzip").await?).len(), 5_000);
        let errors: Vec<String> = log.entries().iter().map(ToString::to_string).collect();
        assert!(!errors.iter().any(|line| line.starts_with("ERROR")), "{errors:?}");
        Ok(())
    });
}

#[test]
fn curl_reads_what_is_compressed() {
    let Some(curl) = peers::command("curl") else { return };
    run_test(async move {
        let server = TestServer::start(app)?;
        for coding in ["gzip", "br", "zstd"] {
            let is_supported = ContentCoding::from_token(coding).is_some_and(ContentCoding::is_supported);
            for (path, length) in [("/text", 5_000), ("/long", LONG), ("/long_in_parts", LONG + 5)] {
                let mut command = Command::new(&curl);
                command.args(["-sS", "--compressed", "-H", &format!("Accept-Encoding: {coding}"), "-D", "-"]);
                command.arg(server.url(path)).stdout(Stdio::piped());
                let mut process = Subprocess::spawn(command)?;
                let printed = process.stdout.as_mut().expect("it is piped").read_until_close().await?;
                process.wait_for_exit().await?;
                let printed = String::from_utf8(printed.to_vec())?;
                let (head, body) = printed.split_once("\r\n\r\n").expect("a head");
                assert_eq!(head.contains(&format!("Content-Encoding: {coding}")), is_supported, "{coding} {path}");
                assert_eq!(body.len(), length, "{coding} {path}");
            }
        }
        Ok(())
    });
}

#[test]
fn compression_can_be_set() {
    let app = async || {
        let compression = Compression::new()
            .codings(&[ContentCoding::Deflate])
            .level(ContentCoding::Deflate, 200)
            .min_length(10)
            .content_type("image/png");
        let application = Application::new().compression(compression);
        assert!(application.settings().compress_response());
        Ok(pages(application))
    };
    http_test(app, async |client| {
        for path in ["/short", "/image"] {
            assert_eq!(
                get(&client, path, "gzip, deflate").await?.header("Content-Encoding"),
                Some("deflate"),
                "{path}"
            );
        }
        Ok(())
    });
}
