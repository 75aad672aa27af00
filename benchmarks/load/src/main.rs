//! The load of the TLS tables, a client of our own on rustls: `load-tls PORT IN_FLIGHT WHAT`, rounds on
//! the input.
//!
//! With `full` and `resumed` a request is a new connection that does such a handshake, asks for
//! `/plaintext` once and is closed; with a path it is a GET of that on a connection that is kept. All
//! handshakes are of TLS 1.3 with X25519 and AES-128-GCM. The server's certificate is not looked at,
//! nor its signature, so that the client has less to do than the server.

mod trusting;

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    sync::Arc,
};

use load_rounds::{BODY, Failure, Left, each_round};
use rustls::{
    ClientConfig, HandshakeKind,
    client::Resumption,
    crypto::{
        CryptoProvider,
        aws_lc_rs::{self, cipher_suite::TLS13_AES_128_GCM_SHA256, kx_group::X25519},
    },
    version::TLS13,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

const USAGE: &str = "usage: load-tls PORT IN_FLIGHT full|resumed|/PATH";

fn main() -> Result<(), Failure> {
    let mut given = std::env::args().skip(1);
    let port = given.next().ok_or(USAGE)?.parse()?;
    let in_flight = given.next().ok_or(USAGE)?.parse()?;
    let what = given.next().ok_or(USAGE)?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut clients = Vec::new();
    for index in 0..in_flight {
        clients.push(Client::new(port, index, &what)?);
    }
    each_round(|requests| {
        let left = Left::new(requests);
        let tasks: Vec<_> = clients.drain(..).map(|client| runtime.spawn(client.work(left.clone()))).collect();
        for task in tasks {
            clients.push(runtime.block_on(task)??);
        }
        Ok(())
    })
}

/// One request at a time.
struct Client {
    connector: TlsConnector,
    server: SocketAddrV4,
    /// An address of its own: closed connections keep a port each for a minute, of some 28,000.
    source: Ipv4Addr,
    what: What,
}

enum What {
    Handshakes(HandshakeKind),
    /// The path, and the connection once there is one.
    Body(String, Option<TlsStream<TcpStream>>),
}

impl Client {
    fn new(port: u16, index: u8, what: &str) -> Result<Self, Failure> {
        let what = match what {
            "full" => What::Handshakes(HandshakeKind::Full),
            "resumed" => What::Handshakes(HandshakeKind::Resumed),
            path => What::Body(path.to_owned(), None),
        };
        Ok(Client {
            connector: connector(!matches!(what, What::Handshakes(HandshakeKind::Full)))?,
            server: SocketAddrV4::new(Ipv4Addr::LOCALHOST, port),
            source: Ipv4Addr::new(127, 0, 1, index),
            what,
        })
    }

    async fn work(mut self, left: Left) -> Result<Self, Failure> {
        match &mut self.what {
            What::Handshakes(kind) => {
                let kind = *kind;
                if kind == HandshakeKind::Resumed {
                    // Leaves the tickets of which all that follow have one.
                    self.connect_and_ask().await?;
                }
                while left.take() {
                    let done = self.connect_and_ask().await?;
                    if done != kind {
                        return Err(format!("a handshake was {done:?}, not {kind:?}").into());
                    }
                }
            }
            What::Body(path, kept) => {
                let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
                let mut stream = match kept.take() {
                    Some(stream) => stream,
                    None => connect(&self.connector, self.server, self.source).await?,
                };
                let mut buffer = vec![0; 256 << 10];
                while left.take() {
                    stream.write_all(request.as_bytes()).await?;
                    read_body(&mut stream, &mut buffer).await?;
                }
                *kept = Some(stream);
            }
        }
        Ok(self)
    }

    /// One connection, from the handshake to the end; returns which kind of handshake it was.
    async fn connect_and_ask(&self) -> Result<HandshakeKind, Failure> {
        let mut stream = connect(&self.connector, self.server, self.source).await?;
        stream.write_all(b"GET /plaintext HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut answer = Vec::with_capacity(1024);
        stream.read_to_end(&mut answer).await?;
        if !answer.starts_with(b"HTTP/1.1 200 ") || !answer.ends_with(BODY) {
            return Err(format!("the server answers {:?}", String::from_utf8_lossy(&answer)).into());
        }
        stream.get_ref().1.handshake_kind().ok_or_else(|| "no handshake".into())
    }
}

async fn connect(
    connector: &TlsConnector,
    server: SocketAddrV4,
    source: Ipv4Addr,
) -> Result<TlsStream<TcpStream>, Failure> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddrV4::new(source, 0).into())?;
    let stream = socket.connect(server.into()).await?;
    stream.set_nodelay(true)?;
    Ok(connector.connect("localhost".try_into()?, stream).await?)
}

/// Reads an answer that has a `Content-Length`, and drops it.
async fn read_body(stream: &mut TlsStream<TcpStream>, buffer: &mut [u8]) -> Result<(), Failure> {
    let mut filled = 0;
    let head = loop {
        filled += read(stream, &mut buffer[filled..]).await?;
        if let Some(at) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let fields = std::str::from_utf8(&buffer[..head])?.to_ascii_lowercase();
    if !fields.starts_with("http/1.1 200 ") {
        return Err(format!("the server answers {fields}").into());
    }
    let length = fields.split("content-length:").nth(1).and_then(|rest| rest.lines().next()).ok_or("no length")?;
    let mut left = length.trim().parse::<usize>()?.checked_sub(filled - head).ok_or("more than the length")?;
    while left > 0 {
        let most = left.min(buffer.len());
        left -= read(stream, &mut buffer[..most]).await?;
    }
    Ok(())
}

async fn read(stream: &mut TlsStream<TcpStream>, buffer: &mut [u8]) -> Result<usize, Failure> {
    match stream.read(buffer).await? {
        0 => Err("the server closes".into()),
        received => Ok(received),
    }
}

fn connector(resumes: bool) -> Result<TlsConnector, Failure> {
    let provider = CryptoProvider {
        cipher_suites: vec![TLS13_AES_128_GCM_SHA256],
        kx_groups: vec![X25519],
        ..aws_lc_rs::default_provider()
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trusting::Trusting))
        .with_no_client_auth();
    config.resumption = if resumes { Resumption::in_memory_sessions(8) } else { Resumption::disabled() };
    Ok(TlsConnector::from(Arc::new(config)))
}
