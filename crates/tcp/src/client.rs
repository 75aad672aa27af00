//! Connections to others: Tornado's `TCPClient`.
//!
//! The one file of the client that opens sockets and keeps the time; which address is tried when is
//! the connector's to say.

use std::future::{Future, IntoFuture, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use firewhirl_event::iostream::StreamLimits;
use firewhirl_event::{Deadline, IoStream, TimeoutError};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout_at};

use crate::connector::{Attempt, Connector, HEAD_START, Lane};
use crate::secure::ClientSide;
use crate::{ConnectError, ConnectPhase, Family, Resolver, SystemResolver};

/// Makes connections over TCP, to hosts by name or address.
///
/// Where a host has addresses of both families, both are tried with a head start for the first
/// (happy eyeballs, RFC 8305), so that a broken IPv6 does not cost a timeout. Cheap to clone.
/// Tornado's `TCPClient`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::{IoLoop, IoStream};
/// use firewhirl_tcp::{TcpClient, TcpServer};
///
/// # fn main() -> firewhirl_event::Result {
/// let server = TcpServer::new(async |mut stream: IoStream, _peer| {
///     stream.write("hello\n");
///     stream.flush().await?;
///     Ok(())
/// })
/// .listen(0)?;
/// let port = server.port().unwrap();
/// IoLoop::current().run_sync(async move {
///     let mut stream = TcpClient::new().connect(("localhost", port)).timeout(Duration::from_secs(5)).await?;
///     assert_eq!(stream.read_until(b"\n").await?, "hello\n");
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct TcpClient {
    resolver: Rc<dyn Resolver>,
}

impl TcpClient {
    /// A client that asks the system's resolver.
    pub fn new() -> Self {
        Self { resolver: Rc::new(SystemResolver) }
    }

    /// Asks this resolver instead. Default: [`SystemResolver`].
    pub fn resolver(self, resolver: impl Resolver + 'static) -> Self {
        Self { resolver: Rc::new(resolver) }
    }

    /// Connects to a host, a name or a literal address, and a port.
    ///
    /// The future that this gives takes options before it is awaited.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], which says what the connect was at.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes whatever it had opened.
    pub fn connect(&self, (host, port): (impl Into<String>, u16)) -> Connect {
        Connect {
            resolver: self.resolver.clone(),
            host: host.into(),
            port,
            family: Family::Any,
            source: Source::default(),
            limits: StreamLimits::default(),
            deadline: None,
            secure: Default::default(),
        }
    }
}

impl Default for TcpClient {
    fn default() -> Self {
        Self::new()
    }
}

/// A connection to be made, with its options: await it.
#[must_use = "nothing is connected until this is awaited"]
pub struct Connect {
    resolver: Rc<dyn Resolver>,
    host: String,
    port: u16,
    family: Family,
    source: Source,
    limits: StreamLimits,
    deadline: Option<Deadline>,
    pub(crate) secure: ClientSide,
}

impl Connect {
    /// Until when the connection has to be there, name look-up and TLS included: a duration from now or a
    /// point in time. Default: no limit but the system's.
    pub fn timeout(mut self, deadline: impl Into<Deadline>) -> Self {
        self.deadline = Some(deadline.into());
        self
    }

    /// The address of this machine to connect from. Addresses of the other family then cannot be
    /// connected to. Default: the system chooses.
    pub fn source_ip(mut self, ip: IpAddr) -> Self {
        self.source.ip = Some(ip);
        self
    }

    /// The network interface of this machine to connect from, by its name such as `eth0`: Linux's
    /// `SO_BINDTODEVICE`. Elsewhere the connect fails as unsupported. Default: the system chooses.
    pub fn source_interface(mut self, name: impl Into<String>) -> Self {
        self.source.interface = Some(name.into());
        self
    }

    /// The port of this machine to connect from. Without a [`source_ip`](Self::source_ip) it is the
    /// loopback's, as in Tornado. Default, and what 0 means: the system chooses.
    pub fn source_port(mut self, port: u16) -> Self {
        self.source.port = port;
        self
    }

    /// Keeps to one address family. Default: either.
    pub fn family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }

    /// Bytes that the stream may hold unread. Default: 100 MiB.
    pub fn max_buffer_size(mut self, bytes: usize) -> Self {
        self.limits = self.limits.max_buffer_size(bytes);
        self
    }

    /// All the limits of the stream at once. Default: [`StreamLimits::default`].
    pub fn limits(mut self, limits: StreamLimits) -> Self {
        self.limits = limits;
        self
    }

    async fn run(self) -> Result<IoStream, ConnectError> {
        let addresses = self.addresses().await?;
        let stream = IoStream::from(self.any_of(&addresses).await?).with_limits(self.limits);
        let opening = self.secure.clone().open(stream, &self.host);
        match self.within_the_deadline(opening).await {
            Some(opened) => {
                opened.map_err(|source| ConnectError::Tls { host: self.host.clone(), port: self.port, source })
            }
            None => {
                let message = format!("timeout during the TLS handshake with {}", self.host);
                Err(timed_out(ConnectPhase::Tls, message))
            }
        }
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, ConnectError> {
        let resolving = self.resolver.resolve(&self.host, self.port, self.family);
        let resolved = match self.within_the_deadline(resolving).await {
            Some(resolved) => resolved,
            None => return Err(timed_out(ConnectPhase::Resolve, format!("timeout while resolving {}", self.host))),
        };
        resolved.map_err(|source| ConnectError::Resolve { host: self.host.clone(), source })
    }

    async fn any_of(&self, addresses: &[SocketAddr]) -> Result<TcpStream, ConnectError> {
        let mut connector = Connector::new(addresses);
        let connected = match self.within_the_deadline(first_to_connect(&mut connector, self.source.clone())).await {
            Some(connected) => connected,
            None => {
                let message = format!("timeout while connecting to {}", connector.under_way());
                return Err(timed_out(ConnectPhase::Connect, message));
            }
        };
        connected.map_err(|source| ConnectError::Connect { host: self.host.clone(), port: self.port, source })
    }

    /// `None` if time ran out.
    async fn within_the_deadline<Done>(&self, work: impl Future<Output = Done>) -> Option<Done> {
        match self.deadline {
            Some(deadline) => timeout_at(deadline.instant().into(), work).await.ok(),
            None => Some(work.await),
        }
    }
}

impl IntoFuture for Connect {
    type Output = Result<IoStream, ConnectError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

fn timed_out(phase: ConnectPhase, message: String) -> ConnectError {
    ConnectError::Timeout { phase, source: TimeoutError::new(message) }
}

/// Where a connection is to come from.
#[derive(Clone, Debug, Default)]
struct Source {
    ip: Option<IpAddr>,
    port: u16,
    interface: Option<String>,
}

impl Source {
    /// The address to bind before connecting to `target`, if any.
    fn address(&self, target: SocketAddr) -> Option<SocketAddr> {
        match (self.ip, self.port) {
            (None, 0) => None,
            (Some(ip), port) => Some((ip, port).into()),
            (None, port) if target.is_ipv4() => Some((Ipv4Addr::LOCALHOST, port).into()),
            (None, port) => Some((Ipv6Addr::LOCALHOST, port).into()),
        }
    }

    /// Has the socket come from here.
    fn bind(&self, socket: &TcpSocket, target: SocketAddr) -> io::Result<()> {
        if let Some(name) = &self.interface {
            bind_to_interface(socket, name)?;
        }
        match self.address(target) {
            Some(address) => socket.bind(address),
            None => Ok(()),
        }
    }
}

/// Drives the connector until an attempt succeeds or all have failed; the others are closed.
async fn first_to_connect(connector: &mut Connector, source: Source) -> io::Result<TcpStream> {
    let mut attempts = Attempts { source, opening: [None, None] };
    let mut head_start = pin!(sleep(HEAD_START));
    let mut head_start_is_over = false;
    let mut last_error = None;

    attempts.begin(connector.start());
    while !connector.has_failed() {
        let event = poll_fn(|cx| match attempts.poll(cx) {
            Poll::Pending if head_start_is_over => Poll::Pending,
            Poll::Pending => head_start.as_mut().poll(cx).map(|()| Event::HeadStartIsOver),
            Poll::Ready((lane, result)) => Poll::Ready(Event::Done(lane, result)),
        });
        match event.await {
            Event::Done(_, Ok(stream)) => return Ok(stream),
            Event::Done(lane, Err(error)) => {
                last_error = Some(error);
                attempts.begin(connector.attempt_failed(lane).into_iter().flatten());
            }
            Event::HeadStartIsOver => {
                head_start_is_over = true;
                attempts.begin(connector.head_start_is_over());
            }
        }
    }
    Err(last_error.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no address")))
}

/// What the driver of the connector waits for.
enum Event {
    HeadStartIsOver,
    Done(Lane, io::Result<TcpStream>),
}

/// The attempts under way, at most one a family.
struct Attempts {
    source: Source,
    opening: [Option<Opening>; 2],
}

type Opening = Pin<Box<dyn Future<Output = io::Result<TcpStream>>>>;

impl Attempts {
    fn begin(&mut self, attempts: impl IntoIterator<Item = Attempt>) {
        for (lane, address) in attempts {
            self.opening[lane as usize] = Some(Box::pin(open(address, self.source.clone())));
        }
    }

    /// The next that is done, in whichever way.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(Lane, io::Result<TcpStream>)> {
        for lane in [Lane::Primary, Lane::Secondary] {
            let opening = &mut self.opening[lane as usize];
            if let Some(attempt) = opening
                && let Poll::Ready(result) = attempt.as_mut().poll(cx)
            {
                *opening = None;
                return Poll::Ready((lane, result));
            }
        }
        Poll::Pending
    }
}

async fn open(address: SocketAddr, source: Source) -> io::Result<TcpStream> {
    tracing::trace!("connecting to {address}");
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    source.bind(&socket, address)?;
    socket.connect(address).await
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn bind_to_interface(socket: &TcpSocket, name: &str) -> io::Result<()> {
    let bound = socket2::SockRef::from(socket).bind_device(Some(name.as_bytes()));
    bound.map_err(|error| io::Error::new(error.kind(), format!("cannot bind to the interface {name}: {error}")))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bind_to_interface(_: &TcpSocket, name: &str) -> io::Result<()> {
    let message = format!("this system cannot bind a socket to an interface by its name, {name}; give its address");
    Err(io::Error::new(io::ErrorKind::Unsupported, message))
}
