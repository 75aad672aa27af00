//! Reads into a buffer of the caller's.

use firewhirl_event::{IoStream, StreamError};
use tokio::task::spawn_local;

use crate::pairs::{one_way, run};

#[test]
fn a_read_fills_the_buffer_and_leaves_the_surplus() {
    one_way(async |mut reader, mut writer| {
        let mut target = [0; 10];
        let written = spawn_local(async move {
            for part in ["hello", "world!!", "1234567890", "abcdefghi"] {
                writer.write(part);
                writer.flush().await.unwrap();
            }
            writer
        });
        assert_eq!(reader.read_into(&mut target).await?, 10);
        assert_eq!(&target, b"helloworld");
        assert_eq!(reader.read_into(&mut target).await?, 10);
        assert_eq!(&target, b"!!12345678");
        assert_eq!(reader.read_into(&mut target[..4]).await?, 4);
        assert_eq!(&target[..4], b"90ab");
        assert_eq!(reader.read_bytes(7).await?, "cdefghi");
        drop(written);
        Ok(())
    });
}

#[test]
fn a_partial_read_puts_in_what_there_is() {
    run(async || {
        let (mut reader, mut writer) = IoStream::pair()?;
        let mut target = [0; 10];
        writer.write("hello");
        writer.flush().await?;
        assert_eq!(reader.read_into(&mut target).partial().await?, 5);
        assert_eq!(&target, b"hello\0\0\0\0\0");
        writer.write("world!1234567890");
        writer.flush().await?;
        assert_eq!(reader.read_into(&mut target).partial().await?, 10);
        assert_eq!(&target, b"world!1234");
        assert_eq!(reader.read_into(&mut target).partial().await?, 6);
        assert_eq!(&target, b"5678901234");
        Ok(())
    });
}

#[test]
fn an_empty_buffer_is_full_at_once() {
    one_way(async |mut reader, _writer| {
        assert_eq!(reader.read_into(&mut []).await?, 0);
        assert_eq!(reader.read_into(&mut []).partial().await?, 0);
        Ok(())
    });
}

#[test]
fn a_peer_that_closes_too_early_fails_the_read() {
    one_way(async |mut reader, mut writer| {
        writer.write("ab");
        writer.flush().await?;
        assert_eq!(reader.read_bytes(1).await?, "a");
        let mut target = [0; 10];
        writer.close();
        let error = reader.read_into(&mut target).await.unwrap_err();
        assert!(matches!(error, StreamError::Closed { cause: None }));
        assert_eq!(target[0], b'b', "what came is in the buffer");
        Ok(())
    });
}

#[test]
fn long_reads_go_past_the_buffer_and_lose_nothing() {
    one_way(async |mut reader, mut writer| {
        let sent: Vec<u8> = (0..300_000_u32).map(|number| number as u8).collect();
        let copy = sent.clone();
        spawn_local(async move {
            writer.write(copy);
            writer.flush().await.unwrap();
        });
        let mut target = vec![0; 300_000];
        target[..10].copy_from_slice(&reader.read_bytes(10).await?);
        assert_eq!(reader.read_into(&mut target[10..299_990]).await?, 299_980);
        target[299_990..].copy_from_slice(&reader.read_bytes(10).await?);
        assert!(target == sent);
        Ok(())
    });
}

#[test]
fn reads_of_both_kinds_mix() {
    one_way(async |mut reader, mut writer| {
        let sent: Vec<u8> = (0..1_000_000_u32).map(|number| (number / 7) as u8).collect();
        let copy = sent.clone();
        spawn_local(async move {
            let mut sizes = sizes(1);
            let mut rest = &copy[..];
            while !rest.is_empty() {
                let (part, after) = rest.split_at(sizes().min(rest.len()));
                writer.write(part);
                writer.flush().await.unwrap();
                rest = after;
            }
        });
        let mut sizes = sizes(2);
        let mut received = Vec::new();
        while received.len() < sent.len() {
            let size = sizes().min(sent.len() - received.len());
            if sizes() > 500 {
                received.extend_from_slice(&reader.read_bytes(size).await?);
            } else {
                let mut part = vec![0; size];
                assert_eq!(reader.read_into(&mut part).await?, size);
                received.extend_from_slice(&part);
            }
        }
        assert!(received == sent);
        Ok(())
    });

    /// Sizes of 1 to 1000 bytes, the same each time.
    fn sizes(seed: u32) -> impl FnMut() -> usize {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            1 + (state >> 16) as usize % 1000
        }
    }
}
