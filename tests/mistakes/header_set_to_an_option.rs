//! A header is set to something that is not there for sure.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| cx.set_header("X-Agent", cx.request.header("User-Agent")));
}
