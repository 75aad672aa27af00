//! Forms, queries and JSON as values of a type.

use std::rc::Rc;

use firewhirl_web::Application;
use serde::Deserialize;

use crate::support::{ask, get, post};

#[derive(Deserialize)]
struct Story {
    title: String,
    stars: Option<u8>,
    #[serde(default)]
    tags: Vec<String>,
}

impl Story {
    fn show(&self) -> String {
        format!("{} {:?} {:?}", self.title, self.stars, self.tags)
    }
}

fn application() -> Rc<Application> {
    Rc::new(
        Application::new()
            .post("/form", async |cx| cx.write(cx.form::<Story>().await?.show()))
            .get("/query", async |cx| cx.write(cx.query::<Story>()?.show()))
            .post("/json", async |cx| cx.write(cx.json::<Story>().await?.show())),
    )
}

const READ: &str = r#"A b Some(3) ["x", "y"]"#;

#[test]
fn form_query_and_json_are_read_as_a_value() {
    let application = application();
    assert_eq!(post("/form", "title=+A+b+&stars=3&tags=x&tags=y").to(&application).body, READ);
    assert_eq!(get("/query?title=A%20b&stars=3&tags=x&tags=y").to(&application).body, READ);
    let json = ask("POST /json").body(r#"{"title": "A b", "stars": 3, "tags": ["x", "y"]}"#);
    assert_eq!(json.to(&application).body, READ);
}

#[test]
fn what_does_not_fit_is_400_and_names_the_field() {
    let application = application();
    let cases = [
        (post("/form", "stars=3"), 400, "field `title`: is missing"),
        (post("/form", "title=x&stars=many"), 400, "field `stars`: `many` is no u8"),
        (get("/query?title=x&stars=300"), 400, "field `stars`: `300` is no u8"),
        (ask("POST /json").body(r#"{"title": 1}"#), 400, "field `title`: invalid type: integer `1`"),
        (ask("POST /json").body("{"), 400, "EOF while parsing"),
        (ask("POST /form").body("{}").header("Content-Type", "application/json"), 415, "expected a form"),
    ];
    for (ask, status, message) in cases {
        let answer = ask.to(&application);
        assert_eq!(answer.status, status);
        assert!(answer.body.contains(message), "{}", answer.body);
    }
}
