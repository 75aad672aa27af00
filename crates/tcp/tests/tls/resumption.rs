//! Sessions that are taken up again.

use firewhirl_event::{IoLoop, Result};
use firewhirl_tcp::tls::{CertReqs, ClientTls, ServerTls, TlsVersion, session};

use super::{Authority, client_options, server_options, sides, streams};

/// Whether a connection resumes an earlier one, after something went through it: of TLS 1.3 a client has its tickets
/// only then.
async fn resumes(server: &ServerTls, client: &ClientTls) -> bool {
    let (mut served, mut connected) = streams(server, client).await;
    served.write("x");
    served.flush().await.unwrap();
    connected.read_bytes(1).await.unwrap();
    let (served, connected) = (session(&served).unwrap(), session(&connected).unwrap());
    assert_eq!(served.resumed(), connected.resumed());
    connected.resumed()
}

#[test]
fn a_client_resumes_what_it_began_and_its_clones_did() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
            let options = client.options().clone().maximum_version(version);
            let (client, other) = (ClientTls::new(&options)?, ClientTls::new(&options)?);
            assert!(!resumes(&server, &client).await);
            assert!(resumes(&server, &client).await);
            assert!(resumes(&server.clone(), &client.clone()).await);
            assert!(!resumes(&server, &other).await, "another client's sessions are its own");
        }
        Ok(())
    })
}

#[test]
fn what_a_thread_began_another_resumes() -> Result {
    let (server, client) = sides();
    for expected in [false, true, true] {
        let (server, client) = (server.clone(), client.clone());
        let resumed = std::thread::spawn(move || {
            let mut resumed = false;
            IoLoop::current()
                .run_sync(async {
                    resumed = resumes(&server, &client).await;
                    Ok(())
                })
                .unwrap();
            resumed
        });
        assert_eq!(resumed.join().unwrap(), expected);
    }
    Ok(())
}

#[test]
fn a_resumed_session_still_knows_its_client() -> Result {
    let authority = Authority::new("Test");
    let (own, clients) = (authority.issue(&["example.org"]), authority.issue(&["client"]));
    let options = server_options(&own).cert_reqs(CertReqs::Required).ca_pem(authority.pem());
    let server = ServerTls::new(&options)?;
    let options = client_options(&authority).cert_pem(&clients.cert).key_pem(&clients.key);
    let client = ClientTls::new(&options)?;
    IoLoop::current().run_sync(async move {
        assert!(!resumes(&server, &client).await);
        let (served, _connected) = streams(&server, &client).await;
        let session = session(&served).unwrap();
        assert!(session.resumed() && session.peer_certificates().is_some());
        Ok(())
    })
}
