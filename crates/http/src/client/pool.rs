//! One loop's connections to everywhere, and how a request gets its response from one.
//!
//! Connections are kept under their [`Destination`]. How a request comes to one is in
//! [`checkout`](super::checkout), what limits requests in [`queue`](super::queue), what limits their
//! time in [`deadlines`](super::deadlines).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use super::alarm::Alarm;
use super::connection::Connection;
use super::connector::Connector;
use super::deadlines::{Deadlines, Timer};
use super::destination::Destination;
use super::error::HttpClientError;
use super::exchange::{Exchange, Failure};
use super::host::Host;
use super::incoming::IncomingResponse;
use super::outgoing::{OutgoingBody, OutgoingRequest};
use super::pool_options::PoolOptions;
use super::queue::{Place, Queue};
use super::time_info::{Stopwatch, now};
use crate::http1::{ClientConnection, ResponseHead};

/// How often idle connections are looked at, so that one that its server has closed goes away.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A connection is not used in the last part of the time that its server keeps it: the server's end
/// and our next request could cross.
const SERVER_MARGIN: Duration = Duration::from_secs(1);

/// How often a request is sent again that a server of HTTP/2 has refused before it looked at it. It is safe
/// (RFC 9113, section 8.7), but a server that refuses all will go on to do so.
const REFUSALS_MAX: u32 = 3;

/// Heads that are kept for the next responses.
const SPARE_HEADS: usize = 64;

/// One loop's connections to everywhere: the queue, the limits, and those that are idle.
///
/// Cheap to clone; the clones are the same pool. It belongs to the loop on which it is used.
///
/// # Examples
///
/// ```no_run
/// use std::rc::Rc;
/// use firewhirl_event::IoLoop;
/// use firewhirl_http::client::{ConnectionPool, Destination, OutgoingRequest, PoolOptions, Scheme};
///
/// IoLoop::current().run_sync(async {
///     let pool = ConnectionPool::new(PoolOptions::new());
///     let destination = Rc::new(Destination::new(Scheme::Http, "localhost", 8888));
///     let request = OutgoingRequest::new(destination, http::Method::GET, "/");
///     let mut response = pool.send(request).await?;
///     println!("{} {}", response.status(), response.reason());
///     while let Some(chunk) = response.next_chunk().await? {
///         println!("{} bytes", chunk.len());
///     }
///     Ok(())
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone)]
pub struct ConnectionPool {
    shared: Rc<Shared>,
}

impl ConnectionPool {
    /// A pool without connections.
    pub fn new(options: PoolOptions) -> Self {
        Self { shared: Rc::new(Shared::new(options)) }
    }

    /// Sends a request and gives its response once the final head is there.
    ///
    /// Waits for a place among the requests that may be under way, takes an idle connection or makes
    /// one, and sends. If a connection that was used before ends without a byte of an answer, the
    /// request is sent once more, on a new one, where that is harmless (RFC 9110, section 9.2.2): its
    /// method is idempotent and its body at hand; and so is one that a server of HTTP/2 has refused before
    /// it acted on it, whatever its method.
    ///
    /// # Errors
    ///
    /// [`HttpClientError`], whichever phase it fails in.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the request up: it leaves the queue, or its connection is closed.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` would have room for the request twice")]
    pub fn send(
        &self,
        mut request: OutgoingRequest,
    ) -> impl Future<Output = Result<IncomingResponse, HttpClientError>> {
        async move { self.send_in_place(&mut request).await }
    }

    async fn send_in_place(&self, request: &mut OutgoingRequest) -> Result<IncomingResponse, HttpClientError> {
        let pool = &self.shared;
        if pool.closed.get() {
            return Err(HttpClientError::ClientClosed);
        }
        request.frame(pool.options())?;
        let mut times = Stopwatch::start();
        let total = after(times.asked, request.request_timeout);
        let connect_timeout = request.connect_timeout;
        let connect_by = |from: Instant| earlier(total, after(from, connect_timeout));

        // What does not happen to most requests is in boxes, so that the future of those is small.
        let host = pool.host(&request.destination);
        let timer = Timer::new(pool);
        let place = match Place::take(pool, &host) {
            Some(place) => place,
            None => {
                timer.set(connect_by(times.asked));
                let place = Box::pin(Place::wait(pool, &host, &timer)).await?;
                times.started = now();
                place
            }
        };
        let connection = match pool.idle_connection(&host, times.started).await {
            Some(connection) => connection,
            None => Box::pin(pool.connection(&host, connect_by(now()), &timer, &mut times)).await?,
        };
        timer.set(total);
        let mut exchange = Box::new(Exchange::new(place, timer, times));
        let streams = matches!(request.body, OutgoingBody::Stream(_));
        let mut connection = Some(connection);
        for attempt in 0.. {
            let connection = match connection.take() {
                Some(connection) => connection,
                None => Box::pin(pool.new_connection(&host, connect_by(now()), &mut exchange.times)).await?,
            };
            let Err(failure) = exchange.perform(connection, request).await else { break };
            // A body that somebody writes is gone with the first attempt that has begun it.
            let is_intact = !streams || matches!(request.body, OutgoingBody::Stream(_));
            match failure {
                Failure::Stale(_) if attempt == 0 && is_intact && request.is_repeatable() => {}
                Failure::Unprocessed(_) if attempt < REFUSALS_MAX && is_intact => {}
                failure => return Err(failure.into_error()),
            }
        }
        Ok(IncomingResponse::new(exchange))
    }

    /// Closes idle connections, and refuses further requests; those under way come to their end.
    pub fn close(&self) {
        self.shared.closed.set(true);
        self.shared.close_idle(None, |_| true);
    }
}

/// What the clones of a pool share.
pub(super) struct Shared {
    pub(super) connector: Rc<Connector>,
    pub(super) queue: Queue,
    pub(super) deadlines: Deadlines,
    pub(super) alarm: Alarm,
    hosts: RefCell<HashMap<Rc<Destination>, Rc<Host>>>,
    /// The one that was asked for last, which mostly is the one that is asked for next.
    recent: RefCell<Option<Rc<Host>>>,
    spare_heads: RefCell<Vec<ResponseHead>>,
    idle: Cell<usize>,
    next_look: Cell<Option<Instant>>,
    closed: Cell<bool>,
    began: Instant,
}

impl Shared {
    fn new(options: PoolOptions) -> Self {
        Self {
            queue: Queue::new(options.max_clients, options.max_clients_per_host),
            connector: Rc::new(Connector::new(options)),
            deadlines: Deadlines::default(),
            alarm: Alarm::default(),
            hosts: RefCell::default(),
            recent: RefCell::default(),
            spare_heads: RefCell::default(),
            idle: Cell::new(0),
            next_look: Cell::new(None),
            closed: Cell::new(false),
            began: now(),
        }
    }

    #[inline]
    pub(super) fn options(&self) -> &PoolOptions {
        &self.connector.options
    }

    // --- hosts ---

    pub(super) fn host(&self, destination: &Rc<Destination>) -> Rc<Host> {
        if let Some(recent) = &*self.recent.borrow()
            && Rc::ptr_eq(&recent.destination, destination)
        {
            return Rc::clone(recent);
        }
        let mut hosts = self.hosts.borrow_mut();
        let host = hosts.entry(Rc::clone(destination)).or_insert_with(|| Rc::new(Host::new(Rc::clone(destination))));
        *self.recent.borrow_mut() = Some(Rc::clone(host));
        Rc::clone(host)
    }

    /// Forgets a host for which nothing is kept.
    pub(super) fn forget_unused(&self, host: &Host) {
        if !host.is_unused() {
            return;
        }
        let forgotten = self.hosts.borrow_mut().remove(&host.destination);
        if self.recent.borrow().as_ref().is_some_and(|recent| std::ptr::eq(&**recent, host)) {
            self.recent.take();
        }
        drop(forgotten);
    }

    // --- idle connections ---

    /// Takes the connection to a host that was used last.
    pub(super) fn pop_idle(&self, host: &Host) -> Option<Box<ClientConnection>> {
        let connection = host.pop_idle()?;
        self.idle.set(self.idle.get() - 1);
        Some(connection)
    }

    /// Takes a connection back at the end of an exchange, for whoever waits for it or comes next.
    pub(super) fn give_back(self: &Rc<Self>, host: &Host, mut connection: Box<ClientConnection>, now: Instant) {
        if connection.next_request() {
            self.offer(host, connection, now);
        }
    }

    /// Takes a connection that is new or has been made ready for another request.
    pub(super) fn offer(self: &Rc<Self>, host: &Host, connection: Box<ClientConnection>, now: Instant) {
        let options = self.options();
        if options.keeps_none() || self.closed.get() {
            return;
        }
        let Some(Connection::Http1(mut connection)) = host.give(Connection::Http1(connection)) else { return };
        connection.idle_since = Some(now);
        if self.is_over(&connection, now) {
            return;
        }
        if host.idle_count() >= options.max_idle_per_host {
            drop(host.pop_oldest());
        } else if self.idle.get() >= options.max_idle {
            self.drop_oldest();
        } else {
            self.idle.set(self.idle.get() + 1);
        }
        host.push_idle(connection);
        self.look_soon(now);
    }

    /// Sees to a connection of HTTP/2 one of whose streams has ended.
    pub(super) fn stream_ended(self: &Rc<Self>, host: &Host, now: Instant) {
        let options = self.options();
        if options.max_idle == 0 || options.max_idle_per_host == 0 || self.closed.get() {
            return host.multiplexed.drop_idle(None);
        }
        self.look_soon(now);
    }

    /// Has the idle connections looked at before long.
    fn look_soon(self: &Rc<Self>, now: Instant) {
        if self.next_look.get().is_none() {
            let next = now + LOOK_EVERY;
            self.next_look.set(Some(next));
            self.alarm.ring_by(self, next);
        }
    }

    /// Makes room for one: closes the connection that has been idle for longest.
    fn drop_oldest(&self) {
        let oldest = self.hosts.borrow().values().min_by_key(|host| host.oldest_or_never()).cloned();
        if let Some(oldest) = oldest {
            drop(oldest.pop_oldest());
            self.forget_unused(&oldest);
        }
    }

    /// Whether a connection has been idle for so long that its server may be about to close it.
    pub(super) fn is_over(&self, connection: &ClientConnection, now: Instant) -> bool {
        let patience = connection.server_patience().map(|patience| patience.saturating_sub(SERVER_MARGIN));
        let patience =
            patience.map_or(self.options().idle_timeout, |patience| patience.min(self.options().idle_timeout));
        connection.idle_since.is_some_and(|since| now.saturating_duration_since(since) >= patience)
    }

    /// Closes the idle connections that `is_over` says it of, and those of HTTP/2 that have been idle since
    /// the time given, or at all.
    fn close_idle(&self, multiplexed: Option<Instant>, mut is_over: impl FnMut(&mut ClientConnection) -> bool) {
        let hosts: Vec<_> = self.hosts.borrow().values().cloned().collect();
        for host in hosts {
            let closed = host.close_idle(&mut is_over);
            self.idle.set(self.idle.get() - closed);
            host.multiplexed.drop_idle(multiplexed);
            self.forget_unused(&host);
        }
    }

    /// Sees to deadlines and idle connections; gives the time at which to do so again.
    pub(super) fn tend(&self) -> Option<Instant> {
        let now = now();
        let next_deadline = self.deadlines.look(now);
        if self.next_look.get().is_some_and(|next| next <= now) {
            // No task is woken by what comes on an idle connection: the next look finds it.
            let context = &mut Context::from_waker(Waker::noop());
            let long_ago = now.checked_sub(self.options().idle_timeout).unwrap_or(self.began);
            self.close_idle(Some(long_ago), |connection| {
                self.is_over(connection, now) || !connection.poll_is_quiet(context)
            });
            let is_any_left =
                self.idle.get() > 0 || self.hosts.borrow().values().any(|host| !host.multiplexed.is_empty());
            self.next_look.set(is_any_left.then(|| now + LOOK_EVERY));
        }
        earlier(next_deadline, self.next_look.get())
    }

    // --- heads ---

    pub(super) fn take_head(&self) -> ResponseHead {
        self.spare_heads.borrow_mut().pop().unwrap_or_default()
    }

    pub(super) fn keep_head(&self, mut head: ResponseHead) {
        let mut heads = self.spare_heads.borrow_mut();
        if heads.len() < SPARE_HEADS {
            head.clear();
            heads.push(head);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Its task ends, for it finds no pool.
        self.alarm.wake();
    }
}

/// A time from now, where there is a limit, and the clock goes so far.
fn after(from: Instant, time: Option<Duration>) -> Option<Instant> {
    time.and_then(|time| from.checked_add(time))
}

/// The earlier of two times of which either may never come.
pub(super) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
