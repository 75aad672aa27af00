//! Why a value cannot be signed.

use std::fmt;

/// A value that cannot be signed: the program's fault, answered 500.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedValueError {
    /// No secret is set.
    NoSecret,
    /// There is no secret of the version that is to sign.
    UnknownKeyVersion(u64),
    /// Version 1 of the format knows no versions of the key.
    KeyVersionsNeedVersion2,
    /// The name is not ASCII; Tornado could not read it back.
    Name(String),
}

impl fmt::Display for SignedValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSecret => {
                f.write_str("You must define the 'cookie_secret' setting in your application to use signed cookies")
            }
            Self::UnknownKeyVersion(version) => write!(f, "there is no secret of key version {version} to sign with"),
            Self::KeyVersionsNeedVersion2 => {
                f.write_str("version 1 of signed values has no key versions: sign with version 2, or with one secret")
            }
            Self::Name(name) => write!(f, "the name of a signed value is ASCII, and {name:?} is not"),
        }
    }
}

impl std::error::Error for SignedValueError {}
