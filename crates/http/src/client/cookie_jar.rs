//! The cookies that a client keeps from one answer to the next request (RFC 6265 and its successor,
//! draft-ietf-httpbis-rfc6265bis).
//!
//! Sans-IO: `Set-Cookie` lines go in with the URL that they came from, the `Cookie` field for a URL comes
//! out. What a server may set for others is bounded: not for a domain of one label, not for an IP address,
//! not for another domain than its own. The list of public suffixes is not consulted, so that a server under
//! `co.uk` may set cookies for all of `co.uk`; where that matters, give each site a jar of its own.

mod cookie;
mod set_cookie;

use std::cell::RefCell;
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::SystemTime;

pub use cookie::{Cookie, SameSite};

use set_cookie::SetCookie;

/// How many cookies are kept for one domain; RFC 6265, section 6.1, asks for 50.
const COOKIES_OF_DOMAIN_MAX: usize = 50;

/// How many cookies are kept in all; RFC 6265, section 6.1, asks for 3,000.
const COOKIES_MAX: usize = 3_000;

/// The cookies of a client. A clone is the same jar.
///
/// A client has none unless it is given one. Several clients may have the same.
///
/// # Examples
///
/// ```
/// use firewhirl_http::client::CookieJar;
///
/// let jar = CookieJar::new();
/// jar.set("https://example.com/login", "session=abc; Path=/; Secure; HttpOnly");
/// assert_eq!(jar.header("https://example.com/story/1").as_deref(), Some("session=abc"));
/// assert_eq!(jar.header("http://example.com/story/1"), None);
/// ```
#[derive(Clone, Default)]
pub struct CookieJar {
    kept: Rc<RefCell<Kept>>,
}

#[derive(Default)]
struct Kept {
    /// In the order in which they were made.
    cookies: Vec<Cookie>,
    /// Counts uses, so that the least recently used can be told.
    uses: u64,
}

impl CookieJar {
    /// Makes an empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one `Set-Cookie` line of an answer to a request of `url`; whether it was accepted. One that has
    /// expired, by which a server deletes a cookie, is.
    pub fn set(&self, url: &str, line: &str) -> bool {
        self.set_at(url, line, SystemTime::now())
    }

    fn set_at(&self, url: &str, line: &str, now: SystemTime) -> bool {
        let accepted = CookieUrl::parse(url)
            .and_then(|url| Some((url, SetCookie::parse(line)?)))
            .and_then(|(url, parsed)| parsed.for_url(&url, now).map(|cookie| (url, cookie)));
        let Some((url, cookie)) = accepted else { return false };
        self.kept.borrow_mut().insert(&url, cookie, now)
    }

    /// The `Cookie` field of a request for `url`; `None` if there is no cookie for it.
    pub fn header(&self, url: &str) -> Option<String> {
        self.header_at(url, SystemTime::now())
    }

    fn header_at(&self, url: &str, now: SystemTime) -> Option<String> {
        let url = CookieUrl::parse(url)?;
        let mut kept = self.kept.borrow_mut();
        kept.uses += 1;
        let uses = kept.uses;
        let wanted = kept.cookies.iter_mut().filter(|cookie| cookie.is_for(&url) && !cookie.has_expired(now));
        let mut wanted: Vec<&Cookie> = wanted
            .map(|cookie| {
                cookie.last_use = uses;
                &*cookie
            })
            .collect();
        // "Cookies with longer paths are listed before cookies with shorter paths", and of equals the one that
        // was made first, which a stable sort leaves where it is (RFC 6265, section 5.4).
        wanted.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = wanted.into_iter().map(Cookie::pair).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The value of a cookie that a request for `url` would carry.
    pub fn get(&self, url: &str, name: &str) -> Option<String> {
        let now = SystemTime::now();
        let url = CookieUrl::parse(url)?;
        let kept = self.kept.borrow();
        let named = kept.cookies.iter().filter(|cookie| cookie.name == name);
        let found = named.filter(|cookie| cookie.is_for(&url) && !cookie.has_expired(now));
        found.max_by_key(|cookie| cookie.path.len()).map(|cookie| cookie.value.clone())
    }

    /// All cookies that have not expired, in the order in which they were first set.
    pub fn cookies(&self) -> Vec<Cookie> {
        let now = SystemTime::now();
        self.kept.borrow().cookies.iter().filter(|cookie| !cookie.has_expired(now)).cloned().collect()
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        self.kept.borrow_mut().cookies.clear();
    }
}

/// Without the values, which are often secrets.
impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieJar").field("cookies", &self.kept.borrow().cookies.len()).finish()
    }
}

impl Kept {
    /// Puts a cookie in, unless it would shadow one that only secure answers may change.
    fn insert(&mut self, url: &CookieUrl<'_>, mut cookie: Cookie, now: SystemTime) -> bool {
        if !url.is_secure && self.cookies.iter().any(|kept| kept.is_secure && cookie.would_shadow(kept)) {
            return false;
        }
        self.cookies.retain(|kept| !kept.has_expired(now));
        self.uses += 1;
        cookie.last_use = self.uses;
        let place = self.cookies.iter().position(|kept| kept.is_same(&cookie));
        match place {
            Some(place) if cookie.has_expired(now) => drop(self.cookies.remove(place)),
            // It keeps its place, since it "keeps its creation-time".
            Some(place) => self.cookies[place] = cookie,
            None if cookie.has_expired(now) => {}
            None => {
                let domain = cookie.domain.clone();
                self.cookies.push(cookie);
                self.evict(COOKIES_OF_DOMAIN_MAX, |kept| kept.domain == domain);
                self.evict(COOKIES_MAX, |_| true);
            }
        }
        true
    }

    /// Drops the cookie that was not used for longest where there are more of a kind than may be.
    fn evict(&mut self, limit: usize, is_of_kind: impl Fn(&Cookie) -> bool) {
        let of_kind = self.cookies.iter().enumerate().filter(|(_, cookie)| is_of_kind(cookie));
        if of_kind.clone().count() > limit
            && let Some((oldest, _)) = of_kind.min_by_key(|(_, cookie)| cookie.last_use)
        {
            self.cookies.remove(oldest);
        }
    }
}

/// What of a URL decides about cookies.
struct CookieUrl<'url> {
    is_secure: bool,
    /// In small letters, an IPv6 address without its brackets.
    host: String,
    path: &'url str,
}

impl<'url> CookieUrl<'url> {
    /// Takes a URL apart; `None` if it is none of HTTP's.
    fn parse(url: &'url str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let is_secure = scheme.eq_ignore_ascii_case("https");
        if !is_secure && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let path = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
        let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let host = match host_and_port.strip_prefix('[') {
            Some(literal) => literal.split_once(']')?.0,
            None => host_and_port.split(':').next().unwrap_or_default(),
        };
        if host.is_empty() {
            return None;
        }
        let path = if path.is_empty() { "/" } else { path };
        Some(Self { is_secure, host: host.to_ascii_lowercase(), path })
    }

    /// Whether the host is an address, which has no domain that it could be part of.
    fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    /// Whether the host is in a domain (RFC 6265, section 5.1.3).
    fn is_within(&self, domain: &str) -> bool {
        let is_below = || self.host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')) && !self.is_address();
        self.host == domain || is_below()
    }

    /// The path that a cookie is for unless it says so (RFC 6265, section 5.1.4).
    fn default_path(&self) -> &'url str {
        match self.path.rfind('/') {
            None | Some(0) => "/",
            Some(end) => &self.path[..end],
        }
    }
}

#[cfg(test)]
mod tests;
