//! Clients that would have the server hold or do too much, or wait for ever: each gets its error, the memory
//! and the work stay bounded, and others are served.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::{sleep, yield_now};
use firewhirl_event::locks::Event;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::{Exchange, Headers, Http2Options, HttpServer, ServerOptions};
use firewhirl_tcp::Peer;
use http::StatusCode;

use crate::exchanges::Client;
use crate::frames::*;
use crate::support::{answer, run, service};

const SHORT: Duration = Duration::from_millis(40);

/// Sends bytes for as long as the server takes them, and gives the code that it ends the connection with.
async fn flood(client: &mut RawClient, mut bytes: impl FnMut(u32) -> Vec<u8>) -> Result<Option<u32>> {
    for round in 0..40 {
        for index in 0..100 {
            let stream = (round * 100 + index) * 2 + 1;
            client.send(bytes(stream));
        }
        if client.stream.flush().await.is_err() {
            break;
        }
    }
    let frames = client.until_closed().await?;
    Ok(frames.iter().find(|frame| frame.kind == GOAWAY).map(Frame::code))
}

#[test]
fn floods_end_in_enhance_your_calm() {
    type Flood = (&'static str, fn() -> Vec<u8>, fn(u32) -> Vec<u8>);

    #[rustfmt::skip]
    const FLOODS: &[Flood] = &[
        ("PING",                       Vec::new,              |_| frame(PING, 0, 0, [0; 8])),
        ("SETTINGS",                   Vec::new,              |_| settings(&[(3, 100)])),
        ("SETTINGS of nothing",        Vec::new,              |_| settings(&[])),
        ("PRIORITY",                   Vec::new,              |stream| frame(PRIORITY, 0, stream, [0, 0, 0, 0, 16])),
        ("WINDOW_UPDATE",              Vec::new,              |_| window_update(0, 1)),
        ("WINDOW_UPDATE of a stream",  || get(1, "/patient"), |_| window_update(1, 1)),
        ("unknown types",              Vec::new,              |_| frame(0x42, 0, 0, [])),
        ("empty DATA",                 || post(1, "/patient"), |_| frame(DATA, 0, 1, [])),
        ("CONTINUATION of nothing",    || frame(HEADERS, 0, 1, request("GET", "/")), |_| frame(CONTINUATION, 0, 1, [])),
        ("CONTINUATION",               || frame(HEADERS, 0, 1, request("GET", "/")), |_| frame(CONTINUATION, 0, 1, field("x", "y"))),
        ("rapid reset",                Vec::new,              |stream| [get(stream, "/"), reset(stream, CANCEL)].concat()),
        ("rapid reset of patient ones", Vec::new,             |stream| [get(stream, "/patient"), reset(stream, CANCEL)].concat()),
        ("streams that break a rule",  Vec::new,              |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, field(":method", "GET"))),
    ];
    for &(what, begin, repeated) in FLOODS {
        run(async move {
            let mut client = RawClient::hello(service, ServerOptions::new()).await?;
            client.send(begin());
            assert_eq!(flood(&mut client, repeated).await?, Some(ENHANCE_YOUR_CALM), "{what}");
            Ok(())
        });
    }
}

#[test]
fn others_are_served_during_a_flood() {
    run(async {
        let server = HttpServer::new(async || Ok(service));
        let connect = || -> Result<IoStream> {
            let (near, far) = IoStream::pair()?;
            server.handle_stream(near, Peer::Unix);
            Ok(far)
        };
        let mut hostile = RawClient { stream: connect()? };
        hostile.send([PREFACE, &settings(&[])].concat());
        let (requests, connection) = h2::client::handshake(connect()?).await?;
        IoLoop::current().spawn_callback(async move { drop(connection.await) });
        let client = Client::from(requests);
        // As much as a second pays for, each time.
        for _ in 0..50 {
            hostile.send(frame(PING, 0, 0, [0; 8]).repeat(15));
            hostile.stream.flush().await?;
            assert_eq!(client.get("/x").await?.body, b"GET /x");
        }
        Ok(())
    });
}

#[test]
fn resets_do_not_multiply_the_handlers_of_a_connection() {
    run(async {
        let (running, most, go_on) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)), Event::new());
        let service = {
            let (running, most, go_on) = (running.clone(), most.clone(), go_on.clone());
            async move |exchange: &mut Exchange| -> Result {
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                go_on.wait().await;
                running.set(running.get() - 1);
                answer(exchange, b"")
            }
        };
        let options = ServerOptions::new().http2_options(Http2Options::new().max_concurrent_streams(5));
        let mut client = RawClient::hello(service, options).await?;
        // Each is waited for, so that its handler has begun when it is reset.
        for index in 0..30 {
            let stream = index * 2 + 1;
            client.send(get(stream, "/"));
            client.ping().await?;
            client.send(reset(stream, CANCEL));
        }
        client.ping().await?;
        assert_eq!(most.get(), 10);
        go_on.set();
        // The connection serves on.
        client.send(get(1001, "/"));
        assert!(client.next_where(|frame| frame.stream == 1001).await?.is_status(200));
        Ok(())
    });
}

/// A head with a field of 3 KiB that goes into the table once, and is named by a byte each time.
fn bomb(stream: u32, times: usize) -> Vec<u8> {
    let mut block = request("GET", "/");
    block.extend([0x40, 4]);
    block.extend(b"bomb");
    block.extend([0x7F, 0xB9, 0x16]);
    block.extend(vec![b'x'; 3_000]);
    block.extend(vec![0xBE; times]);
    frame(HEADERS, END_HEADERS | END_STREAM, stream, block)
}

#[test]
fn heads_above_the_limit_are_refused_and_bombs_end_the_connection() {
    run(async {
        let options = || ServerOptions::new().max_header_size(16_000);
        let mut client = RawClient::hello(service, options()).await?;
        client.send(bomb(1, 5));
        let answer = client.next_where(|frame| frame.kind == HEADERS || frame.kind == GOAWAY).await?;
        // 431 has no byte of its own: the name's index, and three digits.
        assert_eq!((answer.kind, &answer.payload[..1]), (HEADERS, &[0x48][..]), "{answer:?}");
        client.send(get(3, "/"));
        assert!(client.next_where(|frame| frame.stream == 3).await?.is_status(200));

        let mut client = RawClient::hello(service, options()).await?;
        client.send(bomb(1, 1_000));
        let goaway = client.next_where(|frame| frame.kind == GOAWAY).await?;
        assert_eq!(goaway.code(), ENHANCE_YOUR_CALM);
        Ok(())
    });
}

#[test]
fn more_streams_than_allowed_are_refused_and_the_others_served() {
    run(async {
        let options = ServerOptions::new().http2_options(Http2Options::new().max_concurrent_streams(3));
        let mut client = RawClient::hello(service, options).await?;
        for stream in [1, 3, 5, 7, 9] {
            client.send(get(stream, "/slow"));
        }
        let (mut refused, mut served) = (Vec::new(), Vec::new());
        while refused.len() + served.len() < 5 {
            let frame = client.next_where(|frame| matches!(frame.kind, RST_STREAM | HEADERS)).await?;
            match frame.kind {
                RST_STREAM => {
                    assert_eq!(frame.code(), REFUSED_STREAM);
                    refused.push(frame.stream);
                }
                _ => served.push(frame.stream),
            }
        }
        assert_eq!((refused, served), (vec![7, 9], vec![1, 3, 5]));
        Ok(())
    });
}

#[test]
fn a_client_that_opens_no_window_is_reset_in_time_and_its_connection_goes_on() {
    run(async {
        let options = ServerOptions::new().write_timeout(SHORT);
        let mut client = RawClient::hello_with(service, options, &[(4, 0)]).await?;
        client.send(get(1, "/big"));
        assert!(client.next_where(|frame| frame.stream == 1).await?.is_status(200));
        let end = client.next_where(|frame| frame.stream == 1).await?;
        assert_eq!((end.kind, end.code()), (RST_STREAM, CANCEL));
        client.send([get(3, "/x"), window_update(3, 100)].concat());
        assert_eq!(client.next_where(|frame| frame.kind == DATA).await?.payload, b"GET /x");
        Ok(())
    });
}

#[test]
fn a_flush_into_a_closed_window_ends_in_time() {
    run(async {
        let failed = Event::new();
        let service = {
            let failed = failed.clone();
            async move |exchange: &mut Exchange| -> Result {
                exchange.connection.write_head(StatusCode::OK, None, &Headers::new())?;
                exchange.connection.write(b"x")?;
                assert!(exchange.connection.flush().await.is_err());
                failed.set();
                Ok(())
            }
        };
        let mut client = RawClient::hello_with(service, ServerOptions::new().write_timeout(SHORT), &[(4, 0)]).await?;
        client.send(get(1, "/"));
        client.stream.flush().await?;
        failed.wait().await;
        Ok(())
    });
}

#[test]
fn a_client_that_takes_nothing_at_all_loses_its_connection() {
    run(async {
        let ended = Event::new();
        let service = {
            let ended = ended.clone();
            async move |exchange: &mut Exchange| -> Result {
                exchange.connection.write_head(StatusCode::OK, None, &Headers::new())?;
                while exchange.connection.write(&[0; 10_000]).is_ok() && exchange.connection.flush().await.is_ok() {}
                ended.set();
                Ok(())
            }
        };
        let options = ServerOptions::new().write_timeout(SHORT);
        let mut client = RawClient::hello_with(service, options, &[(4, 0x7FFF_FFFF)]).await?;
        client.send([window_update(0, 0x7FFF_0000), get(1, "/")].concat());
        client.stream.flush().await?;
        ended.wait().await;
        Ok(())
    });
}

#[test]
fn a_body_that_dribbles_is_answered_408() {
    run(async {
        let mut client = RawClient::hello(service, ServerOptions::new().body_timeout(SHORT)).await?;
        client.send([post(1, "/echo"), frame(DATA, 0, 1, b"x")].concat());
        let answer = client.next_where(|frame| frame.stream == 1).await?;
        assert_eq!((answer.kind, &answer.payload[..1]), (HEADERS, &[0x48][..]), "{answer:?}");
        // The rest is not wanted, and the answer is whole.
        let end = client.next_where(|frame| frame.kind == RST_STREAM).await?;
        assert_eq!((end.stream, end.code()), (1, NO_ERROR));
        client.send(get(3, "/"));
        assert!(client.next_where(|frame| frame.stream == 3).await?.is_status(200));
        Ok(())
    });
}

#[test]
fn a_greeting_that_does_not_end_is_cut_off() {
    for sent in [&PREFACE[..3], &PREFACE[..18], PREFACE, b""] {
        run(async move {
            let mut client = RawClient::to(service, ServerOptions::new().header_timeout(SHORT));
            client.send(sent);
            client.stream.flush().await?;
            client.stream.read_until_close().await?;
            Ok(())
        });
    }
}

#[test]
fn an_idle_connection_is_told_that_it_ends() {
    run(async {
        let options = ServerOptions::new().idle_connection_timeout(SHORT);
        let mut client = RawClient::hello(service, options).await?;
        client.send(get(1, "/"));
        let frames = client.until_closed().await?;
        let goaway = frames.iter().find(|frame| frame.kind == GOAWAY).expect("it says so");
        assert_eq!((goaway.number(0), goaway.code()), (1, NO_ERROR));
        Ok(())
    });
}

#[test]
fn a_silent_client_is_asked_whether_it_is_there() {
    run(async {
        let options = ServerOptions::new().http2_options(Http2Options::new().keep_alive(SHORT, SHORT));
        let mut client = RawClient::hello(service, options).await?;
        client.send(get(1, "/never-asked-for"));
        let ping = client.next_where(|frame| frame.kind == PING).await?;
        client.send(frame(PING, ACK, 0, &ping.payload));
        // It has answered, and is asked again; then it does not.
        client.next_where(|frame| frame.kind == PING).await?;
        let rest = client.until_closed().await?;
        assert!(rest.iter().all(|frame| frame.kind != HEADERS), "{rest:?}");
        Ok(())
    });
}

#[test]
fn small_frames_that_nobody_reads_do_not_pile_up() {
    run(async {
        let service = async |exchange: &mut Exchange| -> Result {
            exchange.connection.closed().await;
            Ok(())
        };
        let mut client = RawClient::hello(service, ServerOptions::new()).await?;
        client.send(post(1, "/"));
        let ended = flood(&mut client, |_| frame(DATA, 0, 1, [0; 1]).repeat(10)).await?;
        assert_eq!(ended, Some(ENHANCE_YOUR_CALM));
        Ok(())
    });
}

// --- the end of a server ---

#[test]
fn a_drain_says_goodbye_twice_and_finishes_what_is_under_way() {
    run(async {
        let server = HttpServer::new(async || Ok(service));
        let (near, far) = IoStream::pair()?;
        server.handle_stream(near, Peer::Unix);
        let mut client = RawClient { stream: far };
        client.send([PREFACE, &settings(&[]), &frame(SETTINGS, ACK, 0, []), &get(1, "/patient")].concat());
        client.ping().await?;
        let handle = server.handle();
        let drained = IoLoop::current().spawn(async move { handle.drain(Duration::from_secs(10)).await });
        // First that it will end, so that what is on its way may still come.
        let first = client.next_where(|frame| frame.kind == GOAWAY).await?;
        assert_eq!((first.number(0), first.code()), (0x7FFF_FFFF, NO_ERROR));
        let ping = client.next_where(|frame| frame.kind == PING).await?;
        client.send([get(3, "/x"), frame(PING, ACK, 0, &ping.payload)].concat());
        // Then which were seen.
        let second = client.next_where(|frame| frame.kind == GOAWAY).await?;
        assert_eq!((second.number(0), second.code()), (3, NO_ERROR));
        client.send(get(5, "/y"));
        let mut answered = Vec::new();
        while let Some(frame) = client.next().await? {
            if frame.kind == HEADERS {
                answered.push(frame.stream);
            }
        }
        answered.sort_unstable();
        assert_eq!(answered, [1, 3]);
        assert_eq!(drained.await?, 0);
        Ok(())
    });
}

#[test]
fn a_drain_does_not_wait_for_a_client_that_says_nothing() {
    run(async {
        let server = HttpServer::new(async || Ok(service));
        let (near, far) = IoStream::pair()?;
        server.handle_stream(near, Peer::Unix);
        let mut client = RawClient { stream: far };
        client.send([PREFACE, &settings(&[])].concat());
        client.ping().await?;
        assert_eq!(server.drain(Duration::from_secs(15)).await, 0);
        Ok(())
    });
}

#[test]
fn a_handler_learns_that_its_server_drains() {
    run(async {
        let told = Event::new();
        let service = {
            let told = told.clone();
            async move |exchange: &mut Exchange| -> Result {
                exchange.connection.draining().await;
                told.set();
                answer(exchange, b"goodbye")
            }
        };
        let server = HttpServer::new(async move || Ok(service.clone()));
        let (near, far) = IoStream::pair()?;
        server.handle_stream(near, Peer::Unix);
        let (requests, connection) = h2::client::handshake(far).await?;
        IoLoop::current().spawn_callback(async move { drop(connection.await) });
        let client = Client::from(requests);
        let asked = IoLoop::current().spawn(async move { client.get("/").await });
        while server.statistics().requests_in_progress == 0 {
            yield_now().await;
        }
        server.drain(Duration::from_secs(10)).await;
        assert!(told.is_set());
        assert_eq!(asked.await??.body, b"goodbye");
        Ok(())
    });
}

#[test]
fn no_request_is_lost_in_a_drain_under_load() {
    run(async {
        let server = HttpServer::new(async || Ok(service));
        let (mut tasks, refused) = (Vec::new(), Rc::new(Cell::new(0)));
        for _ in 0..5 {
            let (near, far) = IoStream::pair()?;
            server.handle_stream(near, Peer::Unix);
            let (requests, connection) = h2::client::handshake(far).await?;
            IoLoop::current().spawn_callback(async move { drop(connection.await) });
            for _ in 0..10 {
                let (client, refused) = (Client::from(requests.clone()), refused.clone());
                tasks.push(IoLoop::current().spawn(async move {
                    let mut answered = 0;
                    loop {
                        match client.get("/slow").await {
                            Ok(answer) => {
                                assert_eq!(answer.body, b"slow");
                                answered += 1;
                            }
                            // Never begun, so that it may go elsewhere.
                            Err(error) => {
                                let said = error.find::<h2::Error>().expect("h2 says why");
                                assert!(said.is_go_away() && said.is_remote(), "{said:?}");
                                refused.set(refused.get() + 1);
                                return answered;
                            }
                        }
                    }
                }));
            }
        }
        sleep(Duration::from_millis(30)).await;
        assert_eq!(server.drain(Duration::from_secs(10)).await, 0);
        let mut answered = 0;
        for task in tasks {
            answered += task.await?;
        }
        assert_eq!(server.statistics().requests, answered, "each that was begun was answered");
        assert_eq!(refused.get(), 50);
        Ok(())
    });
}
