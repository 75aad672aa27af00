//! Signed values and XSRF tokens exchanged with Tornado, both ways; cookies, and requests of other origins.
//!
//! `FIREWHIRL_PYTHON` names a Python with `tornado==6.6.1`. Without it these tests say that they were skipped;
//! with `FIREWHIRL_REQUIRE_PEERS=1` they fail then.

#[path = "../../../tests/support/peers.rs"]
mod peers;
#[path = "../../../tests/support/random.rs"]
mod random;
#[path = "web/support.rs"]
#[allow(dead_code, reason = "this target asks for little of it")]
mod support;
#[path = "../../../tests/support/tornado.rs"]
mod tornado;

use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use firewhirl_web::signed_value::{Secrets, SignedValueChecks, SignedValueVersion, signature_key_version};
use firewhirl_web::{Application, CookieOptions, SameSite, XsrfVersion};
use random::Random;
use serde_json::{Value, json};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cookies_against_tornado.py");
/// What the tests ask in.
const VERSION: http::Version = http::Version::HTTP_11;
const NOW: u64 = 1_300_000_000;
const DAY: u64 = 86_400;

const VERSIONS: [(SignedValueVersion, u64); 2] = [(SignedValueVersion::V1, 1), (SignedValueVersion::V2, 2)];

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Asks Tornado and compares its answers with ours.
fn compare(cases: Vec<(Value, Value)>, least: usize) {
    assert!(cases.len() >= least, "only {} cases", cases.len());
    let Some(answers) = tornado::ask(SCRIPT, cases.iter().map(|(call, _)| call.clone()).collect()) else { return };
    for ((call, ours), theirs) in cases.iter().zip(answers) {
        assert_eq!(*ours, theirs, "{call}");
    }
}

/// Secrets of either kind, as Tornado has them and as we do; what signs is the last one's version.
fn some_secrets(random: &mut Random) -> (Value, Value, Secrets) {
    let words =
        ["supersecret", "s", "", "\u{20ac}", "a rather long secret of more than sixty-four bytes, which HMAC hashes"];
    let secret = random.text(&words, 3) + "!";
    if random.below(2) == 0 {
        return (json!(secret), Value::Null, Secrets::new(secret));
    }
    let key_version = random.below(3) as u64;
    let other = secret.clone() + "?";
    let theirs = json!({ key_version.to_string(): secret, "7": other });
    (theirs, json!(key_version), Secrets::versions(key_version, [(key_version, secret), (7, other)]))
}

#[test]
fn tornado_writes_the_same_values() {
    let mut random = Random(11);
    let mut cases = Vec::new();
    for _ in 0..1500 {
        let (theirs, key_version, ours) = some_secrets(&mut random);
        let (version, number) = VERSIONS[random.below(2)];
        let name = random.text(&["user", "a", "|", ":", "2|1:0|", "-"], 4);
        let value = random.bytes(40);
        let timestamp = NOW + random.below(1_000_000) as u64;
        // Version 1 has no key versions: an error in both.
        let Ok(signed) = ours.create_signed_value_of(version, &name, &value, at(timestamp)) else {
            assert!(!key_version.is_null() && number == 1);
            continue;
        };
        cases.push((json!(["create", theirs, name, hex(&value), number, timestamp, key_version]), json!(signed)));
        cases.push((json!(["key_version", hex(signed.as_bytes())]), json!(signature_key_version(&signed))));
    }
    compare(cases, 2000);
}

#[test]
fn tornado_reads_what_we_write_and_refuses_what_we_refuse() {
    let mut random = Random(12);
    let mut cases = Vec::new();
    let mut accepted = 0;
    for _ in 0..3000 {
        let (theirs, _, ours) = some_secrets(&mut random);
        let (version, _) = VERSIONS[random.below(2)];
        let timestamp = NOW + random.below(70 * DAY as usize) as u64 - 35 * DAY;
        let value = random.bytes(12);
        let Ok(mut signed) =
            ours.create_signed_value_of(version, "user", &value, at(timestamp)).map(String::into_bytes)
        else {
            continue;
        };
        match random.below(6) {
            0 => {
                // A byte is another one.
                let (place, byte) = (random.below(signed.len()), random.bytes(2));
                signed.splice(place..=place, byte);
            }
            1 => signed.truncate(random.below(signed.len())),
            2 => signed
                .splice(0..0, random.text(&["1|", "2|", "3|", "0", "999|", "1000|"], 2).into_bytes())
                .for_each(drop),
            _ => {}
        }
        if signed.contains(&b'\n') {
            continue;
        }
        let name = if random.below(8) == 0 { "name" } else { "user" };
        let max_age_days = [31, 0, 1, 100][random.below(4)] as u64;
        let (min_version, min_number) = VERSIONS[usize::from(random.below(4) == 0)];
        let checks = SignedValueChecks::at(at(NOW)).max_age(Duration::from_secs(max_age_days * DAY));
        let read = ours.decode_signed_value(name, &signed, &checks.min_version(min_version));
        accepted += usize::from(read.is_some());
        let call = json!(["decode", theirs, name, hex(&signed), NOW, max_age_days, min_number]);
        cases.push((call, json!(read.map(|value| hex(&value)))));
    }
    assert!(accepted > 300, "only {accepted} were accepted");
    compare(cases, 2000);
}

/// Random attributes, as Tornado is told of them and as we are.
fn some_cookie(random: &mut Random) -> (Value, CookieOptions) {
    let (mut theirs, mut ours) = (json!({}), CookieOptions::new());
    let domain = random.text(&["example", ".com", "a", "\u{7f}"], 2);
    if random.below(3) == 0 && !domain.is_empty() {
        theirs["domain"] = json!(domain);
        ours = ours.domain(domain);
    }
    let path = random.text(&["/", "a", "b", "/", "c", "\n"], 3);
    if random.below(2) == 0 {
        theirs["path"] = json!(path);
        ours = ours.path(path);
    }
    if random.below(3) == 0 {
        let expires = random.below(2_000_000_000) as u64 + 1;
        theirs["expires"] = json!(expires);
        ours = ours.expires(at(expires));
    }
    if random.below(3) == 0 {
        let age = 1 + random.below(100) as u64;
        theirs["max_age"] = json!(age);
        ours = ours.max_age(Duration::from_secs(age));
    }
    for (position, name) in ["httponly", "secure"].into_iter().enumerate() {
        let on = random.below(2) == 0;
        theirs[name] = json!(on);
        ours = if position == 0 { ours.httponly(on) } else { ours.secure(on) };
    }
    if random.below(2) == 0 {
        let samesite = [SameSite::Strict, SameSite::Lax, SameSite::None][random.below(3)];
        theirs["samesite"] = json!(samesite.to_string());
        ours = ours.samesite(samesite);
    }
    (theirs, ours)
}

#[test]
fn cookies_are_written_as_tornado_writes_them() {
    let mut random = Random(13);
    let names = ["user", "a", "_", "-", "$", ":", "b", "C", "path", "expires", ";"];
    let values = [
        "a", "=", "/", ",", ";", "\"", "\\", "\u{e9}", ":", "@", "~", "\u{7f}", "(", "[", "\u{a0}", "0", "1", "{",
        "x y",
    ];
    let mut cookies = Vec::new();
    let mut calls = Vec::new();
    for _ in 0..1000 {
        let (name, value) = (random.text(&names, 2), random.text(&values, 5));
        let (theirs, ours) = some_cookie(&mut random);
        calls.push(json!(["set_cookie", name, value, theirs]));
        cookies.push((name, value, ours));
    }
    let number = cookies.len();
    let application = Rc::new(Application::new().get("/{number}", async move |cx| {
        let (name, value, options) = &cookies[cx.path::<usize>("number")?];
        if let Err(problem) = cx.set_cookie_with(name, value, options) {
            assert!(problem.is::<firewhirl_web::CookieError>(), "{problem}");
        }
        Ok(())
    }));
    let ours = (0..number).map(|number| {
        let answer = support::get(&format!("/{number}")).to(&application);
        assert_eq!(answer.status, 200);
        json!(answer.header("Set-Cookie"))
    });
    let cases: Vec<_> = calls.into_iter().zip(ours).collect();
    let set = cases.iter().filter(|(_, field)| !field.is_null()).count();
    assert!((300..700).contains(&set), "{set} of them could be set");
    compare(cases, 1000);
}

#[test]
fn tokens_are_accepted_by_whoever_did_not_write_them() {
    let application = |version| {
        Rc::new(
            Application::new()
                .xsrf_cookies(true)
                .xsrf_cookie_version(version)
                .get("/", async |cx| cx.write(cx.xsrf_token()?))
                .post("/", async |cx| cx.write("ok")),
        )
    };
    let ours = [application(XsrfVersion::V1), application(XsrfVersion::V2)];
    let ask = |application: &Rc<Application>, cookie: &str| {
        support::get("/").header("Cookie", &format!("_xsrf={cookie}")).to(application).body
    };
    let raw = ask(&ours[0], "");
    let call = |version: u64, cookie: &str| json!(["xsrf_token", cookie, version]);
    let Some(theirs) = tornado::ask(SCRIPT, vec![call(1, &raw), call(2, &raw), call(2, &ask(&ours[1], &raw))]) else {
        return;
    };
    let theirs: Vec<String> = theirs.iter().map(|token| token.as_str().unwrap().to_owned()).collect();
    assert_eq!(theirs[0], raw);
    // All are the same token, by whomever it was written and in whichever version.
    let tokens = [vec![raw.clone(), ask(&ours[1], &raw), ask(&ours[1], &theirs[2])], theirs].concat();
    let other = ask(&ours[1], "");
    let mut random = Random(14);
    let fragments = ["2|", "3|", "0", "ab", "|", "01020304", "5", "x", "-", "deadbeef"];
    let mut accepted = 0;
    let mut cases = Vec::new();
    for _ in 0..600 {
        let mut some = || match random.below(5) {
            0 => random.text(&fragments, 5),
            1 => other.clone(),
            _ => tokens[random.below(tokens.len())].clone(),
        };
        let (cookie, argument, header) = (some(), some(), some());
        let (argument, header) = [(argument, String::new()), (String::new(), header)][random.below(2)].clone();
        let form = format!("_xsrf={}", argument.replace('|', "%7C"));
        let request = support::post("/", &form).header("Cookie", &format!("_xsrf={cookie}"));
        let request = if header.is_empty() { request } else { request.header("X-XSRFToken", &header) };
        let mut status = 0;
        let lines = support::logged(|| status = request.to(&ours[1]).status).concat();
        let refusals = [
            "'_xsrf' argument missing from POST",
            "'_xsrf' argument has invalid format",
            "XSRF cookie does not match POST argument",
        ];
        let refusal = refusals.into_iter().find(|refusal| lines.contains(refusal)).unwrap_or_default();
        assert_eq!(status, if refusal.is_empty() { 200 } else { 403 }, "{lines}");
        accepted += usize::from(status == 200);
        cases.push((json!(["xsrf_check", cookie, argument, header]), json!(refusal)));
    }
    assert!(accepted > 100, "only {accepted} were accepted");
    compare(cases, 600);
}

#[test]
fn the_same_origins_may_as_with_tornado() {
    let trusted = ["https://trusted.com", "http://example.com:1"];
    let application = Application::new().trusted_origins(trusted).post("/", async |cx| cx.write("ok"));
    let application = Rc::new(application);
    let sites = ["same-origin", "same-site", "cross-site", "none", "", "None", "other"];
    let hosts = ["example.com", "example.com:8000", "EXAMPLE.com"];
    // Origins of other schemes, of which no site is, are left out: Tornado looks at the host alone.
    let origins = ["example.com", "trusted.com", ":8000", ":1", "/", "EXAMPLE", "?", "#", "@", "evil.com"];
    let mut random = Random(15);
    let mut cases = Vec::new();
    let mut allowed = 0;
    for _ in 0..1000 {
        let site = (random.below(2) == 0).then(|| sites[random.below(sites.len())]);
        let scheme = ["http://", "https://", "https://"][random.below(3)];
        let origin = match random.below(4) {
            0 => None,
            1 => Some(["null", "", trusted[0], trusted[1]][random.below(4)].to_owned()),
            _ => Some(scheme.to_owned() + &random.text(&origins, 2)),
        };
        let host = hosts[random.below(hosts.len())];
        let mut request = support::post("/", "").header("Host", host);
        for (name, value) in [("Sec-Fetch-Site", site), ("Origin", origin.as_deref())] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let mut status = 0;
        support::logged(|| status = request.to(&application).status);
        assert!(matches!(status, 200 | 403), "{status}");
        allowed += usize::from(status == 200);
        cases.push((json!(["cross_origin", site, origin, host, trusted]), json!(status == 200)));
    }
    assert!((200..800).contains(&allowed), "{allowed} were allowed");
    compare(cases, 1000);
}
