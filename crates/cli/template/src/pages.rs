//! What all pages have in common: a header, and the page of errors.

use firewhirl::prelude::*;

/// The site: hooks that hold for every route, what is not found included.
pub(crate) struct Pages;

impl Site for Pages {
    type User = NoUser;

    fn default_headers(&self, cx: &Context) -> Result {
        cx.set_header("X-Content-Type-Options", "nosniff")
    }

    async fn write_error(&self, cx: &Context, error: &Error) -> Result {
        let status = error.status();
        cx.write(format!("<!doctype html><meta charset=utf-8><title>{status}</title><h1>{status}</h1>"))
    }
}
