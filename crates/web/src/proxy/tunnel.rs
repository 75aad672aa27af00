//! A connection that has switched protocols: bytes in both directions until both have ended.
//!
//! Nothing is known of the protocol. What one side sends is taken only as fast as the other takes it, an end
//! in one direction is passed on and the other direction goes on, and a connection on which nothing passes
//! for too long is closed.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use firewhirl_event::{IoStream, StreamError};
use tokio::time::{Instant, sleep_until};

/// Once one direction has ended, how long the other may pass nothing, at most.
const HALF_CLOSED: Duration = Duration::from_secs(60);

/// How a tunnel ended.
#[derive(Debug)]
pub(super) enum End {
    /// Both directions came to their end.
    Whole,
    /// One of the two connections broke.
    Broken(StreamError),
    /// Nothing passed for too long.
    Idle,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("both sides have closed"),
            Self::Broken(error) => write!(f, "one side broke: {error}"),
            Self::Idle => f.write_str("nothing has passed for too long"),
        }
    }
}

/// Passes bytes between the two until the end; both are closed then.
///
/// # Cancel safety
///
/// Dropping the future closes both.
pub(super) async fn run(mut client: IoStream, mut upstream: IoStream, idle_limit: Duration) -> End {
    let mut up = Direction::default();
    let mut down = Direction::default();
    let mut deadline = deadline(idle_limit);
    let mut timer = pin!(sleep_until(deadline));
    poll_fn(|context| {
        let before = up.bytes + down.bytes;
        let ended = (up.is_ended, down.is_ended);
        let polled = [up.poll(&mut client, &mut upstream, context), down.poll(&mut upstream, &mut client, context)];
        match polled {
            [Poll::Ready(Err(error)), _] | [_, Poll::Ready(Err(error))] => return Poll::Ready(End::Broken(error)),
            [Poll::Ready(Ok(())), Poll::Ready(Ok(()))] => return Poll::Ready(End::Whole),
            _ => {}
        }
        let limit = if up.is_ended || down.is_ended { idle_limit.min(HALF_CLOSED) } else { idle_limit };
        if up.bytes + down.bytes != before || (up.is_ended, down.is_ended) != ended {
            deadline = self::deadline(limit);
        }
        // A later deadline is seen to when the timer goes off.
        if deadline < timer.deadline() {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(context).is_ready() {
            if deadline <= Instant::now() {
                return Poll::Ready(End::Idle);
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    })
    .await
}

fn deadline(limit: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + limit.min(FAR)
}

/// One of the two directions.
#[derive(Default)]
struct Direction {
    /// Bytes that have passed.
    bytes: u64,
    /// The source sends no more.
    is_ended: bool,
    /// And the sink has been told.
    is_closed: bool,
}

impl Direction {
    /// Passes on what is there; ready once the source's end has been passed on too.
    fn poll(
        &mut self,
        source: &mut IoStream,
        sink: &mut IoStream,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), StreamError>> {
        while !self.is_closed {
            if sink.pending_write() > 0 {
                ready!(sink.poll_flush(context))?;
            }
            if !source.buffer().is_empty() {
                let length = source.buffer().len();
                sink.write(source.buffer());
                source.consume(length);
                self.bytes += length as u64;
            } else if self.is_ended {
                ready!(sink.poll_close_write(context))?;
                self.is_closed = true;
            } else {
                self.is_ended = ready!(source.poll_fill(context))? == 0;
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use firewhirl_event::coroutine::{sleep, with_timeout};
    use firewhirl_event::iostream::MemoryPair;
    use firewhirl_event::{Error, IoLoop, Result};
    use firewhirl_testing::AsyncTest;

    use super::*;

    /// A tunnel between two pairs in memory; the ends that are left, and how it will end.
    fn tunnel(limit: Duration) -> (IoStream, IoStream, impl Future<Output = Result<End>>) {
        let (client, near) = MemoryPair::new().capacity(1000).streams();
        let (far, upstream) = MemoryPair::new().capacity(1000).streams();
        let ending = IoLoop::current().spawn(run(near, far, limit));
        (client, upstream, async move { ending.await.map_err(Error::from) })
    }

    #[test]
    fn both_directions_pass_and_each_has_its_end() {
        AsyncTest::new().paused_clock().run(async {
            let (mut client, mut upstream, ending) = tunnel(Duration::from_secs(60));
            client.write("a question");
            client.flush().await?;
            assert_eq!(upstream.read_bytes(10).await?, "a question");
            upstream.write("an answer");
            upstream.flush().await?;
            assert_eq!(client.read_bytes(9).await?, "an answer");
            client.close_write().await?;
            assert_eq!(upstream.read_until_close().await?, "");
            upstream.write("last words");
            upstream.flush().await?;
            upstream.close_write().await?;
            assert_eq!(client.read_until_close().await?, "last words");
            assert!(matches!(ending.await?, End::Whole));
            Ok(())
        });
    }

    #[test]
    fn a_side_that_takes_nothing_holds_the_other_back() {
        AsyncTest::new().paused_clock().run(async {
            let (mut client, mut upstream, ending) = tunnel(Duration::from_secs(60));
            let writing = IoLoop::current().spawn(async move {
                let mut taken = 0;
                while taken < 10_000_000 && with_timeout(Duration::from_secs(5), client.flush()).await.is_ok() {
                    client.write([7; 10_000]);
                    taken += 10_000;
                }
                (client, taken)
            });
            let (client, taken) = writing.await?;
            assert!(taken < 1_000_000, "{taken} bytes were taken for nobody");
            drop(client);
            let mut passed = 0;
            while let Ok(part) = upstream.read_bytes(100_000).partial().await {
                passed += part.len();
            }
            assert!(passed > 0 && passed <= taken, "{passed} of {taken}");
            drop(upstream);
            ending.await?;
            Ok(())
        });
    }

    #[test]
    fn one_that_breaks_ends_the_other() {
        AsyncTest::new().paused_clock().run(async {
            let (mut client, upstream, ending) = tunnel(Duration::from_secs(60));
            drop(upstream);
            assert_eq!(client.read_until_close().await?, "");
            client.close();
            ending.await?;
            Ok(())
        });
    }

    #[test]
    fn nothing_passing_for_too_long_is_its_end() {
        AsyncTest::new().paused_clock().run(async {
            let limit = Duration::from_secs(600);
            let (mut client, mut upstream, ending) = tunnel(limit);
            let began = Instant::now();
            sleep(limit / 2).await;
            client.write("still there");
            client.flush().await?;
            assert_eq!(upstream.read_bytes(11).await?, "still there");
            assert!(matches!(ending.await?, End::Idle));
            assert_eq!(began.elapsed().as_secs(), 900);
            Ok(())
        });
    }

    #[test]
    fn half_a_connection_is_not_kept_for_as_long() {
        AsyncTest::new().paused_clock().run(async {
            let (mut client, upstream, ending) = tunnel(Duration::from_secs(3600));
            let began = Instant::now();
            client.close_write().await?;
            assert!(matches!(ending.await?, End::Idle));
            assert_eq!(began.elapsed().as_secs(), HALF_CLOSED.as_secs());
            drop(upstream);
            Ok(())
        });
    }
}
