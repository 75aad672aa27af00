//! Arguments of the query and of forms, by Tornado's rules.

use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_web::{Application, Context};
use serde_json::json;

use crate::support::{Ask, ask, get, post};

async fn show(cx: &Context) -> Result {
    cx.write(json!({
        "a": cx.arguments("a")?,
        "query": cx.query_arguments("a")?,
        "body": cx.body_arguments("a")?,
        "last": cx.argument_or("a", "default")?,
        "raw": cx.arguments_unstripped("a")?,
    }))
}

fn shown(ask: &Ask) -> serde_json::Value {
    let application = Rc::new(Application::new().any("/", show));
    let answer = ask.to(&application);
    assert_eq!(answer.header("Content-Type"), Some("application/json; charset=UTF-8"));
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn the_last_value_counts_and_the_bodys_come_after_the_querys() {
    let all = shown(&post("/?a=q", "a=1&a=2&b"));
    assert_eq!(
        all,
        json!({"a": ["q", "1", "2"], "query": ["q"], "body": ["1", "2"], "last": "2", "raw": ["q", "1", "2"]})
    );
}

#[test]
fn values_are_decoded_cleaned_and_stripped() {
    let all = shown(&get("/?a=+a%00b%09c+&a=&a=%E9%81%93"));
    assert_eq!(all["a"], json!(["a b\tc", "", "\u{9053}"]));
    assert_eq!(all["raw"], json!([" a b\tc ", "", "\u{9053}"]));
}

#[test]
fn what_is_not_there_has_its_default() {
    assert_eq!(shown(&get("/"))["last"], "default");
    assert_eq!(shown(&get("/"))["a"], json!([]));
}

#[test]
fn a_form_is_known_by_its_content_type() {
    let json = ask("POST /").header("Content-Type", "application/json").body(r#"{"a": 1}"#);
    assert_eq!(shown(&json)["a"], json!([]));
    let with_charset =
        ask("PUT /").header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8").body("a=1");
    assert_eq!(shown(&with_charset)["a"], json!(["1"]));
}

#[test]
fn what_is_missing_or_malformed_is_400() {
    let application = Rc::new(
        Application::new()
            .any("/required", async |cx| cx.write(cx.argument("q")?))
            .any("/body", async |cx| cx.write(cx.body_argument("q")?))
            .any("/unused", async |cx| cx.write("the handler ran")),
    );
    let too_many = format!("/required?{}", "a&".repeat(1000));
    let gzipped = post("/unused", "a=1").header("Content-Encoding", "gzip");
    let no_boundary = ask("POST /unused").header("Content-Type", "multipart/form-data").body("x");
    let cases = [
        (get("/required"), 400),
        (get("/required?q=%ff"), 400),
        (get("/required?q=1"), 200),
        (get("/body?q=1"), 400),
        (get(&too_many), 400),
        (gzipped, 400),
        (no_boundary, 400),
    ];
    for (ask, status) in cases {
        let answer = ask.to(&application);
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

#[test]
fn uploads_are_files() {
    let application = Rc::new(Application::new().post("/", async |cx| {
        let file = cx.file("upload")?;
        let text = String::from_utf8_lossy(&file.body).into_owned();
        cx.write(format!("{} {} {text} {}", file.filename, file.content_type, cx.argument("title")?))
    }));
    let body = "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA title\r\n\
                --x\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"a.txt\"\r\n\
                Content-Type: text/plain\r\n\r\ncontents\r\n--x--\r\n";
    let upload = ask("POST /").header("Content-Type", "multipart/form-data; boundary=x").body(body);
    assert_eq!(upload.to(&application).parts(), (200, "a.txt text/plain contents A title"));
    assert_eq!(post("/", "title=x").to(&application).status, 400);
}
