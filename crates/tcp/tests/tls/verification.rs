//! Who is believed: chains that are in order and such as are not, of servers and of clients.

use certificates::self_signed_authority;
use firewhirl_event::{IoLoop, Result};
use firewhirl_tcp::tls::{CertReqs, ClientTls, ServerTls, SslOptions, TlsError, TlsVersion, session};
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};

use super::{Authority, Issued, certificates, client_options, server_options, shake};

/// What a client says of a server with this certificate, when it asks for this name.
async fn verdict(server: &Issued, client: &SslOptions, name: &str) -> std::result::Result<(), TlsError> {
    let server = ServerTls::new(&server_options(server)).unwrap();
    let (_, connected) = shake(&server, &ClientTls::new(client).unwrap(), name).await;
    connected.map(drop)
}

#[test]
fn a_client_believes_only_what_is_in_order() -> Result {
    let (authority, stranger) = (Authority::new("Trusted"), Authority::new("Stranger"));
    let expired = authority.issue_with(&["example.org"], |params| params.not_after = date_time_ymd(2020, 1, 1));
    let early = authority.issue_with(&["example.org"], |params| params.not_before = date_time_ymd(2200, 1, 1));
    let for_clients = authority.issue_with(&["example.org"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let own = self_signed_authority("example.org", |_| {});
    let own_expired = self_signed_authority("example.org", |params| params.not_after = date_time_ymd(2020, 1, 1));
    let trusting = client_options(&authority);
    let good = authority.issue(&["example.org", "*.example.net", "127.0.0.1", "::1"]);
    let cases = [
        ("in order", &good, trusting.clone(), "example.org", ""),
        ("the name in capitals", &good, trusting.clone(), "EXAMPLE.org", ""),
        ("a name with its last dot", &good, trusting.clone(), "example.org.", ""),
        ("a wildcard's name", &good, trusting.clone(), "www.example.net", ""),
        ("two labels for a wildcard", &good, trusting.clone(), "a.b.example.net", "certificate not valid for name"),
        ("an address", &good, trusting.clone(), "127.0.0.1", ""),
        ("an address in brackets", &good, trusting.clone(), "[::1]", ""),
        ("another address", &good, trusting.clone(), "127.0.0.2", "certificate not valid for name"),
        ("another name", &good, trusting.clone(), "example.com", "certificate not valid for name"),
        ("any name", &good, trusting.clone().check_hostname(false), "example.com", ""),
        ("expired", &expired, trusting.clone(), "example.org", "certificate expired"),
        ("expired, any name", &expired, trusting.clone().check_hostname(false), "example.com", "certificate expired"),
        ("not yet valid", &early, trusting.clone(), "example.org", "certificate not valid yet"),
        ("a client's", &for_clients, trusting.clone(), "example.org", "certificate does not allow extended key usage"),
        ("a stranger's", &stranger.issue(&["example.org"]), trusting.clone(), "example.org", "UnknownIssuer"),
        ("a stranger's, any name", &stranger.issue(&["a"]), trusting.clone().check_hostname(false), "a", "UnknownIss"),
        ("itself", &own, SslOptions::new().ca_pem(&own.cert), "example.org", ""),
        ("itself, another name", &own, SslOptions::new().ca_pem(&own.cert), "example.com", "certificate not valid for"),
        (
            "itself, expired",
            &own_expired,
            SslOptions::new().ca_pem(&own_expired.cert),
            "example.org",
            "certificate exp",
        ),
        ("itself, not trusted", &own, trusting.clone(), "example.org", "Ca"),
        ("whatever, if asked for", &expired, trusting.clone().validate_cert(false), "example.com", ""),
        ("whatever, by its other name", &own, SslOptions::new().cert_reqs(CertReqs::None), "example.com", ""),
    ];
    IoLoop::current().run_sync(async move {
        for (case, server, client, name, expected) in cases {
            for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
                let said = verdict(server, &client.clone().maximum_version(version), name).await;
                match said {
                    Ok(()) => assert_eq!(expected, "", "{case} is believed"),
                    Err(error) => {
                        let text = error.to_string();
                        assert!(error.is_certificate() && !expected.is_empty(), "{case}: {text}");
                        assert!(text.contains(expected), "{case}: {text}");
                    }
                }
            }
        }
        Ok(())
    })
}

#[test]
fn a_server_believes_only_clients_that_are_in_order() -> Result {
    let (authority, stranger) = (Authority::new("Trusted"), Authority::new("Stranger"));
    let own = authority.issue(&["example.org"]);
    let good = authority.issue(&["client"]);
    let expired = authority.issue_with(&["client"], |params| params.not_after = date_time_ymd(2020, 1, 1));
    let strangers = stranger.issue(&["client"]);
    use CertReqs::{None, Optional, Required};
    let cases = [
        ("not asked", None, Option::None, Ok(false)),
        ("not asked, has one", None, Some(&good), Ok(false)),
        ("may, has none", Optional, Option::None, Ok(false)),
        ("may, has one", Optional, Some(&good), Ok(true)),
        ("may, has a stranger's", Optional, Some(&strangers), Err("UnknownIssuer")),
        ("must, has none", Required, Option::None, Err("peer sent no certificates")),
        ("must, has one", Required, Some(&good), Ok(true)),
        ("must, has a stranger's", Required, Some(&strangers), Err("UnknownIssuer")),
        ("must, has an old one", Required, Some(&expired), Err("certificate expired")),
    ];
    IoLoop::current().run_sync(async move {
        for (case, reqs, identity, expected) in cases {
            for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
                let options = server_options(&own).cert_reqs(reqs).ca_pem(authority.pem());
                let server = ServerTls::new(&options)?;
                let mut options = client_options(&authority).maximum_version(version);
                if let Some(identity) = identity {
                    options = options.cert_pem(&identity.cert).key_pem(&identity.key);
                }
                let (served, connected) = shake(&server, &ClientTls::new(&options)?, "example.org").await;
                match (served, expected) {
                    (Ok(stream), Ok(known)) => {
                        let session = session(&stream).unwrap();
                        assert_eq!(session.peer_certificates().is_some(), known, "{case}");
                    }
                    (Err(error), Err(expected)) => {
                        let text = error.to_string();
                        assert!(error.is_certificate() && text.contains(expected), "{case}: {text}");
                        // Of TLS 1.3 a client learns it with its first read.
                        if version == TlsVersion::V1_2 {
                            assert!(matches!(connected, Err(TlsError::Refused { .. })), "{case}: {connected:?}");
                        } else {
                            assert!(connected?.read_bytes(1).await.is_err(), "{case}");
                        }
                    }
                    (served, expected) => panic!("{case}: {served:?} in place of {expected:?}"),
                }
            }
        }
        Ok(())
    })
}

#[test]
fn versions_meet_where_both_speak_one() -> Result {
    let authority = Authority::new("Test");
    let own = authority.issue(&["example.org"]);
    use TlsVersion::{V1_2, V1_3};
    #[rustfmt::skip]
    let cases = [
        ("both speak both",       (V1_2, V1_3), (V1_2, V1_3), Some(V1_3)),
        ("an old client",         (V1_2, V1_3), (V1_2, V1_2), Some(V1_2)),
        ("an old server",         (V1_2, V1_2), (V1_2, V1_3), Some(V1_2)),
        ("a strict server",       (V1_3, V1_3), (V1_2, V1_2), None),
        ("a strict client",       (V1_2, V1_2), (V1_3, V1_3), None),
    ];
    IoLoop::current().run_sync(async move {
        for (case, servers, clients, expected) in cases {
            let options = server_options(&own).minimum_version(servers.0).maximum_version(servers.1);
            let server = ServerTls::new(&options)?;
            let options = client_options(&authority).minimum_version(clients.0).maximum_version(clients.1);
            let (served, connected) = shake(&server, &ClientTls::new(&options)?, "example.org").await;
            let agreed = served.ok().and_then(|stream| session(&stream)).map(|session| session.version());
            assert_eq!(agreed, expected, "{case}");
            if expected.is_none() {
                assert!(matches!(connected, Err(TlsError::Refused { .. })), "{case}: {connected:?}");
            }
        }
        Ok(())
    })
}

#[test]
fn protocols_and_ciphers_are_the_first_of_the_server_that_both_have() -> Result {
    let authority = Authority::new("Test");
    let own = authority.issue(&["example.org"]);
    IoLoop::current().run_sync(async move {
        let agreed = async |servers: SslOptions, clients: SslOptions| {
            let (server, client) = (ServerTls::new(&servers)?, ClientTls::new(&clients)?);
            let (served, connected) = shake(&server, &client, "example.org").await;
            drop(connected);
            Ok::<_, TlsError>(session(&served?).unwrap())
        };
        let (servers, clients) = (server_options(&own), client_options(&authority));
        #[rustfmt::skip]
        let cases: [(&[&str], &[&str], Option<&str>); 5] = [
            (&["h2", "http/1.1"], &["http/1.1", "h2"], Some("h2")),
            (&["http/1.1"],       &["h2", "http/1.1"], Some("http/1.1")),
            (&[],                 &["h2"],             None),
            (&["h2"],             &[],                 None),
            (&["h2"],             &["h2"],             Some("h2")),
        ];
        for (offered, wanted, expected) in cases {
            let (offering, wanting) =
                (servers.clone().alpn(offered.iter().copied()), clients.clone().alpn(wanted.iter().copied()));
            let session = agreed(offering, wanting).await?;
            assert_eq!(session.alpn_protocol(), expected.map(str::as_bytes), "{offered:?} {wanted:?}");
        }
        let nothing_in_common = agreed(servers.clone().alpn(["h2"]), clients.clone().alpn(["http/1.1"])).await;
        assert!(nothing_in_common.is_err(), "RFC 7301, section 3.2");

        let session = agreed(servers.clone(), clients.clone().ciphers("TLS_CHACHA20_POLY1305_SHA256")).await?;
        assert_eq!(session.cipher_suite(), "TLS_CHACHA20_POLY1305_SHA256");
        let session = agreed(servers.ciphers("ECDHE-ECDSA-AES128-GCM-SHA256"), clients).await?;
        assert_eq!(session.cipher_suite(), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
        Ok(())
    })
}
