//! The benchmark's three routes on may_minihttp, with one worker thread.
//!
//! may_minihttp has no router: matching on the path is how its own TechEmpower entry does it, and so
//! are the pool's capacity and the coroutines' stack size. It checks neither the `Host` field nor
//! chunked framing, and knows no timeout.
//!
//! Usage: `peer-may_minihttp PORT`

use std::{
    io::{self, Read},
    net::Ipv4Addr,
};

use bytes::BufMut;
use may_minihttp::{HttpService, HttpServiceFactory, Request, Response};
use serde::Serialize;

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

struct Routes;

impl HttpService for Routes {
    fn call(&mut self, request: Request, response: &mut Response) -> io::Result<()> {
        match (request.method(), request.path()) {
            ("GET", "/plaintext") => {
                response.header("Content-Type: text/plain").body("Hello, World!");
            }
            ("GET", "/json") => {
                response.header("Content-Type: application/json");
                let message = Message { message: "Hello, World!" };
                serde_json::to_writer(response.body_mut().writer(), &message)?;
            }
            ("POST", "/echo") => {
                let mut body = Vec::new();
                request.body().read_to_end(&mut body)?;
                response.header("Content-Type: application/octet-stream").body_vec(body);
            }
            _ => {
                response.status_code(404, "Not Found");
            }
        }
        Ok(())
    }
}

struct Factory;

impl HttpServiceFactory for Factory {
    type Service = Routes;

    fn new_service(&self, _connection: usize) -> Routes {
        Routes
    }
}

fn main() -> io::Result<()> {
    let port: u16 = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .ok_or_else(|| io::Error::other("usage: peer-may_minihttp PORT"))?;
    // The stack size is counted in words: 32 KiB.
    may::config().set_workers(1).set_pool_capacity(1000).set_stack_size(0x1000);
    let server = Factory.start((Ipv4Addr::LOCALHOST, port))?;
    server.join().map_err(|_| io::Error::other("the accepting coroutine panicked"))
}
