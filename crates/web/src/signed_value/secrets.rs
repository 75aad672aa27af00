//! What values are signed with: one secret, or several of which each has a version.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use ctutils::CtEq;

use super::checks::SignedValueChecks;
use super::error::SignedValueError;
use super::version::SignedValueVersion;
use super::{v1, v2};

/// The secret with which values are signed, or several: one that signs, and older ones whose values are read
/// still. Tornado's `cookie_secret`, a text or a dictionary.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
/// use firewhirl_web::signed_value::{Secrets, SignedValueChecks};
///
/// let now = SystemTime::now();
/// let before = Secrets::versions(0, [(0, "the old secret")]);
/// let signed = before.create_signed_value("user", "ada", now)?;
///
/// let after = Secrets::versions(1, [(0, "the old secret"), (1, "the new one")]);
/// assert!(after.decode_signed_value("user", &signed, &SignedValueChecks::at(now)).is_some());
/// # Ok::<(), firewhirl_web::signed_value::SignedValueError>(())
/// ```
#[derive(Clone)]
pub struct Secrets(Kind);

#[derive(Clone)]
enum Kind {
    One(Vec<u8>),
    Versions { key_version: u64, secrets: BTreeMap<u64, Vec<u8>> },
}

impl Secrets {
    /// One secret: 32 random bytes or more.
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        Self(Kind::One(secret.as_ref().to_vec()))
    }

    /// Several, each with a version, of which `key_version` signs. One that is left out is read no longer.
    pub fn versions<Secret: AsRef<[u8]>>(key_version: u64, secrets: impl IntoIterator<Item = (u64, Secret)>) -> Self {
        let secrets = secrets.into_iter().map(|(version, secret)| (version, secret.as_ref().to_vec())).collect();
        Self(Kind::Versions { key_version, secrets })
    }

    /// Signs a value with the time that it is now. Tornado's `create_signed_value`.
    ///
    /// # Errors
    ///
    /// [`SignedValueError`] for a name that is not ASCII, and where there is no secret of the version that is to
    /// sign.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use firewhirl_web::signed_value::Secrets;
    ///
    /// let now = UNIX_EPOCH + Duration::from_secs(1_300_000_000);
    /// let signed = Secrets::new("supersecret").create_signed_value("user", "alice", now)?;
    /// assert!(signed.starts_with("2|1:0|10:1300000000|4:user|8:YWxpY2U=|170151cf2a955c1f"));
    /// # Ok::<(), firewhirl_web::signed_value::SignedValueError>(())
    /// ```
    pub fn create_signed_value(
        &self,
        name: &str,
        value: impl AsRef<[u8]>,
        now: SystemTime,
    ) -> Result<String, SignedValueError> {
        self.create_signed_value_of(SignedValueVersion::V2, name, value, now)
    }

    /// As [`create_signed_value`](Self::create_signed_value), in one of the formats.
    ///
    /// # Errors
    ///
    /// As of `create_signed_value`; version 1 needs [one secret](Self::new).
    pub fn create_signed_value_of(
        &self,
        version: SignedValueVersion,
        name: &str,
        value: impl AsRef<[u8]>,
        now: SystemTime,
    ) -> Result<String, SignedValueError> {
        if !name.is_ascii() {
            return Err(SignedValueError::Name(name.to_owned()));
        }
        // A clock before 1970 shows no time that could be written.
        let timestamp = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let value = value.as_ref();
        match (&self.0, version) {
            (Kind::One(secret), SignedValueVersion::V1) => Ok(v1::create(secret, name, value, timestamp)),
            (Kind::Versions { .. }, SignedValueVersion::V1) => Err(SignedValueError::KeyVersionsNeedVersion2),
            (Kind::One(secret), SignedValueVersion::V2) => Ok(v2::create(secret, 0, name, value, timestamp)),
            (Kind::Versions { key_version, secrets }, SignedValueVersion::V2) => {
                let secret = secrets.get(key_version).ok_or(SignedValueError::UnknownKeyVersion(*key_version))?;
                Ok(v2::create(secret, *key_version, name, value, timestamp))
            }
        }
    }

    /// The value that was signed under this name; `None` where it was not, or with another secret, where it is too
    /// old, or anything is wrong with it. Tornado's `decode_signed_value`.
    ///
    /// Signatures are compared in constant time.
    pub fn decode_signed_value(
        &self,
        name: &str,
        signed: impl AsRef<[u8]>,
        checks: &SignedValueChecks,
    ) -> Option<Vec<u8>> {
        let signed = signed.as_ref();
        let version = SignedValueVersion::of(signed).filter(|version| *version >= checks.min_version)?;
        match (&self.0, version) {
            (Kind::One(secret), SignedValueVersion::V1) => v1::decode(secret, name, signed, checks),
            (Kind::Versions { .. }, SignedValueVersion::V1) => None,
            (Kind::One(secret), SignedValueVersion::V2) => v2::Fields::parse(signed)?.decode(secret, name, checks),
            (Kind::Versions { secrets, .. }, SignedValueVersion::V2) => {
                let fields = v2::Fields::parse(signed)?;
                fields.decode(secrets.get(&fields.key_version)?, name, checks)
            }
        }
    }
}

/// Without the secrets.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::One(_) => f.write_str("Secrets(one)"),
            Kind::Versions { key_version, secrets } => f
                .debug_struct("Secrets")
                .field("key_version", key_version)
                .field("versions", &secrets.keys().collect::<Vec<_>>())
                .finish(),
        }
    }
}

/// Whether two texts are the same, in a time that does not tell how far they are.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|&byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use SignedValueVersion::{V1, V2};

    const NOW: u64 = 1_300_000_000;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn secrets() -> Secrets {
        Secrets::new("supersecret")
    }

    #[test]
    fn values_are_written_as_tornado_writes_them() {
        let keys = Secrets::versions(7, [(0, "zero"), (7, "seven")]);
        #[rustfmt::skip]
        let cases: [(Secrets, _, &[u8], &str); 4] = [
            (secrets(), V1, b"alice",    "YWxpY2U=|1300000000|f628627ced5b781e3dcfa98de49f11824eb39c69"),
            (secrets(), V2, b"alice",    "2|1:0|10:1300000000|4:user|8:YWxpY2U=|170151cf2a955c1fd0f79f0e990ac0997c9fddcf6e2a965be718ba0d9794eff9"),
            (keys,      V2, b"\xe4\xe9", "2|1:7|10:1300000000|4:user|4:5Ok=|808a3e9e61913dc4f3a9bcfe01227d7eecad001359ada8c2ab7992fd598bbe24"),
            (secrets(), V2, b"",         "2|1:0|10:1300000000|4:user|0:|e872b478db2741b79a92183a2103a1d612b68db7077885d29180926654d37557"),
        ];
        for (secrets, version, value, expected) in cases {
            let signed = secrets.create_signed_value_of(version, "user", value, at(NOW)).unwrap();
            assert_eq!(signed, expected);
            assert_eq!(secrets.decode_signed_value("user", &signed, &SignedValueChecks::at(at(NOW))).unwrap(), value);
        }
    }

    #[test]
    fn what_was_changed_anywhere_is_refused() {
        for version in [V1, V2] {
            let signed = secrets().create_signed_value_of(version, "user", "alice", at(NOW)).unwrap();
            let decode = |signed: &[u8]| secrets().decode_signed_value("user", signed, &SignedValueChecks::at(at(NOW)));
            for place in 0..signed.len() {
                for other in [b'0', b'9', b'|', b':', b'A', 0xff] {
                    let mut changed = signed.clone().into_bytes();
                    if changed[place] != other {
                        changed[place] = other;
                        assert_eq!(decode(&changed), None, "{}", String::from_utf8_lossy(&changed));
                    }
                }
                assert_eq!(decode(&signed.as_bytes()[..place]), None, "cut at {place}");
            }
            assert_eq!(decode(format!("{signed}0").as_bytes()), None);
            assert_eq!(
                Secrets::new("other").decode_signed_value("user", &signed, &SignedValueChecks::at(at(NOW))),
                None
            );
            assert_eq!(secrets().decode_signed_value("name", &signed, &SignedValueChecks::at(at(NOW))), None);
        }
    }

    #[test]
    fn a_value_has_its_time() {
        const DAY: u64 = 86_400;
        #[rustfmt::skip]
        const CASES: &[(SignedValueVersion, u64, u64, bool)] = &[
            // Version, when it was signed, when it is read.
            (V1, NOW,            NOW + 31 * DAY,     true),
            (V1, NOW,            NOW + 31 * DAY + 1, false),
            (V1, NOW + 31 * DAY, NOW,                true),
            (V1, NOW + 32 * DAY, NOW,                false),
            (V2, NOW,            NOW + 31 * DAY,     true),
            (V2, NOW,            NOW + 31 * DAY + 1, false),
            (V2, NOW + 99 * DAY, NOW,                true),
        ];
        for &(version, signed_at, read_at, accepted) in CASES {
            let signed = secrets().create_signed_value_of(version, "user", "alice", at(signed_at)).unwrap();
            let checks = SignedValueChecks::at(at(read_at));
            let read = secrets().decode_signed_value("user", &signed, &checks);
            assert_eq!(read.is_some(), accepted, "{version:?}, {signed_at}, {read_at}");
            let strict = checks.max_age(Duration::ZERO).min_version(V2);
            assert_eq!(
                secrets().decode_signed_value("user", &signed, &strict).is_some(),
                version == V2 && signed_at >= read_at
            );
        }
    }

    #[test]
    fn digits_that_were_moved_into_the_timestamp_are_noticed() {
        // In base64 this is `12345678`, whose digits could be those of a timestamp.
        let signed = secrets().create_signed_value_of(V1, "foo", b"\xd7\x6d\xf8\xe7\xae\xfc", at(NOW)).unwrap();
        let moved = signed.replacen("12345678|", "1234|5678", 1);
        let mut parts = moved.split('|');
        // The signature still holds.
        let (value, timestamp) = (parts.next().unwrap(), parts.next().unwrap());
        assert_eq!(timestamp, "56781300000000");
        assert_eq!(parts.next(), signed.split('|').nth(2), "{value}");
        assert_eq!(secrets().decode_signed_value("foo", &moved, &SignedValueChecks::at(at(NOW))), None);
    }

    #[test]
    fn secrets_have_versions() {
        let map = [(0, "asdfbasdf"), (1, "12312312"), (2, "2342342")];
        let signed = Secrets::versions(1, map).create_signed_value("key", "\u{e9}", at(NOW)).unwrap();
        let checks = SignedValueChecks::at(at(NOW));
        assert!(Secrets::versions(2, map).decode_signed_value("key", &signed, &checks).is_some());
        assert!(Secrets::versions(2, [map[0], map[2]]).decode_signed_value("key", &signed, &checks).is_none());
        assert_eq!(
            Secrets::versions(3, map).create_signed_value("key", "", at(NOW)),
            Err(SignedValueError::UnknownKeyVersion(3))
        );
        assert_eq!(
            Secrets::versions(1, map).create_signed_value_of(V1, "key", "", at(NOW)),
            Err(SignedValueError::KeyVersionsNeedVersion2)
        );
        let old = Secrets::new("12312312").create_signed_value_of(V1, "key", "", at(NOW)).unwrap();
        assert_eq!(Secrets::versions(1, map).decode_signed_value("key", old, &checks), None);
        assert!(!format!("{:?}{:?}", Secrets::versions(1, map), secrets()).contains("23"));
    }

    #[test]
    fn a_name_is_ascii() {
        let signed = secrets().create_signed_value("n\u{e4}me", "", at(NOW));
        assert_eq!(signed, Err(SignedValueError::Name("n\u{e4}me".into())));
    }
}
