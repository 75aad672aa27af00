//! Sites: hooks for an application and for groups of its routes.

use std::cell::RefCell;
use std::rc::Rc;

use firewhirl_event::{Error, Result};
use firewhirl_web::{Application, Context, HttpError, NoUser, Router, Site, Status};

use crate::support::get;

type Seen = Rc<RefCell<Vec<String>>>;

/// Writes down what is called; `stop` has its prepare answer.
struct Watching {
    name: &'static str,
    seen: Seen,
    stop: bool,
}

impl Watching {
    fn note(&self, what: &str) {
        self.seen.borrow_mut().push(format!("{} {what}", self.name));
    }
}

impl Site for Watching {
    type User = NoUser;

    async fn prepare(&self, cx: &Context) -> Result {
        self.note("prepare");
        if self.stop {
            cx.set_status(401);
            cx.finish("stopped")?;
        }
        Ok(())
    }

    fn default_headers(&self, cx: &Context) -> Result {
        self.note("default_headers");
        cx.set_header("X-Site", self.name)
    }

    fn on_finish(&self, cx: &Context) {
        assert!(cx.is_finished());
        self.note("on_finish");
    }
}

fn nested(seen: &Seen, outer_stops: bool) -> Rc<Application> {
    let outer = Watching { name: "outer", seen: seen.clone(), stop: outer_stops };
    let inner = Watching { name: "inner", seen: seen.clone(), stop: false };
    let noted = seen.clone();
    let group = Router::new().site(inner).get("/", async move |cx| {
        noted.borrow_mut().push("verb".into());
        cx.write("inside")
    });
    Rc::new(Application::new().site(outer).mount("/group", group))
}

#[test]
fn hooks_run_outer_first() {
    let seen = Seen::default();
    let answer = get("/group").to(&nested(&seen, false));
    assert_eq!(answer.parts(), (200, "inside"));
    assert_eq!(answer.header("X-Site"), Some("inner"));
    assert_eq!(
        seen.take(),
        [
            "outer default_headers",
            "inner default_headers",
            "outer prepare",
            "inner prepare",
            "verb",
            "outer on_finish",
            "inner on_finish"
        ]
    );
}

#[test]
fn a_prepare_that_answers_ends_it_there() {
    let seen = Seen::default();
    let answer = get("/group").to(&nested(&seen, true));
    assert_eq!(answer.parts(), (401, "stopped"));
    assert!(!seen.borrow().iter().any(|line| line == "inner prepare" || line == "verb"));
    assert!(seen.borrow().iter().any(|line| line == "inner on_finish"));
}

#[test]
fn what_is_not_found_has_the_sites_of_its_group() {
    let seen = Seen::default();
    let application = nested(&seen, false);
    assert_eq!(get("/group/nothing").to(&application).header("X-Site"), Some("inner"));
    let outside = get("/groupies").to(&application);
    assert_eq!((outside.status, outside.header("X-Site")), (404, Some("outer")));
}

/// Writes pages and log lines for some statuses.
struct Pages {
    name: &'static str,
    seen: Seen,
}

impl Site for Pages {
    type User = NoUser;

    async fn write_error(&self, cx: &Context, error: &Error) -> Result {
        if error.status() == 418 {
            return Err(Error::message("the page is broken too"));
        }
        cx.set_header("Content-Type", "text/plain")?;
        cx.write(format!("{}: {} {error}", self.name, cx.status().as_u16()))
    }

    fn log_exception(&self, _: &Context, error: &Error) -> Option<()> {
        self.seen.borrow_mut().push(error.to_string());
        Some(())
    }
}

/// Writes no hook at all.
struct Silent;

impl Site for Silent {
    type User = NoUser;
}

#[test]
fn a_hook_that_is_not_written_is_the_outer_sites() {
    let seen = Seen::default();
    let group = Router::new()
        .site(Silent)
        .get("/fails", async |_| Err(Error::message("broken")))
        .get("/teapot", async |_| Err(HttpError::new(418))?);
    let application =
        Rc::new(Application::new().site(Pages { name: "pages", seen: seen.clone() }).mount("/group", group));
    assert_eq!(get("/group/fails").to(&application).parts(), (500, "pages: 500 broken"));
    assert_eq!(get("/group/none").to(&application).parts(), (404, "pages: 404 HTTP 404: Not Found"));
    assert_eq!(get("/none").to(&application).parts(), (404, "pages: 404 HTTP 404: Not Found"));
    assert_eq!(get("/group/teapot").to(&application).status, 418);
    assert_eq!(seen.borrow()[0], "broken");
}

#[test]
fn the_innermost_site_that_writes_a_hook_has_it() {
    let seen = Seen::default();
    let group = Router::new()
        .site(Pages { name: "inner", seen: seen.clone() })
        .get("/fails", async |_| Err(Error::message("broken")));
    let application = Rc::new(Application::new().site(Pages { name: "outer", seen }).mount("/group", group));
    assert_eq!(get("/group/fails").to(&application).body, "inner: 500 broken");
    assert_eq!(get("/fails").to(&application).body, "outer: 404 HTTP 404: Not Found");
}

#[test]
fn default_headers_survive_an_error_page() {
    let seen = Seen::default();
    let outer = Watching { name: "cors", seen, stop: false };
    let application = Rc::new(Application::new().site(outer).get("/", async |cx| {
        cx.set_header("X-Own", "lost")?;
        Err(HttpError::new(500))?
    }));
    let answer = get("/").to(&application);
    assert_eq!((answer.status, answer.header("X-Site"), answer.header("X-Own")), (500, Some("cors"), None));
}

#[test]
fn an_error_in_prepare_is_answered_and_no_verb_runs() {
    struct Refusing;
    impl Site for Refusing {
        type User = NoUser;
        async fn prepare(&self, _: &Context) -> Result {
            Err(HttpError::new(403))?
        }
    }
    let application = Rc::new(Application::new().site(Refusing).get("/", async |_| panic!("must not run")));
    assert_eq!(get("/").to(&application).status, 403);
}
