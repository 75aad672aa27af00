//! The service, asked by a client in the same loop.

use firewhirl_testing::http_test;

use {{crate}}::app;

#[test]
fn the_first_page_is_there() {
    http_test(app, async |client| {
        let answer = client.get("/").await?;
        assert_eq!(answer.status(), 200);
        assert!(answer.text().contains("<h1>{{name}}</h1>"));
        Ok(())
    });
}

#[test]
fn it_greets_whoever_it_is_told() {
    http_test(app, async |client| {
        assert_eq!(client.get("/hello/you").await?.text(), "Hello, you!\n");
        assert_eq!(client.get("/hello/%3Cb%3E").await?.text(), "Hello, &lt;b&gt;!\n");
        Ok(())
    });
}

#[test]
fn it_greets_as_often_as_json_says() {
    http_test(app, async |client| {
        let answer = client.post("/hello/you").body(r#"{"times": 2}"#).await?;
        assert_eq!(answer.text(), r#"{"text": "Hello, you! Hello, you!"}"#);
        assert_eq!(client.post("/hello/you").body(r#"{"times": 11}"#).await?.status(), 400);
        Ok(())
    });
}

#[test]
fn what_is_not_there_has_the_pages_of_errors() {
    http_test(app, async |client| {
        let answer = client.get("/nowhere").await?;
        assert_eq!(answer.status(), 404);
        assert!(answer.text().contains("<h1>404"));
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
        Ok(())
    });
}
