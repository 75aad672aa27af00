//! Draining every server of the process, for what replaces the process and does not know its servers.

use std::rc::Weak;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use firewhirl_event::{Deadline, IoLoop, LoopBound};
use tokio::sync::mpsc;
use tokio::time::timeout_at;

use crate::Acceptor;
use crate::acceptor::State;

/// The acceptors of all loops, each to be reached on its own.
static ALL: Mutex<Vec<Arc<LoopBound<Weak<State>>>>> = Mutex::new(Vec::new());

/// How much longer than its limit a drain may take before its loop is thought to be stuck.
const STUCK_AFTER: Duration = Duration::from_secs(1);

/// Drains every server of this process, on whatever loops they are, as [`Acceptor::drain`] does;
/// gives how many connections were cut off.
///
/// For what ends or replaces the process without knowing what is served in it. A loop that does not
/// turn is waited for until a second past the limit.
///
/// # Cancel safety
///
/// Dropping the future leaves the servers stopped and draining.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::{IoLoop, IoStream};
/// use firewhirl_tcp::{TcpClient, TcpServer, drain_all};
///
/// # fn main() -> firewhirl_event::Result {
/// let server = TcpServer::new(async |mut stream: IoStream, _| {
///     stream.write("done\n");
///     stream.flush().await?;
///     Ok(())
/// })
/// .listen(0)?;
/// let port = server.port().unwrap_or_default();
/// IoLoop::current().run_sync(async move {
///     let mut stream = TcpClient::new().connect(("127.0.0.1", port)).await?;
///     assert_eq!(drain_all(Duration::from_secs(5)).await, 0);
///     assert_eq!(stream.read_until(b"\n").await?, "done\n");
///     Ok(())
/// })
/// # }
/// ```
pub async fn drain_all(limit: impl Into<Deadline>) -> usize {
    let limit = limit.into();
    let (sender, mut cut_off) = mpsc::unbounded_channel();
    // Taken out first: what is asked of a loop below may need the lock.
    let acceptors = all().clone();
    for acceptor in &acceptors {
        let sender = sender.clone();
        acceptor.with(move |state| {
            let Some(state) = state.upgrade() else { return };
            IoLoop::current().spawn_callback(async move {
                let count = Acceptor::of(state).drain(limit).await;
                // Whoever asked may have stopped waiting.
                let _ = sender.send(count);
            });
        });
    }
    drop(sender);
    let all_told = async {
        let mut sum = 0;
        while let Some(count) = cut_off.recv().await {
            sum += count;
        }
        sum
    };
    timeout_at((limit.instant() + STUCK_AFTER).into(), all_told).await.unwrap_or_default()
}

fn all() -> MutexGuard<'static, Vec<Arc<LoopBound<Weak<State>>>>> {
    // Nothing that holds the lock can leave the list half changed.
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An acceptor's place among all of the process, for as long as it lives.
pub(crate) struct Enrolled(Arc<LoopBound<Weak<State>>>);

impl Enrolled {
    pub(crate) fn new(io_loop: &IoLoop, state: Weak<State>) -> Self {
        let bound = Arc::new(io_loop.keep(state));
        all().push(bound.clone());
        Self(bound)
    }
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        let gone = {
            let mut all = all();
            let place = all.iter().position(|bound| Arc::ptr_eq(bound, &self.0));
            place.map(|place| all.swap_remove(place))
        };
        drop(gone);
    }
}
