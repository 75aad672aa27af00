//! What happens at a limit, and what is logged then.

use bytes::Bytes;
use firewhirl_event::iostream::StreamLimits;
use firewhirl_event::{IoStream, StreamError};
use regex::bytes::Regex;
use tokio::task::spawn_local;

use crate::logs::logged;
use crate::pairs::{one_way, one_way_with, run};

#[test]
fn a_delimiter_has_to_end_within_the_limit() {
    // What is sent, the limit, and whether that fits.
    let table = [
        ("abcdef", 50, true),
        ("abcdef", 6, true),  // exactly
        ("123456", 5, false), // not there
        ("abcdef", 5, false), // begins within the limit and ends beyond it
    ];
    let regex = Regex::new("def").unwrap();
    for (sent, limit, fits) in table {
        one_way(async |mut reader, mut writer| {
            writer.write(sent);
            writer.write(sent);
            writer.flush().await?;
            check(reader.read_until_regex(&regex).max_bytes(limit).await, sent, limit, fits);
            if fits {
                check(reader.read_until(b"def").max_bytes(limit).await, sent, limit, fits);
            }
            assert_eq!(reader.closed(), !fits);
            Ok(())
        });
        one_way(async |mut reader, mut writer| {
            writer.write(sent);
            writer.flush().await?;
            check(reader.read_until(b"def").max_bytes(limit).await, sent, limit, fits);
            assert_eq!(reader.closed(), !fits);
            Ok(())
        });
    }

    #[track_caller]
    fn check(read: Result<Bytes, StreamError>, sent: &str, limit: usize, fits: bool) {
        match read {
            Ok(read) => assert!(fits && read == sent),
            Err(StreamError::TooLong { limit: told }) => assert!(!fits && told == limit),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_message_that_is_too_long_closes_the_stream_and_is_logged() {
    for sent in ["123456", "abcdef"] {
        let lines = logged(|| {
            run(async || {
                let (mut reader, mut writer) = IoStream::pair()?;
                writer.write(sent);
                writer.flush().await?;
                let error = reader.read_until(b"def").max_bytes(5).await.unwrap_err();
                assert!(matches!(error, StreamError::TooLong { limit: 5 }));
                assert!(!error.is_quiet());
                assert!(reader.closed());
                let kept = reader.error().unwrap().get_ref().unwrap();
                assert!(matches!(kept.downcast_ref(), Some(StreamError::TooLong { limit: 5 })));
                Ok(())
            });
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("INFO firewhirl::gen: closing a connection: no delimiter within 5 bytes"));
    }
}

#[test]
fn what_a_full_buffer_holds_is_no_message_without_its_delimiter() {
    one_way_with(StreamLimits::default().max_buffer_size(1024), async |mut reader, mut writer| {
        spawn_local(async move {
            writer.write([b'a'; 4096]);
            let _ = writer.flush().await;
        });
        let error = reader.read_until(b"\n").await.unwrap_err();
        assert!(matches!(error, StreamError::TooLong { limit: 1024 }), "{error:?}");
        Ok(())
    });
}

#[test]
fn a_read_until_close_of_too_much_fails_and_is_logged() {
    let lines = logged(|| {
        one_way_with(StreamLimits::default().max_buffer_size(1024), async |mut reader, mut writer| {
            spawn_local(async move {
                writer.write([b'a'; 4096]);
                let _ = writer.flush().await;
            });
            let error = reader.read_until_close().await.unwrap_err();
            assert!(matches!(error, StreamError::ReadBufferFull { limit: 1024 }), "{error:?}");
            assert!(reader.closed());
            assert!(reader.read_until_close().await.is_err(), "what was cut off is never taken for the whole");
            Ok(())
        });
    });
    assert!(lines[0].starts_with("ERROR firewhirl::gen: closing a connection: the peer sent more than"));
}

#[test]
fn a_message_of_just_the_limit_is_read() {
    one_way_with(StreamLimits::default().max_buffer_size(1024), async |mut reader, mut writer| {
        let sent = spawn_local(async move {
            writer.write([b'a'; 1024]);
            writer.write([b'b'; 1023]);
            writer.write("\n");
            writer.write([b'c'; 1024]);
            writer.flush().await.unwrap();
            writer.close();
        });
        assert_eq!(reader.read_bytes(1024).await?, [b'a'; 1024][..]);
        assert_eq!(reader.read_until(b"\n").await?.len(), 1024);
        assert_eq!(reader.read_until_close().await?, [b'c'; 1024][..]);
        sent.await?;
        Ok(())
    });
}

#[test]
fn more_bytes_than_may_be_buffered_are_never_waited_for() {
    one_way_with(StreamLimits::default().max_buffer_size(1024), async |mut reader, _writer| {
        let error = reader.read_bytes(1025).await.unwrap_err();
        assert!(matches!(error, StreamError::ReadBufferFull { limit: 1024 }));
        Ok(())
    });
}

#[test]
fn a_refused_write_queues_nothing_and_leaves_the_stream_open() {
    one_way_with(StreamLimits::default().max_write_buffer_size(10), async |mut reader, mut writer| {
        writer.write("12345678");
        writer.write("abc");
        assert_eq!(writer.pending_write(), 8);
        let error = writer.flush().await.unwrap_err();
        assert!(matches!(error, StreamError::WriteBufferFull { limit: 10 }));
        assert!(!error.is_quiet() && !error.is_fatal() && !writer.closed());
        writer.write("9");
        writer.flush().await?;
        assert!(writer.try_write("12345678901").is_err());
        assert!(writer.try_write("0").is_ok());
        writer.flush().await?;
        writer.close();
        assert_eq!(reader.read_until_close().await?, "1234567890");
        Ok(())
    });
}

#[test]
fn a_read_tells_of_a_refused_write_first() {
    run(async || {
        let (near, mut far) = IoStream::pair()?;
        let mut near = near.with_limits(StreamLimits::default().max_write_buffer_size(10));
        far.write("line\n");
        far.flush().await?;
        near.write("more than ten bytes");
        let mut target = [0; 5];
        assert!(matches!(near.read_until(b"\n").await, Err(StreamError::WriteBufferFull { .. })));
        near.write("more than ten bytes");
        assert!(matches!(near.read_into(&mut target).await, Err(StreamError::WriteBufferFull { .. })));
        assert_eq!(near.read_until(b"\n").await?, "line\n");
        Ok(())
    });
}
