//! Routes of some hosts alone: `HostMatchingTest`, `DefaultHostMatchingTest`. Both add routes to their
//! running application, so that no test of theirs reaches another process; the routes stand here to be
//! tried by hand.

use firewhirl::prelude::*;

fn reply(url: &str, reply: &'static str) -> Router {
    Router::new().get(url, async move |cx| cx.write(reply))
}

pub(super) fn host_matching() -> Application {
    Application::new()
        .mount("", reply("/foo", "wildcard"))
        .host("www.example.com", reply("/foo", "[0]"))
        .host(regex(r"www\.example\.com"), reply("/bar", "[1]"))
        .host("www.example.com", reply("/baz", "[2]"))
        .host(regex("www.e.*e.com"), reply("/baz", "[3]"))
}

pub(super) fn default_host_matching() -> Application {
    Application::new()
        .default_host("www.example.com")
        .host("www.example.com", reply("/foo", "[0]"))
        .host(regex(r"www\.example\.com"), reply("/bar", "[1]"))
        .host("www.test.com", reply("/baz", "[2]"))
}
