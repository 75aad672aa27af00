//! What may not go wrong between the exchanges of a connection: one that fails, ends late, or is
//! worked on by several tasks harms no other, and its client always learns how it ended.

mod support;

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use firewhirl_event::coroutine::{sleep, yield_now};
use firewhirl_event::iostream::{MemoryPair, StreamLimits};
use firewhirl_event::locks::Event;
use firewhirl_event::{Error, IoLoop, IoStream, Result};
use firewhirl_http::http1::BodyLength;
use firewhirl_http::{
    BodyError, Exchange, Headers, Hold, HttpConnection, OutputError, ResponseError, ServerOptions, serve_stream,
};
use http::StatusCode;
use support::{answer, connect_to, run, statuses};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST_REQUEST: &str = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// All that comes until the server closes.
async fn until_closed(stream: &mut IoStream) -> Result<String> {
    Ok(String::from_utf8_lossy(&stream.read_until_close().await?).into_owned())
}

// --- answers that go wrong ---

#[test]
fn an_answer_that_breaks_off_is_not_ended_as_if_it_were_whole() {
    for panics in [false, true] {
        run(async move {
            let service = async move |exchange: &mut Exchange| -> Result {
                exchange.connection.write_head(StatusCode::OK, None, &Headers::new())?;
                exchange.connection.write(b"the beginning")?;
                exchange.connection.flush().await?;
                assert!(!panics, "on purpose");
                Err(Error::message("on purpose"))
            };
            let mut stream = connect_to(service, ServerOptions::new());
            stream.write(REQUEST.repeat(2));
            let came = until_closed(&mut stream).await?;
            assert!(came.ends_with("\r\nthe beginning\r\n"), "{came:?}");
            assert_eq!(statuses(&came), [200], "{came:?}");
            Ok(())
        });
    }
}

#[test]
fn an_answer_can_be_aborted() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            exchange.connection.write_head(StatusCode::OK, None, &Headers::new())?;
            exchange.connection.write(b"the beginning")?;
            exchange.connection.abort();
            assert!(exchange.connection.is_finished());
            Ok(())
        };
        let mut stream = connect_to(service, ServerOptions::new());
        stream.write(REQUEST.repeat(2));
        let came = until_closed(&mut stream).await?;
        assert!(came.ends_with("\r\nthe beginning\r\n") && statuses(&came) == [200], "{came:?}");
        Ok(())
    });
}

#[test]
fn an_end_without_a_head_is_an_error_that_is_answered() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result { Ok(exchange.connection.finish()?) };
        let mut stream = connect_to(service, ServerOptions::new());
        stream.write(REQUEST);
        stream.write(LAST_REQUEST);
        assert_eq!(statuses(&until_closed(&mut stream).await?), [500, 500]);
        Ok(())
    });
}

#[test]
fn a_second_end_is_an_error_that_the_client_does_not_see() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            answer(exchange, b"whole")?;
            let again = exchange.connection.finish();
            assert!(matches!(again, Err(ResponseError::Output(OutputError::AfterEnd))), "{again:?}");
            Ok(())
        };
        let mut stream = connect_to(service, ServerOptions::new());
        stream.write(REQUEST);
        stream.write(LAST_REQUEST);
        assert_eq!(statuses(&until_closed(&mut stream).await?), [200, 200]);
        Ok(())
    });
}

// --- what a request tells ---

#[test]
fn the_trailers_of_a_request_are_there_once_its_body_is_read() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            let connection = exchange.connection.clone();
            assert_eq!(connection.request_trailers(), None);
            connection.read_body().await?;
            let trailers = connection.request_trailers().unwrap_or_default();
            assert_eq!(trailers.as_bytes(), b"Checksum: 7\r\n");
            answer(exchange, b"read")
        };
        let mut stream = connect_to(service, ServerOptions::new().no_keep_alive(true));
        stream.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        stream.write("3\r\nabc\r\n0\r\nChecksum: 7\r\nHost: b\r\n\r\n");
        assert!(until_closed(&mut stream).await?.ends_with("read"));
        Ok(())
    });
}

#[test]
fn a_request_says_whether_the_proxy_in_front_is_believed_and_what_is_to_follow() {
    run(async {
        for believed in [false, true] {
            let service = async move |exchange: &mut Exchange| -> Result {
                let request = &exchange.request;
                assert_eq!(request.xheaders(), believed);
                assert_eq!(request.upgrade(), Some(&b"chat"[..]));
                assert_eq!(request.body_length(), BodyLength::Length(2));
                answer(exchange, b"seen")
            };
            let mut stream = connect_to(service, ServerOptions::new().no_keep_alive(true).xheaders(believed));
            stream.write(
                "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat\r\nContent-Length: 2\r\n\r\nhi",
            );
            assert!(until_closed(&mut stream).await?.ends_with("seen"));
        }
        Ok(())
    });
}

// --- pipelining ---

#[test]
fn an_answer_does_not_wait_for_a_slow_one_behind_it() {
    run(async {
        let go_on = Event::new();
        let awaited = go_on.clone();
        let service = async move |exchange: &mut Exchange| -> Result {
            if exchange.request.path() == "/last" {
                awaited.wait().await;
            }
            answer(exchange, exchange.request.path().as_bytes())
        };
        let mut stream = connect_to(service, ServerOptions::new());
        stream.write(REQUEST);
        stream.write(LAST_REQUEST);
        stream.read_until(b"\r\n\r\n/").await?;
        go_on.set();
        assert!(until_closed(&mut stream).await?.ends_with("/last"));
        Ok(())
    });
}

#[test]
fn an_answer_does_not_wait_for_one_behind_it_that_is_finished_later() {
    run(async {
        let held: Rc<RefCell<Option<(HttpConnection, Hold)>>> = Rc::default();
        let slot = held.clone();
        let service = async move |exchange: &mut Exchange| -> Result {
            if exchange.request.path() == "/last" {
                *slot.borrow_mut() = Some((exchange.connection.clone(), exchange.connection.hold()));
                return Ok(());
            }
            answer(exchange, b"first")
        };
        let mut stream = connect_to(service, ServerOptions::new());
        stream.write(REQUEST);
        stream.write(LAST_REQUEST);
        stream.read_until(b"\r\n\r\nfirst").await?;
        drop(held.take());
        assert_eq!(statuses(&until_closed(&mut stream).await?), [500]);
        Ok(())
    });
}

// --- handles that are kept too long ---

#[test]
fn a_handle_kept_from_one_exchange_cannot_touch_the_next() {
    run(async {
        let kept: Rc<RefCell<Option<HttpConnection>>> = Rc::default();
        let slot = kept.clone();
        let service = async move |exchange: &mut Exchange| -> Result {
            if exchange.request.path() == "/last" {
                sleep(Duration::from_millis(10)).await;
                let body = exchange.read_body().await?.clone();
                return answer(exchange, &body);
            }
            *slot.borrow_mut() = Some(exchange.connection.clone());
            answer(exchange, b"first")
        };
        let mut stream = connect_to(service, ServerOptions::new());
        stream.write(REQUEST);
        stream.read_until(b"\r\n\r\nfirst").await?;
        stream.write("POST /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody");
        stream.flush().await?;
        sleep(Duration::from_millis(2)).await;

        let old = kept.take().unwrap();
        assert!(old.is_finished() && old.is_closed());
        let stolen = old.respond(StatusCode::OK, None, &Headers::new(), b"stolen");
        assert!(matches!(stolen, Err(ResponseError::Closed)), "{stolen:?}");
        assert!(matches!(old.next_chunk().await, Err(BodyError::Closed)));
        assert!(old.flush().await.is_err() && old.detach().is_err());
        old.abort();
        old.set_max_body_size(1);
        old.on_close(Box::new(|| panic!("told of another exchange's client")));
        old.cancel_on_disconnect();
        assert!(until_closed(&mut stream).await?.ends_with("\r\n\r\nbody"));
        Ok(())
    });
}

#[test]
fn a_hold_kept_from_one_exchange_does_not_hold_up_the_next() {
    run(async {
        let kept: Rc<RefCell<Vec<Hold>>> = Rc::default();
        let slot = kept.clone();
        let service = async move |exchange: &mut Exchange| -> Result {
            if exchange.request.path() != "/last" {
                slot.borrow_mut().push(exchange.connection.hold());
                return answer(exchange, b"first");
            }
            Ok(())
        };
        let mut stream = connect_to(service, ServerOptions::new());
        stream.write(REQUEST);
        stream.write(LAST_REQUEST);
        assert_eq!(statuses(&until_closed(&mut stream).await?), [200, 500]);
        kept.take();
        Ok(())
    });
}

#[test]
fn a_handle_that_is_kept_does_not_keep_the_connection_open() {
    run(async {
        let kept: Rc<RefCell<Option<HttpConnection>>> = Rc::default();
        let slot = kept.clone();
        let service = async move |exchange: &mut Exchange| -> Result {
            *slot.borrow_mut() = Some(exchange.connection.clone());
            answer(exchange, b"last")
        };
        let mut stream = connect_to(service, ServerOptions::new());
        stream.write(LAST_REQUEST);
        stream.read_until(b"\r\n\r\nlast").await?;
        while stream.fill().await? > 0 {}
        sleep(Duration::from_millis(2)).await;
        stream.write("is anybody there?");
        assert!(stream.flush().await.is_err());
        assert!(kept.borrow().as_ref().is_some_and(HttpConnection::is_closed));
        Ok(())
    });
}

// --- several tasks at one exchange ---

#[test]
fn another_task_reads_the_body_while_the_handler_is_busy() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            let connection = exchange.connection.clone();
            let read = IoLoop::current().spawn(async move { connection.read_body().await });
            // It is woken again and again, and looks each time whether its client is there.
            for _ in 0..10 {
                sleep(Duration::from_millis(2)).await;
            }
            let body = read.await??;
            answer(exchange, &body)
        };
        let mut stream = connect_to(service, ServerOptions::new());
        stream.write("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbo");
        stream.flush().await?;
        sleep(Duration::from_millis(5)).await;
        stream.write("dy");
        assert!(until_closed(&mut stream).await?.ends_with("\r\n\r\nbody"));
        Ok(())
    });
}

#[test]
fn another_task_sends_while_the_handler_reads() {
    run(async {
        let length = 300_000;
        let service = async move |exchange: &mut Exchange| -> Result {
            let connection = exchange.connection.clone();
            let sent = IoLoop::current().spawn(async move {
                let mut headers = Headers::new();
                headers.set("Content-Length", length)?;
                connection.write_head(StatusCode::OK, None, &headers)?;
                connection.write(&vec![b'x'; length])?;
                connection.flush().await?;
                Ok::<(), Error>(())
            });
            sleep(Duration::from_millis(2)).await;
            let connection = &exchange.connection;
            while connection.next_chunk().await?.is_some() {}
            sent.await??;
            Ok(())
        };
        let (mut reader, writer) = connect_to(service, ServerOptions::new()).split();
        writer.write(format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"));
        let sending = IoLoop::current().spawn(async move {
            for _ in 0..30 {
                sleep(Duration::from_millis(1)).await;
                writer.write(vec![b'y'; length / 30]);
                writer.flush().await?;
            }
            Ok::<(), Error>(())
        });
        sleep(Duration::from_millis(10)).await;
        let mut came = 0;
        while let Ok(bytes) = reader.read_bytes(1 << 20).partial().await {
            came += bytes.len();
            sleep(Duration::from_millis(1)).await;
        }
        sending.await??;
        assert!(came > length, "{came}");
        Ok(())
    });
}

#[test]
fn a_flush_in_another_task_ends_with_the_write_timeout() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            let connection = exchange.connection.clone();
            let sent = IoLoop::current().spawn(async move {
                connection.write_head(StatusCode::OK, None, &Headers::new())?;
                connection.write(&vec![b'x'; 1_000_000])?;
                connection.flush().await?;
                Ok::<(), Error>(())
            });
            assert!(sent.await?.is_err());
            Ok(())
        };
        let (near, mut far) = IoStream::pair()?;
        let options = ServerOptions::new().write_timeout(Duration::from_millis(50));
        let served = IoLoop::current().spawn(serve_stream(near, Rc::new(service), options));
        far.write(REQUEST);
        far.flush().await?;
        served.await?;
        Ok(())
    });
}

// --- clients that send no more ---

#[test]
fn a_client_that_only_stops_sending_gets_all_its_answers() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            sleep(Duration::from_millis(5)).await;
            match exchange.request.path() {
                "/flushed" => {
                    let connection = &exchange.connection;
                    connection.write_head(StatusCode::OK, None, &Headers::new())?;
                    for part in ["one", "two"] {
                        connection.write(part.as_bytes())?;
                        connection.flush().await?;
                        sleep(Duration::from_millis(2)).await;
                    }
                    Ok(connection.finish()?)
                }
                "/fails" => Err(Error::message("on purpose")),
                path => answer(exchange, path.as_bytes()),
            }
        };
        let mut stream = connect_to(service, ServerOptions::new());
        for path in ["/first", "/flushed", "/fails", "/fourth"] {
            stream.write(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        }
        stream.close_write().await?;
        let came = until_closed(&mut stream).await?;
        assert_eq!(statuses(&came), [200, 200, 500, 200], "{came}");
        assert!(came.contains("\r\none\r\n3\r\ntwo\r\n0\r\n\r\n") && came.ends_with("/fourth"), "{came}");
        Ok(())
    });
}

#[test]
fn half_a_request_is_not_answered() {
    run(async {
        for half in ["GET / HTTP/1.1\r\nHost:", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"] {
            let service = async |exchange: &mut Exchange| -> Result {
                exchange.read_body().await?;
                panic!("the body is not whole");
            };
            let mut stream = connect_to(service, ServerOptions::new());
            stream.write(half);
            stream.close_write().await?;
            assert_eq!(until_closed(&mut stream).await?, "", "{half:?}");
        }
        Ok(())
    });
}

// --- what a connection may hold, and for how long ---

#[test]
fn a_chunk_longer_than_a_stream_queues_arrives_whole() {
    run(async {
        let length = 300_000;
        let service = async move |exchange: &mut Exchange| -> Result {
            let mut headers = Headers::new();
            headers.set("Content-Length", length)?;
            exchange.connection.write_head(StatusCode::OK, None, &headers)?;
            exchange.connection.write_bytes(Bytes::from(vec![b'x'; length]))?;
            Ok(exchange.connection.finish()?)
        };
        let (near, mut far) = IoStream::pair()?;
        let near = near.with_limits(StreamLimits::default().max_write_buffer_size(100_000));
        IoLoop::current().spawn_callback(serve_stream(near, Rc::new(service), ServerOptions::new()));
        far.write(LAST_REQUEST);
        far.read_until(b"\r\n\r\n").await?;
        assert_eq!(far.read_until_close().await?.len(), length);
        Ok(())
    });
}

#[test]
fn a_handler_that_never_flushes_is_stopped() {
    run(async {
        let written = Rc::new(Cell::new(0));
        let counted = written.clone();
        let service = async move |exchange: &mut Exchange| -> Result {
            exchange.connection.write_head(StatusCode::OK, None, &Headers::new())?;
            let megabyte = Bytes::from(vec![b'x'; 1 << 20]);
            while counted.get() < 200 {
                match counted.get() % 2 {
                    0 => exchange.connection.write(&megabyte)?,
                    _ => exchange.connection.write_bytes(megabyte.clone())?,
                }
                counted.set(counted.get() + 1);
            }
            Ok(exchange.connection.finish()?)
        };
        let mut stream = connect_to(service, ServerOptions::new());
        stream.write(LAST_REQUEST);
        stream.read_until(b"\r\n\r\n").await?;
        assert!(written.get() < 70, "{} MiB wait to be sent", written.get());
        Ok(())
    });
}

#[test]
fn a_slow_reader_gets_a_long_answer_though_nobody_flushes_it() {
    for request in [REQUEST, LAST_REQUEST] {
        run(async move {
            let length = 60_000;
            let service = async move |exchange: &mut Exchange| -> Result { answer(exchange, &vec![b'x'; length]) };
            let (near, mut far) = MemoryPair::new().capacity(1024).streams();
            let options = ServerOptions::new().write_timeout(Duration::from_millis(100));
            IoLoop::current().spawn_callback(serve_stream(near, Rc::new(service), options));
            far.write(request);
            far.flush().await?;
            let mut came = 0;
            while came < length {
                came += far.read_bytes(1024).partial().await?.len();
                sleep(Duration::from_millis(5)).await;
            }
            Ok(())
        });
    }
}

#[test]
fn the_answer_to_a_body_that_came_too_late_says_that_the_connection_ends() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            exchange.read_body().await?;
            answer(exchange, b"whole")
        };
        let options = ServerOptions::new().body_timeout(Duration::from_millis(50));
        let mut stream = connect_to(service, options);
        stream.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
        let came = until_closed(&mut stream).await?;
        assert_eq!(statuses(&came), [408], "{came}");
        assert!(came.contains("Connection: close\r\n"), "{came}");
        Ok(())
    });
}

/// How often another task has its turn while a handler reads this request's body.
async fn turns_while_reading(request: Vec<u8>, options: ServerOptions) -> Result<u32> {
    let turns: Rc<Cell<u32>> = Rc::default();
    let counted = turns.clone();
    let others = IoLoop::current().spawn(async move {
        loop {
            counted.set(counted.get() + 1);
            yield_now().await;
        }
    });
    let seen: Rc<Cell<u32>> = Rc::default();
    let noted = seen.clone();
    let service = async move |exchange: &mut Exchange| -> Result {
        // By then all of the body is there.
        sleep(Duration::from_millis(20)).await;
        let before = turns.get();
        while exchange.connection.next_chunk().await?.is_some() {}
        noted.set(turns.get() - before);
        answer(exchange, b"read")
    };
    let mut stream = connect_to(service, options);
    stream.write(request);
    stream.read_until(b"\r\n\r\nread").await?;
    others.abort();
    Ok(seen.get())
}

#[test]
fn a_body_that_is_all_there_leaves_other_connections_their_turns() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 4_000_000]).unwrap();
    let gzip = encoder.finish().unwrap();
    let length = gzip.len();
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
    let bomb = [head.as_bytes(), &gzip].concat();
    let chunks = "1\r\nx\r\n".repeat(8000);
    let dust = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
    run(async move {
        for (what, request) in [("a gzip bomb", bomb), ("dust", dust.into_bytes())] {
            let options = ServerOptions::new().decompress_request(true).chunk_size(4096);
            let turns = turns_while_reading(request, options).await?;
            assert!(turns >= 3, "{what}: {turns}");
        }
        Ok(())
    });
}
