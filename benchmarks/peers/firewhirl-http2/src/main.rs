//! Firewhirl in HTTP/2 and over TLS: `peer-firewhirl-http2 PORT [CERTIFICATE KEY]`, an `Application`
//! with `Handler`s, as a user would write it.
//!
//! In clear it speaks HTTP/2 to those who begin with it, over TLS what ALPN has chosen, and HTTP/1.1
//! where the client names none. Entity tags of the larger bodies are off: hashing them is work that no
//! other peer is asked to do.

use bytes::Bytes;
use firewhirl::prelude::*;
use firewhirl::tcp::BindOptions;
use firewhirl::tcp::tls::{SslOptions, TlsVersion};

#[derive(Clone)]
struct Plaintext;

impl Handler for Plaintext {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.set_header("Content-Type", "text/plain")?;
        cx.write("Hello, World!")
    }
}

/// A body made beforehand.
#[derive(Clone)]
struct Large(Bytes);

impl Handler for Large {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.automatic_etag(false);
        cx.set_header("Content-Type", "application/octet-stream")?;
        cx.write(self.0.clone())
    }
}

/// A body made beforehand that is too long to be written at once, for what is written is a copy: it goes
/// part by part, each when the one before has left.
#[derive(Clone)]
struct InParts(Bytes);

impl Handler for InParts {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.set_header("Content-Type", "application/octet-stream")?;
        cx.set_header("Content-Length", self.0.len())?;
        for part in self.0.chunks(256 << 10) {
            cx.write(part)?;
            cx.flush().await?;
        }
        Ok(())
    }
}

async fn app() -> Result<Application> {
    Ok(Application::new()
        .route("/plaintext", Plaintext)
        .route("/large", Large(vec![b'x'; 64 << 10].into()))
        .route("/10m", InParts(vec![0; 10 << 20].into()))
        .route("/100m", InParts(vec![0; 100 << 20].into())))
}

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().expect("peer-firewhirl-http2 PORT [CERTIFICATE KEY]").parse()?;
    let mut server = HttpServer::new(app);
    if let (Some(certificate), Some(key)) = (arguments.next(), arguments.next()) {
        let tls = SslOptions::new().certfile(certificate).keyfile(key).minimum_version(TlsVersion::V1_3);
        server = server.ssl_options(tls)?;
    }
    server.listen_with(port, &BindOptions::default().address("127.0.0.1").backlog(4096))?;
    IoLoop::current().start()
}
