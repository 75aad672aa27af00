//! Server-sent events as a response: what a browser's `EventSource` reads.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use firewhirl_event::Result;
use firewhirl_event::coroutine::sleep;
use firewhirl_http::event_stream::{CONTENT_TYPE, ServerSentEvent};
use http::Method;

use crate::context::Context;

/// How often a stream shows that it lives, unless set otherwise.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The shortest that clients of a server that stops are asked to wait.
const RETRY_MIN: Duration = Duration::from_millis(500);

impl Context {
    /// Begins a response that is an event stream, and sends its head: nothing keeps it on the way, and nothing
    /// compresses it.
    ///
    /// # Errors
    ///
    /// [`ResponseMisuse::HeadWritten`](crate::ResponseMisuse::HeadWritten) if something was flushed before.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::Result;
    /// use firewhirl_event::coroutine::sleep;
    /// use firewhirl_http::event_stream::ServerSentEvent;
    /// use firewhirl_web::Context;
    ///
    /// async fn ticks(cx: &Context) -> Result {
    ///     let events = cx.event_stream().await?;
    ///     let mut number: u64 = events.last_event_id().parse().unwrap_or(0);
    ///     while events.wait(sleep(Duration::from_secs(1))).await?.is_some() {
    ///         number += 1;
    ///         events.send(ServerSentEvent::new("tick").id(number.to_string())).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub async fn event_stream(&self) -> Result<EventStream<'_>> {
        self.set_header("Content-Type", CONTENT_TYPE)?;
        self.set_header("Cache-Control", "no-store")?;
        // nginx would keep events until there are enough of them.
        self.set_header("X-Accel-Buffering", "no")?;
        self.flush().await?;
        Ok(EventStream { context: self, heartbeat: HEARTBEAT })
    }
}

/// A response that is a stream of events; made by [`Context::event_stream`].
///
/// A handler waits for what it is to tell with [`wait`](Self::wait), which ends when its client has left or the
/// server stops, and then returns.
#[derive(Debug)]
pub struct EventStream<'context> {
    context: &'context Context,
    heartbeat: Duration,
}

impl EventStream<'_> {
    /// How often something is sent while there is no event, so that nobody on the way takes the connection for
    /// dead, and a client that has vanished is noticed. Default: 15 seconds.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = interval;
        self
    }

    /// The id of the last event that the client has got from an earlier connection, which it tells when it comes
    /// back; empty if it has got none with an id.
    pub fn last_event_id(&self) -> &str {
        self.context.request.header("Last-Event-ID").unwrap_or_default()
    }

    /// Sends an event, or just its data, and waits until the client's connection has taken it.
    ///
    /// # Errors
    ///
    /// As of [`Context::flush`]: once the client takes no more.
    pub async fn send(&self, event: impl Into<ServerSentEvent>) -> Result {
        let mut text = String::new();
        event.into().write_to(&mut text);
        self.write(text).await
    }

    /// Sends a comment, which no client shows to its program.
    ///
    /// # Errors
    ///
    /// As of [`send`](Self::send).
    pub async fn comment(&self, comment: &str) -> Result {
        let lines = comment.split(['\r', '\n']).map(|line| format!(": {line}\n"));
        self.write(lines.chain(["\n".to_owned()]).collect()).await
    }

    /// Waits for `work`, and sends a heartbeat now and then meanwhile; `None` where it is time to return: the
    /// client has left, or the server stops. `work` is then dropped.
    ///
    /// When the server stops, clients are told when to come back: each after another time, from half a second to
    /// two and a half, so that they do not all come at once.
    ///
    /// # Errors
    ///
    /// As of [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// As that of `work`.
    pub async fn wait<Work: Future>(&self, work: Work) -> Result<Option<Work::Output>> {
        // An answer to HEAD has no events.
        if *self.context.request.method() == Method::HEAD {
            return Ok(None);
        }
        let mut work = pin!(work);
        loop {
            let connection = self.context.connection();
            let (mut closed, mut draining) = (pin!(connection.closed()), pin!(connection.draining()));
            let mut heartbeat = pin!(sleep(self.heartbeat));
            let ended = poll_fn(|task| {
                if closed.as_mut().poll(task).is_ready() {
                    Poll::Ready(Waited::Left)
                } else if draining.as_mut().poll(task).is_ready() {
                    Poll::Ready(Waited::Draining)
                } else if let Poll::Ready(output) = work.as_mut().poll(task) {
                    Poll::Ready(Waited::Done(output))
                } else {
                    heartbeat.as_mut().poll(task).map(|()| Waited::Silence)
                }
            });
            match ended.await {
                Waited::Done(output) => return Ok(Some(output)),
                Waited::Left => return Ok(None),
                Waited::Draining => {
                    self.send(ServerSentEvent::retry_only(self.return_delay())).await?;
                    return Ok(None);
                }
                Waited::Silence => self.write(":\n\n".to_owned()).await?,
            }
        }
    }

    async fn write(&self, text: String) -> Result {
        self.context.write(text)?;
        self.context.flush().await
    }

    /// Another one for each request.
    fn return_delay(&self) -> Duration {
        // Numbers that follow each other are far apart when multiplied so (Knuth's multiplicative hash).
        RETRY_MIN + Duration::from_millis(self.context.number().wrapping_mul(2_654_435_761) % 2_000)
    }
}

enum Waited<Output> {
    Done(Output),
    Left,
    Draining,
    Silence,
}
