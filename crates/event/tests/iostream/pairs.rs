//! Two connected streams of each kind, to run one test over all of them.

use std::time::Duration;

use firewhirl_event::iostream::{MemoryPair, StreamLimits};
use firewhirl_event::{IoLoop, IoStream, Result};
use tokio::net::unix::pipe;
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// How many seeds a test is run with over a slow connection.
const SEEDS: u64 = 20;

/// Runs `test` on the loop, and fails it after ten seconds.
pub(crate) fn run(test: impl AsyncFnOnce() -> Result) {
    let test = async { tokio::time::timeout(Duration::from_secs(10), test()).await? };
    IoLoop::current().run_sync(test).unwrap();
}

/// Runs `test` with a reading and a writing stream of each kind, pipes among them.
pub(crate) fn one_way(test: impl AsyncFn(IoStream, IoStream) -> Result) {
    one_way_with(StreamLimits::default(), test);
}

/// Runs `test` with a reading and a writing stream of each kind, both with `limits`.
pub(crate) fn one_way_with(limits: StreamLimits, test: impl AsyncFn(IoStream, IoStream) -> Result) {
    both_ways_with(limits, &test);
    run(async || {
        println!("over a pipe");
        let (writer, reader) = pipe::pipe()?;
        test(IoStream::from(reader).with_limits(limits), IoStream::from(writer).with_limits(limits)).await
    });
}

/// Runs `test` with two streams of each kind that can be read and written.
pub(crate) fn both_ways(test: impl AsyncFn(IoStream, IoStream) -> Result) {
    both_ways_with(StreamLimits::default(), test);
}

fn both_ways_with(limits: StreamLimits, test: impl AsyncFn(IoStream, IoStream) -> Result) {
    let over = async |kind: &str, near: IoStream, far: IoStream| {
        println!("over {kind}");
        test(near.with_limits(limits), far.with_limits(limits)).await
    };
    run(async || {
        let (near, far) = tcp().await?;
        over("TCP", near, far).await
    });
    run(async || {
        let (near, far) = UnixStream::pair()?;
        over("a Unix socket", near.into(), far.into()).await
    });
    run(async || {
        let (near, far) = IoStream::pair()?;
        over("memory", near, far).await
    });
    run(async || {
        let (near, far) = tokio::io::duplex(1000);
        over("another transport", IoStream::over(near), IoStream::over(far)).await
    });
    for seed in 0..SEEDS {
        run(async || {
            let (near, far) = MemoryPair::slow(seed).capacity(64 * 1024).streams();
            over(&format!("a slow connection, seed {seed}"), near, far).await
        });
    }
}

/// Two ends of a TCP connection.
pub(crate) async fn tcp() -> Result<(IoStream, IoStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let near = TcpStream::connect(listener.local_addr()?).await?;
    let (far, _) = listener.accept().await?;
    Ok((near.into(), far.into()))
}

/// Lets the other end's last action arrive.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}
