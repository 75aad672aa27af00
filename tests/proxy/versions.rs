//! Clients of HTTP/2 in front of the proxy, and services behind it that speak TLS.

#[cfg(feature = "tls")]
#[path = "../support/certificates.rs"]
mod certificates;

/// A client of HTTP/2 is curl, a process of its own beside the test's loop.
#[cfg(feature = "http2")]
mod http2 {
    use std::process::Output;

    use firewhirl::prelude::*;
    use firewhirl_testing::TestServer;

    use crate::fronts::{answering, back, field, front, raw, read_head, run};
    use crate::support::peers;

    /// What curl says, with the version and the status last.
    async fn curl(front: &TestServer, path: &str, arguments: &[&str]) -> Result<(String, Output)> {
        let mut command = std::process::Command::new("curl");
        command.args(["-s", "--http2-prior-knowledge", "-w", "|%{http_version} %{http_code}", "--max-time", "50"]);
        command.args(arguments).arg(front.url(path));
        let output = IoLoop::current().run_in_executor(move || command.output()).await??;
        Ok((String::from_utf8_lossy(&output.stdout).into_owned(), output))
    }

    #[test]
    fn a_request_of_http_2_goes_on_in_http_1_1() {
        if peers::command("curl").is_none() {
            return;
        }
        run(async {
            let (heads, behind) =
                answering("HTTP/1.1 200 Fine\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok")?;
            let front = front(behind.via(Some("front")))?;
            let (said, _) = curl(&front, "/x?y", &["-H", "Cookie: a=1; b=2", "-H", "TE: trailers"]).await?;
            assert_eq!(said, "ok|2 200");
            let head = heads.borrow()[0].clone();
            assert!(head.starts_with("GET /x?y HTTP/1.1\r\nHost: 127.0.0.1:"), "{head}");
            assert_eq!(field(&head, "Via"), Some("2 front"));
            assert_eq!(field(&head, "Cookie"), Some("a=1; b=2"));
            assert!(!head.contains("\r\n:"), "{head}");
            Ok(())
        });
    }

    #[test]
    fn bodies_of_http_2_flow_in_both_directions() {
        if peers::command("curl").is_none() {
            return;
        }
        run(async {
            let (_back, behind) = back(|| {
                Application::new().post(url("/echo").stream_request_body(), async |cx| {
                    while let Some(chunk) = cx.body().next().await? {
                        cx.write(&chunk)?;
                        cx.flush().await?;
                    }
                    Ok(())
                })
            })?;
            let front = front(behind)?;
            let file = std::env::temp_dir().join(format!("firewhirl-proxy-body-{}", std::process::id()));
            std::fs::write(&file, "0123456789".repeat(500_000))?;
            let body = format!("@{}", file.display());
            let (said, _) = curl(&front, "/echo", &["--data-binary", &body]).await?;
            std::fs::remove_file(file)?;
            assert_eq!((said.len(), &said[said.len() - 10..]), (5_000_006, "6789|2 200"));
            Ok(())
        });
    }

    #[test]
    fn a_broken_response_resets_its_stream_alone() {
        if peers::command("curl").is_none() {
            return;
        }
        run(async {
            let behind = raw(async |mut stream| {
                read_head(&mut stream).await?;
                stream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
                stream.flush().await?;
                Ok(())
            })?;
            let front = front(behind)?;
            let (said, output) = curl(&front, "/", &[]).await?;
            // The reset may overtake what came before it.
            assert!(said.starts_with("abc|2 ") || said == "|0 000", "{said}");
            // 92: stream error in the HTTP/2 framing layer.
            assert_eq!(output.status.code(), Some(92), "{output:?}");
            let front = crate::fronts::front(firewhirl::web::proxy("http://127.0.0.1:9"))?;
            assert!(curl(&front, "/", &[]).await?.0.ends_with("|2 502"));
            Ok(())
        });
    }
}

#[cfg(feature = "tls")]
mod tls {
    use std::time::Duration;

    use firewhirl::http::client::PoolOptions;
    use firewhirl::prelude::*;
    use firewhirl::tcp::tls::{ClientTls, ServerTls, SslOptions};

    use super::certificates::Authority;
    use crate::fronts::{front, run};

    #[test]
    fn a_target_may_speak_tls_and_its_certificate_is_checked() {
        run(async {
            let authority = Authority::new("Test");
            let issued = authority.issue(&["localhost"]);
            let tls = ServerTls::new(&SslOptions::new().cert_pem(&issued.cert).key_pem(&issued.key))?;
            let app = async || Ok(Application::new().get("/", async |cx| cx.write("over TLS")));
            let server = HttpServer::new(app).ssl_options(tls)?.listen(0)?;
            let target = format!("https://localhost:{}", server.port().unwrap());
            let believed = ClientTls::new(&SslOptions::new().ca_pem(authority.pem()))?;
            let believing = front(proxy(&target).pool_options(PoolOptions::new().tls(believed)))?;
            for _ in 0..3 {
                assert_eq!(believing.client().get("/").await?.text(), "over TLS");
            }
            // Nobody has told the system of this authority.
            assert_eq!(front(proxy(&target))?.client().get("/").await?.status(), 502);
            server.drain(Duration::ZERO).await;
            Ok(())
        });
    }
}

#[cfg(not(feature = "tls"))]
#[test]
fn a_target_over_tls_names_the_feature_that_is_off() {
    use firewhirl::prelude::*;

    let said = Application::new().fallback(proxy("https://example.com")).check().unwrap_err().to_string();
    assert!(said.contains("`https://example.com` needs the cargo feature `tls`"), "{said}");
}
