//! `RedirectHandler`, and routes that want a slash at the end or none.

use std::rc::Rc;

use firewhirl_web::{Application, RedirectHandler, regex, url};

use crate::support::ask;

/// Asks each request of the table, and compares status and `Location`.
fn check(application: Application, cases: &[(&str, u16, Option<&str>)]) {
    let application = Rc::new(application);
    for (line, status, location) in cases {
        let answer = ask(line).to(&application);
        assert_eq!((answer.status, answer.header("Location")), (*status, *location), "{line}");
    }
}

#[test]
fn a_redirect_takes_parameters_and_query_along() {
    let application = Application::new()
        .route("/old", RedirectHandler::new("/new"))
        .route("/today", RedirectHandler::new("/archive?day=1#news").permanent(false))
        .route("/story/{id}/{*rest}", RedirectHandler::new("https://example.com/{rest}/{id}"))
        .route(regex("/redir/([^/]*)(?:/(.*))?"), RedirectHandler::new("/new/{0}/{}{1}"))
        .route(regex("/any/(.*)"), RedirectHandler::new("{0}"))
        .route("/wrong/{id}", RedirectHandler::new("/{name}"));
    #[rustfmt::skip]
    check(application, &[
        ("GET /old",                  301, Some("/new")),
        ("HEAD /old",                 301, Some("/new")),
        ("POST /old",                 405, None),
        ("GET /old?x=1&x=2&y=%2F",    301, Some("/new?x=1&x=2&y=%2F")),
        ("GET /today?x=1",            302, Some("/archive?day=1&x=1#news")),
        ("GET /story/7/a/b",          301, Some("https://example.com/a/b/7")),
        ("GET /redir/a/b",            301, Some("/new/a/ab")),
        ("GET /redir/a",              301, Some("/new/a/a")),
        ("GET /any/%C3%A9",           301, Some("\u{e9}")),
        ("GET /any/%2F%2Fevil.com",   400, None),
        ("GET /any/a%0Ab",            400, None),
        ("GET /any/a%00b",            400, None),
        ("GET /wrong/7",              500, None),
    ]);
}

#[test]
fn a_route_wants_a_slash_at_the_end_or_none() {
    let application = Application::new()
        .any(regex("/blog/?").add_slash(), async |cx| cx.write("blog"))
        .any(regex("/about/*").remove_slash(), async |cx| cx.write("about"))
        .any(url("/").remove_slash(), async |cx| cx.write("home"))
        .any(regex("/+host.*").add_slash(), async |cx| cx.write("host"));
    #[rustfmt::skip]
    check(application, &[
        ("GET /blog/",        200, None),
        ("GET /blog",         301, Some("/blog/")),
        ("GET /blog?q=1",     301, Some("/blog/?q=1")),
        ("HEAD /blog",        301, Some("/blog/")),
        ("POST /blog",        404, None),
        ("POST /blog/",       200, None),
        ("GET /about",        200, None),
        ("GET /about//?q=1",  301, Some("/about?q=1")),
        ("POST /about/",      404, None),
        ("GET /",             200, None),
        ("POST /",            200, None),
        ("GET //host.evil",   403, None),
    ]);
}
