//! A closure answers without `async`.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", |cx| cx.write("Hello, world"));
}
