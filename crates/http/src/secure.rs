//! HTTPS: how TLS comes into a server's connections, and what a request tells of it.
//!
//! The variant with the feature `tls`; without it `secure_elsewhere.rs` takes its place, where every
//! connection is in clear.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use firewhirl_event::{IoStream, StreamError, log_targets};
use firewhirl_tcp::tls::{self, ServerTls, TlsError, TlsSession};
use firewhirl_tcp::{Draining, Peer};
use tokio::time::{sleep, timeout};

use crate::{HttpServer, Request};

/// How long a handshake may still take once the server drains.
const DRAIN_GRACE: Duration = Duration::from_secs(1);

/// What a client gets that speaks HTTP in clear where HTTPS is spoken.
const NOT_IN_CLEAR: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=UTF-8\r\n\
    Content-Length: 59\r\nConnection: close\r\n\r\nThis port speaks HTTPS, and the request came in plain HTTP.";

impl<Builder> HttpServer<Builder> {
    /// Speaks HTTPS on all that it listens on, with the certificate that the options name.
    ///
    /// Takes [`SslOptions`](tls::SslOptions), or a [`ServerTls`], by whose clone the certificates can be
    /// [reloaded](ServerTls::reload). Requests then say `https` as their
    /// [`protocol`](Request::protocol). Handshakes are their connections' own matter: a slow client holds up
    /// no other. One that fails is a line in the log; a client that speaks plain HTTP is answered 400.
    /// To be set before it listens. For plain HTTP on another port make another server of the same builder.
    /// Tornado's `HTTPServer(app, ssl_options=..)`.
    ///
    /// # Errors
    ///
    /// What is wrong with the options.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use firewhirl_event::{IoLoop, Result};
    /// use firewhirl_http::HttpServer;
    /// use firewhirl_tcp::tls::SslOptions;
    /// # use firewhirl_http::Exchange;
    /// # async fn hello(_: &mut Exchange) -> Result { Ok(()) }
    ///
    /// fn main() -> Result {
    ///     let tls = SslOptions::new().certfile("cert.pem").keyfile("key.pem");
    ///     HttpServer::new(async || Ok(hello)).ssl_options(tls)?.listen(8443)?;
    ///     IoLoop::current().start()
    /// }
    /// ```
    pub fn ssl_options<Tls>(mut self, tls: Tls) -> Result<Self, TlsError>
    where
        Tls: TryInto<ServerTls>,
        TlsError: From<Tls::Error>,
    {
        self.secure = ServerSide(Some(tls.try_into()?));
        Ok(self)
    }
}

/// How a server's connections begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerSide(Option<ServerTls>);

impl ServerSide {
    /// Offers these protocols, the preferred first, where the options name none.
    pub(crate) fn offering(self, protocols: &[&str]) -> Self {
        Self(self.0.map(|tls| tls.or_alpn(protocols.iter().copied())))
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.0.is_some()
    }

    /// The stream to be served; `None` if the handshake came to nothing, which has been logged.
    pub(crate) async fn open(&self, stream: IoStream, peer: Peer, draining: &Draining) -> Option<IoStream> {
        let Some(tls) = &self.0 else { return Some(stream) };
        // Boxed, so that a connection's task is not as large as a handshake for all its life.
        match Box::pin(unless_draining(accept(tls, stream), draining)).await? {
            Ok(stream) => Some(stream),
            Err(error) => {
                if !error.is_quiet() {
                    tracing::warn!(target: log_targets::GEN, "TLS with {peer}: {error}");
                }
                None
            }
        }
    }
}

/// Speaks TLS with a client, or tells one that it should.
async fn accept(tls: &ServerTls, mut stream: IoStream) -> Result<IoStream, TlsError> {
    let limit = tls.handshake_timeout();
    if stream.buffer().is_empty() {
        let first = timeout(limit, stream.fill()).await.map_err(|_| TlsError::Timeout { limit })?;
        if first? == 0 {
            return Err(StreamError::Closed { cause: None }.into());
        }
    }
    // A handshake begins with 22, a request with the letter of a method.
    if !stream.buffer().first().is_some_and(u8::is_ascii_uppercase) {
        return tls.accept(stream).await;
    }
    stream.write(NOT_IN_CLEAR);
    // It may be gone; then there is nobody to be told.
    let _ = timeout(limit, stream.close_write()).await;
    Err(TlsError::NotTls)
}

/// `None` if the server drains and the work does not end soon.
async fn unless_draining<Done>(work: impl Future<Output = Done>, draining: &Draining) -> Option<Done> {
    let mut work = pin!(work);
    let mut end = pin!(async {
        draining.wait().await;
        sleep(DRAIN_GRACE).await;
    });
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => end.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// The TLS of a connection, if it has any: what its requests share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session(Option<Rc<TlsSession>>);

impl Session {
    pub(crate) fn of(stream: &IoStream) -> Self {
        Self(tls::session(stream).map(Rc::new))
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.0.is_some()
    }

    /// The protocol that both sides have agreed on, if they have.
    pub(crate) fn alpn_protocol(&self) -> Option<&[u8]> {
        self.0.as_ref()?.alpn_protocol()
    }
}

impl Request {
    /// The TLS of the connection that it came over; `None` in clear, also where a proxy in front says that the
    /// client spoke `https` to it.
    pub fn tls_session(&self) -> Option<&TlsSession> {
        self.downstream().session().0.as_deref()
    }

    /// The client's certificate in DER, if the server asked for one and it has verified. Tornado's
    /// `get_ssl_certificate(binary_form=True)`; those of its issuers are in
    /// [`tls_session`](Self::tls_session).
    pub fn ssl_certificate(&self) -> Option<&[u8]> {
        self.tls_session()?.peer_certificates()?.first().map(AsRef::as_ref)
    }
}
