//! The classes of `routing_test`: routers of one's own, rules by host and path, applications side by
//! side.
//!
//! Tornado's `find_handler` has no counterpart: what routes in another way than an [`Application`] is
//! a [`Serve`], and may hand requests to applications. What a WSGI container serves there is a plain
//! function here.

use std::collections::HashMap;

use firewhirl::http::{Exchange, Serve};
use firewhirl::prelude::*;
use firewhirl::web::HandlerFn;

use crate::httpserver::respond;
use crate::{Case, server};

/// What serves a class, by its name.
#[rustfmt::skip]
pub(crate) fn serve(class: &str) -> Option<Case> {
    Some(match class {
        "BasicRouterTestCase"      => server(|| ok).into(),
        "HTTPMethodRouterTestCase" => server(resources).into(),
        "CustomRouterTestCase"     => server(CustomRouter::new).into(),
        "RuleRouterTest"           => server(rules).into(),
        "WSGIContainerTestCase"    => server(beside_wsgi).into(),
        _ => return None,
    })
}

/// `BasicRouterTestCase`: one answer, whatever is asked.
async fn ok(exchange: &mut Exchange) -> Result {
    respond(&exchange.connection, b"OK")
}

/// What was posted, by path.
type Resources = Shared<HashMap<String, Vec<u8>>>;

/// `HTTPMethodRouterTestCase`: one handler to get, another to post.
fn resources() -> Application {
    Application::new()
        .resource(Resources::default())
        .get("/{*path}", async |cx| {
            let resources = cx.resource::<Resources>()?;
            let found = resources.with(|resources| resources.get(cx.request.path()).cloned());
            cx.write(found.or_status(404)?)
        })
        .post("/{*path}", async |cx| {
            let (path, body) = (cx.request.path().to_owned(), cx.request.body().to_vec());
            cx.resource::<Resources>()?.with(|resources| resources.insert(path, body));
            Ok(())
        })
}

/// `CustomRouterTestCase`: paths shared out between two applications.
struct CustomRouter {
    first: Application,
    second: Application,
}

impl CustomRouter {
    fn new() -> Self {
        Self {
            first: Application::new()
                .get(url("/first_handler").name("first_handler"), named("app1: ", "first_handler")),
            second: Application::new()
                .get(url("/first_handler").name("first_handler"), named("app2: ", "first_handler"))
                .get("/first_handler_second_app", named("app2: ", "first_handler"))
                .get(url("/second_handler").name("second_handler"), named("app2: ", "second_handler")),
        }
    }
}

impl Serve for CustomRouter {
    async fn serve(&self, exchange: &mut Exchange) -> Result {
        match exchange.request.path() {
            "/first_handler" => self.first.serve(exchange).await,
            _ => self.second.serve(exchange).await,
        }
    }

    fn start(&self) -> Result {
        self.first.start()?;
        self.second.start()
    }
}

/// Tornado's `_get_named_handler`: says its name and its URL.
fn named(application: &'static str, name: &'static str) -> impl HandlerFn {
    async move |cx: &Context| cx.write(format!("{application}{name}: {}", cx.reverse_url(name, ())?))
}

/// `RuleRouterTest`: a host of its own, rules within rules.
fn rules() -> Application {
    let example = Router::new().get(url("/first_handler").name("second_handler"), named("", "second_handler"));
    Application::new()
        .host("www.example.com", example)
        .mount("", Router::new().get(url("/nested_handler").name("nested_handler"), named("", "nested_handler")))
        .get(url("/first_handler").name("first_handler"), named("", "first_handler"))
        .get("/request_callable", async |cx| cx.write("OK"))
        .get("/connection_delegate", async |cx| cx.write("OK"))
}

/// `WSGIContainerTestCase`.
fn beside_wsgi() -> Application {
    let tornado = Router::new().get(url("/test").name("tornado"), async |cx| cx.write(cx.reverse_url("tornado", ())?));
    Application::new().mount("/tornado", tornado).get("/wsgi", async |cx| cx.write("WSGI"))
}
