//! A server of lines: sends back each line that it is sent. Tornado's `tcpecho` demo.
//!
//! It is all that the layers below HTTP need for a service: a function a connection, in which reading,
//! writing and leaving are as plain as in a thread.
//!
//!     cargo run --example echo [PORT]
//!
//! Then: nc localhost 9888, and type.

use firewhirl::prelude::*;

fn main() -> Result {
    let port = match std::env::args().nth(1) {
        Some(port) => port.parse()?,
        None => 9888,
    };

    let server = TcpServer::new(async |mut stream: IoStream, _peer| {
        loop {
            let line = stream.read_until(b"\n").await?;
            stream.write("You sent: ");
            stream.write(line);
        }
    })
    .listen(port)?;

    println!("listening on port {}", server.port().unwrap_or(port));
    IoLoop::current().start()
}
