//! Certificates that are renewed while a server runs.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{IoLoop, Result};
use firewhirl_tcp::tls::{CertReqs, ClientTls, ServerTls, SslOptions, TlsError, session};

use super::{Authority, Issued, client_options, streams};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("firewhirl-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Puts a certificate in place as those do who renew it: each file at once, one after the other.
    fn put(&self, issued: &Issued) {
        replace(&self.file("cert.pem"), &issued.cert);
        replace(&self.file("key.pem"), &issued.key);
    }

    fn options(&self) -> SslOptions {
        SslOptions::new().certfile(self.file("cert.pem")).keyfile(self.file("key.pem"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, path).unwrap();
}

/// The certificate that a client gets.
async fn got(server: &ServerTls, client: &ClientTls) -> Vec<u8> {
    let (_, connected) = streams(server, client).await;
    session(&connected).unwrap().peer_certificates().unwrap()[0].to_vec()
}

#[test]
fn what_is_reloaded_holds_for_new_connections_and_old_ones_go_on() -> Result {
    let (folder, authority) = (Folder::new("reload"), Authority::new("Test"));
    folder.put(&authority.issue(&["example.org"]));
    let server = ServerTls::new(&folder.options())?;
    let client = client_options(&authority);
    IoLoop::current().run_sync(async move {
        let before = got(&server, &ClientTls::new(&client)?).await;
        let (mut served, mut connected) = streams(&server, &ClientTls::new(&client)?).await;
        folder.put(&authority.issue(&["example.org"]));
        assert_eq!(got(&server, &ClientTls::new(&client)?).await, before, "nobody has asked for it");
        let clone = server.clone();
        clone.reload()?;
        assert_ne!(got(&server, &ClientTls::new(&client)?).await, before);
        served.write("still here");
        served.flush().await?;
        assert_eq!(connected.read_bytes(10).await?, "still here");
        Ok(())
    })
}

#[test]
fn what_is_broken_changes_nothing() -> Result {
    let (folder, authority) = (Folder::new("broken"), Authority::new("Test"));
    let own = authority.issue(&["example.org"]);
    folder.put(&own);
    let server = ServerTls::new(&folder.options())?;
    let client = client_options(&authority);
    IoLoop::current().run_sync(async move {
        let before = got(&server, &ClientTls::new(&client)?).await;
        replace(&folder.file("cert.pem"), &authority.issue(&["example.org"]).cert);
        assert!(matches!(server.reload_if_changed(), Err(TlsError::KeyMismatch { .. })), "half of a renewal");
        fs::remove_file(folder.file("cert.pem"))?;
        assert!(matches!(server.reload(), Err(TlsError::File { .. })));
        assert_eq!(got(&server, &ClientTls::new(&client)?).await, before);
        replace(&folder.file("cert.pem"), &own.cert);
        assert!(server.reload_if_changed()?, "another file of the same name");
        assert!(!server.reload_if_changed()?);
        Ok(())
    })
}

#[test]
fn a_watch_takes_over_what_has_changed() -> Result {
    let (folder, authority) = (Folder::new("watch"), Authority::new("Test"));
    folder.put(&authority.issue(&["example.org"]));
    let server = ServerTls::new(&folder.options())?.or_alpn(["http/1.1"]);
    let client = client_options(&authority);
    IoLoop::current().run_sync(async move {
        let before = got(&server, &ClientTls::new(&client)?).await;
        let watch = server.watch(Duration::from_millis(10));
        folder.put(&authority.issue(&["example.org"]));
        while got(&server, &ClientTls::new(&client)?).await == before {
            sleep(Duration::from_millis(5)).await;
        }
        watch.abort();
        Ok(())
    })
}

#[test]
fn sessions_outlive_a_reload_unless_those_change_who_may_connect() -> Result {
    let (folder, authority, other) = (Folder::new("sessions"), Authority::new("Test"), Authority::new("Other"));
    folder.put(&authority.issue(&["example.org"]));
    replace(&folder.file("ca.pem"), &authority.pem());
    let options = folder.options().cert_reqs(CertReqs::Required).ca_certs(folder.file("ca.pem"));
    let server = ServerTls::new(&options)?;
    let own = authority.issue(&["client"]);
    let client = ClientTls::new(&client_options(&authority).cert_pem(&own.cert).key_pem(&own.key))?;
    IoLoop::current().run_sync(async move {
        let resumes = async || {
            let (mut served, mut connected) = streams(&server, &client).await;
            served.write("x");
            served.flush().await.unwrap();
            connected.read_bytes(1).await.unwrap();
            session(&served).unwrap().resumed()
        };
        assert!(!resumes().await);
        folder.put(&authority.issue(&["example.org"]));
        server.reload()?;
        assert!(resumes().await, "another certificate of the server's");
        replace(&folder.file("ca.pem"), &other.pem());
        server.reload()?;
        let (served, _) = super::shake(&server, &client, "example.org").await;
        assert!(served.is_err_and(|error| error.is_certificate()), "who may no longer connect does not resume either");
        Ok(())
    })
}

#[test]
fn no_connection_is_lost_while_certificates_change() -> Result {
    let (folder, authority) = (Folder::new("load"), Authority::new("Test"));
    folder.put(&authority.issue(&["example.org"]));
    let server = ServerTls::new(&folder.options())?;
    let options = client_options(&authority);
    IoLoop::current().run_sync(async move {
        let done = Rc::new(Cell::new(0));
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let (server, options, done) = (server.clone(), options.clone(), done.clone());
                IoLoop::current().spawn(async move {
                    for _ in 0..20 {
                        let client = ClientTls::new(&options).unwrap();
                        let (mut served, mut connected) = streams(&server, &client).await;
                        connected.write("ping");
                        connected.flush().await.unwrap();
                        assert_eq!(served.read_bytes(4).await.unwrap(), "ping");
                        done.set(done.get() + 1);
                    }
                })
            })
            .collect();
        let mut reloads = 0;
        while done.get() < 160 && clients.iter().any(|client| !client.is_finished()) {
            folder.put(&authority.issue(&["example.org"]));
            server.reload()?;
            reloads += 1;
            tokio::task::yield_now().await;
        }
        for client in clients {
            client.await?;
        }
        assert!(done.get() == 160 && reloads > 3, "{} connections, {reloads} reloads", done.get());
        Ok(())
    })
}
