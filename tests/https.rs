//! A service with HTTPS by its options, driven from outside: certificates that are asked for, refused and renewed.

#[path = "support/certificates.rs"]
mod certificates;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use certificates::{Authority, Issued};
use firewhirl::prelude::*;
use firewhirl::tcp::TcpClient;
use firewhirl::tcp::tls::{ClientTls, SslOptions, session};
use support::service::Service;
use support::{PATIENCE, built};

/// The files of a service, in a folder that goes with the test.
struct Files(PathBuf);

impl Files {
    fn new(name: &str, issued: &Issued) -> Self {
        let folder = std::env::temp_dir().join(format!("firewhirl-https-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let files = Self(folder);
        files.put(issued);
        files
    }

    fn put(&self, issued: &Issued) {
        for (name, text) in [("cert.pem", &issued.cert), ("key.pem", &issued.key)] {
            let new = self.0.join("new");
            fs::write(&new, text).unwrap();
            fs::rename(new, self.0.join(name)).unwrap();
        }
    }

    fn option(&self, option: &str, name: &str) -> String {
        format!("--{option}={}", self.0.join(name).display())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a request is answered, and the certificate that its connection showed.
fn ask(port: u16, options: SslOptions) -> Result<(String, Vec<u8>)> {
    IoLoop::current().run_sync(async move {
        let tls = ClientTls::new(&options)?;
        let connecting = TcpClient::new().connect(("127.0.0.1", port)).ssl_options(tls);
        let mut stream = connecting.timeout(PATIENCE).await?;
        let shown = session(&stream).unwrap().peer_certificates().unwrap()[0].to_vec();
        stream.write("GET / HTTP/1.0\r\n\r\n");
        let answer = stream.read_until_close().await?;
        Ok((String::from_utf8_lossy(&answer).into_owned(), shown))
    })
}

#[test]
fn certificates_are_renewed_on_sighup_while_the_service_goes_on() -> Result {
    let authority = Authority::new("Test");
    let files = Files::new("renewed", &authority.issue(&["127.0.0.1"]));
    let (cert, key) = (files.option("certfile", "cert.pem"), files.option("keyfile", "key.pem"));
    let mut service = Service::example("service", &["--address=127.0.0.1", "--port=0", "--workers=2", &cert, &key]);
    let port = service.port;
    let options = SslOptions::new().ca_pem(authority.pem());
    assert!(service.log().contains(&format!("listening on https://127.0.0.1:{port}")), "{}", service.log());
    let (answer, before) = ask(port, options.clone())?;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");

    files.put(&Issued { cert: "nonsense".to_owned(), ..authority.issue(&["127.0.0.1"]) });
    service.signal("HUP");
    service.wait_for_log("the old certificates stay: no certificate in ");
    assert_eq!(ask(port, options.clone())?.1, before);

    files.put(&authority.issue(&["127.0.0.1"]));
    service.signal("HUP");
    service.wait_for_log("certificates reloaded");
    assert_ne!(ask(port, options)?.1, before);
    service.signal("TERM");
    assert!(service.end().success());
    Ok(())
}

#[test]
fn a_service_asks_its_clients_for_certificates() -> Result {
    let authority = Authority::new("Test");
    let files = Files::new("clients", &authority.issue(&["127.0.0.1"]));
    fs::write(files.0.join("ca.pem"), authority.pem())?;
    let (cert, key) = (files.option("certfile", "cert.pem"), files.option("keyfile", "key.pem"));
    let ca = files.option("ca_certs", "ca.pem");
    let mut service = Service::example("service", &["--address=127.0.0.1", "--port=0", &cert, &key, &ca]);
    let port = service.port;
    let options = SslOptions::new().ca_pem(authority.pem());
    assert!(ask(port, options.clone()).is_err());
    service.wait_for_log("peer sent no certificates");
    let own = authority.issue(&["client"]);
    assert!(ask(port, options.cert_pem(&own.cert).key_pem(&own.key))?.0.starts_with("HTTP/1.1 200 OK\r\n"));
    service.signal("TERM");
    assert!(service.end().success());
    Ok(())
}

#[test]
fn what_is_wrong_with_certificates_ends_it_with_a_reason() {
    let authority = Authority::new("Test");
    let files = Files::new("wrong", &authority.issue(&["127.0.0.1"]));
    fs::write(files.0.join("other.key"), authority.issue(&["127.0.0.1"]).key).unwrap();
    let cert = files.option("certfile", "cert.pem");
    for (arguments, reason) in [
        (vec!["--certfile=/nowhere.pem".to_owned()], "cannot read certfile /nowhere.pem: "),
        (vec![cert.clone()], "no private key in "),
        (vec![cert.clone(), files.option("keyfile", "other.key")], "does not belong to the certificate in "),
        (vec![files.option("keyfile", "key.pem")], "keyfile is of no use without certfile"),
        (vec![cert.clone(), files.option("keyfile", "key.pem"), "--cert_reqs=maybe".into()], "cert_reqs is none, op"),
        (vec![cert, files.option("keyfile", "key.pem"), "--cert_reqs=required".into()], "set `ca_certs`"),
    ] {
        let program: &Path = &built("examples", "service");
        let output = Command::new(program).arg("--port=0").args(&arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(reason), "{arguments:?}: {said}");
    }
}
