//! Cookies, plain and signed.

use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::Result;
use firewhirl_web::signed_value::{Secrets, SignedValueVersion};
use firewhirl_web::{Application, Context, CookieOptions, HttpError, NoUser, SameSite, Site};

use crate::support::{Answer, get, logged};

fn cookies(answer: &Answer) -> Vec<&str> {
    let fields = answer.headers.iter().filter(|(name, _)| name == "Set-Cookie");
    fields.map(|(_, value)| value.as_str()).collect()
}

async fn theme(cx: &Context) -> Result {
    cx.write(cx.cookie("theme").unwrap_or("none").to_owned())
}

#[test]
fn cookies_of_the_request_are_read() {
    let application = Rc::new(Application::new().get("/", theme));
    #[rustfmt::skip]
    const CASES: &[(&str, &str)] = &[
        ("theme=dark",                   "dark"),
        ("a=b; theme=\"dark\"; c",       "dark"),
        ("theme=dark; theme=light",      "light"),
        (r#"theme="a\073b""#,            "a;b"),
        ("theme",                        "none"),
        ("/=exception;",                 "none"),
        ("Theme=dark",                   "none"),
    ];
    for (header, expected) in CASES {
        assert_eq!(get("/").header("Cookie", header).to(&application).body, *expected, "{header}");
    }
    assert_eq!(get("/").to(&application).body, "none");
    let several = get("/").header("Cookie", "a=b").header("Cookie", "theme=dark");
    assert_eq!(several.to(&application).body, "dark");
}

#[test]
fn all_cookies_of_the_request_can_be_seen_and_none_of_the_one_before() {
    let application = Rc::new(Application::new().get("/", async |cx| {
        cx.write(cx.cookies().map(|(name, value)| format!("{name}={value};")).collect::<String>())
    }));
    for (header, expected) in [("a=1; Path=/; b=2; a=3", "a=3;b=2;"), ("c=4", "c=4;"), ("", "")] {
        assert_eq!(get("/").header("Cookie", header).to(&application).body, expected);
    }
}

#[test]
fn cookies_are_set_after_the_other_headers_in_order() {
    let application = Rc::new(Application::new().get("/", async |cx| {
        cx.set_cookie("a", "1")?;
        cx.set_cookie_with("b", "x;y", &CookieOptions::new().domain("example.com"))?;
        cx.set_cookie_with("c", "3", &CookieOptions::new().path("/c").secure(true).samesite(SameSite::None))?;
        // The second one of a name takes the first one's place, options and all.
        cx.set_cookie("b", "2")?;
        cx.write("body")
    }));
    let answer = get("/").to(&application);
    assert_eq!(cookies(&answer), ["a=1; Path=/", "c=3; Path=/c; SameSite=None; Secure", "b=2; Path=/"]);
    assert_eq!(answer.names()[..5], ["Server", "Content-Type", "Date", "Etag", "Content-Length"]);
    assert_eq!(cookies(&get("/").to(&application)).len(), 3);
}

#[test]
fn cookies_stay_when_the_rest_of_the_response_goes() {
    let application = Rc::new(
        Application::new()
            .get("/error", async |cx| {
                cx.set_cookie("a", "1")?;
                cx.add_header("Set-Cookie", "plain=header")?;
                Err(HttpError::new(404))?
            })
            .get("/clear", async |cx| {
                cx.set_cookie("a", "1")?;
                cx.clear()?;
                cx.clear_header("Set-Cookie");
                cx.redirect("/")
            })
            .get("/same", async |cx| {
                cx.set_cookie("a", "1")?;
                cx.write("x")
            }),
    );
    for (path, status) in [("/error", 404), ("/clear", 302)] {
        let answer = get(path).to(&application);
        assert_eq!((answer.status, cookies(&answer)), (status, vec!["a=1; Path=/"]), "{path}");
    }
    let etag = get("/same").to(&application).header("Etag").unwrap().to_owned();
    let answer = get("/same").header("If-None-Match", &etag).to(&application);
    assert_eq!((answer.status, cookies(&answer)), (304, vec!["a=1; Path=/"]));
}

#[test]
fn cookies_go_with_the_head_of_a_response_that_is_flushed_or_compressed() {
    let pages = || {
        Application::new()
            .get("/flush", async |cx| {
                cx.set_cookie("a", "1")?;
                cx.write("x".repeat(5000))?;
                cx.flush().await?;
                let late = cx.set_cookie("b", "2").unwrap_err();
                cx.write(late.to_string())
            })
            .get("/whole", async |cx| {
                cx.set_cookie("a", "1")?;
                cx.write("x".repeat(200_000))
            })
    };
    for application in [pages(), pages().compress_response(true)] {
        let application = Rc::new(application);
        let answer = get("/whole").header("Accept-Encoding", "gzip").to(&application);
        assert_eq!(cookies(&answer), ["a=1; Path=/"]);
        let answer = get("/flush").to(&application);
        assert_eq!(cookies(&answer), ["a=1; Path=/"]);
        assert!(answer.body.ends_with("Cannot set headers after they have been written"), "{}", answer.body);
    }
}

#[test]
fn a_cookie_is_cleared_with_the_options_it_was_set_with() {
    let application = Rc::new(
        Application::new()
            .get("/one", async |cx| {
                let options = CookieOptions::new().domain("x.com").max_age(Duration::from_secs(9)).secure(true);
                cx.clear_cookie_with("a", &options)?;
                cx.clear_cookie("b")
            })
            .get("/all", async |cx| cx.clear_all_cookies(&CookieOptions::new().path("/x"))),
    );
    let answer = get("/one").to(&application);
    let [a, b] = cookies(&answer)[..] else { panic!("{answer:?}") };
    assert!(a.starts_with("a=\"\"; Domain=x.com; expires=") && a.ends_with(" GMT; Path=/; Secure"), "{a}");
    assert!(b.starts_with("b=\"\"; expires=") && b.ends_with(" GMT; Path=/"), "{b}");
    let answer = get("/all").header("Cookie", "foo=bar; baz=xyzzy; Path=no").to(&application);
    let names: Vec<_> = cookies(&answer).into_iter().map(|cookie| &cookie[..3]).collect();
    assert_eq!(names, ["foo", "baz"]);
}

#[test]
fn what_is_no_cookie_is_the_programs_error() {
    let application = Rc::new(Application::new().get("/", async |cx| cx.set_cookie("a", "b\r\nX: y")));
    let lines = logged(|| {
        let answer = get("/").to(&application);
        assert_eq!((answer.status, cookies(&answer)), (500, vec![]));
    });
    assert!(lines.iter().any(|line| line.contains("Invalid value of the cookie \"a\"")), "{lines:?}");
}

async fn visits(cx: &Context) -> Result {
    let seen = cx.signed_cookie("visits")?.map(|value| String::from_utf8_lossy(&value).into_owned());
    let key = cx.signed_cookie_key_version("visits");
    cx.set_signed_cookie("visits", "\u{e9}t\u{e9}")?;
    cx.set_signed_cookie_with("session", [0xff], &CookieOptions::new().expires_days(None).httponly(true))?;
    cx.write(format!("{seen:?} {key:?}"))
}

/// The `Cookie` field of a browser that was answered so.
fn sent_back(answer: &Answer) -> String {
    let pairs = cookies(answer).into_iter().map(|cookie| cookie.split("; ").next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

#[test]
fn a_signed_cookie_comes_back_and_none_that_was_changed() {
    let application = Rc::new(Application::new().cookie_secret("0123456789").get("/", visits));
    let first = get("/").to(&application);
    assert_eq!(first.body, "None None");
    assert!(cookies(&first)[0].contains("; expires="), "{first:?}");
    let session = cookies(&first)[1];
    assert!(session.starts_with("session=\"2|1:0|10:") && session.ends_with("\"; HttpOnly; Path=/"), "{session}");
    let cookie = sent_back(&first);
    assert_eq!(get("/").header("Cookie", &cookie).to(&application).body, "Some(\"été\") Some(0)");
    // Signed, but as the value of another cookie.
    let (_, session) = cookie.split_once("session=").unwrap();
    let other = format!("visits={session}");
    assert_eq!(get("/").header("Cookie", &other).to(&application).body, "None Some(0)");
}

#[test]
fn a_secret_can_be_replaced_while_its_cookies_are_about() {
    let with = |key_version, secrets: &[(u64, &str)]| {
        Rc::new(Application::new().cookie_secrets(key_version, secrets.iter().copied()).get("/", visits))
    };
    let cookie = sent_back(&get("/").to(&with(0, &[(0, "old")])));
    let both = with(1, &[(0, "old"), (1, "new")]);
    let answer = get("/").header("Cookie", &cookie).to(&both);
    assert_eq!(answer.body, "Some(\"été\") Some(0)");
    assert!(cookies(&answer)[0].starts_with("visits=\"2|1:1|"), "{answer:?}");
    let new = with(1, &[(1, "new")]);
    assert_eq!(get("/").header("Cookie", &cookie).to(&new).body, "None Some(0)");
    assert_eq!(get("/").header("Cookie", &sent_back(&answer)).to(&new).body, "Some(\"été\") Some(1)");
}

#[test]
fn version_1_is_read_and_can_be_refused() {
    use std::time::SystemTime;

    use firewhirl_web::signed_value::SignedValueChecks;

    let application = Rc::new(Application::new().cookie_secret("0123456789").get("/", async |cx| {
        let strict = SignedValueChecks::at(SystemTime::now()).min_version(SignedValueVersion::V2);
        let found = [cx.signed_cookie("a")?, cx.signed_cookie_with("a", &strict)?];
        cx.write(format!("{:?}", found.map(|value| value.is_some())))
    }));
    let secrets = Secrets::new("0123456789");
    let signed = secrets.create_signed_value_of(SignedValueVersion::V1, "a", "b", SystemTime::now()).unwrap();
    assert_eq!(get("/").header("Cookie", &format!("a={signed}")).to(&application).body, "[true, false]");
}

#[test]
fn without_a_secret_there_are_no_signed_cookies() {
    for application in [Application::new(), Application::new().cookie_secret("")] {
        let application = Rc::new(application.get("/", visits));
        let lines = logged(|| assert_eq!(get("/").to(&application).status, 500));
        assert!(lines.iter().any(|line| line.contains("You must define the 'cookie_secret' setting")), "{lines:?}");
    }
}

#[test]
fn what_is_signed_elsewhere_than_in_a_cookie_is_read_under_its_name_alone() {
    let application = Rc::new(Application::new().cookie_secret("0123456789").get("/", async |cx| {
        let signed = cx.create_signed_value("mail", "ada@example.com")?;
        let read = |name| Ok::<_, firewhirl_event::Error>(cx.decode_signed_value(name, &signed)?.is_some());
        cx.write(format!("{} {}", read("mail")?, read("user")?))
    }));
    assert_eq!(get("/").to(&application).body, "true false");
}

#[test]
fn a_site_may_set_cookies_for_all_of_its_routes() {
    struct Counted;
    impl Site for Counted {
        type User = NoUser;
        async fn prepare(&self, cx: &Context) -> Result {
            cx.set_cookie("seen", "1")
        }
    }
    let application = Rc::new(Application::new().site(Counted).get("/", theme));
    for path in ["/", "/nowhere"] {
        assert_eq!(cookies(&get(path).to(&application)), ["seen=1; Path=/"], "{path}");
    }
}
