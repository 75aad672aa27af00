//! Against nginx: connections that end under the pool, files, codings, refusals, a slow server.

use std::fs;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

use firewhirl::http::client::HttpResponse;
use firewhirl::http::httputil::format_timestamp;
use firewhirl::prelude::*;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::peer::{Peer, file, free_ports, new_folder};
use super::support::peers;
use super::{certificate, run};

/// nginx with the configuration beside this file.
pub(crate) struct Nginx {
    pub(crate) peer: Peer,
    /// In clear, with TLS, with three requests a connection, with short idle connections, with client certificates.
    pub(crate) ports: [u16; 5],
}

impl Nginx {
    pub(crate) fn start() -> Option<Self> {
        let nginx = peers::command("nginx")?;
        let folder = new_folder();
        certificate::make_in(&folder)?;
        let ports = free_ports();
        let mut conf = fs::read_to_string(file("nginx.conf")).unwrap().replace("FOLDER", folder.to_str().unwrap());
        for (name, port) in ["PORT", "SECURE", "THREE", "IDLE", "MUTUAL"].iter().zip(ports) {
            conf = conf.replace(name, &port.to_string());
        }
        fs::write(folder.join("nginx.conf"), conf).unwrap();
        let files = folder.join("files");
        fs::create_dir(&files).unwrap();
        fs::write(files.join("hello.txt"), "hello from a file\n").unwrap();
        fs::write(files.join("medium.txt"), lines(60_000)).unwrap();
        fs::write(files.join("large.txt"), lines(3_000_000)).unwrap();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&lines(60_000)).unwrap();
        fs::write(files.join("medium.txt.gz"), gzip.finish().unwrap()).unwrap();
        fs::write(folder.join("passwords"), "gardener:{PLAIN}spade & rake\n").unwrap();
        let mut command = Command::new(nginx);
        command.arg("-p").arg(&folder).arg("-c").arg(folder.join("nginx.conf"));
        Some(Self { peer: Peer::listening(folder, &mut command, &ports), ports })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports[0])
    }

    /// The answer to `/connection` says which connection it was and how many requests it has served.
    fn connection_on(&self, server: usize) -> String {
        format!("http://127.0.0.1:{}/connection", self.ports[server])
    }
}

pub(crate) fn lines(length: usize) -> Vec<u8> {
    (0..).flat_map(|number: u32| format!("line {number}\n").into_bytes()).take(length).collect()
}

/// Which connection, how many requests it has served, and over which version of HTTP.
pub(crate) fn connection(response: &HttpResponse) -> (u64, u64, String) {
    let text = response.text();
    let mut words = text.split_whitespace();
    let mut number = || words.next().unwrap().parse().unwrap();
    (number(), number(), words.next().unwrap().to_owned())
}

#[test]
fn one_connection_serves_request_after_request() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let first = connection(&client.fetch(nginx.connection_on(0)).await?);
        for served in 2..=20 {
            let again = connection(&client.fetch(nginx.connection_on(0)).await?);
            assert_eq!(again, (first.0, served, "HTTP/1.1".to_owned()));
        }
        // Sound answers that are no success leave it as it was.
        assert!(client.fetch(nginx.url("/missing")).await.is_err());
        assert_eq!(connection(&client.fetch(nginx.connection_on(0)).await?).0, first.0);
        Ok(())
    });
}

#[test]
fn a_server_that_ends_its_connections_fails_no_request() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        for _ in 0..30 {
            connection(&client.fetch(nginx.connection_on(2)).await?);
        }
        let all = multi((0..100).map(|_| client.fetch(nginx.connection_on(2)).into_future())).await?;
        assert!(all.iter().all(|response| connection(response).1 <= 3));
        // Around the time after which the server closes, so that the close and the request cross.
        for round in 0..40 {
            sleep(Duration::from_millis(90 + round)).await;
            connection(&client.fetch(nginx.connection_on(3)).await?);
        }
        Ok(())
    });
}

#[test]
fn files_come_whole_in_part_and_not_again() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let whole = client.fetch(nginx.url("/large.txt")).await?;
        assert!(whole.body() == &lines(3_000_000));
        let part = client.fetch(HttpRequest::new(nginx.url("/large.txt")).header("Range", "bytes=5-14")).await?;
        assert_eq!((part.code(), part.text()), (206, "0\nline 1\nl".into()));
        assert_eq!(part.header("Content-Range"), Some("bytes 5-14/3000000"));
        let beyond = HttpRequest::new(nginx.url("/hello.txt")).header("Range", "bytes=100-");
        assert_eq!(client.fetch(beyond).await.unwrap_err().code(), 416);

        let modified = fs::metadata(nginx.peer.folder.join("files/hello.txt"))?.modified()?;
        let unchanged = HttpRequest::new(nginx.url("/hello.txt")).if_modified_since(modified);
        let response = client.fetch(unchanged).raise_error(false).await?;
        assert_eq!((response.code(), response.body().len()), (304, 0));
        assert_eq!(response.header("Last-Modified"), Some(&*format_timestamp(modified)));

        let head = client.fetch(HttpRequest::new(nginx.url("/large.txt")).method("HEAD")).await?;
        assert_eq!((head.header("Content-Length"), head.body().len()), (Some("3000000"), 0));
        Ok(())
    });
}

#[test]
fn what_is_compressed_is_inflated() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        for path in ["/gzip/medium.txt", "/gzip_static/medium.txt"] {
            let response = client.fetch(nginx.url(path)).await?;
            assert!(response.body() == &lines(60_000), "{path}");
            assert_eq!(response.header("X-Consumed-Content-Encoding"), Some("gzip"), "{path}");
            assert_eq!(response.header("Content-Encoding"), None, "{path}");
        }
        let raw = HttpRequest::new(nginx.url("/gzip_static/medium.txt")).decompress_response(false);
        let raw = client.fetch(raw).await?;
        assert_eq!((raw.header("Content-Encoding"), &raw.body()[..2]), (Some("gzip"), &b"\x1f\x8b"[..]));
        let plain = HttpRequest::new(nginx.url("/gzip/medium.txt")).decompress_response(false);
        assert_eq!(client.fetch(plain).await?.header("Content-Encoding"), None);
        Ok(())
    });
}

#[test]
fn a_password_opens_what_it_is_for() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let url = nginx.url("/private/hello.txt");
        let ask = || HttpRequest::new(url.clone());
        let refused = client.fetch(ask()).await.unwrap_err();
        assert_eq!((refused.code(), refused.to_string()), (401, "HTTP 401: Unauthorized".to_owned()));
        let wrong = ask().auth_username("gardener").auth_password("rake");
        assert_eq!(client.fetch(wrong).await.unwrap_err().code(), 401);
        let right = ask().auth_username("gardener").auth_password("spade & rake");
        assert_eq!(client.fetch(right).await?.text(), "hello from a file\n");
        let within = url.replace("http://", "http://gardener:spade%20%26%20rake@");
        assert_eq!(client.fetch(within).await?.text(), "hello from a file\n");
        Ok(())
    });
}

#[test]
fn a_slow_body_is_waited_for_as_long_as_is_allowed() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        // 60 kB at 40 kB a second.
        let hasty = HttpRequest::new(nginx.url("/slow/medium.txt")).request_timeout(Duration::from_millis(300));
        let error = client.fetch(hasty).await.unwrap_err();
        assert_eq!((error.code(), error.to_string()), (599, "Timeout during request".to_owned()));
        let mut stream = client.fetch(nginx.url("/slow/medium.txt")).stream().await?;
        let (mut length, mut pieces) = (0, 0);
        while let Some(chunk) = stream.next_chunk().await? {
            length += chunk.len();
            pieces += 1;
        }
        assert!(length == 60_000 && pieces > 1, "{length} bytes in {pieces} pieces");
        Ok(())
    });
}

#[test]
fn refusals_keep_their_response() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        for (path, method, code) in [
            ("/missing", "GET", 404),
            ("/no_room/", "GET", 507),
            ("/hello.txt", "POST", 405),
            ("/missing", "DELETE", 405),
        ] {
            let request = HttpRequest::new(nginx.url(path)).method(method);
            let request = if method == "POST" { request.body("") } else { request };
            let Err(HttpClientError::Status(response)) = client.fetch(request).await else { panic!("{path}") };
            assert_eq!(response.code(), code, "{method} {path}");
            assert!(response.text().contains(&format!("<title>{code}")), "{}", response.text());
        }
        // The server answers before it has read the body, and reads no more of it.
        let large = HttpRequest::new(nginx.url("/small/")).method("POST").body(vec![b'x'; 2_000_000]);
        assert_eq!(client.fetch(large).await.unwrap_err().code(), 413);
        // It closes without an answer.
        let error = client.fetch(nginx.url("/closes/")).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Closed { .. }) && error.code() == 599, "{error:?}");
        Ok(())
    });
}

#[test]
fn uploads_arrive_as_they_were_written() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let whole = HttpRequest::new(nginx.url("/uploads/whole.txt")).method("PUT").body(lines(300_000));
        assert_eq!(client.fetch(whole).await?.code(), 201);
        let streamed = HttpRequest::new(nginx.url("/uploads/streamed.txt")).method("PUT");
        let streamed = client.fetch(streamed).body_producer(async |body| {
            for piece in lines(300_000).chunks(7_000) {
                body.write(piece.to_vec()).await?;
            }
            Ok(())
        });
        assert_eq!(streamed.await?.code(), 201);
        for name in ["whole", "streamed"] {
            let found = client.fetch(nginx.url(&format!("/uploads/{name}.txt"))).await?;
            assert!(found.body() == &lines(300_000), "{name}");
        }
        Ok(())
    });
}

#[test]
fn redirects_are_followed_to_their_end_and_no_further() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let moved = client.fetch(nginx.url("/moved/")).await?;
        assert_eq!(moved.effective_url(), nginx.url("/connection"));
        let error = client.fetch(nginx.url("/forever/")).await.unwrap_err();
        assert_eq!(error.code(), 302);
        let stays = client.fetch(HttpRequest::new(nginx.url("/moved/")).follow_redirects(false)).await;
        assert_eq!(stays.unwrap_err().code(), 301);
        Ok(())
    });
}

#[test]
fn a_unix_socket_is_as_good_as_a_port() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let request = HttpRequest::new("http://site/hello.txt").unix_socket(nginx.peer.folder.join("nginx.sock"));
        assert_eq!(client.fetch(request.clone()).await?.text(), "hello from a file\n");
        assert_eq!(client.fetch(request).await?.text(), "hello from a file\n");
        Ok(())
    });
}
