//! The benchmark's three routes on axum, served by hyper's HTTP/1.1 connection on one tokio thread.
//!
//! `axum::serve` cannot be told to flush pipelined answers together, so the connection is built by
//! hand with `pipeline_flush`, as axum's own TechEmpower entry does.
//!
//! Usage: `peer-axum PORT`

use std::{error::Error, net::Ipv4Addr};

use axum::{
    Json, Router,
    body::Bytes,
    http::header::{HeaderName, HeaderValue, SERVER},
    routing::{get, post},
};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde::Serialize;
use tokio::net::{TcpListener, TcpSocket};

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

type ServerHeader = [(HeaderName, HeaderValue); 1];

fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).ok_or("usage: peer-axum PORT")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(port))
}

async fn serve(port: u16) -> Result<(), Box<dyn Error>> {
    let app = Router::new().route("/plaintext", get(plaintext)).route("/json", get(json)).route("/echo", post(echo));
    let listener = listen(port)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            // A client that goes away ends its own connection only.
            let _ = http1::Builder::new().pipeline_flush(true).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn plaintext() -> (ServerHeader, &'static str) {
    (server(), "Hello, World!")
}

async fn json() -> (ServerHeader, Json<Message>) {
    (server(), Json(Message { message: "Hello, World!" }))
}

async fn echo(body: Bytes) -> (ServerHeader, Bytes) {
    (server(), body)
}

fn server() -> ServerHeader {
    [(SERVER, HeaderValue::from_static("axum"))]
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(4096)
}
