//! What is wrong with options is said when they are made into a server's or a client's TLS.

use firewhirl_tcp::tls::{CertReqs, ClientTls, ServerTls, SslOptions, TlsError, TlsVersion};

use super::{Authority, server_options};

/// What an error says of options that are made into a server's TLS.
fn refusal(options: SslOptions) -> String {
    ServerTls::new(&options).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_with_options_is_said_at_once() {
    let authority = Authority::new("Test");
    let (own, other) = (authority.issue(&["example.org"]), authority.issue(&["example.com"]));
    let good = || server_options(&own);
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old_encrypted =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIB\n-----END RSA PRIVATE KEY-----\n";
    let cases = [
        ("no certificate", SslOptions::new(), "a TLS server needs a certificate; set `certfile`"),
        ("no file", SslOptions::new().certfile("/nowhere/a.pem"), "cannot read certfile /nowhere/a.pem: "),
        ("no key file", good().keyfile("/nowhere/a.key"), "cannot read keyfile /nowhere/a.key: "),
        ("no authorities' file", good().ca_certs("/nowhere/ca.pem"), "cannot read ca_certs /nowhere/ca.pem: "),
        ("no PEM", good().cert_pem("hello"), "no certificate in the text in memory"),
        ("a key for a certificate", good().cert_pem(&own.key), "no certificate in the text in memory"),
        ("a certificate for a key", good().key_pem(&own.cert), "no private key in the text in memory"),
        ("no key at all", SslOptions::new().cert_pem(&own.cert), "no private key in the text in memory"),
        ("another's key", good().key_pem(&other.key), "the private key in the text in memory does not belong to"),
        ("a key with a password", good().key_pem(encrypted), "the private key in the text in memory is encrypted"),
        ("an old one with a password", good().key_pem(old_encrypted), "the private key in the text in memory is encr"),
        (
            "broken base64",
            good().cert_pem("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
            "the text in",
        ),
        (
            "not a certificate",
            good().cert_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "the ",
        ),
        ("whose certificates", good().cert_reqs(CertReqs::Required), "client certificates are asked for, but not who"),
        ("an unknown cipher", good().ciphers("RC4-MD5"), "no cipher suite \"RC4-MD5\"; there are TLS_"),
        ("no cipher", good().ciphers(""), "none of `ciphers` belongs to a version"),
        (
            "a cipher of another version",
            good().ciphers("TLS_AES_128_GCM_SHA256").maximum_version(TlsVersion::V1_2),
            "none of `ciphers` belongs to a version",
        ),
        ("another's further key", good().certificate_pem(&other.cert, &own.key), "the private key in the text in mem"),
    ];
    for (case, options, expected) in cases {
        let said = refusal(options);
        assert!(said.starts_with(expected), "{case}: {said}");
    }
    assert!(ServerTls::new(&good()).is_ok());
    let both = own.cert.clone() + &own.key;
    assert!(ServerTls::new(&SslOptions::new().cert_pem(both)).is_ok(), "chain and key in one text");
}

#[test]
fn errors_keep_what_the_system_said() {
    let error = ServerTls::new(&SslOptions::new().certfile("/nowhere/a.pem")).unwrap_err();
    assert!(matches!(&error, TlsError::File { option: "certfile", .. }));
    assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn a_client_needs_no_certificate_but_one_that_is_right() {
    let authority = Authority::new("Test");
    let (own, other) = (authority.issue(&["client"]), authority.issue(&["other"]));
    assert!(ClientTls::new(&SslOptions::new()).is_ok(), "the system's authorities are read later");
    assert!(ClientTls::new(&SslOptions::new().ca_pem("nonsense")).is_err());
    assert!(ClientTls::new(&server_options(&own)).is_ok());
    let mixed = ClientTls::new(&server_options(&own).key_pem(&other.key));
    assert!(matches!(mixed, Err(TlsError::KeyMismatch { .. })));
}

#[test]
fn a_key_is_not_shown() {
    let authority = Authority::new("Test");
    let own = authority.issue(&["example.org"]);
    let secret = own.key.lines().nth(1).unwrap();
    let options = server_options(&own);
    for shown in [format!("{options:?}"), format!("{:?}", ServerTls::new(&options).unwrap())] {
        assert!(!shown.contains(secret) && !shown.contains("PRIVATE"), "{shown}");
    }
}
