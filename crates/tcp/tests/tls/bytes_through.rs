//! What goes through once TLS is there: bytes of any number, ends of either direction, and what is no end.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::Poll;

use firewhirl_event::iostream::{BufferMemory, MemoryPair};
use firewhirl_event::{IoLoop, IoStream, Result, StreamError};
use firewhirl_tcp::tls::{ClientTls, TlsVersion, session};

use super::{shake, shake_over, sides, streams};

#[test]
fn what_one_side_writes_the_other_reads() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
            let client = ClientTls::new(&client.options().clone().maximum_version(version))?;
            let (mut server, mut client) = streams(&server, &client).await;
            for stream in [&server, &client] {
                let session = session(stream).unwrap();
                assert_eq!((session.version(), session.resumed()), (version, false));
                assert_eq!(session.server_name(), Some("example.org"));
            }
            client.write("ping\n");
            client.flush().await?;
            assert_eq!(server.read_until(b"\n").await?, "ping\n");
            server.write("pong\n");
            server.close();
            assert_eq!(client.read_until_close().await?, "pong\n");
        }
        Ok(())
    })
}

/// Bytes that are different wherever one looks.
fn pattern(length: usize) -> Vec<u8> {
    (0..length as u32).flat_map(|word| word.wrapping_mul(2_654_435_761).to_le_bytes()).take(length).collect()
}

#[test]
fn a_mebibyte_each_way_at_once_arrives_over_whatever_network() -> Result {
    let (server, client) = sides();
    let sent = pattern(1 << 20);
    IoLoop::current().run_sync(async move {
        let slow = |seed: u64| MemoryPair::slow(seed).capacity(1000 << seed);
        let networks = (0..8).map(slow).chain([MemoryPair::new(), MemoryPair::new().capacity(1 << 20)]);
        for (number, network) in networks.enumerate() {
            let (server, client) = shake_over(network, &server, &client, "example.org").await;
            let ends = [server?, client?].map(|stream| {
                let sent = sent.clone();
                IoLoop::current().spawn(async move { echo_of_the_other(stream, sent).await })
            });
            for end in ends {
                assert!(end.await? == sent, "network {number}");
            }
        }
        Ok(())
    })
}

/// Sends `bytes` in pieces of every size, says that no more comes, and gives what the other side sent.
async fn echo_of_the_other(stream: IoStream, bytes: Vec<u8>) -> bytes::Bytes {
    let (mut reader, writer) = stream.split();
    let sending = IoLoop::current().spawn(async move {
        let mut rest = &bytes[..];
        let mut size = 1;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            writer.write(piece);
            writer.flush().await.unwrap();
            (rest, size) = (after, (size * 3) % 100_003);
        }
        writer.close_write().await.unwrap();
        writer
    });
    let received = reader.read_until_close().await.unwrap();
    sending.await.unwrap();
    received
}

#[test]
fn one_direction_may_end_before_the_other() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        let (mut server, mut client) = streams(&server, &client).await;
        client.write("the question");
        client.close_write().await?;
        assert_eq!(server.read_until_close().await?, "the question");
        server.write("the answer");
        server.close();
        assert_eq!(client.read_until_close().await?, "the answer");
        Ok(())
    })
}

#[test]
fn an_end_that_is_not_announced_is_no_end() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        // Somebody on the way, who passes everything on until he cuts both connections.
        let ((near, his_near), (his_far, far)) = (IoStream::pair()?, IoStream::pair()?);
        let relay = IoLoop::current().spawn(async move {
            let (mut his_near, mut his_far) = (his_near, his_far);
            drop(tokio::io::copy_bidirectional(&mut his_near, &mut his_far).await);
        });
        let accepting = IoLoop::current().spawn(async move { server.accept(far).await });
        let mut client = client.connect(near, "example.org").await?;
        let mut server = accepting.await??;
        server.write("the beginning");
        server.flush().await?;
        assert_eq!(client.read_bytes(13).await?, "the beginning");
        relay.abort();
        for stream in [&mut client, &mut server] {
            match stream.read_until_close().await {
                Err(StreamError::Closed { cause: Some(cause) }) => assert_eq!(cause.kind(), ErrorKind::UnexpectedEof),
                other => panic!("{other:?}"),
            }
        }
        Ok(())
    })
}

#[test]
fn what_is_left_unsent_is_not_followed_by_an_orderly_end() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        let (mut server, mut client) = streams(&server, &client).await;
        // More than the network takes.
        server.write(vec![b'x'; 4 << 20]);
        server.close();
        let mut received = 0;
        let ended = loop {
            match client.fill().await {
                Ok(0) => break None,
                Ok(count) => {
                    received += count;
                    client.consume(count);
                }
                Err(error) => break Some(error),
            }
        };
        assert!((1..4 << 20).contains(&received), "{received}");
        assert!(matches!(ended, Some(StreamError::Closed { cause: Some(_) })), "{ended:?}");
        Ok(())
    })
}

#[test]
fn a_peer_that_is_cut_off_anywhere_ends_in_an_error_and_never_in_less_data() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        for cut in (0..6000).step_by(97) {
            let pair = MemoryPair::new().seed(cut).split().truncate_after(cut);
            let (served, connected) = shake_over(pair, &server, &client, "example.org").await;
            let (Ok(mut served), Ok(mut connected)) = (served, connected) else { continue };
            served.write(vec![b'x'; 2000]);
            let sending = IoLoop::current().spawn(async move { drop(served.close_write().await) });
            match connected.read_until_close().await {
                Ok(bytes) => assert_eq!(bytes.len(), 2000, "cut after {cut}"),
                Err(StreamError::Closed { cause: Some(_) }) => {}
                Err(error) => panic!("cut after {cut}: {error:?}"),
            }
            sending.await?;
        }
        Ok(())
    })
}

/// A server that has written its last answer and reads for the next request: nobody flushes any more.
#[test]
fn what_is_in_records_and_found_no_room_leaves_while_its_writer_reads() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        let network = MemoryPair::new().capacity(4000);
        let (server, client) = shake_over(network, &server, &client, "example.org").await;
        let (mut server, mut client) = (server?, client?);
        let answer = pattern(50_000);
        server.write(&answer);
        let serving = IoLoop::current().spawn(async move { server.read_until(b"\n").await });
        assert!(client.read_bytes(answer.len()).await? == answer);
        client.write("thanks\n");
        client.flush().await?;
        assert_eq!(serving.await??, "thanks\n");
        Ok(())
    })
}

#[test]
fn a_writer_feels_a_slow_reader() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        let (mut server, mut client) = streams(&server, &client).await;
        server.write(vec![b'x'; 1 << 20]);
        let flushed = firewhirl_event::coroutine::with_timeout(std::time::Duration::from_millis(50), server.flush());
        assert!(flushed.await.is_err(), "a mebibyte fits nowhere while nobody reads");
        let reading = IoLoop::current().spawn(async move { client.read_bytes(1 << 20).await.map(|bytes| bytes.len()) });
        server.flush().await?;
        assert_eq!(reading.await??, 1 << 20);
        Ok(())
    })
}

#[test]
fn a_stream_with_tls_knows_the_connection_beneath() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        let listening = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listening.local_addr()?;
        let connecting = IoLoop::current().spawn(IoStream::connect(address));
        let (tcp, peer) = listening.accept().await?;
        let far = IoStream::from(tcp);
        let near = connecting.await??;
        let accepting = IoLoop::current().spawn(async move { server.accept(far).await });
        let client = client.connect(near, "example.org").await?;
        let mut server = accepting.await??;
        assert_eq!((client.peer_addr()?, server.peer_addr()?), (address, peer));
        let gone = std::rc::Rc::new(std::cell::Cell::new(false));
        server.set_close_callback({
            let gone = gone.clone();
            move || gone.set(true)
        });
        drop(client);
        server.wait_closed().await;
        tokio::task::yield_now().await;
        assert!(gone.get());
        Ok(())
    })
}

#[test]
fn tls_goes_through_tls() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        let (outer_server, outer_client) = streams(&server, &client).await;
        let accepting = IoLoop::current().spawn(async move { server.accept(outer_server).await });
        let mut inner_client = client.connect(outer_client, "example.org").await?;
        let mut inner_server = accepting.await??;
        inner_client.write(vec![b'x'; 300_000]);
        let sending = IoLoop::current().spawn(async move {
            inner_client.flush().await?;
            inner_client.read_until_close().await
        });
        assert_eq!(inner_server.read_bytes(300_000).await?.len(), 300_000);
        inner_server.write("done");
        inner_server.close();
        assert_eq!(sending.await??, "done");
        Ok(())
    })
}

#[test]
fn an_idle_connection_holds_no_buffers() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        let (served, connected) = shake(&server, &client, "example.org").await;
        let (mut served, mut connected) = (served?, connected?);
        served.write("x".repeat(100_000));
        let reading = IoLoop::current().spawn(async move {
            connected.read_bytes(100_000).await?;
            Ok::<_, StreamError>(connected)
        });
        served.flush().await?;
        let mut connected = reading.await??;
        for stream in [&mut served, &mut connected] {
            // What is idle waits for what comes next.
            let is_pending = poll_fn(|cx| Poll::Ready(stream.poll_fill(cx).is_pending())).await;
            assert!(is_pending);
            assert_eq!(format!("{:?}", stream.buffer_memory()), format!("{:?}", BufferMemory::default()));
        }
        Ok(())
    })
}
