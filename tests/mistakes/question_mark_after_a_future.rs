//! `?` where `.await?` is meant.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| {
        cx.write("first")?;
        cx.flush()?;
        cx.write("second")
    });
}
