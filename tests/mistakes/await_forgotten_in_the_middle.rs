//! A call in the middle is not awaited, and does nothing: a warning.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| {
        cx.write("first")?;
        cx.flush();
        cx.write("second")
    });
}
