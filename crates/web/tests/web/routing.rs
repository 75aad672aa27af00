//! Which route answers, with which parameters.

use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_web::{Application, Context, Handler, NoUser, Router, Site, regex, url};

use crate::support::{Answer, get};

async fn show_args(cx: &Context) -> Result {
    let args: Vec<Option<&str>> = cx.path_args().collect();
    cx.write_json(&args)
}

fn check(application: &Rc<Application>, cases: &[(&str, u16, &str)]) {
    for (target, status, body) in cases {
        let answer = get(target).to(application);
        assert_eq!(answer.status, *status, "{target}: {}", answer.body);
        if *status == 200 {
            assert_eq!(answer.body, *body, "{target}");
        }
    }
}

#[test]
fn parameters_are_matched_undecoded_and_then_decoded() {
    let application = Rc::new(
        Application::new()
            .get(regex(r"/args/(\d+)/(.*)"), show_args)
            .get(regex(r"/opt/(a)?"), show_args)
            .get("/story/{id}", show_args)
            .get("/files/{*path}", show_args),
    );
    #[rustfmt::skip]
    check(&application, &[
        ("/args/12/a%2Fb%20c+d",      200, r#"["12", "a\/b c+d"]"#.replace("\\/", "/").leak()),
        ("/args/x/y",                 404, ""),
        ("/opt/",                     200, "[null]"),
        ("/opt/a",                    200, r#"["a"]"#),
        ("/story/%C3%A9",             200, r#"["\u00e9"]"#),
        ("/story/a%2Fb",              200, r#"["a/b"]"#),
        ("/story/a/b",                404, ""),
        ("/files/a/b.txt",            200, r#"["a/b.txt"]"#),
        ("/files/",                   200, r#"[""]"#),
        ("/story/100%",               200, r#"["100%"]"#),
        ("/story/%ff",                400, ""),
        ("/story/1?id=2",             200, r#"["1"]"#),
    ]);
}

#[test]
fn a_parameter_of_the_wrong_type_is_404_and_one_that_is_not_there_500() {
    let application = Rc::new(
        Application::new()
            .get("/number/{id}", async |cx| cx.write(cx.path::<u64>("id")?.to_string()))
            .get("/typo/{id}", async |cx| cx.write(cx.path::<String>("ID")?))
            .get(regex(r"/group/(\d+)?"), async |cx| cx.write(format!("{:?}", cx.path_option::<u8>(0)?)))
            .get("/day/{year}/{month}", async |cx| {
                #[derive(serde::Deserialize)]
                struct Day {
                    year: i32,
                    month: u8,
                }
                let day: Day = cx.path_as()?;
                cx.write(format!("{}-{:02}", day.year, day.month))
            }),
    );
    check(
        &application,
        &[
            ("/number/17", 200, "17"),
            ("/number/abc", 404, ""),
            ("/number/-1", 404, ""),
            ("/typo/1", 500, ""),
            ("/group/7", 200, "Some(7)"),
            ("/group/", 200, "None"),
            ("/group/300", 404, ""),
            ("/day/2024/2", 200, "2024-02"),
            ("/day/2024/x", 404, ""),
        ],
    );
}

#[test]
fn the_first_match_wins() {
    let application = Rc::new(
        Application::new()
            .get("/story/new", async |cx| cx.write("new"))
            .get("/story/{id}", async |cx| cx.write("story"))
            .get("/story/old", async |cx| cx.write("never"))
            .get(regex("/.*"), async |cx| cx.write("rest")),
    );
    check(
        &application,
        &[
            ("/story/new", 200, "new"),
            ("/story/7", 200, "story"),
            ("/story/old", 200, "story"),
            ("/other", 200, "rest"),
        ],
    );
}

#[test]
fn verbs_added_one_by_one_for_a_url_come_together() {
    let application = Rc::new(
        Application::new()
            .get(url("/x/{id}").name("x"), async |cx| cx.write("get"))
            .get("/y", async |cx| cx.write("y"))
            .post("/x/{id}", async |cx| cx.write("post")),
    );
    assert_eq!(get("/x/1").to(&application).body, "get");
    assert_eq!(crate::support::post("/x/1", "").to(&application).body, "post");
    assert_eq!(application.routes().len(), 2);
    assert_eq!(application.reverse_url("x", 1).unwrap(), "/x/1");
}

#[test]
fn a_router_is_mounted_under_a_prefix() {
    let inner = Router::new().get("/", async |cx| cx.write("users")).get(url("/{id}").name("user"), show_args);
    let admin = Router::new()
        .get("/", async |cx| cx.write("dashboard"))
        .get(regex(r"/log/(\d+)|/logs"), show_args)
        .mount("/users", inner);
    let application = Rc::new(Application::new().mount("/admin", admin).get("/{page}", async |cx| cx.write("page")));
    check(
        &application,
        &[
            ("/admin", 200, "dashboard"),
            ("/admin/", 200, "dashboard"),
            ("/admin/users", 200, "users"),
            ("/admin/users/", 200, "users"),
            ("/admin/users/7", 200, r#"["7"]"#),
            ("/admin/log/3", 200, r#"["3"]"#),
            ("/admin/logs", 200, "[null]"),
            ("/log/3", 404, ""),
            ("/other", 200, "page"),
        ],
    );
    assert_eq!(application.reverse_url("user", 7).unwrap(), "/admin/users/7");
}

#[test]
fn hosts_of_their_own_come_first() {
    let application = Rc::new(
        Application::new()
            .get("/", async |cx| cx.write("all"))
            .get("/only", async |cx| cx.write("only"))
            .host("www.example.com", Router::new().get("/", async |cx| cx.write("www")))
            .host(regex(r"(a|b)\.example\.com"), Router::new().get("/", async |cx| cx.write("a or b")))
            .host("*.example.org", Router::new().get("/", async |cx| cx.write("below"))),
    );
    let at = |host: &str, target: &str| get(target).header("Host", host).to(&application).body;
    assert_eq!(at("www.example.com", "/"), "www");
    assert_eq!(at("WWW.Example.Com:8888", "/"), "www");
    assert_eq!(at("www.example.com", "/only"), "only");
    assert_eq!(at("b.example.com", "/"), "a or b");
    assert_eq!(at("x.y.example.org", "/"), "below");
    assert_eq!(at("example.com", "/"), "all");
}

#[test]
fn the_default_hosts_routes_answer_where_no_other_does() {
    let application = Rc::new(
        Application::new()
            .get("/all", async |cx| cx.write("all"))
            .host("www.example.com", Router::new().get("/foo", async |cx| cx.write("foo")))
            .default_host("www.example.com"),
    );
    let at = |host: &str, target: &str| get(target).header("Host", host).to(&application);
    assert_eq!(at("www.example.com", "/foo").body, "foo");
    assert_eq!(at("127.0.0.1", "/foo").body, "foo");
    assert_eq!(at("127.0.0.1", "/all").body, "all");
    let proxied = get("/foo").header("Host", "127.0.0.1").header("X-Real-Ip", "1.2.3.4").to(&application);
    assert_eq!(proxied.status, 404);
}

#[test]
fn what_is_not_found_has_a_handler_of_its_own() {
    #[derive(Clone)]
    struct Lost;
    impl Handler for Lost {
        async fn prepare(&mut self, cx: &Context) -> Result {
            cx.set_status(404);
            cx.finish(format!("no {}", cx.request.path()))
        }
    }
    let application = Rc::new(Application::new().default_handler(Lost));
    assert_eq!(get("/x").to(&application).parts(), (404, "no /x"));
    let answer: Answer = get("/y").to(&Rc::new(Application::new()));
    assert_eq!(answer.parts(), (404, "<html><title>404: Not Found</title><body>404: Not Found</body></html>"));
}

#[test]
fn a_url_is_made_in_a_handler() {
    let application = Rc::new(
        Application::new()
            .get(url("/a").name("a"), async |cx| cx.redirect(cx.reverse_url("b", (7, "x y"))?))
            .get(url("/b/{id}/{what}").name("b"), show_args)
            .get("/wrong", async |cx| cx.write(cx.reverse_url("nothing", ())?)),
    );
    assert_eq!(get("/a").to(&application).header("Location"), Some("/b/7/x%20y"));
    assert_eq!(get("/wrong").to(&application).status, 500);
    let error = application.reverse_url("b", 1).unwrap_err();
    assert_eq!(error.to_string(), "the url `/b/{id}/{what}` takes 2 arguments, 1 were given");
    assert_eq!(application.reverse_url("c", ()).unwrap_err().to_string(), "c not found in named urls");
}

#[test]
fn wrong_routes_come_out_together_with_their_lines() {
    struct Outer;
    impl Site for Outer {
        type User = u32;
    }
    struct Inner;
    impl Site for Inner {
        type User = NoUser;
    }
    let application = Application::new()
        .site(Outer)
        .get("no-slash", show_args)
        .get(regex("/(a"), show_args)
        .get(regex("/(?P<a>.)(.)"), show_args)
        .get(url("/1").name("same"), show_args)
        .get(url("/2").name("same"), show_args)
        .get("/twice", show_args)
        .get("/twice", show_args)
        .any("/twice", show_args)
        .get("/shape/{a}", show_args)
        .post("/shape/{b}", show_args)
        .mount("prefix", Router::new())
        .host("http://x", Router::new())
        .mount("/inner", Router::new().site(Inner));
    let errors = application.check().unwrap_err();
    let subjects: Vec<&str> = errors.iter().map(|error| error.subject()).collect();
    assert_eq!(subjects.len(), 9, "{errors}");
    assert!(errors.iter().all(|error| error.location().file().ends_with("routing.rs")));
    let text = errors.to_string();
    for part in [
        "a path begins with `/`",
        "groups must either be all named or all unnamed",
        "its name `same` is that of `/1` already",
        "has a function for GET already",
        "give the parameters the same names",
        "a prefix begins with `/`",
        "a host is a name without port",
        "write `current_user`, or `type User = u32;`",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert_eq!(get("/1").to(&Rc::new(application)).status, 500);
}

#[test]
fn the_list_of_routes_says_what_answers_each_and_where_it_was_added() {
    struct Admin;
    impl Site for Admin {
        type User = String;
    }
    #[derive(Clone)]
    struct Story;
    impl Handler for Story {
        async fn get(&mut self, cx: &Context) -> Result {
            cx.write("a story")
        }
        async fn delete(&mut self, _: &Context) -> Result {
            Ok(())
        }
    }
    let admin = Router::new().site(Admin).get(url("/").authenticated(), show_args).post("/", async |_| Ok(()));
    let application = Application::new()
        .route(url("/story/{id}").name("story"), Story)
        .mount("/admin", admin)
        .host("*.example.com", Router::new().any("/", async |cx| cx.write("below")));
    let lines: Vec<String> = application.routes().iter().map(|route| route.to_string()).collect();
    let (here, module) = (file!(), module_path!());
    let expected = [
        "/  GET HEAD POST DELETE PATCH PUT OPTIONS  \
         web::routing::the_list_of_routes_says_what_answers_each_and_where_it_was_added (closure)  host=*.example.com",
        "/story/{id}  GET HEAD DELETE OPTIONS  \
         web::routing::the_list_of_routes_says_what_answers_each_and_where_it_was_added::Story  name=story",
        "/admin/  GET HEAD POST OPTIONS  web::routing::show_args, \
         web::routing::the_list_of_routes_says_what_answers_each_and_where_it_was_added (closure)  \
         site=web::routing::the_list_of_routes_says_what_answers_each_and_where_it_was_added::Admin  login",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        let expected = expected.replace("web::routing", module);
        assert!(line.starts_with(&format!("{expected}  {here}:")), "{line}");
    }
}
