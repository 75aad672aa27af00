//! HTTPS in tests: a certificate that is made for the run, and a client that trusts it alone.
//!
//! The variant with the feature `tls`; without it `secure_elsewhere.rs` takes its place.

use firewhirl_event::{IoStream, Result};
use firewhirl_http::{HttpServer, Serve};
use firewhirl_tcp::ConnectError;
use firewhirl_tcp::tls::{ClientTls, SslOptions};

use crate::{Client, HttpTest};

/// A certificate for `localhost` and the addresses of this machine, which is its own authority.
///
/// Tornado's `AsyncHTTPSTestCase.default_ssl_options` names files that come with it; here it is made when it is
/// needed, and never expires.
///
/// # Examples
///
/// ```
/// use firewhirl_tcp::tls::{ClientTls, ServerTls};
/// use firewhirl_testing::TestCertificate;
///
/// let certificate = TestCertificate::new();
/// ServerTls::new(&certificate.server_options())?;
/// ClientTls::new(&certificate.client_options())?;
/// # Ok::<(), firewhirl_tcp::tls::TlsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TestCertificate {
    cert: String,
    key: String,
}

impl TestCertificate {
    /// Makes one.
    ///
    /// # Panics
    ///
    /// If the system has no random numbers.
    pub fn new() -> Self {
        let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate can be made");
        Self { cert: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    /// The certificate in PEM.
    pub fn cert_pem(&self) -> &str {
        &self.cert
    }

    /// Its key in PEM.
    pub fn key_pem(&self) -> &str {
        &self.key
    }

    /// What a server speaks TLS with. Tornado's `get_ssl_options`.
    pub fn server_options(&self) -> SslOptions {
        SslOptions::new().cert_pem(&self.cert).key_pem(&self.key)
    }

    /// What a client speaks with it: it trusts nobody else.
    pub fn client_options(&self) -> SslOptions {
        SslOptions::new().ca_pem(&self.cert)
    }
}

impl Default for TestCertificate {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a test's server and client speak HTTPS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Https(Option<TestCertificate>);

impl Https {
    pub(crate) fn server<Builder>(&self, server: HttpServer<Builder>) -> Result<HttpServer<Builder>> {
        match &self.0 {
            Some(certificate) => Ok(server.ssl_options(certificate.server_options())?),
            None => Ok(server),
        }
    }

    pub(crate) fn client(&self, mut client: Client) -> Result<Client> {
        if let Some(certificate) = &self.0 {
            client.speaks = Speaks(Some(ClientTls::new(&certificate.client_options())?));
        }
        Ok(client)
    }
}

impl<Service: Serve> HttpTest<Service> {
    /// Has server and client speak HTTPS, over a socket or in memory, with a certificate that is made for the test.
    /// Tornado's `AsyncHTTPSTestCase`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_testing::HttpTest;
    /// use firewhirl_web::Application;
    ///
    /// async fn app() -> firewhirl_event::Result<Application> {
    ///     Ok(Application::new().get("/", async |cx| cx.write(cx.request.protocol())))
    /// }
    ///
    /// HttpTest::new(app).https().run(async |client| {
    ///     assert_eq!(client.get("/").await?.text(), "https");
    ///     Ok(())
    /// });
    /// ```
    pub fn https(mut self) -> Self {
        self.https = Https(Some(TestCertificate::new()));
        self
    }
}

/// What a client speaks on its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Speaks(Option<ClientTls>);

impl Speaks {
    pub(crate) async fn open(&self, stream: IoStream) -> Result<IoStream, ConnectError> {
        let Some(tls) = &self.0 else { return Ok(stream) };
        let opened = tls.connect(stream, "localhost").await;
        opened.map_err(|source| ConnectError::Tls { host: "localhost".to_owned(), port: 0, source })
    }
}
