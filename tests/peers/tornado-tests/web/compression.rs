//! `GzipTestCase`: responses that are compressed.

use firewhirl::prelude::*;

/// Tornado's handler, and the file `robots.txt` of its tests, which a static file handler would send in the
/// same way: with its length, and in parts.
pub(crate) fn gzip() -> Application {
    Application::new()
        .compress_response(true)
        .get("/", async |cx| {
            for value in cx.arguments("vary")? {
                cx.add_header("Vary", value)?;
            }
            cx.write(format!("hello world{}", "!".repeat(1024)))
        })
        .get("/robots.txt", async |cx| {
            let file = "User-agent: *\nDisallow: /\n";
            cx.set_header("Content-Type", "text/plain")?;
            cx.set_header("Content-Length", file.len())?;
            cx.write(file)?;
            cx.flush().await
        })
}
