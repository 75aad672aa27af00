//! `GzipTestCase`: responses that are compressed.

use firewhirl::prelude::*;

use super::static_files::robots;

/// Tornado's handler, and the static files of its tests.
pub(crate) fn gzip() -> Application {
    Application::new()
        .compress_response(true)
        .get("/", async |cx| {
            for value in cx.arguments("vary")? {
                cx.add_header("Vary", value)?;
            }
            cx.write(format!("hello world{}", "!".repeat(1024)))
        })
        .static_files("/static/", robots())
}
