//! A closure ends without a result.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| {
        cx.set_status(204);
    });
}
