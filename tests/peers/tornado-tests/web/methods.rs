//! Which methods a handler answers, and what comes before them.

use firewhirl::prelude::*;

/// A handler without a verb, as Tornado's `RequestHandler` itself is.
#[derive(Clone)]
pub(super) struct Unimplemented;

impl Handler for Unimplemented {}

pub(super) fn unimplemented_http_methods() -> Application {
    Application::new().route("/", Unimplemented)
}

pub(super) fn all_http_methods() -> Application {
    let name = async |cx: &Context| cx.write(cx.request.method().as_str());
    Application::new()
        .get("/", name)
        .delete("/", name)
        .on(http::Method::OPTIONS, "/", name)
        .post("/", name)
        .put("/", name)
}

/// A method that HTTP does not know, beside one that it does.
pub(super) fn patch_method() -> Application {
    // A token, as a method has to be.
    let other = http::Method::from_bytes(b"OTHER").expect("a token");
    Application::new().patch("/", async |cx| cx.write("patch")).on(other, "/", async |cx| cx.write("other"))
}

pub(super) fn finish_in_prepare() -> Application {
    Application::new().route("/", FinishInPrepare)
}

#[derive(Clone)]
struct FinishInPrepare;

impl Handler for FinishInPrepare {
    async fn prepare(&mut self, cx: &Context) -> Result {
        cx.finish("done")
    }

    async fn get(&mut self, _: &Context) -> Result {
        Err(Error::message("should not reach this method"))
    }
}
