//! Arguments of the query and of forms: `RequestEncodingTest`, `GetArgumentErrorTest`, and the
//! handlers of `WSGISafeWebTest` that read them.

use firewhirl::prelude::*;
use firewhirl::web::MissingArgument;
use serde_json::{Map, Value, json};

pub(super) fn request_encoding() -> Application {
    Application::new().get(regex("/group/(.*)"), echo).get(regex("/slashes/([^/]*)/([^/]*)"), echo)
}

/// Path, parameters of the path and arguments, as JSON. That an argument is text and a name is text is
/// the compiler's business here.
async fn echo(cx: &Context) -> Result {
    let mut arguments = Map::new();
    for name in cx.query_map()?.names().map(String::from_utf8_lossy) {
        arguments.insert(name.to_string(), json!(cx.arguments(&name)?));
    }
    cx.write(json!({
        "path": cx.request.path(),
        "path_args": cx.path_args().collect::<Vec<_>>(),
        "args": Value::Object(arguments),
    }))
}

pub(super) fn get_argument_error() -> Application {
    Application::new().get("/", async |cx| match cx.argument("foo") {
        Ok(_) => cx.write(json!({})),
        Err(error) => {
            let missing: MissingArgument = error.downcast()?;
            cx.write(json!({ "arg_name": missing.name(), "log_message": missing.to_string() }))
        }
    })
}

/// Answers with one value of `foo`, from wherever `source` says, before any verb is asked.
#[derive(Clone)]
pub(super) struct GetArgument;

impl Handler for GetArgument {
    async fn prepare(&mut self, cx: &Context) -> Result {
        let value = match cx.argument_or("source", "")?.as_str() {
            "query" => cx.query_argument_or("foo", "default")?,
            "body" => cx.body_argument_or("foo", "default")?,
            _ => cx.argument_or("foo", "default")?,
        };
        cx.finish(value)
    }
}

/// Answers with all values of `foo`, by where they came from.
#[derive(Clone)]
pub(super) struct GetArguments;

impl Handler for GetArguments {
    async fn prepare(&mut self, cx: &Context) -> Result {
        cx.finish(json!({
            "default": cx.arguments("foo")?,
            "query": cx.query_arguments("foo")?,
            "body": cx.body_arguments("foo")?,
        }))
    }
}
