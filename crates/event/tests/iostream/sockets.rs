//! What only sockets have: addresses, connecting, Nagle's algorithm.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;

use firewhirl_event::{IoStream, StreamError};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::spawn_local;

use crate::pairs::{run, tcp};

#[test]
fn a_refused_connection_says_why() {
    run(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        drop(listener);
        let Err(StreamError::Closed { cause: Some(cause) }) = IoStream::connect(address).await else {
            panic!("connected to nobody");
        };
        assert_eq!(cause.kind(), ErrorKind::ConnectionRefused);
        assert!(IoStream::connect_unix("/nowhere/at/all").await.is_err());
        Ok(())
    });
}

#[test]
fn a_simple_client_reads_an_answer() {
    run(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        spawn_local(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut stream = IoStream::from(socket);
            stream.read_until(b"\r\n\r\n").await.unwrap();
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello");
            stream.flush().await.unwrap();
        });
        let mut stream = IoStream::connect(address).await?;
        stream.write("GET / HTTP/1.0\r\n\r\n");
        assert_eq!(stream.read_bytes(9).await?, "HTTP/1.1 ");
        assert_eq!(stream.read_bytes(0).await?, "");
        assert_eq!(stream.read_bytes(3).await?, "200");
        assert_eq!(stream.read_until(b"\r\n\r\n").await?, " OK\r\nContent-Length: 5\r\n\r\n");
        assert_eq!(stream.read_until_close().await?, "Hello");
        assert!(matches!(stream.read_bytes(1).await, Err(StreamError::Closed { cause: None })));
        Ok(())
    });
}

#[test]
fn a_stream_knows_both_addresses() {
    run(async || {
        let (near, far) = tcp().await?;
        assert_eq!(near.peer_addr()?, far.local_addr()?);
        assert_eq!(far.peer_addr()?, near.local_addr()?);
        let (memory, _) = IoStream::pair()?;
        assert_eq!(memory.peer_addr().unwrap_err().kind(), ErrorKind::Unsupported);
        Ok(())
    });
}

#[test]
fn nagles_algorithm_can_be_switched_where_there_is_one() {
    run(async || {
        let (mut near, far) = tcp().await?;
        for nodelay in [true, false] {
            near.set_nodelay(nodelay);
            let tcp = near.transport().and_then(|transport| transport.as_tcp()).unwrap();
            assert_eq!(tcp.nodelay()?, nodelay);
        }
        drop(far);
        near.set_nodelay(true);
        near.close();
        near.set_nodelay(true);
        IoStream::pair()?.0.set_nodelay(true);
        Ok(())
    });
}

#[test]
fn a_unix_socket_is_connected_by_its_path() {
    run(async || {
        let path = std::env::temp_dir().join(format!("firewhirl-iostream-{}", std::process::id()));
        let listener = UnixListener::bind(&path)?;
        let mut near = IoStream::connect_unix(&path).await?;
        let mut far = IoStream::from(listener.accept().await?.0);
        std::fs::remove_file(&path)?;
        near.write("over a path");
        near.close();
        assert_eq!(far.read_until_close().await?, "over a path");
        Ok(())
    });
}

#[test]
fn a_pipe_is_made_of_two_descriptors() {
    run(async || {
        let (reader, writer) = std::io::pipe()?;
        let mut reader = IoStream::pipe_reader(OwnedFd::from(reader))?;
        let mut writer = IoStream::pipe_writer(OwnedFd::from(writer))?;
        writer.write("hel");
        writer.write("lo world");
        writer.flush().await?;
        assert_eq!(reader.read_until(b" ").await?, "hello ");
        assert_eq!(reader.read_bytes(3).await?, "wor");
        writer.close();
        assert_eq!(reader.read_until_close().await?, "ld");
        let (reader, _writer) = std::io::pipe()?;
        assert!(IoStream::pipe_writer(OwnedFd::from(reader)).is_err(), "the wrong end");
        Ok(())
    });
}
