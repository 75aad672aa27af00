//! Reads by delimiter, expression, count and end.

use firewhirl_event::iostream::StreamLimits;
use firewhirl_event::{IoLoop, IoStream, StreamError};
use regex::bytes::Regex;
use tokio::task::spawn_local;

use crate::pairs::{both_ways, one_way, one_way_with, run, settle};

#[test]
fn a_read_ends_where_it_says_and_leaves_the_rest() {
    one_way(async |mut reader, mut writer| {
        let regex = Regex::new(r"\r?\n\r?\n")?;
        spawn_local(async move {
            writer.write("GET / HTTP/1.1\r\nHost: a\n\r\nbody and more");
            writer.flush().await.unwrap();
            writer.close();
        });
        assert_eq!(reader.read_until(b"\r\n").await?, "GET / HTTP/1.1\r\n");
        assert_eq!(reader.read_until_regex(&regex).await?, "Host: a\n\r\n");
        assert_eq!(reader.read_bytes(4).await?, "body");
        assert_eq!(reader.read_until_close().await?, " and more");
        Ok(())
    });
}

#[test]
fn zero_bytes_are_read_at_once() {
    one_way(async |mut reader, mut writer| {
        assert_eq!(reader.read_bytes(0).await?, "");
        assert_eq!(reader.read_bytes(0).partial().await?, "");
        writer.write("12");
        writer.flush().await?;
        assert_eq!(reader.read_bytes(1).await?, "1");
        assert_eq!(reader.read_bytes(0).await?, "");
        assert_eq!(reader.read_bytes(1).await?, "2");
        Ok(())
    });
}

#[test]
fn a_partial_read_takes_what_there_is_and_never_more_than_asked() {
    run(async || {
        let (mut reader, mut writer) = IoStream::pair()?;
        writer.write("hello");
        writer.flush().await?;
        assert_eq!(reader.read_bytes(50).partial().await?, "hello");
        writer.write("world");
        writer.flush().await?;
        assert_eq!(reader.read_bytes(3).partial().await?, "wor");
        assert_eq!(reader.read_bytes(50).partial().await?, "ld");
        Ok(())
    });
}

#[test]
fn data_before_close_is_delivered() {
    one_way(async |mut reader, mut writer| {
        writer.write("12");
        writer.flush().await?;
        assert_eq!(reader.read_bytes(1).await?, "1");
        writer.close();
        settle().await;
        assert_eq!(reader.read_bytes(1).await?, "2");
        assert!(matches!(reader.read_bytes(1).await, Err(StreamError::Closed { cause: None })));
        assert!(reader.closed());
        Ok(())
    });
}

#[test]
fn data_in_the_system_before_close_is_delivered() {
    // The chunk is smaller than what is sent, so that half of it is still outside of the stream.
    one_way_with(StreamLimits::default().read_chunk_size(256), async |mut reader, mut writer| {
        spawn_local(async move {
            writer.write([b'A'; 512]);
            writer.flush().await.unwrap();
        });
        assert_eq!(reader.read_bytes(256).await?, [b'A'; 256][..]);
        settle().await;
        assert_eq!(reader.read_bytes(256).await?, [b'A'; 256][..]);
        Ok(())
    });
}

#[test]
fn a_read_until_close_takes_what_is_buffered() {
    one_way(async |mut reader, mut writer| {
        writer.write("1234");
        writer.flush().await?;
        assert_eq!(reader.read_bytes(1).await?, "1");
        writer.close();
        assert_eq!(reader.read_until_close().await?, "234");
        assert_eq!(reader.read_until_close().await?, "", "there is no second end");
        assert!(matches!(reader.read_bytes(1).await, Err(StreamError::Closed { cause: None })));
        Ok(())
    });
}

#[test]
fn what_was_read_can_be_taken_after_our_own_close() {
    one_way(async |mut reader, mut writer| {
        writer.write("1234");
        writer.flush().await?;
        drop(writer);
        reader.wait_closed().await;
        assert_eq!(reader.read_bytes(1).await?, "1");
        reader.close();
        assert_eq!(reader.read_bytes(1).await?, "2");
        assert_eq!(reader.read_until_close().await?, "34");
        Ok(())
    });
}

#[test]
fn a_long_message_is_searched_once() {
    // Were it searched anew for each chunk, this would take seconds.
    one_way(async |mut reader, mut writer| {
        spawn_local(async move {
            for _ in 0..4096 {
                writer.write([b'A'; 1024]);
            }
            writer.write("\r\n");
            writer.flush().await.unwrap();
        });
        assert_eq!(reader.read_until(b"\r\n").await?.len(), 4096 * 1024 + 2);
        Ok(())
    });
}

#[test]
fn an_end_that_comes_with_the_last_packet_is_found() {
    // An expression is looked for when the buffer has doubled, and this packet does not double it.
    one_way(async |mut reader, mut writer| {
        spawn_local(async move {
            settle().await;
            writer.write([b'x'; 2048]);
            writer.flush().await.unwrap();
            settle().await;
            writer.write("done");
            writer.flush().await.unwrap();
            writer.close();
        });
        let done = Regex::new("done")?;
        assert_eq!(reader.read_until_regex(&done).await?.len(), 2052);
        Ok(())
    });
}

#[test]
fn an_end_is_found_while_the_peer_waits_for_the_answer() {
    both_ways(async |mut near, mut far| {
        spawn_local(async move {
            let done = Regex::new("done").unwrap();
            for part in ["a longer first part, ", "done"] {
                far.write(part);
                far.flush().await.unwrap();
                settle().await;
            }
            far.read_until_regex(&done).await.unwrap();
        });
        let done = Regex::new("done")?;
        near.read_until_regex(&done).await?;
        near.write("done");
        near.flush().await?;
        Ok(())
    });
}

#[test]
fn an_unsatisfied_read_ends_as_closed_not_as_too_long() {
    one_way(async |mut reader, mut writer| {
        spawn_local(async move {
            writer.write([b'x'; 2048]);
            writer.write("foo");
            writer.flush().await.unwrap();
            writer.close();
        });
        let error = reader.read_until(b"done").max_bytes(2051).await.unwrap_err();
        assert!(matches!(error, StreamError::Closed { cause: None }), "{error:?}");
        assert!(error.is_quiet());
        Ok(())
    });
}

#[test]
fn small_reads_do_not_fill_the_buffer_eagerly() {
    let limits = StreamLimits::default().max_buffer_size(10 * 1024);
    one_way_with(limits, async |mut reader, mut writer| {
        spawn_local(async move {
            writer.write([b'a'; 100 * 1024]);
            writer.flush().await.unwrap();
        });
        for _ in 0..100 {
            assert_eq!(reader.read_bytes(1024).await?, [b'a'; 1024][..]);
            assert!(reader.buffer().len() <= 10 * 1024);
        }
        Ok(())
    });
}

#[test]
fn small_lines_do_not_fill_the_buffer_eagerly() {
    let limits = StreamLimits::default().max_buffer_size(10 * 1024);
    one_way_with(limits, async |mut reader, mut writer| {
        let line = [&[b'a'; 1023][..], b"\n"].concat();
        let lines = line.repeat(100);
        spawn_local(async move {
            writer.write(lines);
            writer.flush().await.unwrap();
        });
        for _ in 0..100 {
            assert_eq!(reader.read_until(b"\n").max_bytes(4096).await?, line);
        }
        Ok(())
    });
}

#[test]
fn a_reader_that_pauses_holds_its_writer_up() {
    const MIB: usize = 1024 * 1024;
    one_way_with(StreamLimits::default().max_buffer_size(5 * MIB), async |mut reader, mut writer| {
        let sent = spawn_local(async move {
            writer.write(vec![b'a'; 10 * MIB]);
            writer.flush().await.unwrap();
        });
        reader.read_bytes(MIB).await?;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(!sent.is_finished(), "what nobody reads stays with the writer");
        assert!(reader.buffer().len() <= 128 * 1024);
        for _ in 0..9 {
            reader.read_bytes(MIB).await?;
        }
        sent.await?;
        Ok(())
    });
}

#[test]
fn two_peers_that_both_write_much_do_not_wait_for_each_other() {
    both_ways(async |near, far| {
        const SIZE: usize = 3 * 1024 * 1024;
        let exchange = async |mut stream: IoStream| {
            stream.write(vec![b'x'; SIZE]);
            stream.write("\n");
            let line = stream.read_until(b"\n").await?;
            // What we have written may still be on its way.
            stream.flush().await.map(|()| line.len())
        };
        let (one, other) = (spawn_local(exchange(near)), spawn_local(exchange(far)));
        assert_eq!((one.await??, other.await??), (SIZE + 1, SIZE + 1));
        Ok(())
    });
}

#[test]
fn a_dropped_read_loses_nothing() {
    one_way(async |mut reader, mut writer| {
        writer.write("half a li");
        writer.flush().await?;
        let half = tokio::time::timeout(std::time::Duration::from_millis(30), reader.read_until(b"\n")).await;
        assert!(half.is_err());
        writer.write("ne\n");
        writer.flush().await?;
        assert_eq!(reader.read_until(b"\n").await?, "half a line\n");
        Ok(())
    });
}

#[test]
fn lines_that_are_kept_stay_as_they_were() {
    one_way(async |mut reader, mut writer| {
        let lines: Vec<String> = (0..5000).map(|number| format!("line {number}\n")).collect();
        let sent = lines.concat();
        spawn_local(async move {
            writer.write(sent);
            writer.flush().await.unwrap();
        });
        let mut kept = Vec::new();
        for _ in &lines {
            kept.push(reader.read_until(b"\n").await?);
        }
        assert_eq!(kept, lines);
        Ok(())
    });
}

#[test]
fn the_echo_server_answers_pipelined_lines_in_order() {
    both_ways(async |mut near, mut far| {
        IoLoop::current().spawn_callback(async move {
            while let Ok(line) = far.read_until(b"\n").await {
                far.write("You sent: ");
                far.write(line);
            }
        });
        near.write("one\ntwo\nthree\n");
        for word in ["one", "two", "three"] {
            assert_eq!(near.read_until(b"\n").await?, format!("You sent: {word}\n"));
        }
        Ok(())
    });
}
