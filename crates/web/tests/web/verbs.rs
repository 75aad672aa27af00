//! Which verb answers, and what answers where none does.

use std::cell::RefCell;
use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_web::{Application, Context, Handler};
use http::Method;

use crate::support::{ask, get};

#[derive(Clone, Default)]
struct Everything {
    seen: Rc<RefCell<Vec<&'static str>>>,
    own: u32,
}

impl Handler for Everything {
    async fn prepare(&mut self, _: &Context) -> Result {
        self.seen.borrow_mut().push("prepare");
        self.own += 1;
        Ok(())
    }

    async fn get(&mut self, cx: &Context) -> Result {
        cx.write(format!("get {}", self.own))
    }

    async fn post(&mut self, cx: &Context) -> Result {
        cx.write("post")
    }

    async fn delete(&mut self, cx: &Context) -> Result {
        cx.write("delete")
    }

    async fn patch(&mut self, cx: &Context) -> Result {
        cx.write("patch")
    }

    async fn put(&mut self, cx: &Context) -> Result {
        cx.write("put")
    }

    async fn options(&mut self, cx: &Context) -> Result {
        cx.write("options")
    }

    fn on_finish(&mut self, cx: &Context) {
        assert!(cx.is_finished());
        self.seen.borrow_mut().push("on_finish");
    }
}

#[derive(Clone)]
struct OnlyGet;

impl Handler for OnlyGet {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write("Hello, world")
    }
}

#[test]
fn each_method_has_its_verb() {
    let application = Rc::new(Application::new().route("/", Everything::default()));
    for method in ["post", "delete", "patch", "put", "options"] {
        let answer = ask(&format!("{} /", method.to_uppercase())).to(&application);
        assert_eq!(answer.parts(), (200, method));
    }
}

#[test]
fn a_handler_is_made_afresh_for_each_request() {
    let application = Rc::new(Application::new().route("/", Everything::default()));
    for _ in 0..3 {
        assert_eq!(get("/").to(&application).body, "get 1");
    }
}

#[test]
fn on_finish_runs_after_the_end_also_of_an_error() {
    let everything = Everything::default();
    let seen = everything.seen.clone();
    let application = Rc::new(Application::new().route("/", everything));
    get("/").to(&application);
    assert_eq!(seen.take(), ["prepare", "on_finish"]);
}

#[test]
fn head_is_answered_by_get_without_a_body() {
    let application = Rc::new(Application::new().route("/", OnlyGet).get("/f", async |cx| cx.write("text")));
    for (target, length) in [("/", "12"), ("/f", "4")] {
        let answer = ask(&format!("HEAD {target}")).to(&application);
        assert_eq!(answer.parts(), (200, ""));
        assert_eq!(answer.header("Content-Length"), Some(length));
        assert!(answer.header("Etag").is_some());
    }
}

#[test]
fn a_method_without_a_verb_is_405_with_those_that_there_are() {
    let application = Rc::new(
        Application::new()
            .route("/handler", OnlyGet)
            .get("/functions", async |cx| cx.write("get"))
            .post("/functions", async |cx| cx.write("post")),
    );
    const PAGE: &str = "<html><title>405: Method Not Allowed</title><body>405: Method Not Allowed</body></html>";
    let cases = [
        ("DELETE /handler", "GET, HEAD, OPTIONS"),
        ("FOO /handler", "GET, HEAD, OPTIONS"),
        ("DELETE /functions", "GET, HEAD, POST, OPTIONS"),
        ("FOO /functions", "GET, HEAD, POST, OPTIONS"),
    ];
    for (line, allow) in cases {
        let answer = ask(line).to(&application);
        assert_eq!(answer.parts(), (405, PAGE), "{line}");
        assert_eq!(answer.header("Allow"), Some(allow), "{line}");
    }
}

#[test]
fn options_says_which_verbs_there_are() {
    let application = Rc::new(Application::new().route("/", OnlyGet).put("/f", async |cx| cx.write("put")));
    let all = "GET, HEAD, POST, DELETE, PATCH, PUT, OPTIONS";
    for (target, allow) in [("/", "GET, HEAD, OPTIONS"), ("/f", "PUT, OPTIONS"), ("*", all)] {
        let answer = ask(&format!("OPTIONS {target}")).to(&application);
        assert_eq!(answer.parts(), (204, ""));
        assert_eq!(answer.header("Allow"), Some(allow));
    }
}

#[test]
fn any_answers_what_has_no_function_of_its_own() {
    let application = Rc::new(
        Application::new()
            .get("/", async |cx| cx.write("get"))
            .any("/", async |cx| cx.write(format!("any {}", cx.request.method())))
            .on(Method::from_bytes(b"PROPFIND").unwrap(), "/", async |cx| cx.write("propfind")),
    );
    let cases = [
        ("GET", 200, "get"),
        ("POST", 200, "any POST"),
        ("OPTIONS", 200, "any OPTIONS"),
        ("PROPFIND", 200, "propfind"),
    ];
    for (method, status, body) in cases {
        assert_eq!(ask(&format!("{method} /")).to(&application).parts(), (status, body));
    }
    let refused = ask("LOCK /").to(&application);
    assert_eq!(refused.status, 405);
    assert_eq!(refused.header("Allow"), Some("GET, HEAD, POST, DELETE, PATCH, PUT, OPTIONS, PROPFIND"));
}

#[test]
fn a_prepare_that_answers_ends_it_there() {
    #[derive(Clone)]
    struct Guarded;
    impl Handler for Guarded {
        async fn prepare(&mut self, cx: &Context) -> Result {
            cx.set_status(403);
            cx.finish("forbidden")
        }
        async fn get(&mut self, _: &Context) -> Result {
            panic!("the verb must not run")
        }
    }
    let application = Rc::new(Application::new().route("/", Guarded));
    assert_eq!(get("/").to(&application).parts(), (403, "forbidden"));
}

#[test]
fn two_futures_share_a_context() {
    let application = Rc::new(Application::new().get("/", async |cx| {
        let one = async { cx.write("one ") };
        let other = async { cx.write(cx.argument("name")?) };
        one.await?;
        other.await
    }));
    assert_eq!(get("/?name=other").to(&application).body, "one other");
}
