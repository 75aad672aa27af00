//! One connection of HTTP/2 on a client: what its streams share, and the task that drives it.
//!
//! Requests come and go as [streams](super::client_stream); the connection's own task does all reading
//! and writing, so that a request that is not looked at holds up no other.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use firewhirl_event::locks::Event;
use firewhirl_event::{IoLoop, IoStream, log_targets};
use h2::client::{Builder, SendRequest};
use h2::{Ping, PingPong};

use super::carrier::{Carrier, Traffic};
use super::client_stream::{ClientStream, failed};
use crate::client::{HttpClientError, now};
use crate::limits::Limits;
use crate::options::{Http2Options, KeepAlive};

/// Streams that the server may open: none, for nothing is to be pushed.
const PUSHED_MAX: u32 = 0;

/// Streams that are opened before the server has said how many there may be (RFC 9113, section 6.5.2,
/// recommends that it allow 100).
const STREAMS_BEFORE_SETTINGS: usize = 100;

/// How long a server may take to read what is left for it once nobody wants anything more of it: the last frames, and
/// then the end of the stream.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection, for as long as further streams may be opened on it. Dropping it leaves those that are.
pub(crate) struct ClientConnection {
    shared: Rc<Shared>,
}

/// What the streams of a connection share.
pub(super) struct Shared {
    stream: RefCell<IoStream>,
    /// `None` once no more streams can be opened; `h2` then ends the connection with the last.
    requests: RefCell<Option<SendRequest<Bytes>>>,
    /// Streams that are open.
    open: Cell<usize>,
    /// Whether there has been a stream.
    used: Cell<bool>,
    idle_since: Cell<Option<Instant>>,
    /// Whether anything has come since this was asked last.
    heard: Cell<bool>,
    /// Is told when there may be room for another stream, or never will be.
    on_room: RefCell<Option<Box<dyn Fn()>>>,
    /// Is set once there is no stream, and never will be.
    left: Event,
}

/// Says hello over a stream, and has it driven from then on.
///
/// # Errors
///
/// What breaks the stream.
pub(crate) async fn connect(
    stream: IoStream,
    limits: &Limits,
    options: &Http2Options,
) -> Result<ClientConnection, HttpClientError> {
    let shared = Rc::new(Shared {
        stream: RefCell::new(stream),
        requests: RefCell::default(),
        open: Cell::new(0),
        used: Cell::new(false),
        idle_since: Cell::new(Some(now())),
        heard: Cell::new(false),
        on_room: RefCell::default(),
        left: Event::new(),
    });
    let (requests, mut h2) = settings(limits, options).handshake(Carrier(Rc::clone(&shared))).await.map_err(failed)?;
    shared.requests.replace(Some(requests));
    let pings = h2.ping_pong();
    let (driven, keep_alive) = (Rc::clone(&shared), options.keep_alive);
    IoLoop::current().spawn_callback(async move {
        if let Err(error) = drive(&driven, h2, pings, keep_alive).await {
            // The streams have it, too, and those who wait for them.
            tracing::debug!(target: log_targets::GEN, "HTTP/2 with a server: {error}");
        }
        driven.end();
        let closing = poll_fn(|context| driven.stream.borrow_mut().poll_close_write(context).map(drop));
        // Closed in any case, also under a server that reads nothing.
        let _ = tokio::time::timeout(FAREWELL, closing).await;
        driven.stream.borrow_mut().close();
    });
    Ok(ClientConnection { shared })
}

fn settings(limits: &Limits, options: &Http2Options) -> Builder {
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .max_concurrent_streams(PUSHED_MAX)
        .initial_max_send_streams(STREAMS_BEFORE_SETTINGS)
        .initial_window_size(options.initial_stream_window)
        .initial_connection_window_size(options.initial_connection_window)
        .max_frame_size(options.max_frame_size)
        .max_send_buffer_size(options.max_send_buffer)
        .max_header_list_size(u32::try_from(limits.header_size).unwrap_or(u32::MAX));
    builder
}

/// Reads and writes until the connection ends, asks a server that is silent whether it is there, and waits only so
/// long for one that is wanted no more.
async fn drive(
    shared: &Shared,
    h2: impl Future<Output = Result<(), h2::Error>>,
    pings: Option<PingPong>,
    keep_alive: Option<KeepAlive>,
) -> Result<(), h2::Error> {
    let mut h2 = pin!(h2);
    let mut silence = pin!(watch_silence(shared, pings, keep_alive));
    let mut farewell = pin!(async {
        shared.left.wait().await;
        tokio::time::sleep(FAREWELL).await;
    });
    poll_fn(|context| match h2.as_mut().poll(context) {
        Poll::Pending if farewell.as_mut().poll(context).is_ready() => Poll::Ready(Ok(())),
        Poll::Pending => silence.as_mut().poll(context).map(|()| Ok(())),
        ended => ended,
    })
    .await
}

/// Ready once the server has been silent for too long, although it was asked.
async fn watch_silence(shared: &Shared, pings: Option<PingPong>, keep_alive: Option<KeepAlive>) {
    let (Some(KeepAlive { interval, timeout }), Some(mut pings)) = (keep_alive, pings) else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(interval).await;
        if shared.heard.replace(false) {
            continue;
        }
        poll_fn(|context| {
            // The answer to the last one, if it came, makes room for the next.
            let _ = pings.poll_pong(context);
            let _ = pings.send_ping(Ping::opaque());
            Poll::Ready(())
        })
        .await;
        tokio::time::sleep(timeout).await;
        if !shared.heard.replace(false) {
            return;
        }
    }
}

impl ClientConnection {
    /// A stream for one request; `None` if there is no room for it now, or never again.
    pub(crate) fn reserve(&self, context: &mut Context<'_>) -> Option<Box<ClientStream>> {
        let shared = &self.shared;
        let mut requests = shared.requests.borrow_mut();
        let sender = requests.as_mut()?;
        if shared.open.get() >= sender.current_max_send_streams() {
            return None;
        }
        match sender.poll_ready(context) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => {
                // GOAWAY has come, or all numbers of streams are used up: those that are open go on.
                *requests = None;
                drop(requests);
                shared.tell_if_left();
                return None;
            }
            Poll::Pending => return None,
        }
        shared.open.set(shared.open.get() + 1);
        let is_reused = shared.used.replace(true);
        shared.idle_since.set(None);
        let requests = sender.clone();
        Some(Box::new(ClientStream::new(requests, Slot(Rc::clone(shared)), is_reused)))
    }

    /// Whether no more streams can be opened.
    pub(crate) fn has_ended(&self) -> bool {
        self.shared.requests.borrow().is_none()
    }

    /// Since when there has been no stream.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        self.shared.idle_since.get()
    }

    /// Has `tell` called whenever there may be room for another stream, or never will be.
    pub(crate) fn on_room(&self, tell: Box<dyn Fn()>) {
        self.shared.on_room.replace(Some(tell));
    }
}

impl Drop for ClientConnection {
    fn drop(&mut self) {
        // Outside the borrow: whoever is told may look here.
        drop(self.shared.on_room.take());
        drop(self.shared.requests.take());
        self.shared.tell_if_left();
    }
}

impl Shared {
    fn end(&self) {
        drop(self.requests.take());
        self.tell_of_room();
    }

    fn tell_if_left(&self) {
        if self.open.get() == 0 && self.requests.borrow().is_none() {
            self.left.set();
        }
    }

    fn tell_of_room(&self) {
        if let Some(tell) = &*self.on_room.borrow() {
            tell();
        }
    }
}

impl Traffic for Shared {
    fn with_stream<T>(&self, use_it: impl FnOnce(&mut IoStream) -> T) -> T {
        use_it(&mut self.stream.borrow_mut())
    }

    fn may_read(&self) -> bool {
        true
    }

    fn received(&self, _bytes: &[u8]) {
        self.heard.set(true);
    }

    fn sent(&self, _bytes: Option<usize>) {}

    fn flushed(&self) {}
}

/// The place of one stream on its connection; given back when dropped.
pub(super) struct Slot(Rc<Shared>);

impl Drop for Slot {
    fn drop(&mut self) {
        let open = self.0.open.get() - 1;
        self.0.open.set(open);
        if open == 0 {
            self.0.idle_since.set(Some(now()));
        }
        self.0.tell_of_room();
        self.0.tell_if_left();
    }
}
