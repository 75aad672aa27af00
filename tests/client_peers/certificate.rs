//! A certificate for `localhost` that nobody else trusts, made by openssl.

use std::path::Path;
use std::process::{Command, Stdio};

use super::support::peers;

/// Puts `certificate.pem` and `key.pem` into a folder; `None` where there is no openssl, after saying so.
pub(crate) fn make_in(folder: &Path) -> Option<()> {
    let openssl = peers::command("openssl")?;
    let status = Command::new(openssl)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    Some(())
}
