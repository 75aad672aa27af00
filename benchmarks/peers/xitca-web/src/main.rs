//! The benchmark's three routes on xitca-web, with one worker.
//!
//! Vectored writes are off and few header fields are allowed, as in xitca-web's own TechEmpower
//! entry (16 instead of its 8: a browser sends more than 8). Its keep-alive timeout of five seconds
//! would close the idle connections while they are counted, so it is an hour.
//!
//! Usage: `peer-xitca-web PORT`

use std::{io, net::Ipv4Addr, time::Duration};

use serde::Serialize;
use xitca_web::{
    App,
    body::ResponseBody,
    handler::{handler_service, json::Json},
    http::header::{HeaderName, HeaderValue, SERVER},
    route::{get, post},
};

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

const SERVER_HEADER: (HeaderName, HeaderValue) = (SERVER, HeaderValue::from_static("xitca-web"));

fn main() -> io::Result<()> {
    let port: u16 = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .ok_or_else(|| io::Error::other("usage: peer-xitca-web PORT"))?;
    App::new()
        .at("/plaintext", get(handler_service(plaintext)))
        .at("/json", get(handler_service(json)))
        .at("/echo", post(handler_service(echo)))
        .serve()
        .backlog(4096)
        .disable_vectored_write()
        .keep_alive_timeout(Duration::from_secs(3600))
        .max_request_headers::<16>()
        .worker_threads(1)
        .bind((Ipv4Addr::LOCALHOST, port))?
        .run()
        .wait()
}

async fn plaintext() -> (&'static str, (HeaderName, HeaderValue)) {
    ("Hello, World!", SERVER_HEADER)
}

async fn json() -> (Json<Message>, (HeaderName, HeaderValue)) {
    (Json(Message { message: "Hello, World!" }), SERVER_HEADER)
}

async fn echo(body: Vec<u8>) -> (ResponseBody, (HeaderName, HeaderValue)) {
    (ResponseBody::bytes(body), SERVER_HEADER)
}
