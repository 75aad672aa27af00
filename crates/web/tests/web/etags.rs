//! Automatic entity tags, and 304 for a client that has the body.

use std::rc::Rc;

use firewhirl_web::{Application, url};

use crate::support::{ask, get};

const TAG: &str = "\"e02aa1b106d5c7c6a98def2b13005d5b84fd8dc8\"";

fn application() -> Rc<Application> {
    Rc::new(Application::new().any("/", async |cx| cx.write("Hello, world")))
}

#[test]
fn the_tags_of_if_none_match_are_compared_weakly() {
    let weak = format!("W/{TAG}");
    let listed = format!("W/\"x\", {TAG}");
    let cases = [
        (TAG, 304),
        (weak.as_str(), 304),
        (listed.as_str(), 304),
        ("*", 304),
        ("\"x\", \"y\"", 200),
        ("nonsense", 200),
        ("", 200),
    ];
    for (tags, status) in cases {
        let answer = get("/").header("If-None-Match", tags).to(&application());
        assert_eq!(answer.status, status, "{tags}");
    }
}

#[test]
fn a_304_has_no_body_and_no_description_of_one() {
    let answer = get("/").header("If-None-Match", TAG).to(&application());
    assert_eq!(answer.parts(), (304, ""));
    assert_eq!(answer.names(), ["Server", "Date", "Etag"]);
}

#[test]
fn only_get_and_head_with_200_are_tagged() {
    assert_eq!(ask("HEAD /").to(&application()).header("Etag"), Some(TAG));
    assert_eq!(ask("POST /").to(&application()).header("Etag"), None);
    let created = Application::new().get("/", async |cx| {
        cx.set_status(201);
        cx.write("x")
    });
    assert_eq!(get("/").to(&Rc::new(created)).header("Etag"), None);
}

#[test]
fn a_tag_of_ones_own_stays_and_is_checked_by_hand() {
    let application = Rc::new(Application::new().get("/", async |cx| {
        cx.set_etag("v7")?;
        if cx.check_etag() {
            cx.set_status(304);
            return Ok(());
        }
        cx.write("Hello, world")
    }));
    assert_eq!(get("/").to(&application).header("Etag"), Some("\"v7\""));
    assert_eq!(get("/").header("If-None-Match", "\"v7\"").to(&application).status, 304);
    assert_eq!(get("/").header("If-None-Match", TAG).to(&application).status, 200);
}

#[test]
fn tags_are_switched_off_for_an_application_a_route_or_a_response() {
    let off = Rc::new(
        Application::new()
            .automatic_etag(false)
            .get("/", async |cx| cx.write("x"))
            .get(url("/on").automatic_etag(true), async |cx| cx.write("x")),
    );
    assert_eq!(get("/").to(&off).header("Etag"), None);
    assert!(get("/on").to(&off).header("Etag").is_some());
    let one = Rc::new(Application::new().get("/", async |cx| {
        cx.automatic_etag(false);
        cx.write("x")
    }));
    assert_eq!(get("/").to(&one).header("Etag"), None);
}
