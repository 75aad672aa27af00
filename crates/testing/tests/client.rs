//! What the client of a test can beyond whole requests: bodies made while they are sent, raw bytes, cookies,
//! redirects, leaving in the middle; and the assertions on answers.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::{multi, sleep};
use firewhirl_event::{Error, IoLoop, Result};
use firewhirl_testing::{FetchErrorKind, HttpTest, fetch, http_test};
use firewhirl_web::{Application, url};

async fn app() -> Result<Application> {
    Ok(Application::new()
        .get("/", async |cx| cx.write("Hello"))
        .post("/", async |cx| {
            let framing = cx.request.header("Transfer-Encoding").or(cx.request.header("Content-Length"));
            let framing = framing.unwrap_or("nothing").to_owned();
            cx.write(framing + ": " + &String::from_utf8_lossy(cx.request.body()))
        })
        .get("/login", async |cx| {
            cx.add_header("Set-Cookie", "user=ann; Path=/; HttpOnly")?;
            cx.add_header("Set-Cookie", "theme=dark; Path=/")?;
            cx.redirect("/whoami?after=login")
        })
        .get("/logout", async |cx| cx.add_header("Set-Cookie", "user=; Path=/; Max-Age=0"))
        .get("/whoami", async |cx| cx.write(cx.request.header("Cookie").unwrap_or("nobody").to_owned()))
        .any(url("/redirect/{status}"), async |cx| {
            cx.set_header("Location", "../seen")?;
            cx.set_status(cx.path::<u16>("status")?);
            Ok(())
        })
        .any("/seen", async |cx| cx.write(format!("{} {}", cx.request.method(), cx.request.body().len())))
        .get("/round", async |cx| cx.redirect("/round"))
        .get("/json", async |cx| cx.write("{\"pages\": 7}")))
}

#[test]
fn a_body_is_sent_while_it_is_made() {
    HttpTest::new(app).in_memory().run(async |client| {
        let begun = IoLoop::current().time();
        let chunked = client.post("/").body_producer(async |body| {
            for part in ["a", "", "bc"] {
                sleep(Duration::from_secs(20)).await;
                body.write(part).await?;
            }
            Ok(())
        });
        assert_eq!(chunked.await?.text(), "chunked: abc");
        assert_eq!((IoLoop::current().time() - begun).as_secs(), 60);

        let measured = client.post("/").header("Content-Length", 3).body_producer(async |body| {
            body.write("abc").await?;
            Ok(())
        });
        assert_eq!(measured.await?.text(), "3: abc");
        assert_eq!(client.post("/").body_producer(async |_| Ok(())).await?.text(), "chunked: ");
        Ok(())
    });
}

#[test]
fn a_large_body_waits_for_a_slow_network() {
    HttpTest::new(app).slow_network().run(async |client| {
        let upload = client.post("/").body_producer(async |body| {
            for _ in 0..20 {
                body.write("x".repeat(10_000)).await?;
            }
            Ok(())
        });
        assert_eq!(upload.await?.body().len(), "chunked: ".len() + 200_000);
        Ok(())
    });
}

#[test]
fn an_answer_that_comes_before_the_body_is_made_counts() {
    HttpTest::new(app).server(|server| server.max_body_size(10)).in_memory().run(async |client| {
        let _log = firewhirl_testing::expect_log("", "").optional();
        let endless = client.post("/").body_producer(async |body| {
            loop {
                body.write("x".repeat(1000)).await?;
                sleep(Duration::from_secs(1)).await;
            }
        });
        assert_eq!(endless.await?.status(), 413);
        Ok(())
    });
}

#[test]
fn a_producer_that_fails_or_breaks_its_word_is_the_tests_error() {
    http_test(app, async |client| {
        let failed = client.post("/").body_producer(async |_| Err(Error::message("no such file"))).await.unwrap_err();
        assert!(matches!(failed.kind(), FetchErrorKind::Body(_)), "{failed:?}");
        assert_eq!(failed.to_string(), "POST /: no such file");
        let too_long = client.post("/").header("Content-Length", 1).body_producer(async |body| {
            body.write("abc").await?;
            Ok(())
        });
        assert!(matches!(too_long.await.unwrap_err().kind(), FetchErrorKind::Request(_)));
        Ok(())
    });
}

#[test]
fn raw_bytes_go_out_and_come_back_as_they_are() {
    HttpTest::new(app).in_memory().run(async |client| {
        let pipelined = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let answers = String::from_utf8(client.raw(pipelined).await?.to_vec())?;
        assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 2);
        assert!(answers.ends_with("{\"pages\": 7}"), "{answers}");
        let _log = firewhirl_testing::expect_log("", "malformed HTTP message");
        assert!(client.raw(&b"\xff\r\n\r\n"[..]).await?.starts_with(b"HTTP/1.1 400 "));
        Ok(())
    });
}

#[test]
fn cookies_are_kept_by_a_client_that_is_told_to() {
    http_test(app, async |client| {
        let browser = client.with_cookies();
        assert_eq!(browser.get("/whoami").await?.text(), "nobody");
        browser.get("/login").await?;
        assert_eq!(browser.get("/whoami").await?.text(), "user=ann; theme=dark");
        assert_eq!(browser.get("/whoami").header("Cookie", "mine=1").await?.text(), "mine=1");
        assert_eq!((browser.cookie("user").as_deref(), browser.cookie("none")), (Some("ann"), None));

        let (another, same) = (browser.with_cookies(), browser.clone());
        assert_eq!(another.get("/whoami").await?.text(), "nobody");
        same.get("/logout").await?;
        assert_eq!(browser.get("/whoami").await?.text(), "theme=dark");
        assert_eq!((client.get("/whoami").await?.text().as_ref(), client.cookie("user")), ("nobody", None));
        Ok(())
    });
}

#[test]
fn redirects_are_followed_where_they_are_to_be() {
    type Case = (&'static str, u16, &'static str);
    const CASES: &[Case] = &[
        ("GET", 302, "GET 0"),
        ("HEAD", 303, ""),
        ("POST", 301, "GET 0"),
        ("POST", 302, "GET 0"),
        ("PUT", 303, "GET 0"),
        ("PUT", 302, "PUT 3"),
        ("POST", 307, "POST 3"),
        ("POST", 308, "POST 3"),
    ];
    http_test(app, async |client| {
        for &(method, status, expected) in CASES {
            let fetch = || match method {
                "GET" | "HEAD" => client.fetch(method.parse().unwrap(), format!("/redirect/{status}")),
                _ => client.fetch(method.parse().unwrap(), format!("/redirect/{status}")).body("abc"),
            };
            assert_eq!(fetch().await?.status(), status, "{method}");
            assert_eq!(fetch().follow_redirects().await?.text(), expected, "{method} {status}");
        }
        let browser = client.with_cookies();
        assert_eq!(browser.get("/login").follow_redirects().await?.text(), "user=ann; theme=dark");
        assert_eq!(client.get("/round").follow_redirects().await?.status(), 302);
        Ok(())
    });
}

#[test]
fn several_clients_ask_at_once() {
    HttpTest::new(app).in_memory().run(async |client| {
        let answers = multi((0..100).map(|_| client.get("/").into_future())).await?;
        assert!(answers.iter().all(|answer| answer.text() == "Hello"));
        Ok(())
    });
}

#[test]
fn a_client_can_leave_in_the_middle() {
    let (left, ended) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
    let (noted_left, noted_ended) = (left.clone(), ended.clone());
    let slow = async move || {
        let (left, ended) = (noted_left.clone(), noted_ended.clone());
        Ok(Application::new().get("/", async move |cx| {
            let left = left.clone();
            cx.on_connection_close(move || left.set(true));
            sleep(Duration::from_secs(60)).await;
            ended.set(true);
            cx.write("too late")
        }))
    };
    HttpTest::new(slow).in_memory().run(async |client| {
        let error = client.get("/").leave_after(Duration::from_secs(10)).await.unwrap_err();
        assert!(matches!(error.kind(), FetchErrorKind::Left), "{error}");
        sleep(Duration::from_secs(1)).await;
        assert_eq!((left.get(), ended.get()), (true, false));
        sleep(Duration::from_secs(60)).await;
        assert!(ended.get());
        Ok(())
    });
}

#[test]
fn an_answer_is_asserted_with_all_of_it_in_the_message() {
    let answer = fetch(app, "/json");
    answer.assert_status(200).assert_header("content-type", "text/html; charset=UTF-8").assert_text("{\"pages\": 7}");
    answer.assert_json(&serde_json::json!({"pages": 7}));
    type Case<'answer> = (&'answer dyn Fn(), &'answer str);
    let cases: &[Case<'_>] = &[
        (&|| _ = answer.assert_status(404), "expected status 404 of Response {"),
        (&|| _ = answer.assert_header("X", "y"), "expected X: y of Response {"),
        (&|| _ = answer.assert_text("Hello"), "expected body \"Hello\" of Response {"),
        (&|| _ = answer.assert_json(&[7]), "expected [7] in JSON, which it is not (invalid type: map"),
        (&|| _ = answer.assert_json(&serde_json::json!({})), "expected Object {}, not Object {"),
    ];
    for (assert, expected) in cases {
        let panic = catch_unwind(AssertUnwindSafe(assert)).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.starts_with(expected) && message.contains("status: 200"), "{message}");
    }
}
