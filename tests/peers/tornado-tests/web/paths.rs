//! Parameters of the path: `NamedURLSpecGroupsTest`, `PathArgsInPrepareTest`, and `HandlerByNameTest`.

use firewhirl::prelude::*;
use serde_json::json;

pub(super) fn named_urlspec_groups() -> Application {
    let echo = async |cx: &Context| cx.write(cx.path::<String>("path")?);
    Application::new().get(regex("/str/(?P<path>.*)"), echo).get(regex("/unicode/(?P<path>.*)"), echo)
}

pub(super) fn path_args_in_prepare() -> Application {
    Application::new().route(regex("/pos/(.*)"), PathArgsInPrepare).route(regex("/kw/(?P<path>.*)"), PathArgsInPrepare)
}

/// The parameters are there before the verb, by number or by name.
#[derive(Clone)]
struct PathArgsInPrepare;

impl Handler for PathArgsInPrepare {
    async fn prepare(&mut self, cx: &Context) -> Result {
        let named = cx.path_kwargs().count();
        let kwargs: serde_json::Map<_, _> =
            cx.path_kwargs().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        cx.write(json!({ "args": cx.path_args().skip(named).collect::<Vec<_>>(), "kwargs": kwargs }))
    }

    async fn get(&mut self, _: &Context) -> Result {
        Ok(())
    }
}

/// Tornado finds a handler by the name of its class too; here a name is known to the compiler alone.
pub(super) fn handler_by_name() -> Application {
    Application::new().route("/hello1", Hello).route("/hello2", Hello).route("/hello3", Hello)
}

#[derive(Clone)]
struct Hello;

impl Handler for Hello {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write("hello")
    }
}
