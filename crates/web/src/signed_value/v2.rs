//! Version 2: `2|1:0|10:1300000000|4:user|8:YWxpY2U=|signature`.
//!
//! After the version come the version of the key, the time in seconds, the name and the value in base64, each with
//! its length in bytes; the signature is over all that stands before it, the last bar too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::checks::{SignedValueChecks, number};
use super::secrets::{hexadecimal, is_same};

pub(super) fn create(secret: &[u8], key_version: u64, name: &str, value: &[u8], timestamp: u64) -> String {
    let mut signed = String::from("2|");
    for field in [&key_version.to_string(), &timestamp.to_string(), name, &STANDARD.encode(value)] {
        signed.push_str(&field.len().to_string());
        signed.push(':');
        signed.push_str(field);
        signed.push('|');
    }
    let signature = sign(secret, signed.as_bytes());
    signed + &signature
}

/// The parts of a value, of which nothing is checked yet.
pub(super) struct Fields<'value> {
    pub(super) key_version: u64,
    timestamp: &'value [u8],
    name: &'value [u8],
    value: &'value [u8],
    signature: &'value [u8],
    /// All that is before the signature.
    signed: &'value [u8],
}

impl<'value> Fields<'value> {
    /// The fields, if they are as long as they say.
    pub(super) fn parse(value: &'value [u8]) -> Option<Self> {
        let rest = value.strip_prefix(b"2|")?;
        let (key_version, rest) = field(rest)?;
        let (timestamp, rest) = field(rest)?;
        let (name, rest) = field(rest)?;
        let (encoded, signature) = field(rest)?;
        let signed = &value[..value.len() - signature.len()];
        Some(Self { key_version: number(key_version)?, timestamp, name, value: encoded, signature, signed })
    }

    pub(super) fn decode(&self, secret: &[u8], name: &str, checks: &SignedValueChecks) -> Option<Vec<u8>> {
        let is_genuine = is_same(sign(secret, self.signed).as_bytes(), self.signature);
        if !is_genuine || self.name != name.as_bytes() || checks.is_expired(number(self.timestamp)?) {
            return None;
        }
        STANDARD.decode(self.value).ok()
    }
}

/// A field, and what follows it.
fn field(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = text.iter().position(|&byte| byte == b':')?;
    let length = usize::try_from(number(&text[..colon])?).ok()?;
    let (field, rest) = text[colon + 1..].split_at_checked(length)?;
    Some((field, rest.strip_prefix(b"|")?))
}

fn sign(secret: &[u8], signed: &[u8]) -> String {
    let mut hash = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    hash.update(signed);
    hexadecimal(&hash.finalize().into_bytes())
}
