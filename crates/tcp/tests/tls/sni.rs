//! Which of several certificates a client gets.

use firewhirl_event::{IoLoop, Result};
use firewhirl_tcp::tls::{ClientTls, ServerTls, SslOptions, session};

use super::{Authority, client_options, server_options, shake};

#[test]
fn a_client_gets_the_certificate_of_the_name_that_it_asks_for() -> Result {
    let authority = Authority::new("Test");
    let first = authority.issue(&["first.example"]);
    let wild = authority.issue(&["*.example.org", "example.org"]);
    let exact = authority.issue(&["exact.example.org"]);
    let options =
        server_options(&first).certificate_pem(&wild.cert, &wild.key).certificate_pem(&exact.cert, &exact.key);
    let server = ServerTls::new(&options)?;
    // A client takes any, so that it is the server's choice that shows.
    let client = ClientTls::new(&SslOptions::new().validate_cert(false))?;
    let cases = [
        ("its own name", "first.example", &first),
        ("a name in capitals", "EXAMPLE.ORG", &wild),
        ("a wildcard", "www.example.org", &wild),
        ("an exact name before a wildcard", "exact.example.org", &exact),
        ("two labels are no wildcard's", "a.b.example.org", &first),
        ("nobody's name", "example.net", &first),
        ("an address, which is no name", "127.0.0.1", &first),
    ];
    IoLoop::current().run_sync(async move {
        for (case, name, expected) in cases {
            let (served, connected) = shake(&server, &client, name).await;
            let (served, connected) = (served?, connected?);
            let got = session(&connected).unwrap().peer_certificates().unwrap()[0].clone();
            assert_eq!(pem(&got), body(&expected.cert), "{case}");
            let asked = (name != "127.0.0.1").then(|| name.to_lowercase());
            assert_eq!(session(&served).unwrap().server_name(), asked.as_deref(), "{case}");
        }
        Ok(())
    })
}

#[test]
fn of_two_certificates_for_a_name_the_client_gets_the_one_that_it_can_verify() -> Result {
    let authority = Authority::new("Test");
    let ecdsa = authority.issue(&["example.org"]);
    let ed25519 = authority.issue_for(&["example.org"], &rcgen::PKCS_ED25519, |_| {});
    let server = ServerTls::new(&server_options(&ed25519).certificate_pem(&ecdsa.cert, &ecdsa.key))?;
    IoLoop::current().run_sync(async move {
        // The suites of TLS 1.2 with ECDSA take either; the first that fits is the first that was given.
        let client = ClientTls::new(&client_options(&authority))?;
        let (served, connected) = shake(&server, &client, "example.org").await;
        served?;
        let got = session(&connected?).unwrap().peer_certificates().unwrap()[0].clone();
        assert_eq!(pem(&got), body(&ed25519.cert));
        Ok(())
    })
}

/// DER as the base64 that PEM has between its lines.
fn pem(der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in der.chunks(3) {
        let bits = group.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit > group.len() { '=' } else { char::from(DIGITS[index as usize]) });
        }
    }
    text
}

/// What PEM has between its lines.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}
