//! An asynchronous client of one's own: a small Redis client on `TcpClient` and `IoStream`, pooled,
//! with timeouts, used by a handler. The guide's page docs/own-client.md explains it line by line.
//!
//!     cargo run --example own_client [PORT [REDIS_PORT]]
//!
//! Needs a Redis on localhost:6379. Then: curl http://localhost:8888/visits

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use firewhirl::event::StreamError;
use firewhirl::event::coroutine::with_timeout;
use firewhirl::event::locks::Semaphore;
use firewhirl::prelude::*;

/// Connections that may be open at once; who wants one more waits.
const CONNECTIONS_MAX: usize = 10;

/// How long a command may take, the wait for a connection included.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A client of one Redis server, for one worker.
struct Redis {
    port: u16,
    idle: RefCell<Vec<IoStream>>,
    places: Semaphore,
}

/// What Redis answers (the protocol's simple types; nested arrays are as easy).
#[derive(Debug, PartialEq)]
enum Reply {
    Text(String),
    Integer(i64),
    Nothing,
}

/// Redis understood us and refused, or did not speak its protocol.
#[derive(Debug)]
struct RedisError(String);

impl fmt::Display for RedisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redis: {}", self.0)
    }
}

impl std::error::Error for RedisError {}

impl Redis {
    fn new(port: u16) -> Self {
        Self { port, idle: RefCell::default(), places: Semaphore::new(CONNECTIONS_MAX) }
    }

    /// Sends one command and waits for its reply.
    async fn command(&self, words: &[&str]) -> Result<Reply> {
        with_timeout(TIMEOUT, async {
            let _place = self.places.acquire().await;
            // The borrow ends with the line: none is held across an await.
            let idle = self.idle.borrow_mut().pop();
            let mut stream = match idle {
                Some(stream) => stream,
                None => TcpClient::new().connect(("127.0.0.1", self.port)).await?,
            };
            let reply = exchange(&mut stream, words).await;
            // After an error of the stream, or when the timeout drops this future, the connection is
            // in an unknown state: it is closed, not kept.
            if !matches!(&reply, Err(error) if error.find::<StreamError>().is_some()) {
                self.idle.borrow_mut().push(stream);
            }
            reply
        })
        .await?
    }
}

/// Writes a command and reads its reply: the whole of the protocol (RESP 2).
async fn exchange(stream: &mut IoStream, words: &[&str]) -> Result<Reply> {
    stream.write(format!("*{}\r\n", words.len()));
    for word in words {
        stream.write(format!("${}\r\n{word}\r\n", word.len()));
    }
    let line = stream.read_until(b"\r\n").await?;
    let (kind, rest) = line.trim_ascii_end().split_first().ok_or_else(|| RedisError("an empty reply".into()))?;
    let rest = String::from_utf8_lossy(rest).into_owned();
    match kind {
        b'+' => Ok(Reply::Text(rest)),
        b':' => Ok(Reply::Integer(rest.parse()?)),
        b'$' if rest == "-1" => Ok(Reply::Nothing),
        b'$' => {
            let length: usize = rest.parse()?;
            let text = stream.read_bytes(length + 2).await?;
            Ok(Reply::Text(String::from_utf8_lossy(&text[..length]).into_owned()))
        }
        b'-' => Err(RedisError(rest).into()),
        _ => Err(RedisError(format!("a reply that begins with {:?}", *kind as char)).into()),
    }
}

async fn app(redis_port: u16) -> Result<Application> {
    let redis = Rc::new(Redis::new(redis_port));
    Ok(Application::new().get("/visits", async move |cx| {
        let Reply::Integer(visits) = redis.command(&["INCR", "firewhirl:visits"]).await? else {
            return Err(RedisError("INCR gave no number".into()).into());
        };
        redis.command(&["EXPIRE", "firewhirl:visits", "60"]).await?;
        cx.write(format!("visit number {visits}\n"))
    }))
}

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(8888), |port| port.parse())?;
    let redis_port = arguments.next().map_or(Ok(6379), |port| port.parse())?;
    let server = HttpServer::new(async move || app(redis_port).await).listen(port)?;
    println!("listening on {}", server.url());
    IoLoop::current().start()
}
