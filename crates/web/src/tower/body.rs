//! The request body that a mounted service gets.
//!
//! A connection lives on its loop, and services such as axum's ask for a body that is `Send`. So the
//! two ends share one slot: the body asks for a chunk, and the pump, which is on the loop with the
//! connection, reads one. Nothing is read that was not asked for, which keeps backpressure.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use firewhirl_http::{BodyError, HttpConnection};
use http_body::{Frame, SizeHint};

/// A request's body as a mounted service reads it: an [`http_body::Body`] of [`Bytes`] that is `Send`.
pub struct Body {
    slot: Arc<Mutex<Slot>>,
    length: Option<u64>,
}

/// What the body and its pump share.
#[derive(Default)]
struct Slot {
    next: Next,
    wanted: bool,
    /// The other end is gone.
    abandoned: bool,
    reader: Option<Waker>,
    pump: Option<Waker>,
}

#[derive(Default)]
enum Next {
    #[default]
    Nothing,
    Chunk(Bytes),
    Error(BodyError),
    End,
}

impl Body {
    /// Makes a body with the pump that fills it; `length` in bytes, if it is known.
    pub(super) fn of(connection: HttpConnection, length: Option<u64>) -> (Self, BodyPump) {
        let slot = Arc::new(Mutex::new(Slot::default()));
        if length == Some(0) {
            lock(&slot).next = Next::End;
        }
        (Self { slot: Arc::clone(&slot), length }, BodyPump { slot, connection })
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let mut slot = lock(&this.slot);
        let polled = match std::mem::take(&mut slot.next) {
            Next::Chunk(chunk) => {
                this.length = this.length.map(|length| length.saturating_sub(chunk.len() as u64));
                Some(Ok(Frame::data(chunk)))
            }
            Next::Error(error) => {
                slot.next = Next::End;
                Some(Err(error))
            }
            Next::End => {
                slot.next = Next::End;
                None
            }
            Next::Nothing if slot.abandoned => {
                slot.next = Next::End;
                Some(Err(BodyError::Closed))
            }
            Next::Nothing => {
                slot.wanted = true;
                slot.reader = Some(task.waker().clone());
                let pump = slot.pump.take();
                drop(slot);
                wake(pump);
                return Poll::Pending;
            }
        };
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        matches!(lock(&self.slot).next, Next::End)
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let mut slot = lock(&self.slot);
        slot.abandoned = true;
        let pump = slot.pump.take();
        drop(slot);
        wake(pump);
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("length", &self.length).finish_non_exhaustive()
    }
}

/// Reads what the body asks for, on the connection's own loop.
pub(super) struct BodyPump {
    slot: Arc<Mutex<Slot>>,
    connection: HttpConnection,
}

impl BodyPump {
    /// Fills the body until its end, or until nobody wants more.
    pub(super) async fn run(self) {
        while self.is_wanted().await {
            let next = match self.connection.next_chunk().await {
                Ok(Some(chunk)) => Next::Chunk(chunk),
                Ok(None) => Next::End,
                Err(error) => Next::Error(error),
            };
            let goes_on = matches!(next, Next::Chunk(_));
            let mut slot = lock(&self.slot);
            slot.next = next;
            // It may have been asked for twice meanwhile; the next is not wanted before this one is taken.
            slot.wanted = false;
            let reader = slot.reader.take();
            drop(slot);
            wake(reader);
            if !goes_on {
                return;
            }
        }
    }

    /// Waits until a chunk is wanted; `false` if none will be.
    async fn is_wanted(&self) -> bool {
        poll_fn(|task| {
            let mut slot = lock(&self.slot);
            if slot.abandoned {
                return Poll::Ready(false);
            }
            if std::mem::take(&mut slot.wanted) {
                return Poll::Ready(true);
            }
            slot.pump = Some(task.waker().clone());
            Poll::Pending
        })
        .await
    }
}

impl Drop for BodyPump {
    fn drop(&mut self) {
        let mut slot = lock(&self.slot);
        slot.abandoned = true;
        let reader = slot.reader.take();
        drop(slot);
        wake(reader);
    }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    // Nothing panics under the lock; if it did, the slot would still be a slot.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
