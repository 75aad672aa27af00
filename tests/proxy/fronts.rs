//! A proxy in front and something behind it, on one loop, and a client that sees every byte.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use firewhirl::http::HttpServer;
use firewhirl::prelude::*;
use firewhirl::tcp::TcpServer;
use firewhirl::web::Proxy;
use firewhirl_testing::{AsyncTest, TestServer};

/// Runs a test; the machine may be busy.
#[track_caller]
pub(crate) fn run(test: impl Future<Output = Result>) {
    AsyncTest::new().timeout(Duration::from_secs(60)).run(test);
}

/// A front that hands everything on.
pub(crate) fn front(behind: Proxy) -> Result<TestServer> {
    serve(move || Application::new().fallback(behind.clone()))
}

/// A front with an application of its own.
pub(crate) fn serve(app: impl Fn() -> Application + 'static) -> Result<TestServer> {
    Ok(TestServer::start(async move || Ok(app()))?)
}

/// A service behind, with an application.
pub(crate) fn back(app: impl Fn() -> Application + 'static) -> Result<(TestServer, Proxy)> {
    let server = TestServer::serve(HttpServer::new(async move || Ok(app())).max_body_size(u64::MAX))?;
    let target = proxy(server.url(""));
    Ok((server, target))
}

/// A service behind that does with its connections whatever the test wants.
pub(crate) fn raw(serve: impl AsyncFn(IoStream) -> Result + 'static) -> Result<Proxy> {
    Ok(proxy(format!("http://127.0.0.1:{}", listen(serve)?)))
}

/// The port of such a service.
pub(crate) fn listen(serve: impl AsyncFn(IoStream) -> Result + 'static) -> Result<u16> {
    let (socket, port) = firewhirl_testing::bind_unused_port()?;
    TcpServer::new(async move |stream: IoStream, _| serve(stream).await).add_sockets([socket])?;
    Ok(port)
}

/// A service behind that answers each request with the same bytes, and keeps what it was sent.
pub(crate) fn answering(answer: &'static str) -> Result<(Rc<RefCell<Vec<String>>>, Proxy)> {
    let heads = Rc::new(RefCell::new(Vec::new()));
    let seen = heads.clone();
    let behind = raw(async move |mut stream| {
        loop {
            let head = read_head(&mut stream).await?;
            seen.borrow_mut().push(head);
            stream.write(answer);
            stream.flush().await?;
        }
    })?;
    Ok((heads, behind))
}

/// The head of the next request, or response.
pub(crate) async fn read_head(stream: &mut IoStream) -> Result<String> {
    let head = stream.read_until(b"\r\n\r\n").await?;
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// What comes back for these bytes until the connection ends.
pub(crate) async fn exchange(front: &TestServer, request: &str) -> Result<String> {
    let mut stream = front.client().connect().await?;
    stream.write(request);
    let answer = stream.read_until_close().await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The value of a field in a head.
pub(crate) fn field<'head>(head: &'head str, name: &str) -> Option<&'head str> {
    head.lines().find_map(|line| {
        let (own, value) = line.split_once(':')?;
        own.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
/// Waits until something is so.
pub(crate) async fn eventually(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        sleep(Duration::from_millis(5)).await;
    }
}
