//! The client against servers and proxies that others wrote: nginx, httpbin, Tornado, Python's `http.server`,
//! tinyproxy.

#[path = "client_peers/certificate.rs"]
mod certificate;
#[path = "client_peers/httpbin.rs"]
mod httpbin;
#[path = "client_peers/nginx.rs"]
mod nginx;
#[path = "client_peers/nginx_tls.rs"]
mod nginx_tls;
#[path = "client_peers/peer.rs"]
mod peer;
#[path = "client_peers/proxies.rs"]
mod proxies;
mod support;
#[path = "client_peers/tornado.rs"]
mod tornado;

use firewhirl::prelude::*;

/// Runs a test on a loop of its own, within the time that nothing here may take.
fn run(test: impl Future<Output = Result>) {
    let io_loop = IoLoop::new().unwrap();
    io_loop.run_sync_timeout(support::PATIENCE, test).unwrap();
    io_loop.close().unwrap();
}
