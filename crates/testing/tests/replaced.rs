//! What a test puts in place of what the application was given.

use std::cell::Cell;

use firewhirl_event::Result;
use firewhirl_testing::{HttpTest, TestFailure};
use firewhirl_web::Application;

struct Motto(&'static str);

async fn app() -> Result<Application> {
    Ok(Application::new()
        .resource(Motto("All the news"))
        .named_resource("first", 1_u32)
        .named_resource("second", 2_u32)
        .get("/motto", async |cx| cx.write(cx.resource::<Motto>()?.0))
        .get("/sum", async |cx| {
            let (first, second) = (cx.named_resource::<u32>("first")?, cx.named_resource::<u32>("second")?);
            cx.write((*first + *second).to_string())
        }))
}

fn failure_of(test: HttpTest<Application>) -> TestFailure {
    test.in_memory().try_run(async |client| Ok(client.get("/motto").await.map(drop)?)).unwrap_err()
}

#[test]
fn a_resource_is_replaced_by_its_type() {
    HttpTest::new(app).resource(Motto("No news")).in_memory().run(async |client| {
        client.get("/motto").await?.assert_text("No news");
        client.get("/sum").await?.assert_text("3");
        Ok(())
    });
}

#[test]
fn a_resource_is_replaced_by_its_name() {
    HttpTest::new(app).named_resource("second", 41_u32).in_memory().run(async |client| {
        client.get("/sum").await?.assert_text("42");
        client.get("/motto").await?.assert_text("All the news");
        Ok(())
    });
}

#[test]
fn a_replacement_that_replaces_nothing_fails_the_test() {
    let cases = [
        (HttpTest::new(app).resource("a text"), "the application has no resource `&str`"),
        (HttpTest::new(app).named_resource("third", 3_u32), "no resource named \"third\"; give it one with"),
        (HttpTest::new(app).named_resource("first", 3_i64), "the resource named \"first\" is a `u32`, not a `i64`"),
    ];
    for (test, expected) in cases {
        let failure = failure_of(test).to_string();
        assert!(failure.contains(expected), "{failure}");
    }
}

#[test]
fn the_application_is_changed_after_it_was_built() {
    let built = Cell::new(false);
    let test = HttpTest::new(app).resource(Motto("No news")).application(move |app| {
        assert!(!built.replace(true));
        Ok(app.get("/more", async |cx| cx.write(format!("{}, and more", cx.resource::<Motto>()?.0))))
    });
    test.in_memory().run(async |client| {
        client.get("/more").await?.assert_text("No news, and more");
        Ok(())
    });
}
