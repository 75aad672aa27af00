//! The RFCs' own examples, and what servers do beside them.

use http::Method;

use super::*;

fn authorize(username: &str, password: &str, challenge: &str, cnonce: &str, target: &str) -> String {
    let mut digest = DigestAuth::new(username, password);
    let in_one_line = challenge.split_whitespace().collect::<Vec<_>>().join(" ");
    digest.take_challenge_with([&in_one_line[..]], cnonce).unwrap();
    digest.authorization(&Method::GET, target, Some(b"")).unwrap()
}

fn response(authorization: &str) -> String {
    let challenge = parse_challenges(authorization).remove(0);
    challenge.parameter("response").unwrap().to_owned()
}

/// RFC 2617, section 3.5, and RFC 7616, section 3.9.1.
#[test]
fn the_examples_of_the_rfcs_are_answered_as_they_say() {
    const RFC_2617: &str = r#"Digest realm="testrealm@host.com", qop="auth,auth-int",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    let found = authorize("Mufasa", "Circle Of Life", RFC_2617, "0a4f113b", "/dir/index.html");
    assert_eq!(
        found,
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
         uri=\"/dir/index.html\", response=\"6629fae49393a05397450978507c4ef1\", \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=00000001, cnonce=\"0a4f113b\""
    );

    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    for (algorithm, expected) in [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ] {
        let challenge = format!(
            r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},
               nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
        );
        let found = authorize("Mufasa", "Circle of Life", &challenge, CNONCE, "/dir/index.html");
        assert_eq!(response(&found), expected, "{algorithm}");
    }
}

/// RFC 7616, section 3.9.2, with the user name's hash and the response of its erratum 4897: those printed were
/// made with a SHA-512 that was cut off.
#[test]
fn a_user_name_can_be_hashed() {
    const CHALLENGE: &str = r#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256,
        nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS",
        charset=UTF-8, userhash=true"#;
    const CNONCE: &str = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
    let found = authorize("J\u{e4}s\u{f8}n Doe", "Secret, or not?", CHALLENGE, CNONCE, "/doe.json");
    let found = parse_challenges(&found).remove(0);
    assert_eq!(found.parameter("userhash"), Some("true"));
    assert_eq!(found.parameter("username"), Some("793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"));
    assert_eq!(found.parameter("response"), Some("3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"));
}

#[test]
fn every_kind_of_challenge_is_answered_in_its_own_way() {
    // The responses were calculated with Python's hashlib after RFC 7616, section 3.4.
    const CASES: &[(&str, &str, &str)] = &[
        ("without qop", r#"Digest realm="r", nonce="n""#, "05659d2b286418a62cca391af3e30276"),
        ("auth", r#"Digest realm="r", nonce="n", qop="auth""#, "1a6f902fe22eaaa0097ee3ef2304c4c1"),
        ("auth preferred", r#"Digest realm="r", nonce="n", qop="auth-int, auth""#, "1a6f902fe22eaaa0097ee3ef2304c4c1"),
        ("auth-int", r#"Digest realm="r", nonce="n", qop=auth-int"#, "74ec018628e1c08f5c471ef28f302814"),
        (
            "a session",
            r#"Digest realm="r", nonce="n", qop=auth, algorithm=MD5-sess"#,
            "a70dc86ec07fe4406da622b3556379d2",
        ),
        (
            "a session of SHA-256",
            r#"Digest realm="r", nonce="n", qop=auth, algorithm=sha-256-SESS"#,
            "f590a788d69dba5e1b62f2b5ec8a21ba8915a1b6d4ebcdb07089c309883f9a7c",
        ),
        ("escapes", r#"Digest realm="a \"b\" \\c", nonce="n", qop=auth"#, "e19954ccc9390d9132eb9ce5e90a3734"),
        ("no realm", r#"Digest nonce="n", qop=auth"#, "b246d5cf6bac3ecd62aa554ed54d176c"),
        (
            "the second",
            r#"Digest algorithm=TIGER, nonce="x", Digest realm="r", nonce="n", qop=auth"#,
            "1a6f902fe22eaaa0097ee3ef2304c4c1",
        ),
        (
            "behind another",
            r#"Basic realm="b", Digest realm="r", nonce="n", qop=auth"#,
            "1a6f902fe22eaaa0097ee3ef2304c4c1",
        ),
    ];
    for &(what, challenge, expected) in CASES {
        assert_eq!(response(&authorize("u", "p", challenge, "c", "/x?y=1")), expected, "{what}");
    }
}

#[test]
fn what_cannot_be_answered_says_why() {
    const CASES: &[(&str, &str)] = &[
        ("Basic realm=\"x\"", "does not ask for Digest"),
        ("", "does not ask for Digest"),
        ("Digest realm=\"x\"", "without a nonce"),
        ("Digest realm=\"x\", nonce=\"n\", algorithm=SHA-1", "the algorithm \"SHA-1\""),
        ("Digest realm=\"x\", nonce=\"n\", qop=\"auth-conf\"", "quality of protection"),
    ];
    for &(challenge, expected) in CASES {
        let error = DigestAuth::new("u", "p").take_challenge([challenge]).unwrap_err();
        assert!(error.to_string().contains(expected), "{challenge}: {error}");
    }
    let mut digest = DigestAuth::new("u", "p");
    assert_eq!(digest.authorization(&Method::GET, "/", Some(b"")), Err(DigestError::NoChallenge));
    digest.take_challenge(["Digest realm=\"x\", nonce=\"n\", qop=\"auth-int\""]).unwrap();
    assert_eq!(digest.authorization(&Method::POST, "/", None), Err(DigestError::BodyNeeded));
}

#[test]
fn requests_with_one_nonce_are_counted() {
    let count = |authorization: &str| parse_challenges(authorization)[0].parameter("nc").unwrap().to_owned();
    let mut digest = DigestAuth::new("u", "p");
    assert!(!digest.is_challenged());
    let first = digest.take_challenge(["Digest realm=\"r\", nonce=\"one\", qop=\"auth\""]).unwrap();
    assert_eq!(first, Staleness::Fresh);
    for expected in ["00000001", "00000002", "00000003"] {
        assert_eq!(count(&digest.authorization(&Method::GET, "/", None).unwrap()), expected);
    }
    digest.take_authentication_info("nextnonce=\"two\", qop=auth");
    let next = digest.authorization(&Method::GET, "/", None).unwrap();
    assert!(next.contains("nonce=\"two\"") && count(&next) == "00000001", "{next}");
    let again = digest.take_challenge(["Digest realm=\"r\", nonce=\"three\", qop=\"auth\", stale=TRUE"]).unwrap();
    assert_eq!(again, Staleness::Stale);
    assert_eq!(count(&digest.authorization(&Method::GET, "/", None).unwrap()), "00000001");
}

#[test]
fn names_outside_of_ascii_and_quotes_arrive_whole() {
    const CHALLENGE: &str = "Digest realm=\"r\", nonce=\"n\", qop=auth";
    let authorize = |username| authorize(username, "p", CHALLENGE, "c", "/");
    assert!(authorize("a\"b\\c").starts_with(r#"Digest username="a\"b\\c", realm"#));
    assert!(authorize("J\u{e4}s\u{f8}n Doe").starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm"));
    assert_eq!(authorize("e\u{301}"), authorize("\u{e9}"), "both are the same letter");
    // Nobody gets a line of his own into the head.
    assert!(!authorize("a\r\nX-Evil: 1").contains(['\r', '\n']));
}
