//! TLS over streams: between our own two sides, and with others' (OpenSSL, Python).

#[path = "../../../../tests/support/certificates.rs"]
mod certificates;
#[path = "../../../../tests/support/peers.rs"]
mod peers;

mod bytes_through;
mod handshakes;
mod openssl;
mod options;
mod python;
mod reload;
mod resumption;
mod servers;
mod sni;
mod start_tls;
mod verification;

use std::time::Duration;

use certificates::{Authority, Issued};
use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::{IoLoop, IoStream};
use firewhirl_tcp::tls::{ClientTls, ServerTls, SslOptions, TlsError};

/// What is waited for on a machine that may be busy with something else.
const PATIENCE: Duration = Duration::from_secs(60);

/// Options of a server with this certificate.
fn server_options(issued: &Issued) -> SslOptions {
    SslOptions::new().cert_pem(&issued.cert).key_pem(&issued.key)
}

/// Options of a client that trusts this authority alone.
fn client_options(authority: &Authority) -> SslOptions {
    SslOptions::new().ca_pem(authority.pem())
}

/// Both sides for `example.org`.
fn sides() -> (ServerTls, ClientTls) {
    let authority = Authority::new("Test");
    let server = ServerTls::new(&server_options(&authority.issue(&["example.org"]))).unwrap();
    (server, ClientTls::new(&client_options(&authority)).unwrap())
}

/// What either side has after a handshake in memory: the server's, and the client's.
async fn shake(
    server: &ServerTls,
    client: &ClientTls,
    name: &str,
) -> (Result<IoStream, TlsError>, Result<IoStream, TlsError>) {
    shake_over(MemoryPair::new(), server, client, name).await
}

async fn shake_over(
    pair: MemoryPair,
    server: &ServerTls,
    client: &ClientTls,
    name: &str,
) -> (Result<IoStream, TlsError>, Result<IoStream, TlsError>) {
    let (near, far) = pair.streams();
    let server = server.clone();
    let accepting = IoLoop::current().spawn(async move { server.accept(far).await });
    let connected = client.connect(near, name).await;
    (accepting.await.unwrap(), connected)
}

/// Both streams after a handshake that comes to its end.
async fn streams(server: &ServerTls, client: &ClientTls) -> (IoStream, IoStream) {
    let (server, client) = shake(server, client, "example.org").await;
    (server.unwrap(), client.unwrap())
}
