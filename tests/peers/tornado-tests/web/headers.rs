//! Headers of responses: `ClearHeaderTest`, `DateHeaderTest`, and the handlers of `WSGISafeWebTest`
//! that set them.

use firewhirl::http::InvalidHeader;
use firewhirl::prelude::*;

pub(super) fn clear_header() -> Application {
    Application::new().get("/", async |cx| {
        cx.set_header("h1", "foo")?;
        cx.set_header("h2", "bar")?;
        cx.clear_header("h1");
        cx.clear_header("nonexistent");
        cx.add_header("Set-Cookie", "a=b")?;
        cx.add_header("Set-Cookie", "c=d")?;
        cx.clear_header("Set-Cookie");
        Ok(())
    })
}

pub(super) fn date_header() -> Application {
    Application::new().get("/", async |cx| cx.write("hello"))
}

pub(super) async fn multi_header(cx: &Context) -> Result {
    cx.set_header("x-overwrite", "1")?;
    cx.set_header("X-Overwrite", 2)?;
    cx.add_header("x-multi", 3)?;
    cx.add_header("X-Multi", "4")
}

pub(super) async fn header_injection(cx: &Context) -> Result {
    refused(cx, "foo\r\nX-Bar: baz")?;
    cx.write("ok")
}

/// Of the control characters only the tab is allowed in a value, and nothing is a value as well.
pub(super) async fn set_header(cx: &Context) -> Result {
    for byte in (0x00..0x20).chain([0x7f]).filter(|byte| *byte != b'\t') {
        refused(cx, &format!("foo{}bar", char::from(byte)))?;
    }
    cx.set_header("X-Foo", "")?;
    cx.write("ok")
}

fn refused(cx: &Context, value: &str) -> Result {
    match cx.set_header("X-Foo", value) {
        Err(error) if error.is::<InvalidHeader>() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => Err(Error::message(format!("{value:?} was taken as a header's value"))),
    }
}
