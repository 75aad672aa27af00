//! A write is awaited; it buffers, and waits for nothing.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| cx.write("Hello, world").await);
}
