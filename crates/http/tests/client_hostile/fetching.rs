//! What a fetch adds to a request: redirects that lead nowhere or where nobody should go, and bodies that are not
//! what their `Content-Encoding` says.

use std::cell::RefCell;
use std::rc::Rc;

use firewhirl_http::HttpRequest;
use firewhirl_http::client::{AsyncHttpClient, ClientOptions};
use firewhirl_http::content_coding::{ContentCoding, Decoder, Encoder, Flush};

use super::server::HostileServer;
use super::sockets::sockets_to;
use super::told::told_fetch;
use super::{LONG, none, run};

/// A server that answers every request with the same bytes, in which PORT is its own; and what it was asked.
fn repeating(answer: Vec<u8>) -> (HostileServer, Rc<RefCell<Vec<String>>>) {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let heads = asked.clone();
    let server = HostileServer::serve(move |mut stream| {
        let (heads, answer) = (heads.clone(), answer.clone());
        async move {
            let port = stream.local_addr().map(|address| address.port()).unwrap_or_default();
            loop {
                let head = stream.read_until(b"\r\n\r\n").await?;
                heads.borrow_mut().push(String::from_utf8_lossy(&head).into_owned());
                match String::from_utf8(answer.clone()) {
                    Ok(text) => stream.write(text.replace("PORT", &port.to_string())),
                    Err(error) => stream.write(error.as_bytes()),
                }
                stream.flush().await?;
            }
        }
    });
    (server, asked)
}

fn client() -> AsyncHttpClient {
    AsyncHttpClient::with(ClientOptions::new().max_body_size(1_000_000))
}

#[test]
fn no_redirect_leads_out_of_http_or_on_for_ever() {
    /// What is shown, the `Location`, what the fetch gives, how many requests the server has had, and the target of
    /// the last.
    type Case<'text> = (&'static str, &'text str, &'static str, usize, &'text str);
    let long = format!("/{}", "a".repeat(60_000));
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        ("to itself",               "/",                              "302",                  6, "/"),
        ("nowhere",                 "",                               "302",                  6, "/"),
        ("deeper and deeper",       "a/b",                            "302",                  6, "/a/a/a/a/a/b"),
        ("above the root",          "../../../..",                    "302",                  6, "/"),
        ("to itself, whole",        "http://127.0.0.1:PORT/x",        "302",                  6, "/x"),
        ("a query alone",           "?a=b",                           "302",                  6, "/?a=b"),
        ("a fragment alone",        "#a",                             "302",                  6, "/"),
        ("a password of its own",   "http://me:secret@127.0.0.1:PORT/", "302",                6, "/"),
        ("a file",                  "file:///etc/passwd",             "Redirect(Location(UnsupportedScheme))", 1, "/"),
        ("FTP",                     "ftp://127.0.0.1/",               "Redirect(Location(UnsupportedScheme))", 1, "/"),
        ("gopher",                  "gopher://127.0.0.1:6379/_INFO",  "Redirect(Location(UnsupportedScheme))", 1, "/"),
        ("a script",                "javascript:alert(1)",            "Redirect(Location(UnsupportedScheme))", 1, "/"),
        ("data",                    "data:text/plain,hello",          "Redirect(Location(UnsupportedScheme))", 1, "/"),
        ("a socket",                "unix:/run/docker.sock",          "Redirect(Location(UnsupportedScheme))", 1, "/"),
        ("a scheme like HTTP",      "httpx://127.0.0.1/",             "Redirect(Location(UnsupportedScheme))", 1, "/"),
        ("no host",                 "http://",                        "Redirect(Location(Url))",               1, "/"),
        ("no host but a path",      "http:///path",                   "Redirect(Location(Url))",               1, "/"),
        ("no host but a port",      "http://:80/",                    "Redirect(Location(Url))",               1, "/"),
        ("a port that cannot be",   "http://127.0.0.1:99999/",        "Redirect(Location(Url))",               1, "/"),
        ("a port of letters",       "http://127.0.0.1:a/",            "Redirect(Location(Url))",               1, "/"),
        ("half an address",         "http://[::1/",                   "Redirect(Location(Url))",               1, "/"),
        ("a backslash in the host", "http://127.0.0.1\\@other/",      "Redirect(Location(Url))",               1, "/"),
        ("a host that is no ASCII", "http://b\u{fc}cher/",            "Redirect(Location(Url))",               1, "/"),
        ("a line end, encoded",     "/%0d%0aX-Evil:%201",             "302",                  6, "/%0d%0aX-Evil:%201"),
        ("a space",                 "/a b",                           "302",                  6, "/a%20b"),
        ("a tab",                   "/a\tb",                          "Redirect(Location(Url))",               1, "/"),
        ("letters that are no ASCII", "/\u{fc}",                      "302",                  6, "/%C3%BC"),
        ("a very long way",         &long,                            "302",                  6, &long),
    ];
    run(async {
        let mut wrong = Vec::new();
        for &(what, location, expected, requests, last) in cases {
            let answer = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\nbody");
            let (server, asked) = repeating(answer.into_bytes());
            let client = client();
            let url = format!("http://127.0.0.1:{}/", server.port);
            let found = told_fetch(client.fetch(HttpRequest::new(url).request_timeout(LONG)).await);
            if found != expected {
                wrong.push(format!("{what}: {found}, not {expected}"));
            }
            let asked = asked.take();
            let targets: Vec<_> = asked.iter().map(|head| head.split(' ').nth(1).unwrap()).collect();
            if (targets.len(), targets.last()) != (requests, Some(&last)) {
                wrong.push(format!("{what}: asked for {targets:?}"));
            }
            if asked.iter().any(|head| head.contains("X-Evil: ")) {
                wrong.push(format!("{what}: {asked:?}"));
            }
            client.close();
            if sockets_to(server.port, 0).await > 0 {
                wrong.push(format!("{what}: a connection is left"));
            }
        }
        none(wrong);
        Ok(())
    });
}

fn coded(coding: ContentCoding, plain: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    Encoder::new(coding, 6, None).unwrap().encode(plain, Flush::Finish, &mut coded).unwrap();
    coded
}

fn response(codings: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {codings}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[test]
fn no_coded_body_is_taken_for_what_it_is_not() {
    use ContentCoding::{Brotli, Deflate, Gzip, Zstd};
    const HELLO: &[u8] = b"Hello, world";
    run(async {
        let mut cases: Vec<(String, Vec<u8>, &str)> = Vec::new();
        let built = |coding: &ContentCoding| Decoder::new(&[*coding]).is_ok();
        for coding in [Gzip, Deflate, Brotli, Zstd].into_iter().filter(built) {
            let name = coding.to_string();
            let whole = coded(coding, HELLO);
            cases.push((format!("{name}, whole"), response(&name, &whole), "200 \"Hello, world\""));
            for length in 1..whole.len() {
                let cut = response(&name, &whole[..length]);
                cases.push((format!("{name}, its first {length} bytes"), cut, "Coding(Truncated)"));
            }
            let bomb = coded(coding, &vec![0; 3_000_000]);
            cases.push((format!("a bomb of {name}"), response(&name, &bomb), "BodyTooLarge"));
            let twice = coded(coding, &bomb);
            cases.push((format!("twice {name}"), response(&format!("{name}, {name}"), &twice), "BodyTooLarge"));
            let garbage = response(&name, &[0xFF; 100]);
            cases.push((format!("{name} that is garbage"), garbage, "Coding(Corrupt)"));
            if coding != Deflate {
                let plain = response(&name, b"<html>Hello</html>");
                cases.push((format!("{name} that is plain"), plain, "Coding(Corrupt) or Coding(Truncated)"));
            }
            let more = response(&name, &[&whole[..], b"and more"].concat());
            cases.push((format!("{name} and more"), more, "Coding(TrailingData) or Coding(Corrupt)"));
            cases.push((format!("{name} of nothing"), response(&name, b""), "200 \"\""));
        }
        let four = response("gzip, gzip, gzip, gzip", &coded(Gzip, HELLO));
        cases.push(("four codings".to_owned(), four, "Coding(TooMany)"));
        cases.push(("an unknown coding".to_owned(), response("rot13", b"Uryyb"), "200 \"Uryyb\""));
        cases.push(("identity".to_owned(), response("identity", b"Hello"), "200 \"Hello\""));
        cases.push(("no name of a coding".to_owned(), response("gzip/1", b"Hello"), "200 \"Hello\""));

        let mut wrong = Vec::new();
        for (what, answer, expected) in cases {
            let (server, _) = repeating(answer);
            let client = client();
            let url = format!("http://127.0.0.1:{}/", server.port);
            let found = told_fetch(client.fetch(HttpRequest::new(url).request_timeout(LONG)).await);
            if !expected.split(" or ").any(|expected| found == expected) {
                wrong.push(format!("{what}: {found}, not {expected}"));
            }
            client.close();
            if sockets_to(server.port, 0).await > 0 {
                wrong.push(format!("{what}: a connection is left"));
            }
        }
        none(wrong);
        Ok(())
    });
}
