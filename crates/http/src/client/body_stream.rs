//! A request's body that is written while it is being sent: Tornado's `body_producer`.
//!
//! The producer's future is polled by the task that sends the request. One chunk at a time goes from
//! the one to the other, so that a server that takes nothing stops the producer.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use firewhirl_event::Error;

use super::error::HttpClientError;
use crate::headers::Headers;

/// A body that an asynchronous function writes while it is being sent.
///
/// # Examples
///
/// ```
/// use firewhirl_http::client::BodyStream;
///
/// let body = BodyStream::new(async |sender| {
///     for number in 0..1000 {
///         sender.write(format!("{number}\n")).await?;      // waits while the server takes no more
///     }
///     Ok(())
/// });
/// ```
pub struct BodyStream {
    length: Option<u64>,
    produce: Box<dyn FnOnce(BodySender) -> Producing>,
}

type Producing = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

impl BodyStream {
    /// A body that `produce` writes. It ends when the function returns; if that is with an error, the
    /// request is broken off, and the error is the request's.
    pub fn new(produce: impl AsyncFnOnce(BodySender) -> Result<(), Error> + 'static) -> Self {
        Self { length: None, produce: Box::new(|sender| Box::pin(async move { produce(sender).await })) }
    }

    /// Bytes that it will have. Fewer or more are an error. Default: not known, and sent in chunks.
    pub fn with_length(mut self, bytes: u64) -> Self {
        self.length = Some(bytes);
        self
    }

    /// Bytes that it will have, if that is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Makes the producer, which begins when it is first asked for a chunk.
    pub(crate) fn begin(self) -> BodyReceiver {
        let slot = Rc::new(RefCell::new(Slot::default()));
        let producing = (self.produce)(BodySender { slot: Rc::clone(&slot) });
        BodyReceiver { slot, producing: Some(producing) }
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyStream({:?})", self.length)
    }
}

/// What passes from the producer to the connection.
#[derive(Default)]
struct Slot {
    chunk: Option<Bytes>,
    /// The connection takes no more.
    closed: bool,
    trailers: Option<Headers>,
    senders: Vec<Waker>,
    receiver: Option<Waker>,
}

/// The producer's end of a [`BodyStream`].
pub struct BodySender {
    slot: Rc<RefCell<Slot>>,
}

impl BodySender {
    /// Sends a part of the body; ready once the connection has taken it, which a slow server delays.
    ///
    /// # Errors
    ///
    /// [`HttpClientError::Closed`] if the connection has ended, or the server has answered without
    /// waiting for the rest.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the part is sent or it is not.
    pub async fn write(&self, chunk: impl Into<Bytes>) -> Result<(), HttpClientError> {
        let mut chunk = Some(chunk.into()).filter(|chunk| !chunk.is_empty());
        poll_fn(|context| {
            let mut slot = self.slot.borrow_mut();
            if slot.closed {
                return Poll::Ready(Err(HttpClientError::Closed { cause: None }));
            }
            if slot.chunk.is_none() {
                match chunk.take() {
                    Some(chunk) => slot.chunk = Some(chunk),
                    None => return Poll::Ready(Ok(())),
                }
            }
            if !slot.senders.iter().any(|sender| sender.will_wake(context.waker())) {
                slot.senders.push(context.waker().clone());
            }
            if let Some(receiver) = slot.receiver.take_if(|receiver| !receiver.will_wake(context.waker())) {
                receiver.wake();
            }
            Poll::Pending
        })
        .await
    }

    /// Sets the fields that go out behind the body (RFC 9110, section 6.5); only a body that is sent in
    /// chunks, because its length was not said, has a place for them.
    pub fn set_trailers(&self, trailers: &Headers) {
        self.slot.borrow_mut().trailers = Some(trailers.clone());
    }
}

/// The connection's end of a [`BodyStream`].
pub(crate) struct BodyReceiver {
    slot: Rc<RefCell<Slot>>,
    producing: Option<Producing>,
}

impl BodyReceiver {
    /// The next part, `None` at the end.
    pub(crate) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            if let Some(chunk) = self.take() {
                return Poll::Ready(Ok(Some(chunk)));
            }
            let Some(producing) = &mut self.producing else { return Poll::Ready(Ok(None)) };
            match producing.as_mut().poll(context) {
                Poll::Ready(Ok(())) => self.producing = None,
                Poll::Ready(Err(error)) => {
                    self.producing = None;
                    return Poll::Ready(Err(error));
                }
                Poll::Pending if self.slot.borrow().chunk.is_some() => {}
                Poll::Pending => {
                    self.slot.borrow_mut().receiver = Some(context.waker().clone());
                    return Poll::Pending;
                }
            }
        }
    }

    /// The fields that go out behind it: complete lines, once it has ended.
    pub(crate) fn take_trailers(&self) -> Option<Headers> {
        self.slot.borrow_mut().trailers.take()
    }

    /// Takes the part that waits, and has those who wait for that go on.
    fn take(&self) -> Option<Bytes> {
        let (chunk, senders) = {
            let mut slot = self.slot.borrow_mut();
            let chunk = slot.chunk.take()?;
            (chunk, std::mem::take(&mut slot.senders))
        };
        senders.into_iter().for_each(Waker::wake);
        Some(chunk)
    }
}

impl Drop for BodyReceiver {
    fn drop(&mut self) {
        let senders = {
            let mut slot = self.slot.borrow_mut();
            slot.closed = true;
            std::mem::take(&mut slot.senders)
        };
        senders.into_iter().for_each(Waker::wake);
    }
}
