//! HTTP/2 with programs that others wrote: curl, nghttp2's two clients, Python's `h2`, and nginx as the server.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{IoLoop, Result};
use firewhirl_http::HttpServer;
use firewhirl_http::client::{
    BodyStream, ConnectionPool, Destination, OutgoingBody, OutgoingRequest, PoolOptions, Scheme,
};
use firewhirl_tcp::TcpClient;
use firewhirl_tcp::tls::{ClientTls, ServerTls, SslOptions};
use http::{Method, Version};

use crate::certificates::Authority;
use crate::peers;
use crate::support::{run, service};

/// A server's port, in clear or with a certificate that nobody knows.
fn port(secure: bool) -> Result<u16> {
    let server = HttpServer::new(async || Ok(service));
    let server = if secure {
        let issued = Authority::new("Test").issue(&["localhost"]);
        server.ssl_options(ServerTls::new(&SslOptions::new().cert_pem(&issued.cert).key_pem(&issued.key))?)?
    } else {
        server
    };
    Ok(server.listen(0)?.port().unwrap())
}

/// Runs a command while the loop goes on, and gives what it wrote.
async fn output(mut command: Command) -> Result<String> {
    let output = IoLoop::current().run_in_executor(move || command.output()).await??;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    Ok(said.into_owned())
}

fn url(secure: bool, port: u16, path: &str) -> String {
    format!("{}://localhost:{port}{path}", if secure { "https" } else { "http" })
}

#[test]
fn curl_is_answered_in_clear_and_over_tls() {
    let Some(curl) = peers::command("curl") else { return };
    run(async {
        for (secure, version) in [(false, "--http2-prior-knowledge"), (true, "--http2")] {
            let port = port(secure)?;
            let ask = |arguments: &[&str], path: &str| {
                let mut command = Command::new(&curl);
                command.args(["-sS", "-k", "-4", "--max-time", "15", version, "-w", "|%{http_version} %{http_code}"]);
                command.args(arguments).arg(url(secure, port, path));
                output(command)
            };
            assert_eq!(ask(&[], "/x").await?, "GET /x|2 200");
            assert_eq!(ask(&["-d", "some body"], "/echo").await?, "some body|2 200");
            assert_eq!(ask(&["-d", "some body", "-H", "Expect: 100-continue"], "/stream").await?, "some body|2 200");
            assert_eq!(ask(&["-o", "/dev/null"], "/big").await?, "|2 200");
            assert!(ask(&["-I"], "/x").await?.ends_with("|2 200"));
            assert_eq!(ask(&[], "/broken").await?, "|2 500");
        }
        Ok(())
    });
}

#[test]
fn nghttp_and_h2load_are_answered() {
    let (Some(nghttp), Some(h2load)) = (peers::command("nghttp"), peers::command("h2load")) else { return };
    run(async {
        for secure in [false, true] {
            let port = port(secure)?;
            let mut command = Command::new(&nghttp);
            command.args(["--no-verify-peer", "--timeout", "15", "--no-dep"]).arg(url(secure, port, "/x"));
            assert_eq!(output(command).await?, "GET /x");
            let mut command = Command::new(&h2load);
            command.args(["-n", "2000", "-c", "10", "-m", "100", "--connection-inactivity-timeout", "15"]);
            command.arg(url(secure, port, "/slow"));
            let said = output(command).await?;
            assert!(said.contains("2000 succeeded, 0 failed, 0 errored, 0 timeout"), "{said}");
        }
        Ok(())
    });
}

#[test]
fn pythons_h2_finds_nothing_wrong_with_what_we_say() {
    let Some(python) = peers::python() else { return };
    if !Command::new(&python).args(["-c", "import h2"]).output().is_ok_and(|output| output.status.success()) {
        return peers::skip("`pip install h2` in the Python that FIREWHIRL_PYTHON names");
    }
    run(async {
        let mut command = Command::new(python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http2/client.py")).arg(port(false)?.to_string());
        let said = output(command).await?;
        assert_eq!(said.trim(), "200 GET /x\n200 300000\n200 1000000\n500 0\nreset 2\n200 GET /y", "{said}");
        Ok(())
    });
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn nginx_answers_our_client() {
    let Some(nginx) = peers::command("nginx") else { return };
    run(async {
        let authority = Authority::new("Test");
        let issued = authority.issue(&["localhost"]);
        let folder = Folder(std::env::temp_dir().join(format!("firewhirl-http2-nginx-{}", std::process::id())));
        std::fs::create_dir_all(&folder.0)?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        std::fs::write(folder.0.join("cert.pem"), &issued.cert)?;
        std::fs::write(folder.0.join("key.pem"), &issued.key)?;
        std::fs::write(folder.0.join("big"), vec![b'x'; 3_000_000])?;
        let place = folder.0.display();
        let configuration = format!(
            "daemon off; master_process off; pid {place}/pid; error_log {place}/error.log;
             events {{}}
             http {{
                 access_log off; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
                 fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
                 keepalive_requests 20; client_max_body_size 50m;
                 server {{
                     listen 127.0.0.1:{port} ssl http2;
                     ssl_certificate {place}/cert.pem; ssl_certificate_key {place}/key.pem;
                     root {place};
                     location /hello {{ return 200 \"hello, $request_method over $server_protocol\"; }}
                     location /length {{ return 200 \"$content_length\"; }}
                 }}
             }}"
        );
        std::fs::write(folder.0.join("nginx.conf"), configuration)?;
        let mut command = Command::new(nginx);
        command.arg("-c").arg(folder.0.join("nginx.conf")).arg("-p").arg(&folder.0);
        let _running = Running(command.stderr(Stdio::null()).spawn()?);
        for _ in 0..500 {
            if TcpClient::new().connect(("127.0.0.1", port)).await.is_ok() {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }

        let tls = ClientTls::new(&SslOptions::new().ca_pem(authority.pem()))?;
        let pool = ConnectionPool::new(PoolOptions::new().tls(tls));
        let destination = Rc::new(Destination::new(Scheme::Https, "localhost", port).family(firewhirl_tcp::Family::V4));
        let request = |method: Method, target: &str| OutgoingRequest::new(destination.clone(), method, target);
        // nginx ends a connection with GOAWAY after twenty requests: those that come too late go to another.
        for _ in 0..50 {
            let mut response = pool.send(request(Method::GET, "/hello")).await?;
            assert_eq!(response.version(), Version::HTTP_2);
            assert_eq!(response.read_body().await?, "hello, GET over HTTP/2.0");
        }
        let ask = || async {
            let body = pool.send(request(Method::GET, "/hello")).await?.read_body().await?;
            assert_eq!(body, "hello, GET over HTTP/2.0");
            Ok::<(), firewhirl_event::Error>(())
        };
        firewhirl_event::coroutine::multi((0..100).map(|_| ask())).await?;
        assert_eq!(pool.send(request(Method::GET, "/big")).await?.read_body().await?.len(), 3_000_000);
        let mut upload = request(Method::POST, "/length");
        upload.body = OutgoingBody::Whole(vec![b'x'; 1_000_000].into());
        assert_eq!(pool.send(upload).await?.read_body().await?, "1000000");
        let mut upload = request(Method::POST, "/hello");
        upload.body = OutgoingBody::Stream(BodyStream::new(async |sender| {
            for _ in 0..100 {
                sender.write(vec![b'y'; 1_000]).await?;
            }
            Ok(())
        }));
        assert_eq!(pool.send(upload).await?.read_body().await?, "hello, POST over HTTP/2.0");
        assert_eq!(pool.send(request(Method::GET, "/missing")).await?.status(), 404);
        assert_eq!(pool.send(request(Method::HEAD, "/big")).await?.content_length(), Some(3_000_000));
        Ok(())
    });
}
