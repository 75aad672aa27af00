//! A closure returns the page in place of writing it.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |_cx| "Hello, world");
}
