//! With OpenSSL's programs, which others are built on.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_tcp::tls::{CertReqs, ClientTls, ServerTls, SslOptions, TlsVersion, session};
use firewhirl_tcp::{BindOptions, TcpClient, TcpServer};

use super::{Authority, Issued, PATIENCE, client_options, peers, server_options};

/// Files of an authority and a certificate, for programs that read no others.
struct Files(PathBuf);

impl Files {
    fn new(name: &str, authority: &Authority, issued: &Issued) -> Self {
        let folder = std::env::temp_dir().join(format!("firewhirl-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in
            [("ca.pem", authority.pem()), ("cert.pem", issued.cert.clone()), ("key.pem", issued.key.clone())]
        {
            std::fs::write(folder.join(file), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn openssls_client_speaks_with_our_server() -> Result {
    let Some(openssl) = peers::command("openssl") else { return Ok(()) };
    let authority = Authority::new("Test");
    let (own, clients) = (authority.issue(&["localhost"]), authority.issue(&["client"]));
    let files = Files::new("s_client", &authority, &clients);
    let options = server_options(&own).cert_reqs(CertReqs::Optional).ca_pem(authority.pem()).alpn(["echo"]);
    let server = TcpServer::new(async |mut stream: IoStream, _peer| {
        let session = session(&stream).unwrap();
        let certificates = usize::from(session.peer_certificates().is_some());
        let name = session.server_name().unwrap_or("-").to_owned();
        while let Ok(line) = stream.read_until(b"\n").await {
            stream.write(format!("{name} {certificates} "));
            stream.write(line);
        }
        Ok(())
    })
    .ssl_options(options)?
    .listen_with(0, &BindOptions::default().address("127.0.0.1"))?;
    let port = server.port().unwrap();
    IoLoop::current().run_sync(async move {
        for (version, expected) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            for with_certificate in [false, true] {
                let mut command = Command::new(&openssl);
                command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-servername", "localhost"]);
                command.args(["-verify_return_error", "-verify_hostname", "localhost", "-alpn", "echo", version]);
                command.arg("-CAfile").arg(files.path("ca.pem"));
                if with_certificate {
                    command.arg("-cert").arg(files.path("cert.pem")).arg("-key").arg(files.path("key.pem"));
                }
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
                let said = tokio::task::spawn_blocking(move || {
                    let mut client = Running(command.spawn().unwrap());
                    client.0.stdin.as_mut().unwrap().write_all(b"ping\n").unwrap();
                    let mut said = String::new();
                    for line in BufReader::new(client.0.stdout.take().unwrap()).lines() {
                        let line = line.unwrap();
                        said += &(line.clone() + "\n");
                        if line.ends_with("ping") {
                            break;
                        }
                    }
                    said
                })
                .await?;
                let answer = format!("localhost {} ping\n", usize::from(with_certificate));
                assert!(said.contains(&answer) && said.contains(expected), "{version}: {said}");
                assert!(said.contains("ALPN protocol: echo"), "{version}: {said}");
            }
        }
        Ok(())
    })
}

#[test]
fn openssls_client_resumes_a_session_of_our_server() -> Result {
    let Some(openssl) = peers::command("openssl") else { return Ok(()) };
    let authority = Authority::new("Test");
    let own = authority.issue(&["localhost"]);
    let files = Files::new("reconnect", &authority, &own);
    let tls = ServerTls::new(&server_options(&own))?;
    let server = TcpServer::new(async |mut stream: IoStream, _peer| {
        let resumed = session(&stream).unwrap().resumed();
        stream.write(format!("resumed: {resumed}\n"));
        Ok(stream.flush().await?)
    })
    .ssl_options(tls)?
    .listen_with(0, &BindOptions::default().address("127.0.0.1"))?;
    let port = server.port().unwrap();
    let ticket = files.path("session.pem");
    IoLoop::current().run_sync(async move {
        for version in ["-tls1_2", "-tls1_3"] {
            for (option, expected) in [("-sess_out", "resumed: false"), ("-sess_in", "resumed: true")] {
                let mut command = Command::new(&openssl);
                command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), version, "-ign_eof"]);
                command.arg(option).arg(&ticket).stdin(Stdio::null());
                let output = tokio::task::spawn_blocking(move || command.output()).await??;
                let said = String::from_utf8_lossy(&output.stdout);
                assert!(said.contains(expected), "{version} {option}: {said}");
            }
        }
        drop(files);
        Ok(())
    })
}

#[test]
fn our_client_speaks_with_openssls_server() -> Result {
    let Some(openssl) = peers::command("openssl") else { return Ok(()) };
    let authority = Authority::new("Test");
    let (own, clients) = (authority.issue(&["localhost"]), authority.issue(&["client"]));
    let files = Files::new("s_server", &authority, &own);
    let mut command = Command::new(openssl);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-rev", "-Verify", "1", "-verify_return_error"]);
    command.arg("-CAfile").arg(files.path("ca.pem")).arg("-cert").arg(files.path("cert.pem"));
    command.arg("-key").arg(files.path("key.pem")).args(["-alpn", "rev"]);
    let mut server = Running(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?);
    let mut said = BufReader::new(server.0.stdout.take().unwrap()).lines();
    let port: u16 = loop {
        let line = said.next().unwrap()?;
        if let Some(address) = line.strip_prefix("ACCEPT ") {
            break address.rsplit(':').next().unwrap().parse()?;
        }
    };
    IoLoop::current().run_sync(async move {
        for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
            let options = client_options(&authority).maximum_version(version).alpn(["rev"]);
            let options = options.cert_pem(&clients.cert).key_pem(&clients.key);
            let tls = ClientTls::new(&options)?;
            let connecting = TcpClient::new().connect(("localhost", port)).ssl_options(tls);
            let mut stream = connecting.timeout(PATIENCE).await?;
            assert_eq!(session(&stream).unwrap().alpn_protocol(), Some(&b"rev"[..]));
            stream.write("drawer\n");
            assert_eq!(stream.read_until(b"\n").await?, "reward\n");
        }
        let uninvited = TcpClient::new().connect(("localhost", port)).ssl_options(client_options(&authority));
        let refused = match uninvited.timeout(PATIENCE).await {
            Ok(mut stream) => stream.read_until(b"\n").await.is_err(),
            Err(_) => true,
        };
        assert!(refused, "without a certificate");
        Ok(())
    })
}

#[test]
fn chains_and_keys_of_openssls_making_are_read() -> Result {
    let Some(openssl) = peers::command("openssl") else { return Ok(()) };
    let folder = std::env::temp_dir().join(format!("firewhirl-made-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let run = |arguments: &[&str]| {
        let done = Command::new(&openssl).args(arguments).current_dir(&folder).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    for (kind, algorithm) in [("rsa", &["rsa:2048"][..]), ("ec", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])] {
        let mut request =
            vec!["req", "-x509", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
        request.extend(["-keyout", "key.pem", "-out", "cert.pem", "-newkey"]);
        request.extend(algorithm);
        run(&request);
        // The same key in the format of its own kind.
        run(&[kind, "-in", "key.pem", "-out", "old.pem"]);
        run(&["pkcs8", "-topk8", "-in", "key.pem", "-out", "locked.pem", "-passout", "pass:secret"]);
        let at = |name: &str| folder.join(name);
        for key in ["key.pem", "old.pem"] {
            ServerTls::new(&SslOptions::new().certfile(at("cert.pem")).keyfile(at(key)))?;
        }
        let locked = ServerTls::new(&SslOptions::new().certfile(at("cert.pem")).keyfile(at("locked.pem")));
        assert!(locked.unwrap_err().to_string().contains("locked.pem is encrypted"));
        // What `openssl req -x509` makes is an authority; as its own server it is believed by who trusts it.
        let server = ServerTls::new(&SslOptions::new().certfile(at("cert.pem")).keyfile(at("key.pem")))?;
        let client = ClientTls::new(&SslOptions::new().ca_certs(at("cert.pem")))?;
        IoLoop::current().run_sync(async move {
            let (served, connected) = super::shake(&server, &client, "localhost").await;
            served?;
            connected?;
            Ok(())
        })?;
    }
    Ok(std::fs::remove_dir_all(&folder)?)
}
