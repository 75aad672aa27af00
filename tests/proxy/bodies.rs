//! Bodies in both directions: streamed, held back, broken off, with what stands before and behind them.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use firewhirl::prelude::*;

use crate::fronts::{answering, back, eventually, exchange, field, front, raw, read_head, run, serve};

/// Bytes that pass in each direction; the long check sets more.
fn megabytes() -> usize {
    std::env::var("FIREWHIRL_PROXY_MEGABYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(48)
}

const PART: &[u8] = &[7; 64 * 1024];

#[test]
fn a_chunk_arrives_before_the_next_is_written() {
    run(async {
        let behind = raw(async |mut stream| {
            read_head(&mut stream).await?;
            stream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            for part in ["3\r\none\r\n", "3\r\ntwo\r\n", "0\r\n\r\n"] {
                stream.flush().await?;
                // The client says when it has seen what came before.
                assert_eq!(stream.read_bytes(3).await?, "on\n");
                stream.write(part);
            }
            stream.flush().await?;
            stream.wait_closed().await;
            Ok(())
        })?;
        let front = front(behind)?;
        let mut client = front.client().connect().await?;
        client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        read_head(&mut client).await?;
        Ok(())
    });
}

#[test]
fn request_and_response_flow_at_the_same_time() {
    run(async {
        let (_back, behind) = back(|| {
            Application::new().post(url("/echo").stream_request_body(), async |cx| {
                while let Some(chunk) = cx.body().next().await? {
                    cx.write(&chunk)?;
                    cx.flush().await?;
                }
                Ok(())
            })
        })?;
        let front = front(behind)?;
        let mut client = front.client().connect().await?;
        client.write("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        for (number, part) in ["one", "two", "three"].into_iter().enumerate() {
            client.write(format!("{:x}\r\n{part}\r\n", part.len()));
            if number == 0 {
                assert!(read_head(&mut client).await?.starts_with("HTTP/1.1 200 OK\r\n"));
            }
            let chunk = client.read_until(b"\r\n").await?;
            assert_eq!(chunk, format!("{:x}\r\n", part.len()));
            assert_eq!(client.read_bytes(part.len() + 2).await?, format!("{part}\r\n"));
        }
        client.write("0\r\n\r\n");
        assert_eq!(client.read_until_close().await?, "0\r\n\r\n");
        Ok(())
    });
}

#[test]
fn a_reader_that_reads_nothing_holds_the_service_behind_back() {
    run(async {
        let written = Rc::new(Cell::new(0_usize));
        let counted = written.clone();
        let behind = raw(async move |mut stream| {
            read_head(&mut stream).await?;
            let length = megabytes() * 1024 * 1024;
            stream.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"));
            while counted.get() < length {
                stream.write(PART);
                stream.flush().await?;
                counted.set(counted.get() + PART.len());
            }
            stream.wait_closed().await;
            Ok(())
        })?;
        let front = front(behind)?;
        let mut client = front.client().connect().await?;
        client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let head = read_head(&mut client).await?;
        settled(&written).await;
        // Of what is on its way the kernel's buffers hold most, ours a few parts.
        assert!(written.get() < 24 * 1024 * 1024, "{} bytes for a client that reads nothing", written.get());
        let length: usize = field(&head, "Content-Length").unwrap().parse().unwrap();
        let mut read = 0;
        while read < length {
            read += client.read_bytes(PART.len()).partial().await?.len();
        }
        assert_eq!((read, written.get()), (length, length));
        Ok(())
    });
}

#[test]
fn a_service_that_reads_nothing_holds_the_client_back() {
    run(async {
        let go_on = Rc::new(firewhirl::event::locks::Event::new());
        let released = go_on.clone();
        let behind = raw(async move |mut stream| {
            let head = read_head(&mut stream).await?;
            let length: usize = field(&head, "Content-Length").unwrap().parse().unwrap();
            released.wait().await;
            let mut read = 0;
            while read < length {
                read += stream.read_bytes(PART.len()).partial().await?.len();
            }
            stream.write(format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Read: {read}\r\n\r\n"));
            stream.flush().await?;
            Ok(())
        })?;
        let front = front(behind)?;
        let length = megabytes() * 1024 * 1024;
        let mut client = front.client().connect().await?;
        client.write(format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"));
        let sent = Rc::new(Cell::new(0_usize));
        let counted = sent.clone();
        let sending = IoLoop::current().spawn(async move {
            while counted.get() < length {
                client.write(PART);
                client.flush().await?;
                counted.set(counted.get() + PART.len());
            }
            let answer = client.read_until_close().await?;
            Ok::<_, Error>(String::from_utf8_lossy(&answer).into_owned())
        });
        settled(&sent).await;
        assert!(sent.get() < 24 * 1024 * 1024, "{} bytes for a service that reads nothing", sent.get());
        go_on.set();
        let answer = sending.await??;
        assert_eq!(field(&answer, "X-Read"), Some(&*length.to_string()));
        Ok(())
    });
}

/// Waits until a count does not grow any more.
async fn settled(count: &Cell<usize>) {
    let mut last = usize::MAX;
    while last != count.get() || last == 0 {
        last = count.get();
        sleep(Duration::from_millis(300)).await;
    }
}

#[test]
fn a_body_passes_whose_size_the_server_itself_would_refuse() {
    run(async {
        let (_back, behind) = back(|| {
            Application::new().put(url("/").stream_request_body(), async |cx| {
                let mut length = 0;
                while let Some(chunk) = cx.body().next().await? {
                    length += chunk.len();
                }
                cx.write(format!("{length}"))
            })
        })?;
        let limited = behind.clone().max_body_size(1000);
        let app = async move || Ok(Application::new().mount("/limited", limited.clone()).fallback(behind.clone()));
        let front = firewhirl_testing::TestServer::serve(HttpServer::new(app).max_body_size(10))?;
        let client = front.client();
        assert_eq!(client.put("/").body(vec![0; 100_000]).await?.text(), "100000");
        assert_eq!(client.put("/limited").body(vec![0; 1001]).await?.status(), 413);
        let chunked = client.put("/limited").body_producer(async |writer| {
            for _ in 0..20 {
                writer.write(vec![0; 100]).await?;
            }
            Ok(())
        });
        assert_eq!(chunked.await?.status(), 413);
        Ok(())
    });
}

#[test]
fn a_client_that_asks_first_is_told_by_the_service_behind() {
    run(async {
        let behind = raw(async |mut stream| {
            let head = read_head(&mut stream).await?;
            assert_eq!(field(&head, "Expect"), Some("100-continue"));
            if head.starts_with("POST /no ") {
                stream.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
                stream.flush().await?;
                stream.wait_closed().await;
                return Ok(());
            }
            assert!(stream.buffer().is_empty());
            stream.write("HTTP/1.1 100 Continue\r\n\r\n");
            assert_eq!(stream.read_bytes(5).await?, "12345");
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            stream.flush().await?;
            stream.wait_closed().await;
            Ok(())
        })?;
        let front = front(behind)?;
        let ask = |path: &str| {
            format!(
                "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
            )
        };
        let mut client = front.client().connect().await?;
        client.write(ask("/yes"));
        assert_eq!(read_head(&mut client).await?, "HTTP/1.1 100 Continue\r\n\r\n");
        client.write("12345");
        assert!(client.read_until_close().await?.ends_with(b"ok"));
        let answer = exchange(&front, &ask("/no")).await?;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
        Ok(())
    });
}

#[test]
fn trailers_pass_in_both_directions() {
    run(async {
        let seen = Rc::new(Cell::new(false));
        let noted = seen.clone();
        let behind = raw(async move |mut stream| {
            let head = read_head(&mut stream).await?;
            assert_eq!(field(&head, "TE"), Some("trailers"));
            assert_eq!(stream.read_until(b"\r\n\r\n").await?, "3\r\nabc\r\n0\r\nChecksum: 7\r\n\r\n");
            noted.set(true);
            stream.write(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\nok\r\n0\r\nDigest: 9\r\n\r\n",
            );
            stream.flush().await?;
            Ok(())
        })?;
        let front = front(behind)?;
        let request = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close, TE\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n\
                       3\r\nabc\r\n0\r\nChecksum: 7\r\n\r\n";
        let answer = exchange(&front, request).await?;
        assert!(answer.ends_with("\r\n\r\n2\r\nok\r\n0\r\nDigest: 9\r\n\r\n"), "{answer}");
        assert!(seen.get());
        Ok(())
    });
}

#[test]
fn a_body_that_the_server_inflates_goes_on_inflated() {
    run(async {
        // gzip of "hello"
        let packed: &[u8] =
            &[31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0];
        let (_back, behind) = back(|| {
            Application::new().post("/", async |cx| {
                let coded = cx.request.header("Content-Encoding").is_some();
                cx.write(format!("{coded} {}", String::from_utf8_lossy(cx.request.body())))
            })
        })?;
        let app = async move || Ok(Application::new().fallback(behind.clone()));
        let front = firewhirl_testing::TestServer::serve(HttpServer::new(app).decompress_request(true))?;
        let answer = front.client().post("/").header("Content-Encoding", "gzip").body(packed).await?;
        assert_eq!(answer.text(), "false hello");
        Ok(())
    });
}

#[test]
fn an_answer_that_comes_before_the_body_is_read_reaches_the_client() {
    run(async {
        let (_, behind) = answering("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")?;
        let front = front(behind)?;
        let answer = front.client().post("/").body(vec![0; 300_000]).await?;
        assert_eq!((answer.status().as_u16(), answer.text().as_ref()), (413, "no"));
        Ok(())
    });
}

#[test]
fn a_client_that_leaves_ends_what_is_done_for_it_behind() {
    run(async {
        for upload in [false, true] {
            let (begun, left) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
            let (noted_begun, noted_left) = (begun.clone(), left.clone());
            let behind = raw(async move |mut stream| {
                read_head(&mut stream).await?;
                noted_begun.set(true);
                stream.wait_closed().await;
                noted_left.set(true);
                Ok(())
            })?;
            let front = serve(move || Application::new().fallback(behind.clone()))?;
            let mut client = front.client().connect().await?;
            match upload {
                false => client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                true => client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nthe beginning"),
            }
            client.flush().await?;
            eventually(|| begun.get()).await;
            drop(client);
            eventually(|| left.get()).await;
        }
        Ok(())
    });
}
