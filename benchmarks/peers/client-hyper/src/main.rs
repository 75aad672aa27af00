//! hyper's client connection alone: as many connections as requests in flight, each with a task that
//! drives it and one that sends on it. No pool, no redirects, no look-up of names.
//!
//! Usage: `peer-client-hyper PORT IN_FLIGHT`, rounds on the input.

use std::net::Ipv4Addr;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use load_rounds::{BODY, Failure, Left, arguments, each_round};
use tokio::net::TcpStream;

type Sender = http1::SendRequest<Empty<Bytes>>;

fn main() -> Result<(), Failure> {
    let (port, in_flight) = arguments();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut senders = Vec::new();
    for _ in 0..in_flight {
        senders.push(runtime.block_on(connect(port))?);
    }
    each_round(|requests| {
        let left = Left::new(requests);
        let tasks: Vec<_> =
            senders.drain(..).map(|sender| runtime.spawn(send_while_left(sender, port, left.clone()))).collect();
        for task in tasks {
            senders.push(runtime.block_on(task)??);
        }
        Ok(())
    })
}

async fn connect(port: u16) -> Result<Sender, Failure> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn send_while_left(mut sender: Sender, port: u16, left: Left) -> Result<Sender, Failure> {
    while left.take() {
        let request = Request::get("/plaintext")
            .header(header::HOST, format!("127.0.0.1:{port}"))
            .header(header::USER_AGENT, "hyper")
            .body(Empty::new())?;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.into_body().collect().await?.to_bytes(), BODY);
    }
    Ok(sender)
}
