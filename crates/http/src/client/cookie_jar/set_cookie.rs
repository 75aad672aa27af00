//! A `Set-Cookie` line, and whether a server may set what it says (RFC 6265bis, sections 5.6 and 5.7).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Cookie, CookieUrl, SameSite};
use crate::httputil::parse_cookie_date;

/// Bytes that a name and its value may have together.
const PAIR_SIZE_MAX: usize = 4096;

/// Bytes that an attribute's value may have; a longer one is passed over.
const ATTRIBUTE_SIZE_MAX: usize = 1024;

/// The longest that a cookie is kept: 400 days.
const AGE_MAX: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// What a line says.
#[derive(Default)]
pub(super) struct SetCookie<'line> {
    name: &'line str,
    value: &'line str,
    domain: Option<String>,
    path: Option<&'line str>,
    max_age: Option<i64>,
    expires: Option<SystemTime>,
    is_secure: bool,
    is_http_only: bool,
    same_site: Option<SameSite>,
}

impl<'line> SetCookie<'line> {
    /// Reads a line; `None` if it is none that may be kept.
    pub(super) fn parse(line: &'line str) -> Option<Self> {
        if line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return None;
        }
        let mut parts = line.split(';').map(trim);
        let pair = parts.next().unwrap_or_default();
        let (name, value) = pair.split_once('=').map_or(("", pair), |(name, value)| (trim(name), trim(value)));
        if name.len() + value.len() == 0 || name.len() + value.len() > PAIR_SIZE_MAX {
            return None;
        }
        let mut parsed = Self { name, value, ..Self::default() };
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = trim(value);
            if value.len() <= ATTRIBUTE_SIZE_MAX {
                parsed.take_attribute(&trim(name).to_ascii_lowercase(), value);
            }
        }
        Some(parsed)
    }

    /// Of an attribute that comes twice the last holds.
    fn take_attribute(&mut self, name: &str, value: &'line str) {
        match name {
            "expires" => self.expires = parse_cookie_date(value).or(self.expires),
            "max-age" => self.max_age = parse_max_age(value).or(self.max_age),
            "domain" => {
                let domain = value.strip_prefix('.').unwrap_or(value);
                self.domain = (!domain.is_empty()).then(|| domain.to_ascii_lowercase());
            }
            "path" => self.path = value.starts_with('/').then_some(value),
            "secure" => self.is_secure = true,
            "httponly" => self.is_http_only = true,
            "samesite" => {
                self.same_site = match value.to_ascii_lowercase().as_str() {
                    "strict" => Some(SameSite::Strict),
                    "lax" => Some(SameSite::Lax),
                    "none" => Some(SameSite::None),
                    _ => None,
                }
            }
            _ => {}
        }
    }

    /// The cookie that it makes when it comes from `url`; `None` if it may not.
    pub(super) fn for_url(&self, url: &CookieUrl<'_>, now: SystemTime) -> Option<Cookie> {
        if self.is_secure && !url.is_secure {
            return None;
        }
        let domain = self.domain_for(url)?;
        let is_host_only = domain.is_none();
        let may_have_name = match self.prefix() {
            Some(Prefix::Secure) => self.is_secure,
            Some(Prefix::Host) => self.is_secure && is_host_only && self.path == Some("/"),
            None => true,
        };
        may_have_name.then(|| Cookie {
            name: self.name.to_owned(),
            value: self.value.to_owned(),
            domain: domain.unwrap_or_else(|| url.host.clone()),
            is_host_only,
            path: self.path.unwrap_or_else(|| url.default_path()).to_owned(),
            is_secure: self.is_secure,
            is_http_only: self.is_http_only,
            same_site: self.same_site,
            expires: self.expiry(now),
            last_use: 0,
        })
    }

    /// The domain that it is set for, `Some(None)` being the host alone; `None` if it may not be set.
    fn domain_for(&self, url: &CookieUrl<'_>) -> Option<Option<String>> {
        let Some(domain) = &self.domain else { return Some(None) };
        // An address, or a name of one label, which is where all sites of a kind are below: `com`.
        if url.is_address() || !domain.contains('.') {
            return (url.host == *domain).then_some(None);
        }
        url.is_within(domain).then(|| Some(domain.clone()))
    }

    /// What the name promises (RFC 6265bis, section 4.1.3). A value without a name is looked at too, as a
    /// server cannot tell it from a name.
    fn prefix(&self) -> Option<Prefix> {
        let shown = if self.name.is_empty() { self.value } else { self.name };
        let begins_with = |prefix: &str| {
            shown.as_bytes().get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        if begins_with("__Host-") {
            Some(Prefix::Host)
        } else if begins_with("__Secure-") {
            Some(Prefix::Secure)
        } else {
            None
        }
    }

    /// When it ends; `Max-Age` goes before `Expires`.
    fn expiry(&self, now: SystemTime) -> Option<SystemTime> {
        let expires = match self.max_age {
            Some(age) if age <= 0 => Some(UNIX_EPOCH),
            Some(age) => now.checked_add(Duration::from_secs(age.unsigned_abs()).min(AGE_MAX)),
            None => self.expires,
        };
        expires.map(|expires| expires.min(now + AGE_MAX))
    }
}

#[derive(Clone, Copy)]
enum Prefix {
    Secure,
    Host,
}

/// Digits, perhaps with a minus before them; too many are as many as fit.
fn parse_max_age(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| value.parse().unwrap_or(if value.starts_with('-') { i64::MIN } else { i64::MAX }))
}

/// Spaces and tabs are all that is trimmed.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}
