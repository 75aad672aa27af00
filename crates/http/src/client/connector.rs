//! How a connection to a destination is made: look-up, socket, and what is laid over it.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Instant;

use firewhirl_event::IoStream;
use firewhirl_event::iostream::StreamLimits;
use firewhirl_tcp::{Family, Resolver, Resolving, TcpClient};
use tokio::net::UnixStream;

use super::connection::Connection;
use super::destination::{Destination, Scheme, Source, Versions};
use super::error::{HttpClientError, TimeoutPhase};
use super::pool_options::PoolOptions;
use super::secure::Secure;
use super::time_info::{ConnectionTimes, now};
use super::tunnel;
use crate::http1::ClientConnection;
use crate::http2;
use crate::secure::Session;

/// What [`Dial::dial`] gives: a stream, once there is one.
pub type Dialing<'dial> = Pin<Box<dyn Future<Output = Result<IoStream, HttpClientError>> + 'dial>>;

/// Makes the streams on which requests are sent: the hook for tests, and for networks of one's own.
///
/// It connects to the [next hop](Destination::next_hop); a proxy's tunnel and TLS are laid over that.
///
/// # Examples
///
/// A server in the same process, in memory:
///
/// ```
/// use std::rc::Rc;
/// use firewhirl_event::{IoLoop, IoStream};
/// use firewhirl_http::client::{
///     ConnectionPool, Destination, Dial, Dialing, OutgoingRequest, PoolOptions, Scheme,
/// };
///
/// struct Canned;
///
/// impl Dial for Canned {
///     fn dial<'a>(&'a self, _destination: &'a Destination) -> Dialing<'a> {
///         Box::pin(async {
///             let (near, mut far) = IoStream::pair().expect("it is memory");
///             IoLoop::current().spawn_callback(async move {
///                 far.read_until(b"\r\n\r\n").await?;
///                 far.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
///                 Ok(far.flush().await?)
///             });
///             Ok(near)
///         })
///     }
/// }
///
/// IoLoop::current().run_sync(async {
///     let pool = ConnectionPool::new(PoolOptions::new().dial(Canned));
///     let destination = Rc::new(Destination::new(Scheme::Http, "canned", 80));
///     let mut response = pool.send(OutgoingRequest::new(destination, http::Method::GET, "/")).await?;
///     assert_eq!(response.next_chunk().await?.as_deref(), Some(&b"hi"[..]));
///     Ok(())
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub trait Dial {
    /// Connects to a destination, or to what stands before it.
    ///
    /// # Errors
    ///
    /// Why there is no connection; it becomes the request's error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes whatever it had opened.
    fn dial<'a>(&'a self, destination: &'a Destination) -> Dialing<'a>;
}

/// The network: TCP and Unix sockets.
pub(super) struct Network {
    resolver: Rc<dyn Resolver>,
}

impl Network {
    pub(super) fn new(resolver: Rc<dyn Resolver>) -> Self {
        Self { resolver }
    }

    async fn connect(
        &self,
        destination: &Destination,
        times: &mut ConnectionTimes,
    ) -> Result<IoStream, HttpClientError> {
        if let Some(path) = destination.unix_socket_path() {
            let connected = UnixStream::connect(path).await;
            let fail = |source| HttpClientError::ConnectUnix { path: path.to_owned(), source };
            return connected.map(IoStream::from).map_err(fail);
        }
        let resolved = Rc::new(Cell::new(None));
        let resolver = Timed { inner: Rc::clone(&self.resolver), resolved: Rc::clone(&resolved) };
        let connect = TcpClient::new().resolver(resolver).connect(destination.next_hop());
        let connect = connect.family(destination.address_family());
        let connect = match destination.source() {
            Source::Any => connect,
            Source::Ip(ip) => connect.source_ip(*ip),
            Source::Interface(name) => connect.source_interface(name),
        };
        let connected = connect.await;
        times.resolved = resolved.get();
        connected.map_err(HttpClientError::Connect)
    }
}

/// A resolver that notes when it has answered.
struct Timed {
    inner: Rc<dyn Resolver>,
    resolved: Rc<Cell<Option<Instant>>>,
}

impl Resolver for Timed {
    fn resolve<'a>(&'a self, host: &'a str, port: u16, family: Family) -> Resolving<'a> {
        Box::pin(async move {
            let addresses = self.inner.resolve(host, port, family).await;
            self.resolved.set(Some(now()));
            addresses
        })
    }
}

/// How streams are made.
#[derive(Clone)]
pub(super) enum Dialler {
    Network(Rc<Network>),
    Own(Rc<dyn Dial>),
}

/// A connection that can take a request, and when it was made.
pub(super) struct Connected {
    pub(super) connection: Connection,
    pub(super) times: ConnectionTimes,
}

/// What was made of a stream, by what its other end speaks.
pub(super) enum Made {
    Http1(Box<ClientConnection>),
    Http2(http2::ClientConnection),
}

impl Connected {
    /// One that has been used before, so that nothing had to be made.
    pub(super) fn again(connection: Connection) -> Self {
        Self { connection, times: ConnectionTimes::default() }
    }
}

/// Makes connections, with what is kept for all of them.
pub(super) struct Connector {
    pub(super) options: PoolOptions,
    secure: Secure,
}

impl Connector {
    pub(super) fn new(options: PoolOptions) -> Self {
        Self { secure: Secure::new(options.tls.clone()), options }
    }

    /// Makes a connection to the destination, within its time.
    pub(super) async fn connect(
        &self,
        destination: &Destination,
        until: Option<Instant>,
    ) -> Result<(Made, ConnectionTimes), HttpClientError> {
        let connecting = self.open(destination);
        match until {
            None => connecting.await,
            Some(until) => match tokio::time::timeout_at(until.into(), connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(HttpClientError::Timeout { phase: TimeoutPhase::Connect }),
            },
        }
    }

    async fn open(&self, destination: &Destination) -> Result<(Made, ConnectionTimes), HttpClientError> {
        let options = &self.options;
        if destination.allowed_versions() == Versions::Http2 && !http2::AVAILABLE {
            return Err(HttpClientError::Feature { wanted: "HTTP/2", feature: "http2" });
        }
        let mut times = ConnectionTimes::default();
        let stream = match &options.dialler {
            Dialler::Network(network) => network.connect(destination, &mut times).await?,
            Dialler::Own(dial) => dial.dial(destination).await?,
        };
        times.connected = Some(now());
        stream.set_nodelay(true);
        let mut stream = stream.with_limits(StreamLimits::default().max_buffer_size(options.max_buffer_size));
        if let Some(proxy) = destination.through() {
            if proxy.is_secure() {
                stream = self.secure.connect_to_proxy(proxy.host(), stream).await?;
            }
            if destination.is_tunnelled() {
                stream = tunnel::open(stream, proxy, destination, &options.limits).await?;
            }
        }
        if destination.scheme() == Scheme::Https {
            stream = self.secure.connect(destination, stream).await?;
            times.secured = Some(now());
        }
        let made = if speaks_http2(destination, &stream)? {
            Made::Http2(http2::connect(stream, &options.limits, &options.http2).await?)
        } else {
            Made::Http1(Box::new(ClientConnection::new(stream, options.limits.clone())))
        };
        Ok((made, times))
    }
}

/// Whether HTTP/2 is spoken over a stream: where both sides have chosen it, and in clear where it is the only
/// version that may be spoken.
fn speaks_http2(destination: &Destination, stream: &IoStream) -> Result<bool, HttpClientError> {
    let is_chosen = match destination.scheme() {
        Scheme::Http => destination.allowed_versions() == Versions::Http2,
        Scheme::Https => Session::of(stream).alpn_protocol() == Some(b"h2"),
    };
    match destination.allowed_versions() {
        Versions::Http2 if !is_chosen => Err(HttpClientError::NoHttp2),
        _ => Ok(is_chosen),
    }
}
