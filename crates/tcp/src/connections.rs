//! The connections of one loop: each a task of its own, watched so that none hurts another.
//!
//! An error or panic in one connection ends that connection and is logged. What is kept of each is
//! what a drain needs: how to wake its task, and how to cancel it.

use std::any::{Any, type_name};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use firewhirl_event::watchdog::{self, Label, LabelCopy};
use firewhirl_event::{IoStream, Result, StreamError, log_targets};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, yield_now};

use crate::gate::Admission;
use crate::{ConnectionHandler, Gate, Peer};

/// The open connections of a loop.
#[derive(Debug)]
pub(crate) struct Connections {
    gate: Gate,
    open: RefCell<HashMap<u64, Connection>>,
    next_number: Cell<u64>,
    ended: Notify,
}

#[derive(Debug)]
struct Connection {
    task: AbortHandle,
    /// Known from the task's first turn on.
    waker: Option<Waker>,
}

impl Connections {
    pub(crate) fn new(gate: Gate) -> Self {
        Self { gate, open: RefCell::default(), next_number: Cell::new(0), ended: Notify::new() }
    }

    /// Runs the handler on a connection, as a task of the loop whose context this is called in.
    pub(crate) fn spawn<Handler: ConnectionHandler>(
        self: &Rc<Self>,
        handler: Rc<Handler>,
        stream: IoStream,
        peer: Peer,
        admission: Admission,
    ) {
        let number = self.next_number.replace(self.next_number.get() + 1);
        let entry = Entry { connections: self.clone(), number, _admission: admission };
        // Boxed, because a task has room for a future once for each function that it is handed through,
        // and its task is what an idle connection costs.
        let serving = Box::pin(async move {
            // A socket that is new to the loop cannot be written to before the loop has looked at it
            // once, and a handler may write, and end, without ever waiting.
            yield_now().await;
            handler(stream, peer).await
        });
        let task = tokio::task::spawn_local(async move {
            entry.introduce().await;
            // The future is gone before the entry: who waits for the last connection finds its
            // stream closed.
            match caught(serving, peer, describe::<Handler>).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) if error.find::<StreamError>().is_some_and(StreamError::is_quiet) => {}
                Ok(Err(error)) => {
                    entry.connections.gate.count_failed();
                    tracing::error!(target: log_targets::APP, %peer, "error in connection callback: {error:?}");
                }
                Err(panic) => {
                    entry.connections.gate.count_panicked();
                    let message = panic_message(&*panic);
                    tracing::error!(target: log_targets::APP, %peer, "panic in connection callback: {message}");
                }
            }
        });
        // Not run yet, so the entry cannot have gone before it comes.
        self.open.borrow_mut().insert(number, Connection { task: task.abort_handle(), waker: None });
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.open.borrow().len()
    }

    /// Wakes the task of each.
    pub(crate) fn wake(&self) {
        self.open.borrow().values().filter_map(|connection| connection.waker.as_ref()).for_each(Waker::wake_by_ref);
    }

    /// Cancels each where it waits.
    pub(crate) fn cancel(&self) {
        self.open.borrow().values().for_each(|connection| connection.task.abort());
    }

    /// Waits until the next connection ends.
    pub(crate) async fn one_ended(&self) {
        self.ended.notified().await;
    }

    /// Waits until none is open.
    pub(crate) async fn all_ended(&self) {
        while self.len() > 0 {
            self.one_ended().await;
        }
    }
}

/// A connection's place in the table, held by its task: gone in whichever way the task ends.
struct Entry {
    connections: Rc<Connections>,
    number: u64,
    _admission: Admission,
}

impl Entry {
    /// Leaves word how to wake the task. A task keeps its waker, so once is enough.
    async fn introduce(&self) {
        poll_fn(|cx| {
            if let Some(connection) = self.connections.open.borrow_mut().get_mut(&self.number) {
                connection.waker = Some(cx.waker().clone());
            }
            Poll::Ready(())
        })
        .await;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let gone = self.connections.open.borrow_mut().remove(&self.number);
        // Outside the borrow: the last reference to the task may go with it.
        drop(gone);
        self.connections.ended.notify_waiters();
    }
}

/// The future's output, or what it panicked with. If it blocks the loop, the log says whose connection
/// it is.
async fn caught<Work: Future>(
    mut future: Pin<Box<Work>>,
    peer: Peer,
    describe: fn(&LabelCopy) -> String,
) -> Result<Work::Output, Box<dyn Any + Send>> {
    poll_fn(|cx| {
        let label = Label::new(describe).address(peer.address_ref());
        match watchdog::step(&label, || catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// What the log of blocked loops says of a connection.
fn describe<Handler>(copy: &LabelCopy) -> String {
    let handler = type_name::<Handler>();
    match copy.address {
        Some(address) => format!("the connection from {address}, served by `{handler}`"),
        None => format!("a connection over a Unix socket, served by `{handler}`"),
    }
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)")
}
