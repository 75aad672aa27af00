//! Writes, flushes and what becomes of them.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use firewhirl_event::{IoStream, StreamError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::spawn_local;

use crate::logs::logged;
use crate::pairs::{both_ways, one_way, run, settle, tcp};

#[test]
fn nothing_is_written_as_well() {
    one_way(async |mut reader, mut writer| {
        writer.write("");
        writer.flush().await?;
        writer.write("");
        writer.write("after");
        writer.flush().await?;
        assert_eq!(reader.read_bytes(5).await?, "after");
        Ok(())
    });
}

#[test]
fn whatever_is_bytes_can_be_written() {
    one_way(async |mut reader, mut writer| {
        writer.write("a");
        writer.write(String::from("b"));
        writer.write(b"c");
        writer.write([b'd'; 1]);
        writer.write(vec![b'e']);
        writer.write(Bytes::from_static(b"f"));
        writer.write_bytes(Bytes::from_static(b"g"));
        writer.output().extend_from_slice(b"h");
        assert_eq!(writer.pending_write(), 8);
        assert!(writer.writing());
        writer.flush().await?;
        assert!(!writer.writing());
        assert_eq!(reader.read_bytes(8).await?, "abcdefgh");
        Ok(())
    });
}

#[test]
fn long_and_short_writes_leave_in_order() {
    one_way(async |mut reader, mut writer| {
        let (mut expected, mut number) = (Vec::new(), 0_u8);
        for size in [3, 40_000, 100_000, 5, 7, 32 * 1024, 1, 200_000, 0, 9] {
            number += 1;
            let part = vec![number; size];
            expected.extend_from_slice(&part);
            writer.write_bytes(part.into());
        }
        assert_eq!(writer.pending_write(), expected.len());
        spawn_local(async move {
            writer.flush().await.unwrap();
            writer.close();
        });
        assert!(reader.read_until_close().await? == expected);
        Ok(())
    });
}

#[test]
fn a_big_write_arrives_whole() {
    one_way(async |mut reader, mut writer| {
        let sent: Vec<u8> = (0..1_048_576_u32).map(|number| (number / 3) as u8).collect();
        let copy = sent.clone();
        spawn_local(async move {
            writer.write(copy);
            writer.flush().await.unwrap();
        });
        assert!(reader.read_bytes(sent.len()).await? == sent);
        Ok(())
    });
}

#[test]
fn every_writer_is_told_when_its_bytes_have_left() {
    both_ways(async |near, far| {
        const WRITERS: usize = 10;
        const WRITES: usize = 50;
        const SIZE: usize = 5000;
        let (_reader, writer) = near.split();
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let writer = writer.clone();
                spawn_local(async move {
                    for _ in 0..WRITES {
                        writer.write([b'x'; SIZE]);
                        writer.flush().await.unwrap();
                    }
                })
            })
            .collect();
        let mut far = far;
        for _ in 0..WRITERS * WRITES {
            assert_eq!(far.read_bytes(SIZE).await?.len(), SIZE);
        }
        for writer in writers {
            writer.await?;
        }
        Ok(())
    });
}

#[test]
fn a_write_to_a_closed_stream_is_told_by_the_flush() {
    both_ways(async |mut near, _far| {
        near.close();
        near.write("lost");
        assert_eq!(near.pending_write(), 0);
        assert!(matches!(near.flush().await, Err(StreamError::Closed { cause: None })));
        assert!(matches!(near.try_write("lost"), Err(StreamError::Closed { cause: None })));
        Ok(())
    });
}

#[test]
fn a_peer_that_left_fails_the_flush_quietly() {
    let lines = logged(|| {
        one_way(async |reader, mut writer| {
            drop(reader);
            writer.write(vec![b'x'; 10 * 1024 * 1024]);
            let error = loop {
                // The first bytes may still go into the system's buffer.
                match writer.flush().await {
                    Ok(()) => writer.write("more"),
                    Err(error) => break error,
                }
                settle().await;
            };
            assert!(error.is_quiet(), "{error:?}");
            assert!(matches!(error, StreamError::Closed { cause: Some(_) }));
            assert_eq!(writer.pending_write(), 0);
            Ok(())
        });
    });
    assert_eq!(lines, [""; 0]);
}

#[test]
fn what_the_peer_sent_before_it_left_is_read_although_a_write_failed() {
    run(async || {
        let (mut near, mut far) = IoStream::pair()?;
        far.write("413 too large");
        far.close();
        near.write("a body that nobody wants");
        assert!(near.flush().await.is_err());
        near.write("more of it");
        assert_eq!(near.read_bytes(13).await?, "413 too large");
        assert!(near.read_bytes(1).await.is_err());
        assert!(near.closed());
        Ok(())
    });
}

#[test]
fn a_write_error_that_is_no_end_is_logged_and_closes_the_stream() {
    let lines = logged(|| {
        run(async || {
            let mut stream = IoStream::over(Recorder::failing());
            stream.write("x");
            let error = stream.flush().await.unwrap_err();
            assert!(!error.is_quiet());
            assert!(stream.closed());
            assert_eq!(stream.error().unwrap().kind(), io::ErrorKind::PermissionDenied);
            Ok(())
        });
    });
    assert_eq!(lines, ["WARN firewhirl::gen: write error: permission denied"]);
}

#[test]
fn what_is_queued_leaves_in_one_call() {
    run(async || {
        let recorder = Recorder::default();
        let mut stream = IoStream::over(recorder.clone());
        stream.write("head, ");
        stream.write_bytes(Bytes::from(vec![b'x'; 50_000]));
        stream.write(", tail");
        stream.flush().await?;
        stream.write("short ");
        stream.write("ones");
        stream.flush().await?;
        assert_eq!(*recorder.calls.borrow(), [50_012, 10]);
        Ok(())
    });
}

#[test]
fn what_is_queued_before_a_close_still_leaves_as_far_as_it_can() {
    run(async || {
        let (mut near, mut far) = tcp().await?;
        near.write("goodbye");
        near.close();
        assert_eq!(far.read_until_close().await?, "goodbye");
        let (mut near, mut far) = tcp().await?;
        near.write("dropped, but not silent");
        drop(near);
        assert_eq!(far.read_until_close().await?, "dropped, but not silent");
        Ok(())
    });
}

#[test]
fn a_question_can_end_before_its_answer_begins() {
    both_ways(async |mut near, mut far| {
        spawn_local(async move {
            let question = far.read_until_close().await.unwrap();
            assert!(far.is_eof() && !far.closed());
            far.write(question.repeat(2));
            far.flush().await.unwrap();
        });
        near.write("question");
        near.close_write().await?;
        near.close_write().await?;
        near.flush().await?;
        assert_eq!(near.read_until_close().await?, "questionquestion");
        near.write("too late");
        assert!(near.flush().await.is_err());
        Ok(())
    });
}

#[test]
fn an_answer_is_still_sent_to_a_peer_that_has_stopped_sending() {
    both_ways(async |mut near, mut far| {
        const SIZE: usize = 5 * 1024 * 1024;
        let answered = spawn_local(async move {
            far.write(vec![b'x'; SIZE]);
            let question = far.read_until(b"\n").await.unwrap_err();
            assert!(question.is_quiet() && far.closed());
        });
        near.write("no line");
        near.close_write().await?;
        settle().await;
        assert_eq!(near.read_until_close().await?.len(), SIZE);
        answered.await?;
        Ok(())
    });
}

/// A transport that notes the size of each write, or refuses them all.
#[derive(Clone, Default)]
struct Recorder {
    calls: Rc<RefCell<Vec<usize>>>,
    fails: bool,
}

impl Recorder {
    fn failing() -> Self {
        Self { fails: true, ..Self::default() }
    }
}

impl AsyncRead for Recorder {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.fails {
            return Poll::Ready(Err(io::ErrorKind::PermissionDenied.into()));
        }
        let size = slices.iter().map(|slice| slice.len()).sum();
        self.calls.borrow_mut().push(size);
        Poll::Ready(Ok(size))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
