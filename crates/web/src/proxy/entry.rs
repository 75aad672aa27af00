//! The route that a proxy is: what it has ready for its requests, and how it is mounted.

use std::cell::RefCell;
use std::rc::Rc;

use firewhirl_http::client::{ConnectionPool, Scheme};
use firewhirl_http::{Headers, Limits};

use super::options::{Options, Proxy, Via};
use super::target::Target;
use super::upstreams::Upstreams;
use super::via::Pseudonym;
use crate::context::Context;
use crate::entry::Entry;
use crate::routes::{AnswersAll, Mount, Mounted, MountedKind};
use crate::site::LocalFuture;

/// That a proxy is mounted, not a router.
#[doc(hidden)]
pub enum OfProxy {}

impl AnswersAll for OfProxy {}

impl Mount<OfProxy> for Proxy {
    fn into_mounted(self) -> Mounted {
        Mounted(MountedKind::Service(Rc::new(ProxyEntry::new(self))))
    }
}

/// Memory in which messages' fields are put together; taken out while it is used.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) text: String,
    pub(super) headers: Headers,
}

/// One proxy of one worker.
pub(super) struct ProxyEntry {
    pub(super) options: Options,
    pub(super) upstreams: Upstreams,
    pub(super) pool: ConnectionPool,
    pub(super) pseudonym: Option<Pseudonym>,
    /// Memory that is used again from request to request.
    pub(super) scratch: RefCell<Scratch>,
    /// What is wrong with what the program gave.
    problem: Option<String>,
}

impl ProxyEntry {
    fn new(proxy: Proxy) -> Self {
        let Proxy { targets, options } = proxy;
        let mut problem = targets.is_empty().then(|| "a proxy needs a target".to_owned());
        let mut parsed = Vec::new();
        for text in &targets {
            match Target::parse(text) {
                Ok(target) if !cfg!(feature = "tls") && target.destination.scheme() == Scheme::Https => {
                    problem = Some(format!("`{target}` needs the cargo feature `tls`, which is off"));
                }
                Ok(target) => parsed.push(target),
                Err(wrong) => problem = Some(wrong),
            }
        }
        if let Via::Named(name) = &options.via
            && !is_token(name)
        {
            problem = Some(format!("`{name}` is no name for `Via`: a token has letters, digits and `-._` alone"));
        }
        let limits = Limits::default().max_header_size(options.max_header_size).max_body_size(u64::MAX);
        let pool = options.pool.clone().max_clients(0).max_clients_per_host(options.max_connections).limits(limits);
        Self {
            pseudonym: options.pseudonym(&parsed),
            upstreams: Upstreams::new(parsed),
            pool: ConnectionPool::new(pool),
            options,
            scratch: RefCell::default(),
            problem,
        }
    }
}

impl Entry for ProxyEntry {
    fn allow(&self) -> Option<&str> {
        None
    }

    fn name(&self) -> String {
        format!("proxy to {}", self.upstreams.texts().collect::<Vec<_>>().join(", "))
    }

    fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    fn answer<'exchange>(&'exchange self, cx: &'exchange Context) -> LocalFuture<'exchange, ()> {
        Box::pin(async move {
            let result = self.forward(cx).await;
            cx.conclude(result).await;
        })
    }
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
