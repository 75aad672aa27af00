//! Against PyPI tornado, and Python's own server of HTTP/1.0: chunks, uploads, answers that never become whole.

use std::process::{Command, Stdio};
use std::time::Duration;

use firewhirl::prelude::*;
use serde_json::{Value, json};

use super::peer::{Peer, file, new_folder};
use super::run;
use super::support::peers;

/// The script beside this file.
struct Tornado {
    _peer: Peer,
    port: u16,
    /// Where Python's `http.server` listens.
    plain: u16,
}

impl Tornado {
    fn start() -> Option<Self> {
        let python = peers::python()?;
        let mut command = Command::new(python);
        command.arg(file("tornado_server.py")).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut peer = Peer::start(new_folder(), &mut command);
        let mut said = peer.stdout();
        let [port, plain] = ["tornado ", "http.server "].map(|mark| Peer::port_said(&mut said, mark));
        Some(Self { _peer: peer, port, plain })
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn get(&self, path: &str) -> HttpRequest {
        HttpRequest::new(self.url(path))
    }
}

#[test]
fn a_request_arrives_as_it_was_made() {
    let Some(tornado) = Tornado::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let seen: Value = client.fetch(tornado.get("/echo/é/%2F/a b?q=é&q=+%2B#fragment")).await?.json()?;
        assert_eq!(seen["uri"], "/echo/%C3%A9/%2F/a%20b?q=%C3%A9&q=+%2B");
        assert_eq!(seen["arguments"]["q"], json!(["é", " +"]));
        let fields: Vec<(String, String)> = serde_json::from_value(seen["headers"].clone())?;
        let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[0], "Host", "{names:?}");
        assert!(!names.contains(&"Content-Length") && !names.contains(&"Transfer-Encoding"), "{names:?}");
        assert!(fields.contains(&("Accept-Encoding".to_owned(), "gzip, deflate, br, zstd".to_owned())), "{fields:?}");

        let post = tornado.get("/echo").method("POST").header("X-Twice", "a").header("X-Twice", "b").body("x=1&y=");
        let seen: Value = client.fetch(post).await?.json()?;
        assert_eq!((&seen["arguments"]["x"], &seen["body"]), (&json!(["1"]), &json!("x=1&y=")));
        for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let request = tornado.get("/echo").method(method);
            let request = if matches!(method, "PUT" | "PATCH") { request.body("") } else { request };
            assert_eq!(client.fetch(request).await?.json::<Value>()?["method"], method);
        }
        Ok(())
    });
}

#[test]
fn one_connection_serves_what_comes_one_after_the_other() {
    let Some(tornado) = Tornado::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let mut connections = Vec::new();
        for round in 0..20 {
            let request = tornado.get("/echo").method("POST").body("x".repeat(round * 1000));
            connections.push(client.fetch(request).await?.json::<Value>()?["connection"].as_u64());
            client.fetch(tornado.get("/chunks/5/100")).await?;
            client.fetch(tornado.get("/echo").method("HEAD")).await?;
        }
        connections.dedup();
        assert_eq!(connections.len(), 1);
        Ok(())
    });
}

#[test]
fn chunks_come_as_they_are_flushed() {
    let Some(tornado) = Tornado::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let expected: Vec<u8> = (0..50).flat_map(|number| vec![b'a' + number % 26; 3000]).collect();
        let whole = client.fetch(tornado.get("/chunks/50/3000")).await?;
        assert!(whole.body() == &expected);
        assert_eq!(whole.header("X-Consumed-Content-Encoding"), Some("gzip"));
        let plain = client.fetch(tornado.get("/chunks/50/3000").decompress_response(false)).await?;
        assert!(plain.body() == &expected && plain.header("Transfer-Encoding") == Some("chunked"));

        let mut stream = client.fetch(tornado.get("/chunks/4/10?pause=0.3")).stream().await?;
        let mut came = Vec::new();
        while let Some(chunk) = stream.next_chunk().await? {
            came.push(String::from_utf8_lossy(&chunk).into_owned());
        }
        assert!(came.concat() == "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd" && came.len() > 1, "{came:?}");
        Ok(())
    });
}

#[test]
fn uploads_of_every_size_and_framing_arrive_whole() {
    let Some(tornado) = Tornado::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        for size in [0, 1, 65_536, 5_000_000] {
            let body: Vec<u8> = (0..size).map(|at: usize| (at % 251) as u8).collect();
            let put = || tornado.get("/upload").method("PUT");
            let whole: Value = client.fetch(put().body(body.clone())).await?.json()?;
            assert_eq!((&whole["length"], &whole["framing"]), (&json!(size), &json!(size.to_string())));
            let sent = body.clone();
            let chunked = client.fetch(put()).body_producer(async move |out| {
                for piece in sent.chunks(100_000) {
                    out.write(piece.to_vec()).await?;
                }
                Ok(())
            });
            let chunked: Value = chunked.await?.json()?;
            assert_eq!((&chunked["sha256"], &chunked["framing"]), (&whole["sha256"], &json!("chunked")), "{size}");
            let announced = client.fetch(put().header("Content-Length", size)).body_producer(async move |out| {
                for piece in body.chunks(100_000) {
                    out.write(piece.to_vec()).await?;
                }
                Ok(())
            });
            let announced: Value = announced.await?.json()?;
            assert_eq!((&announced["sha256"], &announced["framing"]), (&whole["sha256"], &whole["framing"]), "{size}");
        }
        Ok(())
    });
}

#[test]
fn a_server_may_refuse_a_body_before_it_has_come() {
    let Some(tornado) = Tornado::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let put = || tornado.get("/upload").method("PUT").expect_100_continue(true);
        let asked: Value = client.fetch(put().body("x".repeat(100_000))).await?.json()?;
        assert_eq!(asked["length"], 100_000);
        let refused = client.fetch(put().header("X-Refuse", 403)).body_producer(async |out| {
            // Nobody asks for it.
            out.write("not to be sent").await?;
            panic!("the body was asked for");
        });
        assert_eq!(refused.await.unwrap_err().code(), 403);
        let unasked = tornado.get("/upload").method("PUT").header("X-Refuse", 403).body(vec![b'x'; 3_000_000]);
        assert_eq!(client.fetch(unasked).await.unwrap_err().code(), 403);
        Ok(())
    });
}

#[test]
fn an_answer_that_does_not_become_whole_is_an_error() {
    let Some(tornado) = Tornado::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        #[rustfmt::skip]
        const CASES: &[(&str, &str)] = &[
            ("length",         "the server closed before its response was complete"),
            ("chunk",          "the server closed before its response was complete"),
            ("between-chunks", "the server closed before its response was complete"),
            ("reset",          "the connection broke before the response was complete: Connection reset by peer (os error 104)"),
            ("stuck",          "Timeout during request"),
            ("large",          "the response's body has more than 104857600 bytes; raise `max_body_size` if that is expected"),
        ];
        for &(how, expected) in CASES {
            let request = tornado.get(&format!("/broken/{how}"));
            let request = if how == "stuck" { request.request_timeout(Duration::from_millis(300)) } else { request };
            let error = client.fetch(request).await.unwrap_err();
            assert_eq!((error.code(), error.to_string()), (599, expected.to_owned()), "{how}");
        }
        assert_eq!(client.fetch(tornado.get("/broken/more")).await?.text(), "only this");
        assert_eq!(client.fetch(tornado.get("/broken/close")).await?.text(), "only this");
        // None of them was used again.
        multi((0..20).map(|_| client.fetch(tornado.get("/chunks/2/10")).into_future())).await?;
        let error =
            client.fetch(tornado.get("/slow/30").request_timeout(Duration::from_millis(300))).await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        Ok(())
    });
}

#[test]
fn heads_are_taken_up_to_their_limit() {
    let Some(tornado) = Tornado::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let response = client.fetch(tornado.get("/fields/100/100")).await?;
        assert_eq!(response.header("X-99").map(str::len), Some(100));
        let many = client.fetch(tornado.get("/fields/300/1")).await.unwrap_err();
        assert!(many.to_string().contains("too many header fields"), "{many}");
        let large = client.fetch(tornado.get("/fields/100/1000")).await.unwrap_err();
        assert!(large.to_string().contains("header too large"), "{large}");
        assert!(client.fetch(tornado.get("/fields/100/1000").max_header_size(200_000)).await.is_ok());
        Ok(())
    });
}

#[test]
fn what_is_said_before_the_answer_is_heard_by_who_listens() {
    let Some(tornado) = Tornado::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        assert_eq!(client.fetch(tornado.get("/informed")).await?.text(), "informed");
        let lines = Shared::new(Vec::new());
        let heard = lines.clone();
        let listening = client.fetch(tornado.get("/informed")).header_callback(move |line| {
            heard.with(|lines| lines.push(line.to_owned()));
        });
        listening.await?;
        let lines = lines.with(|lines| lines.clone());
        assert!(lines.iter().any(|line| line == "HTTP/1.1 200 OK\r\n"), "{lines:?}");
        assert_eq!(lines.last().map(String::as_str), Some("\r\n"), "{lines:?}");
        Ok(())
    });
}

#[test]
fn a_followed_redirect_leaves_its_connection_behind() {
    let Some(tornado) = Tornado::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let mut connections = Vec::new();
        for _ in 0..5 {
            let response = client.fetch(tornado.get("/redirect/302?to=/echo")).await?;
            connections.push(response.json::<Value>()?["connection"].as_u64());
        }
        connections.dedup();
        assert_eq!(connections.len(), 1, "the body of a redirect is read, and its connection used again");
        // 303 makes a GET of it, 307 does not.
        let post = |code: u16| tornado.get(&format!("/redirect/{code}?to=/echo")).method("POST").body("body");
        assert_eq!(client.fetch(post(303)).await?.json::<Value>()?["method"], "GET");
        assert_eq!(client.fetch(post(307)).await?.json::<Value>()?["body"], "body");
        let streamed = client.fetch(tornado.get("/redirect/307?to=/echo").method("POST"));
        let streamed = streamed.body_producer(async |out| Ok(out.write("once").await?));
        assert!(matches!(streamed.await.unwrap_err(), HttpClientError::Redirect(_)));
        Ok(())
    });
}

#[test]
fn http_1_0_ends_its_answers_by_closing() {
    let Some(tornado) = Tornado::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let url = format!("http://127.0.0.1:{}", tornado.plain);
        for path in ["/", "/length", "/"] {
            assert_eq!(client.fetch(format!("{url}{path}")).await?.text(), "plain");
        }
        let post = HttpRequest::new(format!("{url}/")).method("POST").body("upper");
        assert_eq!(client.fetch(post).await?.text(), "UPPER");
        Ok(())
    });
}
