//! Through tinyproxy: absolute-form for what is in clear, a tunnel for what is not, a password for both.

use std::fs;
use std::process::{Command, Stdio};

use firewhirl::prelude::*;
use firewhirl::tcp::BindOptions;
use firewhirl::tcp::tls::SslOptions;

use super::peer::{Peer, free_ports, new_folder};
use super::support::peers;
use super::{certificate, run};

/// A proxy with a password, and a service behind it that says what it was asked.
struct Proxied {
    peer: Peer,
    proxy: u16,
    clear: u16,
    secure: u16,
}

impl Proxied {
    fn start() -> Option<Self> {
        let tinyproxy = peers::command("tinyproxy")?;
        let folder = new_folder();
        certificate::make_in(&folder)?;
        let [proxy] = free_ports();
        let conf =
            format!("Port {proxy}\nListen 127.0.0.1\nMaxClients 50\nBasicAuth me a-secret\nViaProxyName \"tiny\"\n");
        fs::write(folder.join("tinyproxy.conf"), conf).unwrap();
        let mut command = Command::new(tinyproxy);
        command.arg("-d").arg("-c").arg(folder.join("tinyproxy.conf")).stdout(Stdio::null());
        let peer = Peer::listening(folder, &mut command, &[proxy]);
        Some(Self { peer, proxy, clear: 0, secure: 0 })
    }

    /// Starts the service on the test's own loop.
    fn serve(&mut self) -> Result {
        let app = async || Ok(Application::new().get("/seen", seen));
        let local = BindOptions::default().address("127.0.0.1");
        self.clear = HttpServer::new(app).listen_with(0, &local)?.port().unwrap();
        let own = SslOptions::new()
            .certfile(self.peer.folder.join("certificate.pem"))
            .keyfile(self.peer.folder.join("key.pem"));
        self.secure = HttpServer::new(app).ssl_options(own)?.listen_with(0, &local)?.port().unwrap();
        Ok(())
    }

    fn through(&self, url: String) -> HttpRequest {
        let request = HttpRequest::new(url).proxy_host("127.0.0.1").proxy_port(self.proxy);
        request.ca_certs(self.peer.folder.join("certificate.pem"))
    }
}

/// The fields that a proxy adds, and those that it must not pass on.
async fn seen(cx: &Context) -> Result {
    let request = &cx.request;
    let field = |name: &str| request.header(name).unwrap_or("none").to_owned();
    cx.write(format!("{} via {} knows {}", request.protocol(), field("Via"), field("Proxy-Authorization")))
}

#[test]
fn both_ways_through_a_proxy_ask_for_its_password() {
    let Some(mut proxied) = Proxied::start() else { return };
    run(async {
        proxied.serve()?;
        let client = AsyncHttpClient::new();
        let clear = format!("http://127.0.0.1:{}/seen", proxied.clear);
        let secure = format!("https://localhost:{}/seen", proxied.secure);

        for url in [&clear, &secure] {
            let without = client.fetch(proxied.through(url.clone())).await.unwrap_err();
            assert_eq!(without.code(), 407, "{url}: {without:?}");
            let wrong = proxied.through(url.clone()).proxy_username("me").proxy_password("another");
            let wrong = client.fetch(wrong).await.unwrap_err();
            assert!(matches!(wrong.code(), 401 | 403 | 407), "{url}: {wrong:?}");
        }
        for _ in 0..3 {
            let with = |url: &str| proxied.through(url.to_owned()).proxy_username("me").proxy_password("a-secret");
            assert_eq!(client.fetch(with(&clear)).await?.text(), "http via 1.1 tiny (tinyproxy/1.11.1) knows none");
            assert_eq!(client.fetch(with(&secure)).await?.text(), "https via none knows none");
        }
        // What listens nowhere is the proxy's to tell.
        let nowhere = proxied.through("http://127.0.0.1:9/".to_owned()).proxy_username("me").proxy_password("a-secret");
        assert_eq!(client.fetch(nowhere).await.unwrap_err().code(), 500);
        let nowhere =
            proxied.through("https://127.0.0.1:9/".to_owned()).proxy_username("me").proxy_password("a-secret");
        let error = client.fetch(nowhere).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Proxy { .. }) && error.code() == 500, "{error:?}");
        Ok(())
    });
}
