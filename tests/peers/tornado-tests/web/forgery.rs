//! Forged requests: `XSRFTest` and its kin, `CrossOriginProtectionTest` and its kin, `ErrorHandlerXSRFTest`,
//! `ErrorHandlerCrossOriginTest`.

use firewhirl::http::{Exchange, Serve};
use firewhirl::prelude::*;
use firewhirl::web::{CookieOptions, XsrfVersion};

fn token_and_ok() -> Application {
    Application::new().get("/", async |cx| cx.write(cx.xsrf_token()?)).post("/", async |cx| cx.write("ok"))
}

/// Tornado's handler changes the settings as it is asked to; here they belong to an application, so there are two.
pub(super) struct Versions {
    first: Application,
    second: Application,
}

pub(super) fn versions() -> Versions {
    let application = || token_and_ok().xsrf_cookies(true);
    Versions { first: application().xsrf_cookie_version(XsrfVersion::V1), second: application() }
}

impl Serve for Versions {
    async fn serve(&self, exchange: &mut Exchange) -> Result {
        let asks_for_first = exchange.request.query() == "version=1";
        let application = if asks_for_first { &self.first } else { &self.second };
        application.serve(exchange).await
    }
}

pub(super) fn cookie_name() -> Application {
    let options = CookieOptions::new().secure(true);
    token_and_ok().xsrf_cookies(true).xsrf_cookie_name("__Host-xsrf").xsrf_cookie_options(options)
}

pub(super) fn cookie_kwargs() -> Application {
    token_and_ok().xsrf_cookies(true).xsrf_cookie_options(CookieOptions::new().httponly(true).expires_days(2.0))
}

pub(super) fn with_xsrf_cookies() -> Application {
    token_and_ok().xsrf_cookies(true)
}

pub(super) fn cross_origin() -> Application {
    Application::new()
        .trusted_origins(["https://trusted.example.com"])
        .get("/", async |cx| cx.write("ok"))
        .post("/", async |cx| cx.write("ok"))
        .on(http::Method::OPTIONS, "/", async |_| Ok(()))
}

/// Tornado's test would see `prepare` run where it must not.
pub(super) fn before_prepare() -> Application {
    Application::new().get("/", async |cx| cx.write("ok")).post("/", async |cx| cx.write("ok"))
}

pub(super) fn check_trusted_origin() -> Application {
    Application::new().site(OwnDomain).post("/", async |cx| cx.write("ok"))
}

struct OwnDomain;

impl Site for OwnDomain {
    type User = NoUser;

    fn check_trusted_origin(&self, _: &Context, origin: &str) -> Option<bool> {
        Some(origin.ends_with(".example.com"))
    }
}

pub(super) fn error_handlers() -> Application {
    let error = url("/error").xsrf_cookies(false).cross_origin_protection(false);
    Application::new().xsrf_cookies(true).post(error, async |_| Err(HttpError::new(417))?)
}

/// Without a setting to the contrary a request from another origin is a request, in Tornado.
pub(super) fn disabled() -> Application {
    Application::new().cross_origin_protection(false).post("/", async |cx| cx.write("ok"))
}
