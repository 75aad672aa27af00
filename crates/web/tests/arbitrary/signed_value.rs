//! What holds of any bytes that come as a signed value, or are to become one; for a test and for a fuzzer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use firewhirl_web::signed_value::{Secrets, SignedValueChecks, SignedValueVersion, signature_key_version};

/// Reads the bytes as a signed value and signs them as a value and as a name, and asserts what has to hold.
pub(crate) fn check(bytes: &[u8]) {
    let now = UNIX_EPOCH + Duration::from_secs(1_300_000_000);
    let secrets = [Secrets::new("secret"), Secrets::versions(3, [(3, "secret"), (4, "another")])];
    for secrets in &secrets {
        nobody_else_signs(secrets, bytes, now);
        for version in [SignedValueVersion::V1, SignedValueVersion::V2] {
            what_is_signed_comes_back(secrets, version, bytes, now);
        }
    }
}

fn nobody_else_signs(secrets: &Secrets, bytes: &[u8], now: SystemTime) {
    let checks = SignedValueChecks::at(now).max_age(Duration::MAX);
    assert_eq!(secrets.decode_signed_value("user", bytes, &checks), None, "{}", bytes.escape_ascii());
    signature_key_version(bytes);
}

fn what_is_signed_comes_back(secrets: &Secrets, version: SignedValueVersion, bytes: &[u8], now: SystemTime) {
    let text = String::from_utf8_lossy(bytes);
    for name in ["user", &text] {
        // Refused are names that are not ASCII, and version 1 where secrets have versions.
        let Ok(signed) = secrets.create_signed_value_of(version, name, bytes, now) else { continue };
        let read = secrets.decode_signed_value(name, &signed, &SignedValueChecks::at(now));
        assert_eq!(read.as_deref(), Some(bytes), "{signed}");
        let other = format!("{name}x");
        assert_eq!(secrets.decode_signed_value(&other, &signed, &SignedValueChecks::at(now)), None, "{signed}");
    }
}
