//! Statuses and their reasons.

use firewhirl::prelude::*;

pub(super) fn header_204() -> Application {
    Application::new().get("/", async |cx| {
        cx.set_status(204);
        cx.finish(())
    })
}

pub(super) fn header_204_via_http_error() -> Application {
    Application::new().get("/", async |_| Err(HttpError::new(204).into()))
}

pub(super) fn status_reason() -> Application {
    Application::new().get("/", async |cx| {
        let error = HttpError::new(cx.argument("code")?.parse::<u16>()?);
        Err(match cx.query_map()?.get_last("reason") {
            Some(reason) => error.reason(String::from_utf8_lossy(reason)).into(),
            None => error.into(),
        })
    })
}

pub(super) fn raise_with_reason() -> Application {
    Application::new().get("/", async |_| Err(HttpError::new(682).reason("Foo").into()))
}
