//! One `Set-Cookie` field (RFC 6265, section 4.1), written as Python's `http.cookies` writes it for Tornado.
//!
//! Attributes come in the order of their names. A value of other characters than a token's goes in double quotes,
//! with what is no printable ASCII, commas and semicolons as octal numbers. Whatever could begin another attribute
//! or another field is refused.

use std::fmt;
use std::time::{Duration, SystemTime};

use firewhirl_http::httputil::{HttpDate, is_cookie_name};

/// How a browser is to keep a cookie.
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_web::{Context, CookieOptions, SameSite};
///
/// async fn dark(cx: &Context) -> Result {
///     let options = CookieOptions::new().expires_days(365.0).secure(true).samesite(SameSite::Lax);
///     cx.set_cookie_with("theme", "dark", &options)?;
///     cx.redirect("/")
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CookieOptions {
    domain: String,
    path: String,
    expires: Option<SystemTime>,
    /// `Some(None)` is a cookie that was said to end with the browser's session.
    expires_days: Option<Option<f64>>,
    max_age: Option<Duration>,
    httponly: bool,
    secure: bool,
    samesite: Option<SameSite>,
    partitioned: bool,
}

/// Whether a cookie goes along with requests that come from other sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// With none.
    Strict,
    /// With links that a visitor follows.
    Lax,
    /// With all; browsers ask for [`secure`](CookieOptions::secure) then.
    None,
}

impl CookieOptions {
    /// For all paths of this host, until the browser is closed.
    pub fn new() -> Self {
        Self::default()
    }

    /// The domain whose hosts all get the cookie. Default: the host alone that sets it.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = domain.into();
        self
    }

    /// The path below which the cookie is sent. Default: `/`. An empty one leaves it to the browser.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// When the browser forgets it; wins over [`expires_days`](Self::expires_days).
    pub fn expires(mut self, time: impl Into<SystemTime>) -> Self {
        self.expires = Some(time.into());
        self
    }

    /// In how many days the browser forgets it; `None` is when it is closed. Default: `None`, and 30 for signed
    /// cookies.
    pub fn expires_days(mut self, days: impl Into<Option<f64>>) -> Self {
        self.expires_days = Some(days.into());
        self
    }

    /// After which time the browser forgets it, in whole seconds. None, at once, is written as well, unlike in
    /// Tornado.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Whether scripts of the page do not see it. Default: `false`.
    pub fn httponly(mut self, on: bool) -> Self {
        self.httponly = on;
        self
    }

    /// Whether it is sent over HTTPS alone. Default: `false`.
    pub fn secure(mut self, on: bool) -> Self {
        self.secure = on;
        self
    }

    /// Whether it goes along with requests from other sites. Default: not said, which most browsers take for `Lax`.
    pub fn samesite(mut self, samesite: SameSite) -> Self {
        self.samesite = Some(samesite);
        self
    }

    /// Whether there is one a site within whose page it is set (CHIPS). Default: `false`.
    pub fn partitioned(mut self, on: bool) -> Self {
        self.partitioned = on;
        self
    }

    /// These, with so many days where nothing was said of how long it stays.
    pub(crate) fn or_expires_days(&self, days: f64) -> Self {
        let mut options = self.clone();
        options.expires_days.get_or_insert(Some(days));
        options
    }

    /// These, of a cookie that is to be forgotten.
    pub(crate) fn cleared(&self, now: SystemTime) -> Self {
        Self { expires: Some(shifted(now, -365.0)), max_age: None, ..self.clone() }
    }

    fn expiry(&self, now: SystemTime) -> Option<SystemTime> {
        self.expires.or_else(|| Some(shifted(now, self.expires_days??)))
    }
}

impl Default for CookieOptions {
    fn default() -> Self {
        Self {
            domain: String::new(),
            path: "/".to_owned(),
            expires: None,
            expires_days: None,
            max_age: None,
            httponly: false,
            secure: false,
            samesite: None,
            partitioned: false,
        }
    }
}

impl fmt::Display for SameSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        })
    }
}

/// So many days later, or earlier; where no clock goes so far, the time itself.
fn shifted(time: SystemTime, days: f64) -> SystemTime {
    let Ok(distance) = Duration::try_from_secs_f64(days.abs() * 86_400.0) else { return time };
    let shifted = if days < 0.0 { time.checked_sub(distance) } else { time.checked_add(distance) };
    shifted.unwrap_or(time)
}

/// The value of a `Set-Cookie` field.
pub(crate) fn set_cookie(
    name: &str,
    value: &str,
    options: &CookieOptions,
    now: SystemTime,
) -> Result<String, CookieError> {
    if !is_cookie_name(name) {
        return Err(CookieError::Name(name.to_owned()));
    }
    for (name, value) in [("Domain", &options.domain), ("Path", &options.path)] {
        if value.bytes().any(|byte| matches!(byte, 0..=b' ' | b';' | 0x7f)) {
            return Err(CookieError::Attribute { name, value: value.clone() });
        }
    }
    let mut field = format!("{name}={}", quoted(value).ok_or_else(|| CookieError::Value(name.to_owned()))?);
    if !options.domain.is_empty() {
        field.push_str(&format!("; Domain={}", options.domain));
    }
    if let Some(time) = options.expiry(now) {
        field.push_str(&format!("; expires={}", HttpDate::from(time)));
    }
    if options.httponly {
        field.push_str("; HttpOnly");
    }
    if let Some(age) = options.max_age {
        field.push_str(&format!("; Max-Age={}", age.as_secs()));
    }
    if options.partitioned {
        field.push_str("; Partitioned");
    }
    if !options.path.is_empty() {
        field.push_str(&format!("; Path={}", options.path));
    }
    if let Some(samesite) = options.samesite {
        field.push_str(&format!("; SameSite={samesite}"));
    }
    if options.secure {
        field.push_str("; Secure");
    }
    Ok(field)
}

/// A value as it is written; `None` for one with spaces or control characters, or with characters that have no
/// place in a cookie.
fn quoted(value: &str) -> Option<String> {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:".contains(character);
    if !value.is_empty() && value.chars().all(is_plain) {
        return Some(value.to_owned());
    }
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if is_plain(character) || "()/<=>?@[]{}".contains(character) => quoted.push(character),
            ..=' ' => return None,
            ..='\u{ff}' => quoted.push_str(&format!("\\{:03o}", u32::from(character))),
            _ => return None,
        }
    }
    quoted.push('"');
    Some(quoted)
}

/// A cookie that cannot be set: the program's fault, answered 500.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieError {
    /// The name is none that a cookie can have.
    Name(String),
    /// The value of the cookie of this name has spaces, control characters, or characters beyond U+00FF.
    Value(String),
    /// An attribute has spaces, control characters or semicolons.
    Attribute {
        /// Which one.
        name: &'static str,
        /// What was to be its value.
        value: String,
    },
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "Invalid cookie name {name:?}"),
            Self::Value(name) => write!(
                f,
                "Invalid value of the cookie {name:?}: it may have no spaces, no control characters and none beyond \
                 U+00FF; encode it, or sign it"
            ),
            Self::Attribute { name, value } => write!(f, "Invalid cookie attribute {name}={value:?}"),
        }
    }
}

impl std::error::Error for CookieError {}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_300_000_000)
    }

    #[test]
    fn values_are_quoted_where_they_have_to_be() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str)] = &[
            ("plain",    "plain"),
            ("a:b",      "a:b"),
            ("",         r#""""#),
            ("a=b",      r#""a=b""#),
            ("a/b",      r#""a/b""#),
            ("a@b",      r#""a@b""#),
            ("a,b",      r#""a\054b""#),
            ("a;b",      r#""a\073b""#),
            ("a\"b",     r#""a\"b""#),
            ("a\\b",     r#""a\\b""#),
            ("\u{e9}",   r#""\351""#),
            ("\u{7f}",   r#""\177""#),
        ];
        for (value, expected) in CASES {
            let field = set_cookie("k", value, &CookieOptions::new().path(""), now());
            assert_eq!(field.as_deref(), Ok(&format!("k={expected}")[..]));
        }
    }

    #[test]
    fn attributes_come_in_the_order_of_their_names() {
        let all = CookieOptions::new()
            .secure(true)
            .samesite(SameSite::Lax)
            .path("/p")
            .max_age(Duration::from_secs(5))
            .httponly(true)
            .partitioned(true)
            .expires(now())
            .domain("x.com");
        assert_eq!(
            set_cookie("a", "b", &all, now()).unwrap(),
            "a=b; Domain=x.com; expires=Sun, 13 Mar 2011 07:06:40 GMT; HttpOnly; Max-Age=5; Partitioned; Path=/p; \
             SameSite=Lax; Secure"
        );
    }

    #[test]
    fn days_are_counted_from_now_and_a_time_wins_over_them() {
        let expires = |options: CookieOptions| set_cookie("a", "b", &options.path(""), now()).unwrap();
        let new = CookieOptions::new;
        #[rustfmt::skip]
        let cases = [
            (new(),                                     "a=b"),
            (new().expires_days(None),                  "a=b"),
            (new().expires_days(None).or_expires_days(30.0), "a=b"),
            (new().or_expires_days(30.0),               "a=b; expires=Tue, 12 Apr 2011 07:06:40 GMT"),
            (new().expires_days(1.0),                   "a=b; expires=Mon, 14 Mar 2011 07:06:40 GMT"),
            (new().expires_days(-0.5),                  "a=b; expires=Sat, 12 Mar 2011 19:06:40 GMT"),
            (new().expires_days(1.0).expires(UNIX_EPOCH), "a=b; expires=Thu, 01 Jan 1970 00:00:00 GMT"),
            (new().max_age(Duration::ZERO),             "a=b; Max-Age=0"),
            (new().max_age(Duration::ZERO).cleared(now()), "a=b; expires=Sat, 13 Mar 2010 07:06:40 GMT"),
        ];
        for (options, expected) in cases {
            assert_eq!(expires(options), expected);
        }
        assert!(expires(new().expires_days(f64::NAN)).contains("2011"));
        assert!(expires(new().expires_days(f64::INFINITY)).contains("2011"));
    }

    #[test]
    fn nothing_can_be_smuggled_in() {
        let plain = CookieOptions::new();
        for byte in (0..=0x20).chain([0x7f]).map(char::from).chain([';']) {
            let name = set_cookie(&format!("foo{byte}"), "bar", &plain, now());
            assert_eq!(name, Err(CookieError::Name(format!("foo{byte}"))));
            for options in [plain.clone().domain(format!("a{byte}b")), plain.clone().path(format!("/{byte}"))] {
                let refused = set_cookie("foo", "bar", &options, now());
                assert!(matches!(refused, Err(CookieError::Attribute { .. })), "{byte:?}: {refused:?}");
            }
        }
        for value in ["a b", "a\r\nSet-Cookie: x=y", "\0", "\u{20ac}"] {
            assert_eq!(set_cookie("foo", value, &plain, now()), Err(CookieError::Value("foo".into())));
        }
        for name in ["", "Path", "expires", "a,b", "\u{e9}", "a=b", "\"a\""] {
            assert_eq!(set_cookie(name, "", &plain, now()), Err(CookieError::Name(name.into())));
        }
    }
}
