//! The faulty connection in memory, and what holds over it whatever it does.

use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::{IoLoop, IoStream};
use tokio::task::spawn_local;

use crate::pairs::run;

/// What a conversation of three lines comes to, at both ends.
async fn conversation((mut near, mut far): (IoStream, IoStream)) -> String {
    let server = spawn_local(async move {
        let mut seen = String::new();
        let ended = loop {
            match far.read_until(b"\n").max_bytes(100).await {
                Ok(line) => {
                    seen.push_str(&String::from_utf8_lossy(&line));
                    far.write("You sent: ");
                    far.write(line);
                }
                Err(error) => break error,
            }
        };
        assert!(ended.is_quiet(), "{ended:?}");
        format!("{seen}{ended:?}")
    });
    let mut seen = String::new();
    for number in 0..3 {
        near.write(format!("line {number}\n"));
        match near.read_until(b"\n").max_bytes(100).await {
            Ok(line) => seen.push_str(&String::from_utf8_lossy(&line)),
            Err(error) => {
                assert!(error.is_quiet(), "{error:?}");
                seen.push_str(&format!("{error:?}"));
                break;
            }
        }
    }
    drop(near);
    format!("{seen}\n{}", server.await.unwrap())
}

#[test]
fn a_slow_connection_changes_nothing_that_is_read() {
    run(async || {
        let plain = conversation(IoStream::pair()?).await;
        for seed in 0..1000 {
            assert_eq!(conversation(MemoryPair::slow(seed).streams()).await, plain, "seed {seed}");
        }
        Ok(())
    });
}

#[test]
fn a_fault_comes_again_with_its_seed() {
    run(async || {
        let mut broken = 0;
        let plain = conversation(IoStream::pair()?).await;
        for seed in 0..1000 {
            let once = conversation(MemoryPair::faulty(seed).streams()).await;
            let again = conversation(MemoryPair::faulty(seed).streams()).await;
            assert_eq!(once, again, "seed {seed}");
            broken += u32::from(once != plain);
        }
        assert!((100..400).contains(&broken), "{broken} of 1000 seeds break a short conversation");
        Ok(())
    });
}

#[test]
fn a_truncated_direction_ends_early() {
    run(async || {
        let (mut near, mut far) = MemoryPair::new().truncate_after(7).streams();
        near.write("0123456789");
        assert!(near.flush().await.unwrap_err().is_quiet());
        assert_eq!(far.read_until_close().await?, "0123456");
        assert!(MemoryPair::new().truncate_after(0).streams().0.read_until_close().await?.is_empty());
        Ok(())
    });
}

#[test]
fn a_small_capacity_holds_the_writer_up() {
    run(async || {
        let (mut near, mut far) = MemoryPair::new().capacity(3).streams();
        let sent = IoLoop::current().spawn(async move {
            near.write("0123456789");
            near.flush().await
        });
        assert_eq!(far.read_bytes(3).await?, "012");
        assert!(!sent.is_finished());
        assert_eq!(far.read_bytes(7).await?, "3456789");
        sent.await??;
        Ok(())
    });
}
