//! The benchmark's three routes on actix-web, with one worker.
//!
//! Keep-alive is left to the operating system and the request timeout is off, as in actix-web's own
//! TechEmpower entry.
//!
//! Usage: `peer-actix-web PORT`

use std::{io, net::Ipv4Addr, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer,
    http::{
        KeepAlive,
        header::{CONTENT_TYPE, HeaderValue, SERVER},
    },
    web::{self, Bytes},
};
use serde::Serialize;

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let port: u16 = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .ok_or_else(|| io::Error::other("usage: peer-actix-web PORT"))?;
    HttpServer::new(|| {
        App::new()
            .route("/plaintext", web::get().to(plaintext))
            .route("/json", web::get().to(json))
            .route("/echo", web::post().to(echo))
    })
    .backlog(4096)
    .client_request_timeout(Duration::ZERO)
    .keep_alive(KeepAlive::Os)
    .workers(1)
    .bind((Ipv4Addr::LOCALHOST, port))?
    .run()
    .await
}

async fn plaintext() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((SERVER, HeaderValue::from_static("actix-web")))
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("text/plain")))
        .body(Bytes::from_static(b"Hello, World!"))
}

async fn json() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((SERVER, HeaderValue::from_static("actix-web")))
        .json(Message { message: "Hello, World!" })
}

async fn echo(body: Bytes) -> HttpResponse {
    HttpResponse::Ok().insert_header((SERVER, HeaderValue::from_static("actix-web"))).body(body)
}
