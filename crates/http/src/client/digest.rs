//! The Digest scheme (RFC 7616): showing a server that one knows a password without sending it.
//!
//! Sans-IO: a server's challenge goes in, the `Authorization` field of the next request comes out. The same
//! for a proxy, with `Proxy-Authenticate` and `Proxy-Authorization`.

use std::fmt;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};
use unicode_normalization::UnicodeNormalization;

use crate::httputil::{Challenge, parse_authentication_info, parse_challenges};
use crate::random::random_token;

/// A user's name and password for the Digest scheme, and how far the conversation with one server is.
///
/// Of several challenges the first is answered whose algorithm is known, which is the one that the server
/// likes best. MD5, SHA-256 and SHA-512-256 are, each also as `-sess`. Names and passwords are sent in
/// Unicode's NFC as UTF-8.
///
/// # Examples
///
/// ```
/// use firewhirl_http::client::DigestAuth;
/// use http::Method;
///
/// let mut digest = DigestAuth::new("Mufasa", "Circle of Life");
/// digest.take_challenge([r#"Digest realm="x", qop="auth", algorithm=SHA-256, nonce="7ypf""#])?;
/// let authorization = digest.authorization(&Method::GET, "/dir/index.html", Some(b""))?;
/// assert!(authorization.starts_with(r#"Digest username="Mufasa", realm="x", nonce="7ypf", uri="/dir/index.html""#));
/// # Ok::<(), firewhirl_http::client::DigestError>(())
/// ```
#[derive(Clone)]
pub struct DigestAuth {
    username: String,
    password: String,
    session: Option<Session>,
}

/// What was agreed upon with a server by its last challenge.
#[derive(Clone)]
struct Session {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// The algorithm's name as the server wrote it; it may have left it away.
    algorithm_name: Option<String>,
    qops: Qops,
    hashes_username: bool,
    /// `H(A1)`.
    secret: String,
    cnonce: String,
    /// How many requests this nonce was used for.
    nonce_count: u32,
}

/// Which kinds of protection a server offers.
#[derive(Clone, Copy)]
struct Qops {
    /// The challenge names some; those of before RFC 2617 name none.
    any: bool,
    auth: bool,
    auth_int: bool,
}

impl DigestAuth {
    /// Makes one for a user.
    pub fn new(username: &str, password: &str) -> Self {
        Self { username: username.nfc().collect(), password: password.nfc().collect(), session: None }
    }

    /// Takes the challenge of a 401 or 407, the values of its `WWW-Authenticate` or `Proxy-Authenticate` fields.
    ///
    /// One that says `stale=true` means that the password was right and only the nonce too old; any other
    /// after an answer means that name or password are wrong.
    ///
    /// # Errors
    ///
    /// [`DigestError::NoChallenge`] and [`DigestError::Unsupported`]. What was agreed upon before stays.
    pub fn take_challenge<'field>(
        &mut self,
        fields: impl IntoIterator<Item = &'field str>,
    ) -> Result<Staleness, DigestError> {
        self.take_challenge_with(fields, &random_token())
    }

    fn take_challenge_with<'field>(
        &mut self,
        fields: impl IntoIterator<Item = &'field str>,
        cnonce: &str,
    ) -> Result<Staleness, DigestError> {
        let mut unsupported = None;
        for challenge in fields.into_iter().flat_map(parse_challenges).filter(|challenge| challenge.is("Digest")) {
            match self.agree(&challenge, cnonce) {
                Ok(session) => {
                    self.session = Some(session);
                    let is_stale = challenge.parameter("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
                    return Ok(if is_stale { Staleness::Stale } else { Staleness::Fresh });
                }
                Err(error) => unsupported = unsupported.or(Some(error)),
            }
        }
        Err(unsupported.unwrap_or(DigestError::NoChallenge))
    }

    fn agree(&self, challenge: &Challenge, cnonce: &str) -> Result<Session, DigestError> {
        let unsupported = |what: &str| DigestError::Unsupported { what: what.to_owned() };
        let realm = challenge.parameter("realm").unwrap_or_default();
        let nonce = challenge.parameter("nonce").ok_or_else(|| unsupported("a challenge without a nonce"))?;
        let name = challenge.parameter("algorithm");
        let algorithm = Algorithm::from_name(name.unwrap_or("MD5"))
            .ok_or_else(|| unsupported(&format!("the algorithm {:?}", name.unwrap_or_default())))?;
        let qops = Qops::parse(challenge.parameter("qop"));
        if qops.any && !qops.auth && !qops.auth_int {
            return Err(unsupported("a quality of protection other than auth and auth-int"));
        }
        let mut secret = algorithm.hash.of(&format!("{}:{realm}:{}", self.username, self.password));
        if algorithm.is_session {
            secret = algorithm.hash.of(&format!("{secret}:{nonce}:{cnonce}"));
        }
        Ok(Session {
            realm: realm.to_owned(),
            nonce: nonce.to_owned(),
            opaque: challenge.parameter("opaque").map(str::to_owned),
            algorithm,
            algorithm_name: name.map(str::to_owned),
            qops,
            hashes_username: challenge.parameter("userhash").is_some_and(|value| value.eq_ignore_ascii_case("true")),
            secret,
            cnonce: cnonce.to_owned(),
            nonce_count: 0,
        })
    }

    /// Whether a challenge was taken, so that requests can be authorized before they are asked to be.
    pub fn is_challenged(&self) -> bool {
        self.session.is_some()
    }

    /// The value of the next request's `Authorization` or `Proxy-Authorization` field.
    ///
    /// `target` is the request's, exactly as it is sent. The `body`, empty where there is none, is part of
    /// what is protected if the server wants nothing less (`auth-int`); `None` is one that is streamed, and
    /// cannot be.
    ///
    /// # Errors
    ///
    /// [`DigestError::NoChallenge`] before any, and [`DigestError::BodyNeeded`].
    pub fn authorization(
        &mut self,
        method: &http::Method,
        target: &str,
        body: Option<&[u8]>,
    ) -> Result<String, DigestError> {
        let session = self.session.as_mut().ok_or(DigestError::NoChallenge)?;
        session.nonce_count = session.nonce_count.wrapping_add(1);
        let hash = session.algorithm.hash;
        let (qop, protected) = session.protect(method, target, body)?;
        let Session { realm, nonce, cnonce, .. } = &*session;
        let count = format!("{:08x}", session.nonce_count);
        let response = match qop {
            Some(qop) => format!("{}:{nonce}:{count}:{cnonce}:{qop}:{protected}", session.secret),
            None => format!("{}:{nonce}:{protected}", session.secret),
        };

        let mut field = Parameters::default();
        match session.hashes_username {
            true => field.quoted("username", &hash.of(&format!("{}:{realm}", self.username))),
            false => field.username(&self.username),
        }
        field.quoted("realm", realm);
        field.quoted("nonce", nonce);
        field.quoted("uri", target);
        if let Some(name) = &session.algorithm_name {
            field.plain("algorithm", name);
        }
        field.quoted("response", &hash.of(&response));
        if let Some(opaque) = &session.opaque {
            field.quoted("opaque", opaque);
        }
        if let Some(qop) = qop {
            field.plain("qop", qop);
            field.plain("nc", &count);
        }
        if qop.is_some() || session.algorithm.is_session {
            field.quoted("cnonce", cnonce);
        }
        if session.hashes_username {
            field.plain("userhash", "true");
        }
        Ok(field.text)
    }

    /// Takes the `Authentication-Info` or `Proxy-Authentication-Info` field of an answer, which may name the
    /// nonce of the next request.
    pub fn take_authentication_info(&mut self, field: &str) {
        let info = parse_authentication_info(field);
        if let (Some(session), Some(nonce)) = (&mut self.session, info.parameter("nextnonce")) {
            session.nonce = nonce.to_owned();
            session.nonce_count = 0;
        }
    }
}

/// Without the password.
impl fmt::Debug for DigestAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let realm = self.session.as_ref().map(|session| &session.realm);
        f.debug_struct("DigestAuth").field("username", &self.username).field("realm", &realm).finish_non_exhaustive()
    }
}

impl Session {
    /// The kind of protection, and `H(A2)`: the part of the request that is protected.
    fn protect(
        &self,
        method: &http::Method,
        target: &str,
        body: Option<&[u8]>,
    ) -> Result<(Option<&'static str>, String), DigestError> {
        let hash = self.algorithm.hash;
        let request = format!("{method}:{target}");
        Ok(match self.qops {
            Qops { any: false, .. } => (None, hash.of(&request)),
            Qops { auth: true, .. } => (Some("auth"), hash.of(&request)),
            _ => {
                let body = hash.of_bytes(body.ok_or(DigestError::BodyNeeded)?);
                (Some("auth-int"), hash.of(&format!("{request}:{body}")))
            }
        })
    }
}

impl Qops {
    fn parse(value: Option<&str>) -> Self {
        let has = |wanted: &str| {
            value.is_some_and(|value| value.split(',').any(|qop| qop.trim().eq_ignore_ascii_case(wanted)))
        };
        Self { any: value.is_some(), auth: has("auth"), auth_int: has("auth-int") }
    }
}

/// A hash, and whether it makes a secret for a whole session.
#[derive(Clone, Copy)]
struct Algorithm {
    hash: Hash,
    is_session: bool,
}

impl Algorithm {
    fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let (hash, is_session) = match name.strip_suffix("-sess") {
            Some(hash) => (hash, true),
            None => (&name[..], false),
        };
        let hash = match hash {
            "md5" => Hash::Md5,
            "sha-256" => Hash::Sha256,
            "sha-512-256" => Hash::Sha512_256,
            _ => return None,
        };
        Some(Self { hash, is_session })
    }
}

#[derive(Clone, Copy)]
enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

impl Hash {
    fn of(self, text: &str) -> String {
        self.of_bytes(text.as_bytes())
    }

    fn of_bytes(self, bytes: &[u8]) -> String {
        match self {
            Self::Md5 => hexadecimal(&Md5::digest(bytes)),
            Self::Sha256 => hexadecimal(&Sha256::digest(bytes)),
            Self::Sha512_256 => hexadecimal(&Sha512_256::digest(bytes)),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|&byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The field as it grows.
struct Parameters {
    text: String,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { text: String::from("Digest ") }
    }
}

impl Parameters {
    fn plain(&mut self, name: &str, value: &str) {
        if !self.text.ends_with(' ') {
            self.text.push_str(", ");
        }
        self.text.push_str(name);
        self.text.push('=');
        self.text.push_str(value);
    }

    fn quoted(&mut self, name: &str, value: &str) {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        self.plain(name, &format!("\"{escaped}\""));
    }

    /// A name with more than ASCII's letters goes in the form of RFC 8187, "as the username* parameter" (RFC
    /// 7616, section 3.4).
    fn username(&mut self, username: &str) {
        if username.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return self.quoted("username", username);
        }
        let mut extended = String::from("UTF-8''");
        for byte in username.bytes() {
            match byte {
                byte if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) => {
                    extended.push(char::from(byte));
                }
                byte => extended.push_str(&format!("%{byte:02X}")),
            }
        }
        self.plain("username*", &extended);
    }
}

/// What a challenge says about the answer before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staleness {
    /// The answer was right, but to a nonce that is too old: to be tried again.
    Stale,
    /// It is the first challenge, or the answer was wrong.
    Fresh,
}

/// Why a challenge cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestError {
    /// The server did not ask for Digest authentication.
    NoChallenge,
    /// The server asks for something that is unknown here.
    Unsupported {
        /// What it is.
        what: String,
    },
    /// The server wants the body to be protected, and it is streamed.
    BodyNeeded,
}

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoChallenge => f.write_str("the server does not ask for Digest authentication"),
            Self::Unsupported { what } => write!(f, "the server's Digest challenge has {what}, which is unknown here"),
            Self::BodyNeeded => {
                f.write_str("the server wants the body to be hashed (auth-int); give it whole, not streamed")
            }
        }
    }
}

impl std::error::Error for DigestError {}

#[cfg(test)]
#[path = "digest/tests.rs"]
mod tests;
