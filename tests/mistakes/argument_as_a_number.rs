//! An argument, which is text, is taken for a number.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| {
        let page: u32 = cx.argument("page")?;
        cx.write(page.to_string())
    });
}
