//! Forged requests: XSRF tokens, and what browsers say of where a request comes from.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_web::{
    Application, Context, CookieOptions, Handler, HttpError, NoUser, Router, Site, XsrfVersion, proxy, url,
};

use crate::support::{Answer, Ask, ask, get, logged, post};

async fn token(cx: &Context) -> Result {
    cx.write(cx.xsrf_token()?)
}

async fn ok(cx: &Context) -> Result {
    cx.write("ok")
}

fn protected() -> Application {
    Application::new().xsrf_cookies(true).get("/", token).post("/", ok)
}

/// The value of the cookie that an answer sets.
fn cookie(answer: &Answer) -> Option<String> {
    let field = answer.header("Set-Cookie")?;
    Some(field.split("; ").next()?.split_once('=')?.1.trim_matches('"').to_owned())
}

/// Asks, and gives the status with what was logged of a refusal.
fn outcome(ask: &Ask, application: &Rc<Application>) -> (u16, String) {
    let mut status = 0;
    let lines = logged(|| status = ask.to(application).status);
    let refusals = lines.iter().filter_map(|line| line.split_once("(memory): ").or_else(|| line.split_once("): ")));
    (status, refusals.map(|(_, message)| message.to_owned()).collect())
}

#[test]
fn a_form_has_to_have_its_visitors_token() {
    let application = Rc::new(protected());
    let page = get("/").to(&application);
    let (one, other) = (page.body.clone(), get("/").to(&application).body);
    assert_eq!(cookie(&page).as_ref(), Some(&one));
    let missing = "'_xsrf' argument missing from POST";
    let differs = "XSRF cookie does not match POST argument";
    let invalid = "'_xsrf' argument has invalid format";
    #[rustfmt::skip]
    let cases = [
        // Cookie, form, header; what a refusal says.
        ("",           String::new(),            None,               missing),
        (&one[..],     String::new(),            None,               missing),
        (&one,         "_xsrf=".into(),          None,               missing),
        (&one,         "_xsrf=3%7C".into(),      None,               invalid),
        ("",           format!("_xsrf={one}"),   None,               differs),
        ("3|",         format!("_xsrf={one}"),   None,               differs),
        (&other,       format!("_xsrf={one}"),   None,               differs),
        (&one,         format!("_xsrf={other}"), None,               differs),
        (&one,         format!("_xsrf={other}"), Some(&one[..]),     differs),
        (&one,         format!("_xsrf={one}"),   None,               ""),
        (&other,       format!("_xsrf={other}"), None,               ""),
        (&one,         String::new(),            Some(&one[..]),     ""),
        ("deadbeef",   "_xsrf=deadbeef".into(),  None,               ""),
        ("xoxo",       "_xsrf=xoxo".into(),      None,               ""),
    ];
    for (cookie, form, header, refusal) in cases {
        let form = form.replace('|', "%7C");
        let mut request = post("/", &form).header("Cookie", &format!("_xsrf={cookie}"));
        if let Some(header) = header {
            request = request.header("X-XSRFToken", header);
        }
        let (status, logged) = outcome(&request, &application);
        assert_eq!(status, if refusal.is_empty() { 200 } else { 403 }, "{cookie}, {form}");
        assert!(logged.contains(refusal), "{cookie}, {form}: {logged}");
    }
    let django = post("/", "").header("Cookie", &format!("_xsrf={one}")).header("X-CSRFToken", &one);
    assert_eq!(django.to(&application).status, 200);
    let query = post(&format!("/?_xsrf={}", one.replace('|', "%7C")), "").header("Cookie", &format!("_xsrf={one}"));
    assert_eq!(query.to(&application).status, 200);
}

#[test]
fn a_token_looks_new_in_each_response_and_stays_good() {
    let application = Rc::new(protected());
    let first = get("/").to(&application).body;
    let mut seen = BTreeSet::from([first.clone()]);
    let mut kept = first.clone();
    for _ in 0..5 {
        let page = get("/").header("Cookie", &format!("_xsrf={kept}")).to(&application);
        // A browser that has one is given none.
        assert_eq!(page.header("Set-Cookie"), None);
        kept = page.body;
        seen.insert(kept.clone());
        let form = format!("_xsrf={}", first.replace('|', "%7C"));
        assert_eq!(post("/", &form).header("Cookie", &format!("_xsrf={kept}")).to(&application).status, 200);
    }
    assert_eq!(seen.len(), 6);
    let time = |token: &str| token.rsplit('|').next().map(str::to_owned);
    assert!(seen.iter().all(|token| token.starts_with("2|") && time(token) == time(&first)), "{seen:?}");
}

#[test]
fn versions_of_one_token_go_together() {
    let old = Rc::new(protected().xsrf_cookie_version(XsrfVersion::V1));
    let new = Rc::new(protected());
    let v1 = get("/").to(&old).body;
    assert_eq!((v1.len(), cookie(&get("/").to(&old)).map(|token| token.len())), (32, Some(32)));
    let with = |token: &str| get("/").header("Cookie", &format!("_xsrf={token}"));
    assert_eq!(with(&v1).to(&old).body, v1);
    let v2 = with(&v1).to(&new).body;
    assert_eq!(with(&v2).to(&old).body, v1);
    for (cookie, form) in [(&v1, &v2), (&v2, &v1)] {
        let request = post("/", &format!("_xsrf={}", form.replace('|', "%7C")));
        assert_eq!(request.header("Cookie", &format!("_xsrf={cookie}")).to(&new).status, 200);
    }
}

#[test]
fn every_method_but_those_that_change_nothing_is_checked_before_any_prepare() {
    struct Prepared(Rc<Cell<u32>>);
    impl Site for Prepared {
        type User = NoUser;
        async fn prepare(&self, _: &Context) -> Result {
            self.0.set(self.0.get() + 1);
            Ok(())
        }
    }
    let prepared = Rc::new(Cell::new(0));
    let application = Rc::new(protected().site(Prepared(prepared.clone())).any("/any", ok));
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        assert_eq!(ask(&format!("{method} /any")).to(&application).status, 403, "{method}");
        // Nor does it show whether there is such a verb.
        assert_eq!(ask(&format!("{method} /")).to(&application).status, 403, "{method}");
    }
    assert_eq!(prepared.take(), 0);
    for method in ["GET", "HEAD", "OPTIONS"] {
        assert_ne!(ask(&format!("{method} /any")).to(&application).status, 403, "{method}");
    }
    assert_eq!(prepared.take(), 3);
}

#[test]
fn what_is_not_found_is_no_forgery() {
    let application = Rc::new(
        protected()
            .post(url("/api").xsrf_cookies(false), ok)
            .post(url("/error").xsrf_cookies(false), async |_| Err(HttpError::new(417))?),
    );
    for (path, status) in [("/nowhere", 404), ("/api", 200), ("/error", 417), ("/", 403)] {
        let foreign = post(path, "").header("Sec-Fetch-Site", "same-origin");
        assert_eq!(foreign.to(&application).status, status, "{path}");
    }
    #[derive(Clone)]
    struct Default;
    impl Handler for Default {
        async fn post(&mut self, cx: &Context) -> Result {
            cx.write("default")
        }
    }
    let application = Rc::new(protected().default_handler(Default));
    assert_eq!(post("/nowhere", "").to(&application).status, 403);
}

#[test]
fn a_site_may_check_in_its_own_way() {
    struct Api;
    impl Site for Api {
        type User = NoUser;
        fn check_xsrf_cookie(&self, cx: &Context) -> Option<Result> {
            // Whoever knows the key is no browser.
            (cx.request.header("X-Key") == Some("secret")).then_some(Ok(()))
        }
    }
    let inner = Router::new().post("/", ok);
    let application = Rc::new(protected().mount("/api", Router::new().site(Api).post("/", ok).mount("/inner", inner)));
    for path in ["/api", "/api/inner"] {
        assert_eq!(post(path, "").to(&application).status, 403);
        assert_eq!(post(path, "").header("X-Key", "secret").to(&application).status, 200);
    }
    assert_eq!(post("/", "").header("X-Key", "secret").to(&application).status, 403);
}

#[test]
fn the_cookie_is_named_and_kept_as_the_settings_say() {
    let options = CookieOptions::new().secure(true).httponly(true).expires_days(2.0);
    let application = Rc::new(protected().xsrf_cookie_name("__Host-xsrf").xsrf_cookie_options(options));
    let page = get("/").to(&application);
    let field = page.header("Set-Cookie").unwrap();
    assert!(field.starts_with("__Host-xsrf=\"2|") || field.starts_with("__Host-xsrf=2|"), "{field}");
    assert!(field.contains("; expires=") && field.ends_with("; HttpOnly; Path=/; Secure"), "{field}");
    let form = format!("_xsrf={}", page.body.replace('|', "%7C"));
    for (name, status) in [("__Host-xsrf", 200), ("_xsrf", 403)] {
        let request = post("/", &form).header("Cookie", &format!("{name}={}", page.body));
        assert_eq!(request.to(&application).status, status);
    }
}

#[test]
fn who_is_logged_in_keeps_his_token_for_thirty_days() {
    struct Members;
    impl Site for Members {
        type User = ();
        async fn current_user(&self, cx: &Context) -> Result<Option<()>> {
            Ok(cx.request.header("X-User").map(drop))
        }
    }
    let application = protected().site(Members).get("/asked", async |cx| {
        cx.current_user::<()>().await?;
        token(cx).await
    });
    let application = Rc::new(application);
    let expires = |ask: Ask| ask.to(&application).header("Set-Cookie").unwrap().contains("expires=");
    assert!(expires(get("/asked").header("X-User", "ada")));
    assert!(!expires(get("/asked")));
    assert!(!expires(get("/").header("X-User", "ada")));
}

#[test]
fn all_places_of_a_page_have_the_same_token_and_one_cookie() {
    let application = Rc::new(Application::new().get("/", async |cx| {
        let fields = [cx.xsrf_form_html()?, cx.xsrf_form_html()?];
        assert_eq!(fields[0], fields[1]);
        assert_eq!(fields[0], format!(r#"<input type="hidden" name="_xsrf" value="{}"/>"#, cx.xsrf_token()?));
        cx.write(&fields[0])
    }));
    let page = get("/").to(&application);
    assert_eq!(page.headers.iter().filter(|(name, _)| name == "Set-Cookie").count(), 1);
    assert!(page.body.contains(&cookie(&page).unwrap()), "{page:?}");
    // The setting is off, so nothing is asked for.
    assert_eq!(ask("PUT /").to(&application).status, 405);
}

fn from(site: Option<&str>, origin: Option<&str>) -> Ask {
    let mut request = post("/", "");
    for (name, value) in [("Sec-Fetch-Site", site), ("Origin", origin)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    request
}

#[test]
fn pages_of_other_sites_change_nothing_unless_they_are_trusted() {
    let application = || Application::new().get("/", ok).post("/", ok);
    let plain = Rc::new(application());
    let trusting = Rc::new(application().trusted_origins(["https://trusted.com"]));
    let open = Rc::new(application().cross_origin_protection(false));
    #[rustfmt::skip]
    let cases = [
        // Sec-Fetch-Site, Origin; plain, trusting.
        (Some("same-origin"), Some("https://evil.com"),    200, 200),
        (Some("none"),        None,                        200, 200),
        (Some("cross-site"),  None,                        403, 403),
        (Some("cross-site"),  Some("http://example.com"),  403, 403),
        (Some("same-site"),   Some("https://trusted.com"), 403, 200),
        (None,                None,                        200, 200),
        (None,                Some("http://example.com"),  200, 200),
        (None,                Some("https://trusted.com"), 403, 200),
        (None,                Some("https://evil.com"),    403, 403),
        (None,                Some("null"),                403, 403),
    ];
    for (site, origin, status, where_trusted) in cases {
        let statuses = [&plain, &trusting, &open].map(|application| from(site, origin).to(application).status);
        assert_eq!(statuses, [status, where_trusted, 200], "{site:?}, {origin:?}");
    }
    let (_, logged) = outcome(&from(Some("cross-site"), Some("https://evil.com")), &plain);
    assert!(logged.contains("Sec-Fetch-Site cross-site & origin \"https://evil.com\" not allowed"), "{logged}");
    let two = post("/", "").header("Sec-Fetch-Site", "same-origin").header("Sec-Fetch-Site", "cross-site");
    assert_eq!(two.to(&plain).status, 403);
    let reading = get("/").header("Sec-Fetch-Site", "cross-site").header("Origin", "https://evil.com");
    assert_eq!(reading.to(&plain).status, 200);
}

#[test]
fn a_site_or_a_route_may_trust_other_origins() {
    struct Company;
    impl Site for Company {
        type User = NoUser;
        fn check_trusted_origin(&self, _: &Context, origin: &str) -> Option<bool> {
            origin.ends_with(".example.com").then_some(true)
        }
    }
    let application = Application::new().site(Company).trusted_origins(["https://setting.com"]).post("/", ok);
    let application = Rc::new(application.post(url("/public").cross_origin_protection(false), ok));
    for (origin, status) in [("https://app.example.com", 200), ("https://setting.com", 200), ("https://evil.com", 403)]
    {
        assert_eq!(from(Some("cross-site"), Some(origin)).to(&application).status, status, "{origin}");
        assert_eq!(from(None, Some(origin)).to(&application).status, status, "{origin}");
    }
    assert_eq!(post("/public", "").header("Sec-Fetch-Site", "cross-site").to(&application).status, 200);
    assert_eq!(post("/nowhere", "").header("Sec-Fetch-Site", "cross-site").to(&application).status, 404);
}

#[test]
fn both_protections_may_be_on() {
    let application = Rc::new(protected());
    let token = get("/").to(&application).body;
    let with_token = |ask: Ask| ask.header("Cookie", &format!("_xsrf={token}")).header("X-XSRFToken", &token);
    assert_eq!(with_token(from(Some("same-origin"), None)).to(&application).status, 200);
    assert_eq!(with_token(from(Some("cross-site"), None)).to(&application).status, 403);
    assert_eq!(from(Some("same-origin"), None).to(&application).status, 403);
}

#[test]
fn what_goes_to_another_service_is_checked_there() {
    // Nobody listens there: a 502 shows that it was asked.
    let elsewhere = || proxy("http://127.0.0.1:1");
    let application = Rc::new(protected().mount("/old", elsewhere()).fallback(elsewhere()));
    for path in ["/old/x", "/nowhere"] {
        assert_eq!(post(path, "").header("Sec-Fetch-Site", "cross-site").to(&application).status, 502, "{path}");
    }
    assert_eq!(post("/", "").header("Sec-Fetch-Site", "cross-site").to(&application).status, 403);
}
