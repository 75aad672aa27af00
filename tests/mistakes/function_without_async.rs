//! A function answers without `async`.

use firewhirl::prelude::*;

fn hello(cx: &Context) -> Result {
    cx.write("Hello, world")
}

fn main() {
    Application::new().get("/", hello);
}
