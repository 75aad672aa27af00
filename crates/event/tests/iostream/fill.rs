//! The lower face, and the stream as an `AsyncRead + AsyncWrite`.

use std::future::poll_fn;
use std::task::Poll;

use firewhirl_event::IoStream;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::task::spawn_local;

use crate::pairs::{both_ways, one_way, run, tcp};

#[test]
fn a_fill_adds_to_what_is_unread() {
    one_way(async |mut reader, mut writer| {
        assert!(reader.buffer().is_empty());
        for part in ["one ", "two"] {
            writer.write(part);
            writer.flush().await?;
            let before = reader.buffer().len();
            let mut came = 0;
            while came < part.len() {
                came += reader.fill().await?;
            }
            assert_eq!(reader.buffer().len(), before + came);
        }
        assert_eq!(reader.buffer(), b"one two");
        reader.consume(4);
        assert_eq!(reader.buffer(), b"two");
        writer.close();
        assert_eq!(reader.fill().await?, 0);
        assert_eq!(reader.fill().await?, 0, "the end stays the end");
        assert!(reader.is_eof() && !reader.closed());
        assert_eq!(reader.buffer(), b"two");
        Ok(())
    });
}

#[test]
fn a_fill_sends_nothing() {
    run(async || {
        let (mut near, mut far) = IoStream::pair()?;
        near.write("later");
        far.write("now");
        far.flush().await?;
        assert_eq!(near.fill().await?, 3);
        assert_eq!(near.pending_write(), 5);
        poll_fn(|cx| {
            assert!(far.poll_fill(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        Ok(())
    });
}

#[test]
fn reads_that_come_back_full_grow() {
    run(async || {
        let (mut near, mut far) = tcp().await?;
        spawn_local(async move {
            far.write(vec![b'x'; 4 * 1024 * 1024]);
            far.flush().await.unwrap();
        });
        crate::pairs::settle().await;
        let mut sizes = Vec::new();
        for _ in 0..8 {
            sizes.push(near.fill().await?);
            near.consume(near.buffer().len());
        }
        assert!(sizes[0] <= 32 * 1024, "{sizes:?}");
        assert_eq!(sizes.iter().max(), Some(&(64 * 1024)), "{sizes:?}");
        Ok(())
    });
}

#[test]
fn a_stream_is_an_async_read_and_write() {
    both_ways(async |mut near, mut far| {
        far.write("buffered, ");
        far.flush().await?;
        assert_eq!(near.read_bytes(1).await?, "b");
        spawn_local(async move {
            far.write_all(b"and not\nmore").await.unwrap();
            AsyncWriteExt::flush(&mut far).await.unwrap();
            let mut text = String::new();
            far.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "queued, written");
            far.shutdown().await.unwrap();
        });
        let mut line = String::new();
        near.read_line(&mut line).await?;
        assert_eq!(line, "uffered, and not\n");
        near.write("queued, ");
        near.write_all(b"written").await?;
        near.shutdown().await?;
        let mut rest = Vec::new();
        near.read_to_end(&mut rest).await?;
        assert_eq!(rest, b"more");
        Ok(())
    });
}
