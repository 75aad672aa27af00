//! Closes, by whichever side, and who is told.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::iostream::{AnyTransport, MemoryPair};
use firewhirl_event::{IoStream, StreamError};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::task::{spawn_local, yield_now};

use crate::pairs::{both_ways, one_way, run, settle, tcp};

/// A callback that counts its calls.
fn counter() -> (Rc<Cell<u32>>, impl FnOnce() + 'static) {
    let calls = Rc::new(Cell::new(0));
    let count = calls.clone();
    (calls, move || count.set(count.get() + 1))
}

/// Streams whose peer's close can be seen while nobody reads.
async fn watched() -> firewhirl_event::Result<Vec<(&'static str, IoStream, IoStream)>> {
    let (tcp, tcp_peer) = tcp().await?;
    let (unix, unix_peer) = UnixStream::pair()?;
    let (memory, memory_peer) = IoStream::pair()?;
    let (writer, reader) = pipe::pipe()?;
    let (other_writer, other_reader) = pipe::pipe()?;
    Ok(vec![
        ("TCP", tcp, tcp_peer),
        ("Unix", unix.into(), unix_peer.into()),
        ("memory", memory, memory_peer),
        ("the reading end of a pipe", reader.into(), writer.into()),
        ("the writing end of a pipe", other_writer.into(), other_reader.into()),
    ])
}

#[test]
fn the_close_callback_runs_while_nobody_reads() {
    run(async || {
        for (kind, mut near, far) in watched().await? {
            let (calls, callback) = counter();
            near.set_close_callback(callback);
            settle().await;
            assert_eq!(calls.get(), 0, "{kind}");
            drop(far);
            settle().await;
            assert_eq!(calls.get(), 1, "{kind}");
            near.close();
            settle().await;
            assert_eq!(calls.get(), 1, "once, over {kind}");
        }
        Ok(())
    });
}

#[test]
fn bytes_that_arrive_are_no_close() {
    one_way(async |mut reader, mut writer| {
        let (calls, callback) = counter();
        reader.set_close_callback(callback);
        for _ in 0..3 {
            writer.write("a");
            writer.flush().await?;
            assert_eq!(reader.read_bytes(1).await?, "a");
            settle().await;
            assert_eq!(calls.get(), 0);
        }
        drop(writer);
        assert!(reader.read_until(b"\n").await.is_err());
        settle().await;
        assert_eq!(calls.get(), 1);
        Ok(())
    });
}

#[test]
fn our_own_close_runs_the_callback_later_and_never_inline() {
    both_ways(async |mut near, far| {
        let (calls, callback) = counter();
        near.set_close_callback(callback);
        near.close();
        assert_eq!(calls.get(), 0);
        settle().await;
        assert_eq!(calls.get(), 1);

        let (calls, callback) = counter();
        near.set_close_callback(callback);
        settle().await;
        assert_eq!(calls.get(), 1, "set on a closed stream it runs as well");

        let (calls, callback) = counter();
        let mut far = far;
        far.set_close_callback(callback);
        drop(far);
        settle().await;
        assert_eq!(calls.get(), 1, "and when the stream is dropped");
        Ok(())
    });
}

#[test]
fn the_last_close_callback_counts() {
    run(async || {
        for (kind, mut near, far) in watched().await? {
            let (first, callback) = counter();
            near.set_close_callback(callback);
            let (second, callback) = counter();
            near.set_close_callback(callback);
            drop(far);
            settle().await;
            assert_eq!((first.get(), second.get()), (0, 1), "{kind}");
            let (third, callback) = counter();
            near.set_close_callback(callback);
            settle().await;
            assert_eq!(third.get(), 1, "the peer has closed already, over {kind}");
            let (fourth, callback) = counter();
            near.set_close_callback(callback);
            near.clear_close_callback();
            near.close();
            settle().await;
            assert_eq!(fourth.get(), 0, "{kind}");
        }
        Ok(())
    });
}

#[test]
fn a_watched_stream_that_closes_is_seen_by_its_peer_at_once() {
    run(async || {
        let (mut near, mut far) = tcp().await?;
        near.set_close_callback(|| ());
        yield_now().await;
        near.close();
        let end = tokio::time::timeout(Duration::from_secs(1), far.read_until_close()).await?;
        assert_eq!(end?, "");
        Ok(())
    });
}

#[test]
fn waiting_for_the_close_keeps_what_comes_before_it() {
    both_ways(async |mut near, mut far| {
        near.write("sent while waiting");
        spawn_local(async move {
            assert_eq!(far.read_bytes(18).await.unwrap(), "sent while waiting");
            far.write("last ");
            far.flush().await.unwrap();
            settle().await;
            far.write("words");
            far.flush().await.unwrap();
            far.close();
        });
        near.wait_closed().await;
        assert!(near.is_eof());
        assert_eq!(near.read_until_close().await?, "last words");
        near.close();
        near.wait_closed().await;
        Ok(())
    });
}

#[test]
fn waiting_for_the_close_reads_only_a_little_ahead() {
    both_ways(async |mut near, mut far| {
        spawn_local(async move {
            far.write(vec![b'x'; 1024 * 1024]);
            let _ = far.flush().await;
        });
        let waited = tokio::time::timeout(Duration::from_millis(30), near.wait_closed()).await;
        assert!(waited.is_err());
        assert!(near.buffer().len() < 32 * 1024, "{}", near.buffer().len());
        Ok(())
    });
}

#[test]
fn a_close_is_final_and_keeps_its_first_error() {
    both_ways(async |mut near, _far| {
        near.close_with(io::Error::other("boom"));
        near.close_with(io::Error::other("bang"));
        near.close();
        assert!(near.closed());
        assert_eq!(near.error().unwrap().to_string(), "boom");
        let error = near.read_bytes(1).await.unwrap_err();
        assert_eq!(error.to_string(), "the stream is closed: boom");
        assert!(!error.is_quiet());
        assert!(near.read_until_close().await.is_err());
        assert!(near.fill().await.is_err());
        assert_eq!(near.peer_addr().unwrap_err().kind(), io::ErrorKind::NotConnected);
        Ok(())
    });
}

#[test]
fn a_reset_ends_a_read_until_close_and_no_other() {
    run(async || {
        // The reset follows the bytes, as the last of them is read.
        for until_close in [true, false] {
            let mut near = IoStream::over(Resetting(b"1234"));
            assert_eq!(near.read_bytes(1).await?, "1");
            if until_close {
                assert_eq!(near.read_until_close().await?, "234");
            } else {
                let error = near.read_bytes(4).await.unwrap_err();
                assert!(matches!(&error, StreamError::Closed { cause: Some(_) }));
                assert!(error.is_quiet());
                assert_eq!(near.read_bytes(3).await?, "234", "what came before can be taken");
            }
        }
        Ok(())
    });
}

#[test]
fn a_read_error_is_told_once_to_whom_it_concerns() {
    run(async || {
        let (writer, _reader) = pipe::pipe()?;
        let mut stream = IoStream::from(writer);
        let error = stream.read_bytes(1).await.unwrap_err();
        assert_eq!(error.to_string(), "the stream is closed: this end of a pipe cannot be read");
        assert!(stream.closed() && !error.is_quiet());
        Ok(())
    });
}

#[test]
fn a_stream_comes_apart_into_its_transport_and_the_rest() {
    both_ways(async |mut near, mut far| {
        let (calls, callback) = counter();
        near.set_close_callback(callback);
        far.write("greeting\nrest");
        far.flush().await?;
        near.read_until(b"\n").await?;
        while near.buffer().len() < 4 {
            near.fill().await?;
        }
        let parts = near.into_parts()?;
        assert_eq!(parts.unread, "rest");
        let mut near = IoStream::from(parts.transport).with_limits(parts.limits);
        far.write("and on");
        far.flush().await?;
        assert_eq!(near.read_bytes(6).await?, "and on");
        settle().await;
        assert_eq!(calls.get(), 0);
        near.close();
        assert!(near.into_parts().is_err());
        Ok(())
    });
}

#[test]
fn a_stream_can_be_laid_over_another_ones_transport() {
    run(async || {
        let (near, mut far) = tcp().await?;
        let mut near = IoStream::over(near.into_parts()?.transport);
        assert!(near.transport().unwrap().downcast_ref::<AnyTransport>().is_some());
        near.write("through");
        near.flush().await?;
        assert_eq!(far.read_bytes(7).await?, "through");
        Ok(())
    });
}

#[test]
fn a_faulty_pair_resets_both_ends() {
    run(async || {
        let (mut near, mut far) = MemoryPair::new().reset_after(3).streams();
        near.write("12345");
        assert!(near.flush().await.unwrap_err().is_quiet());
        let error = far.read_bytes(1).await.unwrap_err();
        assert_eq!(far.error().unwrap().kind(), io::ErrorKind::ConnectionReset);
        assert!(error.is_quiet());
        Ok(())
    });
}

/// A transport that hands out its bytes and then reports a reset.
struct Resetting(&'static [u8]);

impl tokio::io::AsyncRead for Resetting {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        window: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        let bytes = std::mem::take(&mut self.0);
        std::task::Poll::Ready(if bytes.is_empty() {
            Err(io::ErrorKind::ConnectionReset.into())
        } else {
            window.put_slice(bytes);
            Ok(())
        })
    }
}

impl tokio::io::AsyncWrite for Resetting {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::task::Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}
