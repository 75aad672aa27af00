//! Serves what the test classes of PyPI tornado describe, so that Tornado's own tests run unchanged
//! against Firewhirl, over a socket:
//!
//! ```sh
//! tornado-tests tornado.test.httpserver_test.KeepAliveTest 8888
//! ```
//!
//! A file here is a module of Tornado's tests, a function in it what `get_app()` of a class there
//! builds, with Tornado's handlers as they look in Rust. A class that is not served ends the program
//! with status 77. Which tests fail, and why, is said in `tests/SOAK.md`.

mod httpclient;
mod httpserver;
mod random;
mod routing;
mod simple_httpclient;
mod web;

use std::io;
use std::process::ExitCode;

use firewhirl::http::Serve;
use firewhirl::prelude::*;
use firewhirl::tcp::BindOptions;
use firewhirl_testing::TestCertificate;

/// Tells the harness that a class is to be skipped.
const NOT_SERVED: u8 = 77;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [class, port] = arguments.as_slice() else {
        eprintln!("usage: tornado-tests CASE PORT");
        return Ok(ExitCode::from(2));
    };
    let Some(case) = find(class) else { return Ok(ExitCode::from(NOT_SERVED)) };
    (case.listen)(port.parse()?)?;
    // SIGTERM ends the program as it ends any other: no test asks for more.
    IoLoop::current().start()?;
    Ok(ExitCode::SUCCESS)
}

/// What serves a class, by its full name.
#[rustfmt::skip]
fn find(class: &str) -> Option<Case> {
    let (module, class) = class.strip_prefix("tornado.test.")?.split_once('.')?;
    match module {
        "httpclient_test"        => httpclient::serve(class),
        "httpserver_test"        => httpserver::serve(class),
        "routing_test"           => routing::serve(class),
        "simple_httpclient_test" => simple_httpclient::serve(class),
        "web_test"               => web::serve(class),
        _ => None,
    }
}

/// The server of a class, whatever it serves; made of an [`HttpServer`] by `into`.
pub(crate) struct Case {
    listen: Box<dyn FnOnce(u16) -> io::Result<()>>,
}

impl<Builder, Service> From<HttpServer<Builder>> for Case
where
    Builder: AsyncFn() -> Result<Service> + Clone + 'static,
    Service: Serve,
{
    fn from(server: HttpServer<Builder>) -> Self {
        let local = BindOptions::default().address("127.0.0.1");
        Self { listen: Box::new(move |port| server.listen_with(port, &local).map(drop)) }
    }
}

/// A server of what `service` makes, which Tornado's `get_app()` returns; its methods are the keys of
/// `get_httpserver_options()`.
pub(crate) fn server<Service: Serve>(
    service: fn() -> Service,
) -> HttpServer<impl AsyncFn() -> Result<Service> + Clone + 'static> {
    HttpServer::new(async move || Ok(service()))
}

/// The server of a class of `AsyncHTTPSTestCase`: its client takes any certificate.
pub(crate) fn secure<Builder>(server: HttpServer<Builder>) -> HttpServer<Builder> {
    server.ssl_options(TestCertificate::new().server_options()).expect("a certificate that was just made is one")
}
