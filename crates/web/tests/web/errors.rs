//! Errors of handlers, and the pages that answer them.

use std::cell::Cell;
use std::rc::Rc;

use firewhirl_event::Error;
use firewhirl_web::{Application, HttpError, OrStatus, url};

use crate::support::{Answer, connect, get, logged, run};

fn asked(application: Application, target: &str) -> (Answer, Vec<String>) {
    let application = Rc::new(application);
    let mut answer = None;
    let lines = logged(|| answer = Some(get(target).to(&application)));
    (answer.unwrap(), lines.into_iter().filter(|line| !line.contains("access")).collect())
}

fn page(title: &str) -> String {
    format!("<html><title>{title}</title><body>{title}</body></html>")
}

#[test]
fn an_http_error_is_its_status_and_only_a_message_is_logged() {
    let (answer, lines) = asked(Application::new().get("/", async |_| Err(HttpError::new(404))?), "/");
    assert_eq!((answer.status, answer.body), (404, page("404: Not Found")));
    assert!(lines.is_empty(), "{lines:?}");

    let with_message = Application::new().get("/", async |_| Err(HttpError::new(403).message("not you"))?);
    let (answer, lines) = asked(with_message, "/");
    assert_eq!((answer.status, answer.body), (403, page("403: Forbidden")));
    assert_eq!(lines, ["WARN firewhirl::gen: 403 GET / (0.0.0.0): not you"]);
}

#[test]
fn a_reason_is_sent_and_shown_but_never_as_markup() {
    let cases = [("Gone fishing", "Gone fishing"), ("Gone<x", "Unknown"), ("A & B", "A &amp; B")];
    for (reason, shown) in cases {
        let (answer, _) =
            asked(Application::new().get("/", async move |_| Err(HttpError::new(404).reason(reason))?), "/");
        assert_eq!(answer.body, page(&format!("404: {shown}")));
    }
    let (answer, _) = asked(Application::new().get("/", async |_| Err(HttpError::new(499))?), "/");
    assert_eq!((answer.reason.as_str(), answer.body), ("Unknown", page("499: Unknown")));
}

#[test]
fn any_other_error_is_500_and_logged_with_its_request() {
    let application = Application::new().get("/", async |_| Err(Error::message("the disk is full")));
    let (answer, lines) = asked(application, "/?q=1");
    assert_eq!((answer.status, answer.body), (500, page("500: Internal Server Error")));
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("ERROR firewhirl::app: Uncaught exception GET /?q=1 (0.0.0.0)"), "{lines:?}");
    assert!(lines[0].ends_with("the disk is full"), "{lines:?}");
}

#[test]
fn a_missing_argument_is_logged_in_one_line() {
    let application = Application::new().get("/", async |cx| cx.write(cx.argument("q")?));
    let (answer, lines) = asked(application, "/");
    assert_eq!(answer.status, 400);
    assert_eq!(lines, ["WARN firewhirl::gen: 400 GET / (0.0.0.0): Missing argument q"]);
}

#[test]
fn what_was_written_before_an_error_is_discarded() {
    let application = Application::new().get("/", async |cx| {
        cx.set_header("X-Foo", "foo")?;
        cx.write("half a page")?;
        None::<()>.or_status(404)?;
        Ok(())
    });
    let (answer, _) = asked(application, "/");
    assert_eq!((answer.status, answer.body.as_str()), (404, page("404: Not Found").as_str()));
    assert_eq!(answer.header("X-Foo"), None);
}

#[test]
fn send_error_answers_with_a_status() {
    let application = Application::new().get("/", async |cx| {
        cx.write("discarded")?;
        cx.send_error(503).await
    });
    let (answer, lines) = asked(application, "/");
    assert_eq!((answer.status, answer.body), (503, page("503: Service Unavailable")));
    assert!(lines.is_empty());
}

#[test]
fn an_error_after_the_head_ends_the_connection_so_that_the_response_does_not_look_whole() {
    let application = Rc::new(Application::new().get("/", async |cx| {
        cx.write("half")?;
        cx.flush().await?;
        cx.write("never sent")?;
        Err(Error::message("too late"))
    }));
    let lines = logged(|| {
        run(async {
            let mut stream = connect(&application);
            stream.write(get("/").bytes().repeat(2));
            let came = String::from_utf8_lossy(&stream.read_until_close().await?).into_owned();
            assert!(came.ends_with("\r\n\r\n4\r\nhalf\r\n"), "{came}");
            assert_eq!(came.matches("HTTP/1.1 200").count(), 1, "{came}");
            Ok(())
        });
    });
    assert!(lines.contains(&"ERROR firewhirl::gen: Cannot send error response after headers written".to_owned()));
}

#[test]
fn an_error_after_the_end_is_only_logged() {
    let application = Application::new().get("/", async |cx| {
        cx.finish("done")?;
        Err(Error::message("afterwards"))
    });
    let (answer, lines) = asked(application, "/");
    assert_eq!(answer.parts(), (200, "done"));
    assert_eq!(lines.len(), 1);
}

#[test]
fn the_page_tells_the_error_where_the_application_says_so() {
    let failing = || Application::new().get("/", async |_| Err(std::fmt::Error).or_status(500)?);
    let (answer, _) = asked(failing().serve_traceback(true), "/");
    assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=UTF-8"));
    assert!(answer.body.contains("caused by: an error occurred when formatting an argument"), "{}", answer.body);
    let (answer, _) = asked(failing().debug(true).serve_traceback(false), "/");
    assert_eq!(answer.body, page("500: Internal Server Error"));
}

#[test]
fn a_form_that_does_not_fit_says_which_field() {
    #[derive(serde::Deserialize)]
    struct Search {
        #[allow(dead_code, reason = "only its error matters here")]
        page: u32,
    }
    let application = Application::new().get("/", async |cx| {
        let _: Search = cx.query()?;
        Ok(())
    });
    let (answer, lines) = asked(application, "/?page=%3Cb%3E");
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("field `page`: `&lt;b&gt;` is no u32"), "{}", answer.body);
    assert_eq!(lines.len(), 1);
}

#[test]
fn a_panic_is_500_is_logged_and_the_next_request_is_answered() {
    let application = Rc::new(
        Application::new().get("/panic", async |_| panic!("on purpose")).get("/", async |cx| cx.write("alive")),
    );
    let lines = logged(|| {
        assert_eq!(get("/panic").to(&application).status, 500);
        assert_eq!(get("/").to(&application).body, "alive");
    });
    assert!(lines.iter().any(|line| line.contains("on purpose")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("ERROR firewhirl::access: 500 GET /panic")), "{lines:?}");
}

#[test]
fn a_body_above_its_routes_limit_is_413() {
    let ran = Rc::new(Cell::new(false));
    let seen = ran.clone();
    let application = Rc::new(Application::new().post(url("/").max_body_size(3), async move |cx| {
        seen.set(true);
        cx.write("ran")
    }));
    assert_eq!(crate::support::post("/", "a=12").to(&application).status, 413);
    assert!(!ran.get());
    assert_eq!(crate::support::post("/", "a=1").to(&application).status, 200);
}
