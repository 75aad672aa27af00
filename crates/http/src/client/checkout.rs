//! How a request comes to a connection: an idle one, one that another gives back, or a new one.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use firewhirl_event::IoLoop;

use super::connection::Connection;
use super::connector::{Connected, Made};
use super::deadlines::Timer;
use super::error::{HttpClientError, TimeoutPhase};
use super::host::{Host, Taking};
use super::pool::{LOOK_EVERY, Shared};
use super::time_info::{Stopwatch, now};
use crate::error_code::Http2ErrorCode;

type Connecting = Pin<Box<dyn Future<Output = Result<Connected, HttpClientError>>>>;

impl Shared {
    /// A stream on a connection with room, or an idle connection on which nothing has come; those that have
    /// ended meanwhile are closed.
    pub(super) async fn idle_connection(&self, host: &Host, now: Instant) -> Option<Connection> {
        if let Some(stream) = poll_fn(|context| Poll::Ready(host.multiplexed.stream(context))).await {
            return Some(stream);
        }
        let last_used = host.last_used()?;
        if now.saturating_duration_since(last_used) > LOOK_EVERY {
            // Nobody has looked for so long, because the loop was blocked or did not run at all. What has
            // come meanwhile is known once it has asked the system.
            tokio::task::yield_now().await;
        }
        poll_fn(|context| {
            while let Some(mut connection) = self.pop_idle(host) {
                if !self.is_over(&connection, now) && connection.poll_is_quiet(context) {
                    return Poll::Ready(Some(Connection::Http1(connection)));
                }
            }
            Poll::Ready(None)
        })
        .await
    }

    /// A connection that another request gives back, or a new one, whichever is there first.
    pub(super) async fn connection(
        self: &Rc<Self>,
        host: &Rc<Host>,
        until: Option<Instant>,
        timer: &Timer,
        times: &mut Stopwatch,
    ) -> Result<Connection, HttpClientError> {
        // Whoever waits for what another has begun has nothing else that ends with its time.
        timer.set(until);
        let mut race = Race { pool: self, host, until, timer, connecting: None, taking: host.wait() };
        let connected = poll_fn(|context| race.poll(context)).await?;
        times.connection = connected.times;
        Ok(connected.connection)
    }

    /// A new connection; or a stream on another than before, for those that have ended have none.
    pub(super) async fn new_connection(
        &self,
        host: &Rc<Host>,
        until: Option<Instant>,
        times: &mut Stopwatch,
    ) -> Result<Connection, HttpClientError> {
        if let Some(stream) = poll_fn(|context| Poll::Ready(host.multiplexed.stream(context))).await {
            return Ok(stream);
        }
        let connected = self.connecting(host, until).await?;
        host.serve_takers();
        times.connection = connected.times;
        Ok(connected.connection)
    }

    fn connecting(&self, host: &Rc<Host>, until: Option<Instant>) -> Connecting {
        let (connector, host) = (Rc::clone(&self.connector), Rc::clone(host));
        let note = host.note_connecting();
        Box::pin(async move {
            let (made, times) = connector.connect(&host.destination, until).await?;
            let connection = match made {
                Made::Http1(connection) => {
                    host.note_http1();
                    Connection::Http1(connection)
                }
                // One that allows no streams at all is of no use.
                Made::Http2(connection) => {
                    host.adopt(connection).ok_or(HttpClientError::Refused { code: Http2ErrorCode::REFUSED_STREAM })?
                }
            };
            drop(note);
            Ok(Connected { connection, times })
        })
    }
}

/// A wait for whichever connection is there first.
struct Race<'send> {
    pool: &'send Rc<Shared>,
    host: &'send Rc<Host>,
    until: Option<Instant>,
    timer: &'send Timer,
    connecting: Option<Connecting>,
    taking: Taking,
}

impl Race<'_> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Connected, HttpClientError>> {
        while let Poll::Ready(mut connection) = self.taking.poll(context) {
            if connection.poll_is_quiet(context) {
                self.let_go_on();
                return Poll::Ready(Ok(Connected::again(connection)));
            }
            self.taking.leave();
            self.taking = self.host.wait();
        }
        if self.connecting.is_none() && self.host.multiplexed.may_connect() {
            self.connecting = Some(self.pool.connecting(self.host, self.until));
        }
        let Some(connecting) = &mut self.connecting else {
            return match self.timer.poll_expired(context) {
                true => Poll::Ready(Err(HttpClientError::Timeout { phase: TimeoutPhase::Connect })),
                false => Poll::Pending,
            };
        };
        let connected = connecting.as_mut().poll(context);
        if connected.is_ready() {
            self.connecting = None;
            // What was given meanwhile is for the next.
            self.leave();
            self.host.serve_takers();
        }
        connected
    }

    /// Has the connection that is being made become an idle one.
    fn let_go_on(&mut self) {
        let Some(connecting) = self.connecting.take() else { return };
        let (pool, destination) = (Rc::downgrade(self.pool), Rc::clone(&self.host.destination));
        IoLoop::current().spawn_callback(async move {
            // Why there is none, the next request that needs one will see.
            if let Ok(connected) = connecting.await
                && let Some(pool) = pool.upgrade()
                && let Connection::Http1(connection) = connected.connection
            {
                // What was kept for the host may have been forgotten, and begun anew.
                pool.offer(&pool.host(&destination), connection, now());
            }
        });
    }
}

impl Race<'_> {
    /// Waits no more for what another gives back.
    fn leave(&self) {
        match self.taking.leave() {
            Some(Connection::Http1(connection)) => self.pool.offer(self.host, connection, now()),
            // Its place is free for the next.
            Some(Connection::Http2(_)) | None => {}
        }
    }
}

impl Drop for Race<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}
