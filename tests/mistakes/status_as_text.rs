//! A status is given as text.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| {
        cx.set_status("404");
        cx.write("not here")
    });
}
