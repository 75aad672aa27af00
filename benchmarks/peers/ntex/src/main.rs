//! The benchmark's three routes on ntex over tokio, with one worker.
//!
//! Buffers, keep-alive and timeouts are those of ntex's own TechEmpower entry.
//!
//! Usage: `peer-ntex PORT`

use std::{io, net::Ipv4Addr};

use ntex::{
    SharedCfg,
    http::{
        HttpServiceConfig, KeepAlive,
        header::{CONTENT_TYPE, HeaderValue, SERVER},
    },
    io::IoConfig,
    time::Seconds,
    util::Bytes,
    web::{self, App, HttpResponse, HttpServer},
};
use serde::Serialize;

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

#[ntex::main]
async fn main() -> io::Result<()> {
    let port: u16 = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .ok_or_else(|| io::Error::other("usage: peer-ntex PORT"))?;
    HttpServer::new(async || App::new().service((plaintext, json, echo)))
        .backlog(4096)
        .workers(1)
        .config(
            SharedCfg::new("peer")
                .add(IoConfig::new().set_read_buf(65535, 2048, 128).set_write_buf(65535, 2048, 128))
                .add(
                    HttpServiceConfig::new()
                        .set_keepalive(KeepAlive::Os)
                        .set_client_timeout(Seconds::ZERO)
                        .set_headers_read_rate(Seconds::ZERO, Seconds::ZERO, 0)
                        .set_payload_read_rate(Seconds::ZERO, Seconds::ZERO, 0),
                ),
        )
        .bind((Ipv4Addr::LOCALHOST, port))?
        .run()
        .await
}

#[web::get("/plaintext")]
async fn plaintext() -> HttpResponse {
    HttpResponse::Ok()
        .header(SERVER, HeaderValue::from_static("ntex"))
        .header(CONTENT_TYPE, HeaderValue::from_static("text/plain"))
        .body(Bytes::from_static(b"Hello, World!"))
}

#[web::get("/json")]
async fn json() -> HttpResponse {
    HttpResponse::Ok().header(SERVER, HeaderValue::from_static("ntex")).json(&Message { message: "Hello, World!" })
}

#[web::post("/echo")]
async fn echo(body: Bytes) -> HttpResponse {
    HttpResponse::Ok().header(SERVER, HeaderValue::from_static("ntex")).body(body)
}
