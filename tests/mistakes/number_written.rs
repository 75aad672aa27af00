//! A number is written.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| cx.write(42));
}
