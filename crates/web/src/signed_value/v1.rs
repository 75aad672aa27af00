//! Version 1: `base64(value)|timestamp|signature`.
//!
//! The signature is over name, value and timestamp without anything between them, so digits can move from the
//! value's end to the timestamp's begin without changing it. Such a timestamp lies far ahead, or begins with a
//! zero; both are refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use firewhirl_event::log_targets::GEN;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use tracing::warn;

use super::checks::{SignedValueChecks, number};
use super::secrets::{hexadecimal, is_same};

pub(super) fn create(secret: &[u8], name: &str, value: &[u8], timestamp: u64) -> String {
    let value = STANDARD.encode(value);
    let timestamp = timestamp.to_string();
    let signature = sign(secret, name, value.as_bytes(), timestamp.as_bytes());
    format!("{value}|{timestamp}|{signature}")
}

pub(super) fn decode(secret: &[u8], name: &str, signed: &[u8], checks: &SignedValueChecks) -> Option<Vec<u8>> {
    let mut parts = signed.split(|&byte| byte == b'|');
    let (value, timestamp, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    if !is_same(sign(secret, name, value, timestamp).as_bytes(), signature) {
        warn!(target: GEN, "Invalid cookie signature of {name:?}");
        return None;
    }
    let seconds = number(timestamp)?;
    if checks.is_expired(seconds) {
        warn!(target: GEN, "Expired cookie {name:?}");
        return None;
    }
    if checks.is_ahead(seconds) {
        warn!(target: GEN, "Cookie timestamp in future; possible tampering with {name:?}");
        return None;
    }
    if timestamp.starts_with(b"0") {
        warn!(target: GEN, "Tampered cookie {name:?}");
        return None;
    }
    STANDARD.decode(value).ok()
}

fn sign(secret: &[u8], name: &str, value: &[u8], timestamp: &[u8]) -> String {
    let mut hash = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    for part in [name.as_bytes(), value, timestamp] {
        hash.update(part);
    }
    hexadecimal(&hash.finalize().into_bytes())
}
