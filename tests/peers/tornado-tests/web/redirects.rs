//! Redirects: `AuthRedirectTest`, `DecoratorTest`, `RedirectHandlerTest`, and the handler of
//! `WSGISafeWebTest` that redirects.

use firewhirl::prelude::*;
use firewhirl::web::RedirectHandler;

/// Two sites, each with a login page of its own.
pub(super) fn auth_redirect() -> Application {
    let authenticated = async |cx: &Context| {
        cx.authenticated::<()>().await?;
        cx.send_error(500).await
    };
    Application::new()
        .mount("/relative", Router::new().site(Members { login_url: "/login" }).get("/", authenticated))
        .mount(
            "/absolute",
            Router::new().site(Members { login_url: "http://example.com/login" }).get("/", authenticated),
        )
}

struct Members {
    login_url: &'static str,
}

impl Site for Members {
    type User = ();

    fn login_url(&self, _: &Context) -> Option<String> {
        Some(self.login_url.to_owned())
    }
}

/// The last two see paths that begin with two slashes, which must not become a host.
pub(super) fn decorators() -> Application {
    let nothing = async |_: &Context| Ok(());
    Application::new()
        .get(url("/removeslash/").remove_slash(), nothing)
        .get(url("/addslash").add_slash(), nothing)
        .get(regex("/+rem.*").remove_slash(), nothing)
        .get(regex("/+add.*").add_slash(), nothing)
}

/// Each URL with where it leads; to the last one only what no other has matched.
#[rustfmt::skip]
const REDIRECTS: [(&str, &str); 8] = [
    ("/src",              "/dst"),
    ("/src2",             "/dst2?foo=bar"),
    ("/any/(.*)",         "{0}"),
    ("/moved(.*)",        "https://example.com{0}"),
    ("/(.*)/target",      "/{0}/destination"),
    ("/hostless/(.*)",    "https://{0}"),
    ("/schemeonly/(.*)",  "https:{0}"),
    ("/(.*?)/(.*?)/(.*)", "/{1}/{0}/{2}"),
];

pub(super) fn redirect_handler() -> Application {
    REDIRECTS.iter().fold(Application::new(), |application, (pattern, url)| {
        application.route(regex(*pattern), RedirectHandler::new(url))
    })
}

pub(super) async fn redirect(cx: &Context) -> Result {
    match (cx.argument_or("permanent", "")?.as_str(), cx.argument_or("status", "")?.as_str()) {
        ("1", _) => cx.redirect_permanently("/"),
        ("0", _) => cx.redirect("/"),
        (_, "") => Err(Error::message("didn't get permanent or status arguments")),
        (_, status) => cx.redirect_with_status("/", status.parse::<u16>()?),
    }
}
