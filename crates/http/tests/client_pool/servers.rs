//! Servers that follow scripts, a script a connection, and what asks them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::{IoLoop, IoStream, Result, Spawned};
use firewhirl_http::client::{
    ConnectionPool, Destination, Dial, Dialing, HttpClientError, IncomingResponse, OutgoingRequest, PoolOptions, Scheme,
};
use http::Method;

/// What a server does on one connection.
pub(crate) type Script = Box<dyn FnOnce(IoStream) -> Pin<Box<dyn Future<Output = Result>>>>;

pub(crate) fn script(serve: impl AsyncFnOnce(IoStream) -> Result + 'static) -> Script {
    Box::new(|stream| Box::pin(async move { serve(stream).await }))
}

/// Answers every request with its own path.
pub(crate) fn echo() -> Script {
    script(async |mut stream| {
        loop {
            let head = stream.read_until(b"\r\n\r\n").await?;
            let path = std::str::from_utf8(&head)?.split(' ').nth(1).unwrap_or_default().to_owned();
            stream.write(ok(&path));
        }
    })
}

/// Answers requests with these bytes, one after the other, then closes.
pub(crate) fn answers(answers: impl IntoIterator<Item = impl AsRef<[u8]> + 'static> + 'static) -> Script {
    script(async move |mut stream| {
        for answer in answers {
            stream.read_until(b"\r\n\r\n").await?;
            stream.write(answer);
            stream.flush().await?;
        }
        Ok(())
    })
}

/// Reads one request and never answers.
pub(crate) fn silent() -> Script {
    script(async |mut stream| {
        stream.read_until(b"\r\n\r\n").await?;
        stream.wait_closed().await;
        Ok(())
    })
}

/// A response with this body.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A network on which each connection meets the next script; once there is none left, connecting never ends.
#[derive(Clone, Default)]
pub(crate) struct Servers {
    scripts: Rc<RefCell<VecDeque<Script>>>,
    dialled: Rc<Cell<usize>>,
    open: Rc<Cell<usize>>,
    /// How long each connect takes.
    latency: Option<Duration>,
    /// How each connection misbehaves.
    seed: Option<u64>,
}

impl Servers {
    pub(crate) fn of(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self { scripts: Rc::new(RefCell::new(scripts.into_iter().collect())), ..Self::default() }
    }

    pub(crate) fn slow_to_connect(self, latency: Duration) -> Self {
        Self { latency: Some(latency), ..self }
    }

    /// Bytes arrive in pieces and late, as this seed says.
    pub(crate) fn misbehaving(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Connections that were begun.
    pub(crate) fn dialled(&self) -> usize {
        self.dialled.get()
    }

    /// Connections whose server still runs.
    pub(crate) fn open(&self) -> usize {
        self.open.get()
    }

    pub(crate) fn pool(&self, options: PoolOptions) -> ConnectionPool {
        ConnectionPool::new(options.dial(self.clone()))
    }
}

impl Dial for Servers {
    fn dial<'a>(&'a self, _: &'a Destination) -> Dialing<'a> {
        self.dialled.set(self.dialled.get() + 1);
        let script = self.scripts.borrow_mut().pop_front();
        Box::pin(async {
            if let Some(latency) = self.latency {
                tokio::time::sleep(latency).await;
            }
            let Some(script) = script else { return std::future::pending().await };
            let pair = self.seed.map_or_else(MemoryPair::new, MemoryPair::slow);
            let (near, far) = pair.streams();
            let open = self.open.clone();
            open.set(open.get() + 1);
            IoLoop::current().spawn_callback(async move {
                // A script ends with an error where its client leaves, which is the client's right.
                drop(script(far).await);
                open.set(open.get() - 1);
            });
            Ok(near)
        })
    }
}

pub(crate) fn get(path: &str) -> OutgoingRequest {
    request(Method::GET, path)
}

pub(crate) fn request(method: Method, path: &str) -> OutgoingRequest {
    to("server", method, path)
}

pub(crate) fn to(host: &str, method: Method, path: &str) -> OutgoingRequest {
    OutgoingRequest::new(Rc::new(Destination::new(Scheme::Http, host, 80)), method, path)
}

pub(crate) async fn text(mut response: IncomingResponse) -> Result<String, HttpClientError> {
    Ok(String::from_utf8_lossy(&response.read_body().await?).into_owned())
}

/// Sends a request in a task of its own.
pub(crate) fn spawn(pool: &ConnectionPool, request: OutgoingRequest) -> Spawned<Result<String, HttpClientError>> {
    let pool = pool.clone();
    IoLoop::current().spawn(async move { text(pool.send(request).await?).await })
}

/// Runs a test on a loop of its own, on a clock that jumps where all wait.
pub(crate) fn run(test: impl Future<Output = Result>) {
    let io_loop = IoLoop::new().unwrap();
    let hour = Duration::from_secs(3600);
    let test = async {
        tokio::time::pause();
        tokio::time::timeout(hour, test).await.expect("the test has waited for an hour of its clock")
    };
    io_loop.run_sync(test).unwrap();
    io_loop.close().unwrap();
}

/// Lets all that can go on do so.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
