//! A route is named after it was added.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| cx.write("Hello, world")).name("home");
}
