//! axum in HTTP/2: `peer-axum-http2 PORT [CERTIFICATE KEY]`, on one tokio thread.
//!
//! In clear it speaks HTTP/2 by prior knowledge, over TLS (tokio-rustls) what ALPN has chosen. The
//! connections are hyper's, built by hand, so that both rows have the same settings.

use std::{error::Error, net::Ipv4Addr};

use axum::{
    Router,
    body::Bytes,
    http::header::{CONTENT_TYPE, HeaderName, HeaderValue, SERVER},
    routing::get,
};
use hyper::{
    rt::{Read, Write},
    server::conn::{http1, http2},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

type Fields = [(HeaderName, HeaderValue); 2];

fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).ok_or("usage: peer-axum-http2 PORT [CERTIFICATE KEY]")?.parse()?;
    let acceptor = tls_acceptor::acceptor(std::env::args().skip(2))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(port, acceptor))
}

async fn serve(port: u16, acceptor: Option<TlsAcceptor>) -> Result<(), Box<dyn Error>> {
    let large = Bytes::from(vec![b'x'; 64 << 10]);
    let app = Router::new()
        .route("/plaintext", get(async || (fields("text/plain"), "Hello, World!")))
        .route("/large", get(async move || (fields("application/octet-stream"), large)));
    let listener = listen(port)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve_connection(stream, acceptor.clone(), app.clone()));
    }
}

/// A client that goes away ends its own connection only.
async fn serve_connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, app: Router) {
    let Some(acceptor) = acceptor else { return serve_http2(TokioIo::new(stream), app).await };
    let Ok(stream) = acceptor.accept(stream).await else { return };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        serve_http2(TokioIo::new(stream), app).await;
    } else {
        let service = TowerToHyperService::new(app);
        let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
    }
}

async fn serve_http2(stream: impl Read + Write + Unpin, app: Router) {
    let _ = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(250)
        .serve_connection(stream, TowerToHyperService::new(app))
        .await;
}

fn fields(content_type: &'static str) -> Fields {
    [(SERVER, HeaderValue::from_static("axum")), (CONTENT_TYPE, HeaderValue::from_static(content_type))]
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(4096)
}
