//! hyper in HTTP/2, and over TLS: `peer-hyper-http2 PORT [CERTIFICATE KEY]`, on one tokio thread.
//!
//! In clear it speaks HTTP/2 by prior knowledge. Over TLS, by tokio-rustls with its default provider,
//! the version is what ALPN has chosen, and HTTP/1.1 where the client names none.

use std::{convert::Infallible, error::Error, net::Ipv4Addr};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue, SERVER},
    rt::{Read, Write},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The bodies, made beforehand.
#[derive(Clone)]
struct Bodies {
    large: Bytes,
    ten_mebibytes: Bytes,
    hundred_mebibytes: Bytes,
}

fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).ok_or("usage: peer-hyper-http2 PORT [CERTIFICATE KEY]")?.parse()?;
    let acceptor = tls_acceptor::acceptor(std::env::args().skip(2))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(port, acceptor))
}

async fn serve(port: u16, acceptor: Option<TlsAcceptor>) -> Result<(), Box<dyn Error>> {
    let bodies = Bodies {
        large: vec![b'x'; 64 << 10].into(),
        ten_mebibytes: vec![0; 10 << 20].into(),
        hundred_mebibytes: vec![0; 100 << 20].into(),
    };
    let listener = listen(port)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve_connection(stream, acceptor.clone(), bodies.clone()));
    }
}

/// A client that goes away ends its own connection only.
async fn serve_connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, bodies: Bodies) {
    let Some(acceptor) = acceptor else { return serve_http2(TokioIo::new(stream), bodies).await };
    let Ok(stream) = acceptor.accept(stream).await else { return };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        serve_http2(TokioIo::new(stream), bodies).await;
    } else {
        let service = service_fn(move |request| answer(request, bodies.clone()));
        let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
    }
}

async fn serve_http2(stream: impl Read + Write + Unpin, bodies: Bodies) {
    let service = service_fn(move |request| answer(request, bodies.clone()));
    let _ = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(250)
        .serve_connection(stream, service)
        .await;
}

async fn answer(request: Request<Incoming>, bodies: Bodies) -> Result<Response<Full<Bytes>>, Infallible> {
    let (content_type, body) = match request.uri().path() {
        "/plaintext" => ("text/plain", Bytes::from_static(b"Hello, World!")),
        "/large" => ("application/octet-stream", bodies.large),
        "/10m" => ("application/octet-stream", bodies.ten_mebibytes),
        "/100m" => ("application/octet-stream", bodies.hundred_mebibytes),
        _ => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    };
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(SERVER, HeaderValue::from_static("hyper"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(response)
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(4096)
}
