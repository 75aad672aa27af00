//! What holds for a proxied route as for any other: the site's hooks, a login, the log, the counters, the list
//! of routes.

use std::cell::RefCell;
use std::rc::Rc;

use firewhirl::prelude::*;
use firewhirl::web::traffic;

use crate::fronts::{answering, run, serve};

/// Adds headers, keeps some out, and knows a user.
struct Own;

impl Site for Own {
    type User = String;

    async fn prepare(&self, cx: &Context) -> Result {
        if cx.request.path().starts_with("/closed") {
            Err(HttpError::new(403))?;
        }
        cx.add_header("Set-Cookie", "seen=1")
    }

    fn default_headers(&self, cx: &Context) -> Result {
        cx.set_header("X-Frame-Options", "DENY")?;
        cx.set_header("X-Site", "ours")
    }

    async fn current_user(&self, cx: &Context) -> Result<Option<String>> {
        Ok(cx.request.header("X-User").map(str::to_owned))
    }
}

const THEIRS: &str = "HTTP/1.1 200 OK\r\nServer: theirs\r\nX-Frame-Options: SAMEORIGIN\r\nSet-Cookie: a=1\r\n\
                      Content-Length: 24\r\nEtag: \"theirs\"\r\n\r\n<html><body></body></html";

#[test]
fn the_sites_hooks_run_and_what_the_service_says_goes_before() {
    run(async {
        let (heads, behind) = answering(THEIRS)?;
        let front = serve(move || Application::new().site(Own).fallback(behind.clone()))?;
        let answer = front.client().get("/open").await?;
        assert_eq!(answer.header("X-Site"), Some("ours"));
        assert_eq!(answer.header("X-Frame-Options"), Some("SAMEORIGIN"));
        assert_eq!(answer.header("Server"), Some("theirs"));
        assert_eq!(answer.header("Content-Type"), None);
        assert_eq!(answer.headers().get_list("Set-Cookie").collect::<Vec<_>>(), ["a=1", "seen=1"]);
        assert_eq!(front.client().get("/closed").await?.status(), 403);
        assert_eq!(heads.borrow().len(), 1);
        Ok(())
    });
}

#[test]
fn a_group_that_asks_for_a_login_asks_before_it_hands_on() {
    run(async {
        let (heads, behind) = answering(THEIRS)?;
        let front = serve(move || {
            let members = Router::new().authenticated().get("/moved", async |cx| cx.write("moved"));
            let mounted = Router::new().authenticated().mount("", behind.clone());
            Application::new()
                .site(Own)
                .login_url("/login")
                .mount("/members", members)
                .mount("/mounted", mounted)
                .fallback(behind.clone())
        })?;
        let client = front.client();
        for path in ["/members/moved", "/members/not-moved", "/members", "/mounted/x"] {
            assert_eq!(client.get(path).await?.status(), 302, "{path}");
        }
        assert_eq!(heads.borrow().len(), 0);
        for path in ["/members/not-moved", "/mounted/x"] {
            assert_eq!(client.get(path).header("X-User", "ann").await?.status(), 200, "{path}");
        }
        assert_eq!(client.get("/elsewhere").await?.status(), 200);
        assert_eq!(heads.borrow().len(), 3);
        Ok(())
    });
}

#[test]
fn pages_pass_unchanged_in_debug_mode() {
    run(async {
        let (_, behind) = answering(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 26\r\n\r\n<html><body></body></html>",
        )?;
        let front = serve(move || {
            Application::new()
                .debug(true)
                .autoreload(true)
                .get("/here", async |cx| cx.write("<body></body>"))
                .fallback(behind.clone())
        })?;
        let page = front.client().get("/").header("Accept", "text/html").header("Sec-Fetch-Dest", "document").await?;
        assert_eq!(page.text(), "<html><body></body></html>");
        Ok(())
    });
}

#[test]
fn the_log_names_route_and_upstream_and_requests_are_counted() {
    run(async {
        traffic::count_requests();
        let (_, behind) = answering(THEIRS)?;
        let seen = Rc::new(RefCell::new(Vec::new()));
        let noted = seen.clone();
        let front = serve(move || {
            let noted = noted.clone();
            let log = move |cx: &Context| {
                let upstream = cx.upstream().is_some_and(|target| target.starts_with("http://127.0.0.1:"));
                noted.borrow_mut().push((cx.status().as_u16(), cx.route_url().to_owned(), upstream));
            };
            Application::new()
                .get("/here", async |cx| cx.write("here"))
                .mount("/counted-proxy", behind.clone())
                .fallback(behind.clone())
                .log_function(log)
        })?;
        for path in ["/here", "/counted-proxy/x", "/there"] {
            front.client().get(path).await?;
        }
        let expected = [(200, "/here", false), (200, "/counted-proxy", true), (200, "(fallback)", true)];
        assert_eq!(*seen.borrow(), expected.map(|(status, route, upstream)| (status, route.to_owned(), upstream)));
        let counted = |route: &str| traffic::requests().into_iter().find(|requests| requests.route == route);
        assert_eq!(counted("/counted-proxy").unwrap().statuses[&200], 1);
        assert!(counted("(fallback)").unwrap().statuses[&200] >= 1);
        Ok(())
    });
}

#[test]
fn the_list_of_routes_shows_where_requests_go() {
    let application = Application::new()
        .get("/here", async |cx| cx.write("here"))
        .mount("/search", proxy("http://search:9200"))
        .fallback(proxy(["http://one:8000", "http://two:8000"]));
    let routes: Vec<_> = application.routes().into_iter().map(|route| (route.url, route.handler)).collect();
    assert_eq!(
        routes[1..],
        [
            ("/search".to_owned(), "proxy to http://search:9200".to_owned()),
            ("(fallback)".to_owned(), "proxy to http://one:8000, http://two:8000".to_owned()),
        ]
    );
}
