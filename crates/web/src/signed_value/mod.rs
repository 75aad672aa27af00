//! Signed values: what a browser keeps and cannot change, byte for byte Tornado's.
//!
//! ```
//! use std::time::SystemTime;
//! use firewhirl_web::signed_value::{SignedValueChecks, Secrets};
//!
//! let secrets = Secrets::new("a long and random text");
//! let signed = secrets.create_signed_value("user", "ada", SystemTime::now())?;
//! let user = secrets.decode_signed_value("user", &signed, &SignedValueChecks::at(SystemTime::now()));
//! assert_eq!(user.as_deref(), Some(&b"ada"[..]));
//! # Ok::<(), firewhirl_web::signed_value::SignedValueError>(())
//! ```
//!
//! There are two formats. Version 2, which is written, is fields with their lengths, signed with HMAC-SHA256;
//! version 1, which Tornado wrote until 3.2, is three parts, signed with HMAC-SHA1. Both are read. What is signed
//! can be read by whoever has it: it is no place for secrets. Nothing here knows of cookies or reads a clock.

mod checks;
mod error;
mod secrets;
mod v1;
mod v2;
mod version;

pub use checks::SignedValueChecks;
pub use error::SignedValueError;
pub use secrets::Secrets;
pub(crate) use secrets::{hexadecimal, is_same};
pub use version::{SignedValueVersion, signature_key_version};
