//! A stream in two hands.

use std::io;

use firewhirl_event::StreamError;
use regex::bytes::Regex;
use tokio::task::{spawn_local, yield_now};

use crate::pairs::{both_ways, settle};

#[test]
fn one_task_reads_while_others_write() {
    both_ways(async |near, mut far| {
        let (mut reader, writer) = near.split();
        let read = spawn_local(async move {
            let digits = Regex::new("[0-9]+;").unwrap();
            let mut target = [0; 3];
            assert_eq!(reader.read_until(b"\n").await.unwrap(), "line\n");
            assert_eq!(reader.read_until_regex(&digits).await.unwrap(), "no 17;");
            assert_eq!(reader.read_into(&mut target).await.unwrap(), 3);
            assert_eq!(reader.read_bytes(2).await.unwrap(), "de");
            assert_eq!(reader.read_until_close().await.unwrap(), "rest");
            assert_eq!(&target, b"abc");
        });
        yield_now().await;
        for number in 0..3 {
            let writer = writer.clone();
            spawn_local(async move {
                writer.write(format!("writer {number}\n"));
                writer.flush().await.unwrap();
            });
        }
        for _ in 0..3 {
            assert!(far.read_until(b"\n").await?.starts_with(b"writer "));
        }
        far.write("line\nno 17;abcderest");
        far.flush().await?;
        far.close();
        read.await?;
        Ok(())
    });
}

#[test]
fn a_close_by_one_half_ends_the_others_read() {
    both_ways(async |near, _far| {
        let (mut reader, writer) = near.split();
        let read = spawn_local(async move { reader.read_bytes(1).await });
        settle().await;
        writer.close();
        assert!(matches!(read.await?, Err(StreamError::Closed { cause: None })));
        assert!(writer.closed());
        writer.write("late");
        assert!(writer.flush().await.is_err());
        Ok(())
    });
}

#[test]
fn a_close_with_an_error_fails_a_read_until_close() {
    // Else a body that was cut off would be taken for the whole.
    both_ways(async |near, mut far| {
        let (mut reader, writer) = near.split();
        let read = spawn_local(async move { reader.read_until_close().await });
        far.write("hello");
        far.flush().await?;
        settle().await;
        writer.close_with(io::Error::other("boom"));
        let Err(StreamError::Closed { cause: Some(cause) }) = read.await? else { panic!("took a part for the whole") };
        assert_eq!(cause.to_string(), "boom");
        Ok(())
    });
}

#[test]
fn a_close_by_the_reader_ends_a_flush() {
    both_ways(async |near, _far| {
        let (mut reader, writer) = near.split();
        let flushed = spawn_local({
            let writer = writer.clone();
            async move {
                writer.write(vec![b'x'; 10 * 1024 * 1024]);
                writer.flush().await
            }
        });
        settle().await;
        assert!(writer.pending_write() > 0);
        reader.close();
        assert!(flushed.await?.is_err());
        assert_eq!(writer.pending_write(), 0);
        Ok(())
    });
}

#[test]
fn a_reader_and_a_writer_wait_at_the_same_time() {
    // The reader sends as well, so both wait for the same room to send.
    both_ways(async |near, mut far| {
        const SIZE: usize = 5 * 1024 * 1024;
        let (mut reader, writer) = near.split();
        writer.write(vec![b'x'; SIZE]);
        let read = spawn_local(async move { reader.read_bytes(3).await });
        let flushed = spawn_local({
            let writer = writer.clone();
            async move { writer.flush().await }
        });
        settle().await;
        assert_eq!(far.read_bytes(SIZE).await?.len(), SIZE);
        flushed.await??;
        far.write("end");
        far.flush().await?;
        assert_eq!(read.await??, "end");
        Ok(())
    });
}

#[test]
fn two_halves_make_a_whole() {
    both_ways(async |near, mut far| {
        let (reader, writer) = near.split();
        let clone = writer.clone();
        let (reader, writer) = reader.unsplit(writer).unwrap_err();
        drop(clone);
        let mut near = reader.unsplit(writer).unwrap();
        near.write("whole");
        near.flush().await?;
        assert_eq!(far.read_bytes(5).await?, "whole");
        Ok(())
    });
}
