//! A proxy of the client's: what stands between it and the network (RFC 9110, sections 3.7 and 9.3.6).

use std::fmt;
use std::rc::Rc;

use http::Method;

use super::digest::DigestError;
use super::login::DigestLogin;
use super::url::Credentials;
use crate::httputil::basic_authorization;

/// A proxy that requests go through.
///
/// Requests in clear are handed to it with their whole URL, and it sends them on. For those over TLS it
/// is asked for a tunnel to the host (CONNECT), in which it sees nothing. Its credentials are told to it
/// alone: they are in the question for a tunnel, and never in what goes through one. Tornado's
/// `proxy_host`, `proxy_port`, `proxy_username` and `proxy_password`, which there need curl.
///
/// # Examples
///
/// ```
/// use firewhirl_http::client::{Destination, Proxy, Scheme};
///
/// let proxy = Proxy::new("proxy.local", 3128).credentials("user", "secret");
/// let through = Destination::new(Scheme::Https, "example.com", 443).proxy(proxy);
/// assert_eq!(through.next_hop(), ("proxy.local", 3128));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    host: String,
    port: u16,
    login: Login,
    secure: bool,
}

/// Who we are to it.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Login {
    Nobody,
    /// The value of `Proxy-Authorization`.
    Basic(String),
    Digest(Rc<DigestLogin>),
}

impl Proxy {
    /// The proxy at a host, by name or address (of version 6 without brackets), and a port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        let mut host = host.into();
        host.make_ascii_lowercase();
        Self { host, port, login: Login::Nobody, secure: false }
    }

    /// Who we are to it, by the Basic scheme. Default: nobody.
    pub fn credentials(mut self, username: &str, password: &str) -> Self {
        self.login = Login::Basic(basic_authorization(username, password));
        self
    }

    /// Who we are to it, by the Digest scheme: its challenge is answered, so that it does not see the password.
    pub fn digest_credentials(mut self, username: &str, password: &str) -> Self {
        let credentials = Credentials { username: username.to_owned(), password: password.to_owned() };
        self.login = Login::Digest(Rc::new(DigestLogin::new(credentials)));
        self
    }

    /// [`digest_credentials`](Self::digest_credentials), going on with a conversation.
    pub(super) fn digest_login(mut self, login: Rc<DigestLogin>) -> Self {
        self.login = Login::Digest(login);
        self
    }

    /// Speaks TLS with the proxy itself, as the pool does with servers. Default: `false`.
    pub fn secure(mut self, on: bool) -> Self {
        self.secure = on;
        self
    }

    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Its host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The value of `Proxy-Authorization` in the next request to it.
    pub(super) fn authorization(
        &self,
        method: &Method,
        target: &str,
        body: Option<&[u8]>,
    ) -> Result<Option<String>, DigestError> {
        match &self.login {
            Login::Nobody => Ok(None),
            Login::Basic(authorization) => Ok(Some(authorization.clone())),
            Login::Digest(login) => login.authorization(method, target, body),
        }
    }

    /// Takes the challenge of a 407; says whether another try is worth it after so many that were for nothing.
    pub(super) fn take_challenge<'field>(
        &self,
        fields: impl Iterator<Item = &'field [u8]>,
        tries: u32,
    ) -> Result<bool, DigestError> {
        match &self.login {
            Login::Nobody | Login::Basic(_) => Ok(false),
            Login::Digest(login) => login.take_challenge(fields, tries),
        }
    }

    /// Whether it has a challenge that can be answered.
    pub(super) fn is_challenged(&self) -> bool {
        matches!(&self.login, Login::Digest(login) if login.is_challenged())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Credentials do not belong into a log.
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}
