//! One cookie as a client keeps it.

use std::fmt;
use std::time::SystemTime;

use super::CookieUrl;

/// A cookie that a client keeps.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) domain: String,
    pub(super) is_host_only: bool,
    pub(super) path: String,
    pub(super) is_secure: bool,
    pub(super) is_http_only: bool,
    pub(super) same_site: Option<SameSite>,
    pub(super) expires: Option<SystemTime>,
    /// The number of the jar's use that was its last.
    pub(super) last_use: u64,
}

/// From where a cookie may be sent along with a request, which is for browsers: it is kept and not looked
/// at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// From the same site alone.
    Strict,
    /// From the same site, and where a link is followed.
    Lax,
    /// From anywhere.
    None,
}

impl Cookie {
    /// Its name; empty for one that was set without an equals sign.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value, as the server wrote it.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The domain that it is for, or the one host if it [is for that alone](Self::is_host_only).
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether it is for its host alone, and not for those below.
    pub fn is_host_only(&self) -> bool {
        self.is_host_only
    }

    /// The path that it is for, with all below.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is sent over TLS alone.
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Whether a browser would hide it from scripts.
    pub fn is_http_only(&self) -> bool {
        self.is_http_only
    }

    /// What it says about requests that come from other sites.
    pub fn same_site(&self) -> Option<SameSite> {
        self.same_site
    }

    /// When it ends; `None` is with the client.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// `name=value`, as the `Cookie` field has it.
    pub(super) fn pair(&self) -> String {
        if self.name.is_empty() { self.value.clone() } else { format!("{}={}", self.name, self.value) }
    }

    /// Whether a request of this URL carries it, if it has not expired.
    pub(super) fn is_for(&self, url: &CookieUrl<'_>) -> bool {
        let is_for_host = if self.is_host_only { url.host == self.domain } else { url.is_within(&self.domain) };
        is_for_host && is_path_within(url.path, &self.path) && (!self.is_secure || url.is_secure)
    }

    pub(super) fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether the two have one place in a jar (RFC 6265, section 5.3, step 11).
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.domain, self.is_host_only, &self.path)
            == (&other.name, &other.domain, other.is_host_only, &other.path)
    }

    /// Whether some requests would carry both under one name, this one perhaps first.
    pub(super) fn would_shadow(&self, other: &Self) -> bool {
        let contains = |domain: &str, other: &str| {
            domain == other || domain.strip_suffix(other).is_some_and(|rest| rest.ends_with('.'))
        };
        self.name == other.name
            && (contains(&self.domain, &other.domain) || contains(&other.domain, &self.domain))
            && is_path_within(&self.path, &other.path)
    }
}

/// Without the value, which is often a secret.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &self.name)
            .field("domain", &self.domain)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Whether a path is among those of a cookie (RFC 6265, section 5.1.4).
fn is_path_within(path: &str, of_cookie: &str) -> bool {
    path.strip_prefix(of_cookie)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || of_cookie.ends_with('/'))
}
