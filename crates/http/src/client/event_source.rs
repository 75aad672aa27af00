//! Reading a server's events, and coming back when the stream breaks off. The browsers' `EventSource`.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use firewhirl_event::coroutine::{sleep, with_timeout};
use http::StatusCode;

use super::{AsyncHttpClient, HttpClientError, HttpRequest, StreamedResponse};
use crate::event_stream::{CONTENT_TYPE, EventStreamParser, EventTooLong, ServerSentEvent};

/// How long it waits before it comes back, unless the server has said so.
const RETRY_DELAY: Duration = Duration::from_secs(3);

/// How long it waits at least, whatever the server says, so that two programs do not chase each other.
const RETRY_DELAY_MIN: Duration = Duration::from_millis(100);

/// How long it waits at most.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(30);

/// How long a stream may be silent before it is taken for dead.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How often in a row it tries in vain.
const ATTEMPTS_MAX: u32 = 10;

/// The events of a server, one after the other, over as many connections as it takes.
///
/// A stream that ends, breaks off or is silent for too long is asked for again, with the id of the last event
/// as `Last-Event-ID`, so that the server can go on from there. The first time after the delay that the server
/// has named, or 3 seconds; as long as it is in vain, each time after twice as long, up to 30 seconds. So are
/// answers of 502, 503 and 504, which stand for a server that is coming back. A browser would give up at these,
/// but never at a server that cannot be reached, where this gives the error after 10 attempts.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> firewhirl_event::Result {
/// use firewhirl_http::client::EventSource;
///
/// let mut events = EventSource::new("http://localhost:8888/lines");
/// while let Some(event) = events.next().await? {
///     println!("{}: {}", event.kind(), event.data());
/// }
/// # Ok(())
/// # }
/// ```
pub struct EventSource {
    client: AsyncHttpClient,
    request: HttpRequest,
    retry_delay: Duration,
    idle_timeout: Duration,
    max_attempts: u32,
    parser: EventStreamParser,
    stream: Option<StreamedResponse>,
    /// What the next attempt has to wait for.
    delay: Option<Delay>,
    /// Attempts in a row that were in vain.
    failures: u32,
    has_ended: bool,
}

type Delay = std::pin::Pin<Box<dyn Future<Output = ()>>>;

impl EventSource {
    /// Events of a URL, or of a request with headers of one's own, over the loop's client.
    ///
    /// Time limits of the request are for the answer to begin; the stream may then go on for ever, and be as
    /// long as it likes. While it is open it has one of the places of the client, whose `max_clients` are ten:
    /// for many streams make a client of their own.
    pub fn new(request: impl Into<HttpRequest>) -> Self {
        Self::with_client(AsyncHttpClient::new(), request)
    }

    /// The same over a client of one's own.
    pub fn with_client(client: AsyncHttpClient, request: impl Into<HttpRequest>) -> Self {
        Self {
            client,
            request: request.into(),
            retry_delay: RETRY_DELAY,
            idle_timeout: IDLE_TIMEOUT,
            max_attempts: ATTEMPTS_MAX,
            parser: EventStreamParser::new(),
            stream: None,
            delay: None,
            failures: 0,
            has_ended: false,
        }
    }

    /// The id of the last event that is known from before, to go on from there.
    pub fn last_event_id(mut self, id: impl Into<String>) -> Self {
        self.parser = self.parser.last_event_id(id);
        self
    }

    /// Bytes that one event may have. Default: 1 MiB.
    pub fn max_event_size(mut self, bytes: usize) -> Self {
        self.parser = self.parser.max_event_size(bytes);
        self
    }

    /// How long it waits before it comes back, unless the server says otherwise. Default: 3 seconds; at least a
    /// tenth of one.
    pub fn retry_delay(mut self, time: Duration) -> Self {
        self.retry_delay = time;
        self
    }

    /// How long a stream may be silent before it is taken for dead and asked for again. Default: 5 minutes; most
    /// servers send something every 15 seconds.
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle_timeout = time;
        self
    }

    /// How often in a row it tries in vain before [`next`](Self::next) gives the error. Default: 10.
    pub fn max_attempts(mut self, count: u32) -> Self {
        self.max_attempts = count;
        self
    }

    /// The next event; `None` once the server has said that there will be none any more, with 204.
    ///
    /// # Errors
    ///
    /// [`EventSourceError`]: the server's answer is no event stream, an event is too long, or the server could
    /// not be reached however often it was tried. Called again it begins anew.
    ///
    /// # Cancel safety
    ///
    /// No event is lost. An attempt to connect that was under way is made again.
    pub async fn next(&mut self) -> Result<Option<ServerSentEvent>, EventSourceError> {
        loop {
            if let Some(event) = self.parser.next_event() {
                return Ok(Some(event));
            }
            if self.has_ended {
                return Ok(None);
            }
            let result = match &mut self.stream {
                Some(_) => self.read().await,
                None => self.connect().await,
            };
            if let Err(error) = result {
                self.come_back_or_fail(error)?;
            }
        }
    }

    /// The id of the last event.
    pub fn last_id(&self) -> &str {
        self.parser.last_id()
    }

    /// Reads on; an end is as good as an error, for an event stream has none.
    async fn read(&mut self) -> Result<(), EventSourceError> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let chunk = with_timeout(self.idle_timeout, stream.next_chunk()).await;
        match chunk.map_err(|_| EventSourceError::Silent)?? {
            Some(chunk) => {
                self.parser.push(&chunk).map_err(EventSourceError::TooLong)?;
                self.failures = 0;
                Ok(())
            }
            None => Err(EventSourceError::Fetch(HttpClientError::Closed { cause: None })),
        }
    }

    async fn connect(&mut self) -> Result<(), EventSourceError> {
        if let Some(delay) = &mut self.delay {
            delay.await;
            self.delay = None;
        }
        let limit = self.request.options.request_timeout.unwrap_or(Some(Duration::from_secs(20)));
        let request = self.request.clone().request_timeout(None).max_body_size(u64::MAX);
        let mut request = request.header("Accept", CONTENT_TYPE).header("Cache-Control", "no-store");
        if !self.parser.last_id().is_empty() {
            request = request.header("Last-Event-ID", self.parser.last_id());
        }
        let fetch = self.client.fetch(request).raise_error(false).stream();
        let stream = match limit {
            Some(limit) => with_timeout(limit, fetch).await.map_err(|_| EventSourceError::Silent)??,
            None => fetch.await?,
        };
        self.take_stream(stream)
    }

    /// Begins to read a stream, if it is one.
    fn take_stream(&mut self, stream: StreamedResponse) -> Result<(), EventSourceError> {
        if stream.status() == StatusCode::NO_CONTENT {
            self.has_ended = true;
            return Ok(());
        }
        if stream.status() != StatusCode::OK {
            return Err(EventSourceError::Status(stream.status()));
        }
        let content_type = stream.header("Content-Type").unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(CONTENT_TYPE) {
            return Err(EventSourceError::ContentType(content_type.to_owned()));
        }
        self.parser = self.parser.following();
        self.stream = Some(stream);
        Ok(())
    }

    /// What follows an error: a delay and another attempt, or the caller's turn.
    fn come_back_or_fail(&mut self, error: EventSourceError) -> Result<(), EventSourceError> {
        self.stream = None;
        if !error.is_passing() || self.failures >= self.max_attempts {
            self.failures = 0;
            return Err(error);
        }
        let first = self.parser.retry().unwrap_or(self.retry_delay).max(RETRY_DELAY_MIN);
        let doubled = first.saturating_mul(1 << self.failures.min(16));
        self.delay = Some(Box::pin(sleep(doubled.min(RETRY_DELAY_MAX.max(first)))));
        self.failures += 1;
        Ok(())
    }
}

impl fmt::Debug for EventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSource")
            .field("request", &self.request)
            .field("is_open", &self.stream.is_some())
            .field("last_id", &self.last_id())
            .finish_non_exhaustive()
    }
}

/// Why there are no events.
#[derive(Debug)]
#[non_exhaustive]
pub enum EventSourceError {
    /// The server could not be asked, or its answer broke off, as often as was tried.
    Fetch(HttpClientError),
    /// The server was silent for too long, as often as was tried.
    Silent,
    /// The server's answer has another status than 200 and 204.
    Status(StatusCode),
    /// The server's answer is no event stream.
    ContentType(
        /// What it is.
        String,
    ),
    /// An event has more bytes than it may have.
    TooLong(EventTooLong),
}

impl EventSourceError {
    /// Whether another attempt may go better.
    fn is_passing(&self) -> bool {
        match self {
            Self::Fetch(error) => !matches!(
                error,
                HttpClientError::Request(_)
                    | HttpClientError::Output(_)
                    | HttpClientError::Feature { .. }
                    | HttpClientError::ClientClosed
                    | HttpClientError::Redirect(_)
                    | HttpClientError::Tls(_)
            ),
            Self::Silent => true,
            Self::Status(status) => matches!(status.as_u16(), 502..=504),
            Self::ContentType(_) | Self::TooLong(_) => false,
        }
    }
}

impl From<HttpClientError> for EventSourceError {
    fn from(error: HttpClientError) -> Self {
        Self::Fetch(error)
    }
}

impl fmt::Display for EventSourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(error) => error.fmt(f),
            Self::Silent => f.write_str("the server of the event stream is silent"),
            Self::Status(status) => write!(f, "the server answered {status} where an event stream was asked for"),
            Self::ContentType(content_type) => {
                write!(f, "the server sent {content_type:?} where {CONTENT_TYPE} was asked for")
            }
            Self::TooLong(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EventSourceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Fetch(error) => Some(error),
            Self::TooLong(error) => Some(error),
            Self::Silent | Self::Status(_) | Self::ContentType(_) => None,
        }
    }
}
