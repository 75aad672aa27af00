//! Redirects: `AuthRedirectTest`, and the handler of `WSGISafeWebTest` that redirects.

use firewhirl::prelude::*;

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

pub(super) async fn redirect(cx: &Context) -> Result {
    match (cx.argument_or("permanent", "")?.as_str(), cx.argument_or("status", "")?.as_str()) {
        ("1", _) => cx.redirect_permanently("/"),
        ("0", _) => cx.redirect("/"),
        (_, "") => Err(Error::message("didn't get permanent or status arguments")),
        (_, status) => cx.redirect_with_status("/", status.parse::<u16>()?),
    }
}
