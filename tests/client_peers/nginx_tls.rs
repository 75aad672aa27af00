//! Against nginx with TLS: certificates on both sides, and HTTP/2 by what both offer.

use std::path::PathBuf;

use firewhirl::prelude::*;

use super::nginx::{Nginx, connection, lines};
use super::run;

impl Nginx {
    fn https(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.ports[1])
    }

    fn certificate(&self) -> PathBuf {
        self.peer.folder.join("certificate.pem")
    }
}

#[test]
fn a_certificate_is_checked_and_http_2_is_chosen() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let ask = || HttpRequest::new(nginx.https("/connection"));
        let error = client.fetch(ask()).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Tls(_)) && error.code() == 599, "{error:?}");
        for trusting in [ask().ca_certs(nginx.certificate()), ask().validate_cert(false)] {
            let (first, _, version) = connection(&client.fetch(trusting.clone()).await?);
            assert_eq!(version, "HTTP/2.0");
            assert_eq!(connection(&client.fetch(trusting).await?).0, first, "the connection is used again");
        }
        let together = ask().ca_certs(nginx.certificate());
        let all = multi((0..50).map(|_| client.fetch(together.clone()).into_future())).await?;
        assert!(all.iter().all(|response| connection(response).2 == "HTTP/2.0"));
        let large = HttpRequest::new(nginx.https("/large.txt")).ca_certs(nginx.certificate());
        assert!(client.fetch(large).await?.body() == &lines(3_000_000));
        // The certificate is for localhost and the loopback's address only.
        let other = nginx.https("/connection").replace("localhost", "127.0.0.2");
        let error = client.fetch(HttpRequest::new(other).ca_certs(nginx.certificate())).await.unwrap_err();
        assert_eq!(error.code(), 599, "{error:?}");
        Ok(())
    });
}

#[test]
fn a_client_shows_its_own_certificate() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let url = format!("https://localhost:{}/connection", nginx.ports[4]);
        let ask = HttpRequest::new(url).ca_certs(nginx.certificate());
        let without = client.fetch(ask.clone()).await.unwrap_err();
        assert_eq!(without.code(), 400, "{without:?}");
        let with = ask.client_cert(nginx.certificate()).client_key(nginx.peer.folder.join("key.pem"));
        assert_eq!(client.fetch(with).await?.text(), "SUCCESS TLSv1.3\n");
        Ok(())
    });
}

#[test]
fn a_redirect_may_lead_from_clear_to_tls() {
    let Some(nginx) = Nginx::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let elsewhere = HttpRequest::new(nginx.url("/elsewhere/")).ca_certs(nginx.certificate());
        let elsewhere = client.fetch(elsewhere).await?;
        assert_eq!(elsewhere.effective_url(), nginx.https("/connection").replace("localhost", "127.0.0.1"));
        Ok(())
    });
}
