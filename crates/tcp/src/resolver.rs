//! From a host name to the addresses to connect to: Tornado's `Resolver`.
//!
//! A resolver is a trait, so that a program can bring its own (a cache, a service directory, a test's
//! fixed answers). Two come with it: the system's, off the loop, and one that overrides another's
//! answers. An address that is already one is never looked up.

use std::collections::HashMap;
use std::future::{Future, ready};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::rc::Rc;

use crate::Family;

/// What [`Resolver::resolve`] gives: the addresses, once they are known.
///
/// Boxed, so that clients can hold any resolver; it is one allocation beside a network round trip.
pub type Resolving<'resolver> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + 'resolver>>;

/// Finds the addresses of a host.
///
/// Tornado's `Resolver`; what stands in place of `Resolver.configure` is handing one to
/// [`TcpClient::resolver`](crate::TcpClient::resolver).
///
/// # Examples
///
/// A resolver that knows one service and asks the system for the rest:
///
/// ```
/// use firewhirl_tcp::{Family, Resolver, Resolving, SystemResolver};
///
/// struct Services;
///
/// impl Resolver for Services {
///     fn resolve<'a>(&'a self, host: &'a str, port: u16, family: Family) -> Resolving<'a> {
///         match host {
///             "stories" => Box::pin(async { Ok(vec!["10.0.0.7:8888".parse().unwrap()]) }),
///             _ => SystemResolver.resolve(host, port, family),
///         }
///     }
/// }
/// ```
pub trait Resolver {
    /// The addresses of `host`, each with `port`, in the order in which to try them.
    ///
    /// The host is a name or a literal IP address. With a family other than [`Family::Any`] the
    /// addresses are of that family. There is at least one: none is an error.
    ///
    /// # Errors
    ///
    /// What the system said, or an error of kind [`NotFound`](io::ErrorKind::NotFound).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the answer; a look-up that is on its way in a thread ends there.
    fn resolve<'a>(&'a self, host: &'a str, port: u16, family: Family) -> Resolving<'a>;
}

impl<Inner: Resolver + ?Sized> Resolver for Rc<Inner> {
    fn resolve<'a>(&'a self, host: &'a str, port: u16, family: Family) -> Resolving<'a> {
        (**self).resolve(host, port, family)
    }
}

/// The system's own resolver (`getaddrinfo`: hosts file, DNS, whatever else is configured), called on a
/// thread of the runtime's blocking pool.
///
/// Stands for Tornado's `DefaultLoopResolver`, `ThreadedResolver` and their kin.
///
/// # Examples
///
/// ```
/// use firewhirl_event::IoLoop;
/// use firewhirl_tcp::{Family, Resolver, SystemResolver};
///
/// IoLoop::current().run_sync(async {
///     let addresses = SystemResolver.resolve("localhost", 80, Family::Any).await?;
///     assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 80));
///     Ok(())
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16, family: Family) -> Resolving<'a> {
        if let Ok(literal) = host.parse::<IpAddr>() {
            return Box::pin(ready(of_family(host, [(literal, port).into()].into_iter(), family)));
        }
        let host = host.to_owned();
        Box::pin(async move {
            let look_up = move || of_family(&host, (host.as_str(), port).to_socket_addrs()?, family);
            // The error of the thread is that it panicked, or that the loop is being shut down.
            tokio::task::spawn_blocking(look_up).await.map_err(io::Error::other)?
        })
    }
}

/// Keeps the addresses of the family that was asked for; none left is an error.
fn of_family(host: &str, addresses: impl Iterator<Item = SocketAddr>, family: Family) -> io::Result<Vec<SocketAddr>> {
    let addresses: Vec<_> = addresses.filter(|address| family.includes(address)).collect();
    if addresses.is_empty() {
        let version = match family {
            Family::Any => "",
            Family::V4 => "IPv4 ",
            Family::V6 => "IPv6 ",
        };
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no {version}address")));
    }
    Ok(addresses)
}

/// Answers for some hosts otherwise than the resolver within it, which answers for the rest.
///
/// What is overridden is a host and port in one family, a host and port, or a host alone, looked for
/// in this order. Put in their place is another host (an address or a name, which the inner resolver
/// then resolves), with the same port or another. For tests, and to pin a service to a machine.
/// Tornado's `OverrideResolver`.
///
/// # Examples
///
/// ```
/// use firewhirl_event::IoLoop;
/// use firewhirl_tcp::{Family, OverrideResolver, Resolver, SystemResolver};
///
/// let resolver = OverrideResolver::new(SystemResolver)
///     .host("example.com", "127.0.1.1")
///     .host_and_port(("example.com", 443), ("127.0.1.1", 1443));
/// IoLoop::current().run_sync(async {
///     let addresses = resolver.resolve("example.com", 443, Family::Any).await?;
///     assert_eq!(addresses, ["127.0.1.1:1443".parse()?]);
///     let addresses = resolver.resolve("example.com", 80, Family::Any).await?;
///     assert_eq!(addresses, ["127.0.1.1:80".parse()?]);
///     Ok(())
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OverrideResolver<Inner> {
    inner: Inner,
    by_family: HashMap<(String, u16, Family), (String, u16)>,
    by_port: HashMap<(String, u16), (String, u16)>,
    by_host: HashMap<String, String>,
}

impl<Inner: Resolver> OverrideResolver<Inner> {
    /// Overrides nothing yet.
    pub fn new(inner: Inner) -> Self {
        Self { inner, by_family: HashMap::new(), by_port: HashMap::new(), by_host: HashMap::new() }
    }

    /// Puts `target` in place of `host`; the port stays what it is.
    pub fn host(mut self, host: impl Into<String>, target: impl Into<String>) -> Self {
        self.by_host.insert(host.into(), target.into());
        self
    }

    /// Puts the host and port `target` in place of `service`, a host and port.
    pub fn host_and_port(mut self, service: (&str, u16), target: (&str, u16)) -> Self {
        self.by_port.insert((service.0.to_owned(), service.1), (target.0.to_owned(), target.1));
        self
    }

    /// Puts the host and port `target` in place of `service` when asked for this very family.
    pub fn host_and_port_in(mut self, family: Family, service: (&str, u16), target: (&str, u16)) -> Self {
        self.by_family.insert((service.0.to_owned(), service.1, family), (target.0.to_owned(), target.1));
        self
    }

    /// What is to be resolved in place of a host and port.
    fn target(&self, host: &str, port: u16, family: Family) -> Option<(&str, u16)> {
        let exact = self.by_family.get(&(host.to_owned(), port, family));
        let with_port = || self.by_port.get(&(host.to_owned(), port));
        let pair = exact.or_else(with_port).map(|(host, port)| (host.as_str(), *port));
        pair.or_else(|| self.by_host.get(host).map(|target| (target.as_str(), port)))
    }
}

impl<Inner: Resolver> Resolver for OverrideResolver<Inner> {
    fn resolve<'a>(&'a self, host: &'a str, port: u16, family: Family) -> Resolving<'a> {
        let (host, port) = self.target(host, port, family).unwrap_or((host, port));
        self.inner.resolve(host, port, family)
    }
}
