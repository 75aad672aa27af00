//! TLS for the client's connections: which, how it is agreed upon, and with which protocol inside.
//!
//! Its sibling `secure_elsewhere.rs` stands in its place in a build without the feature `tls`.

use std::cell::{OnceCell, RefCell};
use std::hash::{Hash, Hasher};

use firewhirl_event::IoStream;
use firewhirl_tcp::tls::{ClientTls, SslOptions};

use super::destination::{Destination, Versions};
use super::error::{HttpClientError, TimeoutPhase};
use super::pool_options::PoolOptions;
use crate::http2;

pub use firewhirl_tcp::tls::TlsError;

/// So many ways of speaking TLS are kept ready; a client has one or two.
const KEPT: usize = 32;

/// The TLS that a destination asks for; `None` for the pool's own. Two are equal if they are clones.
#[derive(Clone, Debug, Default)]
pub(super) struct Tls(Option<ClientTls>);

impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => one.ptr_eq(other),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for Tls {}

impl Hash for Tls {
    fn hash<State: Hasher>(&self, state: &mut State) {
        self.0.is_some().hash(state);
    }
}

impl Destination {
    /// Speaks TLS as this says, to a host over TLS. Connections are shared by those who give clones of
    /// one. Default: what the pool was [given](PoolOptions::tls).
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Tls(Some(tls));
        self
    }
}

impl PoolOptions {
    /// Speaks TLS as this says, where a destination has nothing of its own. Default: certificates are
    /// checked, and the system's authorities are trusted.
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Tls(Some(tls));
        self
    }
}

/// The ways of speaking TLS that a pool has ready.
pub(super) struct Secure {
    of_pool: OnceCell<ClientTls>,
    ready: RefCell<Vec<Ready>>,
}

/// What was given, and the same with the protocols to agree on, so that sessions can be resumed.
struct Ready {
    given: ClientTls,
    versions: Versions,
    tls: ClientTls,
}

impl Secure {
    /// With what a pool was given.
    pub(super) fn new(Tls(of_pool): Tls) -> Self {
        Self { of_pool: of_pool.map_or_else(OnceCell::new, OnceCell::from), ready: RefCell::default() }
    }

    /// Speaks TLS with the destination at the stream's other end.
    pub(super) async fn connect(
        &self,
        destination: &Destination,
        stream: IoStream,
    ) -> Result<IoStream, HttpClientError> {
        let given = match &destination.tls {
            Tls(Some(tls)) => tls.clone(),
            Tls(None) => self.of_pool()?,
        };
        let tls = self.ready(given, destination.allowed_versions())?;
        tls.connect(stream, destination.host()).await.map_err(failed)
    }

    /// Speaks TLS with a proxy at the stream's other end.
    pub(super) async fn connect_to_proxy(&self, host: &str, stream: IoStream) -> Result<IoStream, HttpClientError> {
        let tls = self.ready(self.of_pool()?, Versions::Http1)?;
        tls.connect(stream, host).await.map_err(failed)
    }

    fn of_pool(&self) -> Result<ClientTls, HttpClientError> {
        if let Some(tls) = self.of_pool.get() {
            return Ok(tls.clone());
        }
        let tls = ClientTls::new(&SslOptions::new()).map_err(HttpClientError::Tls)?;
        Ok(self.of_pool.get_or_init(|| tls).clone())
    }

    fn ready(&self, given: ClientTls, versions: Versions) -> Result<ClientTls, HttpClientError> {
        let mut ready = self.ready.borrow_mut();
        let known = ready.iter().find(|ready| ready.versions == versions && ready.given.ptr_eq(&given));
        if let Some(known) = known {
            return Ok(known.tls.clone());
        }
        let tls = given.or_alpn(protocols(versions).iter().copied()).map_err(HttpClientError::Tls)?;
        if ready.len() == KEPT {
            ready.remove(0);
        }
        ready.push(Ready { given, versions, tls: tls.clone() });
        Ok(tls)
    }
}

/// The protocols to agree on (ALPN), the best first.
fn protocols(versions: Versions) -> &'static [&'static str] {
    match versions {
        Versions::Any if http2::AVAILABLE => &["h2", "http/1.1"],
        Versions::Any | Versions::Http1 => &["http/1.1"],
        Versions::Http2 => &["h2"],
    }
}

fn failed(error: TlsError) -> HttpClientError {
    if error.is_timeout() {
        return HttpClientError::Timeout { phase: TimeoutPhase::Connect };
    }
    HttpClientError::Tls(error)
}
