//! Which cookies are taken from whom, and who gets them.

use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// What a request of `url` carries after these lines came from where they came from.
fn check(what: &str, lines: &[(&str, &str)], url: &str, expected: Option<&str>) {
    let jar = CookieJar::new();
    for (from, line) in lines {
        jar.set_at(from, line, now());
    }
    assert_eq!(jar.header_at(url, now()).as_deref(), expected, "{what}");
}

#[test]
fn cookies_go_back_to_where_they_came_from() {
    const A: &str = "http://a.example.com/set/here";
    const S: &str = "https://a.example.com/set/here";
    type Case<'text> = (&'text str, &'text [(&'text str, &'text str)], &'text str, Option<&'text str>);
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("one",                      &[(A, "a=1; Path=/")],                          "http://a.example.com/x",     Some("a=1")),
        ("two in their order",       &[(A, "b=2; Path=/"), (A, "a=1; Path=/")],      "http://a.example.com/x",     Some("b=2; a=1")),
        ("the longer path first",    &[(A, "a=1; Path=/"), (A, "b=2; Path=/x")],     "http://a.example.com/x",     Some("b=2; a=1")),
        ("the later value",          &[(A, "a=1; Path=/"), (A, "b=2; Path=/"), (A, "a=3; path=/; HttpOnly")], "http://a.example.com/x", Some("a=3; b=2")),
        ("an equals sign in it",     &[(A, "a=1=2; Path=/")],                        "http://a.example.com",       Some("a=1=2")),
        ("quotes are part of it",    &[(A, "a=\"1\"; Path=/")],                      "http://a.example.com",       Some("a=\"1\"")),
        ("no name",                  &[(A, "x; Path=/")],                            "http://a.example.com",       Some("x")),
        ("an empty value",           &[(A, "a=; Path=/")],                           "http://a.example.com",       Some("a=")),
        ("nothing at all",           &[(A, "=; Path=/"), (A, "")],                   "http://a.example.com",       None),
        ("a control character",      &[(A, "a=1\u{1}; Path=/")],                     "http://a.example.com",       None),

        ("for a path and below",     &[(A, "a=1; Path=/x")],                         "http://a.example.com/x/y",   Some("a=1")),
        ("for another path",         &[(A, "a=1; Path=/x")],                         "http://a.example.com/xy",    None),
        ("a path with a slash",      &[(A, "a=1; Path=/x/")],                        "http://a.example.com/x",     None),
        ("with a query",             &[(A, "a=1; Path=/x")],                         "http://a.example.com/x?y",   Some("a=1")),
        ("for where it was set",     &[(A, "a=1")],                                  "http://a.example.com/set/x", Some("a=1")),
        ("not for elsewhere",        &[(A, "a=1")],                                  "http://a.example.com/x",     None),
        ("a path that is none",      &[(A, "a=1; Path=x")],                          "http://a.example.com/set",   Some("a=1")),
        ("the last path",            &[(A, "a=1; Path=/y; Path=/x")],                "http://a.example.com/x",     Some("a=1")),

        ("for one host alone",       &[(A, "a=1; Path=/")],                          "http://b.a.example.com/",    None),
        ("for a domain",             &[(A, "a=1; Path=/; Domain=example.com")],      "http://b.example.com/",      Some("a=1")),
        ("with a dot before it",     &[(A, "a=1; Path=/; Domain=.Example.COM")],     "http://example.com/",        Some("a=1")),
        ("not for half a name",      &[(A, "a=1; Path=/; Domain=example.com")],      "http://anexample.com/",      None),
        ("for a domain of others",   &[(A, "a=1; Path=/; Domain=b.example.com")],    "http://b.example.com/",      None),
        ("for a domain below",       &[(A, "a=1; Path=/; Domain=x.a.example.com")],  "http://x.a.example.com/",    None),
        ("for all of com",           &[(A, "a=1; Path=/; Domain=com")],              "http://a.example.com/",      None),
        ("an empty domain",          &[(A, "a=1; Path=/; Domain=")],                 "http://a.example.com/",      Some("a=1")),
        ("one label, its own",       &[("http://localhost/", "a=1; Domain=localhost")], "http://localhost/",       Some("a=1")),
        ("an address, its own",      &[("http://127.0.0.1/", "a=1; Domain=127.0.0.1")], "http://127.0.0.1/",       Some("a=1")),
        ("a part of an address",     &[("http://127.0.0.1/", "a=1; Domain=0.0.1")],  "http://127.0.0.1/",          None),
        ("an IPv6 address",          &[("http://[::1]:8888/", "a=1")],               "http://[::1]/",              Some("a=1")),
        ("ports do not matter",      &[("http://A.example.com:81/", "a=1")],         "http://u:p@a.Example.com:80/", Some("a=1")),
        ("both of two domains",      &[(A, "a=1; Path=/"), (A, "a=2; Path=/; Domain=example.com")], "http://a.example.com/", Some("a=1; a=2")),
        ("another scheme",           &[(A, "a=1; Path=/")],                          "ftp://a.example.com/",       None),

        ("secure, over TLS",         &[(S, "a=1; Path=/; Secure")],                  "https://a.example.com/",     Some("a=1")),
        ("secure, in clear",         &[(S, "a=1; Path=/; Secure")],                  "http://a.example.com/",      None),
        ("secure, set in clear",     &[(A, "a=1; Path=/; Secure")],                  "https://a.example.com/",     None),
        ("not overwritten in clear", &[(S, "a=1; Path=/; Secure"), (A, "a=2; Path=/")], "https://a.example.com/",  Some("a=1")),
        ("not shadowed in clear",    &[(S, "a=1; Path=/; Secure"), (A, "a=2; Path=/x; Domain=example.com")], "https://a.example.com/x", Some("a=1")),
        ("another name in clear",    &[(S, "a=1; Path=/; Secure"), (A, "b=2; Path=/")], "https://a.example.com/",  Some("a=1; b=2")),

        ("__Host-",                  &[(S, "__Host-a=1; Path=/; Secure")],           "https://a.example.com/",     Some("__Host-a=1")),
        ("__Host- with a domain",    &[(S, "__Host-a=1; Path=/; Secure; Domain=a.example.com")], "https://a.example.com/", None),
        ("__Host- with a path",      &[(S, "__Host-a=1; Path=/x; Secure")],          "https://a.example.com/x",    None),
        ("__Host- without a path",   &[("https://a.example.com/", "__Host-a=1; Secure")], "https://a.example.com/", None),
        ("__Host- in small letters", &[(S, "__host-a=1; Path=/")],                   "https://a.example.com/",     None),
        ("__Secure-",                &[(S, "__Secure-a=1; Path=/; Secure")],         "https://a.example.com/",     Some("__Secure-a=1")),
        ("__Secure- without it",     &[(S, "__Secure-a=1; Path=/")],                 "https://a.example.com/",     None),
        ("a prefix without a name",  &[(S, "=__Secure-a=1; Path=/")],                "https://a.example.com/",     None),

        ("cleared by age",           &[(A, "a=1; Path=/"), (A, "a=; Path=/; Max-Age=0")],  "http://a.example.com/", None),
        ("cleared by a minus",       &[(A, "a=1; Path=/"), (A, "a=; Path=/; Max-Age=-1")], "http://a.example.com/", None),
        ("cleared by date",          &[(A, "a=1; Path=/"), (A, "a=; Path=/; Expires=Thu, 01-Jan-1970 00:00:00 GMT")], "http://a.example.com/", None),
        ("not yet over",             &[(A, "a=1; Path=/; Expires=Fri, 01 Jan 9999 00:00:00 GMT")], "http://a.example.com/", Some("a=1")),
        ("age before date",          &[(A, "a=1; Path=/; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT")], "http://a.example.com/", Some("a=1")),
        ("an age that is none",      &[(A, "a=1; Path=/; Max-Age=1h")],              "http://a.example.com/",      Some("a=1")),
        ("a date that is none",      &[(A, "a=1; Path=/; Expires=tomorrow")],        "http://a.example.com/",      Some("a=1")),
        ("an endless age",           &[(A, "a=1; Path=/; Max-Age=99999999999999999999")], "http://a.example.com/", Some("a=1")),
    ];
    for (what, lines, url, expected) in CASES {
        check(what, lines, url, *expected);
    }
}

#[test]
fn a_cookie_ends_when_its_time_is_over() {
    let jar = CookieJar::new();
    jar.set_at("http://a.example.com/", "short=1; Max-Age=10", now());
    jar.set_at("http://a.example.com/", "endless=1; Max-Age=999999999999", now());
    jar.set_at("http://a.example.com/", "session=1", now());
    let carried = |seconds| jar.header_at("http://a.example.com/", now() + Duration::from_secs(seconds)).unwrap();
    assert_eq!(carried(9), "short=1; endless=1; session=1");
    assert_eq!(carried(10), "endless=1; session=1");
    assert_eq!(carried(400 * 86_400), "session=1", "nothing is kept for longer than 400 days");
}

#[test]
fn what_is_kept_can_be_looked_at_and_forgotten() {
    let jar = CookieJar::new();
    let same = jar.clone();
    assert!(
        same.set("https://a.example.com/x/", "a=1; Secure; HttpOnly; SameSite=lax; Domain=example.com; Max-Age=60")
    );
    assert!(!same.set("not a url", "a=1"));
    let cookie = jar.cookies().remove(0);
    assert_eq!((cookie.name(), cookie.value(), cookie.domain(), cookie.path()), ("a", "1", "example.com", "/x"));
    assert!(cookie.is_secure() && cookie.is_http_only() && !cookie.is_host_only());
    assert_eq!(cookie.same_site(), Some(SameSite::Lax));
    assert!(cookie.expires().unwrap() > SystemTime::now());
    assert_eq!(jar.get("https://b.example.com/x/y", "a").as_deref(), Some("1"));
    assert_eq!(jar.get("https://b.example.com/", "a"), None);
    assert!(!format!("{cookie:?} {jar:?}").contains("=1"));
    jar.clear();
    assert!(same.cookies().is_empty());
}

#[test]
fn a_server_cannot_fill_the_jar() {
    let jar = CookieJar::new();
    assert!(!jar.set("http://a.example.com/", &format!("a={}", "x".repeat(4096))));
    assert!(jar.set("http://a.example.com/", &format!("a={}", "x".repeat(4095))));
    jar.set("http://a.example.com/", "used=1; Path=/used");
    for number in 0..200 {
        jar.set("http://a.example.com/", &format!("c{number}=1; Path=/other"));
        // What is used stays.
        assert!(jar.header("http://a.example.com/used").unwrap().contains("used=1"));
    }
    let kept = jar.cookies();
    assert_eq!(kept.len(), COOKIES_OF_DOMAIN_MAX);
    assert!(kept.iter().any(|cookie| cookie.name() == "c199"));
    for number in 0..COOKIES_MAX + 100 {
        jar.set(&format!("http://h{number}.example.com/"), "a=1");
    }
    assert_eq!(jar.cookies().len(), COOKIES_MAX);
}
