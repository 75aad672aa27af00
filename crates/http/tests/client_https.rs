//! The client over TLS: Tornado's `SimpleHTTPSClientTestCase` and `TLSHandshakeTimeoutTestCase`, and certificates by the
//! options of a request.

#[path = "../../../tests/support/certificates.rs"]
mod certificates;

use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use certificates::{Authority, Issued};
use firewhirl_event::locks::Event;
use firewhirl_event::{IoStream, Result};
use firewhirl_http::client::{AsyncHttpClient, ClientOptions, HttpClientError, TimeoutPhase};
use firewhirl_http::{HttpRequest, HttpServer};
use firewhirl_tcp::TcpServer;
use firewhirl_tcp::tls::{CertReqs, ClientTls, SslOptions};
use firewhirl_testing::{TestServer, run_test};
use firewhirl_web::{Application, Context};

/// A server of HTTPS, and the URL of its only page, which says who asks.
fn start(authority: &Authority, options: SslOptions) -> Result<(TestServer, String)> {
    let issued = authority.issue(&["localhost"]);
    let options = options.cert_pem(&issued.cert).key_pem(&issued.key).ca_pem(authority.pem());
    let who = async |cx: &Context| cx.write(if cx.request.ssl_certificate().is_some() { "known" } else { "unknown" });
    let app = async move || Ok(Application::new().get("/", who));
    let server = TestServer::serve(HttpServer::new(app).ssl_options(&options)?)?;
    let url = format!("https://localhost:{}/", server.port());
    Ok((server, url))
}

/// Files of a test's own, which go with it.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("firewhirl-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `test_ssl_options`, `test_ssl_context`, `test_ssl_options_handshake_fail`, `test_ssl_context_handshake_fail`
#[test]
fn certificates_are_checked_unless_a_request_says_otherwise() {
    run_test(async {
        let authority = Authority::new("Test");
        let (_server, url) = start(&authority, SslOptions::new())?;
        let files = Files::new("client-https");
        let ca = files.write("ca.pem", &authority.pem());
        let client = AsyncHttpClient::new();

        let request = || HttpRequest::new(&url);
        for refused in [request(), request().validate_cert(true), request().ssl_options(SslOptions::new())] {
            let error = client.fetch(refused).await.unwrap_err();
            assert!(matches!(error, HttpClientError::Tls(_)), "{error:?}");
            assert_eq!(error.code(), 599);
        }
        let trusted = SslOptions::new().ca_pem(authority.pem());
        let accepted = [
            request().validate_cert(false),
            request().ca_certs(&ca),
            request().ssl_options(trusted.clone()),
            request().ssl_options(SslOptions::new().cert_reqs(CertReqs::None)),
        ];
        for accepted in accepted {
            assert_eq!(client.fetch(accepted).await?.text(), "unknown");
        }
        // By a client's own default.
        let client = AsyncHttpClient::with(ClientOptions::new().tls(ClientTls::new(&trusted)?));
        assert_eq!(client.fetch(&url).await?.text(), "unknown");
        Ok(())
    });
}

#[test]
fn a_request_shows_its_certificate_where_it_has_one() {
    run_test(async {
        let authority = Authority::new("Test");
        let (_server, url) = start(&authority, SslOptions::new().cert_reqs(CertReqs::Optional))?;
        let Issued { cert, key } = authority.issue(&["client"]);
        let files = Files::new("client-certificate");
        let (ca, cert, key) =
            (files.write("ca.pem", &authority.pem()), files.write("cert.pem", &cert), files.write("key.pem", &key));
        let client = AsyncHttpClient::new();
        let request = HttpRequest::new(&url).ca_certs(ca);
        assert_eq!(client.fetch(&request).await?.text(), "unknown");
        assert_eq!(client.fetch(request.clone().client_cert(cert).client_key(key)).await?.text(), "known");
        // It is not shown by requests that have none, connections that are kept or not.
        assert_eq!(client.fetch(&request).await?.text(), "unknown");
        let missing = client.fetch(request.client_cert("/nonexistent.pem")).await.unwrap_err();
        assert!(missing.to_string().contains("/nonexistent.pem"), "{missing}");
        Ok(())
    });
}

/// `TLSHandshakeTimeoutTestCase.test_tls_handshake_timeout`
#[test]
fn a_handshake_that_takes_too_long_is_a_timeout_and_closes() {
    run_test(async {
        let closed = Rc::new(Event::new());
        let seen = Rc::clone(&closed);
        let silent = TcpServer::new(async move |mut stream: IoStream, _peer| {
            stream.read_until_close().await?;
            seen.set();
            Ok(())
        })
        .listen(0)?;
        let url = format!("https://localhost:{}/", silent.port().unwrap());
        let request = HttpRequest::new(url).validate_cert(false).connect_timeout(Duration::from_millis(500));
        let error = AsyncHttpClient::new().fetch(request).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Timeout { phase: TimeoutPhase::Connect }), "{error:?}");
        closed.wait().await;
        Ok(())
    });
}
