//! Names and passwords by the Digest scheme: what servers and proxies have asked for so far.

use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use http::Method;

use super::destination::Scheme;
use super::digest::{DigestAuth, DigestError, Staleness};
use super::url::Credentials;

/// Who asks, and what the other side has asked for so far. Equal by name and password alone.
pub(super) struct DigestLogin {
    credentials: Credentials,
    conversation: RefCell<DigestAuth>,
}

impl DigestLogin {
    pub(super) fn new(credentials: Credentials) -> Self {
        let conversation = DigestAuth::new(&credentials.username, &credentials.password);
        Self { credentials, conversation: RefCell::new(conversation) }
    }

    /// What the next request says; nothing before there was a challenge.
    pub(super) fn authorization(
        &self,
        method: &Method,
        target: &str,
        body: Option<&[u8]>,
    ) -> Result<Option<String>, DigestError> {
        let mut conversation = self.conversation.borrow_mut();
        if !conversation.is_challenged() {
            return Ok(None);
        }
        conversation.authorization(method, target, body).map(Some)
    }

    /// Takes a challenge; says whether another try is worth it after so many that were for nothing.
    pub(super) fn take_challenge<'field>(
        &self,
        fields: impl Iterator<Item = &'field [u8]>,
        tries: u32,
    ) -> Result<bool, DigestError> {
        let fields = fields.filter_map(|field| std::str::from_utf8(field).ok());
        match self.conversation.borrow_mut().take_challenge(fields) {
            // The second answer was to the server's own nonce: if that was not too old, the password is wrong.
            Ok(staleness) => Ok(tries == 0 || tries == 1 && staleness == Staleness::Stale),
            // By another scheme, which is not ours to choose.
            Err(DigestError::NoChallenge) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn is_challenged(&self) -> bool {
        self.conversation.borrow().is_challenged()
    }

    /// Takes what an answer says about the next request.
    pub(super) fn take_info(&self, field: Option<&str>) {
        if let Some(field) = field {
            self.conversation.borrow_mut().take_authentication_info(field);
        }
    }
}

/// With whom a client has spoken by the Digest scheme, so that the next request need not be asked again.
#[derive(Default)]
pub(super) struct Logins {
    /// The one that was used last is the last.
    known: Vec<(Origin, Rc<DigestLogin>)>,
}

/// Scheme, host and port.
type Origin = (Scheme, String, u16);

/// More than these are forgotten, the least recently used first.
const LOGINS_MAX: usize = 32;

impl Logins {
    /// The conversation of somebody with a server or a proxy.
    pub(super) fn at(
        &mut self,
        (scheme, host, port): (Scheme, &str, u16),
        credentials: &Credentials,
    ) -> Rc<DigestLogin> {
        let is_it = |(origin, login): &(Origin, Rc<DigestLogin>)| {
            *origin.1 == *host && (origin.0, origin.2) == (scheme, port) && login.credentials == *credentials
        };
        let known = self.known.iter().position(is_it).map(|index| self.known.remove(index));
        let (origin, login) =
            known.unwrap_or_else(|| ((scheme, host.to_owned(), port), Rc::new(DigestLogin::new(credentials.clone()))));
        if self.known.len() == LOGINS_MAX {
            self.known.remove(0);
        }
        self.known.push((origin, Rc::clone(&login)));
        login
    }
}

impl PartialEq for DigestLogin {
    fn eq(&self, other: &Self) -> bool {
        self.credentials == other.credentials
    }
}

impl Eq for DigestLogin {}

impl Hash for DigestLogin {
    fn hash<State: Hasher>(&self, state: &mut State) {
        self.credentials.hash(state);
    }
}

impl fmt::Debug for DigestLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.conversation.borrow().fmt(f)
    }
}
