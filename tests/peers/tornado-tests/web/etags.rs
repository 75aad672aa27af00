//! Entity tags: `CacheTest`, `Header304Test`.

use firewhirl::prelude::*;

/// A tag of the handler's own, which Tornado's handler gives by overriding `compute_etag`.
pub(super) fn cache() -> Application {
    Application::new().get(regex("/etag/(.*)"), async |cx| {
        let etag: String = cx.path(0)?;
        cx.set_etag(&etag)?;
        if cx.check_etag() {
            cx.set_status(304);
            return Ok(());
        }
        cx.write(etag)
    })
}

pub(super) fn header_304() -> Application {
    Application::new().get("/", async |cx| {
        cx.set_header("Content-Language", "en_US")?;
        cx.write("hello")
    })
}
