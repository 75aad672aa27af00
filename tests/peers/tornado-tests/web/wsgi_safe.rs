//! `WSGISafeWebTest`: fifteen routes, of which all are here but two, which render templates.

use firewhirl::prelude::*;
use firewhirl::web::RedirectHandler;
use serde_json::json;

use super::arguments::{GetArgument, GetArguments};
use super::{headers, redirects};

pub(super) fn application() -> Application {
    Application::new()
        .route(regex("/typecheck/(.*)").name("typecheck"), TypeCheck)
        .get(regex("/decode_arg/(.*)").name("decode_arg"), decode_argument)
        .get(regex("/decode_arg_kw/(?P<arg>.*)"), decode_argument)
        .get(regex("/optional_path/(.+)?"), async |cx| cx.write(json!({ "path": cx.path_option::<String>(0)? })))
        .get("/multi_header", headers::multi_header)
        .get("/redirect", redirects::redirect)
        .route("/web_redirect_permanent", RedirectHandler::new("/web_redirect_newpath"))
        .route("/web_redirect", RedirectHandler::new("/web_redirect_newpath").permanent(false))
        .route("//web_redirect_double_slash", RedirectHandler::new("/web_redirect_newpath"))
        .get("/header_injection", headers::header_injection)
        .route("/get_argument", GetArgument)
        .route("/get_arguments", GetArguments)
        .get("/set_header", headers::set_header)
}

/// Tornado's handler asks each value for its type; here the compiler has, and what is left is that an
/// argument is there.
#[derive(Clone)]
struct TypeCheck;

impl Handler for TypeCheck {
    async fn prepare(&mut self, cx: &Context) -> Result {
        let _: String = cx.argument("foo")?;
        let _: String = cx.reverse_url("typecheck", "foo")?;
        Ok(())
    }

    async fn get(&mut self, cx: &Context) -> Result {
        let _: String = cx.path(0)?;
        cx.write(json!({}))
    }

    async fn post(&mut self, cx: &Context) -> Result {
        self.get(cx).await
    }
}

/// A parameter and an argument, each with its type. Text is UTF-8 here, without a hook that says
/// otherwise.
async fn decode_argument(cx: &Context) -> Result {
    let path = cx.path_args().next().flatten();
    cx.write(json!({ "path": ["unicode", path], "query": ["unicode", cx.argument("foo")?] }))
}
