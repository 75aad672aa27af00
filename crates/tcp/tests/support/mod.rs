//! What tests of clients connect to: a resolver of fixed answers, a port at which a connect hangs.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use firewhirl_tcp::{BindOptions, Family, Resolver, Resolving, bind_sockets};

/// Gives the same addresses for every host.
pub(crate) struct Fixed(pub(crate) Vec<SocketAddr>);

impl Resolver for Fixed {
    fn resolve<'a>(&'a self, _host: &'a str, _port: u16, _family: Family) -> Resolving<'a> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// A resolver that never answers.
pub(crate) struct Silent;

impl Resolver for Silent {
    fn resolve<'a>(&'a self, _host: &'a str, _port: u16, _family: Family) -> Resolving<'a> {
        Box::pin(std::future::pending())
    }
}

/// A port where the queue of connections is full and nobody accepts: to connect there hangs.
pub(crate) struct Hanging {
    pub(crate) address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Hanging {
    pub(crate) fn on(ip: &str) -> Self {
        let listener = bind_sockets(0, &BindOptions::default().address(ip).backlog(1)).unwrap().remove(0);
        let address = listener.local_addr().unwrap();
        let patience = Duration::from_millis(100);
        let queued: Vec<TcpStream> =
            std::iter::from_fn(|| TcpStream::connect_timeout(&address, patience).ok()).take(16).collect();
        assert!(queued.len() < 16, "the queue does not fill up");
        Self { address, _listener: listener, _queued: queued }
    }
}

/// A port at which nobody listens.
pub(crate) fn refusing_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
