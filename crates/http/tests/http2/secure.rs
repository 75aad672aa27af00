//! HTTP/2 over TLS, where both sides choose it by ALPN.

use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_http::client::{ConnectionPool, Destination, OutgoingRequest, PoolOptions, Scheme, Versions};
use firewhirl_http::{Exchange, HttpServer, HttpServerHandle};
use firewhirl_tcp::tls::{ClientTls, ServerTls, SslOptions};
use http::{Method, Version};

use crate::certificates::Authority;
use crate::support::{answer, run, service};

/// A server over TLS, and a pool that trusts it.
pub(crate) struct Secure {
    pub(crate) pool: ConnectionPool,
    pub(crate) destination: Rc<Destination>,
    server: HttpServerHandle,
}

impl Secure {
    /// How many connections the server has.
    pub(crate) fn connections(&self) -> u64 {
        self.server.statistics().connections
    }
}

pub(crate) fn server(http2: bool) -> Result<Secure> {
    let authority = Authority::new("Test");
    let issued = authority.issue(&["localhost"]);
    let tls = ServerTls::new(&SslOptions::new().cert_pem(&issued.cert).key_pem(&issued.key))?;
    let serve = async |exchange: &mut Exchange| -> Result {
        if exchange.request.path() != "/tell" {
            return service(exchange).await;
        }
        let request = &exchange.request;
        let alpn = request.tls_session().and_then(|session| session.alpn_protocol()).map(String::from_utf8_lossy);
        let text = format!("{:?} {} {alpn:?}", request.version(), request.protocol());
        answer(exchange, text.as_bytes())
    };
    let server = HttpServer::new(async move || Ok(serve)).ssl_options(tls)?.http2(http2).listen(0)?;
    let destination = Rc::new(Destination::new(Scheme::Https, "localhost", server.port().unwrap()));
    let trusted = ClientTls::new(&SslOptions::new().ca_pem(authority.pem()))?;
    let pool = ConnectionPool::new(PoolOptions::new().max_clients(0).tls(trusted));
    Ok(Secure { pool, destination, server: server.handle() })
}

#[test]
fn both_sides_choose_http_2_where_both_may() {
    run(async {
        for (offered, wanted, expected) in [
            (true, Versions::Any, Some("HTTP/2.0 https Some(\"h2\")")),
            (true, Versions::Http1, Some("HTTP/1.1 https Some(\"http/1.1\")")),
            (true, Versions::Http2, Some("HTTP/2.0 https Some(\"h2\")")),
            (false, Versions::Any, Some("HTTP/1.1 https Some(\"http/1.1\")")),
            (false, Versions::Http2, None),
        ] {
            let secure = server(offered)?;
            let destination = Rc::new((*secure.destination).clone().versions(wanted));
            let request = OutgoingRequest::new(destination, Method::GET, "/tell");
            let mut response = match secure.pool.send(request).await {
                Ok(response) => response,
                Err(error) => {
                    assert_eq!(expected, None, "{error:?}");
                    continue;
                }
            };
            let told = response.read_body().await?;
            assert_eq!(Some(std::str::from_utf8(&told)?), expected, "{offered} {wanted:?}");
            assert_eq!(response.version() == Version::HTTP_2, told.starts_with(b"HTTP/2"));
        }
        Ok(())
    });
}
