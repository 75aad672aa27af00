//! What a response is made of: status, headers, body, redirects.

use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_web::{Application, Context, Finish, HttpError, Json};

use crate::support::{ask, get};

/// The answer of a function at `/`.
fn answered(function: impl firewhirl_web::HandlerFn) -> crate::support::Answer {
    get("/").to(&Rc::new(Application::new().any("/", function)))
}

#[test]
fn a_plain_answer_has_tornados_headers_in_tornados_order() {
    let answer = answered(async |cx| cx.write("Hello, world"));
    assert_eq!(answer.parts(), (200, "Hello, world"));
    assert_eq!(answer.names(), ["Server", "Content-Type", "Date", "Etag", "Content-Length"]);
    assert_eq!(answer.header("Content-Type"), Some("text/html; charset=UTF-8"));
    assert_eq!(answer.header("Etag"), Some("\"e02aa1b106d5c7c6a98def2b13005d5b84fd8dc8\""));
    assert_eq!(answer.header("Content-Length"), Some("12"));
    assert!(answer.header("Server").unwrap().starts_with("FirewhirlServer/"));
}

#[test]
fn headers_are_set_added_and_cleared() {
    let answer = answered(async |cx| {
        cx.set_header("x-one", 1)?;
        cx.add_header("X-One", "2")?;
        cx.set_header("X-Gone", "gone")?;
        cx.clear_header("X-Gone");
        cx.set_header("Content-Type", "text/plain")?;
        cx.set_header("X-Time", std::time::UNIX_EPOCH)?;
        assert_eq!(cx.response_header("X-One").as_deref(), Some("1,2"));
        cx.write("text")
    });
    let ones: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "X-One").map(|(_, value)| value).collect();
    assert_eq!(ones, ["1", "2"]);
    assert_eq!(answer.header("X-Gone"), None);
    assert_eq!(answer.header("Content-Type"), Some("text/plain"));
    assert_eq!(answer.header("X-Time"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
}

#[test]
fn a_header_cannot_smuggle_another() {
    let answer = answered(async |cx| {
        let error = cx.set_header("X-Foo", "foo\r\nX-Bar: baz").unwrap_err();
        cx.write(error.is::<firewhirl_http::InvalidHeader>().to_string())
    });
    assert_eq!(answer.body, "true");
    assert_eq!(answer.header("X-Foo"), None);
}

#[test]
fn status_and_reason_are_as_set() {
    let cases: [(u16, Option<&str>, &str); 5] = [
        (201, None, "Created"),
        (499, None, "Unknown"),
        (400, Some("Foo"), "Foo"),
        (400, Some("Foo<script>"), "Unknown"),
        (400, Some("Foo\r\nX: y"), "Unknown"),
    ];
    for (status, reason, sent) in cases {
        let answer = answered(async move |cx: &Context| {
            match reason {
                Some(reason) => cx.set_status_and_reason(status, reason),
                None => cx.set_status(status),
            }
            Ok(())
        });
        assert_eq!(answer.status, status);
        // HTTP/2 has no reasons.
        if crate::VERSION == http::Version::HTTP_11 {
            assert_eq!(answer.reason, sent);
        }
    }
}

#[test]
fn statuses_without_a_body_have_no_representation_headers() {
    for status in [204, 304] {
        let answer = answered(async move |cx: &Context| {
            cx.set_status(status);
            cx.set_header("Content-Language", "en")
        });
        assert_eq!(answer.parts(), (status, ""));
        assert_eq!(answer.names(), ["Server", "Date"]);
    }
    let answer = answered(async |cx| {
        cx.set_status(204);
        cx.write("a body")
    });
    assert_eq!(answer.status, 500);
    let raised = answered(async |_| Err(HttpError::new(204))?);
    assert_eq!(raised.parts(), (204, ""));
}

#[test]
fn json_has_its_content_type() {
    let answer = answered(async |cx| cx.write_json(&[1, 2]));
    assert_eq!(answer.body, "[1, 2]");
    assert_eq!(answer.header("Content-Type"), Some("application/json; charset=UTF-8"));
    let own = answered(async |cx| {
        cx.write(Json("x"))?;
        cx.set_header("Content-Type", "application/vnd.example+json")
    });
    assert_eq!(own.header("Content-Type"), Some("application/vnd.example+json"));
}

#[test]
fn writing_after_the_end_is_an_error_that_says_so() {
    let answer = answered(async |cx| {
        cx.finish("first")?;
        assert_eq!(cx.write("more").unwrap_err().to_string(), "Cannot write() after finish()");
        assert_eq!(cx.finish("again").unwrap_err().to_string(), "finish() called twice");
        assert_eq!(cx.set_header("X", "y").unwrap_err().to_string(), "Cannot set headers after they have been written");
        Ok(())
    });
    assert_eq!(answer.parts(), (200, "first"));
}

#[test]
fn two_flushes_are_two_chunks_without_an_etag() {
    let application = Rc::new(Application::new().get("/", async |cx| {
        cx.write("a")?;
        cx.flush().await?;
        cx.write("bc")?;
        cx.flush().await
    }));
    let answer = get("/").to(&application);
    assert_eq!(answer.parts(), (200, "abc"));
    let chunked = (crate::VERSION == http::Version::HTTP_11).then_some("chunked");
    assert_eq!(answer.header("Transfer-Encoding"), chunked);
    assert_eq!(answer.header("Etag"), None);
    let head = ask("HEAD /").to(&application);
    assert_eq!(head.parts(), (200, ""));
}

#[test]
fn redirects_go_elsewhere_and_end_it() {
    let application = Rc::new(
        Application::new()
            .any("/found", async |cx| cx.redirect("/new"))
            .any("/permanent", async |cx| cx.redirect_permanently("/new?x=1"))
            .any("/other", async |cx| cx.redirect_with_status("http://example.org/", 303))
            .any("/wrong", async |cx| cx.redirect_with_status("/", 200))
            .any("/late", async |cx| {
                cx.write("x")?;
                cx.flush().await?;
                let error = cx.redirect("/").unwrap_err();
                cx.write(error.to_string())
            }),
    );
    let cases = [("/found", 302, "/new"), ("/permanent", 301, "/new?x=1"), ("/other", 303, "http://example.org/")];
    for (target, status, location) in cases {
        let answer = get(target).to(&application);
        assert_eq!(answer.parts(), (status, ""));
        assert_eq!(answer.header("Location"), Some(location));
        assert_eq!(answer.header("Content-Length"), Some("0"));
    }
    assert_eq!(get("/wrong").to(&application).status, 500);
    assert_eq!(get("/late").to(&application).body, "xCannot redirect after headers have been written");
}

#[test]
fn finish_ends_quietly_with_what_there_is() {
    let answer = answered(async |cx| {
        cx.set_status(401);
        cx.set_header("WWW-Authenticate", "Basic")?;
        Err(Finish::with("no")?)?
    });
    assert_eq!(answer.parts(), (401, "no"));
    assert_eq!(answer.header("Www-Authenticate"), Some("Basic"));
    assert_eq!(answer.header("Content-Length"), Some("2"));
    let json = answered(async |_| Err(Finish::with(Json([1]))?)?);
    assert_eq!(json.header("Content-Type"), Some("application/json; charset=UTF-8"));
}

#[test]
fn clear_forgets_what_was_not_sent() {
    let answer = answered(async |cx: &Context| -> Result {
        cx.set_status(404);
        cx.set_header("X-Foo", "foo")?;
        cx.write("forgotten")?;
        cx.clear()?;
        cx.write("kept")
    });
    assert_eq!(answer.parts(), (200, "kept"));
    assert_eq!(answer.header("X-Foo"), None);
}

#[test]
fn a_length_that_does_not_fit_is_500() {
    let answer = answered(async |cx| {
        cx.set_header("Content-Length", 3)?;
        cx.write("four")
    });
    assert_eq!(answer.status, 500);
}

#[test]
fn nothing_is_left_of_one_request_for_the_next() {
    crate::support::run(async {
        let application = Rc::new(
            Application::new()
                .get("/a", async |cx| {
                    cx.set_local(7_u8);
                    cx.set_status(201);
                    cx.set_header("X-A", "a")?;
                    cx.automatic_etag(false);
                    cx.write("a")
                })
                .get("/b", async |cx| cx.write(format!("{:?}", cx.local::<u8>()))),
        );
        let mut stream = crate::support::connect(&application);
        stream.write(get("/a").bytes());
        let first = stream.read_until(b"\r\n\r\na").await?;
        assert!(first.starts_with(b"HTTP/1.1 201 Created"));
        stream.write(get("/b").header("Connection", "close").bytes());
        let second = crate::support::Answer::read(&stream.read_until_close().await?);
        assert_eq!(second.parts(), (200, "None"));
        assert_eq!(second.header("X-A"), None);
        assert!(second.header("Etag").is_some());
        Ok(())
    });
}
